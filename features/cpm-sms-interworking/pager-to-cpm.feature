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
