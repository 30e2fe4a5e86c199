//! The calling side where something is out of the ordinary: forks, late offers, commands with wishes, lost connections.
use super::bench::*;
use crate::peer::behaviour::UeBehaviour;
use crate::peer::ue::*;
use crate::wire::sdp::Setup;

#[test]
fn a_2xx_of_another_fork_is_acknowledged_and_ended() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    let mut other = accepted(&invite);
    other.set(
        "To",
        format!("{};tag=another", invite.header("To").unwrap()),
    );
    bench.receive(&other);
    assert_eq!(bench.times("ACK").len(), 2);
    assert_eq!(bench.last("BYE").to_tag().as_deref(), Some("another"));
    assert_eq!(bench.times("BYE").len(), 1);
}

#[test]
fn a_late_ack_leaves_late_and_once_more_for_each_repetition() {
    let mut bench = Bench::with(UeBehaviour {
        ack_delay: ms(700),
        ..UeBehaviour::default()
    });
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    assert!(bench.times("ACK").is_empty());
    bench.until(ms(1000));
    assert_eq!(bench.times("ACK"), [ms(700)]);
}

#[test]
fn an_offer_in_the_2xx_is_answered_in_the_ack() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Invite(Box::new(Invitation {
        body: Some((String::new(), Vec::new())),
        ..invitation()
    })));
    let invite = bench.last("INVITE");
    assert!(invite.body.is_empty());
    let mut answer = response(&invite, 200);
    answer.set_body("application/sdp", sdp(Setup::Actpass));
    bench.receive(&answer);
    let sdp = bench.last("ACK").body_of("application/sdp").unwrap();
    assert!(String::from_utf8(sdp).unwrap().contains("a=setup:active"));
    assert!(bench.problems().is_empty(), "{:?}", bench.events);
}

#[test]
fn a_first_message_travels_beside_the_offer() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Invite(Box::new(Invitation {
        first_message: Some("first".to_owned()),
        ..invitation()
    })));
    let invite = bench.last("INVITE");
    assert!(invite.body_of("application/sdp").is_some());
    let cpim = invite.body_of("message/cpim").unwrap();
    assert!(String::from_utf8(cpim).unwrap().ends_with("first"));
    bench.receive(&accepted(&invite));
    assert!(bench.problems().is_empty(), "{:?}", bench.events);
}

#[test]
fn header_fields_and_service_are_as_the_scenario_wants() {
    let mut bench = Bench::new();
    bench.command(UeCommand::Invite(Box::new(Invitation {
        without: vec!["Conversation-ID".to_owned()],
        service: Some("urn:urn-7:3gpp-service.ims.icsi.oma.cpm.filetransfer".to_owned()),
        extra_headers: vec![("X-Kept".to_owned(), "Yes".to_owned())],
        group: true,
        ..invitation()
    })));
    let invite = bench.last("INVITE");
    assert_eq!(invite.header("Conversation-ID"), None);
    assert_eq!(invite.header("X-Kept"), Some("Yes"));
    let contact = invite.header("Contact").unwrap();
    assert!(
        contact.ends_with("oma.cpm.filetransfer\";isfocus"),
        "{contact}"
    );
}

#[test]
fn a_refresh_on_demand_is_a_re_invite_where_update_is_not_known() {
    let mut bench = Bench::new();
    let invite = bench.invite();
    bench.receive(&accepted(&invite));
    bench.command(UeCommand::Refresh {
        call: "chat".to_owned(),
    });
    let again = bench.last("INVITE");
    assert_eq!(again.to_tag().as_deref(), Some("theirs"));
    assert_eq!(again.body, invite.body);
    let mut granted = accepted(&again);
    granted.push("Session-Expires", "1800;refresher=uac");
    bench.receive(&granted);
    assert_eq!(bench.last("ACK").cseq(), Some((2, "ACK")));
    bench.receive(&granted);
    assert_eq!(bench.times("ACK").len(), 3);
}

#[test]
fn a_system_that_takes_no_connection_refuses_the_call() {
    let mut bench = Bench::new();
    bench.ue = Ue::new(UeConfig {
        transport: Transport::Tcp,
        ..config()
    });
    bench.command(UeCommand::Invite(Box::new(invitation())));
    let flow = bench.others.iter().find_map(|output| match output {
        Output::Connect { flow, .. } => Some(*flow),
        _ => None,
    });
    bench.input(Input::Closed {
        flow: flow.unwrap(),
    });
    assert!(bench.saw(&UeEvent::Refused {
        call: "chat".to_owned(),
        code: 408
    }));
}

#[test]
fn a_response_to_nothing_of_ours_is_told_as_such() {
    let mut bench = Bench::new();
    let mut stray = response(&request("OPTIONS", "<sip:x@y>"), 404);
    stray.set("Via", "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKraw");
    bench.receive(&stray);
    assert!(bench.saw(&UeEvent::Unmatched {
        method: "OPTIONS".to_owned(),
        code: 404
    }));
}
