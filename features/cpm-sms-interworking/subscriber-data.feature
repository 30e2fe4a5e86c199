Feature: Subscriber data at the gateway
  Whether a CPM user may use interworking, and which service centre his short messages go to, is
  what the HSS told the gateway when he registered.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 23.204 clauses 5.2.3 and 6.1
  @AUT-09
  Rule: Authorisation and service centre are those the HSS gave at registration

    @TC-AUT-09-01
    Scenario: Alice has lost her authorisation since she registered
      Given the HSS holds that Alice is authorised for the interworking service
      And Alice is registered for CPM only
      And since then the HSS holds that Alice is not authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message

    @TC-AUT-09-02
    Scenario: Alice has been authorised since she registered
      Given the HSS holds that Alice is not authorised for the interworking service
      And Alice is registered for CPM only
      And since then the HSS holds that Alice is authorised for the interworking service
      When Alice invites Bob to a chat session
      Then Bob is sent no short message

    @TC-AUT-09-03
    Scenario: Alice has lost her service centre since she registered
      Given the HSS holds a service centre address for Alice
      And Alice is registered for CPM only
      And since then the HSS holds no service centre address for Alice
      When Alice invites Bob to a chat session
      Then the inviting message carries the service centre address from the HSS

    @TC-AUT-09-04 @control
    Scenario: Alice has registered again since she lost her authorisation
      Given the HSS holds that Alice is authorised for the interworking service
      And Alice is registered for CPM only
      And since then the HSS holds that Alice is not authorised for the interworking service
      And Alice has registered again, for CPM only
      When Alice invites Bob to a chat session
      Then the invitation is refused with an error

    @TC-AUT-09-05 @control
    Scenario: Alice has registered again since she was authorised
      Given the HSS holds that Alice is not authorised for the interworking service
      And Alice is registered for CPM only
      And since then the HSS holds that Alice is authorised for the interworking service
      And Alice has registered again, for CPM only
      When Alice invites Bob to a chat session
      Then Bob receives the inviting message
