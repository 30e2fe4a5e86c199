Feature: Barring of international communications
  A communication is international if the called number is of another country than the one the
  originator is in. The home country can be excepted.

  Background:
    Given Alice and Carol are MMTel users
    And Bob has a number of another country

  # 3GPP TS 24.611 clause 4.9.1.4
  @CB-19
  Rule: International is what leaves the country where the caller is

    @TC-CB-19-06 @control
    Scenario Outline: Alice, who is <where>, calls <callee> and bars <condition>
      Given Alice is <where>
      And outgoing communications of Alice are barred when
        | <condition> | |
      When Alice calls <callee> by number
      Then the communication <fate>

      Examples:
        | condition          | where                           | callee | fate          |
        | international      | in the home network             | Bob    | is barred     |
        | international      | in the home network             | Carol  | reaches Carol |
        | international      | in a network of another country | Carol  | is barred     |
        | international-exHC | in a network of another country | Carol  | reaches Carol |
        | international-exHC | in a network of another country | Bob    | is barred     |
        | international-exHC | in the home network             | Bob    | is barred     |
