Feature: A short message from an SMS user to a CPM user
  A short message outside any chat becomes a CPM message, sent by SIP toward the CPM user.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.14 step 6; 3GPP TS 29.311 clause 6.1.4.3.1
  @PGT-01
  Rule: A short message to an authorised CPM user becomes a SIP MESSAGE

    @TC-PGT-01-01
    Scenario Outline: Bob writes <text>
      When Bob sends Alice the short message <text>
      Then Alice receives the message <text> once

      Examples:
        | text                    |
        | "Hello Alice"           |
        | "[Brackets] cost 2 €"   |
        | "Привет, Alice! 🙂"     |

  # 3GPP TS 23.204 clause 6.14 steps 8 to 10
  @PGT-02
  Rule: The short message is acknowledged after the SIP MESSAGE was answered

    @TC-PGT-02-01
    Scenario: Alice's terminal takes the message
      Given Alice's client takes its time to answer messages
      When Bob sends Alice the short message "First you, then I"
      Then Bob's short message is acknowledged after Alice's terminal has taken it

  # 3GPP TS 29.311 clause 6.1.4.4
  @PGT-03
  Rule: The short message is answered with a delivery report

    @TC-PGT-03-01
    Scenario: Alice's terminal takes the message
      When Bob sends Alice the short message "Report, please"
      Then Bob's short message is answered with a delivery report

    @TC-PGT-03-02
    Scenario: Alice's terminal refuses the message
      Given Alice's terminal takes no messages
      When Bob sends Alice the short message "Report, please"
      Then Bob's short message is answered with a delivery report that says why not
