Feature: The time the SMS user has to answer
  The gateway waits a configured time for the answer to the inviting message.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be converted
    And the time to answer is short

  @ANS-07
  Rule: An unrecognised text does not buy time

    @TC-ANS-07-04
    Scenario: Bob asks back when half the time has passed
      Given Alice has invited Bob to a chat session
      And half the time to answer has passed
      When Bob answers "Who is this?"
      Then the time to answer is not extended
