Feature: Failures and senders of short messages to a CPM user
  A short message fails as its SIP MESSAGE does, and says who has sent it.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @PGT-06
  Rule: A short message fails as the CPM user's side fails

    @TC-PGT-06-01
    Scenario Outline: Alice's side answers <status>
      Given Alice's client answers messages with <status>
      When Bob sends Alice the short message "Anybody there?"
      Then the short message of Bob fails because of <failure>

      Examples:
        | status | failure              |
        | 404    | an absent subscriber |
        | 408    | an absent subscriber |
        | 480    | an absent subscriber |
        | 486    | a busy subscriber    |
        | 403    | a delivery failure   |
        | 413    | a delivery failure   |
        | 415    | a delivery failure   |
        | 488    | a delivery failure   |
        | 500    | a delivery failure   |
        | 503    | a delivery failure   |
        | 603    | a delivery failure   |

  @PGT-07
  Rule: The message is from the sender of the short message

    @TC-PGT-07-01
    Scenario: Bob writes to Alice
      When Bob sends Alice the short message "It is me"
      Then the message to Alice is from the number of Bob

    @TC-PGT-07-02
    Scenario: A service with a name writes to Alice, and names are shown
      Given short messages to Alice from senders with a name are to be shown
      When a service with a name sends Alice the short message "Your parcel is here"
      Then the message to Alice shows the name of the service

    @TC-PGT-07-03
    Scenario: A service with a name writes to Alice, and names are refused
      Given short messages to Alice from senders with a name are to be refused
      When a service with a name sends Alice the short message "Your parcel is here"
      Then the short message of the service is refused

    @TC-PGT-07-04 @control
    Scenario: A sender with a number writes to Alice, and names are refused
      Given short messages to Alice from senders with a name are to be refused
      When Bob sends Alice the short message "I have a number"
      Then the message to Alice is from the number of Bob
