Feature: What an SMS user sees of a group chat
  A chat between two may become a group chat. In it the SMS user sees who wrote what, and who
  joins and leaves.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Carol is a CPM user

  # 3GPP TS 23.204 clause B.2
  @ADR-05
  Rule: A chat that becomes a group chat has an assigned number

    @TC-ADR-05-01
    Scenario: Alice's own number was the sender
      Given the sender of Alice's chats is her own number
      And Alice has a chat session with Bob
      And Alice has extended her chat with Bob to a group chat
      When Carol writes "Hello all" in Alice's group chat
      Then the next short message to Bob does not come from Alice's own number

    @TC-ADR-05-02 @control
    Scenario: Alice's own number is the sender of a chat between two
      Given the sender of Alice's chats is her own number
      When Alice invites Bob to a chat session
      Then the inviting message comes from Alice's own number

  # 3GPP TS 23.204 clause B.1
  @ADR-06
  Rule: Replies come back to this gateway

    @TC-ADR-06-01
    Scenario: Bob replies to what he has received from the group chat
      Given Alice has a group chat with Bob
      And Bob has received Carol's "Are you there?" from Alice's group chat
      When Bob answers "I am"
      Then Bob's reply "I am" comes back to the gateway and reaches Alice

    @TC-ADR-06-02
    Scenario: Bob replies to what he has received from Alice
      Given Alice has a chat session with Bob
      And Bob has received Alice's message "Are you there?"
      When Bob answers "I am"
      Then Bob's reply "I am" comes back to the gateway and reaches Alice

  # 3GPP TS 23.204 clause B.2 step 2
  @GRP-05
  Rule: The group chat replaces the chat that it extends

    @TC-GRP-05-01
    Scenario: Bob is not asked again
      Given Alice has a chat session with Bob
      When Alice extends her chat with Bob to a group chat
      Then the group chat takes its place without asking Bob

    @TC-GRP-05-02
    Scenario: The chat between the two is over
      Given Alice has a chat session with Bob
      When Alice extends her chat with Bob to a group chat
      Then the gateway ends the chat that was extended

  @GRP-06
  Rule: Bob sees who wrote what

    @TC-GRP-06-01
    Scenario: Carol writes in Alice's group chat
      Given Alice has a group chat with Bob
      When Carol writes "I was first" in Alice's group chat
      Then Bob sees that Carol wrote "I was first"

  # 3GPP TS 29.311 clause 6.1.1; RFC 4575
  @GRP-07
  Rule: Bob is told of changes, where the operator wants it

    @TC-GRP-07-01
    Scenario: Carol joins
      Given Alice has a group chat with Bob
      When Carol joins Alice's group chat
      Then Bob is told that something has changed about Carol

    @TC-GRP-07-02
    Scenario: Carol leaves
      Given Alice has a group chat with Bob
      And Carol has joined Alice's group chat
      When Carol leaves Alice's group chat
      Then Bob is told that something has changed about Carol

    @TC-GRP-07-03
    Scenario: Carol joins, and nobody is to be told
      Given SMS users are not to be told of changes in Alice's group chats
      And Alice has a group chat with Bob
      When Carol joins Alice's group chat
      Then Bob is told of no change

    @TC-GRP-07-04 @control
    Scenario: Carol joins, and it is to be told
      Given SMS users are to be told of changes in Alice's group chats
      And Alice has a group chat with Bob
      When Carol joins Alice's group chat
      Then Bob is told that something has changed about Carol

  @GRP-08
  Rule: Many changes are few short messages

    @TC-GRP-08-01
    Scenario: Ten participants join at once
      Given Alice has a group chat with Bob
      When 10 participants join Alice's group chat at once
      Then Bob is told of it in few short messages
