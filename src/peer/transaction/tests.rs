//! Transactions in virtual time: every timer of RFC 3261 table 4 that applies.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use std::time::Duration;

fn ms(n: u64) -> Time {
    Duration::from_millis(n)
}

fn udp() -> Hop {
    Hop::Datagram("192.0.2.1:5060".parse().unwrap())
}

fn tcp() -> Hop {
    Hop::Connection("192.0.2.1:5060".parse().unwrap())
}

fn request(method: &str, branch: &str) -> SipMessage {
    let mut request = SipMessage::request(method, "sip:b@192.0.2.1");
    request.push(
        "Via",
        format!("SIP/2.0/UDP 192.0.2.9:5060;branch={branch};rport"),
    );
    request.push("Route", "<sip:192.0.2.1;lr>");
    request.push("From", "<sip:a@x>;tag=a");
    request.push("To", "<sip:b@x>");
    request.push("Call-ID", format!("c-{branch}"));
    request.push("CSeq", format!("7 {method}"));
    request
}

fn response(request: &SipMessage, code: u16) -> SipMessage {
    crate::peer::dialog::response_to(request, code, Some("b"))
}

/// Runs the timers until `end`; gives the times of everything sent and of the other effects.
fn run(layer: &mut Transactions, end: Time) -> (Vec<Time>, Vec<(Time, Effect)>) {
    let (mut sent, mut others, mut now) = (Vec::new(), Vec::new(), Time::ZERO);
    loop {
        while let Some(effect) = layer.poll() {
            match effect {
                Effect::Send { .. } => sent.push(now),
                other => others.push((now, other)),
            }
        }
        match layer.wake_at() {
            Some(at) if at <= end => {
                now = at;
                layer.wake(now);
            }
            _ => return (sent, others),
        }
    }
}

fn layer() -> Transactions {
    Transactions::new(SipTimers::default())
}

#[test]
fn timer_a_doubles_and_timer_b_gives_up_after_64_t1() {
    let mut layer = layer();
    layer.request(ms(0), request("INVITE", "z9hG4bK1"), udp());
    let (sent, others) = run(&mut layer, ms(100_000));
    let expected = [0, 500, 1500, 3500, 7500, 15500, 31500].map(ms);
    assert_eq!(sent, expected);
    assert_eq!(others.len(), 1);
    assert_eq!(others[0].0, ms(32_000));
    assert!(matches!(others[0].1, Effect::NoResponse { .. }));
}

#[test]
fn timer_e_stops_growing_at_t2_and_timer_f_gives_up() {
    let mut layer = layer();
    layer.request(ms(0), request("OPTIONS", "z9hG4bK1"), udp());
    let (sent, others) = run(&mut layer, ms(100_000));
    let expected = [
        0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
    ]
    .map(ms);
    assert_eq!(sent, expected);
    assert_eq!(others[0].0, ms(32_000));
}

#[test]
fn nothing_is_sent_twice_over_a_reliable_transport() {
    let mut layer = layer();
    layer.request(ms(0), request("INVITE", "z9hG4bK1"), tcp());
    layer.request(ms(0), request("OPTIONS", "z9hG4bK2"), tcp());
    let (sent, others) = run(&mut layer, ms(100_000));
    assert_eq!(sent, [ms(0), ms(0)]);
    assert_eq!(others.len(), 2);
}

#[test]
fn acknowledges_a_refusal_within_the_transaction_and_again_when_it_comes_again() {
    let mut layer = layer();
    let invite = request("INVITE", "z9hG4bK1");
    layer.request(ms(0), invite.clone(), udp());
    layer.poll();
    let refusal = response(&invite, 486);
    layer.receive(ms(10), refusal.clone(), udp());
    let Some(Effect::Send { octets, .. }) = layer.poll() else {
        panic!("no ACK");
    };
    let ack = SipMessage::parse(&octets).unwrap();
    assert_eq!(ack.method(), Some("ACK"));
    assert_eq!(ack.branch().as_deref(), Some("z9hG4bK1"));
    assert_eq!(ack.to_tag().as_deref(), Some("b"));
    assert_eq!(ack.cseq(), Some((7, "ACK")));
    assert_eq!(ack.header("Route"), Some("<sip:192.0.2.1;lr>"));
    assert!(matches!(layer.poll(), Some(Effect::Response { .. })));
    layer.receive(ms(20), refusal.clone(), udp());
    assert!(matches!(layer.poll(), Some(Effect::Send { .. })));
    assert_eq!(layer.poll(), None);
    // Timer D.
    assert_eq!(layer.wake_at(), Some(ms(32_010)));
    layer.wake(ms(32_010));
    layer.receive(ms(32_020), refusal, udp());
    assert!(matches!(layer.poll(), Some(Effect::Unmatched { .. })));
}

#[test]
fn every_2xx_of_an_invite_goes_up_while_accepted() {
    let mut layer = layer();
    let invite = request("INVITE", "z9hG4bK1");
    layer.request(ms(0), invite.clone(), udp());
    layer.poll();
    for at in [10, 20] {
        layer.receive(ms(at), response(&invite, 200), udp());
        assert!(matches!(layer.poll(), Some(Effect::Response { .. })));
        assert_eq!(layer.poll(), None);
    }
    layer.receive(ms(30), response(&invite, 500), udp());
    assert_eq!(layer.poll(), None);
}

#[test]
fn a_provisional_response_stops_timers_a_and_b() {
    let mut layer = layer();
    let invite = request("INVITE", "z9hG4bK1");
    layer.request(ms(0), invite.clone(), udp());
    layer.receive(ms(10), response(&invite, 180), udp());
    let (sent, _) = run(&mut layer, ms(100_000));
    assert_eq!(sent.len(), 1);
}

#[test]
fn a_repeated_request_gets_the_last_response_again_and_is_told_once() {
    let mut layer = layer();
    let options = request("OPTIONS", "z9hG4bK1");
    layer.receive(ms(0), options.clone(), udp());
    let Some(Effect::Request { id, request: told }) = layer.poll() else {
        panic!("not told");
    };
    assert!(told.header("Via").unwrap().contains("rport=5060"));
    layer.receive(ms(1), options.clone(), udp());
    assert_eq!(layer.poll(), None);
    layer.respond(ms(2), &id, &response(&told, 200));
    assert!(matches!(layer.poll(), Some(Effect::Send { .. })));
    layer.receive(ms(3), options, udp());
    assert!(matches!(layer.poll(), Some(Effect::Send { .. })));
    // Timer J.
    assert_eq!(layer.wake_at(), Some(ms(32_002)));
}

#[test]
fn timer_g_repeats_a_refusal_until_its_ack_and_timer_h_gives_up() {
    let mut layer = layer();
    let invite = request("INVITE", "z9hG4bK1");
    layer.receive(ms(0), invite.clone(), udp());
    let Some(Effect::Request { id, .. }) = layer.poll() else {
        panic!("not told");
    };
    layer.respond(ms(0), &id, &response(&invite, 603));
    let (sent, others) = run(&mut layer, ms(100_000));
    let expected = [
        0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
    ]
    .map(ms);
    assert_eq!(sent, expected);
    assert!(matches!(others[0].1, Effect::AckMissing { .. }));
}

#[test]
fn an_ack_ends_the_repetition_of_a_refusal_and_does_not_go_up() {
    let mut layer = layer();
    let invite = request("INVITE", "z9hG4bK1");
    layer.receive(ms(0), invite.clone(), udp());
    let Some(Effect::Request { id, .. }) = layer.poll() else {
        panic!("not told");
    };
    layer.respond(ms(0), &id, &response(&invite, 603));
    layer.poll();
    layer.receive(ms(5), of_same_transaction(&invite, "ACK"), udp());
    assert_eq!(layer.poll(), None);
    // Timer I.
    assert_eq!(layer.wake_at(), Some(ms(5005)));
}

#[test]
fn an_ack_of_a_2xx_goes_up() {
    let mut layer = layer();
    layer.receive(ms(5), request("ACK", "z9hG4bK9"), udp());
    assert!(matches!(layer.poll(), Some(Effect::Ack { .. })));
}

#[test]
fn the_same_request_by_another_way_is_a_loop() {
    let mut layer = layer();
    let first = request("OPTIONS", "z9hG4bK1");
    let mut second = first.clone();
    second.set("Via", "SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bK2");
    layer.receive(ms(0), first, udp());
    layer.poll();
    layer.receive(ms(0), second, udp());
    let Some(Effect::Send { octets, .. }) = layer.poll() else {
        panic!("no response");
    };
    assert_eq!(SipMessage::parse(&octets).unwrap().status(), Some(482));
}

#[test]
fn a_connection_that_cannot_be_opened_ends_its_transactions() {
    let mut layer = layer();
    layer.request(ms(0), request("INVITE", "z9hG4bK1"), tcp());
    layer.poll();
    layer.unreachable("192.0.2.1:5060".parse().unwrap());
    assert!(matches!(layer.poll(), Some(Effect::NoResponse { .. })));
    assert_eq!(layer.wake_at(), None);
}
