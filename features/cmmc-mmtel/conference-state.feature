Feature: The state of a CMMC conference
  Who follows the state of a conference learns who is there, who comes and who goes.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 4575 section 3
  @CF-21
  Rule: The first notification is the full state, the last one says that the conference is over

    @TC-CF-21-01
    Scenario: Alice begins to follow the state
      Given Alice participates in the CMMC conference
      When Alice begins to follow the state of the CMMC conference
      Then Alice is told the full state of the CMMC conference, with herself and Carol in it

    @TC-CF-21-02
    Scenario: The conference ends
      Given Alice participates in the CMMC conference
      And Alice follows the state of the CMMC conference
      When the CMMC conference ends
      Then the last notification of Alice says that there is no conference any more

  # RFC 4575 sections 4.4 to 4.6
  @CF-22
  Rule: Versions increase from one state to the next

    @TC-CF-22-01
    Scenario: Bob comes and goes
      Given Alice participates in the CMMC conference
      And Bob participates in the CMMC conference
      When Bob leaves the CMMC conference
      Then the versions of the state that Carol has been told fit each other

  # RFC 4575 section 5.7.3
  @CF-23
  Rule: The status of a participant is a known word

    @TC-CF-23-01
    Scenario: Alice joins, Bob is added
      Given Alice participates in the CMMC conference
      When Carol adds Bob to the CMMC conference
      Then every status in the state that Carol has been told is one of RFC 4575, Bob's too

  # RFC 4575 sections 5.7.4 and 5.7.6
  @CF-24
  Rule: How a participant has come and gone is said as it was

    @TC-CF-24-01
    Scenario: Alice joins
      When Alice asks to join the CMMC conference
      Then Carol is told that Alice has dialed-in

    @TC-CF-24-02
    Scenario: Bob is added
      When Carol adds Bob to the CMMC conference
      Then Carol is told that Bob was dialed-out

    @TC-CF-24-03
    Scenario: Alice leaves
      Given Alice participates in the CMMC conference
      When Alice leaves the CMMC conference
      Then Carol is told that Alice has departed

    @TC-CF-24-04
    Scenario: Alice is removed
      Given Alice participates in the CMMC conference
      When Carol asks the focus to remove Alice from the CMMC conference
      Then Carol is told that Alice was booted

    @TC-CF-24-05
    Scenario Outline: Bob answers the invitation with <code>
      Given Bob declines invitations with <code>
      When Carol adds Bob to the CMMC conference
      Then Carol is told that Bob was <outcome>

      Examples:
        | code | outcome |
        | 603  | failed  |
        | 486  | busy    |
