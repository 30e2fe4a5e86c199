Feature: CB that is invoked, or no longer invoked, while a conference goes on
  Joining and being added are prohibited; being there is not. What is acknowledged to the user
  counts from his next call on.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # Reading A-02 of 3GPP TR 22.948 clause 6.6.5
  @CB-33
  Rule: A participant for whom CB is invoked stays, and does not come back once he has left

    @TC-CB-33-01
    Scenario Outline: <barring> is invoked for Alice, who is a participant
      Given Alice participates in the CMMC conference
      And <barring> is invoked for Alice
      When Alice holds her communication with the CMMC focus
      Then the communication of Alice with the CMMC focus goes on

      Examples:
        | barring     |
        | OCB         |
        | ICB         |
        | OCB and ICB |

    @TC-CB-33-02
    Scenario: Alice, for whom OCB is invoked meanwhile, asks to join again
      Given Alice participates in the CMMC conference
      And OCB is invoked for Alice
      And Alice has left the CMMC conference
      When Alice asks to join the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

    @TC-CB-33-03
    Scenario: Carol adds Bob again, for whom ICB is invoked meanwhile
      Given Bob participates in the CMMC conference
      And ICB is invoked for Bob
      And Bob has left the CMMC conference
      When Carol adds Bob to the CMMC conference
      Then Bob is not called and is not a participant of the CMMC conference

    @TC-CB-33-04 @control
    Scenario: Alice, for whom nothing is invoked, asks to join again
      Given Alice participates in the CMMC conference
      And Alice has left the CMMC conference
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference

  # 3GPP TS 24.611 clause 4.8
  @CB-34
  Rule: A user for whom CB is no longer invoked joins without registering again

    @TC-CB-34-01
    Scenario: Alice, for whom OCB is no longer invoked, asks to join
      Given OCB is invoked for Alice
      And CB of Alice is deactivated
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference
