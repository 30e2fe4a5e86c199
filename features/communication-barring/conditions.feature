Feature: The conditions of barring rules
  The complete set of conditions and their semantics is that of the service configuration; a
  condition holds or does not, and a rule is carried out where all of its conditions hold.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clause 4.2.1
  @CB-07
  Rule: Forwarded communications can be barred by their history

    @TC-CB-07-01
    Scenario: A communication that was diverted to Bob comes in
      Given incoming communications to Bob are barred when
        | communication-diverted | |
      When Alice calls Bob with a history of diversion
      Then the communication is barred

    @TC-CB-07-02 @control
    Scenario Outline: Alice calls Bob <manner>, who bars diverted communications
      Given incoming communications to Bob are barred when
        | communication-diverted | |
      When Alice calls Bob <manner>
      Then the communication reaches Bob

      Examples:
        | manner                           |
        | by name                          |
        | with a history without diversion |

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-17
  Rule: A presence status holds while the called user's current activity equals it

    @TC-CB-17-01
    Scenario: Alice calls Bob, who is in a meeting and bars communications during meetings
      Given incoming communications to Bob are barred when
        | presence-status | meeting |
      And Bob has published that he is in a meeting
      When Alice calls Bob
      Then the communication is barred

    @TC-CB-17-02 @control
    Scenario: Alice calls Bob, who was in a meeting and is not any more
      Given incoming communications to Bob are barred when
        | presence-status | meeting |
      And Bob has published that he is in a meeting
      And Bob has published that he is in no meeting any more
      When Alice calls Bob
      Then the communication reaches Bob

  # RFC 4745 section 7.1, 3GPP TS 24.611 clause 4.9.1.4
  @CB-18
  Rule: An identity is the caller of incoming and the target of outgoing communications

    @TC-CB-18-01
    Scenario Outline: <caller> calls Bob, who bars <who>
      Given incoming communications to Bob are barred from <who>
      When <caller> calls Bob
      Then the communication <fate>

      Examples:
        | caller | who                                     | fate        |
        | Alice  | Alice                                   | is barred   |
        | Carol  | Alice                                   | reaches Bob |
        | Alice  | everybody                               | is barred   |
        | Alice  | everybody of the home domain            | is barred   |
        | Alice  | everybody of another domain             | reaches Bob |
        | Alice  | everybody of the home domain but Carol  | is barred   |
        | Carol  | everybody of the home domain but Carol  | reaches Bob |

    @TC-CB-18-02
    Scenario Outline: Alice, who may not call <whom>, calls <callee>
      Given outgoing communications of Alice are barred to <whom>
      When Alice calls <callee>
      Then the communication <fate>

      Examples:
        | whom                                 | callee | fate          |
        | Bob                                  | Bob    | is barred     |
        | Bob                                  | Carol  | reaches Carol |
        | everybody of the home domain but Bob | Carol  | is barred     |
        | everybody of the home domain but Bob | Bob    | reaches Bob   |

    @TC-CB-18-03 @control
    Scenario: Alice calls Bob, and neither has rules
      When Alice calls Bob
      Then the communication reaches Bob
