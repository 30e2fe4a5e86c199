Feature: Changes of nodes and lists over Ut
  What is put is found where it was put; lists of users have rules of their own; and barring is
  activated and deactivated by the documents that terminals write.

  # RFC 4825 section 11; RFC 4826 section 3
  @UT-10
  Rule: A change that cannot be made is refused with the reason

    @TC-UT-10-02
    Scenario Outline: Alice asks for a list <wrong>
      When Alice asks for a change that is "<wrong>"
      Then the change is refused as <reason>

      Examples:
        | wrong                                         | reason             |
        | naming one list twice                         | uniqueness-failure |
        | with a reference that is no URI of the server | constraint-failure |

  # RFC 4825 section 8.2.3
  @UT-11
  Rule: What is put is what its address leads to

    @TC-UT-11-01
    Scenario Outline: Alice asks for a change <wrong>
      Given ICB is invoked for Alice
      When Alice asks for a change that is "<wrong>"
      Then the change is refused as cannot-insert

      Examples:
        | wrong                              |
        | under the id of another rule       |
        | under the place of another rule    |
        | to the id by which it is addressed |

    @TC-UT-11-02 @control
    Scenario: Alice asks for a change that can be made
      Given ICB is invoked for Alice
      When Alice configures barring as application/vnd.etsi.simservs+xml
      Then the change is made

  # 3GPP TS 34.229-5 clauses 8.17 to 8.25
  @UT-13
  Rule: Terminals activate and deactivate barring by its programmes

    @TC-UT-13-01
    Scenario Outline: Alice activates <programme>
      Given <programme> is invoked for Alice
      When Alice reads his or her services
      Then Alice gets the services as configured

      Examples:
        | programme                                                        |
        | ICB                                                              |
        | ICB while roaming                                                |
        | ACR                                                              |
        | OCB                                                              |
        | OCB of international communications                              |
        | OCB of international communications except to the home country   |

    @TC-UT-13-02
    Scenario Outline: Alice deactivates <programme>
      Given <programme> is invoked for Alice
      And the rule of <programme> of Alice is deactivated
      When Alice reads his or her services
      Then Alice gets the services as configured

      Examples:
        | programme                                                        |
        | ICB                                                              |
        | ICB while roaming                                                |
        | ACR                                                              |
        | OCB                                                              |
        | OCB of international communications                              |
        | OCB of international communications except to the home country   |
