Feature: Delivery reports that nobody has asked for
  A CPM user is told of a failure only if she asked to be told of failures.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And the service centre has yet to report on short messages to Bob

  @DR-14
  Rule: A negative notification is sent only if it was asked for

    @TC-DR-14-01
    Scenario Outline: A chat message with <wish> expires
      Given Alice has a chat session with Bob
      And Alice has sent Bob the message "Good news only" asking for <wish>
      When the service centre reports status 46
      Then Alice is told nothing of "Good news only"

      Examples:
        | wish                    |
        | a success report        |
        | a delivery notification |

    @TC-DR-14-02
    Scenario: A pager message with a delivery notification expires
      Given Alice has sent Bob the pager message "Good news only" asking for a delivery notification
      When the service centre reports status 46
      Then Alice is told nothing of "Good news only"

    @TC-DR-14-03 @control
    Scenario Outline: A chat message with <wish> expires
      Given Alice has a chat session with Bob
      And Alice has sent Bob the message "Bad news, too" asking for <wish>
      When the service centre reports status 46
      Then Alice is told that "Bad news, too" was not delivered

      Examples:
        | wish                               |
        | success and failure reports        |
        | a failure notification             |

    @TC-DR-14-04 @control
    Scenario: A pager message with a failure notification expires
      Given Alice has sent Bob the pager message "Bad news, too" asking for a failure notification
      When the service centre reports status 46
      Then Alice is told that "Bad news, too" was not delivered
