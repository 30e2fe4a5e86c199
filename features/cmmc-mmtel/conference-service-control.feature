Feature: Control of a CMMC conference beside a MMTel CONF conference
  The exception concerns the MMTel CONF conference alone: what a participant of the CMMC
  conference can do there, she can do while she has a CONF conference.

  Background:
    Given Alice, Bob, Carol and Dave are MMTel users
    And Carol has a CMMC conference
    And Alice participates in the CMMC conference
    And Alice has a MMTel CONF conference with Bob
    And Alice has asked in vain to include her CMMC communication

  # RFC 4579 sections 5.5, 5.7 and 5.12
  @CX-11
  Rule: The call control of the CMMC conference stays open beside a CONF conference

    @TC-CX-11-01
    Scenario: Alice adds Dave to the CMMC conference
      When Alice adds Dave to the CMMC conference
      Then Dave is added to the CMMC conference by Alice

    @TC-CX-11-02
    Scenario: Alice asks who takes part in the CMMC conference
      When Alice asks who is in the CMMC conference
      Then Alice learns that Carol is in the CMMC conference

    @TC-CX-11-03
    Scenario: Alice leaves the CMMC conference
      When Alice ends her CMMC communication
      Then Alice is out of the CMMC conference
