Feature: An instant message for a terminal that takes short messages over IP only
  The gateway sends the message as an encapsulated short message, and turns the delivery report of
  the terminal into a delivery notification.

  Background:
    Given Alice is a CPM user
    And Carol is registered for SMS over IP only

  # 3GPP TS 23.204 clause 6.11
  @PGO-08
  Rule: The message reaches the terminal as an encapsulated short message

    @TC-PGO-08-01
    Scenario: Alice sends a pager message to Carol, whose terminal takes SMS over IP only
      When Alice sends Carol the pager message "For your terminal"
      Then Alice's "For your terminal" reaches Carol as an encapsulated short message

  # 3GPP TS 23.204 clause 6.12
  @DR-06
  Rule: The delivery report is answered at the SIP level, and then the sender is notified

    @TC-DR-06-01
    Scenario: Carol's terminal reports, and Alice wants to know
      When Alice sends Carol the pager message "Tell me" and asks whether it arrives
      Then Alice is notified after Carol's delivery report has been answered
