Feature: A CPM Session Invitation that waits for the SMS user's answer
  While the SMS user thinks, the invitation is kept alive. No answer in time is a rejection.
  A failure on the SMS side, or a change of mind on the CPM side, ends the attempt.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be converted

  # RFC 3261 section 13.3.1.1
  @INV-10
  Rule: While waiting, the invitation is kept alive with provisional responses

    @TC-INV-10-01
    Scenario: Alice's invitation is answered provisionally at once
      When Alice invites Bob to a chat session
      Then the invitation is being tried at once

    @TC-INV-10-02
    Scenario: Alice's invitation is kept alive until its end
      Given the time to answer is short
      When Alice invites Bob to a chat session
      Then the invitation is kept alive until it is answered

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-11
  Rule: No answer in time is a rejection

    @TC-INV-11-01
    Scenario: Bob does not answer
      Given the time to answer is short
      When Alice invites Bob to a chat session
      Then the invitation is refused when the time to answer has passed

    # The code is a reading (A3), not the clause's.
    @TC-INV-11-02 @derived
    Scenario: Alice is told that nobody answered
      Given the time to answer is short
      When Alice invites Bob to a chat session
      Then the invitation is refused as unanswered

    @TC-INV-11-03 @control
    Scenario: Bob answers in time
      Given the time to answer is short
      And Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then the invitation is accepted

  @INV-12
  Rule: An acceptance after the time to answer opens no session

    @TC-INV-12-01
    Scenario: Bob accepts too late
      Given the time to answer is short
      And Alice has invited Bob to a chat session
      And Alice's invitation has ended without an answer
      When Bob answers with an acceptance
      Then no chat session starts

    @TC-INV-12-02 @control
    Scenario: Bob accepts in time
      Given Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then the chat session between Alice and Bob starts

  @INV-13
  Rule: If the inviting message cannot be submitted, the attempt ends

    @TC-INV-13-01
    Scenario: The service centre refuses the inviting message
      Given the service centre refuses short messages to Bob
      When Alice invites Bob to a chat session
      Then the invitation is refused because Bob cannot be asked

    @TC-INV-13-02 @control
    Scenario: The service centre takes the inviting message
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # RFC 3261 section 9.2
  @INV-14
  Rule: The CPM user may cancel the invitation while it waits

    @TC-INV-14-01
    Scenario: Alice cancels
      Given Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Alice cancels the invitation
      Then the invitation ends as cancelled

    @TC-INV-14-02
    Scenario: Bob accepts an invitation that Alice has cancelled
      Given Alice has invited Bob to a chat session
      And Bob has received the inviting message
      And Alice has cancelled the invitation
      When Bob answers with an acceptance
      Then no chat session starts

    @TC-INV-14-03 @control
    Scenario: Bob accepts an invitation that Alice has not cancelled
      Given Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then the chat session between Alice and Bob starts

  @INV-15
  Rule: A retransmitted invitation causes one inviting message

    @TC-INV-15-01
    Scenario: Alice's invitation arrives four times
      When Alice's invitation to Bob arrives four times
      Then Bob receives the inviting message once
