Feature: What a chat message holds
  A chat message may come in chunks, or hold nothing, or hold something that is no text. Only
  whole texts become short messages.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob
    And Bob has received Alice's message "Hello"

  # RFC 4975 sections 5.1, 7.1 and 7.3.1
  @M2S-04
  Rule: Chunks are put together first

    @TC-M2S-04-01
    Scenario: Alice's message comes in three chunks
      When Alice sends Bob the message "One text, although in pieces" in 3 chunks
      Then Bob receives "One text, although in pieces" in one piece

    @TC-M2S-04-02
    Scenario: Alice's client breaks a message off
      When Alice begins to send Bob a long message, and breaks off
      Then Bob is sent no short message for it

    @TC-M2S-04-03 @control
    Scenario: Alice's client breaks nothing off
      When Alice sends Bob the message "This may be said" in 2 chunks
      Then Bob receives "This may be said" in one piece

  # RFC 4975 section 5.4
  @M2S-09
  Rule: An empty message becomes no short message

    @TC-M2S-09-01
    Scenario: Alice's client sends an empty message
      When Alice sends Bob an empty message
      Then Bob is sent no short message for it
      And it is acknowledged

    @TC-M2S-09-02 @control
    Scenario: Alice's client sends a message of one character
      When Alice sends Bob the message "."
      Then Bob receives "." once

  # RFC 3994
  @M2S-10
  Rule: A composing indication becomes no short message

    @TC-M2S-10-01
    Scenario Outline: Alice is writing, and her client says so <form>
      When Alice's client tells Bob <form> that she is writing
      Then Bob is sent no short message for it
      And it is acknowledged

      Examples:
        | form                |
        | within message/cpim |
        | without wrapping    |

    @TC-M2S-10-02 @control
    Scenario: Alice has written
      When Alice sends Bob the message "Written"
      Then Bob receives "Written" once

  @M2S-11
  Rule: Content that is no text is not converted, and Alice is told so

    @TC-M2S-11-01
    Scenario Outline: Alice sends content of the type <type> <form>
      When Alice sends Bob content of the type <type> <form>
      Then Bob is sent no short message for it
      And Alice is told that it is not delivered

      Examples:
        | type              | form                |
        | "image/png"       | within message/cpim |
        | "image/jpeg"      | without wrapping    |
        | "text/html"       | within message/cpim |
        | "application/pdf" | without wrapping    |

    @TC-M2S-11-02 @control
    Scenario: Alice sends text
      When Alice sends Bob the message "Text"
      Then Bob receives "Text" once
