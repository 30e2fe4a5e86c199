Feature: CPM parameters of a session and in SIP responses
  The parameters of an invitation hold for the whole session. SIP responses may carry them too,
  but never contradict them.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @PAR-07
  Rule: The parameters of an invitation hold for its whole session

    @TC-PAR-07-01
    Scenario: Bob leaves the chat session
      Given Alice has a chat session with Bob
      When Bob answers with the word for leaving
      Then the gateway ends the chat session with no other parameters than the invitation's

  @PAR-08
  Rule: A SIP response carries a kept parameter unchanged or not at all

    @TC-PAR-08-01
    Scenario: Alice's invitation is converted and accepted
      Given Alice has invited Bob to a chat session
      And Bob has received the inviting message
      When Bob answers with an acceptance
      Then no response to the invitation carries other parameters than the invitation

    @TC-PAR-08-02
    Scenario: Alice's pager message is taken
      When Alice sends Bob the pager message "Will you answer?"
      Then no response to the pager message carries other parameters than "Will you answer?"

    @TC-PAR-08-03 @control
    Scenario: Alice's pager message is passed on
      When Alice sends Bob the pager message "Will you answer?"
      Then Bob receives "Will you answer?" once
