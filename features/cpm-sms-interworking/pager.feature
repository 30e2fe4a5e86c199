Feature: A pager-mode message from a CPM user to an SMS user
  A CPM message that belongs to no session is submitted as a short message, or as a concatenated
  one. Its sender learns what became of the submission.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 29.311 clauses 6.1.1 and 6.1.6; 3GPP TS 23.204 clause 6.7
  @PGO-01
  Rule: In the originating network a pager message is submitted as a short message

    @TC-PGO-01-01
    Scenario Outline: Alice writes <text>
      When Alice sends Bob the pager message <text>
      Then Bob receives <text> once

      Examples:
        | text                    |
        | "Hello Bob"             |
        | "[Brackets] cost 2 €"   |
        | "Schöne Grüße, Боб! 🙂" |

    @TC-PGO-01-02 @smoke
    Scenario: Alice writes a long message
      When Alice sends Bob a long pager message
      Then Bob receives that long message once

  # 3GPP TS 29.311 clause 6.1.5; 3GPP TS 23.204 clause 6.13
  @PGO-02
  Rule: In the terminating network a pager message is delivered as a short message

    @TC-PGO-02-01
    Scenario: Bob is a CPM user and reads on his handset
      Given Bob is a CPM user who wants his chats as SMS
      When Alice sends Bob the pager message "To your handset"
      Then Bob receives "To your handset" once

    @TC-PGO-02-02
    Scenario: Bob is a CPM user and gets a long message on his handset
      Given Bob is a CPM user who wants his chats as SMS
      When Alice sends Bob a long pager message
      Then Bob receives that long message once

  @PGO-03
  Rule: A pager message holds plain text, bare or wrapped; other content is refused

    @TC-PGO-03-01
    Scenario Outline: Alice sends <content>
      When Alice sends Bob the pager message "Hello" as <content>
      Then the pager message is refused for its content

      Examples:
        | content            |
        | a web page         |
        | a wrapped web page |
        | a wrapped picture  |
        | a contact card     |

    @TC-PGO-03-02 @control
    Scenario Outline: Alice sends <content>
      When Alice sends Bob the pager message "Hello" as <content>
      Then Bob receives "Hello" once

      Examples:
        | content            |
        | plain text         |
        | wrapped plain text |

  # RFC 4320 section 4.2
  @PGO-04
  Rule: The final response tells the result of the submission, or comes in time without it

    @TC-PGO-04-01
    Scenario: The service centre takes the short message
      When Alice sends Bob the pager message "Will it go?"
      Then Alice learns that the service centre has taken the pager message to Bob

    @TC-PGO-04-02
    Scenario: The service centre refuses the short message
      Given the service centre refuses short messages to Bob
      When Alice sends Bob the pager message "Will it go?"
      Then Alice learns that the service centre has refused the pager message to Bob

    @TC-PGO-04-03
    Scenario: The service centre takes its time
      Given the service centre is late to take short messages to Bob
      When Alice sends Bob the pager message "Will it go?"
      Then Alice learns in time that the pager message to Bob is under way

    @TC-PGO-04-04
    Scenario: The service centre refuses the short message late
      Given the service centre is late to refuse short messages to Bob
      When Alice sends Bob the pager message "Will it go?" and asks whether it arrives
      Then Alice is told later that the pager message to Bob has failed

  # RFC 3428 section 7
  @PGO-07
  Rule: A pager message makes no dialog

    @TC-PGO-07-01
    Scenario: Alice's message is taken
      When Alice sends Bob the pager message "Just this"
      Then no dialog comes of the pager message
