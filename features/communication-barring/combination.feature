Feature: Rules that do not match, and rules with several conditions
  The results of all rules that match are combined. A rule matches when all of its conditions
  hold; without a matching rule the communication continues.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clause 4.9.1.2
  @CB-14
  Rule: Without a matching rule the communication continues

    @TC-CB-14-01 @control
    Scenario: Alice calls Bob, who bars Carol
      Given incoming communications to Bob are barred from Carol
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-14-02
    Scenario: Carol calls Bob, who bars Carol
      Given incoming communications to Bob are barred from Carol
      When Carol calls Bob
      Then the communication is barred

  # RFC 4745 section 10.2 would not grant it, 3GPP TS 24.611 clause 4.9.1.2 does
  @CB-15
  Rule: What no rule grants is not barred for that

    @TC-CB-15-01 @control
    Scenario: Alice, who may not call Carol, calls Bob
      Given outgoing communications of Alice are barred to Carol
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-15-02
    Scenario: Alice, who may not call Carol, calls Carol
      Given outgoing communications of Alice are barred to Carol
      When Alice calls Carol
      Then the communication is barred

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

    @TC-CB-16-02 @control
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
