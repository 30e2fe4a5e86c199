Feature: Users who may call anybody but CMMC conferences
  A rule may name the domain of conferences, as any other identity, for those communications
  that it bars.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-30
  Rule: Barring of conferences keeps a user out of them, and leaves other calls alone

    @TC-CB-30-01
    Scenario: Alice asks to join
      Given OCB of CMMC conferences is invoked for Alice
      When Alice asks to join the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

    @TC-CB-30-02
    Scenario: Alice asks for a new conference
      Given OCB of CMMC conferences is invoked for Alice
      When Alice asks for a new CMMC conference
      Then Alice is refused a new CMMC conference by barring

    @TC-CB-30-03
    Scenario: Carol refers Alice to the conference
      Given OCB of CMMC conferences is invoked for Alice
      When Carol refers Alice to the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

    @TC-CB-30-04 @control
    Scenario: Alice calls Bob
      Given OCB of CMMC conferences is invoked for Alice
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-30-05 @control
    Scenario: Alice, for whom another domain is barred, asks to join
      Given outgoing communications of Alice are barred to everybody of another domain
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference
