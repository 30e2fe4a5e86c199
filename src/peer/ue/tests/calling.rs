//! The calling side of a UE, in virtual time: invitations, their answers, cancelling, ending.
use super::bench::*;
use crate::peer::Channel;
use crate::peer::behaviour::{Malformation, UeBehaviour};
use crate::peer::ue::*;
use crate::wire::msrp::MsrpMessage;
use crate::wire::sdp::{SessionDescription, Setup};

#[test]
fn a_cpm_session_invitation_has_the_header_fields_of_the_service() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    assert_eq!(invite.uri(), Some("tel:+447700900002"));
    let icsi = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session";
    assert_eq!(invite.header("P-Asserted-Service"), Some(icsi));
    let tag = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\"";
    assert_eq!(
        invite.header("Accept-Contact"),
        Some(format!("*;{tag}").as_str())
    );
    assert!(invite.header("Contact").unwrap().ends_with(tag));
    assert_eq!(
        invite.header("P-Asserted-Identity"),
        Some("\"Alice\" <tel:+447700900001>")
    );
    assert_eq!(invite.header("Conversation-ID").unwrap().len(), 32);
    assert_eq!(invite.header("Contribution-ID").unwrap().len(), 40);
    assert_eq!(invite.header("Session-Expires"), Some("1800"));
    let sdp = String::from_utf8(invite.body.clone()).unwrap();
    for line in [
        "a=setup:actpass",
        "a=accept-types:message/cpim",
        "a=accept-wrapped-types:text/plain message/imdn+xml",
        "a=path:msrp://127.0.0.1:2855/",
    ] {
        assert!(sdp.contains(line), "{line} not in {sdp}");
    }
}

#[test]
fn an_anonymous_caller_hides_in_from_and_not_in_the_asserted_identity() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Invite(Box::new(Invitation {
        privacy: Some("id".to_owned()),
        ..invitation()
    })));
    let invite = bench.last("INVITE");
    assert_eq!(invite.header("Privacy"), Some("id"));
    assert!(invite.header("From").unwrap().contains("anonymous.invalid"));
    assert!(
        invite
            .header("P-Asserted-Identity")
            .unwrap()
            .contains("+4477")
    );
}

#[test]
fn acknowledges_a_2xx_outside_the_transaction_and_again_for_each_repetition() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    let ack = bench.last("ACK");
    assert_eq!(ack.uri(), Some("sip:gw@127.0.0.1:5061"));
    assert_ne!(ack.branch(), invite.branch());
    assert_eq!(ack.cseq(), Some((1, "ACK")));
    assert!(bench.saw(&UeEvent::Established {
        call: "chat".to_owned()
    }));
    bench.receive(&accepted(&invite));
    assert_eq!(bench.times("ACK").len(), 2);
    assert!(
        bench
            .others
            .iter()
            .any(|o| matches!(o, Output::Connect { .. }))
    );
}

#[test]
fn no_answer_at_all_is_a_refusal_after_timer_b() {
    let mut bench = Bench::new();
    bench.invite();
    bench.until(ms(40_000));
    assert_eq!(bench.times("INVITE").len(), 7);
    assert!(bench.saw(&UeEvent::Refused {
        call: "chat".to_owned(),
        code: 408
    }));
}

#[test]
fn duplicates_of_an_invitation_are_the_same_octets_at_once() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Invite(Box::new(Invitation {
        duplicates: 2,
        ..invitation()
    })));
    assert_eq!(bench.times("INVITE"), [ms(0); 3]);
    assert_eq!(bench.sent[0].1, bench.sent[2].1);
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let call = "chat".to_owned();
    bench.command(UeCommand::Cancel { call: call.clone() });
    assert!(bench.times("CANCEL").is_empty());
    bench.receive(&response(&invite, 180));
    let cancel = bench.last("CANCEL");
    assert_eq!(cancel.branch(), invite.branch());
    assert_eq!(cancel.uri(), invite.uri());
    assert_eq!(cancel.header("To"), invite.header("To"));
    bench.receive(&response(&cancel, 200));
    bench.receive(&response(&invite, 487));
    assert!(bench.saw(&UeEvent::Refused { call, code: 487 }));
    assert_eq!(bench.last("ACK").branch(), invite.branch());
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&response(&invite, 180));
    bench.command(UeCommand::Cancel {
        call: "chat".to_owned(),
    });
    bench.receive(&accepted(&invite));
    assert_eq!(bench.times("ACK").len(), 1);
    assert_eq!(bench.last("BYE").cseq(), Some((2, "BYE")));
    bench.receive(&response(&bench.last("BYE"), 200));
    assert!(bench.saw(&UeEvent::Ended {
        call: "chat".to_owned(),
        by_peer: false
    }));
}

#[test]
fn a_cancelled_call_without_final_response_is_given_up_after_64_t1() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&response(&invite, 180));
    bench.command(UeCommand::Cancel {
        call: "chat".to_owned(),
    });
    bench.receive(&response(&bench.last("CANCEL"), 200));
    bench.until(ms(31_999));
    assert!(!bench.saw(&UeEvent::Refused {
        call: "chat".to_owned(),
        code: 408
    }));
    bench.until(ms(32_000));
    assert!(bench.saw(&UeEvent::Refused {
        call: "chat".to_owned(),
        code: 408
    }));
}

#[test]
fn a_reliable_provisional_response_is_acknowledged_once_by_prack() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let mut reliable = response(&invite, 183);
    reliable.push("Require", "100rel");
    reliable.push("RSeq", "41");
    bench.receive(&reliable);
    bench.receive(&reliable);
    assert_eq!(bench.times("PRACK").len(), 1);
    let prack = bench.last("PRACK");
    assert_eq!(prack.header("RAck"), Some("41 1 INVITE"));
    assert_eq!(prack.cseq(), Some((2, "PRACK")));
    bench.receive(&response(&prack, 200));
    bench.receive(&accepted(&invite));
    assert_eq!(bench.last("ACK").cseq(), Some((1, "ACK")));
    bench.command(UeCommand::Bye {
        call: "chat".to_owned(),
    });
    assert_eq!(bench.last("BYE").cseq(), Some((3, "BYE")));
}

#[test]
fn a_422_is_tried_again_with_the_larger_interval_and_the_next_cseq() {
    let mut bench = Bench::with(UeBehaviour {
        session_expires: Some(90),
        ..UeBehaviour::default()
    });
    let invite = bench.invite();
    let mut refusal = response(&invite, 422);
    refusal.push("Min-SE", "3600");
    bench.receive(&refusal);
    let again = bench.last("INVITE");
    assert_eq!(again.header("Session-Expires"), Some("3600"));
    assert_eq!(again.header("Min-SE"), Some("3600"));
    assert_eq!(again.call_id(), invite.call_id());
    assert_eq!(again.cseq(), Some((2, "INVITE")));
    assert_ne!(again.branch(), invite.branch());
    bench.receive(&accepted(&again));
    assert!(bench.saw(&UeEvent::Established {
        call: "chat".to_owned()
    }));
    assert_eq!(bench.last("ACK").cseq(), Some((2, "ACK")));
}

#[test]
fn the_refresher_sends_update_at_half_the_interval() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let mut answer = accepted(&invite);
    answer.push("Session-Expires", "200;refresher=uac");
    bench.receive(&answer);
    bench.until(ms(99_999));
    assert!(bench.times("UPDATE").is_empty());
    bench.until(ms(100_000));
    let update = bench.last("UPDATE");
    assert_eq!(update.header("Session-Expires"), Some("200;refresher=uac"));
    let mut granted = response(&update, 200);
    granted.push("Session-Expires", "200;refresher=uac");
    bench.receive(&granted);
    bench.until(ms(200_000));
    assert_eq!(bench.times("UPDATE"), [ms(100_000), ms(200_000)]);
}

#[test]
fn a_session_the_other_side_does_not_refresh_is_ended() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let mut answer = accepted(&invite);
    answer.push("Session-Expires", "90;refresher=uas");
    bench.receive(&answer);
    bench.until(ms(59_999));
    assert!(bench.times("BYE").is_empty());
    bench.until(ms(60_000));
    assert_eq!(bench.times("BYE"), [ms(60_000)]);
}

#[test]
fn the_route_set_comes_from_record_route_in_reverse() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let mut answer = accepted(&invite);
    answer.push("Record-Route", "<sip:p2@127.0.0.1:6002;lr>");
    answer.push("Record-Route", "<sip:p1@127.0.0.1:6001;lr>");
    bench.receive(&answer);
    let ack = bench.last("ACK");
    assert_eq!(
        ack.values("Route"),
        ["<sip:p1@127.0.0.1:6001;lr>", "<sip:p2@127.0.0.1:6002;lr>"]
    );
    assert_eq!(ack.uri(), Some("sip:gw@127.0.0.1:5061"));
}

#[test]
fn an_answer_without_media_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&response(&invite, 200));
    assert_eq!(bench.times("ACK").len(), 1);
    assert_eq!(bench.times("BYE").len(), 1);
    assert_eq!(bench.problems().len(), 1);
}

#[test]
fn an_active_answer_leaves_the_connection_to_the_other_side() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let mut answer = response(&invite, 200);
    answer.set_body("application/sdp", sdp(Setup::Active));
    bench.receive(&answer);
    assert!(
        !bench
            .others
            .iter()
            .any(|o| matches!(o, Output::Connect { .. }))
    );
}

#[test]
fn a_connection_that_overtakes_the_answer_waits_for_it() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    let offer = SessionDescription::parse(&invite.body_of("application/sdp").unwrap()).unwrap();
    let ours = offer.message().unwrap().path[0].clone();
    let mut answer = response(&invite, 200);
    answer.set_body("application/sdp", sdp(Setup::Active));
    let described = SessionDescription::parse(&sdp(Setup::Active)).unwrap();
    let mut send = MsrpMessage::request("early123", "SEND");
    send.push("To-Path", ours);
    send.push("From-Path", described.message().unwrap().path[0].clone());
    send.push("Message-ID", "first");
    let (flow, at) = (FlowId(1 << 32), "127.0.0.1:40000".parse().unwrap());
    bench.input(Input::Opened {
        flow,
        channel: Channel::Msrp,
        local: at,
        remote: at,
    });
    let octets = send.to_octets();
    bench.input(Input::Octets { flow, octets });
    let said = |bench: &Bench| {
        let mut outputs = bench.others.iter();
        outputs.find_map(|output| match output {
            Output::Octets { octets, .. } => MsrpMessage::parse(octets).unwrap().status(),
            _ => None,
        })
    };
    assert_eq!(said(&bench), None);
    bench.receive(&answer);
    assert_eq!(said(&bench), Some(200));
    assert!(bench.problems().is_empty());
}

#[test]
fn a_ue_that_withholds_its_ack_sends_none() {
    let mut bench = Bench::with(UeBehaviour {
        withhold_ack: true,
        ..UeBehaviour::default()
    });
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    bench.receive(&accepted(&invite));
    assert!(bench.times("ACK").is_empty());
}

#[test]
fn malformed_requests_are_damaged_as_asked() {
    let mut bench = Bench::with(UeBehaviour {
        malformed: Some(Malformation::NoFromTag),
        ..UeBehaviour::default()
    });
    assert_eq!(bench.invite().from_tag(), None);
}

#[test]
fn a_command_for_an_unknown_call_is_a_problem_and_no_panic() {
    let mut bench = Bench::new();
    let call = "nobody".to_owned();
    bench.command(UeCommand::Bye { call: call.clone() });
    bench.command(UeCommand::Cancel { call: call.clone() });
    bench.command(UeCommand::Options { call: call.clone() });
    bench.command(UeCommand::CloseMedia { call: call.clone() });
    bench.command(UeCommand::Send {
        call,
        message: ChatText::plain("x"),
    });
    assert_eq!(bench.problems().len(), 5);
}

#[test]
fn a_pager_message_tells_its_final_response() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Message(Box::new(PagerMessage {
        call: "note".to_owned(),
        to_uri: "tel:+447700900002".to_owned(),
        text: "hello".to_owned(),
        imdn: Some("positive-delivery".to_owned()),
        ..PagerMessage::default()
    })));
    let message = bench.last("MESSAGE");
    let icsi = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg";
    assert_eq!(message.header("P-Asserted-Service"), Some(icsi));
    assert!(message.header("Contact").is_none());
    let body = String::from_utf8(message.body.clone()).unwrap();
    assert!(body.contains("imdn.Disposition-Notification: positive-delivery\r\n"));
    assert!(body.ends_with("hello"));
    bench.receive(&response(&message, 202));
    assert!(bench.saw(&UeEvent::Answered {
        call: "note".to_owned(),
        method: "MESSAGE".to_owned(),
        code: 202
    }));
}
