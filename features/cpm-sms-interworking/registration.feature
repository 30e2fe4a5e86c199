Feature: Third-party registration at the gateway
  The S-CSCF tells the gateway who is registered and what his terminal is capable of.

  Background:
    Given Bob can be reached by SMS only

  # 3GPP TS 29.311 clause 6.1.2
  @RTE-09
  Rule: The registration gives the gateway the state and the capabilities of a user

    @TC-RTE-09-01
    Scenario: Alice registers for SMS over IP
      When Alice registers for SMS over IP only
      Then Alice's registration is accepted

    @TC-RTE-09-02
    Scenario: Alice's terminal gives up CPM for SMS over IP
      Given Alice is registered for CPM only
      And Alice has registered again, for SMS over IP only
      When Bob sends Alice the short message "Your new terminal?"
      Then Bob's "Your new terminal?" reaches Alice as an encapsulated short message

    @TC-RTE-09-03
    Scenario: Alice's terminal gives up SMS over IP for CPM
      Given Alice is registered for SMS over IP only
      And Alice has registered again, for CPM only
      When Bob sends Alice the short message "Your other terminal?"
      Then Bob's "Your other terminal?" reaches Alice as an instant message

    @TC-RTE-09-04
    Scenario: Bob writes to Alice, whose registration has ended
      Given Alice is registered for SMS over IP only
      And Alice's registration has ended
      When Bob sends Alice the short message "Still there?"
      Then no form of it reaches Alice

    @TC-RTE-09-05 @control
    Scenario: Bob writes to Alice, who is registered
      Given Alice is registered for SMS over IP only
      When Bob sends Alice the short message "There?"
      Then Bob's "There?" reaches Alice as an encapsulated short message
