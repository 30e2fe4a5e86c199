Feature: CB, and what else may be made of a communication
  Barring meets the barring of others, emergency calls and diversion.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # Reading A-12: either is taken
  @CB-36
  Rule: Barring of the inviter may be applied to whom he names

    @TC-CB-36-01
    Scenario: Carol, who may not call Bob, adds him
      Given outgoing communications of Carol are barred to Bob
      When Carol adds Bob to the CMMC conference
      Then Bob is added to the CMMC conference, or Carol is told that he is not

  # 3GPP TS 24.315 clause 5.1.1 and 3GPP TS 24.088 clause 1.1 by analogy
  @CB-38
  Rule: Emergency calls are not barred

    @TC-CB-38-01
    Scenario: Alice, for whom OCB is invoked, makes an emergency call
      Given OCB is invoked for Alice
      When Alice makes an emergency call
      Then the emergency call of Alice is not refused as barred
