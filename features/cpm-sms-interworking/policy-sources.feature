Feature: Whose policy and preference decides on a CPM Session Invitation
  The outcome depends on user preferences and service provider policies. Where both have a
  say, the table of 16 cells is a reading of this suite (A1): forbid wins, then the user's
  own preference, then the provider's default.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @POL-04
  Rule: User preferences and service provider policies select the outcome, by configuration alone

    @TC-POL-04-01
    Scenario Outline: Alice invites Bob, to whom invitations are to be <treatment>
      Given invitations to Bob are to be <treatment>
      When Alice invites Bob to a chat session
      Then the invitation is <outcome>

      Examples:
        | treatment              | outcome                           |
        | accepted on his behalf | accepted                          |
        | rejected               | refused                           |
        | converted              | converted to an inviting message  |

    @TC-POL-04-02
    Scenario Outline: Alice, whose invitations are to be <treatment>, invites Bob
      Given invitations from Alice are to be <treatment>
      When Alice invites Bob to a chat session
      Then the invitation is <outcome>

      Examples:
        | treatment              | outcome                           |
        | accepted on his behalf | accepted                          |
        | rejected               | refused                           |
        | converted              | converted to an inviting message  |

    @TC-POL-04-03 @control
    Scenario: Alice invites Bob, and no configuration rejects it
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # 3GPP TS 23.204 clause 6.15.2
  @POL-06
  Rule: In the terminating network the recipient's preference to get chats as SMS decides

    @TC-POL-06-01
    Scenario: Bob, himself a CPM user, does not want his chats as SMS
      Given Bob is a CPM user who does not want his chats as SMS
      When Alice invites Bob to a chat session
      Then Bob is sent no short message

    @TC-POL-06-02 @control
    Scenario: Bob, himself a CPM user, wants his chats as SMS
      Given Bob is a CPM user who wants his chats as SMS
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # Reading A1
  @POL-07
  Rule: Forbid wins over the user's preference, which wins over the provider's default

    @TC-POL-07-01
    Scenario Outline: The provider says <provider>, Bob says <preference>
      Given the service provider's policy for Bob is <provider>
      And Bob's preference for invitations is <preference>
      When Alice invites Bob to a chat session
      Then the invitation is <outcome>

      Examples:
        | provider    | preference | outcome                          |
        | forbid      | accept     | refused                          |
        | forbid      | reject     | refused                          |
        | forbid      | ask        | refused                          |
        | forbid      | unset      | refused                          |
        | auto-accept | accept     | accepted                         |
        | auto-accept | reject     | refused                          |
        | auto-accept | ask        | converted to an inviting message |
        | auto-accept | unset      | accepted                         |
        | ask         | accept     | accepted                         |
        | ask         | reject     | refused                          |
        | ask         | ask        | converted to an inviting message |
        | ask         | unset      | converted to an inviting message |
        | none        | accept     | accepted                         |
        | none        | reject     | refused                          |
        | none        | ask        | converted to an inviting message |
        | none        | unset      | converted to an inviting message |

    @TC-POL-07-02 @control
    Scenario: Neither the provider nor Bob rejects
      Given the service provider's policy for Bob is ask
      And Bob's preference for invitations is ask
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # 3GPP TS 23.204 clause 3.1
  @POL-08
  Rule: An invitation for a target that SMS cannot reach is not accepted

    @TC-POL-08-01
    Scenario: Alice invites somebody who has no telephone number
      Given invitations from Alice are to be accepted on the recipient's behalf
      When Alice invites an address without a telephone number to a chat session
      Then the invitation is refused

    @TC-POL-08-02 @control
    Scenario: Alice invites Bob, who has a telephone number
      Given invitations from Alice are to be accepted on the recipient's behalf
      When Alice invites Bob to a chat session
      Then the invitation is accepted
