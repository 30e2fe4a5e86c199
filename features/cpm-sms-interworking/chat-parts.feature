Feature: Short messages in parts on their way into a chat session
  A long short message comes in parts, in any order, and sometimes not all of them. Into the
  chat goes the whole text or nothing.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.040 clauses 9.2.3.24.1 and 9.2.3.24.8
  @S2M-06
  Rule: A concatenated short message is put together first

    @TC-S2M-06-01
    Scenario Outline: The parts of Bob's long message come <order>
      Given Alice has a chat session with Bob
      When Bob answers with a long message whose parts come <order>
      Then that long message reaches Alice in one piece

      Examples:
        | order                     |
        | in order                  |
        | in another order          |
        | twice each                |
        | under a 16-bit reference  |

  @S2M-07
  Rule: A message that lacks a part is not sent as if it were whole

    @TC-S2M-07-01
    Scenario: A part of Bob's long message is lost
      Given the time for putting parts together is short
      And Alice has a chat session with Bob
      When Bob answers with a long message of which a part is lost
      Then nothing of it reaches Alice, also when that time has passed

    @TC-S2M-07-02 @control
    Scenario: No part of Bob's long message is lost
      Given the time for putting parts together is short
      And Alice has a chat session with Bob
      When Bob answers with a long message whose parts come in order
      Then that long message reaches Alice in one piece
