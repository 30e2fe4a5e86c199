Feature: CB of one direction and CMMC conferences in the other
  Barring is invoked per direction: a user for whom incoming communications are barred may
  still join, one for whom outgoing communications are barred may still be added. Where it is
  read as blanket, either prohibits both.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # Reading A-01 of 3GPP TR 22.948 clause 6.6.5
  @CB-35
  Rule: Barring of one direction leaves the other alone

    Background:
      Given Carol has a CMMC conference

    @TC-CB-35-01
    Scenario: Alice, for whom ICB is invoked, asks to join
      Given ICB is invoked for Alice
      When Alice asks to join the CMMC conference
      Then Alice joins the CMMC conference unless barring is blanket

    @TC-CB-35-02
    Scenario: Alice, for whom ICB is invoked, asks for a new conference
      Given ICB is invoked for Alice
      When Alice asks for a new CMMC conference
      Then Alice creates a CMMC conference unless barring is blanket

    @TC-CB-35-03
    Scenario: Carol refers Alice, for whom ICB is invoked, to the conference
      Given ICB is invoked for Alice
      When Carol refers Alice to the CMMC conference
      Then Alice joins the CMMC conference unless barring is blanket

    @TC-CB-35-04
    Scenario: Alice, for whom ICB is invoked, asks to join where Bob is
      Given Bob participates in the CMMC conference
      And ICB is invoked for Alice
      When Alice asks to join Bob in the CMMC conference
      Then Alice joins the CMMC conference unless barring is blanket

    @TC-CB-35-05
    Scenario: Alice, for whom ICB is invoked, takes the place of Bob
      Given Bob participates in the CMMC conference
      And ICB is invoked for Alice
      When Alice takes the place of Bob in the CMMC conference
      Then Alice joins the CMMC conference unless barring is blanket

    @TC-CB-35-06
    Scenario: Carol adds Bob, for whom OCB is invoked
      Given OCB is invoked for Bob
      When Carol adds Bob to the CMMC conference
      Then Bob is added to the CMMC conference unless barring is blanket

    @TC-CB-35-07
    Scenario: Carol creates a conference with Bob, for whom OCB is invoked
      Given OCB is invoked for Bob
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus has Alice, and unless barring is blanket also Bob

    @TC-CB-35-08
    Scenario: Carol refers the focus to Bob, for whom OCB is invoked
      Given OCB is invoked for Bob
      When Carol asks the focus to add a list of Alice and Bob
      Then the focus has Alice, and unless barring is blanket also Bob

    @TC-CB-35-09
    Scenario: Alice moves her call with Bob, for whom OCB is invoked
      Given Alice participates in the CMMC conference
      And Alice has a communication with Bob
      And OCB is invoked for Bob
      When Alice moves her communication with Bob to the CMMC conference
      Then Bob is added to the CMMC conference unless barring is blanket
