Feature: What the service centre reports, and what the CPM user learns of it
  The status of a short message is a value of TP-ST. A message may have several parts, and many
  messages may wait for their reports at once.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And the service centre has yet to report on short messages to Bob
    And Alice has a chat session with Bob

  # 3GPP TS 23.040 clause 9.2.3.15
  @DR-11
  Rule: TP-ST decides whether the CPM user is told of a delivery, of a failure, or nothing yet

    @TC-DR-11-01
    Scenario Outline: The service centre reports <meaning>, <status>
      Given Alice has sent Bob the message "What of it?" asking for reports of every kind
      When the service centre reports status <status>
      Then Alice is told of "What of it?" what status <status> means

      Examples:
        | status | meaning                     |
        | 00     | received                    |
        | 01     | forwarded, not confirmed    |
        | 20     | still trying                |
        | 42     | rejected                    |
        | 45     | not obtainable              |
        | 46     | validity period expired     |
        | 48     | deleted                     |

    @TC-DR-11-02
    Scenario Outline: The service centre reports a status of its own: <meaning>, <status>
      Given Alice has sent Bob the message "What of it?" asking for reports of every kind
      When the service centre reports status <status>
      Then Alice is told of "What of it?" what status <status> means

      Examples:
        | status | meaning                                |
        | 02     | replaced by the service centre         |
        | 03     | reserved                               |
        | 1F     | specific to the service centre         |
        | 21     | recipient busy, still trying           |
        | 3F     | specific, still trying                 |
        | 40     | remote procedure error                 |
        | 49     | does not exist                         |
        | 5F     | specific, permanent                    |
        | 60     | congestion, given up                   |
        | 62     | no response from recipient, given up   |
        | 7F     | specific, given up                     |
        | 80     | reserved                               |
        | FF     | reserved                               |

    @TC-DR-11-03
    Scenario: The service centre reports every value once
      Given Alice has sent Bob 256 messages asking for success and failure reports
      When the service centre reports every value of the status once
      Then Alice is told of each message what its status means

    @TC-DR-11-04
    Scenario: The service centre goes on trying and succeeds
      Given Alice has sent Bob the message "Patience" asking for reports of every kind
      When the service centre reports status 20 and then 00
      Then Alice is told of "Patience" what status 00 means

  @DR-12
  Rule: A status report is matched to its message, also after the message reference has wrapped

    @TC-DR-12-01
    Scenario: Alice's messages are reported on in another order
      Given Alice has sent Bob 3 messages asking for success and failure reports
      When the service centre reports on them from the last to the first
      Then Alice is told of each message what its status means

    @TC-DR-12-02
    Scenario: Alice sends more messages than there are references
      Given Alice has sent Bob 150 messages asking for success and failure reports
      And the service centre has reported on them from the last to the first
      And Alice has sent Bob 150 messages asking for success and failure reports
      When the service centre reports on them from the last to the first
      Then Alice is told of each message what its status means

  @DR-13
  Rule: A message of several parts is delivered when every part is, and failed when one has failed

    @TC-DR-13-01
    Scenario Outline: The service centre reports <first>, <second> and <third> on the parts
      Given Alice has sent Bob a message of three parts asking for <wish>
      When the service centre reports status <first>, <second> and <third> on its parts
      Then Alice is told once that the message of three parts was <outcome>

      Examples:
        | wish                               | outcome       | first | second | third |
        | a success report                   | delivered     | 00    | 00     | 00    |
        | a delivery notification            | delivered     | 00    | 00     | 00    |
        | success and failure reports        | not delivered | 00    | 46     | 00    |
        | delivery and failure notifications | not delivered | 46    | 00     | 48    |

    @TC-DR-13-02
    Scenario: Nobody knows whether one part has arrived
      Given Alice has sent Bob a message of three parts asking for reports of every kind
      When the service centre reports status 00, 01 and 00 on its parts
      Then Alice is told nothing of the message of three parts

    @TC-DR-13-03 @control
    Scenario: The last part arrives, too
      Given Alice has sent Bob a message of three parts asking for reports of every kind
      When the service centre reports status 00, 00 and 00 on its parts
      Then Alice is told once that the message of three parts was delivered
