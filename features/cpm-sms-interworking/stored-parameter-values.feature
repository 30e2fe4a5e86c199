Feature: Values of CPM parameters, and how long they are kept
  What is kept comes back as it was, to the message it belongs to, and not for ever.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @PAR-06
  Rule: Kept values are opaque and come back octet by octet

    @TC-PAR-06-01
    Scenario Outline: Alice's client uses identifiers like <form>
      Given Alice has sent Bob the pager message "Ping" with identifiers like <form>
      When Bob answers "Pong"
      Then "Pong" brings the identifiers of "Ping" back octet by octet

      Examples:
        | form                                         |
        | "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"       |
        | "9E107D9D372BB6826BD81D3542A419D6"           |
        | "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"   |
        | "aZ09bY18cX27dW36"                           |

  @PAR-10
  Rule: Nothing is invented to reply to, and a first contact gets identifiers of its own

    @TC-PAR-10-01
    Scenario: Alice's message has no identifiers
      When Alice sends Bob the pager message "Just a text" without CPM parameters
      Then the pager message of Alice is taken

    @TC-PAR-10-02
    Scenario: Bob answers a message without identifiers
      Given Alice has sent Bob the pager message "Just a text" without CPM parameters
      When Bob answers "Just an answer"
      Then "Just an answer" reaches Alice with identifiers of its own and replies to none

    @TC-PAR-10-03
    Scenario: Bob writes first
      When Bob sends Alice the short message "Hello, this is Bob"
      Then "Hello, this is Bob" reaches Alice with identifiers of its own and replies to none

    @TC-PAR-10-04 @control
    Scenario: Alice's message without identifiers is passed on
      When Alice sends Bob the pager message "Just a text" without CPM parameters
      Then Bob receives "Just a text" once

  @PAR-11
  Rule: Kept parameters outlive the last message for a configured time, and no longer

    @TC-PAR-11-01
    Scenario: Bob answers before that time has passed
      Given the time for which parameters are kept is short
      And Alice has sent Bob the pager message "Take your time"
      When Bob answers "In time" before that time has passed
      Then "In time" still belongs to the conversation of "Take your time"

    @TC-PAR-11-02
    Scenario: Bob answers after that time
      Given the time for which parameters are kept is short
      And Alice has sent Bob the pager message "Take your time"
      When Bob answers "Too late" after that time
      Then "Too late" no longer belongs to the conversation of "Take your time"

  @PAR-12
  Rule: A non-CPM service identifier comes back unchanged

    @TC-PAR-12-01
    Scenario: Alice's message names a service that is not CPM
      Given Alice has sent Bob the pager message "By what?" with a non-CPM service identifier
      When Bob answers "By SMS"
      Then "By SMS" brings the non-CPM service identifier of "By what?" back

  @PAR-09
  Rule: A notification carries the parameters of the message it is about, or none

    @TC-PAR-09-01
    Scenario: Alice is notified of the delivery
      When Alice sends Bob the pager message "Come home" asking for a delivery notification
      Then the notification to Alice carries no other parameters than "Come home"
