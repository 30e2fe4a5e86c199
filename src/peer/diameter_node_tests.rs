//! Two nodes of the same kind talk to each other in virtual time; odd peers are octets.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::peer::Channel;

const NOW: Time = Duration::ZERO;
const FLOW: FlowId = FlowId(7);

fn config(host: &str, applications: &[u32]) -> NodeConfig {
    NodeConfig {
        origin_host: host.to_owned(),
        origin_realm: "ims.example".to_owned(),
        applications: applications.to_vec(),
        watchdog: Duration::from_secs(30),
        answer_timeout: Duration::from_secs(10),
        first: 0x0010_0000,
    }
}

struct Pair {
    near: DiameterNode,
    far: DiameterNode,
    heard: [Vec<NodeEvent>; 2],
    closed: bool,
}

impl Pair {
    fn new(near: &[u32], far: &[u32]) -> Self {
        let mut pair = Self {
            near: DiameterNode::new(config("near.example", near), true),
            far: DiameterNode::new(config("far.example", far), false),
            heard: [Vec::new(), Vec::new()],
            closed: false,
        };
        for node in [&mut pair.near, &mut pair.far] {
            let here = "127.0.0.1:3868".parse().unwrap();
            let opened = Input::Opened {
                flow: FLOW,
                channel: Channel::Diameter,
                local: here,
                remote: here,
            };
            node.handle(NOW, opened);
        }
        pair.settle(NOW);
        pair
    }

    fn settle(&mut self, now: Time) {
        loop {
            let mut quiet = true;
            for side in 0..2 {
                let (from, to) = match side {
                    0 => (&mut self.near, &mut self.far),
                    _ => (&mut self.far, &mut self.near),
                };
                while let Some(output) = from.poll() {
                    quiet = false;
                    match output {
                        Output::Octets { octets, flow } => {
                            to.handle(now, Input::Octets { flow, octets });
                        }
                        Output::Close { .. } => self.closed = true,
                        Output::Event(event) => self.heard[side].push(event),
                        other => panic!("{other:?}"),
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn ask(&mut self, label: u64) {
        let request = NodeCommand::Request {
            label,
            application: application::SGD,
            command: Command::MT_FORWARD,
            avps: vec![Avp::new(name::SM_RP_UI, [1, 2, 3])],
        };
        self.near.handle(NOW, Input::Command(request));
        self.settle(NOW);
    }
}

fn request_in(events: &[NodeEvent]) -> Box<Message> {
    let found = events.iter().find_map(|event| match event {
        NodeEvent::Requested(request) => Some(request.clone()),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn exchanges_capabilities_and_answers_a_request_with_its_identifiers() {
    let mut pair = Pair::new(&[application::SGD], &[application::SGD]);
    assert!(pair.near.is_open() && pair.far.is_open());
    let host = "far.example".to_owned();
    assert_eq!(pair.near.peer().unwrap().0, host);
    pair.ask(5);
    let mut request = request_in(&pair.heard[1]);
    let session = request.text(name::SESSION_ID).unwrap().to_owned();
    assert!(session.starts_with("near.example;"), "{session}");
    // A relay has been here.
    request.avps.push(Avp::group(name::PROXY_INFO, &[]));
    let answer = NodeCommand::Answer {
        to: request,
        result: ResultCode::Base(result::SUCCESS),
        avps: Vec::new(),
    };
    pair.far.handle(NOW, Input::Command(answer));
    pair.settle(NOW);
    let Some(NodeEvent::Answered { label: 5, answer }) = pair.heard[0].last() else {
        panic!("{:?}", pair.heard[0]);
    };
    assert_eq!(answer.text(name::SESSION_ID), Some(session.as_str()));
    assert!(answer.flags.has(Flags::PROXIABLE) && !answer.is_request());
    assert!(answer.find(name::PROXY_INFO).is_some());
    assert_eq!(answer.text(name::ORIGIN_HOST), Some("far.example"));
}

#[test]
fn refuses_a_peer_without_common_application_but_takes_a_relay() {
    let pair = Pair::new(&[application::S6C], &[application::SGD]);
    assert!(!pair.near.is_open() && pair.closed);
    let pair = Pair::new(&[application::RELAY], &[application::SGD]);
    assert!(pair.far.is_open());
}

#[test]
fn gives_up_waiting_and_tells_so_once() {
    let mut pair = Pair::new(&[application::SGD], &[application::SGD]);
    pair.ask(5);
    let later = pair.near.wake_at().unwrap();
    assert_eq!(later, Duration::from_secs(10));
    pair.near.handle(later, Input::Wake);
    pair.settle(later);
    let unanswered = NodeEvent::Unanswered { label: 5 };
    assert_eq!(pair.heard[0].last(), Some(&unanswered));
    pair.near.handle(later, Input::Closed { flow: FLOW });
    pair.settle(later);
    let told = pair.heard[0].iter().filter(|event| **event == unanswered);
    assert_eq!(told.count(), 1);
}

#[test]
fn watches_a_silent_peer_and_closes_when_it_stays_silent() {
    let mut pair = Pair::new(&[application::SGD], &[application::SGD]);
    let due = pair.near.wake_at().unwrap();
    pair.near.handle(due, Input::Wake);
    pair.settle(due);
    assert!(!pair.closed, "the far node has answered");
    let due = due + Duration::from_secs(30);
    pair.near.handle(due, Input::Wake);
    while pair.near.poll().is_some() {}
    pair.near.handle(due + Duration::from_secs(10), Input::Wake);
    pair.settle(due);
    assert!(pair.closed);
}

#[test]
fn takes_leave_in_order() {
    let mut pair = Pair::new(&[application::SGD], &[application::SGD]);
    let leave = Input::Command(NodeCommand::Disconnect);
    pair.near.handle(NOW, leave);
    pair.settle(NOW);
    assert!(pair.closed);
    assert_eq!(pair.heard[0].last(), Some(&NodeEvent::Ended));
    assert_eq!(pair.heard[1].last(), Some(&NodeEvent::Ended));
}

#[test]
fn refuses_an_application_it_does_not_speak_and_loses_a_broken_stream() {
    let mut pair = Pair::new(&[application::SGD, application::S6C], &[application::SGD]);
    let request = NodeCommand::Request {
        label: 1,
        application: application::S6C,
        command: Command::SEND_ROUTING_INFO,
        avps: Vec::new(),
    };
    pair.near.handle(NOW, Input::Command(request));
    pair.settle(NOW);
    let Some(NodeEvent::Answered { answer, .. }) = pair.heard[0].last() else {
        panic!("{:?}", pair.heard[0]);
    };
    assert_eq!(answer.result(), Some(ResultCode::Base(3007)));
    assert!(answer.flags.has(Flags::ERROR));
    let octets = vec![9; 40];
    pair.far.handle(NOW, Input::Octets { flow: FLOW, octets });
    pair.settle(NOW);
    assert!(pair.closed);
}
