Feature: The number that stands for a chat session
  An MSISDN is correlated with the session: the CPM user's own, or one that the gateway has
  assigned. What the SMS user sends to that number belongs to that chat.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @ADR-01
  Rule: One number is correlated with the session

    @TC-ADR-01-01
    Scenario: All short messages of the chat session come from one number
      Given Alice has a chat session with Bob
      And Bob has received Alice's message "One"
      When Alice sends Bob the message "Two"
      Then all short messages to Bob come from one number

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @ADR-02
  Rule: Short messages to that number go into that chat

    @TC-ADR-02-01
    Scenario: Bob writes to the number of the chat session
      Given Alice has a chat session with Bob
      When Bob answers "Here I am"
      Then "Here I am" reaches Alice in her chat session with Bob, not as a message of its own

  # 3GPP TS 23.204 clause 6.16.1 NOTE 1
  @ADR-03
  Rule: The operator chooses between the CPM user's own number and an assigned one

    @TC-ADR-03-01
    Scenario: Alice's own number is the sender
      Given the sender of Alice's chats is her own number
      When Alice invites Bob to a chat session
      Then the inviting message comes from Alice's own number

    @TC-ADR-03-02
    Scenario: An assigned number is the sender
      Given the sender of Alice's chats is an assigned number
      When Alice invites Bob to a chat session
      Then the inviting message comes from an assigned number

  # 3GPP TS 23.204 clause B.1
  @ADR-04
  Rule: A group chat always has an assigned number

    @TC-ADR-04-01
    Scenario: A group chat, although Alice's own number is the configured sender
      Given the sender of Alice's chats is her own number
      When Alice invites Bob to a group chat
      Then the inviting message does not come from Alice's own number

    @TC-ADR-04-02 @control
    Scenario: A chat between two, and Alice's own number is the configured sender
      Given the sender of Alice's chats is her own number
      When Alice invites Bob to a chat session
      Then the inviting message comes from Alice's own number

  @ADR-07
  Rule: Two SMS users may share a number without sharing a chat

    @TC-ADR-07-01
    Scenario: Bob writes to a number that Carol's chat session shares
      Given Carol can be reached by SMS only
      And the sender of Alice's chats is her own number
      And Alice has a chat session with Bob
      And Alice has a chat session with Carol
      When Bob answers "It is me, Bob"
      Then "It is me, Bob" reaches Alice in her chat session with Bob only

  @ADR-08
  Rule: A number in use by a live pair is not given to another session

    @TC-ADR-08-01
    Scenario: Carol invites Bob when no number is left
      Given Carol is a CPM user
      And Alice and Carol share 1 session number
      And Alice has a chat session with Bob
      When Carol invites Bob to a chat session
      Then the invitation is refused for want of a number

    @TC-ADR-08-02 @control
    Scenario: Carol invites Bob when a number is left
      Given Carol is a CPM user
      And Alice and Carol share 2 session numbers
      And Alice has a chat session with Bob
      When Carol invites Bob to a chat session
      Then Bob receives the inviting message

  @ADR-09
  Rule: After the end of a session its number rests

    @TC-ADR-09-01
    Scenario: Bob writes to the number of the ended chat session
      Given Carol is a CPM user
      And Alice and Carol share 2 session numbers
      And the chat session between Alice and Bob has ended
      And Carol has a chat session with Bob
      When Bob sends the short message "Old friend" to the number of his chat with Alice
      Then "Old friend" does not reach Carol

    @TC-ADR-09-02 @control
    Scenario: Bob writes to the number of the live chat session
      Given Carol is a CPM user
      And Alice and Carol share 2 session numbers
      And the chat session between Alice and Bob has ended
      And Carol has a chat session with Bob
      When Bob sends the short message "New friend" to the number of his chat with Carol
      Then "New friend" reaches Carol
