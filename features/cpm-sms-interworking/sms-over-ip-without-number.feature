Feature: Short messages over IP between users without a number
  A subscription may have no MSISDN. Its user goes by a SIP URI; where the short message wants a
  number there is a dummy, and the SIP URIs stand in an XML body beside it.

  Background:
    Given Alice has no number and is registered for SMS over IP only
    And Bob has no number and is registered for SMS over IP only

  # 3GPP TS 24.341 clauses B.7, C.1 and D.2
  @TLI-10
  Rule: Users without a number are addressed by a dummy number and a SIP URI

    @TC-TLI-10-01
    Scenario: Alice submits a short message to Bob's SIP URI
      When Alice sends "Who needs a number?" to Bob's SIP URI over IP
      Then Alice's short message to Bob's SIP URI is taken

    @TC-TLI-10-02
    Scenario Outline: The message that delivers it to Bob <feature>
      When Alice sends "It is me" to Bob's SIP URI over IP
      Then the message that delivers Alice's "It is me" to Bob <feature>

      Examples:
        | feature                                      |
        | goes to a SIP URI                            |
        | has the dummy number as its originator       |
        | names the sender's SIP URI in its XML body   |
        | says that it can do without numbers          |
