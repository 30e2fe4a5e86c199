Feature: What is configured over Ut takes effect
  A change that was acknowledged counts for the communications that begin after it, and a service
  that is switched off does nothing.

  Background:
    Given Alice, Bob and Carol are MMTel users

  # inferred; the time is the profile's
  @UT-14
  Rule: A change counts for the next communication

    @TC-UT-14-01
    Scenario: Alice, who has called before, calls after that was barred
      Given Alice has a communication with Bob
      And outgoing communications of Alice are barred to Carol
      When Alice calls Carol
      Then the communication is barred

    @TC-UT-14-02
    Scenario: Alice, who was barred before, calls after OCB was taken back
      Given OCB is invoked for Alice
      And Alice has called Bob and was barred
      And OCB is not invoked for Alice
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-UT-14-03
    Scenario: Carol calls Bob, who was called before, after she was barred
      Given Alice has a communication with Bob
      And incoming communications to Bob are barred from Carol
      When Carol calls Bob
      Then the communication is barred

    @TC-UT-14-04 @control
    Scenario: Alice, who has called before, calls after nothing was changed
      Given Alice has a communication with Bob
      When Alice calls Carol
      Then the communication reaches Carol

  # seen in documents of operators
  @UT-16
  Rule: A service that is not active does nothing, and its rules remain

    @TC-UT-16-01
    Scenario: Alice calls Bob, whose ICB is deactivated
      Given ICB is invoked for Bob
      And ICB of Bob is deactivated
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-UT-16-02
    Scenario: Alice, whose OCB is deactivated, calls Bob
      Given OCB is invoked for Alice
      And OCB of Alice is deactivated
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-UT-16-03
    Scenario: Alice, whose ICB is deactivated, reads her rules
      Given ICB is invoked for Alice
      And ICB of Alice is deactivated
      When Alice reads his or her services
      Then Alice gets the services as configured

    @TC-UT-16-04
    Scenario: Alice calls Bob, whose ICB is activated again
      Given ICB is invoked for Bob
      And ACR is invoked for Bob
      And ICB of Bob is deactivated
      And ICB of Bob is activated again
      When Alice calls Bob
      Then the communication is barred

    @TC-UT-16-05 @control
    Scenario: Alice calls Bob, whose OCB alone is deactivated
      Given ICB and OCB is invoked for Bob
      And ACR is invoked for Bob
      And OCB of Bob is deactivated
      When Alice calls Bob
      Then the communication is barred
