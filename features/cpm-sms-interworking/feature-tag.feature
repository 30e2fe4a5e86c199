Feature: The CPM feature tag and the CPM service
  The gateway knows CPM by its feature tag and by its service identifiers, and marks what it
  sends by them.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only
    And invitations to Bob are to be accepted on his behalf

  # OMA liaison statement to 3GPP SA2 (S2-091780)
  @FT-01
  Rule: The gateway supports the CPM feature tag

    @TC-FT-01-01 @smoke
    Scenario: Alice's client says what it wants by the feature tag
      When Alice invites Bob to a chat session, naming the service in Accept-Contact only
      Then the invitation is accepted

  @FT-02
  Rule: A session is marked by the feature tag of the CPM session service

    @TC-FT-02-01
    Scenario: Alice's client marks its invitation
      When Alice invites Bob to a chat session, naming the service in the feature tag only
      Then the invitation is accepted

    @TC-FT-02-02
    Scenario: The gateway marks its answer
      When Alice invites Bob to a chat session
      Then the acceptance is marked as a CPM session

  @FT-03
  Rule: The service is named by a header field of its own

    @TC-FT-03-01
    Scenario Outline: The service stands in <place>
      When Alice invites Bob to a chat session, naming the service in <place> only
      Then the invitation is accepted

      Examples:
        | place               |
        | P-Asserted-Service  |
        | P-Preferred-Service |

    @TC-FT-03-02
    Scenario: The gateway names the service of its message
      When Bob sends Alice the short message "Hello Alice"
      Then the message to Alice names a CPM service

  @FT-04
  Rule: A pager message is marked as a CPM message

    @TC-FT-04-01
    Scenario: Bob writes a short message to Alice
      When Bob sends Alice the short message "Hello Alice"
      Then the message to Alice is marked as a CPM message

  @FT-05
  Rule: Feature tags are compared by what they mean

    @TC-FT-05-01
    Scenario Outline: The feature tag of a file transfer is written <form>
      When Alice invites Bob to a file transfer, with its feature tag <form>
      Then the file transfer is refused, and Bob is not bothered

      Examples:
        | form                       |
        | as usual                   |
        | in capitals                |
        | with escapes in lower case |
        | without escapes            |
        | first in a list            |
        | last in a list             |

    @TC-FT-05-02 @control
    Scenario Outline: The feature tag of a chat session is written <form>
      When Alice invites Bob to a chat session, with its feature tag <form>
      Then the invitation is accepted

      Examples:
        | form                       |
        | in capitals                |
        | with escapes in lower case |
        | without escapes            |
        | first in a list            |
        | last in a list             |

  @FT-06
  Rule: An invitation to a file transfer is refused

    @TC-FT-06-01
    Scenario: Alice wants to send Bob a file
      When Alice invites Bob to a file transfer
      Then the file transfer is refused, and Bob is not bothered

    @TC-FT-06-02
    Scenario: Alice wants to send Bob a file, and only the service header field says so
      When Alice invites Bob to a file transfer, naming the service in P-Asserted-Service only
      Then the file transfer is refused, and Bob is not bothered

    @TC-FT-06-03 @control
    Scenario: Alice wants to chat with Bob
      When Alice invites Bob to a chat session, naming the service in P-Asserted-Service only
      Then the invitation is accepted
