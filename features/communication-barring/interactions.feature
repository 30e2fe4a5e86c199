Feature: CB, and what else may be made of a communication
  Barring meets the barring of others, emergency calls and diversion.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # Reading A-12: either is taken
  @CB-36
  Rule: Barring of the inviter may be applied to whom he names

    @TC-CB-36-01
    Scenario: Carol, who may not call Bob, adds him in her own name
      Given outgoing communications of Carol are barred to Bob
      When Carol asks the focus to add Bob by his SIP URI
      Then Bob is added to the CMMC conference, or Carol is told that he is not

  # 3GPP TS 24.315 clause 5.1.1 and 3GPP TS 24.088 clause 1.1 by analogy
  @CB-38
  Rule: Emergency calls are not barred

    @TC-CB-38-01
    Scenario: Alice, for whom OCB is invoked, makes an emergency call
      Given OCB is invoked for Alice
      When Alice makes an emergency call
      Then the emergency call of Alice is not refused as barred

    @TC-CB-38-02 @control
    Scenario: Alice, for whom OCB is invoked, calls Bob
      Given OCB is invoked for Alice
      When Alice calls Bob
      Then the communication is barred

  # ETSI TS 181 002 clauses 8.2.6.2.2 and 8.2.6.2.3
  @CB-39
  Rule: Anonymous communications are rejected before they are diverted

    @TC-CB-39-01
    Scenario: A conference calls Bob anonymously, who diverts to Alice
      Given ACR is invoked for Bob
      And communications to Bob are diverted to Alice
      And Dave is the focus of another conference
      When the conference of Dave calls Bob anonymously
      Then the call of the conference of Dave is refused for its anonymity

    @TC-CB-39-02 @control
    Scenario: A conference calls Bob by its name, who diverts to Alice
      Given ACR is invoked for Bob
      And communications to Bob are diverted to Alice
      And Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave reaches Alice

  # 3GPP TS 24.611 clause 4.6
  @CB-40
  Rule: Communications are barred before they are diverted

    @TC-CB-40-01
    Scenario: A conference calls Bob, who diverts to Alice and for whom ICB is invoked
      Given ICB is invoked for Bob
      And communications to Bob are diverted to Alice
      And Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave is refused as barred

    @TC-CB-40-02 @control
    Scenario: A conference calls Bob, who diverts to Alice and for whom nothing is invoked
      Given communications to Bob are diverted to Alice
      And Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave reaches Alice
