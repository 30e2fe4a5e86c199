Feature: Delivery notifications for pager-mode messages
  A CPM user can ask in a pager message for a delivery notification. A status report from the
  service centre becomes a message to her that carries it.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And the service centre has yet to report on short messages to Bob

  # 3GPP TS 23.204 clause 6.10 step 1 and NOTE 1
  @DR-01
  Rule: A pager message may ask for a delivery notification

    @TC-DR-01-01
    Scenario Outline: Alice asks for <wish>
      When Alice sends Bob the pager message "Tell me" asking for <wish>
      Then the short message to Bob requests a status report

      Examples:
        | wish                               |
        | a delivery notification            |
        | delivery and failure notifications |

  # 3GPP TS 23.204 clause 6.10 NOTE 1
  @DR-02
  Rule: A request for a display notification is ignored

    @TC-DR-02-01
    Scenario: Alice asks for a display notification only
      When Alice sends Bob the pager message "Do look" asking for a display notification
      Then the short message to Bob requests no status report

    @TC-DR-02-02
    Scenario: Alice asks for delivery and display notifications
      Given Alice has sent Bob the pager message "Do look" asking for every notification
      When the service centre reports status 00
      Then Alice is never told that "Do look" was displayed

    @TC-DR-02-03 @control
    Scenario: Bob's handset receives the message with a request for both notifications
      Given Alice has sent Bob the pager message "Do look" asking for every notification
      When the service centre reports status 00
      Then Alice is told that "Do look" was delivered

  # 3GPP TS 23.204 clause 6.10 steps 2 to 5
  @DR-03
  Rule: A status report becomes a message with a delivery notification

    @TC-DR-03-01
    Scenario: Bob's handset receives the message
      Given Alice has sent Bob the pager message "Is it there?" asking for a delivery notification
      When the service centre reports status 00
      Then Alice receives one SIP MESSAGE that notifies her of a delivery

  # 3GPP TS 23.204 clause 6.10
  @DR-04
  Rule: The notification names the message it is about

    @TC-DR-04-01
    Scenario: Bob's handset receives the message
      Given Alice has sent Bob the pager message "Is it there?" asking for a delivery notification
      When the service centre reports status 00
      Then the notification to Alice names the message "Is it there?"

    @TC-DR-04-02
    Scenario: Bob's handset receives the first of two messages
      Given Alice has sent Bob the pager message "The first" asking for a delivery notification
      And Alice has sent Bob the pager message "The second" asking for a delivery notification
      When the service centre reports status 00 on the first of them
      Then the notification to Alice names the message "The first"

  # 3GPP TS 23.204 clause 6.10 NOTE 3
  @DR-05
  Rule: The status report is optional

    @TC-DR-05-01
    Scenario: The service centre reports nothing
      Given the time to wait for status reports is short
      When Alice sends Bob the pager message "Anything?" asking for every notification
      Then Alice is told nothing of "Anything?"

    @TC-DR-05-02 @control
    Scenario: The service centre reports in time
      Given the time to wait for status reports is short
      And Alice has sent Bob the pager message "Anything?" asking for a delivery notification
      When the service centre reports status 00
      Then Alice is told that "Anything?" was delivered

    @TC-DR-05-03 @derived
    Scenario: The service centre reports when nobody waits any more
      Given the time to wait for status reports is short
      And Alice has sent Bob the pager message "Anything?" asking for a delivery notification
      When the service centre reports status 00 too late
      Then Alice is told nothing of "Anything?"
