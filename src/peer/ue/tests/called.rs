//! The called side, and requests within a dialog.
use super::bench::*;
use crate::peer::behaviour::UeBehaviour;
use crate::peer::ue::*;
use crate::wire::sdp::Setup;

fn invitation_in() -> SipMessage {
    let mut invite = request("INVITE", "<tel:+447700900001>");
    invite.push("Record-Route", "<sip:127.0.0.1:5060;lr>");
    invite.set_body("application/sdp", sdp(Setup::Actpass));
    invite
}

fn ack_of(invite: &SipMessage, answer: &SipMessage) -> SipMessage {
    let mut ack = request("ACK", answer.header("To").unwrap());
    ack.set("From", invite.header("From").unwrap());
    ack
}

#[test]
fn an_invitation_is_answered_with_180_and_200_until_the_ack_comes() {
    let mut bench = Bench::new();
    let invite = invitation_in();
    bench.receive(&invite);
    assert_eq!(bench.codes("INVITE"), [180, 200]);
    let answer = bench.sent.last().unwrap().1.clone();
    assert_eq!(
        answer.header("Record-Route"),
        Some("<sip:127.0.0.1:5060;lr>")
    );
    assert_eq!(answer.to_tag(), bench.sent[0].1.to_tag());
    let sdp = String::from_utf8(answer.body.clone()).unwrap();
    assert!(sdp.contains("a=setup:active"));
    bench.until(ms(2000));
    assert_eq!(bench.codes("INVITE"), [180, 200, 200, 200]);
    bench.receive(&ack_of(&invite, &answer));
    bench.until(ms(40_000));
    assert_eq!(bench.codes("INVITE").len(), 4);
    assert!(bench.saw(&UeEvent::Established {
        call: "incoming-1".to_owned()
    }));
}

#[test]
fn a_2xx_that_is_never_acknowledged_is_given_up_with_bye() {
    let mut bench = Bench::new();
    bench.receive(&invitation_in());
    bench.until(ms(31_999));
    assert!(bench.times("BYE").is_empty());
    bench.until(ms(32_000));
    assert_eq!(bench.times("BYE"), [ms(32_000)]);
}

#[test]
fn refuses_by_behaviour() {
    let mut bench = Bench::with(UeBehaviour {
        refuse_invite: Some(486),
        ..UeBehaviour::default()
    });
    bench.receive(&invitation_in());
    assert_eq!(bench.codes("INVITE"), [486]);
}

#[test]
fn a_cancel_before_the_answer_ends_the_invitation_with_487() {
    let mut bench = Bench::with(UeBehaviour {
        answer_delay: ms(5000),
        ..UeBehaviour::default()
    });
    let invite = invitation_in();
    bench.receive(&invite);
    assert_eq!(bench.codes("INVITE"), [180]);
    let mut cancel = request("CANCEL", "<tel:+447700900001>");
    cancel.set("Via", invite.header("Via").unwrap());
    bench.receive(&cancel);
    assert_eq!(bench.codes("CANCEL"), [200]);
    bench.until(ms(400));
    assert_eq!(bench.codes("INVITE"), [180, 487]);
    bench.until(ms(6000));
    assert!(!bench.codes("INVITE").contains(&200));
}

#[test]
fn an_offer_without_message_media_is_488() {
    let mut bench = Bench::new();
    let mut invite = invitation_in();
    invite.set_body(
        "application/sdp",
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    );
    bench.receive(&invite);
    assert!(bench.codes("INVITE").contains(&488));
}

#[test]
fn answers_requests_outside_any_dialog() {
    let mut bench = Bench::new();
    for (method, code) in [
        ("OPTIONS", 200),
        ("MESSAGE", 200),
        ("BYE", 481),
        ("REFER", 405),
        ("FOO", 501),
    ] {
        let mut request = request(method, "<tel:+447700900001>");
        request.set("Call-ID", format!("call-of-{method}"));
        bench.receive(&request);
        assert_eq!(bench.codes(method), [code], "{method}");
    }
    assert_eq!(
        bench
            .events
            .iter()
            .filter(|e| matches!(e, UeEvent::PagerReceived { .. }))
            .count(),
        1
    );
}

#[test]
fn an_unknown_required_extension_is_420() {
    let mut bench = Bench::new();
    let mut request = request("OPTIONS", "<tel:+447700900001>");
    request.push("Require", "timer, strange");
    bench.receive(&request);
    let answer = &bench.sent[0].1;
    assert_eq!(answer.status(), Some(420));
    assert_eq!(answer.header("Unsupported"), Some("strange"));
}

#[test]
fn answers_requests_within_a_dialog_and_ends_on_bye() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    for (number, method, code) in [
        (10, "OPTIONS", 200),
        (11, "INFO", 200),
        (12, "UPDATE", 200),
        (13, "PRACK", 481),
        (9, "OPTIONS", 500),
        (14, "BYE", 200),
        (15, "BYE", 481),
        (16, "INFO", 481),
    ] {
        bench.receive(&request_within(&invite, method, number));
        assert_eq!(bench.codes(method).last(), Some(&code), "{method} {number}");
    }
    let ended = UeEvent::Ended {
        call: "chat".to_owned(),
        by_peer: true,
    };
    assert_eq!(bench.events.iter().filter(|e| **e == ended).count(), 1);
}

#[test]
fn a_re_invite_refreshes_target_and_timer_and_repeats_our_description() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    let mut again = request_within(&invite, "INVITE", 20);
    again.set("Contact", "<sip:gw@127.0.0.1:5099>");
    again.push("Supported", "timer");
    again.push("Session-Expires", "120;refresher=uac");
    again.set_body("application/sdp", sdp(Setup::Passive));
    bench.receive(&again);
    let answer = bench.sent.last().unwrap().1.clone();
    assert_eq!(answer.status(), Some(200));
    assert_eq!(answer.header("Session-Expires"), Some("120;refresher=uac"));
    assert!(answer.body_of("application/sdp").is_some());
    let mut ack = request_within(&invite, "ACK", 20);
    ack.set("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKack");
    bench.receive(&ack);
    bench.command(UeCommand::Bye {
        call: "chat".to_owned(),
    });
    assert_eq!(bench.last("BYE").uri(), Some("sip:gw@127.0.0.1:5099"));
}

#[test]
fn a_silent_ue_answers_nothing() {
    let mut bench = Bench::with(UeBehaviour {
        silent: true,
        ..UeBehaviour::default()
    });
    bench.receive(&invitation_in());
    bench.receive(&request("OPTIONS", "<tel:+447700900001>"));
    assert!(bench.sent.is_empty());
}

#[test]
fn octets_of_any_kind_do_not_harm() {
    let mut bench = Bench::new();
    let from = "127.0.0.1:5060".parse().unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let whole = invitation_in().to_octets();
    for _ in 0..2000 {
        let mut octets = whole.clone();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..octets.len());
            octets[at] = random.u8(..);
        }
        octets.truncate(random.usize(..octets.len()));
        let flow = FlowId((1 << 32) + u64::from(random.u32(..)));
        let channel = *random.choice(&[Channel::Sip, Channel::Msrp]).unwrap();
        bench.input(Input::Opened {
            flow,
            channel,
            local: from,
            remote: from,
        });
        let copy = octets.clone();
        bench.input(Input::Octets { flow, octets: copy });
        bench.input(Input::Datagram { from, octets });
        bench.input(Input::Closed { flow });
    }
}
