Feature: Other ways to add users to a CMMC conference, and to remove them
  RFC 4579 has a participant refer users to the conference, move a call into it, and take users
  out of it. RFC 4488 and RFC 7614 do without the notifications.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Carol has a CMMC conference

  # RFC 4488 section 4, RFC 7614 section 4
  @CF-10
  Rule: Who wants no notifications gets none

    @TC-CF-10-01
    Scenario Outline: Carol adds Bob with <option>
      When Carol asks the focus to add Bob with <option>
      Then Carol is not told what becomes of her request with <option>

      Examples:
        | option               |
        | Refer-Sub: false     |
        | Require: nosub       |
        | Require: explicitsub |

    @TC-CF-10-02 @control
    Scenario: Carol adds Bob
      When Carol adds Bob to the CMMC conference
      Then Carol is told what becomes of her request

    @TC-CF-10-03
    Scenario: Carol requires an extension that nobody knows
      When Carol asks the focus to add Bob with Require: unheard-of
      Then the focus refuses the request of Carol as an extension it does not know

  # RFC 4579 section 5.6
  @CF-11
  Rule: A participant may refer another user to the conference

    @TC-CF-11-01
    Scenario: Carol refers Bob to the conference
      When Carol refers Bob to the CMMC conference
      Then Bob has joined the CMMC conference as Carol has asked him to

  # RFC 4579 section 5.11
  @CF-12
  Rule: A REFER with method BYE has a user removed

    @TC-CF-12-01
    Scenario: Carol has Bob removed
      Given Bob participates in the CMMC conference
      When Carol asks the focus to remove Bob from the CMMC conference
      Then Bob has been removed from the CMMC conference, and Carol is told so

    @TC-CF-12-02 @control
    Scenario: Bob stays when Alice is removed
      Given Alice participates in the CMMC conference
      And Bob participates in the CMMC conference
      When Carol asks the focus to remove Alice from the CMMC conference
      Then the communication of Bob with the CMMC focus goes on

  # RFC 4579 section 5.10
  @CF-14
  Rule: A call between two is moved into the conference

    @TC-CF-14-01
    Scenario: Alice moves her call with Bob
      Given Alice participates in the CMMC conference
      And Alice has a communication with Bob
      When Alice moves her communication with Bob to the CMMC conference
      Then the focus invites Bob to replace his communication with Alice
