Feature: The SMS user's answer to the inviting message
  The response to the invitation is derived from the content of the short message by which the
  SMS user answers.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be converted
    And Alice has invited Bob to a chat session
    And Bob has received the inviting message

  # 3GPP TS 29.311 clause 6.1.1
  @ANS-01
  Rule: The response to the invitation is derived from the content of the answer

    @TC-ANS-01-01 @smoke
    Scenario: Bob accepts
      When Bob answers with an acceptance
      Then the invitation is accepted

    @TC-ANS-01-02
    Scenario: Bob rejects
      When Bob answers with a rejection
      Then the invitation is refused

  # OMA-RD-CPM-V1_0 CPM-IWF-008; 3GPP TS 23.204 clause 6.15.1
  @ANS-02
  Rule: An acceptance leads to acknowledging the session

    @TC-ANS-02-01
    Scenario: The invitation is answered with a chat session
      When Bob answers with an acceptance
      Then the acceptance answers Alice's offer of a chat

  @ANS-03
  Rule: A rejection is a decline

    @TC-ANS-03-01
    Scenario: The invitation is declined
      When Bob answers with a rejection
      Then the invitation is declined

  # 3GPP TS 23.204 clause 6.14
  @ANS-04
  Rule: The answer arrives by the ordinary path of short messages to the gateway

    @TC-ANS-04-01
    Scenario: The gateway is asked for the route of the answer
      When Bob answers with an acceptance
      Then the route of Bob's answer leads through the gateway

  @ANS-05
  Rule: The word that accepts is not relayed as chat content

    @TC-ANS-05-01
    Scenario: Alice does not read the acceptance
      When Bob answers with an acceptance
      Then the acceptance does not reach Alice as chat content

    @TC-ANS-05-02 @control
    Scenario: Alice reads what Bob writes after the acceptance
      Given Bob has accepted the invitation
      When Bob answers "Here I am"
      Then "Here I am" reaches Alice in her chat session with Bob

  @ANS-06
  Rule: The whole text is compared, white space trimmed, without regard to case

    @TC-ANS-06-01
    Scenario Outline: Bob answers <text>, which accepts
      When Bob answers <text>
      Then the invitation is accepted

      Examples:
        | text    |
        | " yes " |
        | "YES"   |

    @TC-ANS-06-02
    Scenario: Bob answers with more than the word that accepts
      When Bob answers "yes please"
      Then the invitation is neither accepted nor refused

    @TC-ANS-06-03 @control
    Scenario: Bob answers with the word that accepts
      When Bob answers "yes"
      Then the invitation is accepted

  @ANS-07
  Rule: An unrecognised text neither accepts nor rejects; the SMS user is helped once

    @TC-ANS-07-01
    Scenario: Bob asks back
      When Bob answers "Who is this?"
      Then the invitation is neither accepted nor refused

    @TC-ANS-07-02 @control
    Scenario: Bob accepts instead of asking back
      When Bob answers with an acceptance
      Then the invitation is accepted

    @TC-ANS-07-03
    Scenario: Bob is helped
      When Bob answers "Who is this?"
      Then Bob receives one help message

  # 3GPP TS 23.204 clause 6.14 step 10
  @ANS-08
  Rule: The answer is acknowledged on the SMS leg, whatever it says

    @TC-ANS-08-01
    Scenario Outline: Bob answers <text>
      When Bob answers <text>
      Then Bob's answer is acknowledged

      Examples:
        | text           |
        | "yes"          |
        | "no"           |
        | "Who is this?" |
