Feature: Transport level or service level
  A short message for an IMS user is encapsulated and left as it is (transport level) or interworked
  to CPM (service level). Subscription, authorisation, capabilities and policy choose.

  Background:
    Given Alice is registered for CPM and SMS over IP
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.8.1
  @AUT-06
  Rule: A user who has subscribed to one level only is served by that level only

    @TC-AUT-06-01
    Scenario Outline: Bob writes to Alice, who has subscribed to <subscription>
      Given Alice is subscribed to <subscription>
      And the operator prefers <other> for Alice
      When Bob sends Alice the short message "Which way?"
      Then Bob's "Which way?" reaches Alice <form>

      Examples:
        | subscription         | other           | form                            |
        | transport level only | service level   | as an encapsulated short message |
        | service level only   | transport level | as an instant message           |

    @TC-AUT-06-02
    Scenario: Bob writes to Alice, who has subscribed to neither level
      Given Alice is subscribed to neither level
      When Bob sends Alice the short message "No way?"
      Then no form of it reaches Alice

    @TC-AUT-06-03 @control
    Scenario: Bob writes to Alice, who has subscribed to both levels
      Given Alice is subscribed to both levels
      When Bob sends Alice the short message "Any way?"
      Then Bob's "Any way?" reaches Alice as an instant message

    @TC-AUT-06-04
    Scenario: Alice, who has subscribed to service level only, submits over IP
      Given Alice is subscribed to service level only
      When Alice sends Bob the short message "May I?" over IP
      Then nothing goes to the service centre from Alice for Bob

    @TC-AUT-06-05 @control
    Scenario: Alice, who has subscribed to transport level only, submits over IP
      Given Alice is subscribed to transport level only
      When Alice sends Bob the short message "I may" over IP
      Then "I may" goes to the service centre for Bob

  # 3GPP TS 23.204 clause 6.8.1
  @AUT-07
  Rule: A user who is authorised for one of two levels at the moment is served by that one

    @TC-AUT-07-01
    Scenario: Bob writes to Alice, who is authorised for service level instead of transport level
      Given Alice is authorised for transport level only
      And Bob's short message "Before" has reached Alice as an encapsulated short message
      And Alice is authorised for service level only
      When Bob sends Alice the short message "After"
      Then Bob's "After" reaches Alice as an instant message

    @TC-AUT-07-02
    Scenario: Bob writes to Alice, who is authorised for transport level instead of service level
      Given Alice is authorised for service level only
      And Bob's short message "Before" has reached Alice as an instant message
      And Alice is authorised for transport level only
      When Bob sends Alice the short message "After"
      Then Bob's "After" reaches Alice as an encapsulated short message

  # 3GPP TS 23.204 clause 6.8.1
  @AUT-08
  Rule: Where both levels are open, capabilities and the operator's policy choose

    @TC-AUT-08-01
    Scenario Outline: Alice is registered for <capabilities>, the operator prefers <policy>
      Given the operator prefers <policy> for Alice
      And Alice has registered again, for <capabilities>
      When Bob sends Alice the short message "As you like it"
      Then Bob's "As you like it" reaches Alice <form>

      Examples:
        | capabilities        | policy          | form                            |
        | SMS over IP only    | transport level | as an encapsulated short message |
        | SMS over IP only    | service level   | as an encapsulated short message |
        | CPM only            | transport level | as an instant message           |
        | CPM only            | service level   | as an instant message           |
        | CPM and SMS over IP | transport level | as an encapsulated short message |
        | CPM and SMS over IP | service level   | as an instant message           |

  # 3GPP TS 23.204 clause 6.8.3
  @S2M-10
  Rule: Whether a short message belongs to a chat is decided before the level is chosen

    @TC-S2M-10-01
    Scenario: Bob writes to the number of his chat with Alice, whose terminal takes SMS over IP
      Given the operator prefers transport level for Alice
      And Alice has a chat session with Bob
      When Bob answers "Into the chat"
      Then "Into the chat" reaches Alice in her chat session with Bob

    @TC-S2M-10-02 @control
    Scenario: Bob writes to Alice's own number
      Given the operator prefers transport level for Alice
      And Alice has a chat session with Bob
      When Bob sends Alice the short message "Beside the chat"
      Then Bob's "Beside the chat" reaches Alice as an encapsulated short message
