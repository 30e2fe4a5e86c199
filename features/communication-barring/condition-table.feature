Feature: One by one, the conditions of barring rules
  Each condition of the service configuration in a communication where it holds and in one
  where it does not.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-19
  Rule: A rule bars exactly where its condition holds

    @TC-CB-19-01
    Scenario Outline: Alice calls Bob, who has a rule for <condition> <value>
      Given incoming communications to Bob are barred when
        | <condition> | <value> |
      When Alice calls Bob
      Then the communication <fate>

      Examples:
        | condition        | value            | fate        |
        | rule-deactivated |                  | reaches Bob |
        | other-identity   |                  | is barred   |
        | anonymous        |                  | reaches Bob |
        | request-name     | INVITE           | is barred   |
        | request-name     | MESSAGE          | reaches Bob |
        | validity         | now              | is barred   |
        | validity         | in an hour       | reaches Bob |
        | validity         | until just now   | reaches Bob |
        | validity         | then or now      | is barred   |
        | sphere           | work             | reaches Bob |
        | media            | audio            | is barred   |
        | media            | video            | reaches Bob |
        | roaming          |                  | reaches Bob |

    @TC-CB-19-02
    Scenario Outline: <caller> calls Bob, who allows Carol's messages and bars other identities
      Given incoming communications to Bob are allowed when
        | identity     | Carol   |
        | request-name | MESSAGE |
      And incoming communications to Bob are barred when
        | other-identity | |
      When <caller> calls Bob
      Then the communication <fate>

      Examples:
        | caller | fate        |
        | Alice  | is barred   |
        | Carol  | reaches Bob |

    @TC-CB-19-03
    Scenario: Alice calls Bob, who is in another country and bars communications there
      Given Bob is in a network of another country
      And incoming communications to Bob are barred when
        | roaming | |
      When Alice calls Bob
      Then the communication is barred

    @TC-CB-19-04
    Scenario: Alice sends a message to Bob, who bars messages
      Given incoming communications to Bob are barred when
        | request-name | MESSAGE |
      When Alice sends Bob an instant message
      Then the communication is barred

    @TC-CB-19-05
    Scenario: Alice sends a message to Bob, who bars calls
      Given incoming communications to Bob are barred when
        | request-name | INVITE |
      When Alice sends Bob an instant message
      Then the communication reaches Bob

    @TC-CB-19-07
    Scenario: Alice calls Bob with video, who bars video
      Given incoming communications to Bob are barred when
        | media | video |
      When Alice calls Bob with video
      Then the communication is barred

    @TC-CB-19-09 @control
    Scenario: Alice calls Bob, who has no rules
      When Alice calls Bob
      Then the communication reaches Bob
