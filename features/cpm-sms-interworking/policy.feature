Feature: What becomes of a CPM Session Invitation towards an SMS user
  SMS supports neither sessions nor invitations. Depending on user preferences and service
  provider policies, the CPM Enabler accepts the invitation on the user's behalf, rejects it,
  or converts it towards an inviting message and accepts a response to that message.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # OMA-RD-CPM-V1_0 CPM-IWF-008, first branch
  @POL-01
  Rule: The gateway is able to accept the invitation on behalf of the SMS user

    @TC-POL-01-01 @smoke
    Scenario: Alice invites Bob, on whose behalf invitations are accepted
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session
      Then the invitation is accepted

    @TC-POL-01-02
    Scenario: Bob is not asked before the invitation is accepted
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session
      Then Bob is sent no short message before the invitation is accepted

    @TC-POL-01-03 @control
    Scenario: Bob is asked where invitations are to be converted
      Given invitations to Bob are to be converted
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # OMA-RD-CPM-V1_0 CPM-IWF-008, second branch
  @POL-02
  Rule: The gateway is able to reject the invitation

    @TC-POL-02-01
    Scenario: Alice invites Bob, to whom invitations are rejected
      Given invitations to Bob are to be rejected
      When Alice invites Bob to a chat session
      Then the invitation is refused

    @TC-POL-02-02
    Scenario: Bob is not bothered by an invitation that is rejected
      Given invitations to Bob are to be rejected
      When Alice invites Bob to a chat session
      Then Bob is sent no short message

    @TC-POL-02-03 @control
    Scenario: Bob gets a short message where invitations are to be converted
      Given invitations to Bob are to be converted
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # OMA-RD-CPM-V1_0 CPM-IWF-008, third branch
  @POL-03
  Rule: The gateway is able to convert the invitation to an inviting message and use its answer

    @TC-POL-03-01
    Scenario: The invitation reaches Bob as an inviting message
      Given invitations to Bob are to be converted
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

    @TC-POL-03-02
    Scenario: The invitation waits for Bob's answer
      Given invitations to Bob are to be converted
      When Alice invites Bob to a chat session
      Then the invitation is neither accepted nor refused

    @TC-POL-03-03 @control
    Scenario: The invitation is accepted once Bob has accepted
      Given invitations to Bob are to be converted
      And Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then the invitation is accepted

    @TC-POL-03-04
    Scenario: The invitation is refused once Bob has rejected it
      Given invitations to Bob are to be converted
      And Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with a rejection
      Then the invitation is refused

  # 3GPP TS 23.204 clause 6.15.1 NOTE 2
  @POL-05
  Rule: Without a policy to check back, the invitation is treated as accepted by the SMS user

    @TC-POL-05-01
    Scenario: Alice invites Bob, with whom nobody checks back
      Given the service provider's policy for Bob is auto-accept
      When Alice invites Bob to a chat session
      Then the invitation is accepted
