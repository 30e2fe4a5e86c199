Feature: Short messages on their way into a chat session
  What the SMS user sends to the session's number becomes one chat message, whole and from him
  alone, and is acknowledged according to what becomes of it.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob

  @S2M-04
  Rule: Every message has an identifier of its own

    @TC-S2M-04-01
    Scenario: Bob writes fifty short messages
      When Bob answers with 50 short messages
      Then each of the 50 messages reaches Alice with an identifier of its own

  # RFC 4975 sections 7.1 and 10
  @S2M-05
  Rule: The short message is acknowledged according to the result of the chat message

    @TC-S2M-05-01
    Scenario: Alice's client takes what Bob writes
      When Bob answers "Take this"
      Then Bob's answer is acknowledged once Alice's client has taken it

    @TC-S2M-05-02
    Scenario Outline: Alice's client answers <code> to what Bob writes
      Given Alice's client answers chat messages with <code>
      When Bob answers "Take this"
      Then Bob's answer is not acknowledged as delivered

      Examples:
        | code |
        | 403  |
        | 413  |
        | 415  |

    @TC-S2M-05-03
    Scenario: Alice's client does not answer
      Given Carol can be reached by SMS only
      And the time to take a chat message is short
      And Alice has a chat session with Carol
      And Alice's client answers no chat message
      When Carol answers "Take this"
      Then Carol's answer is not acknowledged as delivered

    @TC-S2M-05-04 @control
    Scenario: Alice's client answers
      When Bob answers "Take that"
      Then Bob's answer is acknowledged once Alice's client has taken it

  @S2M-08
  Rule: Only the SMS user of the session writes into the chat

    @TC-S2M-08-01
    Scenario: Carol writes to the number of Alice's chat session with Bob
      Given Carol can be reached by SMS only
      When Carol sends the short message "Me too" to the number of Alice's chat with Bob
      Then "Me too" from Carol does not enter Alice's chat with Bob

    @TC-S2M-08-02 @control
    Scenario: Bob writes to the number of Alice's chat session with Bob
      When Bob sends the short message "Only me" to the number of Alice's chat with Bob
      Then "Only me" reaches Alice in her chat session with Bob

  @S2M-09
  Rule: A short message after the end of the session causes no MSRP traffic

    @TC-S2M-09-01
    Scenario: Bob writes after Alice has ended the chat session
      Given Alice has ended her chat session with Bob
      When Bob answers "One more thing"
      Then "One more thing" from Bob does not enter Alice's chat with Bob

    @TC-S2M-09-02 @control
    Scenario: Bob writes before Alice has ended the chat session
      When Bob answers "One thing"
      Then "One thing" reaches Alice in her chat session with Bob
