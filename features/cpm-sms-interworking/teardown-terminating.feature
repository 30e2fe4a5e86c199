Feature: The end of a chat session with a CPM user who wants his chats as SMS
  In the terminating network the SMS recipient is a CPM user himself. The session ends as it
  does in the originating network, whoever ends it.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Bob is a CPM user who wants his chats as SMS

  # 3GPP TS 23.204 clauses 6.16.2 and 6.17.2
  @TD-12
  Rule: A gateway in the terminating network tears down in the same way

    @TC-TD-12-01
    Scenario: Bob is told that Alice has ended the chat session
      Given SMS users are to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob receives the closing message

    @TC-TD-12-02
    Scenario: Bob is not told
      Given SMS users are not to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob is sent no further short message

    @TC-TD-12-10 @control
    Scenario: Bob is told where he is to be told
      Given SMS users are to be told when Alice ends a chat session
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then Bob receives the closing message

    @TC-TD-12-03
    Scenario: Bob reads the operator's closing text
      Given the operator's text for closing messages from Alice is "Alice hat aufgelegt"
      And Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message reads "Alice hat aufgelegt"

    @TC-TD-12-04
    Scenario: Alice's wish to end is acknowledged, and the media is released
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the end of the chat session is acknowledged
      And the gateway closes the message connection

    @TC-TD-12-05
    Scenario: Bob sees the number he knows
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message comes from the number of the inviting message

    @TC-TD-12-06
    Scenario: The closing message names a service centre
      Given Alice has a chat session with Bob
      When Alice ends the chat session
      Then the closing message carries a service centre address

    @TC-TD-12-07
    Scenario: Bob leaves
      Given Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then the gateway ends the chat session, once

    @TC-TD-12-08
    Scenario: Alice does not read the word for leaving
      Given Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then the word for leaving does not reach Alice as chat content

    @TC-TD-12-09
    Scenario: Bob's word for leaving is acknowledged
      Given Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then Bob's answer is acknowledged
