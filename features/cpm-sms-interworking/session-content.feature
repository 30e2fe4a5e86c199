Feature: What the gateway takes in a chat session, and what it does not
  The message connection serves the sessions that were agreed on, and texts that short messages
  can hold.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # RFC 4975 sections 5.4 and 7.3
  @SDP-06
  Rule: A message for a session that does not exist is refused

    @TC-SDP-06-01
    Scenario: Alice's client writes to another path
      Given Alice has a chat session with Bob
      When Alice's client sends a message for a session that does not exist
      Then the gateway says that there is no such session

    @TC-SDP-06-02 @control
    Scenario: Alice writes to the path of her session
      Given Alice has a chat session with Bob
      When Alice sends Bob the message "In the right place"
      Then Bob receives "In the right place" once

  @SDP-07
  Rule: A first message beside the offer is not lost

    @TC-SDP-07-01
    Scenario: The invitation is accepted on Bob's behalf
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session with the first message "Are you there?"
      Then "Are you there?" reaches Bob by SMS

    @TC-SDP-07-02
    Scenario: Bob is asked and accepts
      Given invitations to Bob are to be converted
      And Alice has invited Bob to a chat session with the first message "Are you there?"
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then "Are you there?" reaches Bob by SMS

  # RFC 4975 sections 7.2 and 10.5
  @SDP-08
  Rule: A message that no concatenated short message can hold is refused

    @TC-SDP-08-01
    Scenario: Alice writes more than 255 short messages can hold
      Given Alice has a chat session with Bob
      When Alice sends Bob a message that is too long for short messages
      Then the message to Bob is refused as too long

    @TC-SDP-08-02 @control
    Scenario: Alice writes a long message
      Given Alice has a chat session with Bob
      When Alice sends Bob a long message
      Then Bob receives that long message once
