Feature: One by one, the conditions of barring rules
  Each condition of the service configuration in a communication where it holds and in one
  where it does not.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-19
  Rule: A rule bars exactly where its condition holds

    @TC-CB-19-01 @control
    Scenario Outline: Alice calls Bob <manner>, who has a rule for <condition> <value>
      Given incoming communications to Bob are barred when
        | <condition> | <value> |
      When Alice calls Bob <manner>
      Then the communication <fate>

      Examples:
        | condition        | value            | manner     | fate        |
        | rule-deactivated |                  | by name    | reaches Bob |
        | other-identity   |                  | by name    | is barred   |
        | anonymous        |                  | by name    | reaches Bob |
        | request-name     | INVITE           | by name    | is barred   |
        | request-name     | MESSAGE          | by name    | reaches Bob |
        | validity         | now              | by name    | is barred   |
        | validity         | in an hour       | by name    | reaches Bob |
        | validity         | until just now   | by name    | reaches Bob |
        | validity         | then or now      | by name    | is barred   |
        | sphere           | work             | by name    | reaches Bob |
        | media            | audio            | by name    | is barred   |
        | media            | video            | by name    | reaches Bob |
        | media            | video            | with video | is barred   |
        | roaming          |                  | by name    | reaches Bob |
        | an-extension     |                  | by name    | reaches Bob |

    @TC-CB-19-02 @control
    Scenario Outline: <caller> calls Bob, who allows Carol and bars other identities
      Given incoming communications to Bob are allowed from Carol
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

    @TC-CB-19-05 @control
    Scenario: Alice sends a message to Bob, who bars calls
      Given incoming communications to Bob are barred when
        | request-name | INVITE |
      When Alice sends Bob an instant message
      Then the communication reaches Bob
