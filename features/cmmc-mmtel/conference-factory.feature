Feature: Who gets a CMMC conference from the factory
  A CMMC service subscriber creates a conference by a call to the conference factory, which
  allocates a conference URI for it.

  Background:
    Given Alice and Bob are MMTel users

  # 3GPP TR 22.948 clause 3
  @CM-03
  Rule: Only a CMMC service subscriber can create conferences

    @TC-CM-03-01
    Scenario: Alice is no CMMC service subscriber
      Given Alice is not a CMMC service subscriber
      When Alice asks for a new CMMC conference
      Then Alice is refused a CMMC conference

    @TC-CM-03-02 @control
    Scenario: Alice is a CMMC service subscriber
      Given Alice is a CMMC service subscriber
      When Alice asks for a new CMMC conference
      Then Alice is given a CMMC conference

  # 3GPP TS 24.147 clause 5.3.2.3.1
  @CF-02
  Rule: The factory allocates a conference URI and answers with it

    @TC-CF-02-01
    Scenario: Alice asks for a conference
      When Alice asks for a new CMMC conference
      Then Alice has a CMMC conference of her own

    @TC-CF-02-02
    Scenario: Bob joins the conference that Alice has created
      Given Alice has created a CMMC conference
      When Bob asks to join the CMMC conference that Alice has created
      Then Bob is in the CMMC conference that Alice has created

    @TC-CF-02-03
    Scenario: Alice asks for a conference while there is another
      Given Bob has created a CMMC conference
      When Alice asks for a new CMMC conference
      Then the CMMC conferences of Alice and Bob are two
