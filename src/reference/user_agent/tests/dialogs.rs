//! Dialogs: confirmed, refreshed, ended by either side, expired, forgotten.
use super::super::*;
use super::client::*;
use std::time::Duration;

#[tokio::test]
async fn repeats_the_2xx_until_its_ack() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let mut invite = client.invite("d1");
    invite.push("Record-Route", "<sip:127.0.0.1:1;lr>, <sip:127.0.0.1:2;lr>");
    client.send(&invite).await;
    let server = next_invite(&mut incoming).await;
    let mut dialog = server.accept(answer()).unwrap();
    let ok = client.response(200).await;
    assert_eq!(client.response(200).await, ok);
    assert_eq!(ok.values("Record-Route").len(), 2);
    assert_eq!(ok.header("X-Test"), Some("yes"));
    assert_eq!(ok.content_type().as_deref(), Some("application/sdp"));
    let contact = format!("<sip:gw@{}>;+g.feature", agent.sip_address());
    assert_eq!(ok.header("Contact"), Some(contact.as_str()));
    let tag = ok.to_tag().unwrap();
    let ack = client.request("ACK", "d1", 1, &tag);
    client.send(&ack).await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Confirmed(_)
    ));
    while client
        .receive_within(Duration::from_millis(5))
        .await
        .is_some()
    {}
    assert_eq!(
        client.receive_within(Duration::from_millis(300)).await,
        None
    );
    agent.stop().await;
}

#[tokio::test]
async fn sends_bye_when_no_ack_comes() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let invite = client.invite("d2");
    client.send(&invite).await;
    let mut dialog = next_invite(&mut incoming).await.accept(answer()).unwrap();
    let bye = client.awaited_request("BYE").await;
    client.respond(&bye, 200, "OK").await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::AckTimeout
    ));
    assert!(dialog.events.recv().await.is_none());
    assert!(!dialog.control.is_alive());
    agent.stop().await;
}

#[tokio::test]
async fn gives_the_bye_of_the_peer_to_the_caller() {
    let (agent, mut incoming) = start().await;
    let (mut client, tag, mut dialog) = established(&agent, &mut incoming, "d3", &[]).await;
    let low = client.request("BYE", "d3", 0, &tag);
    client.send(&low).await;
    client.response(500).await;
    let options = client.request("OPTIONS", "d3", 2, &tag);
    client.send(&options).await;
    client.response(200).await;
    let message = client.request("MESSAGE", "d3", 3, &tag);
    client.send(&message).await;
    match next_event(&mut dialog).await {
        DialogEvent::Request(request) => request.respond(200, "OK", &vec![], None),
        _ => panic!("no request"),
    }
    client.response(200).await;
    let bye = client.request("BYE", "d3", 4, &tag);
    client.send(&bye).await;
    match next_event(&mut dialog).await {
        DialogEvent::Bye(bye) => bye.respond(200, "OK", &vec![], None),
        _ => panic!("no BYE"),
    }
    client.response(200).await;
    assert_eq!(agent.dialogs(), 0);
    let again = client.request("BYE", "d3", 5, &tag);
    client.send(&again).await;
    client.response(481).await;
    assert_eq!(
        dialog.control.bye(&vec![]).await,
        Err(RequestError::NoDialog)
    );
    agent.stop().await;
}

#[tokio::test]
async fn leaves_a_bye_unanswered_if_told_so() {
    let (agent, mut incoming) = start().await;
    let (mut client, tag, mut dialog) = established(&agent, &mut incoming, "d4", &[]).await;
    let bye = client.request("BYE", "d4", 2, &tag);
    client.send(&bye).await;
    match next_event(&mut dialog).await {
        DialogEvent::Bye(bye) => bye.ignore(),
        _ => panic!("no BYE"),
    }
    client.send(&bye).await;
    assert_eq!(
        client.receive_within(Duration::from_millis(200)).await,
        None
    );
    agent.stop().await;
}

#[tokio::test]
async fn sends_requests_in_the_dialog_along_its_route() {
    let (agent, mut incoming) = start().await;
    let probe = Client::new(&agent).await;
    let route = format!("<sip:{};lr>", probe.local());
    let (client, tag, dialog) =
        established(&agent, &mut incoming, "d5", &[("Record-Route", &route)]).await;
    let control = dialog.control.clone();
    let sending = tokio::spawn(async move {
        let headers = vec![("Reason".to_string(), "SIP;cause=200".to_string())];
        control.bye(&headers).await
    });
    let bye = probe.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    assert_eq!(bye.header("Route"), Some(route.as_str()));
    let target = format!("sip:alice@{}", client.local());
    assert_eq!(bye.uri(), Some(target.as_str()));
    assert_eq!(bye.from_tag(), Some(tag));
    assert_eq!(bye.to_tag().as_deref(), Some("alice"));
    assert_eq!(bye.header("Reason"), Some("SIP;cause=200"));
    probe.respond(&bye, 200, "OK").await;
    assert_eq!(sending.await.unwrap().unwrap().status(), Some(200));
    assert_eq!(agent.dialogs(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn sends_bye_for_a_dropped_dialog_but_not_for_a_forgotten_one() {
    let (agent, mut incoming) = start().await;
    let (client, _, dialog) = established(&agent, &mut incoming, "d6", &[]).await;
    drop(dialog);
    client.awaited_request("BYE").await;
    let (client, _, dialog) = established(&agent, &mut incoming, "d7", &[]).await;
    dialog.control.forget();
    drop(dialog);
    assert_eq!(
        client.receive_within(Duration::from_millis(200)).await,
        None
    );
    agent.stop().await;
}

#[tokio::test]
async fn answers_refreshes_with_the_current_description() {
    let (agent, mut incoming) = start().await;
    let extra = [("Session-Expires", "1800")];
    let (mut client, tag, mut dialog) = established(&agent, &mut incoming, "d8", &extra).await;
    let mut update = client.request("UPDATE", "d8", 2, &tag);
    update.push("Supported", "timer");
    update.push("Session-Expires", "600;refresher=uac");
    client.send(&update).await;
    let ok = client.response(200).await;
    assert_eq!(ok.header("Session-Expires"), Some("600;refresher=uac"));
    assert_eq!(ok.header("Require"), Some("timer"));
    assert!(ok.body.is_empty());
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Refreshed(_)
    ));
    let mut invite = client.request("INVITE", "d8", 3, &tag);
    invite.set_body("application/sdp", OFFER);
    client.send(&invite).await;
    let ok = client.response(200).await;
    assert_eq!(ok.body, OFFER.as_bytes());
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Refreshed(_)
    ));
    assert_eq!(client.response(200).await, ok, "repeated until its ACK");
    let ack = client.request("ACK", "d8", 3, &tag);
    client.send(&ack).await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Confirmed(_)
    ));
    let mut wrong = client.request("INVITE", "d8", 4, &tag);
    wrong.set_body(
        "application/sdp",
        OFFER.replace("m=message 7000 TCP/MSRP *", "m=audio 7000 RTP/AVP 0"),
    );
    client.send(&wrong).await;
    client.response(488).await;
    agent.stop().await;
}

#[tokio::test]
async fn tells_when_the_session_interval_passes() {
    let config = UserAgentConfig {
        min_session_expires: 1,
        ..quick()
    };
    let (agent, mut incoming) = UserAgent::start(config).await.unwrap();
    let extra = [("Session-Expires", "1;refresher=uac")];
    let (_client, _, mut dialog) = established(&agent, &mut incoming, "d9", &extra).await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Expired
    ));
    agent.stop().await;
}

#[tokio::test]
async fn refreshes_the_session_when_it_is_its_turn() {
    let config = UserAgentConfig {
        min_session_expires: 1,
        ..quick()
    };
    let (agent, mut incoming) = UserAgent::start(config).await.unwrap();
    let extra = [("Session-Expires", "1;refresher=uas")];
    let (client, _, mut dialog) = established(&agent, &mut incoming, "d10", &extra).await;
    let update = client.awaited_request("UPDATE").await;
    assert_eq!(update.header("Session-Expires"), Some("1;refresher=uac"));
    client
        .respond(&update, 481, "Call/Transaction Does Not Exist")
        .await;
    assert!(matches!(
        next_event(&mut dialog).await,
        DialogEvent::Expired
    ));
    agent.stop().await;
}

#[tokio::test]
async fn a_bye_in_the_early_dialog_ends_the_invite() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let invite = client.invite("d11");
    client.send(&invite).await;
    let server = next_invite(&mut incoming).await;
    server.provisional(180, "Ringing", &vec![], None);
    let tag = client.response(180).await.to_tag().unwrap();
    let bye = client.request("BYE", "d11", 2, &tag);
    client.send(&bye).await;
    client.response(200).await;
    client.response(487).await;
    server.cancelled().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgets_every_session_it_served() {
    let (agent, mut incoming) = start().await;
    for n in 0..100 {
        let call = format!("many-{n}");
        let (mut client, tag, mut dialog) = established(&agent, &mut incoming, &call, &[]).await;
        let bye = client.request("BYE", &call, 2, &tag);
        client.send(&bye).await;
        if let DialogEvent::Bye(bye) = next_event(&mut dialog).await {
            bye.respond(200, "OK", &vec![], None);
        }
        client.response(200).await;
    }
    assert_eq!(agent.dialogs(), 0);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(agent.transactions(), 0);
    assert_eq!(agent.timers(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn refuses_calls_beyond_its_limits_with_503() {
    let config = UserAgentConfig {
        max_dialogs: 2,
        ..quick()
    };
    let (agent, mut incoming) = UserAgent::start(config).await.unwrap();
    let mut client = Client::new(&agent).await;
    let mut pending = Vec::new();
    for call in ["l1", "l2"] {
        let invite = client.invite(call);
        client.send(&invite).await;
        assert_eq!(client.receive().await.status(), Some(100));
        pending.push(next_invite(&mut incoming).await);
    }
    let invite = client.invite("l3");
    client.send(&invite).await;
    let refused = client.response(503).await;
    assert!(refused.header("Retry-After").is_some());
    drop(pending);
    agent.stop().await;
}
