Feature: A chat session between a CPM user and an SMS user
  When the session has started, chat messages become short messages and short messages become
  chat messages.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob

  # 3GPP TS 29.311 clause 6.1.1; 3GPP TS 23.204 clause 6.15
  @M2S-01
  Rule: A chat message is delivered as a short message

    @TC-M2S-01-01
    Scenario Outline: Alice writes <text>
      When Alice sends Bob the message <text>
      Then Bob receives <text> once

      Examples:
        | text                    |
        | "Hello Bob"             |
        | "[Brackets] cost 2 €"   |
        | "Schöne Grüße, Боб! 🙂" |

    @TC-M2S-01-02 @smoke
    Scenario: Alice writes a long message
      When Alice sends Bob a long message
      Then Bob receives that long message once

  @M2S-02
  Rule: The short message goes to the SMS user of that session, from the session's number

    @TC-M2S-02-01
    Scenario: Alice chats with Bob and with Carol
      Given Carol can be reached by SMS only
      And Alice has a chat session with Carol
      When Alice sends Bob the message "For Bob only"
      Then "For Bob only" reaches Bob only, from the number of his chat session

  @M2S-03
  Rule: The wrapping of the chat message is not shown to the SMS user

    @TC-M2S-03-01
    Scenario: Bob sees the text and nothing else
      When Alice sends Bob the message "Just this"
      Then Bob sees nothing of the wrapping of "Just this"

  # 3GPP TS 29.311 clauses 6.1.1, 6.1.9 and 6.1.10
  @S2M-01
  Rule: A short message to the session's number becomes a chat message

    @TC-S2M-01-01
    Scenario Outline: Bob writes <text>
      When Bob answers <text>
      Then <text> reaches Alice once in her chat session with Bob

      Examples:
        | text                    |
        | "Hello Alice"           |
        | "[Brackets] cost 2 €"   |
        | "Привет, Alice! 🙂"     |

  @S2M-02
  Rule: The chat message has the content type that was negotiated

    @TC-S2M-02-01 @smoke
    Scenario: Bob's short message arrives in the agreed form
      When Bob answers "In good form"
      Then "In good form" reaches Alice as CPIM-wrapped plain text

  @S2M-03
  Rule: The chat message names its sender, its recipient and its time

    @TC-S2M-03-01
    Scenario: Alice sees that the message is from Bob to her
      When Bob answers "From me to you"
      Then "From me to you" names Bob as sender and Alice as recipient

    @TC-S2M-03-02
    Scenario: Alice sees when Bob's message reached the service centre
      Given the service centre stamps Bob's short messages "2012-03-04T05:06:07+02:00"
      When Bob answers "Just now"
      Then "Just now" carries the time stamp of the service centre
