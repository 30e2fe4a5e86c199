Feature: CPM parameters that SMS cannot carry
  Some parameters of a CPM message play no part on the SMS side. They are kept, and sent back in
  the messages by which the SMS user answers.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # OMA-RD-CPM-V1_0 CPM-IWF-008; OMA System Description V1.0 clauses 5.2.1.1 and 5.3.1.2
  @PAR-01
  Rule: The parameters of a CPM message are kept

    @TC-PAR-01-01
    Scenario: Bob answers a second time
      Given Alice has sent Bob the pager message "Tea or coffee?"
      And Bob has answered "Tea"
      When Bob answers "With milk"
      Then "With milk" still belongs to the conversation of "Tea or coffee?"

  # OMA-RD-CPM-V1_0 CPM-IWF-008; OMA System Description V1.0 clauses 5.2.1.1 and 5.3.1.2
  @PAR-02
  Rule: The kept parameters are sent back in the response messages

    @TC-PAR-02-01
    Scenario Outline: Bob's answer carries a <parameter>
      Given Alice has sent Bob the pager message "Tea or coffee?"
      When Bob answers "Tea"
      Then "Tea" reaches Alice with a <parameter>

      Examples:
        | parameter                        |
        | conversation id                  |
        | contribution id being replied to |

  @PAR-03
  Rule: The answer has the conversation id of the message answered

    @TC-PAR-03-01
    Scenario: Bob answers Alice's message
      Given Alice has sent Bob the pager message "Tea or coffee?"
      When Bob answers "Tea"
      Then "Tea" has the conversation id of "Tea or coffee?"

  @PAR-04
  Rule: The answer has a contribution id of its own

    @TC-PAR-04-01
    Scenario: Bob answers Alice's message
      Given Alice has sent Bob the pager message "Tea or coffee?"
      When Bob answers "Tea"
      Then every answer to Alice has a contribution id of its own

    @TC-PAR-04-02
    Scenario: Bob answers fifty times
      Given Alice has sent Bob the pager message "Count to fifty!"
      When Bob answers 50 times
      Then every answer to Alice has a contribution id of its own

  @PAR-05
  Rule: The answer names the contribution id of the message answered

    @TC-PAR-05-01
    Scenario: Bob answers Alice's message
      Given Alice has sent Bob the pager message "Tea or coffee?"
      When Bob answers "Tea"
      Then "Tea" replies to the contribution id of "Tea or coffee?"

    @TC-PAR-05-02
    Scenario: Bob answers the later of two messages
      Given Alice has sent Bob the pager message "Tea or coffee?"
      And Alice has sent Bob the pager message "Or cocoa?"
      When Bob answers "Cocoa"
      Then "Cocoa" replies to the contribution id of "Or cocoa?"

  @PAR-13
  Rule: The parameters of two CPM users do not mix

    @TC-PAR-13-01
    Scenario Outline: Alice and Carol have written to Bob, who answers <user>
      Given Carol is a CPM user
      And Alice has sent Bob the pager message "Alice asks"
      And Carol has sent Bob the pager message "Carol asks"
      When Bob sends <user> the short message "I answer"
      Then "I answer" belongs to the conversation of "<user> asks" and no other

      Examples:
        | user  |
        | Alice |
        | Carol |
