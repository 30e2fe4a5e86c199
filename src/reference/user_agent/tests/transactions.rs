//! Transactions: responses repeated, refused, cancelled, timed out, forgotten.
use super::super::*;
use super::client::*;
use crate::wire::sip::{Frame, SipMessage};
use std::time::Duration;

#[tokio::test]
async fn repeats_the_same_response_to_a_retransmitted_request() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let mut message = client.request("MESSAGE", "m1", 1, "");
    message.set_body("text/plain", "hello");
    client.send(&message).await;
    let request = next_request(&mut incoming).await;
    assert_eq!(request.request.body, b"hello");
    client.send(&message).await;
    let headers = vec![("X-Test".to_string(), "1".to_string())];
    request.respond(202, "Accepted", &headers, None);
    let first = client.response(202).await;
    assert_eq!(first.header("X-Test"), Some("1"));
    assert_eq!(first.header("Server"), Some("reference"));
    client.send(&message).await;
    assert_eq!(client.response(202).await, first);
    assert!(incoming.try_recv().is_err(), "one delivery only");
    agent.stop().await;
}

#[tokio::test]
async fn answers_what_nobody_answers_with_500() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let message = client.request("MESSAGE", "m2", 1, "");
    client.send(&message).await;
    drop(next_request(&mut incoming).await);
    client.response(500).await;
    let invite = client.invite("i2");
    client.send(&invite).await;
    drop(next_invite(&mut incoming).await);
    client.response(500).await;
    agent.stop().await;
}

#[tokio::test]
async fn retransmits_a_rejection_until_its_ack() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let invite = client.invite("i1");
    client.send(&invite).await;
    assert_eq!(client.receive().await.status(), Some(100));
    let server = next_invite(&mut incoming).await;
    server.provisional(183, "Session Progress", &vec![], None);
    let progress = client.response(183).await;
    let tag = progress.to_tag().unwrap();
    assert!(progress.header("Contact").is_some());
    client.send(&invite).await;
    assert_eq!(client.receive().await, progress);
    server.reject(603, "Decline", &vec![], None);
    let decline = client.response(603).await;
    assert_eq!(decline.to_tag(), Some(tag.clone()));
    assert_eq!(client.receive().await, decline);
    let mut ack = SipMessage::request("ACK", invite.uri().unwrap());
    ack.push("Via", invite.header("Via").unwrap());
    for name in ["From", "Call-ID"] {
        ack.push(name, invite.header(name).unwrap());
    }
    ack.push("To", decline.header("To").unwrap());
    ack.push("CSeq", "1 ACK");
    client.send(&ack).await;
    while client
        .receive_within(Duration::from_millis(5))
        .await
        .is_some()
    {}
    let silence = client.receive_within(Duration::from_millis(400)).await;
    assert_eq!(silence, None);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(agent.transactions(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn cancels_a_pending_invite() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let invite = client.invite("i3");
    client.send(&invite).await;
    let server = next_invite(&mut incoming).await;
    assert!(!server.is_cancelled());
    let mut cancel = SipMessage::request("CANCEL", invite.uri().unwrap());
    for name in ["Via", "From", "To", "Call-ID"] {
        cancel.push(name, invite.header(name).unwrap());
    }
    cancel.push("CSeq", "1 CANCEL");
    client.send(&cancel).await;
    let ok = client.response(200).await;
    assert_eq!(ok.cseq(), Some((1, "CANCEL")));
    let terminated = client.response(487).await;
    assert_eq!(terminated.to_tag(), ok.to_tag());
    server.cancelled().await;
    assert!(server.is_cancelled());
    assert!(server.accept(answer()).is_err());
    assert_eq!(agent.dialogs(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn refuses_cancel_without_invite() {
    let (agent, _incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let cancel = client.request("CANCEL", "none", 1, "");
    client.send(&cancel).await;
    client.response(481).await;
    agent.stop().await;
}

#[tokio::test]
async fn refuses_what_the_clauses_refuse() {
    let (agent, _incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let base = |client: &mut Client, method: &str, n: u32| {
        client.request(method, &format!("refused-{method}-{n}"), 1, "")
    };
    let mut cases: Vec<(u16, SipMessage)> = Vec::new();
    let subscribe = base(&mut client, "SUBSCRIBE", 1);
    cases.push((405, subscribe));
    let unknown = base(&mut client, "FROBNICATE", 2);
    cases.push((501, unknown));
    let mut extension = base(&mut client, "OPTIONS", 3);
    extension.push("Require", "timer, 100rel");
    cases.push((420, extension));
    for (n, name) in ["From", "To", "Call-ID", "CSeq"].into_iter().enumerate() {
        let mut missing = base(&mut client, "OPTIONS", 10 + n as u32);
        missing.remove(name);
        cases.push((400, missing));
    }
    let mut mismatch = base(&mut client, "OPTIONS", 20);
    mismatch.set("CSeq", "1 MESSAGE");
    cases.push((400, mismatch));
    let mut short = base(&mut client, "MESSAGE", 21);
    short.set_body("text/plain", "x");
    short.set("Content-Length", "500");
    cases.push((400, short));
    let mut scheme = base(&mut client, "MESSAGE", 22);
    scheme.set_uri("mailto:bob@example.org");
    cases.push((416, scheme));
    let mut small = client.invite("small");
    small.push("Session-Expires", "30");
    cases.push((422, small));
    let mut contact = client.invite("contact");
    contact.remove("Contact");
    cases.push((400, contact));
    let bye = client.request("BYE", "lost", 2, "nothing");
    cases.push((481, bye));
    for (code, message) in cases {
        client.send(&message).await;
        let response = client.receive().await;
        assert_eq!(response.status(), Some(code), "{:?}", message.start);
        match code {
            405 | 501 => assert!(response.header("Allow").unwrap().contains("INVITE")),
            420 => assert_eq!(response.header("Unsupported"), Some("100rel")),
            422 => assert_eq!(response.header("Min-SE"), Some("90")),
            _ => {}
        }
    }
    agent.stop().await;
}

#[tokio::test]
async fn refuses_a_merged_request() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let one = client.invite("merged");
    let two = client.invite("merged");
    client.send(&one).await;
    let _pending = next_invite(&mut incoming).await;
    client.send(&two).await;
    client.response(482).await;
    agent.stop().await;
}

#[tokio::test]
async fn processes_a_request_with_no_hops_left() {
    let (agent, _incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let mut options = client.request("OPTIONS", "zero", 1, "");
    options.set("Max-Forwards", "0");
    client.send(&options).await;
    assert!(client.response(200).await.header("Allow").is_some());
    agent.stop().await;
    let config = UserAgentConfig {
        refuse_zero_max_forwards: true,
        ..quick()
    };
    let (agent, _incoming) = UserAgent::start(config).await.unwrap();
    let mut client = Client::new(&agent).await;
    let mut options = client.request("OPTIONS", "zero", 1, "");
    options.set("Max-Forwards", "0");
    client.send(&options).await;
    client.response(483).await;
    agent.stop().await;
}

#[tokio::test]
async fn sends_requests_and_retransmits_them() {
    let (agent, _incoming) = start().await;
    let client = Client::new(&agent).await;
    let to = client.local();
    let sending = tokio::spawn({
        let agent = agent.clone();
        async move {
            let mut message = SipMessage::request("MESSAGE", "sip:alice@example.org");
            message.push("From", "<tel:+441>");
            message.push("To", "<sip:alice@example.org>");
            message.set_body("text/plain", "hi");
            agent.request(message, to, Transport::Udp).await
        }
    });
    let first = client.receive().await;
    assert_eq!(first.cseq(), Some((1, "MESSAGE")));
    assert!(first.from_tag().is_some() && first.call_id().is_some());
    assert_eq!(first, client.receive().await, "Timer E repeats it");
    client.respond(&first, 180, "Ringing").await;
    client.respond(&first, 200, "OK").await;
    assert_eq!(sending.await.unwrap().unwrap().status(), Some(200));
    agent.stop().await;
}

#[tokio::test]
async fn gives_up_a_request_after_64_t1() {
    let (agent, _incoming) = start().await;
    let client = Client::new(&agent).await;
    let options = || {
        let mut options = SipMessage::request("OPTIONS", "sip:a@example.org");
        options.push("From", "<sip:gw@example.org>");
        options.push("To", "<sip:a@example.org>");
        options
    };
    let result = agent
        .request(options(), client.local(), Transport::Udp)
        .await;
    assert_eq!(result, Err(RequestError::Timeout));
    let refused = agent
        .request(options(), client.local(), Transport::Tcp)
        .await;
    assert!(
        matches!(refused, Err(RequestError::Transport(_))),
        "{refused:?}"
    );
    assert_eq!(agent.transactions(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn serves_tcp_with_keep_alives_and_several_messages_at_once() {
    let (agent, mut incoming) = start().await;
    let mut udp = Client::new(&agent).await;
    let mut tcp = TcpClient::new(agent.sip_address()).await;
    let mut octets = b"\r\n\r\n".to_vec();
    for call in ["t1", "t2"] {
        let mut options = udp.request("OPTIONS", call, 1, "");
        options.set(
            "Via",
            format!("SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK{call};rport"),
        );
        options.push("Content-Length", "0");
        octets.extend(options.to_octets());
    }
    tcp.send_octets(&octets).await;
    assert_eq!(tcp.frame().await, Some(Frame::Pong));
    for call in ["t1", "t2"] {
        let ok = tcp.receive().await;
        assert_eq!((ok.status(), ok.call_id()), (Some(200), Some(call)));
        assert!(ok.header("Via").unwrap().contains("received=127.0.0.1"));
    }
    let mut invite = udp.invite("t3");
    invite.set("Via", "SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKt3");
    tcp.send_octets(&invite.to_octets()).await;
    let server = next_invite(&mut incoming).await;
    assert_eq!(server.transport, Transport::Tcp);
    let _dialog = server.accept(answer()).unwrap();
    assert_eq!(tcp.receive().await.status(), Some(100));
    let ok = tcp.receive().await;
    assert_eq!(ok.status(), Some(200));
    assert!(
        ok.header("Contact")
            .unwrap()
            .contains(";transport=tcp>;+g.feature")
    );
    agent.stop().await;
}

#[tokio::test]
async fn refuses_an_oversize_message_on_tcp() {
    let config = UserAgentConfig {
        max_message_octets: 8 * 1024,
        ..quick()
    };
    let (agent, _incoming) = UserAgent::start(config).await.unwrap();
    let mut udp = Client::new(&agent).await;
    let mut tcp = TcpClient::new(agent.sip_address()).await;
    let mut message = udp.request("MESSAGE", "big", 1, "");
    message.set_body("text/plain", vec![b'x'; 100_000]);
    tcp.send_octets(&message.to_octets()).await;
    assert_eq!(tcp.receive().await.status(), Some(513));
    agent.stop().await;
}

#[tokio::test]
async fn survives_messages_of_any_quality() {
    let (agent, mut incoming) = start().await;
    let mut client = Client::new(&agent).await;
    let drain = tokio::spawn(async move { while incoming.recv().await.is_some() {} });
    let good = client.invite("fuzz").to_octets();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3000 {
        let mut octets = good.clone();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..octets.len());
            match random.u8(..4) {
                0 => octets[at] = random.u8(..),
                1 => drop(octets.drain(at..(at + random.usize(..40)).min(octets.len()))),
                2 => octets.insert(at, *random.choice(b"\r\n;,<>\":= \0").unwrap()),
                _ => octets.truncate(at.max(1)),
            }
            if octets.is_empty() {
                octets.push(b'x');
            }
        }
        client.send_octets(&octets).await;
        while client.socket.try_recv(&mut [0; 2048]).is_ok() {}
    }
    let mut fresh = Client::new(&agent).await;
    let options = fresh.request("OPTIONS", "alive", 1, "");
    fresh.send(&options).await;
    fresh.response(200).await;
    drain.abort();
    agent.stop().await;
}

#[tokio::test]
async fn sends_a_long_request_by_tcp_and_by_udp_where_tcp_is_refused() {
    let (agent, _incoming) = start().await;
    let long = || {
        let mut message = SipMessage::request("MESSAGE", "sip:alice@example.org");
        message.push("From", "<tel:+441>");
        message.push("To", "<sip:alice@example.org>");
        message.set_body("text/plain", vec![b'x'; 2000]);
        message
    };
    let client = Client::new(&agent).await;
    let (sender, to) = (agent.clone(), client.local());
    let sending = tokio::spawn(async move { sender.request(long(), to, Transport::Udp).await });
    let message = client.receive().await;
    assert!(message.header("Via").unwrap().starts_with("SIP/2.0/UDP"));
    client.respond(&message, 200, "OK").await;
    assert_eq!(sending.await.unwrap().unwrap().status(), Some(200));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (sender, to) = (agent.clone(), listener.local_addr().unwrap());
    let sending = tokio::spawn(async move { sender.request(long(), to, Transport::Udp).await });
    let mut tcp = TcpClient::over(listener.accept().await.unwrap().0);
    let message = tcp.receive().await;
    assert!(message.header("Via").unwrap().starts_with("SIP/2.0/TCP"));
    let mut ok = SipMessage::response(200, "OK");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        ok.push(name, message.header(name).unwrap());
    }
    ok.push("Content-Length", "0");
    tcp.send_octets(&ok.to_octets()).await;
    assert_eq!(sending.await.unwrap().unwrap().status(), Some(200));
    agent.stop().await;
}

#[tokio::test]
async fn ends_the_incoming_channel_when_stopped() {
    let (agent, mut incoming) = start().await;
    agent.stop().await;
    assert!(incoming.recv().await.is_none());
}
