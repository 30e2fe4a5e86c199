Feature: The CMMC conference and its focus
  A conference is an IP multimedia session of two or more participants. It is anchored on one
  focus, which creates, maintains and manipulates it and applies its policy.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # 3GPP TR 22.948 clause 3
  @CM-01
  Rule: A conference has exactly one focus, and a user can address it

    @TC-CM-01-01
    Scenario: Two users ask for the same conference
      Given Alice participates in the CMMC conference
      And Alice follows the state of the CMMC conference
      When Bob asks to join the CMMC conference
      Then one focus anchors the CMMC conference of Alice, Bob and Carol

  # 3GPP TR 22.948 clause 3, RFC 4353 section 2
  @CM-02
  Rule: The focus maintains the conference

    @TC-CM-02-01 @smoke
    Scenario: Alice joins and leaves
      Given Alice participates in the CMMC conference
      When Alice leaves the CMMC conference
      Then the focus has shown Carol that Alice was there, and that she is gone

  # 3GPP TR 22.948 clause 6.6.5
  @CM-05
  Rule: A participant may be connected by plain MMTel capability

    @TC-CM-05-01
    Scenario: Alice joins by a MMTel call
      When Alice asks to join the CMMC conference
      Then Alice hears the CMMC conference

  # 3GPP TR 22.948 clause 6.6.5
  @CM-06
  Rule: Supplementary services apply while a user participates via MMTel

    @TC-CM-06-01
    Scenario: Alice holds her communication with the CMMC focus
      Given Alice participates in the CMMC conference
      When Alice holds her communication with the CMMC focus
      Then Alice does not hear the CMMC conference any more

    @TC-CM-06-02 @control
    Scenario: Alice resumes her communication with the CMMC focus
      Given Alice participates in the CMMC conference
      And Alice has held her communication with the CMMC focus
      When Alice resumes her communication with the CMMC focus
      Then Alice hears the CMMC conference again

    @TC-CM-06-03
    Scenario: Bob calls Alice, who bars his communications
      Given Alice participates in the CMMC conference
      And incoming communications to Alice are barred from Bob
      When Bob calls Alice
      Then the communication is barred

    @TC-CM-06-04
    Scenario: Alice, who bars communications to Bob, calls him
      Given Alice participates in the CMMC conference
      And outgoing communications of Alice are barred to Bob
      When Alice calls Bob
      Then the communication is barred

    @TC-CM-06-05
    Scenario: Bob calls Alice anonymously, who bars anonymous callers
      Given Alice participates in the CMMC conference
      And incoming communications to Alice are barred from Carol
      And incoming communications to Alice are barred from anonymous callers
      When Bob calls Alice anonymously
      Then the communication is barred

    @TC-CM-06-06 @control
    Scenario: Bob calls Alice, who bars nothing
      Given Alice participates in the CMMC conference
      When Bob calls Alice
      Then the communication reaches Alice
