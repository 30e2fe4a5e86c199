Feature: Short messages that are delivered to a terminal over IP
  The gateway encapsulates what the service centre delivers in a SIP MESSAGE. The terminal answers
  it, and reports in a MESSAGE of its own.

  Background:
    Given Alice is registered for SMS over IP only
    And Bob can be reached by SMS only

  # 3GPP TS 24.341 clause B.6, 3GPP TS 34.229-1 clause A.7.1
  @TLI-04
  Rule: The MESSAGE names the gateway and asks for one terminal with SMS over IP

    @TC-TLI-04-01
    Scenario Outline: The message that delivers Bob's short message <feature>
      When Bob sends Alice the short message "Are you there?"
      Then the message that delivers it to Alice <feature>

      Examples:
        | feature                                        |
        | names the gateway as its sender                |
        | asks for a terminal with SMS over IP           |
        | is not to be forked                            |
        | is labelled as an encapsulated short message   |

  # 3GPP TS 34.229-5 clause A.14
  @TLI-05
  Rule: The delivery report of the terminal is answered with 202

    @TC-TLI-05-01
    Scenario: Alice's terminal reports that it has Bob's short message
      When Bob sends Alice the short message "Got it?"
      Then Alice's delivery report is answered with 202

    @TC-TLI-05-02 @derived
    Scenario: Alice's terminal reports before it answers the MESSAGE
      Given Alice's terminal reports before it answers
      When Bob sends Alice the short message "Got it already?"
      Then Alice's delivery report is answered with 202

  # 3GPP TS 34.229-5 clause A.13 steps 5 to 8
  @TLI-06
  Rule: A status report is delivered and acknowledged as a short message is

    @TC-TLI-06-01
    Scenario: The service centre reports that Bob has Alice's short message
      Given Alice has sent Bob a short message over IP and wants to know its fate
      When the service centre reports that Bob has the short message
      Then Alice is delivered the status report and can acknowledge it

  # 3GPP TS 23.204 clauses 6.6 and 5.2.3, 3GPP TS 24.341 clause 5.3.2.5
  @TLI-09
  Rule: That a terminal has memory again is confirmed, and the HSS is told

    @TC-TLI-09-01
    Scenario: Alice's terminal has memory again
      When Alice's terminal says that it has memory again
      Then Alice's terminal gets an RP-ACK

    @TC-TLI-09-02
    Scenario: The HSS learns that Alice can be delivered to again
      When Alice's terminal says that it has memory again
      Then the HSS learns that Alice can be delivered to again

  # RFC 3428 section 10
  @TLI-11
  Rule: RP messages are carried as they are

    @TC-TLI-11-01
    Scenario: Bob's short message reaches Alice's terminal in binary
      When Bob sends Alice the short message "Nothing but octets"
      Then what Alice gets encapsulated is binary

    @TC-TLI-11-02
    Scenario: The submit report reaches Alice's terminal in binary
      When Alice sends Bob the short message "Octets to you" over IP
      Then what Alice gets encapsulated is binary
