Feature: The offer of a chat session and its answer
  The gateway answers the offer of a message stream with one of its own. What it answers is what
  then happens, and an offer that text cannot use is refused.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be accepted on his behalf

  # RFC 4975 section 8.1; RFC 3264 section 6
  @SDP-01
  Rule: The answer has one message stream with a port, at the place of the offered one

    @TC-SDP-01-01
    Scenario: Alice offers a chat
      When Alice invites Bob to a chat session
      Then the answer has one message stream, and nothing else is open

    @TC-SDP-01-02
    Scenario: Alice offers a chat and a call
      When Alice invites Bob to a chat session and to a call
      Then the answer has one message stream, and nothing else is open

  # RFC 4975 sections 8.6 and 8.7
  @SDP-02
  Rule: The answer takes wrapped plain text where it was offered

    @TC-SDP-02-01
    Scenario: Alice's client wraps its messages
      When Alice invites Bob to a chat session
      Then the answer takes wrapped plain text

  # RFC 4975 sections 6, 8.2 and 14.1
  @SDP-03
  Rule: The path names a session that cannot be guessed

    @TC-SDP-03-01
    Scenario: Alice chats with Bob and invites Carol
      Given Carol can be reached by SMS only
      And invitations to Carol are to be accepted on the recipient's behalf
      And Alice has a chat session with Bob
      When Alice invites Carol to a chat session
      Then nobody can guess the path of another session from this one

  # RFC 6135 section 4.2; RFC 4975 section 5.4
  @SDP-04
  Rule: The connection is opened by the side that offer and answer say

    @TC-SDP-04-01
    Scenario Outline: Alice's client says <role>
      Given Alice's client says <role> of who opens the message connection
      When Alice invites Bob to a chat session
      Then the message connection is opened as offer and answer say

      Examples:
        | role    |
        | actpass |
        | active  |
        | passive |
        | nothing |

  # RFC 3264 section 6
  @SDP-05
  Rule: An offer that no text can use is refused

    @TC-SDP-05-01
    Scenario Outline: Alice offers <offer>
      When Alice invites Bob with an offer of <offer>
      Then the invitation is refused for its offer, and Bob is not bothered

      Examples:
        | offer                         |
        | speech only                   |
        | no media at all               |
        | pictures only                 |
        | wrapped pictures only         |
        | a closed message stream       |
        | a message stream without path |

    @TC-SDP-05-02 @control
    Scenario: Alice offers a chat beside a call
      When Alice invites Bob to a chat session and to a call
      Then the chat session between Alice and Bob starts
