Feature: The documents of Ut and their versions
  Documents and their nodes are resources that are read, put and deleted; every version has an
  entity tag, and a change that would leave a document that is not right is not made.

  # RFC 4825 sections 7.11 and 8.5
  @UT-07
  Rule: Every success carries an entity tag, one for the document and all its nodes

    @TC-UT-07-01 @smoke
    Scenario: Alice reads the document and nodes of it
      Given ICB is invoked for Alice
      When Alice reads his or her services and nodes of them
      Then all of them have one version

  # RFC 4825 section 7.11
  @UT-08
  Rule: Requests can be conditional on the version

    @TC-UT-08-01
    Scenario: Alice changes a version that is there no more
      Given ICB is invoked for Alice
      And OCB is invoked for Alice
      When Alice configures barring, meaning the version before
      Then the change is refused as meant for another version

    @TC-UT-08-02 @control
    Scenario: Alice changes the version that is there
      Given ICB is invoked for Alice
      And OCB is invoked for Alice
      When Alice configures barring, meaning the present version
      Then the change is made

    @TC-UT-08-03
    Scenario: Alice has the version that is there
      Given ICB is invoked for Alice
      When Alice reads his or her services, having the present version
      Then the server says that there is no other version

    @TC-UT-08-04 @control
    Scenario: Alice has the version before
      Given ICB is invoked for Alice
      And OCB is invoked for Alice
      When Alice reads his or her services, having the version before
      Then Alice gets the services as configured

  # RFC 4825 sections 8.1 to 8.3
  @UT-09
  Rule: What is new, replaced, deleted or not there is told by the status

    @TC-UT-09-01
    Scenario: Alice configures barring for the first time
      When Alice configures barring as application/vnd.etsi.simservs+xml
      Then the services are new

    @TC-UT-09-02
    Scenario: Alice configures barring another time
      Given ICB is invoked for Alice
      When Alice configures barring as application/vnd.etsi.simservs+xml
      Then the services are replaced

    @TC-UT-09-03
    Scenario: Alice deletes her document
      Given ICB is invoked for Alice
      When Alice takes his or her services away and asks for them
      Then the services are gone

    @TC-UT-09-04
    Scenario: Alice deletes a document that is not there
      When Alice takes his or her services away
      Then there are no services

    @TC-UT-09-05
    Scenario: Alice reads a document that is not there
      When Alice reads his or her services
      Then there are no services

    @TC-UT-09-06 @control
    Scenario: Alice reads a document that is there
      Given ICB is invoked for Alice
      When Alice reads his or her services
      Then Alice gets the services as configured

  # RFC 4825 section 11
  @UT-10
  Rule: A change that cannot be made is refused with the reason

    @TC-UT-10-01
    Scenario Outline: Alice asks for a change that is <wrong>
      Given ICB is invoked for Alice
      And ACR is invoked for Alice
      When Alice asks for a change that is "<wrong>"
      Then the change is refused as <reason>

      Examples:
        | wrong                              | reason                  |
        | not UTF-8                          | not-utf-8               |
        | not well-formed                    | not-well-formed         |
        | not of the schema                  | schema-validation-error |
        | no XML element                     | not-xml-frag            |
        | no value of an attribute           | not-xml-att-value       |
        | in a parent that is not there      | no-parent               |
        | taking the first of two rules away | cannot-delete           |

    @TC-UT-10-03 @control
    Scenario: Alice asks for a change that can be made
      Given ICB is invoked for Alice
      When Alice configures barring as application/vnd.etsi.simservs+xml
      Then the change is made
