Feature: What the state of a CMMC conference says, and how often
  RFC 4575 has reasons written as in SIP, keeps anonymous participants anonymous, and spares
  those who follow the state.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 4575 section 5.7.7
  @CF-25
  Rule: The reason why somebody is not there is written as in SIP

    @TC-CF-25-01
    Scenario: Bob declines
      Given Bob declines invitations with 603
      When Carol adds Bob to the CMMC conference
      Then Carol is told the reason SIP;cause=603 for Bob

  # RFC 4575 section 5.6
  @CF-26
  Rule: An anonymous participant has an entity of his own that leads nowhere

    @TC-CF-26-01
    Scenario: Alice joins anonymously
      When Alice asks to join the CMMC conference anonymously
      Then Carol is told of a participant who cannot be told to be Alice

    @TC-CF-26-02
    Scenario: Alice and Bob join anonymously
      Given Alice participates in the CMMC conference anonymously
      When Bob asks to join the CMMC conference anonymously
      Then Carol is told of participants who cannot be told to be Alice and Bob

    @TC-CF-26-03 @control
    Scenario: Alice joins openly
      When Alice asks to join the CMMC conference
      Then Carol is told that Alice has dialed-in

  # RFC 4575 section 3.9
  @CF-27
  Rule: Notifications do not follow each other too closely

    @TC-CF-27-01
    Scenario: Carol adds Bob, who answers at once
      When Carol adds Bob to the CMMC conference
      Then Carol is told of Bob no sooner than the interval between notifications allows
