Feature: How a CMMC conference begins and ends for a user
  A user joins a conference by a call to its conference URI, or is invited by the focus, which
  says of itself that it is one.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 4579 sections 4.2 and 5.1
  @CF-04
  Rule: A user joins by a call to the conference URI, and the focus says that it is one

    @TC-CF-04-01 @smoke
    Scenario: Alice joins
      When Alice asks to join the CMMC conference
      Then Alice learns that she has joined a conference

  # RFC 4579 section 5.2
  @CF-05
  Rule: The invitation of the focus names the conference

    @TC-CF-05-01
    Scenario: Carol adds Bob
      When Carol adds Bob to the CMMC conference
      Then Bob learns from his invitation that it is to the CMMC conference

  # RFC 4579 sections 4.3 and 5.13
  @CF-06
  Rule: A focus says that it is one when it is asked

    @TC-CF-06-01
    Scenario: Alice asks what the conference URI stands for
      When Alice asks for the capabilities of the CMMC conference
      Then Alice learns that a focus has answered

  # RFC 4579 section 5.12
  @CF-28
  Rule: A conference of the factory ends when its creator leaves

    @TC-CF-28-01
    Scenario: Carol, who has created the conference, leaves
      Given Alice participates in the CMMC conference
      When Carol leaves the CMMC conference
      Then the communication of Alice with the CMMC focus is ended

    @TC-CF-28-02 @control
    Scenario: Bob, who has not created the conference, leaves
      Given Alice participates in the CMMC conference
      And Bob participates in the CMMC conference
      When Bob leaves the CMMC conference
      Then the communication of Alice with the CMMC focus goes on
