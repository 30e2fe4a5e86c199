Feature: Rules that do not match, and rules with several conditions
  The results of all rules that match are combined. A rule matches when all of its conditions
  hold; without a matching rule the communication continues.

  Background:
    Given Alice, Bob, Carol and Dave are MMTel users

  # 3GPP TS 24.611 clause 4.9.1.2
  @CB-14
  Rule: Without a matching rule the communication continues

    @TC-CB-14-01
    Scenario: Alice calls Bob, who bars Carol and Dave
      Given incoming communications to Bob are barred from Carol
      And incoming communications to Bob are barred from Dave
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-14-02
    Scenario: Carol calls Bob, who bars Carol and Dave
      Given incoming communications to Bob are barred from Carol
      And incoming communications to Bob are barred from Dave
      When Carol calls Bob
      Then the communication is barred

    @TC-CB-14-03 @control
    Scenario: Carol calls Bob, who has no rules
      When Carol calls Bob
      Then the communication reaches Bob

  # RFC 4745 section 10.2 would not grant it, 3GPP TS 24.611 clause 4.9.1.2 does
  @CB-15
  Rule: What no rule grants is not barred for that

    @TC-CB-15-01
    Scenario: Alice, who may not call Carol nor Dave, calls Bob
      Given outgoing communications of Alice are barred to Carol
      And outgoing communications of Alice are barred to Dave
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-15-02
    Scenario: Alice, who may not call Carol nor Dave, calls Carol
      Given outgoing communications of Alice are barred to Carol
      And outgoing communications of Alice are barred to Dave
      When Alice calls Carol
      Then the communication is barred

    @TC-CB-15-03 @control
    Scenario: Alice, who has no rules, calls Carol
      When Alice calls Carol
      Then the communication reaches Carol

  # RFC 4745 section 7, 3GPP TS 24.611 clause 4.9.1.4
  @CB-16
  Rule: All conditions of a rule have to hold

    @TC-CB-16-01
    Scenario: Alice, whom Bob bars when she is anonymous, calls anonymously
      Given incoming communications to Bob are barred when
        | identity  | Alice |
        | anonymous |       |
      When Alice calls Bob anonymously
      Then the communication is barred

    @TC-CB-16-02
    Scenario Outline: <caller> calls Bob <manner>, who bars Alice when she is anonymous
      Given incoming communications to Bob are barred when
        | identity  | Alice |
        | anonymous |       |
      When <caller> calls Bob <manner>
      Then the communication reaches Bob

      Examples:
        | caller | manner      |
        | Alice  | by name     |
        | Carol  | anonymously |

    @TC-CB-16-03 @control
    Scenario: Alice calls Bob anonymously, who has no rules
      When Alice calls Bob anonymously
      Then the communication reaches Bob
