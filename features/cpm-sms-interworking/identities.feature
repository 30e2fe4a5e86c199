Feature: Addresses, identities and routes on the CPM side
  The gateway is an application server that ends dialogs on behalf of the SMS user. It finds him
  by his telephone number, however that is written, and speaks in his name.

  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  # 3GPP TS 29.311 clause 6.1.1; 3GPP TS 24.229 clause 5.7; RFC 3261 section 12
  @FT-07
  Rule: The gateway follows the procedures of an application server

    @TC-FT-07-01
    Scenario: Alice's invitation comes through two proxies
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session through two proxies
      Then the acceptance repeats the recorded route

    @TC-FT-07-02
    Scenario: Bob leaves a chat session that two proxies follow
      Given Alice has a chat session with Bob through two proxies
      When Bob answers with the word for leaving
      Then the end of the chat session takes the recorded route

  # RFC 3325 section 9.1
  @FT-08
  Rule: The gateway asserts the SMS user's number

    @TC-FT-08-01
    Scenario: An invitation is accepted on Bob's behalf
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session
      Then the acceptance asserts the number of Bob

    @TC-FT-08-02
    Scenario: Bob writes a short message to Alice
      When Bob sends Alice the short message "It is me"
      Then the message to Alice asserts the number of Bob

  @FT-09
  Rule: The product of the CPM client does not matter

    @TC-FT-09-01
    Scenario Outline: Alice's client is <product>
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session with the product <product>
      Then the invitation is accepted

      Examples:
        | product                    |
        | "CPM-client/OMA1.0"        |
        | "CPM-client/OMA2.2 Pear/7" |
        | "IM-client/OMA1.0"         |
        | "IM-serv/OMA1.0"           |
        | "Telephone"                |

  # RFC 3966 section 3; RFC 3261 section 19.1.6
  @FT-10
  Rule: However the number is written, it is the same SMS user

    @TC-FT-10-01
    Scenario Outline: Alice invites Bob by <uri>
      Given invitations to Bob are to be converted
      When Alice invites Bob to a chat session by <uri>
      Then the inviting message is addressed to Bob

      Examples:
        | uri                       |
        | a tel URI                 |
        | a sip URI with user=phone |
        | a sip URI with his number |

    @TC-FT-10-02
    Scenario Outline: Alice writes to <uri>
      When Alice sends Bob the pager message "Any way" by <uri>
      Then Bob receives "Any way" once

      Examples:
        | uri                       |
        | a tel URI                 |
        | a sip URI with user=phone |
        | a sip URI with his number |
