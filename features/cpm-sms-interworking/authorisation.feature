Feature: Authorisation for the interworking service
  Before it interworks, the gateway checks that the subscriber may use the service, with the
  data that was stored at registration.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clause 6.15.1 step 4
  @AUT-01
  Rule: Nothing is interworked for an originating subscriber who is not authorised

    @TC-AUT-01-01
    Scenario: Alice, who is not authorised, invites Bob
      Given Alice is not authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob is sent no short message

    @TC-AUT-01-02 @control
    Scenario: Alice, who is authorised, invites Bob
      Given Alice is authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # 3GPP TS 23.204 clause 6.15.1 step 4
  @AUT-02
  Rule: An originating subscriber who is not authorised gets error information

    @TC-AUT-02-01
    Scenario: Alice, who is not authorised, is told so
      Given Alice is not authorised for the interworking service
      When Alice invites Bob to a chat session
      Then the invitation is refused with an error

    @TC-AUT-02-02 @control
    Scenario: Alice, who is authorised, gets no error
      Given Alice is authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  @AUT-03
  Rule: The error information carries warning 127 where it carries a warning

    @TC-AUT-03-01
    Scenario: Alice, who is not authorised, gets the warning seen in the field
      Given Alice is not authorised for the interworking service
      When Alice invites Bob to a chat session
      Then the refusal carries a warning that starts with 127

    @TC-AUT-03-02 @control
    Scenario: Alice, who is authorised, gets no refusal
      Given Alice is authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

  # 3GPP TS 23.204 clause 6.14 step 5
  @AUT-04
  Rule: A short message is not interworked for a recipient who is not authorised

    @TC-AUT-04-01
    Scenario: Bob sends a short message to Alice, who is not authorised
      Given Alice is not authorised for the interworking service
      When Bob sends Alice the short message "Are you there?"
      Then Alice receives no message

    @TC-AUT-04-02 @control
    Scenario: Bob sends a short message to Alice, who is authorised
      Given Alice is authorised for the interworking service
      When Bob sends Alice the short message "Are you there?"
      Then Alice receives the message "Are you there?"
