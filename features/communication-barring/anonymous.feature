Feature: Anonymous communication rejection (ACR)
  The ACR service allows the served user to reject incoming communications on which the
  asserted public user identity of the originating user is restricted.

  Background:
    Given Alice and Bob are MMTel users

  # 3GPP TS 24.611 clauses 4.1 and 4.2.1
  @CB-03
  Rule: Callers whose asserted identity is restricted are rejected

    @TC-CB-03-01
    Scenario: Alice calls Bob anonymously, who rejects anonymous communications
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob anonymously
      Then the communication is barred

    @TC-CB-03-02 @control
    Scenario: Alice calls Bob by name, who rejects anonymous communications
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob
      Then the communication reaches Bob

    @TC-CB-03-03 @control
    Scenario: Alice calls Bob anonymously, who rejects nothing
      When Alice calls Bob anonymously
      Then the communication reaches Bob

  # 3GPP TS 24.611 clause 4.2.1
  @CB-04
  Rule: A communication without any asserted identity passes

    @TC-CB-04-01
    Scenario: A communication without asserted identity comes in for Bob
      Given incoming communications to Bob are barred from anonymous callers
      When a communication for Bob comes in without asserted identity
      Then the communication reaches Bob

  # 3GPP TS 24.611 clause 4.2.1, RFC 5079 section 4
  @CB-05
  Rule: The caller is told that the rejection is due to ACR

    @TC-CB-05-01
    Scenario: Alice learns why she is rejected
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob anonymously
      Then the caller is told that anonymity is disallowed

    @TC-CB-05-02 @control
    Scenario: Alice, who is not anonymous, is not rejected
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob
      Then the communication reaches Bob

  # RFC 5079 sections 3 and 4
  @CB-06
  Rule: A caller who is not restricted is not anonymous

    @TC-CB-06-01
    Scenario Outline: Alice calls Bob <manner>, who rejects anonymous communications
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob <manner>
      Then the communication reaches Bob

      Examples:
        | manner                          |
        | with no privacy                 |
        | with privacy for nothing at all |

    # Reading A-15: forms that 3GPP TS 24.611 does not have may be rejected or not
    @TC-CB-06-02 @derived
    Scenario Outline: Alice calls Bob <manner>, which RFC 5079 takes for anonymous
      Given incoming communications to Bob are barred from anonymous callers
      When Alice calls Bob <manner>
      Then the communication reaches Bob, or the caller is told that anonymity is disallowed

      Examples:
        | manner                    |
        | with privacy for the user |
        | from an anonymous address |
