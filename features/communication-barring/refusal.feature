Feature: How a communication is refused, and how it passes
  The application server that executes the barring stands in the path of every communication.
  What it bars it declines, with or without an announcement; what it does not bar it passes on.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # 3GPP TS 24.611 clause 4.5.2.4.1, 3GPP TS 24.229 clauses 5.7.4 and 5.7.5
  @CB-08
  Rule: At the originating side what is not barred passes as through a proxy or a routeing B2BUA

    @TC-CB-08-01
    Scenario: Alice, who may not call with video, calls Bob
      Given outgoing communications of Alice are barred when
        | media | video |
      When Alice calls Bob
      Then the communication reaches Bob unchanged

  # 3GPP TS 24.611 clause 4.5.2.6.1
  @CB-09
  Rule: At the terminating side what is not barred passes as through a proxy or a routeing B2BUA

    @TC-CB-09-01
    Scenario: Alice calls Bob, who bars video
      Given incoming communications to Bob are barred when
        | media | video |
      When Alice calls Bob
      Then the communication reaches Bob unchanged

  # 3GPP TS 24.611 clauses 4.5.2.4.1 and 4.5.2.6.1
  @CB-10
  Rule: A barred communication is declined

    @TC-CB-10-01
    Scenario: Alice calls Bob, whose incoming communications are all barred
      Given incoming communications to Bob are always barred
      When Alice calls Bob
      Then the communication is declined

    @TC-CB-10-02
    Scenario: Alice, whose outgoing communications are all barred, calls Bob
      Given outgoing communications of Alice are always barred
      When Alice calls Bob
      Then the communication is declined

    @TC-CB-10-03 @control
    Scenario: Carol calls Bob, who has no rules
      When Carol calls Bob
      Then the communication reaches Bob

  # 3GPP TS 29.165 clauses 12.10.1 and 12.10.2
  @CB-11
  Rule: A reason that is given is that of the refusal

    @TC-CB-11-01
    Scenario: Alice calls Bob, whose incoming communications are all barred
      Given incoming communications to Bob are always barred
      When Alice calls Bob
      Then the reason that is given is that of the refusal

    @TC-CB-11-02 @control
    Scenario: Carol calls Bob, who has no rules
      When Carol calls Bob
      Then the communication reaches Bob

    @TC-CB-11-03
    Scenario Outline: Bob's communications are refused by <form>
      Given incoming communications to Bob are always barred
      And refusals for Bob are made by <form>
      When Alice calls Bob
      Then the reason that is given is that of the refusal

      Examples:
        | form                             |
        | a response that gives its reason |
        | an announcement and a response   |
        | an announcement after an answer  |

  # 3GPP TS 24.611 clause 4.5.2, 3GPP TS 24.628
  @CB-12
  Rule: An announcement may be played, and the communication ends after it

    @TC-CB-12-01
    Scenario Outline: Bob's communications are refused by <form>
      Given incoming communications to Bob are always barred
      And refusals for Bob are made by <form>
      When Alice calls Bob
      Then the communication ends after the announcement

      Examples:
        | form                               |
        | an announcement and a response     |
        | an announcement after an answer    |

    @TC-CB-12-02 @control
    Scenario: Carol calls Bob, who has no rules
      When Carol calls Bob
      Then the communication reaches Bob
