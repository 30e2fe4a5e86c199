Feature: The characters of a chat message in short messages
  A chat message is UTF-8 of any length. A short message is 140 octets of the GSM 7-bit default
  alphabet or of UCS2; what does not fit is sent as parts that the handset puts together.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob
    And Bob has received Alice's message "Hello"

  # 3GPP TS 23.038 clauses 4 and 6.2.1
  @M2S-05
  Rule: The GSM alphabet is used where it suffices, UCS2 otherwise

    @TC-M2S-05-01
    Scenario Outline: Alice writes <text>
      When Alice sends Bob the message <text>
      Then Bob receives <text> in <coding>

      Examples:
        | text                     | coding                          |
        | "Who @ $ £ ¥ 5? é è ù Ω" | the GSM 7-bit default alphabet  |
        | "{a} ~ b^2 \| c€"        | the GSM 7-bit default alphabet  |
        | "ÀÉÎ, ça va?"            | UCS2                            |
        | "Привет"                 | UCS2                            |
        | "你好"                   | UCS2                            |
        | "🙂👍🏽"                   | UCS2                            |

  # 3GPP TS 23.040 clause 9.2.3.24.1
  @M2S-06
  Rule: A text longer than one short message is sent concatenated

    @TC-M2S-06-01
    Scenario Outline: Alice writes <length> characters of <alphabet>
      When Alice sends Bob <length> characters of <alphabet>
      Then Bob receives that text in as few parts as it needs

      Examples:
        | length | alphabet         |
        | 160    | the GSM alphabet |
        | 161    | the GSM alphabet |
        | 306    | the GSM alphabet |
        | 307    | the GSM alphabet |
        | 1377   | the GSM alphabet |
        | 70     | Cyrillic         |
        | 71     | Cyrillic         |
        | 134    | Cyrillic         |
        | 135    | Cyrillic         |
        | 603    | Cyrillic         |

  @M2S-07
  Rule: No character is split between two parts

    @TC-M2S-07-01
    Scenario Outline: Alice writes <character> after <offset> characters of <alphabet>
      When Alice sends Bob <character> after <offset> characters of <alphabet>
      Then every part that Bob receives is text by itself

      Examples: an escape sequence at the limits of 153 and of 152 septets
        | character | offset | alphabet         |
        | "€"       | 150    | the GSM alphabet |
        | "€"       | 151    | the GSM alphabet |
        | "€"       | 152    | the GSM alphabet |
        | "€"       | 153    | the GSM alphabet |
        | "€"       | 303    | the GSM alphabet |
        | "€"       | 304    | the GSM alphabet |
        | "€"       | 305    | the GSM alphabet |

      Examples: a surrogate pair at the limits of 67 and of 66 units
        | character | offset | alphabet |
        | "🙂"      | 64     | Cyrillic |
        | "🙂"      | 65     | Cyrillic |
        | "🙂"      | 66     | Cyrillic |
        | "🙂"      | 67     | Cyrillic |
        | "🙂"      | 131    | Cyrillic |
        | "🙂"      | 132    | Cyrillic |
        | "🙂"      | 133    | Cyrillic |
