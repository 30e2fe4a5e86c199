//! What the gateway does in ordinary and in failing sessions.
use super::*;

#[tokio::test]
async fn chats_both_ways_and_ends_by_bye() {
    let (reference, mut smsc) = start(None, 0).await;
    let (caller, mut media) = chat(&reference, &mut smsc).await;

    media.send("chat0001", Some("hello \u{20ac}")).await;
    assert_eq!(media.next().await.unwrap().status(), Some(200));
    let (from, to, text) = smsc.next().await;
    assert_eq!((&*from, &*to, &*text), (SESSION, BOB, "hello \u{20ac}"));

    smsc.send(BOB, SESSION, "hi there");
    assert_eq!(media.text(200).await, "hi there");
    assert_eq!(smsc.answer().await, status::OK);
    smsc.send(BOB, SESSION, "refused");
    assert_eq!(media.text(413).await, "refused");
    assert_ne!(smsc.answer().await, status::OK);
    // Another SMS user's message is not put into the chat.
    smsc.send("+447700900003", SESSION, "intruder");
    assert_ne!(smsc.answer().await, status::OK);

    let bye = caller.request("BYE", &format!("sip:{}", caller.gateway));
    caller.send(&bye).await;
    assert_eq!(caller.final_response().await.status(), Some(200));
    let (from, _, text) = smsc.next().await;
    assert_eq!(
        (&*from, &*text),
        (SESSION, &*format!("The chat with {ALICE} has ended."))
    );
    assert!(media.next().await.is_none());

    // Quarantine: acknowledged, and nothing comes of it.
    smsc.send(BOB, SESSION, "yes");
    assert_eq!(smsc.answer().await, status::OK);
    smsc.nothing_more();
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn the_leave_keyword_ends_the_chat_with_one_bye() {
    let (reference, mut smsc) = start(None, 0).await;
    let (caller, mut media) = chat(&reference, &mut smsc).await;
    smsc.send(BOB, SESSION, "Stop");
    assert_eq!(smsc.answer().await, status::OK);
    let bye = caller.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    caller.ok(&bye).await;
    assert!(media.next().await.is_none());
    smsc.nothing_more();
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn turns_rejection_silence_and_failure_into_their_responses() {
    let (reference, mut smsc) = start(None, 0).await;
    provision(
        &reference,
        ALICE,
        "{\"answer_seconds\":1.0,\"quarantine_seconds\":0}",
    )
    .await;
    let uri = format!("sip:{BOB}@ims.example;user=phone");

    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&uri)).await;
    smsc.next().await;
    smsc.send(BOB, SESSION, "maybe");
    assert_eq!(smsc.answer().await, status::OK);
    assert!(smsc.next().await.2.starts_with("Please reply yes"));
    smsc.send(BOB, SESSION, "no");
    assert_eq!(smsc.answer().await, status::OK);
    assert_eq!(caller.final_response().await.status(), Some(603));

    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&uri)).await;
    smsc.next().await;
    assert_eq!(caller.final_response().await.status(), Some(480));

    provision(&reference, ALICE, "{\"interworking_authorised\":false}").await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&uri)).await;
    let refused = caller.final_response().await;
    assert_eq!(refused.status(), Some(403));
    let warning = "399 gw \"127 Service not authorised\"";
    assert_eq!(refused.header("Warning"), Some(warning));

    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite("sip:bob@ims.example")).await;
    assert_eq!(caller.final_response().await.status(), Some(403));
    provision(&reference, ALICE, "{}").await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite("sip:bob@ims.example")).await;
    assert_eq!(caller.final_response().await.status(), Some(404));
    smsc.nothing_more();
    reference.stop().await.unwrap();

    let (reference, _smsc) = start(None, status::INVALID_DESTINATION).await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&uri)).await;
    assert_eq!(caller.final_response().await.status(), Some(404));
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_invitation_gets_487_and_its_retransmission_no_second_message() {
    for (fault, messages) in [(None, 1), (Some(Fault::InvitesAgainOnRetransmission), 2)] {
        let (reference, mut smsc) = start(fault, 0).await;
        let caller = Caller::new(reference.sip_address()).await;
        let invite = caller.invite(&format!("tel:{BOB}"));
        caller.send(&invite).await;
        assert_eq!(caller.receive().await.status(), Some(100));
        caller.send(&invite).await;
        for _ in 0..messages {
            smsc.next().await;
        }
        let mut cancel = caller.request("CANCEL", &format!("tel:{BOB}"));
        cancel.remove("Contact");
        caller.send(&cancel).await;
        let mut codes = [0; 2];
        for code in &mut codes {
            *code = caller.final_response().await.status().unwrap();
        }
        codes.sort_unstable();
        assert_eq!(codes, [200, 487]);
        smsc.nothing_more();
        reference.stop().await.unwrap();
    }
}

#[tokio::test]
async fn pages_both_ways_and_keeps_the_conversation() {
    let (reference, mut smsc) = start(None, 0).await;
    let mut caller = Caller::new(reference.sip_address()).await;
    let contact = caller.socket.local_addr().unwrap();
    let entry = format!("{{\"cpm\":true,\"contact\":\"sip:{contact};transport=udp\"}}");
    provision(&reference, ALICE, &entry).await;
    let mut message = caller.request("MESSAGE", &format!("tel:{BOB}"));
    message.push("Conversation-ID", "AbC-9");
    message.push("Contribution-ID", "one");
    message.set_body("text/plain", b"page".to_vec());
    caller.send(&message).await;
    let (from, to, text) = smsc.next().await;
    assert_eq!((&*from, &*to, &*text), (ALICE, BOB, "page"));
    assert_eq!(caller.final_response().await.status(), Some(200));
    caller.cseq += 1;

    smsc.send(BOB, ALICE, "reply");
    let reply = caller.receive().await;
    assert_eq!(reply.method(), Some("MESSAGE"));
    assert_eq!(reply.header("Conversation-ID"), Some("AbC-9"));
    assert_eq!(reply.header("InReplyTo-Contribution-ID"), Some("one"));
    assert_ne!(reply.header("Contribution-ID"), Some("one"));
    caller.ok(&reply).await;
    assert_eq!(smsc.answer().await, status::OK);
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn refuses_unknown_keys_and_impossible_values_by_name() {
    let (reference, _smsc) = start(None, 0).await;
    let base = format!("http://{}", reference.provisioning_address());
    let http = reqwest::Client::new();
    for (path, body, says) in [
        ("subscribers/%2B447700900001", "{\"colour\":1}", "colour"),
        (
            "subscribers/%2B447700900001",
            "{\"reject_code\":200}",
            "reject_code",
        ),
        ("subscribers/447700900001", "{}", "E.164"),
        (
            "provider",
            "{\"templates\":{\"invitation\":\"\"}}",
            "invitation",
        ),
        ("pools/default", "{\"numbers\":[\"12\"]}", "E.164"),
    ] {
        let put = http.put(format!("{base}/v1/{path}")).body(body);
        let response = put.send().await.unwrap();
        assert_eq!(response.status(), 400, "{path} {body}");
        let text = response.text().await.unwrap();
        assert!(text.contains(says), "{text}");
    }
    let missing = http.get(format!("{base}/v1/subscribers/%2B4477")).send();
    assert_eq!(missing.await.unwrap().status(), 404);
    let faults = http.get(format!("{base}/v1/faults")).send().await.unwrap();
    assert!(
        faults
            .text()
            .await
            .unwrap()
            .contains("ignore-accept-policy")
    );
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn a_group_chat_takes_over_number_and_sms_user_of_the_chat_it_replaces() {
    let (reference, mut smsc) = start(None, 0).await;
    let (caller, _media) = chat(&reference, &mut smsc).await;

    let mut focus = Caller::new(reference.sip_address()).await;
    let mut invite = focus.invite(&format!("tel:{BOB}"));
    let contact = format!("{};isfocus", invite.header("Contact").unwrap());
    invite.set("Contact", contact);
    invite.push("Session-Replaces", "Contr-1");
    focus.send(&invite).await;
    let accepted = focus.final_response().await;
    assert_eq!(accepted.status(), Some(200));
    let bye = caller.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    caller.ok(&bye).await;

    focus.acknowledge(&accepted).await;
    let mut media = Media::connect(&focus, &accepted).await;
    smsc.nothing_more();
    smsc.send(BOB, SESSION, "to all");
    assert_eq!(media.text(200).await, "to all");
    assert_eq!(smsc.answer().await, status::OK);
    reference.stop().await.unwrap();
}

#[tokio::test]
async fn more_sessions_than_allowed_get_503_and_the_number_limit_480() {
    let (reference, mut smsc) = start(None, 0).await;
    provision(&reference, ALICE, "{\"sender_number\":\"own\"}").await;
    let mut numbers = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..2 {
        let caller = Caller::new(reference.sip_address()).await;
        caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
        numbers.push(smsc.next().await.0);
        callers.push(caller);
    }
    // The second chat of the same pair has an assigned number (catalogue A12).
    assert_eq!(numbers, [ALICE, SESSION]);
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
    let refused = caller.final_response().await;
    assert_eq!(refused.status(), Some(503));
    assert!(refused.header("Retry-After").is_some());
    reference.stop().await.unwrap();

    let (reference, mut smsc) = start(None, 0).await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
    smsc.next().await;
    let caller = Caller::new(reference.sip_address()).await;
    caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
    let refused = caller.final_response().await;
    assert_eq!(refused.status(), Some(480));
    assert!(refused.header("Retry-After").is_some());
    reference.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_places_are_given_to_five_of_many_invitations_at_once_and_again_after_a_bye() {
    let (reference, mut smsc) = start_for(5, None, 0).await;
    let numbers: Vec<String> = (0..40).map(|n| format!("+4477009100{n:02}")).collect();
    let pool = serde_json::json!({ "numbers": numbers }).to_string();
    let url = format!(
        "http://{}/v1/pools/default",
        reference.provisioning_address()
    );
    let put = reqwest::Client::new().put(url).body(pool);
    assert!(put.send().await.unwrap().status().is_success());
    provision(&reference, ALICE, "{\"provider_policy\":\"auto-accept\"}").await;

    let mut callers = Vec::new();
    for _ in 0..30 {
        callers.push(Caller::new(reference.sip_address()).await);
    }
    let invited = callers.iter().map(async |caller| {
        caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
        caller.final_response().await
    });
    let responses = futures::future::join_all(invited).await;
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for (mut caller, response) in callers.into_iter().zip(responses) {
        if response.status() == Some(503) {
            assert!(response.header("Retry-After").is_some());
            caller.acknowledge_failure(&response).await;
            refused += 1;
        } else {
            assert_eq!(response.status(), Some(200));
            caller.acknowledge(&response).await;
            accepted.push(caller);
        }
    }
    assert_eq!((accepted.len(), refused), (5, 25));

    let leaving = accepted.pop().unwrap();
    let bye = leaving.request("BYE", &format!("sip:{}", leaving.gateway));
    leaving.send(&bye).await;
    assert_eq!(leaving.final_response().await.status(), Some(200));
    assert!(smsc.next().await.2.contains("has ended"));
    for expected in [200, 503] {
        let mut caller = Caller::new(reference.sip_address()).await;
        // The place is free when the session's task has seen to its end, an instant after the BYE is answered.
        tokio::time::sleep(Duration::from_millis(100)).await;
        caller.send(&caller.invite(&format!("tel:{BOB}"))).await;
        let response = caller.final_response().await;
        assert_eq!(response.status(), Some(expected));
        match expected {
            200 => caller.acknowledge(&response).await,
            _ => caller.acknowledge_failure(&response).await,
        }
    }
    reference.stop().await.unwrap();
}
