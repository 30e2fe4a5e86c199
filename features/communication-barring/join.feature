Feature: Users for whom CB is invoked do not join CMMC conferences
  If CB is invoked for a user, the user is prohibited to join or be added to a CMMC
  conference. Joining is an outgoing communication.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # 3GPP TR 22.948 clause 6.6.5
  @CB-20
  Rule: A user for whom CB is invoked is prohibited to join by a call to the conference

    @TC-CB-20-01
    Scenario Outline: Alice, for whom <barring> is invoked, asks to join
      Given <barring> is invoked for Alice
      When Alice asks to join the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

      Examples:
        | barring     |
        | OCB         |
        | OCB and ICB |

    @TC-CB-20-02 @control
    Scenario: Alice, for whom nothing is invoked, asks to join
      When Alice asks to join the CMMC conference
      Then Alice is a participant of the CMMC conference

  # 3GPP TR 22.948 clause 6.6.5; the factory makes its caller a participant
  @CB-21
  Rule: A user for whom CB is invoked cannot create a conference

    @TC-CB-21-01
    Scenario Outline: Alice, for whom <barring> is invoked, asks for a new conference
      Given <barring> is invoked for Alice
      When Alice asks for a new CMMC conference
      Then Alice is refused a new CMMC conference by barring

      Examples:
        | barring     |
        | OCB         |
        | OCB and ICB |

    @TC-CB-21-02 @control
    Scenario: Alice, for whom nothing is invoked, asks for a new conference
      When Alice asks for a new CMMC conference
      Then Alice has a CMMC conference of her own

  # 3GPP TR 22.948 clause 6.6.5
  @CB-22
  Rule: A user for whom CB is invoked does not join because somebody asks him to

    @TC-CB-22-01
    Scenario Outline: Carol refers Alice, for whom <barring> is invoked, to the conference
      Given <barring> is invoked for Alice
      When Carol refers Alice to the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

      Examples:
        | barring     |
        | OCB         |
        | OCB and ICB |

    @TC-CB-22-02 @control
    Scenario: Carol refers Alice, for whom nothing is invoked, to the conference
      When Carol refers Alice to the CMMC conference
      Then Alice is a participant of the CMMC conference

  # RFC 4579 sections 5.8 and 5.9
  @CB-28
  Rule: Naming the leg of somebody else does not bypass barring

    @TC-CB-28-01
    Scenario Outline: Alice, for whom <barring> is invoked, asks to join where Bob is
      Given Bob participates in the CMMC conference
      And <barring> is invoked for Alice
      When Alice asks to join Bob in the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

      Examples:
        | barring     |
        | OCB         |
        | OCB and ICB |

    @TC-CB-28-02 @control
    Scenario: Alice, for whom nothing is invoked, asks to join where Bob is
      Given Bob participates in the CMMC conference
      When Alice asks to join Bob in the CMMC conference
      Then Alice is a participant of the CMMC conference

    @TC-CB-28-03
    Scenario Outline: Alice, for whom <barring> is invoked, takes the place of Bob
      Given Bob participates in the CMMC conference
      And <barring> is invoked for Alice
      When Alice takes the place of Bob in the CMMC conference
      Then Alice is kept out of the CMMC conference by barring

      Examples:
        | barring     |
        | OCB         |
        | OCB and ICB |

    @TC-CB-28-04 @control
    Scenario: Alice, for whom nothing is invoked, takes the place of Bob
      Given Bob participates in the CMMC conference
      When Alice takes the place of Bob in the CMMC conference
      Then Alice is a participant of the CMMC conference
