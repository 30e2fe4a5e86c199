Feature: CMMC and the MMTel conference service (CONF)
  Whilst a user is participating in a CMMC conference via MMTel, all supplementary
  services apply, with one exception: a communication with a CMMC focus cannot be
  included into a MMTel CONF conference.

  Background:
    Given Alice, Bob, Carol and Dave are MMTel users
    And Carol has a CMMC conference
    And Alice participates in the CMMC conference
    And Alice has a MMTel CONF conference with Bob

  # 3GPP TR 22.948 clause 6.6.5; ambiguity A-09
  @CX-01
  Rule: A communication with a CMMC focus cannot be included into a MMTel CONF conference

    @TC-CX-01-01
    Scenario: Alice asks to include her CMMC communication
      When Alice asks to include her CMMC communication in the MMTel CONF conference
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-01-02
    Scenario: Alice loses nothing by asking
      When Alice asks to include her CMMC communication in the MMTel CONF conference
      Then Alice goes on in both conferences

    @TC-CX-01-03 @control
    Scenario: Alice asks to include a communication with another user
      Given Alice has a communication with Dave
      When Alice asks to include her communication with Dave in the MMTel CONF conference
      Then Dave is a participant of the MMTel CONF conference

  # 3GPP TR 22.948 clause 6.6.5
  @CX-02
  Rule: The CONF conference cannot call the CMMC conference either

    @TC-CX-02-01
    Scenario: Alice asks for a call to the CMMC conference
      When Alice asks the MMTel CONF conference to call the CMMC conference
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-02-02 @control
    Scenario: Alice asks for a call to Dave
      When Alice asks the MMTel CONF conference to call Dave
      Then Dave is a participant of the MMTel CONF conference

  # 3GPP TR 22.948 clause 6.6.5; RFC 5368
  @CX-04
  Rule: A CMMC conference in the URI list of a REFER is left out

    @TC-CX-04-01
    Scenario: Alice asks for calls to the CMMC conference and Dave
      When Alice asks the MMTel CONF conference to call the CMMC conference and Dave
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-04-02 @control
    Scenario: Dave is called although the CMMC conference stands beside him
      When Alice asks the MMTel CONF conference to call the CMMC conference and Dave
      Then Dave is a participant of the MMTel CONF conference

  # RFC 4579 sections 4.3 and 5.13
  @CX-07
  Rule: A CMMC focus is known by what it says of itself, not by the spelling of its URI

    @TC-CX-07-01
    Scenario: Alice names the CMMC conference by its other URI
      When Alice asks the MMTel CONF conference to call the other URI of the CMMC conference
      Then the CMMC conference is not part of the MMTel CONF conference

    @TC-CX-07-02 @control
    Scenario: Alice names a user
      When Alice asks the MMTel CONF conference to call Dave
      Then Dave is a participant of the MMTel CONF conference

  # The refusal is about the focus alone
  @CX-10
  Rule: The conference that has refused a CMMC focus takes ordinary users

    @TC-CX-10-01
    Scenario: Alice asks for Dave after the CMMC conference
      Given Alice has asked in vain to include her CMMC communication
      When Alice asks the MMTel CONF conference to call Dave
      Then Dave is a participant of the MMTel CONF conference

    @TC-CX-10-02
    Scenario: Alice asks to include her communication with Dave after that with the CMMC focus
      Given Alice has a communication with Dave
      And Alice has asked in vain to include her CMMC communication
      When Alice asks to include her communication with Dave in the MMTel CONF conference
      Then Dave is a participant of the MMTel CONF conference
