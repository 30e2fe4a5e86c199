Feature: Users are added in spite of, or kept out by, certain rules of barring
  Whether CB is invoked for an invitation of a focus depends on the rules of the user: on who
  invites, when, and whether the inviter is anonymous.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 4579 section 5.10
  @CB-27
  Rule: An invitation that would replace a call does not bypass barring

    @TC-CB-27-01
    Scenario Outline: Alice moves her call with Bob, for whom <barring> is invoked meanwhile
      Given Alice participates in the CMMC conference
      And Alice has a communication with Bob
      And <barring> is invoked for Bob
      When Alice moves her communication with Bob to the CMMC conference
      Then Bob is not called and his communication with Alice goes on

      Examples:
        | barring     |
        | ICB         |
        | OCB and ICB |

    @TC-CB-27-02 @control
    Scenario: Alice moves her call with Bob, for whom nothing is invoked
      Given Alice participates in the CMMC conference
      And Alice has a communication with Bob
      When Alice moves her communication with Bob to the CMMC conference
      Then Bob is a participant of the CMMC conference

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-29
  Rule: Barring of one conference keeps a user out of that conference only

    @TC-CB-29-01
    Scenario: Carol adds Bob, who bars that conference
      Given ICB of the CMMC conference is invoked for Bob
      When Carol adds Bob to the CMMC conference
      Then Bob is not called and is not a participant of the CMMC conference

    @TC-CB-29-02 @control
    Scenario: Carol adds Bob, who bars another domain
      Given incoming communications to Bob are barred from everybody of another domain
      When Carol adds Bob to the CMMC conference
      Then Bob is a participant of the CMMC conference

  # 3GPP TS 24.611 clause 4.2.1
  @CB-31
  Rule: Who rejects anonymous communications is not added by an anonymous focus

    @TC-CB-31-01
    Scenario: A conference calls Bob anonymously
      Given ACR is invoked for Bob
      And Dave is the focus of another conference
      When the conference of Dave calls Bob anonymously
      Then the call of the conference of Dave is refused for its anonymity

    @TC-CB-31-02 @control
    Scenario: A conference calls Bob by its name
      Given ACR is invoked for Bob
      And Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave reaches Bob

  # RFC 4745 section 7.3
  @CB-32
  Rule: A time window keeps a user out of conferences within it, and out of no others

    @TC-CB-32-01
    Scenario: Carol adds Bob within the time for which ICB is invoked
      Given incoming communications to Bob are barred when
        | validity | now |
      When Carol adds Bob to the CMMC conference
      Then Bob is not called and is not a participant of the CMMC conference

    @TC-CB-32-02 @control
    Scenario: Carol adds Bob before the time for which ICB is invoked
      Given incoming communications to Bob are barred when
        | validity | in an hour |
      When Carol adds Bob to the CMMC conference
      Then Bob is a participant of the CMMC conference
