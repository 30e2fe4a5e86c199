Feature: Delivery reports in a chat session
  A chat message may ask for a report. What the service centre reports on the short message
  becomes a report to the CPM user, in the form that was asked for.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And the service centre has yet to report on short messages to Bob
    And Alice has a chat session with Bob

  # 3GPP TS 23.040 clause 9.2.2.2
  @M2S-14
  Rule: A status report is requested only when the CPM user wants to be told of the delivery

    @TC-M2S-14-01
    Scenario Outline: Alice asks for <wish>
      When Alice sends Bob the message "Tell me" asking for <wish>
      Then the short message to Bob requests a status report

      Examples:
        | wish                         |
        | a success report             |
        | success and failure reports  |
        | a delivery notification      |
        | a failure notification       |

    @TC-M2S-14-02
    Scenario Outline: Alice asks for <wish> only
      When Alice sends Bob the message "Do not tell me" asking for <wish>
      Then the short message to Bob requests no status report

      Examples:
        | wish                   |
        | no report              |
        | a failure report       |
        | a display notification |

  # 3GPP TS 23.204 clause 6.18
  @DR-07
  Rule: The status report of the SMS side becomes a report to the CPM user

    @TC-DR-07-01
    Scenario Outline: Bob's handset receives a message with <wish>
      Given Alice has sent Bob the message "Has it come?" asking for <wish>
      When the service centre reports status 00
      Then Alice is told that "Has it come?" was delivered

      Examples:
        | wish                                       |
        | a success report                           |
        | a delivery notification                    |
        | a success report and a delivery notification |

    @TC-DR-07-02
    Scenario Outline: The message expires on its way to Bob, with <wish>
      Given Alice has sent Bob the message "Has it come?" asking for <wish>
      When the service centre reports status 46
      Then Alice is told that "Has it come?" was not delivered

      Examples:
        | wish                              |
        | success and failure reports       |
        | delivery and failure notifications |

  # RFC 4975 section 7.1.2
  @DR-09
  Rule: A success report is one REPORT over the whole message

    @TC-DR-09-01
    Scenario: Alice asks for a success report
      Given Alice has sent Bob the message "Has it come?" asking for a success report
      When the service centre reports status 00
      Then Alice receives one success report over the whole of "Has it come?"

  # RFC 5438 section 7
  @DR-10
  Rule: A notification that was asked for comes as a chat message, not as an MSRP REPORT

    @TC-DR-10-01
    Scenario: Alice asks for a delivery notification
      Given Alice has sent Bob the message "Has it come?" asking for a delivery notification
      When the service centre reports status 00
      Then Alice receives a notification of "Has it come?" in the chat and no MSRP REPORT

    @TC-DR-10-02
    Scenario: Alice asks for a failure notification
      Given Alice has sent Bob the message "Has it come?" asking for a failure notification
      When the service centre reports status 46
      Then Alice receives a notification of "Has it come?" in the chat and no MSRP REPORT

  @DR-15
  Rule: A report from the CPM user is never shown to the SMS user

    @TC-DR-15-01
    Scenario: Alice's client notifies Bob that his message was displayed
      Given Bob has answered "Did you get this?" in the chat with Alice
      When Alice notifies Bob in the chat that his message was displayed
      Then Bob is sent nothing of the report

    @TC-DR-15-02
    Scenario: Alice's client reports on Bob's message by MSRP
      Given Bob has answered "Did you get this?" in the chat with Alice
      When Alice reports to Bob by MSRP that his message was received
      Then Bob is sent nothing of the report

    @TC-DR-15-03 @control
    Scenario: Alice answers
      When Alice sends Bob the message "I have read it"
      Then Bob receives "I have read it" once
