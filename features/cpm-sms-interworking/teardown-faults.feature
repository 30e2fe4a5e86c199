Feature: Chat sessions with an SMS user that end out of order
  Ends may cross, stay unanswered, or come from a connection that is lost or a client that has
  gone; the session ends once and for all in each case.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # RFC 3261 section 15.1.1
  @TD-10
  Rule: An error in answer to the BYE ends the session all the same

    @TC-TD-10-01
    Scenario Outline: Bob leaves, and Alice's client answers <code> to the BYE
      Given Alice's client answers BYE with <code>
      And Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then the gateway gives the chat session up

      Examples:
        | code |
        | 408  |
        | 481  |

  @TD-11
  Rule: Ends that cross are one end

    @TC-TD-11-01
    Scenario: Alice hangs up at the moment the gateway tells her that Bob has left
      Given Alice's client says BYE when it gets one
      And Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then Alice's BYE is answered, and the gateway sends no second one
      And Bob is sent no second closing message

    @TC-TD-11-02
    Scenario: Bob leaves at the moment Alice hangs up
      Given Alice has a chat session with Bob
      When Alice ends the chat session while Bob answers with the word for leaving
      Then Alice's BYE is answered, and the gateway sends no second one
      And Bob is sent no second closing message

    @TC-TD-11-03 @control
    Scenario: Alice hangs up, and Bob is told
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob receives the closing message

  # RFC 4028 section 10
  @TD-13
  Rule: A session that is not refreshed ends as if it had been torn down

    @TC-TD-13-01
    Scenario: Alice's client does not refresh the session
      Given Alice's client does not refresh its short sessions
      And Alice has a chat session with Bob
      When the session interval runs out
      Then the gateway ends the chat session when it has run out

    @TC-TD-13-02
    Scenario: Bob is told that the session has run out
      Given Alice's client does not refresh its short sessions
      And Alice has a chat session with Bob
      When the session interval runs out
      Then Bob is told when it has run out

    @TC-TD-13-03 @control
    Scenario: Alice's client refreshes the session
      Given Alice's client refreshes its short sessions
      And Alice has a chat session with Bob
      When the session interval runs out
      Then the chat session goes on

  @TD-14
  Rule: A lost message connection that does not come back ends the session

    @TC-TD-14-01
    Scenario: Alice's message connection is lost
      Given the time to come back is short
      And Alice has a chat session with Bob
      When Alice's message connection is lost
      Then the gateway ends the chat session for a reason when that time has passed
