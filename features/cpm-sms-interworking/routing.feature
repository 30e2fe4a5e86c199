Feature: The way of short messages through the gateway
  The HSS passes routing queries about the gateway's users to the gateway. Its answer brings the
  short message to it, under a correlation id that stands for the user.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.14 steps 3b and 3c
  @RTE-02
  Rule: Each routing query gets a correlation id of its own

    @TC-RTE-02-01
    Scenario: Bob and Carol write at the same time
      Given Carol can be reached by SMS only
      And the HSS knows Alice
      When Bob and Carol each send Alice a short message
      Then each routing query is answered with a correlation id of its own

  # 3GPP TS 23.204 clauses 6.4 step 3c and 6.14 step 3c
  @RTE-03
  Rule: The answer names the gateway, and the correlation id in the place of the IMSI

    @TC-RTE-03-01
    Scenario: Bob writes to Alice, whose IMSI the HSS knows
      Given the HSS knows Alice
      When Bob sends Alice the short message "Where to?"
      Then the routing query for Alice is answered with the gateway's own address

  # 3GPP TS 23.204 clause 6.14 step 4
  @RTE-04
  Rule: A forwarded short message is matched by its correlation id

    @TC-RTE-04-01
    Scenario: The correlation id stands for nobody
      Given the service centre forwards Bob's short messages under an unknown identity
      When Bob sends Alice the short message "To whom?"
      Then the short message is refused, and nothing of it reaches Alice

    @TC-RTE-04-02 @control
    Scenario: The correlation id stands for Alice
      When Bob sends Alice the short message "To Alice"
      Then Alice receives the message "To Alice" once

  @RTE-08
  Rule: A routing query for an assigned session number leads to the gateway

    @TC-RTE-08-01
    Scenario: Bob answers the inviting message
      Given invitations to Bob are to be converted
      And Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob sets out to answer
      Then the route to the session number leads to the gateway

  # 3GPP TS 29.311 clause 6.1.3.2
  @PGO-06
  Rule: Before it delivers to the SMS user itself, the gateway asks where he is

    @TC-PGO-06-01
    Scenario: The gateway is the service centre of Bob's network
      Given Bob is a CPM user who wants his chats as SMS
      And the gateway delivers short messages to Bob itself
      When Alice sends Bob the pager message "To your network"
      Then the gateway has asked for the route to Bob first

  @PGO-05
  Rule: The service centre of a pager message is found as that of an invitation

    @TC-PGO-05-01
    Scenario: The HSS names no service centre
      When Alice sends Bob the pager message "By way of the centre"
      Then the short message to Bob carries a service centre address

    @TC-PGO-05-02
    Scenario: The HSS names Alice's service centre
      Given the HSS holds a service centre address for Alice
      When Alice sends Bob the pager message "By way of her centre"
      Then the short message to Bob carries the service centre address from the HSS

  # 3GPP TS 23.204 clause 6.18
  @DR-08
  Rule: A status report comes by routing query, correlation id and forwarding

    @TC-DR-08-01
    Scenario: The service centre reports on a chat message to Bob
      Given the service centre has yet to report on short messages to Bob
      And Alice has a chat session with Bob
      And Alice has sent Bob the message "Tell me" asking for reports of every kind
      When the service centre reports status 00
      Then the route of the status report on Bob's short message leads through the gateway
