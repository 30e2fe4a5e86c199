Feature: The same over every access network
  There is one set of IMS specifications for 3GPP, 3GPP2, fixed lines, cable and satellite
  (Common IMS). The scenarios marked @every-access run over each of them in every run, and
  what happens is compared, message by message, with what happens over E-UTRAN. With
  `run --access all` any other test case does the same.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol is on E-UTRAN
    And Carol has a CMMC conference

  # Annexes of 3GPP TS 24.229; RFC 7315 section 5.4
  @AI-01
  Rule: Common procedures do not depend on the access network

    @TC-AI-01-01 @every-access
    Scenario: Alice, for whom OCB is invoked, asks to join
      Given OCB is invoked for Alice
      When Alice asks to join the CMMC conference
      Then Alice is answered as over every other access network

    @TC-AI-01-02 @every-access @control
    Scenario: Alice asks to join
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference

    @TC-AI-01-03 @every-access
    Scenario: Carol adds Bob, for whom ICB is invoked
      Given ICB is invoked for Bob
      When Carol adds Bob to the CMMC conference
      Then Carol is answered as over every other access network
