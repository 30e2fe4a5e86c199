Feature: A long short message to a CPM user
  The parts of a concatenated short message are put together. The whole goes as one SIP MESSAGE,
  or as a large message in a session of its own if it is too long for that.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 29.311 clause 6.1.1; 3GPP TS 23.204 clause 6.9
  @PGT-04
  Rule: A concatenated short message is delivered as one message

    @TC-PGT-04-01
    Scenario: Bob writes more than one short message can hold
      When Bob sends Alice a long short message
      Then Alice receives that long short message as one SIP MESSAGE

    # The limit is OMA practice and comes from the profile.
    @TC-PGT-04-02
    Scenario: Bob writes more than one SIP MESSAGE can hold
      When Bob sends Alice a short message too long for one SIP MESSAGE
      Then Alice is invited to a session for it

  @PGT-05
  Rule: A large message is one message in a session of its own service

    @TC-PGT-05-01
    Scenario: Alice's client sees what the session is for
      When Bob sends Alice a short message too long for one SIP MESSAGE
      Then the session is marked as a CPM large message

    @TC-PGT-05-02
    Scenario: Alice's client takes the large message
      When Bob sends Alice a short message too long for one SIP MESSAGE
      Then Alice receives the whole text in one message, and the session ends
