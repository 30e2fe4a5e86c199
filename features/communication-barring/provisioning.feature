Feature: Communication barring is configured over Ut
  A user activates and deactivates the barring of incoming communications, outgoing ones and
  those of anonymous callers by changing his simservs document with XCAP.

  # 3GPP TS 34.229-5 clauses 8.17 to 8.25
  @CB-41
  Rule: A user configures barring by HTTP and proves who he or she is

    @TC-CB-41-01
    Scenario: Alice configures barring and reads it again
      When Alice configures barring with "the usual prefixes" and reads it again
      Then Alice gets the services as configured

    @TC-CB-41-02
    Scenario: Alice configures all programmes in one document
      Given ICB and OCB is invoked for Alice
      And ACR is invoked for Alice
      When Alice reads his or her services
      Then Alice gets the services as configured

  # 3GPP TS 24.623; RFC 4825 section 6
  @UT-02
  Rule: The document of a user is found under a public user identity

    @TC-UT-02-01
    Scenario Outline: Alice's document is found under her identity, which is <form>
      Given ICB is invoked for Alice
      When Alice reads the services of the user "<form>"
      Then Alice gets the services as configured

      Examples:
        | form                 |
        | sip                  |
        | sip, percent-encoded |
        | tel                  |

  # RFC 4825 section 6.3 and 6.4
  @UT-03
  Rule: Node selectors lead to the nodes of the document

    @TC-UT-03-01
    Scenario Outline: Alice reads <node>
      Given ICB and OCB is invoked for Alice
      When Alice reads the node <node> of his or her services
      Then Alice gets that node

      Examples:
        | node                                                                                  |
        | simservs/incoming-communication-barring                                               |
        | simservs/outgoing-communication-barring                                               |
        | ss:simservs/ss:incoming-communication-barring                                         |
        | simservs/*[1]/cp:ruleset/cp:rule[@id="call-barring-all-incoming"]                     |

  # 3GPP TS 24.623; IANA registrations of RFC 4825 section 15
  @UT-04
  Rule: Documents and nodes have media types of their own

    @TC-UT-04-01
    Scenario: Alice reads a document, an element and an attribute
      Given ICB is invoked for Alice
      When Alice reads his or her services and nodes of them
      Then document, element and attribute come under their media types

    @TC-UT-04-02
    Scenario: Alice configures barring under another media type
      When Alice configures barring as text/plain
      Then the media type is refused

    @TC-UT-04-03 @control
    Scenario: Alice configures barring under its media type
      When Alice configures barring as application/vnd.etsi.simservs+xml
      Then the change is made

  # seen in documents of operators
  @UT-05
  Rule: Prefixes of namespaces do not matter

    @TC-UT-05-01
    Scenario Outline: Alice configures barring with <prefixes>
      When Alice configures barring with "<prefixes>" and reads it again
      Then Alice gets the services as configured

      Examples:
        | prefixes            |
        | a default namespace |
        | other prefixes      |

  # 3GPP TS 34.229-5 clause A.21
  @UT-06
  Rule: The server asks who the user is

    @TC-UT-06-01
    Scenario: Alice does not say who she is
      When Alice reads his or her services without saying who asks
      Then Alice is asked to say who asks

    @TC-UT-06-02 @control
    Scenario: Alice says who she is
      Given ICB is invoked for Alice
      When Alice reads his or her services
      Then Alice gets the services as configured
