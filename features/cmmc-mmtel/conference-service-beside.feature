Feature: A CMMC conference beside a MMTel CONF conference
  The exception is about including: a user may take part in both conferences, and build
  the MMTel CONF conference from other communications.

  Background:
    Given Alice, Bob, Carol and Dave are MMTel users
    And Carol has a CMMC conference
    And Alice participates in the CMMC conference

  # 3GPP TR 22.948 clause 6.6.5; RFC 5366
  @CX-03
  Rule: A CMMC conference in the URI list of the creation is left out

    @TC-CX-03-01
    Scenario: Alice creates a conference of Bob and the CMMC conference
      When Alice creates a MMTel CONF conference of Bob and the CMMC conference
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-03-02 @control
    Scenario: Bob is called although the CMMC conference stands beside him
      When Alice creates a MMTel CONF conference of Bob and the CMMC conference
      Then Bob is a participant of the MMTel CONF conference

  # 3GPP TR 22.948 clause 6.6.5
  @CX-05
  Rule: The CMMC focus cannot be made to call a CONF conference

    @TC-CX-05-01
    Scenario: Carol asks the CMMC conference to call the CONF conference
      Given Alice has a MMTel CONF conference with Bob
      When Carol asks the CMMC conference to call the MMTel CONF conference
      Then the MMTel CONF conference is not part of the CMMC conference

    @TC-CX-05-02 @control
    Scenario: Carol asks the CMMC conference to call Dave
      When Carol adds Dave to the CMMC conference
      Then Dave is added to the CMMC conference by Carol

  # 3GPP TR 22.948 clause 6.6.5; ambiguity A-11
  @CX-06
  Rule: A three-party communication cannot be built with a CMMC focus

    @TC-CX-06-01
    Scenario: Alice makes a three-party communication of Bob and the CMMC conference
      Given Alice has a communication with Bob
      And Alice has made a MMTel CONF conference of her communication with Bob
      When Alice asks to include her CMMC communication in the MMTel CONF conference
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-06-02
    Scenario: Bob stays when the CMMC conference is refused
      Given Alice has a communication with Bob
      And Alice has made a MMTel CONF conference of her communication with Bob
      When Alice asks to include her CMMC communication in the MMTel CONF conference
      Then Bob stays in the MMTel CONF conference

    @TC-CX-06-03 @control
    Scenario: Alice makes a three-party communication of Bob and Dave
      Given Alice has a communication with Bob
      And Alice has made a MMTel CONF conference of her communication with Bob
      And Alice has a communication with Dave
      When Alice asks to include her communication with Dave in the MMTel CONF conference
      Then Dave is a participant of the MMTel CONF conference

  # Ambiguity A-06; RFC 4579 sections 4.2 and 5.2
  @CX-08
  Rule: A CMMC focus refuses an INVITE of another focus

    @TC-CX-08-01
    Scenario: Bob calls as a focus
      When Bob asks to join the CMMC conference as a focus
      Then Bob is refused as a focus

    @TC-CX-08-02 @control
    Scenario: Bob calls as a user
      When Bob asks to join the CMMC conference
      Then Bob is a participant of the CMMC conference

  # 3GPP TR 22.948 clause 6.6.5
  @CX-09
  Rule: A held CMMC communication outlives a CONF conference of others

    @TC-CX-09-01
    Scenario: Alice creates a conference with Bob meanwhile
      Given Alice keeps her CMMC communication on hold
      When Alice creates a MMTel CONF conference of Bob
      Then Bob is a participant of the MMTel CONF conference

    @TC-CX-09-02
    Scenario: Alice takes her CMMC communication up again
      Given Alice keeps her CMMC communication on hold
      And Alice has had a MMTel CONF conference with Bob
      When Alice takes her CMMC communication up again
      Then the communication of Alice with the CMMC focus is resumed
