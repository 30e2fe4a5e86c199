Feature: Users for whom CB is invoked are not added to CMMC conferences by lists
  A list of users is processed one by one: whoever is barred is missing, and everybody else is
  there.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # RFC 5366 section 3.1
  @CB-25
  Rule: A conference is created without those for whom CB is invoked

    @TC-CB-25-01
    Scenario Outline: Carol names Alice and Bob, for whom <barring> is invoked
      Given <barring> is invoked for Bob
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus has Alice but not Bob in the conference of Carol

      Examples:
        | barring     |
        | ICB         |
        | OCB and ICB |

    @TC-CB-25-02 @control
    Scenario: Carol names Alice and Bob, for whom nothing is invoked
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus has both Alice and Bob in the conference of Carol

  # RFC 5368 section 5
  @CB-26
  Rule: A list in a REFER adds all but those for whom CB is invoked

    @TC-CB-26-01
    Scenario Outline: Carol refers the focus to Alice and Bob, for whom <barring> is invoked
      Given Carol has a CMMC conference
      And <barring> is invoked for Bob
      When Carol asks the focus to add a list of Alice and Bob
      Then the focus has Alice but not Bob in the conference of Carol

      Examples:
        | barring     |
        | ICB         |
        | OCB and ICB |

    @TC-CB-26-02 @control
    Scenario: Carol refers the focus to Alice and Bob, for whom nothing is invoked
      Given Carol has a CMMC conference
      When Carol asks the focus to add a list of Alice and Bob
      Then the focus has both Alice and Bob in the conference of Carol
