//! Two UEs that speak to each other through memory: SIP by UDP or TCP, MSRP by TCP.
use std::collections::BTreeMap;

use super::bench::{config, invitation, ms};
use crate::peer::ue::*;

struct Net {
    ues: [Ue; 2],
    events: [Vec<UeEvent>; 2],
    /// Both ends of a connection: (side, flow) to (side, flow).
    links: BTreeMap<(usize, FlowId), (usize, FlowId)>,
    next: u64,
    now: Time,
}

impl Net {
    fn new(transport: Transport) -> Self {
        let alice = UeConfig {
            transport,
            system: "127.0.0.1:5080".parse().unwrap(),
            ..config()
        };
        let bob = UeConfig {
            name: "Bob".to_owned(),
            number: "+447700900002".to_owned(),
            sip: "127.0.0.1:5080".parse().unwrap(),
            msrp: "127.0.0.1:2866".parse().unwrap(),
            system: "127.0.0.1:5070".parse().unwrap(),
            seed: 2,
            transport,
            ..config()
        };
        Self {
            ues: [Ue::new(alice), Ue::new(bob)],
            events: [Vec::new(), Vec::new()],
            links: BTreeMap::new(),
            next: 1 << 32,
            now: Time::ZERO,
        }
    }

    fn give(&mut self, side: usize, input: Input<UeCommand>) {
        self.ues[side].handle(self.now, input);
        while let Some(output) = self.ues[side].poll() {
            self.carry(side, output);
        }
    }

    fn carry(&mut self, side: usize, output: Output<UeEvent>) {
        let other = 1 - side;
        match output {
            Output::Event(event) => self.events[side].push(event),
            Output::Media { .. } => {}
            Output::Datagram { octets, .. } => {
                let from = self.ues[side].config().sip;
                self.give(other, Input::Datagram { from, octets });
            }
            Output::Connect { flow, channel, to } => {
                let there = FlowId(self.next);
                self.next += 1;
                self.links.insert((side, flow), (other, there));
                self.links.insert((other, there), (side, flow));
                let local = "127.0.0.1:40000".parse().unwrap();
                let (flow_in, remote) = (there, local);
                self.give(
                    other,
                    Input::Opened {
                        flow: flow_in,
                        channel,
                        local: to,
                        remote,
                    },
                );
                self.give(
                    side,
                    Input::Opened {
                        flow,
                        channel,
                        local,
                        remote: to,
                    },
                );
            }
            Output::Octets { flow, octets } => {
                if let Some((to, flow)) = self.links.get(&(side, flow)).copied() {
                    self.give(to, Input::Octets { flow, octets });
                }
            }
            Output::Close { flow, .. } => {
                if let Some((to, there)) = self.links.remove(&(side, flow)) {
                    self.links.remove(&(to, there));
                    self.give(to, Input::Closed { flow: there });
                }
            }
        }
    }

    fn until(&mut self, end: Time) {
        loop {
            let due = [self.ues[0].wake_at(), self.ues[1].wake_at()];
            let Some(at) = due.into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.now = at.max(self.now);
            for (side, due) in due.into_iter().enumerate() {
                if due.is_some_and(|d| d <= self.now) {
                    self.give(side, Input::Wake);
                }
            }
        }
        self.now = end;
    }

    fn texts(&self, side: usize) -> Vec<String> {
        self.events[side]
            .iter()
            .filter_map(|event| match event {
                UeEvent::MessageReceived { text, .. } => text.clone(),
                _ => None,
            })
            .collect()
    }

    fn saw(&self, side: usize, event: &UeEvent) -> bool {
        self.events[side].contains(event)
    }
}

fn chat_over(transport: Transport) {
    let mut net = Net::new(transport);
    net.give(0, Input::Command(UeCommand::Invite(Box::new(invitation()))));
    net.until(ms(100));
    let (chat, incoming) = ("chat".to_owned(), "incoming-1".to_owned());
    assert!(
        net.saw(0, &UeEvent::Established { call: chat.clone() }),
        "{:?}",
        net.events
    );
    assert!(net.saw(
        1,
        &UeEvent::Established {
            call: incoming.clone()
        }
    ));
    for (side, call) in [(0, &chat), (1, &incoming)] {
        let media = UeEvent::MediaOpened { call: call.clone() };
        assert!(net.saw(side, &media), "{:?}", net.events);
        let send = UeCommand::Send {
            call: call.clone(),
            message: ChatText::plain(&format!("hello from {side}")),
        };
        net.give(side, Input::Command(send));
    }
    net.until(ms(200));
    assert_eq!(net.texts(1), ["hello from 0"], "{:?}", net.events);
    assert_eq!(net.texts(0), ["hello from 1"]);
    net.give(1, Input::Command(UeCommand::Bye { call: incoming }));
    net.until(ms(60_000));
    let ended = UeEvent::Ended {
        call: chat.clone(),
        by_peer: true,
    };
    assert!(net.saw(0, &ended));
    assert!(net.saw(0, &UeEvent::MediaClosed { call: chat }));
    let problems: Vec<_> = net
        .events
        .iter()
        .flatten()
        .filter(|e| matches!(e, UeEvent::Problem(_)))
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert!(net.links.is_empty() || transport == Transport::Tcp);
    let closings = net.events[0]
        .iter()
        .filter(|e| matches!(e, UeEvent::MediaClosed { .. }));
    assert_eq!(closings.count(), 1);
    let answers = net.events[0]
        .iter()
        .filter(|e| matches!(e, UeEvent::MessageAnswered { .. }));
    assert_eq!(answers.count(), 1, "the bodiless SEND is no message");
}

#[test]
fn two_ues_chat_with_sip_over_udp() {
    chat_over(Transport::Udp);
}

#[test]
fn two_ues_chat_with_sip_over_tcp() {
    chat_over(Transport::Tcp);
}
