Feature: Users come to a CMMC conference in the place of others, or beside them
  A call to the conference may name the leg of a participant: to take its place, or to join it.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 3891 section 3, RFC 3911 section 4, RFC 4579 sections 5.8 and 5.9
  @CF-15
  Rule: An INVITE with Replaces takes the place of a participant, one with Join comes beside him

    @TC-CF-15-01
    Scenario: Bob takes the place of Alice
      Given Alice participates in the CMMC conference
      When Bob takes the place of Alice in the CMMC conference
      Then Bob has taken the place of Alice

    @TC-CF-15-02
    Scenario: Bob asks for the place of nobody
      When Bob asks for a place in the CMMC conference that nobody has
      Then the focus refuses Bob's join with 481

    @TC-CF-15-03
    Scenario: Bob asks for the place of Alice, who has left
      Given Alice participates in the CMMC conference
      And Alice has left the CMMC conference
      When Bob asks for the former place of Alice in the CMMC conference
      Then the focus refuses Bob's join with 603 or 481

    @TC-CF-15-04
    Scenario: Bob asks for the place of Alice only if it is not taken yet
      Given Alice participates in the CMMC conference
      When Bob asks for the place of Alice only if it is not taken yet
      Then the focus refuses Bob's join with 486

    @TC-CF-15-05
    Scenario: Bob asks to join somebody who is not there
      When Bob asks to join somebody who is not in the CMMC conference
      Then the focus refuses Bob's join with 481

    @TC-CF-15-06 @control
    Scenario: Bob asks to join Alice
      Given Alice participates in the CMMC conference
      When Bob asks to join Alice in the CMMC conference
      Then Bob is a participant of the CMMC conference
