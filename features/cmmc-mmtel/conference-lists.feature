Feature: Lists of users for a CMMC conference
  A user creates a conference and names whom the focus is to invite, all in one request.

  Background:
    Given Alice, Bob and Carol are MMTel users
    And Dave is a MMTel user

  # RFC 5366 section 3
  @CF-16
  Rule: The focus invites whom the list names

    @TC-CF-16-01
    Scenario: Carol creates a conference with Alice and Bob
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus invites Alice and Bob to the new conference

  # RFC 5366 section 5.1
  @CF-17
  Rule: A list in a request within the dialog is refused

    @TC-CF-17-01
    Scenario: Carol sends a list to the conference there is
      Given Carol has a CMMC conference
      When Carol sends the focus a list of Alice and Bob within her dialog
      Then the focus refuses the list as an extension it does not support there

    @TC-CF-17-02 @control
    Scenario: Carol sends a list to the factory
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus takes Carol's list

  # RFC 5366 section 5, RFC 5364 section 4
  @CF-18
  Rule: Added users learn of no blind copies and of nobody who stays anonymous

    @TC-CF-18-01
    Scenario: Bob is invited by blind copy
      When Carol creates a CMMC conference with this list
        | user  | copy control |
        | Alice | to           |
        | Bob   | bcc          |
        | Dave  | to           |
      Then the list that Alice gets has Dave but not Bob

    @TC-CF-18-02
    Scenario: Bob wants to stay anonymous
      When Carol creates a CMMC conference with this list
        | user  | copy control  |
        | Alice | to            |
        | Bob   | to, anonymize |
        | Dave  | to            |
      Then the list that Alice gets has Dave but not Bob

    @TC-CF-18-03 @control
    Scenario: Bob is invited openly
      When Carol creates a CMMC conference with this list
        | user  | copy control |
        | Alice | to           |
        | Bob   | to           |
        | Dave  | to           |
      Then the list that Alice gets has Dave and Bob

  # RFC 5364 section 4
  @CF-19
  Rule: Copy control has a namespace in small letters

    @TC-CF-19-01
    Scenario: Alice gets a list with copy control
      When Carol creates a CMMC conference with this list
        | user  | copy control |
        | Alice | to           |
        | Bob   | cc           |
      Then the copy control in the list that Alice gets is in the namespace of RFC 5364

  # RFC 5360 section 5.9
  @CF-20
  Rule: Who lacks the permission of a recipient says so

    @TC-CF-20-01
    Scenario: Bob has not permitted to be invited
      Given Bob has not permitted the focus to invite him
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus refuses Carol's list with 470 for want of Bob's permission

    @TC-CF-20-02 @control
    Scenario: Everybody has permitted to be invited
      When Carol creates a CMMC conference with a list of Alice and Bob
      Then the focus takes Carol's list
