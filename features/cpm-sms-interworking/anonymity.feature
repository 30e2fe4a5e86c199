Feature: A CPM user who does not want to be known
  The CPM UE may ask to hide its public identity in the invitation. If policy allows it, the
  identity is hidden in all messages to the SMS user; if not, there is no interworking.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.15.1 step 2
  @ANO-01
  Rule: The invitation may ask to hide the public identity of the CPM user

    @TC-ANO-01-01
    Scenario: Alice invites Bob without being named
      Given anonymous invitations from Alice are allowed
      When Alice invites Bob to a chat session anonymously
      Then the wish to stay unnamed is understood

  # 3GPP TS 23.204 clause 6.15.1 step 4
  @ANO-02
  Rule: If policy allows, the identity is hidden in all messages to the SMS user

    @TC-ANO-02-01
    Scenario: Bob never learns who Alice is
      Given anonymous invitations from Alice are allowed
      And Alice has an anonymous chat session with Bob
      And Bob has received Alice's message "One"
      And Bob has received Alice's message "Two"
      When Alice ends the chat session
      Then no short message to Bob tells who Alice is

    @TC-ANO-02-02
    Scenario: The inviting message does not name Alice
      Given anonymous invitations from Alice are allowed
      When Alice invites Bob to a chat session anonymously
      Then no short message to Bob tells who Alice is

    @TC-ANO-02-03 @control
    Scenario: Bob learns who Alice is when she does not hide
      Given anonymous invitations from Alice are allowed
      When Alice invites Bob to a chat session
      Then the inviting message tells who Alice is

  # 3GPP TS 23.204 clause 6.15.1 step 4
  @ANO-03
  Rule: If policy forbids anonymity, there is no interworking but an appropriate response

    @TC-ANO-03-01
    Scenario: Alice is refused
      Given anonymous invitations from Alice are not allowed
      When Alice invites Bob to a chat session anonymously
      Then the invitation is refused

    @TC-ANO-03-02
    Scenario: Bob is not bothered
      Given anonymous invitations from Alice are not allowed
      When Alice invites Bob to a chat session anonymously
      Then Bob is sent no short message

    @TC-ANO-03-03 @control
    Scenario: Alice gives her name, and Bob is invited
      Given anonymous invitations from Alice are not allowed
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  @ANO-04
  Rule: The response carries warning 119 where it carries a warning

    @TC-ANO-04-01
    Scenario: Alice gets the warning seen in the field
      Given anonymous invitations from Alice are not allowed
      When Alice invites Bob to a chat session anonymously
      Then the refusal carries a warning that starts with 119

    @TC-ANO-04-02 @control
    Scenario: Alice gives her name and gets no refusal
      Given anonymous invitations from Alice are not allowed
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  @ANO-05
  Rule: An anonymous chat does not use the CPM user's own number

    @TC-ANO-05-01
    Scenario: Alice hides, although her own number is the configured sender
      Given anonymous invitations from Alice are allowed
      And the sender of Alice's chats is her own number
      When Alice invites Bob to a chat session anonymously
      Then the inviting message does not come from Alice's own number

    @TC-ANO-05-02 @control
    Scenario: Alice does not hide, and her own number is the configured sender
      Given anonymous invitations from Alice are allowed
      And the sender of Alice's chats is her own number
      When Alice invites Bob to a chat session
      Then the inviting message comes from Alice's own number

  # 3GPP TS 23.204 clause 6.11
  @ANO-06
  Rule: A pager message can hide the identity in the same way

    @TC-ANO-06-01
    Scenario: Alice writes a pager message without being named
      Given anonymous invitations from Alice are allowed
      When Alice sends Bob the pager message "Guess who" anonymously
      Then no short message to Bob tells who Alice is

    @TC-ANO-06-02 @control
    Scenario: Alice's pager message passes
      Given anonymous invitations from Alice are allowed
      When Alice sends Bob the pager message "It is me"
      Then Bob receives "It is me" once
