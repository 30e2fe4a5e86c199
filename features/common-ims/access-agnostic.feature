Feature: One IMS for every access
  The procedures are the same whatever the access network: 3GPP, 3GPP2, WLAN, fixed lines,
  cable or satellite. A UE may say which one it is on, and the service is the same.

  Background:
    Given Alice and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 7315 section 5.4, RFC 7913
  @AI-03
  Rule: Several access networks may be said at once, and ones that nobody knows

    @TC-AI-03-01
    Scenario Outline: Alice joins over <access>
      Given Alice is on <access>
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference

      Examples:
        | access                    |
        | two access networks       |
        | an unknown access network |

  # 3GPP TS 23.003 clause 13.10
  @AI-07
  Rule: The conference factory is the same over every access

    @TC-AI-07-01
    Scenario Outline: Alice creates a conference over <access>
      Given Alice is on <access>
      When Alice asks for a new CMMC conference
      Then Alice has a CMMC conference of her own

      Examples:
        | access    |
        | NR        |
        | HRPD      |
        | VDSL      |
        | DOCSIS    |
        | DVB-RCS2  |

  # RFC 7315 section 4.4
  @AI-11
  Rule: A UE need not say which access network it is on

    @TC-AI-11-01
    Scenario: Alice joins without saying it
      Given Alice is on an access network that she does not name
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference
