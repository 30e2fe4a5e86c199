Feature: The SMS user leaves a chat session
  A short message that equals the operator's word for leaving makes the gateway ask the CPM
  side to end the session.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob

  # 3GPP TS 23.204 clause 6.17; 3GPP TS 29.311 clause 6.1.1
  @TD-07
  Rule: The word for leaving makes the gateway send a teardown request

    @TC-TD-07-01
    Scenario: Bob leaves
      When Bob answers with the word for leaving
      Then the gateway ends the chat session, once

  @TD-08
  Rule: The word for leaving is not relayed as chat content

    @TC-TD-08-01
    Scenario: Alice does not read the word for leaving
      When Bob answers with the word for leaving
      Then the word for leaving does not reach Alice as chat content

    @TC-TD-08-02 @control
    Scenario: Alice reads a text that is not the word for leaving
      When Bob answers "stop it"
      Then "stop it" reaches Alice in her chat session with Bob

  # 3GPP TS 23.204 clause 6.17
  @TD-09
  Rule: The leave message takes the ordinary path and is acknowledged

    @TC-TD-09-01
    Scenario: Bob leaves
      When Bob answers with the word for leaving
      Then Bob's leave message is acknowledged

    @TC-TD-09-02
    Scenario: The gateway is asked for the route of the leave message
      When Bob answers with the word for leaving
      Then the route of Bob's leave message leads through the gateway
