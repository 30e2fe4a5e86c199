Feature: A group chat with an SMS user
  The focus of a group chat invites each recipient on his own. An SMS user takes part by short
  messages to and from the number that stands for the group.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clauses B.1 and 6.15.1
  @GRP-01
  Rule: An invitation to a group chat is handled as any other

    @TC-GRP-01-01
    Scenario: Invitations to Bob are accepted on his behalf
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a group chat
      Then the invitation is accepted as any other

    @TC-GRP-01-02
    Scenario: Invitations to Bob are converted
      Given invitations to Bob are to be converted
      When Alice invites Bob to a group chat
      Then Bob is asked as for any other

    @TC-GRP-01-03
    Scenario: Invitations to Bob are rejected
      Given invitations to Bob are to be rejected
      When Alice invites Bob to a group chat
      Then the invitation is refused as any other

    @TC-GRP-01-04 @control
    Scenario: Bob accepts
      Given Alice has invited Bob to a group chat
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then the chat session between Alice and Bob starts

  # 3GPP TS 23.204 clause B.1
  @GRP-02
  Rule: Short messages to the number of a group chat go to the group chat

    @TC-GRP-02-01
    Scenario: Bob writes to the group, and has a chat with Alice as well
      Given Alice has a chat session with Bob
      And Alice has a group chat with Bob
      When Bob answers "For everybody"
      Then "For everybody" reaches Alice's group chat with Bob only

  # 3GPP TS 23.204 clause B.1
  @GRP-03
  Rule: The inviting message says that it is a group chat, and what to answer

    @TC-GRP-03-01
    Scenario: Bob reads the operator's text for group chats
      Given the operator's text for group chats of Alice is "A group! yes, no, stop"
      When Alice invites Bob to a group chat
      Then Bob reads the group text "A group! yes, no, stop"

    @TC-GRP-03-02
    Scenario: Bob learns what he can answer
      When Alice invites Bob to a group chat
      Then the invitation to the group chat explains how to accept, reject and end

  # 3GPP TS 23.204 clause B.1
  @GRP-04
  Rule: The gateway may be in the inviter's network or in the SMS user's

    @TC-GRP-04-01
    Scenario: The gateway is in Alice's network
      When Alice invites Bob to a group chat
      Then Bob is asked as for any other

    @TC-GRP-04-02
    Scenario: The gateway is in Bob's network
      Given Bob is a CPM user who wants his chats as SMS
      When Alice invites Bob to a group chat
      Then Bob is asked as for any other

  # OMA practice: the service identifier of CPM group sessions
  @GRP-09
  Rule: The group session service makes it a group chat

    @TC-GRP-09-01
    Scenario: Alice invites Bob by the group session service
      Given the sender of Alice's chats is her own number
      And the operator's text for group chats of Alice is "A group! yes, no, stop"
      When Alice invites Bob by the group session service
      Then the inviting message is one to a group chat with the text "A group! yes, no, stop"
