Feature: Barring programmes as rules
  A barring program is expressed as a set of rules in which the rules have a conditional part
  and an action part. Incoming communications are barred on behalf of the terminating user,
  outgoing ones on behalf of the originating user.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clauses 4.1 and 4.2.1
  @CB-01
  Rule: Incoming communications that satisfy a rule are rejected on behalf of the called user

    @TC-CB-01-01
    Scenario: Alice calls Bob, whose incoming communications are all barred
      Given incoming communications to Bob are always barred
      When Alice calls Bob
      Then the communication is barred

    @TC-CB-01-02
    Scenario: Bob hears nothing of a communication that is barred
      Given incoming communications to Bob are always barred
      When Alice calls Bob
      Then Bob gets no call

    @TC-CB-01-03 @control @smoke
    Scenario: Alice calls Bob, for whom nothing is barred
      When Alice calls Bob
      Then the communication reaches Bob

  # 3GPP TS 24.611 clauses 4.1 and 4.2.1
  @CB-02
  Rule: Outgoing communications that satisfy a rule are rejected on behalf of the calling user

    @TC-CB-02-01
    Scenario: Alice, whose outgoing communications are all barred, calls Bob
      Given outgoing communications of Alice are always barred
      When Alice calls Bob
      Then the communication is barred

    @TC-CB-02-02
    Scenario: Bob hears nothing of a communication that is barred for Alice
      Given outgoing communications of Alice are always barred
      When Alice calls Bob
      Then Bob gets no call

    @TC-CB-02-03 @control
    Scenario: Carol, for whom nothing is barred, calls Bob
      Given outgoing communications of Alice are always barred
      When Carol calls Bob
      Then the communication reaches Bob

  # 3GPP TS 24.611 clause 4.9.1.2
  @CB-13
  Rule: Of the rules that match, any that allows lets the communication through

    @TC-CB-13-01
    Scenario Outline: <caller> calls Bob, who allows Alice first and bars everybody after that
      Given incoming communications to Bob are allowed from Alice
      And incoming communications to Bob are always barred
      When <caller> calls Bob
      Then the communication <fate>

      Examples:
        | caller | fate        |
        | Alice  | reaches Bob |
        | Carol  | is barred   |

    @TC-CB-13-02
    Scenario Outline: <caller> calls Bob, who bars everybody first and allows Alice after that
      Given incoming communications to Bob are always barred
      And incoming communications to Bob are allowed from Alice
      When <caller> calls Bob
      Then the communication <fate>

      Examples:
        | caller | fate        |
        | Alice  | reaches Bob |
        | Carol  | is barred   |

    @TC-CB-13-03 @control
    Scenario: Carol calls Bob, who has no rules
      When Carol calls Bob
      Then the communication reaches Bob
