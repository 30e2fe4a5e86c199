Feature: Barring of international communications
  A communication is international if the called number is of another country than the one the
  originator is in. The home country can be excepted.

  Background:
    Given Alice and Carol are MMTel users
    And Bob has a number of another country

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-19
  Rule: International is what leaves the country where the caller is

    @TC-CB-19-06
    Scenario Outline: Alice, who is <where>, bars international communications and calls <callee>
      Given Alice is <where>
      And outgoing communications of Alice are barred when
        | international | |
      When Alice calls <callee> by number
      Then the communication <fate>

      Examples:
        | where                           | callee | fate          |
        | in the home network             | Bob    | is barred     |
        | in the home network             | Carol  | reaches Carol |
        | in a network of another country | Carol  | is barred     |

    @TC-CB-19-08
    Scenario Outline: Alice, who is <where>, excepts the home country and calls <callee>
      Given Alice is <where>
      And outgoing communications of Alice are barred when
        | international-exHC | |
      When Alice calls <callee> by number
      Then the communication <fate>

      Examples:
        | where                           | callee | fate          |
        | in a network of another country | Carol  | reaches Carol |
        | in a network of another country | Bob    | is barred     |
        | in the home network             | Bob    | is barred     |

    @TC-CB-19-10 @control
    Scenario: Alice, who has no rules, calls Bob in another country
      When Alice calls Bob by number
      Then the communication reaches Bob
