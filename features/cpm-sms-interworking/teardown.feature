Feature: The end of a chat session with an SMS user
  The CPM user ends the session by a BYE, of which the SMS user may be told. The SMS user ends
  it by a short message with the operator's word for leaving.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.16.1 steps 1 and 2
  @TD-01
  Rule: The end of the session is converted to a short message

    @TC-TD-01-01 @smoke
    Scenario: Bob is told that Alice has ended the chat session
      Given SMS users are to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob receives the closing message

  # 3GPP TS 23.204 clause 6.16.1 NOTE 2
  @TD-02
  Rule: Whether the SMS user is told is the operator's policy

    @TC-TD-02-01
    Scenario: Bob is not told
      Given SMS users are not to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob is sent no further short message

    @TC-TD-02-02 @control
    Scenario: Bob is told
      Given SMS users are to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob receives the closing message

  # 3GPP TS 23.204 clause 6.16.1 step 3
  @TD-03
  Rule: The text conveys that the chat is ending

    @TC-TD-03-01
    Scenario: Bob reads the operator's closing text
      Given the operator's text for closing messages from Alice is "Alice hat aufgelegt"
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message reads "Alice hat aufgelegt"

  # 3GPP TS 23.204 clause 6.16.1 step 5
  @TD-04
  Rule: The end of the session is acknowledged, and its resources are released

    @TC-TD-04-01
    Scenario: Alice's wish to end is acknowledged
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the end of the chat session is acknowledged

    @TC-TD-04-02
    Scenario: Alice's wish to end is acknowledged although Bob cannot be told
      Given Alice has a chat session with Bob
      And the service centre refuses short messages to Bob
      When Alice ends the chat session
      Then the end of the chat session is acknowledged

    @TC-TD-04-03
    Scenario: The media of the chat session is released
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the gateway closes the message connection

  # 3GPP TS 23.204 clause 6.16.1 NOTE 1
  @TD-05
  Rule: The closing message comes from the same number as the rest of the session

    @TC-TD-05-01
    Scenario: Bob sees the number he knows
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message comes from the number of the inviting message

  # 3GPP TS 23.204 clause 6.16.1 step 2
  @TD-06
  Rule: The closing message carries a service centre address, chosen as for the invitation

    @TC-TD-06-01
    Scenario: The closing message names a service centre
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message carries a service centre address
