Feature: Short messages that a terminal submits over IP
  The terminal encapsulates the short message in a SIP MESSAGE to the service centre. The gateway
  passes it on and sends the submit report in a MESSAGE of its own.

  Background:
    Given Alice is registered for SMS over IP only
    And Bob can be reached by SMS only

  # 3GPP TS 24.341 clauses 5.3.1.2 and B.5
  @TLI-01
  Rule: A short message that a terminal submits over IP is accepted, read and passed on

    @TC-TLI-01-01
    Scenario: Alice's short message over IP is accepted
      When Alice sends Bob the short message "Hello Bob" over IP
      Then Alice's short message over IP is accepted

    @TC-TLI-01-02
    Scenario Outline: Alice's short message <text> reaches the service centre
      When Alice sends Bob the short message <text> over IP
      Then <text> goes to the service centre for Bob

      Examples:
        | text           |
        | "Hello"        |
        | "12345678"     |
        | "{[~]} costs €" |
        | "Привет 😀"    |

    @TC-TLI-01-03 @control
    Scenario: Alice's short message over IP is passed on
      When Alice sends Bob the short message "Hello Bob" over IP
      Then "Hello Bob" goes to the service centre for Bob

  # 3GPP TS 24.341 clause B.5
  @TLI-02
  Rule: The RP-DATA of a terminal names no originator, and the service centre as its destination

    @TC-TLI-02-01
    Scenario: The service centre gets Alice's short message under her number
      When Alice sends Bob the short message "Who wrote this?" over IP
      Then the service centre gets it for Bob under Alice's number

    @TC-TLI-02-02
    Scenario: The short message goes to the service centre that Alice's terminal has named
      When Alice sends Bob the short message "By way of you" over IP
      Then it goes for Bob to the service centre that Alice has named

  # 3GPP TS 34.229-5 clause A.13 steps 1 to 4
  @TLI-03
  Rule: A submission is answered with 202, and the submit report follows in its own MESSAGE

    @TC-TLI-03-01
    Scenario: Alice's short message over IP gets 202
      When Alice sends Bob the short message "One moment" over IP
      Then Alice's short message over IP is answered with 202

    @TC-TLI-03-02
    Scenario: Alice gets the submit report after the response
      When Alice sends Bob the short message "Is it there?" over IP
      Then the submit report comes to Alice after that, in a message of its own

  # 3GPP TS 24.341 clause 5.3.3.4
  @TLI-07
  Rule: A report names the message it reports on

    @TC-TLI-07-01
    Scenario: The submit report names the Call-ID of Alice's message
      When Alice sends Bob the short message "Which call?" over IP
      Then Alice's submit report names the call of the message it reports on

    @TC-TLI-07-02
    Scenario: The submit report has the message reference of Alice's message
      When Alice sends Bob the short message "Which reference?" over IP
      Then Alice's submit report has the reference of the message it reports on

  # 3GPP TS 24.011 clause 8.2.2
  @TLI-08
  Rule: RP messages have the types of their direction

    @TC-TLI-08-01
    Scenario: The service centre takes Alice's short message
      When Alice sends Bob the short message "Good news" over IP
      Then Alice's submit report is an RP-ACK of the network

    @TC-TLI-08-02
    Scenario: The service centre refuses Alice's short message
      Given the service centre refuses short messages to Bob
      When Alice sends Bob the short message "Bad news" over IP
      Then Alice's submit report is an RP-ERROR of the network

    @TC-TLI-08-03
    Scenario: Alice is delivered a short message
      When Bob sends Alice the short message "From Bob"
      Then Alice is delivered RP-DATA of the network
