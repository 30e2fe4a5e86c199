//! Faults that need the whole gateway to show: each does what it says, and the session around it still works.
use super::*;

/// An invitation that is asked about; gives the caller and the text of the inviting message.
async fn invited(reference: &Reference, smsc: &mut Smsc) -> (Caller, String) {
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
    let (_, _, text) = smsc.next().await;
    (caller, text)
}

#[tokio::test]
async fn cancel_without_487_leaves_the_invitation_unanswered() {
    let (reference, mut smsc) = start(Some(Fault::CancelWithout487), 0).await;
    let (caller, _) = invited(&reference, &mut smsc).await;
    let mut cancel = caller.request("CANCEL", &format!("tel:{BOB}"));
    cancel.remove("Contact");
    caller.send(&cancel).await;
    let response = caller.final_response().await;
    assert_eq!(response.cseq().unwrap().1, "CANCEL");
    let more = timeout(Duration::from_millis(700), caller.final_response()).await;
    assert!(more.is_err(), "the INVITE got a final response");
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn late_answer_opens_session_invites_the_caller() {
    let (reference, mut smsc) = start(Some(Fault::LateAnswerOpensSession), 0).await;
    let (mut caller, _) = invited(&reference, &mut smsc).await;
    let refused = caller.final_response().await;
    assert_eq!(refused.status(), Some(480));
    caller.acknowledge_failure(&refused).await;
    smsc.send(BOB, SESSION, "yes");
    assert_eq!(smsc.answer().await, status::OK);
    assert_eq!(caller.receive().await.method(), Some("INVITE"));
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn byes_twice_sends_two_and_leave_keyword_relayed_shows_it() {
    let (reference, mut smsc) = start(Some(Fault::ByesTwice), 0).await;
    let (caller, _media) = chat(&reference, &mut smsc).await;
    smsc.send(BOB, SESSION, "stop");
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let bye = caller.receive().await;
        assert_eq!(bye.method(), Some("BYE"));
        numbers.push(bye.cseq().unwrap().0);
        caller.ok(&bye).await;
    }
    assert!(numbers[0] < numbers[1]);
    reference.stop().await.unwrap();

    let (reference, mut smsc) = start(Some(Fault::LeaveKeywordRelayed), 0).await;
    let (caller, mut media) = chat(&reference, &mut smsc).await;
    smsc.send(BOB, SESSION, "stop");
    assert_eq!(media.text(200).await, "stop");
    assert_eq!(caller.receive().await.method(), Some("BYE"));
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn keyword_relayed_and_pager_faults_put_text_where_it_does_not_belong() {
    let (reference, mut smsc) = start(Some(Fault::KeywordRelayed), 0).await;
    let (_caller, mut media) = chat(&reference, &mut smsc).await;
    assert_eq!(media.text(200).await, " YES ");
    reference.stop().await.unwrap();

    let (reference, mut smsc) = start(Some(Fault::ChatShortMessageAsPager), 0).await;
    let (caller, _media) = chat(&reference, &mut smsc).await;
    smsc.send(BOB, SESSION, "hello");
    let message = caller.receive().await;
    assert_eq!(message.method(), Some("MESSAGE"));
    caller.ok(&message).await;
    assert_eq!(smsc.answer().await, status::OK);
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn policy_and_text_faults_show_in_the_first_response_or_message() {
    let (reference, _smsc) = start(Some(Fault::AcceptsWithoutE164), 0).await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite("sip:bob@ims.example")).await;
    assert_eq!(caller.final_response().await.status(), Some(200));
    reference.stop().await.unwrap();

    let (reference, mut smsc) = start(Some(Fault::AnswersBeforeTheSmsUser), 0).await;
    let (caller, _) = invited(&reference, &mut smsc).await;
    assert_eq!(caller.final_response().await.status(), Some(200));
    reference.stop().await.unwrap();

    let (reference, mut smsc) = start(Some(Fault::InvitationNotMentioned), 0).await;
    let (_, text) = invited(&reference, &mut smsc).await;
    assert!(!text.contains("invite"), "{text}");
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn msrp_left_open_answers_bye_and_keeps_the_connection() {
    let (reference, mut smsc) = start(Some(Fault::MsrpLeftOpen), 0).await;
    let (caller, mut media) = chat(&reference, &mut smsc).await;
    let bye = caller.request("BYE", &format!("sip:{}", caller.gateway));
    caller.send(&bye).await;
    assert_eq!(caller.final_response().await.status(), Some(200));
    let open = timeout(Duration::from_millis(500), media.next()).await;
    assert!(open.is_err(), "the connection was closed");
    reference.stop().await.unwrap();
}
