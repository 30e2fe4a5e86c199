Feature: Users for whom CB is invoked are not added to CMMC conferences
  If CB is invoked for a user, the user is prohibited to join or be added to a CMMC
  conference. Being added is an incoming communication.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # 3GPP TR 22.948 clause 6.6.5
  @CB-23
  Rule: A user for whom CB is invoked is not added by a call of the focus

    @TC-CB-23-01
    Scenario Outline: Carol adds Bob, for whom <barring> is invoked
      Given <barring> is invoked for Bob
      When Carol adds Bob to the CMMC conference
      Then Bob is not called and is not a participant of the CMMC conference

      Examples:
        | barring     |
        | ICB         |
        | OCB and ICB |

    @TC-CB-23-02 @control
    Scenario: Carol adds Bob, for whom nothing is invoked
      When Carol adds Bob to the CMMC conference
      Then Bob is a participant of the CMMC conference

    @TC-CB-23-03
    Scenario: A focus of the suite calls Bob, for whom ICB is invoked
      Given ICB is invoked for Bob
      And Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave is refused as barred

    @TC-CB-23-04 @control
    Scenario: A focus of the suite calls Bob, for whom nothing is invoked
      Given Dave is the focus of another conference
      When the conference of Dave calls Bob
      Then the call of the conference of Dave reaches Bob

  # RFC 4579 section 5.5, RFC 4575 section 5.7.6
  @CB-24
  Rule: Whoever adds a user for whom CB is invoked learns why it failed

    @TC-CB-24-01
    Scenario: Carol adds Bob, for whom ICB is invoked
      Given ICB is invoked for Bob
      When Carol adds Bob to the CMMC conference
      Then Carol is told that Bob was not added because of barring

    @TC-CB-24-02 @control
    Scenario: Carol adds Bob, for whom nothing is invoked, and learns that he is there
      When Carol adds Bob to the CMMC conference
      Then Bob is a participant of the CMMC conference
