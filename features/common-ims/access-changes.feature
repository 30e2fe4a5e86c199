Feature: What a service makes of the access network
  A UE says which access network it is on. Services pass it on, and decide by the network in
  which the user is registered, and not by the kind of radio or line.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol is on E-UTRAN

  # RFC 7315 section 4.4
  @AI-02
  Rule: What a UE says of its access network is not altered

    @TC-AI-02-01
    Scenario Outline: Alice, who is on <access>, calls Bob
      Given Alice is on <access>
      When Alice calls Bob
      Then Bob is told the access network that Alice is on

      Examples:
        | access                    |
        | WLAN                      |
        | two access networks       |
        | an unknown access network |

  # 3GPP TS 24.611 clause 4.9.1.4
  @AI-06
  Rule: A user roams by the network in which he is registered

    @TC-AI-06-01
    Scenario Outline: Alice calls Bob, who is at home on <access>
      Given Bob is on <access>
      And incoming communications to Bob are barred when
        | roaming | |
      When Alice calls Bob
      Then the communication reaches Bob

      Examples:
        | access |
        | WLAN   |
        | HRPD   |
        | VDSL   |

    @TC-AI-06-02 @control
    Scenario: Alice calls Bob, who is on E-UTRAN in another country
      Given Bob is on E-UTRAN
      And Bob is in a network of another country
      And incoming communications to Bob are barred when
        | roaming | |
      When Alice calls Bob
      Then the communication is barred

  # 3GPP TS 34.229-1 clauses C.10 and C.10a
  @AI-09
  Rule: A conference is created by the same messages over every access

    @TC-AI-09-01
    Scenario Outline: Carol has a conference from E-UTRAN, and Alice asks for one from <access>
      Given Carol has a CMMC conference
      And Alice is on <access>
      When Alice asks for a new CMMC conference
      Then Alice gets the conference by the same messages as Carol

      Examples:
        | access      |
        | WLAN        |
        | cdma2000 1x |
        | VDSL        |

  # Profile of this suite; compare CB-33
  @AI-10
  Rule: A participant who changes the access network is not barred anew

    @TC-AI-10-01
    Scenario: Alice, for whom OCB is invoked meanwhile, moves to a WLAN
      Given Carol has a CMMC conference
      And Alice participates in the CMMC conference
      And OCB is invoked for Alice
      And Alice is on WLAN
      When Alice holds her communication with the CMMC focus
      Then the communication of Alice with the CMMC focus goes on over the new access network

    @TC-AI-10-02 @control
    Scenario: Alice, for whom OCB is invoked, asks to join from a WLAN
      Given Carol has a CMMC conference
      And OCB is invoked for Alice
      And Alice is on WLAN
      When Alice asks to join the CMMC conference
      Then Alice is kept out of the CMMC conference by barring
