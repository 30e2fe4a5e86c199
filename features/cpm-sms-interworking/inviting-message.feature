Feature: The inviting message
  The invitation becomes a short message with an operator-defined text. It tells the SMS user
  that he is invited to a chat session, and how to accept, reject and end it.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be converted

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-01
  Rule: The invitation becomes a short message to the invited user

    @TC-INV-01-01 @smoke
    Scenario: The inviting message is addressed to Bob
      When Alice invites Bob to a chat session
      Then the inviting message is addressed to Bob

    @TC-INV-01-02
    Scenario: The inviting message is a plain short message
      When Alice invites Bob to a chat session
      Then the inviting message has protocol identifier 0

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-02
  Rule: The inviting message carries a service centre address

    @TC-INV-02-01
    Scenario: The inviting message names a service centre
      When Alice invites Bob to a chat session
      Then the inviting message carries a service centre address

  # 3GPP TS 23.204 clause 5.2.3
  @INV-03
  Rule: The service centre address comes from HSS data, or else is provisioned

    @TC-INV-03-01
    Scenario: The HSS names Alice's service centre
      Given the HSS holds a service centre address for Alice
      When Alice invites Bob to a chat session
      Then the inviting message carries the service centre address from the HSS

    @TC-INV-03-02
    Scenario: The HSS names no service centre
      Given the HSS holds no service centre address for Alice
      When Alice invites Bob to a chat session
      Then the inviting message carries the provisioned service centre address

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-04
  Rule: The text is defined by the operator

    @TC-INV-04-01
    Scenario Outline: The operator's text is <text>
      Given the operator's text for inviting messages from Alice is <text>
      When Alice invites Bob to a chat session
      Then the inviting message reads <text>

      Examples:
        | text                                  |
        | "Chat? yes, no, stop"                 |
        | "Ein Gespräch? yes / no / stop [1 €]" |

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-05
  Rule: The text tells the SMS user that he is invited to a chat session

    @TC-INV-05-01
    Scenario: Bob learns that he is invited to a chat session
      When Alice invites Bob to a chat session
      Then the inviting message tells Bob that he is invited to a chat session

  # 3GPP TS 23.204 clause 6.15.1 step 5
  @INV-06
  Rule: The text explains how to accept, reject and end

    @TC-INV-06-01
    Scenario: Bob learns what he can answer
      When Alice invites Bob to a chat session
      Then the inviting message explains how to accept, reject and end

  # 3GPP TS 23.204 clause B.1
  @INV-07
  Rule: For a group chat, the text also carries the identity of the inviter or the group

    @TC-INV-07-01
    Scenario: Bob learns who invites him to a group chat
      When Alice invites Bob to a group chat
      Then the inviting message tells who Alice is

  # 3GPP TS 29.311 clause 6.1.1
  @INV-08
  Rule: The gateway delivers a chat invitation as a short message

    @TC-INV-08-01
    Scenario: Bob gets the chat invitation by SMS
      When Alice invites Bob to a chat session
      Then the chat invitation reaches Bob by SMS

  # 3GPP TS 23.040 clause 9.2.3.24.1
  @INV-09
  Rule: A text longer than one short message is sent concatenated

    @TC-INV-09-01
    Scenario: The operator's text does not fit one short message
      Given the operator's text for inviting messages from Alice is long
      When Alice invites Bob to a chat session
      Then the inviting message arrives whole, as one concatenated short message
