Feature: Users are added to a CMMC conference
  A participant asks the focus by REFER to add a user, and learns what becomes of it.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # 3GPP TS 24.147 clause 5.3.2.2
  @CF-03
  Rule: A request that the conference policy forbids gets a 4xx response

    @TC-CF-03-01
    Scenario: Alice, who does not participate, asks to add Bob
      When Alice adds Bob to the CMMC conference
      Then the focus refuses the request of Alice with a 4xx response

    @TC-CF-03-02 @control
    Scenario: Alice, who participates, asks to add Bob
      Given Alice participates in the CMMC conference
      When Alice adds Bob to the CMMC conference
      Then the focus invites Bob at the request of Alice

    @TC-CF-03-03
    Scenario: Alice, who has not created the conference, asks to remove Bob
      Given Alice participates in the CMMC conference
      And Bob participates in the CMMC conference
      When Alice asks the focus to remove Bob from the CMMC conference
      Then the focus refuses the request of Alice with a 4xx response

    @TC-CF-03-04 @control
    Scenario: Carol, who has created the conference, asks to remove Bob
      Given Bob participates in the CMMC conference
      When Carol asks the focus to remove Bob from the CMMC conference
      Then the communication of Bob with the CMMC focus is ended

  # 3GPP TS 24.147 clause 5.3.1.5.3
  @CF-07
  Rule: The request names one user by SIP or tel URI

    @TC-CF-07-01
    Scenario Outline: Carol adds Bob by his <URI>
      When Carol asks the focus to add Bob by his <URI>
      Then the focus invites Bob at the request of Carol

      Examples:
        | URI     |
        | SIP URI |
        | tel URI |

    # RFC 3515 section 2.4.2
    @TC-CF-07-02
    Scenario: Carol names Alice and Bob in two header fields
      When Carol asks the focus to add Alice and Bob by two Refer-To header fields
      Then the focus refuses the request of Carol with 400

  # RFC 7647 section 5
  @CF-08
  Rule: The request is accepted with 200

    @TC-CF-08-01
    Scenario: Carol adds Bob
      When Carol adds Bob to the CMMC conference
      Then the request of Carol to add Bob is accepted with 200 or 202

    @TC-CF-08-02
    Scenario: Carol adds Bob by way of a focus that claims RFC 7647
      When Carol adds Bob to the CMMC conference
      Then the request of Carol to add Bob is accepted with 200

  # RFC 3515 section 2.4.4
  @CF-09
  Rule: Who asks is told at once, and at the end

    @TC-CF-09-01
    Scenario: Bob accepts
      When Carol adds Bob to the CMMC conference
      Then Carol is told at once, and at the end with 200

    @TC-CF-09-02
    Scenario: Bob declines
      Given Bob declines invitations with 603
      When Carol adds Bob to the CMMC conference
      Then Carol is told at once, and at the end with 603
