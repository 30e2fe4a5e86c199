Feature: Chat messages on their way to the SMS user
  Each chat message is answered as its sender wants, keeps its place in the order, and is
  accounted for where it fails.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And Alice has a chat session with Bob
    And Bob has received Alice's message "Hello"

  # RFC 4975 sections 7.1.2 and 7.2
  @M2S-08
  Rule: Whether a chat message is answered follows its Failure-Report

    @TC-M2S-08-01
    Scenario Outline: Alice's message says Failure-Report <value>
      When Alice sends Bob the message "Please answer" with Failure-Report <value>
      Then it is acknowledged

      Examples:
        | value    |
        | "yes"    |
        | "absent" |

    @TC-M2S-08-02
    Scenario Outline: Alice's message says Failure-Report <value>, and is good
      When Alice sends Bob the message "No answer" with Failure-Report <value>
      Then it is not answered

      Examples:
        | value     |
        | "no"      |
        | "partial" |

    @TC-M2S-08-03
    Scenario: Alice's message says Failure-Report partial, and is no text
      When Alice sends Bob an image with Failure-Report "partial"
      Then Alice is told that it is not delivered

    @TC-M2S-08-04 @control
    Scenario: Alice's message says Failure-Report yes, and is answered
      When Alice sends Bob the message "Answer" with Failure-Report "yes"
      Then it is acknowledged

  @M2S-12
  Rule: Chat messages keep their order

    @TC-M2S-12-01
    Scenario: Alice sends twenty messages without a pause
      When Alice sends Bob 20 messages at once
      Then Bob receives the 20 messages in the order they were sent

  @M2S-13
  Rule: A message that the service centre refuses is reported, and the session goes on

    @TC-M2S-13-01
    Scenario: The service centre refuses a message of which Alice wants a REPORT
      Given the service centre refuses short messages to Bob
      When Alice sends Bob the message "Lost" with Failure-Report "yes"
      Then Alice is told that it is not delivered

    @TC-M2S-13-02
    Scenario: The service centre refuses a message of which Alice wants a notification
      Given the service centre refuses short messages to Bob
      When Alice sends Bob the message "Lost", to be notified if it fails
      Then Alice is notified that it is not delivered

    @TC-M2S-13-03
    Scenario: Alice writes again after a message was refused
      Given the service centre has refused Alice's message "Lost" to Bob
      When Alice sends Bob the message "Found"
      Then Bob receives "Found" once
