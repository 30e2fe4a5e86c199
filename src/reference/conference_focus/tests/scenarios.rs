//! What a focus is for, one scenario each.
use super::phone::{FACTORY, Phone, focus};
use crate::wire::rtp::RtpPacket;
use crate::wire::sip::sipfrag_status;
use std::time::Duration;
use tokio::time::timeout;

const SUBSCRIBE: &[(&str, &str)] = &[
    ("Event", "conference"),
    ("Accept", "application/conference-info+xml"),
];

#[tokio::test]
async fn a_conference_is_made_joined_left_and_ends_with_its_creator() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut alice = Phone::new("alice", &focus).await;
    let room = carol.join(FACTORY).await;
    assert!(room.starts_with("sip:room-"));
    assert_eq!(
        carol.in_dialog("SUBSCRIBE", SUBSCRIBE).await.status(),
        Some(200)
    );
    let (full, _) = carol.roster(&carol.identity(), "connected").await;
    assert_eq!((full.version, full.state.as_str()), (Some(1), "full"));
    alice.join(&room).await;
    let (partial, user) = carol.roster(&alice.identity(), "connected").await;
    assert_eq!(
        (partial.version, partial.state.as_str()),
        (Some(2), "partial")
    );
    assert_eq!(
        user.endpoints[0].joining_method.as_deref(),
        Some("dialed-in")
    );
    assert_eq!(partial.conference_state.unwrap().user_count, Some(2));
    assert_eq!(alice.in_dialog("BYE", &[]).await.status(), Some(200));
    let (_, user) = carol.roster(&alice.identity(), "disconnected").await;
    assert_eq!(
        user.endpoints[0].disconnection_method.as_deref(),
        Some("departed")
    );
    let mut bob = Phone::new("bob", &focus).await;
    bob.join(&room).await;
    assert_eq!(carol.in_dialog("BYE", &[]).await.status(), Some(200));
    let bye = bob.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    bob.answer(&bye, 200, None).await;
    let last = carol
        .notified("conference", |m| {
            m.header("Subscription-State")
                .unwrap()
                .starts_with("terminated")
        })
        .await;
    assert!(!last.body.is_empty());
    let mut late = Phone::new("dave", &focus).await;
    let invite = late.invite(&room);
    assert_eq!(late.ask(invite).await.status(), Some(404));
    focus.stop().await;
}

#[tokio::test]
async fn a_participant_adds_users_and_learns_how_it_went() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    carol.join(FACTORY).await;
    carol.in_dialog("SUBSCRIBE", SUBSCRIBE).await;
    let refer_to = format!("<{}>", bob.uri());
    for (code, connected) in [(603, false), (200, true)] {
        carol.notified.clear();
        let answer = carol.in_dialog("REFER", &[("Refer-To", &refer_to)]).await;
        assert_eq!(answer.status(), Some(200));
        let invite = bob.receive().await;
        assert!(invite.header("Contact").unwrap().contains(";isfocus"));
        assert!(invite.has_header("P-Asserted-Identity"));
        match connected {
            true => bob.accept(&invite).await,
            false => bob.answer(&invite, code, None).await,
        }
        let last = carol
            .notified("refer", |m| {
                m.header("Subscription-State")
                    .unwrap()
                    .starts_with("terminated")
            })
            .await;
        assert_eq!(sipfrag_status(&last.body).unwrap().0, code);
        let status = if connected {
            "connected"
        } else {
            "disconnected"
        };
        let (_, user) = carol.roster(&bob.uri(), status).await;
        let endpoint = &user.endpoints[0];
        assert_eq!(endpoint.joining_method.as_deref(), Some("dialed-out"));
        if !connected {
            assert_eq!(endpoint.disconnection_method.as_deref(), Some("failed"));
            let reason = endpoint.disconnection_info.as_ref().unwrap().reason.clone();
            assert!(reason.unwrap().contains("cause=603"));
        }
    }
    let remove = format!("<{};method=BYE>", bob.uri());
    carol.notified.clear();
    carol.in_dialog("REFER", &[("Refer-To", &remove)]).await;
    let bye = bob.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    bob.answer(&bye, 200, None).await;
    let (_, user) = carol.roster(&bob.uri(), "disconnected").await;
    assert_eq!(
        user.endpoints[0].disconnection_method.as_deref(),
        Some("booted")
    );
    focus.stop().await;
}

#[tokio::test]
async fn a_uri_list_is_invited_when_the_conference_is_made() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    let mut invite = carol.request("INVITE", FACTORY);
    invite.push("Require", "recipient-list-invite");
    let sdp = String::from_utf8(carol.sdp("sendrecv")).unwrap();
    let list = format!(
        "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\"><list>\
         <entry uri=\"{}\" cp:copyControl=\"to\"/></list></resource-lists>",
        bob.uri()
    );
    let body = format!(
        "--b1\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--b1\r\nContent-Type: application/resource-lists+xml\r\n\
         Content-Disposition: recipient-list\r\n\r\n{list}\r\n--b1--\r\n"
    );
    invite.set_body("multipart/mixed;boundary=b1", body);
    assert_eq!(carol.ask(invite).await.status(), Some(200));
    let invite = bob.receive().await;
    assert!(invite.body_of("application/sdp").is_some());
    let history = invite.body_of("application/resource-lists+xml").unwrap();
    assert!(String::from_utf8(history).unwrap().contains(&bob.uri()));
    bob.accept(&invite).await;
    bob.in_dialog("SUBSCRIBE", SUBSCRIBE).await;
    bob.roster(&bob.uri(), "connected").await;
    focus.stop().await;
}

#[tokio::test]
async fn replaces_puts_the_new_endpoint_in_the_place_of_the_old() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut alice = Phone::new("alice", &focus).await;
    let mut dave = Phone::new("dave", &focus).await;
    let room = carol.join(FACTORY).await;
    alice.join(&room).await;
    let tag = |text: &str| text.rsplit_once("tag=").unwrap().1.to_owned();
    let (to, from) = (tag(&alice.remote), tag(&alice.local));
    for (name, code) in [("nobody", 481), (&*alice.call_id.clone(), 200)] {
        let mut invite = dave.invite(&room);
        invite.push("Replaces", format!("{name};to-tag={to};from-tag={from}"));
        assert_eq!(dave.ask(invite).await.status(), Some(code));
    }
    assert_eq!(alice.receive().await.method(), Some("BYE"));
    let mut late = Phone::new("late", &focus).await;
    let mut invite = late.invite(&room);
    let name = format!("{};to-tag={to};from-tag={from}", alice.call_id);
    invite.push("Replaces", name);
    assert_eq!(late.ask(invite).await.status(), Some(603));
    focus.stop().await;
}

#[tokio::test]
async fn audio_flows_until_it_is_held_and_names_who_speaks() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut alice = Phone::new("alice", &focus).await;
    let room = carol.join(FACTORY).await;
    alice.join(&room).await;
    let mut buffer = [0; 2048];
    let (length, from) = timeout(Duration::from_secs(5), alice.rtp.recv_from(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    let packet = RtpPacket::parse(&buffer[..length]).unwrap();
    assert_eq!((packet.payload.len(), packet.csrc.len()), (160, 0));
    let speech = RtpPacket {
        ssrc: 77,
        payload: vec![0x20; 160],
        ..RtpPacket::default()
    };
    alice.rtp.send_to(&speech.to_octets(), from).await.unwrap();
    loop {
        let received = timeout(Duration::from_secs(5), carol.rtp.recv_from(&mut buffer)).await;
        let (length, _) = received.unwrap().unwrap();
        let packet = RtpPacket::parse(&buffer[..length]).unwrap();
        if packet.csrc == [77] {
            assert_eq!(packet.payload, speech.payload);
            break;
        }
    }
    let mut hold = alice.request("INVITE", &room);
    hold.set_body("application/sdp", alice.sdp("sendonly"));
    let answer = alice.ask(hold).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("a=recvonly"));
    alice.acknowledge().await;
    while timeout(Duration::from_millis(200), alice.rtp.recv_from(&mut buffer))
        .await
        .is_ok()
    {}
    focus.stop().await;
}

#[tokio::test]
async fn refuses_what_is_not_for_outsiders_and_what_makes_no_sense() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut mallory = Phone::new("mallory", &focus).await;
    let room = carol.join(FACTORY).await;
    let refer_to = "<sip:bob@127.0.0.1:9>";
    for (method, headers, code) in [
        ("SUBSCRIBE", vec![("Event", "conference")], 403),
        ("SUBSCRIBE", vec![("Event", "presence")], 489),
        (
            "SUBSCRIBE",
            vec![("Event", "conference"), ("Expires", "5")],
            423,
        ),
        ("REFER", vec![("Refer-To", refer_to)], 403),
        (
            "REFER",
            vec![("Refer-To", refer_to), ("Refer-To", refer_to)],
            400,
        ),
        ("REFER", vec![], 400),
        ("REFER", vec![("Refer-To", "<http://a.example>")], 416),
        (
            "REFER",
            vec![("Refer-To", "<sip:carol@home1.example;method=BYE>")],
            403,
        ),
        (
            "REFER",
            vec![("Refer-To", refer_to), ("Require", "unheard-of")],
            420,
        ),
        ("MESSAGE", vec![("Content-Type", "text/plain")], 403),
        ("OPTIONS", vec![], 200),
    ] {
        let mut request = mallory.request(method, &room);
        for (name, value) in &headers {
            request.push(name, value);
        }
        let answer = mallory.ask(request).await;
        assert_eq!(answer.status(), Some(code), "{method} {headers:?}");
        if method == "OPTIONS" {
            assert!(answer.header("Contact").unwrap().contains(";isfocus"));
            assert_eq!(answer.header("Allow-Events"), Some("conference"));
        }
    }
    let mut focus_like = mallory.invite(&room);
    focus_like.set("Contact", format!("<{}>;isfocus", mallory.uri()));
    assert_eq!(mallory.ask(focus_like).await.status(), Some(403));
    let answer = carol
        .in_dialog("INVITE", &[("Require", "recipient-list-invite")])
        .await;
    assert_eq!(answer.status(), Some(420));
    assert_eq!(answer.header("Unsupported"), Some("recipient-list-invite"));
    focus.stop().await;
}

#[tokio::test]
async fn whoever_wants_to_be_told_on_his_own_terms_subscribes_himself() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    let mut other = Phone::new("carol", &focus).await;
    let room = carol.join(FACTORY).await;
    let refer_to = format!("<{}>", bob.uri());
    let mut refer = other.request("REFER", &room);
    refer.push("Refer-To", &refer_to);
    refer.push("Require", "explicitsub");
    let answer = other.ask(refer).await;
    assert_eq!(answer.status(), Some(200));
    let at = answer.header("Refer-Events-At").unwrap().to_owned();
    let at = at.trim_matches(['<', '>']);
    let invite = bob.receive().await;
    bob.answer(&invite, 486, None).await;
    let mut late = Phone::new("carol", &focus).await;
    let mut subscribe = late.request("SUBSCRIBE", at);
    subscribe.push("Event", "refer");
    assert_eq!(late.ask(subscribe.clone()).await.status(), Some(200));
    let last = late
        .notified("refer", |m| {
            m.header("Subscription-State")
                .unwrap()
                .starts_with("terminated")
        })
        .await;
    assert_eq!(sipfrag_status(&last.body).unwrap().0, 486);
    assert!(other.notified.is_empty());
    let mut stranger = Phone::new("dave", &focus).await;
    let mut guess = stranger.request("SUBSCRIBE", "sip:refer-1@cmmc.home1.example");
    guess.push("Event", "refer");
    assert_eq!(stranger.ask(guess).await.status(), Some(489));
    focus.stop().await;
}

#[tokio::test]
async fn a_message_reaches_everybody_else_and_nobody_who_has_left() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut alice = Phone::new("alice", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    let room = carol.join(FACTORY).await;
    alice.join(&room).await;
    bob.join(&room).await;
    bob.in_dialog("BYE", &[]).await;
    let mut message = alice.request("MESSAGE", &room);
    message.set_body("text/plain", "hello");
    assert_eq!(alice.ask(message).await.status(), Some(202));
    let copy = carol.receive().await;
    assert_eq!(
        (copy.method(), &copy.body[..]),
        (Some("MESSAGE"), &b"hello"[..])
    );
    carol.answer(&copy, 200, None).await;
    assert!(
        timeout(Duration::from_millis(200), bob.receive())
            .await
            .is_err()
    );
    focus.stop().await;
}
