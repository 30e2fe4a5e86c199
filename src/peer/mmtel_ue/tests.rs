//! Two MMTel UEs with nothing between them: what one sends, the other reads.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::peer::ue::{SipTimers, Transport};
use std::net::SocketAddr;
use std::time::Duration;

const STEP: Duration = Duration::from_millis(20);

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn ue(name: &str, number: &str, port: u16, other: u16) -> MmtelUe {
    MmtelUe::new(MmtelConfig {
        name: name.into(),
        number: number.into(),
        sip: address(port),
        rtp: address(port + 1),
        system: address(other),
        transport: Transport::Udp,
        domain: "home1.example".into(),
        seed: u64::from(port),
        timers: SipTimers::default(),
        behaviour: MmtelBehaviour::default(),
        access: vec!["3GPP-NR-FDD;utran-cell-id-3gpp=0010100".into()],
        visited_network: None,
        talk_interval: Duration::from_millis(100),
        gm: None,
    })
}

struct Pair {
    ues: [MmtelUe; 2],
    now: Time,
    /// Datagrams of SIP and packets of RTP, each with the port it went to.
    sip: Vec<SipMessage>,
    rtp: Vec<u16>,
    events: Vec<(usize, MmtelEvent)>,
}

impl Pair {
    fn new() -> Self {
        Self {
            ues: [
                ue("Alice", "+447700900001", 5100, 5200),
                ue("Bob", "+447700900002", 5200, 5100),
            ],
            now: Duration::ZERO,
            sip: Vec::new(),
            rtp: Vec::new(),
            events: Vec::new(),
        }
    }

    fn tell(&mut self, who: usize, command: MmtelCommand) {
        self.ues[who].handle(self.now, Input::Command(command));
        self.run(3);
    }

    fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            while self.carry() {}
            self.now += STEP;
            for ue in &mut self.ues {
                ue.handle(self.now, Input::Wake);
            }
        }
    }

    fn carry(&mut self) -> bool {
        let mut moved = false;
        for who in 0..2 {
            while let Some(output) = self.ues[who].poll() {
                moved = true;
                match output {
                    Output::Datagram { octets, .. } => {
                        self.sip.push(SipMessage::parse(&octets).unwrap());
                        let from = address(if who == 0 { 5100 } else { 5200 });
                        let input = Input::Datagram { from, octets };
                        self.ues[1 - who].handle(self.now, input);
                    }
                    Output::Media { to, .. } => self.rtp.push(to.port()),
                    Output::Event(event) => self.events.push((who, event)),
                    _ => {}
                }
            }
        }
        moved
    }

    fn methods(&self) -> Vec<String> {
        let requests = self.sip.iter().filter_map(SipMessage::method);
        requests.map(str::to_owned).collect()
    }
}

fn call(to: &str) -> MmtelCommand {
    MmtelCommand::Call(Box::new(AudioCall {
        call: "call".into(),
        to_uri: to.into(),
        ..AudioCall::default()
    }))
}

const BOB: &str = "sip:+447700900002@home1.example";

#[test]
fn a_call_is_answered_spoken_in_and_ended() {
    let mut pair = Pair::new();
    pair.tell(0, call(BOB));
    pair.run(10);
    assert!(pair.rtp.contains(&5201) && pair.rtp.contains(&5101));
    let call = "call".to_owned();
    pair.tell(0, MmtelCommand::Bye { call });
    assert_eq!(pair.methods(), ["INVITE", "ACK", "BYE"]);
    let spoken = pair.rtp.len();
    pair.run(20);
    assert_eq!(pair.rtp.len(), spoken);
}

#[test]
fn nobody_speaks_to_one_who_holds() {
    let mut pair = Pair::new();
    pair.tell(0, call(BOB));
    let hold = Change::new("call", MediaDirection::SendOnly, ChangeBy::ReInvite);
    pair.tell(0, MmtelCommand::Change(Box::new(hold)));
    pair.rtp.clear();
    pair.run(20);
    assert!(pair.rtp.contains(&5201) && !pair.rtp.contains(&5101));
    let resume = Change::new("call", MediaDirection::SendRecv, ChangeBy::Update);
    pair.tell(0, MmtelCommand::Change(Box::new(resume)));
    pair.run(20);
    assert!(pair.rtp.contains(&5101));
    assert_eq!(pair.methods(), ["INVITE", "ACK", "INVITE", "ACK", "UPDATE"]);
}

#[test]
fn one_who_is_referred_calls_and_reports() {
    let mut pair = Pair::new();
    let refer = ReferOrder {
        label: "refer".into(),
        to_uri: BOB.into(),
        refer_to: vec!["<sip:+447700900001@home1.example;method=INVITE?Subject=a%20b>".into()],
        ..ReferOrder::default()
    };
    pair.tell(0, MmtelCommand::Refer(Box::new(refer)));
    pair.run(3);
    assert_eq!(
        pair.methods(),
        ["REFER", "NOTIFY", "INVITE", "ACK", "NOTIFY"].map(str::to_owned)
    );
    let invite = pair.sip.iter().find(|m| m.method() == Some("INVITE"));
    assert_eq!(
        invite.unwrap().uri(),
        Some("sip:+447700900001@home1.example")
    );
    assert_eq!(invite.unwrap().header("Subject"), Some("a b"));
    let last = pair.sip.iter().rfind(|m| m.method() == Some("NOTIFY"));
    assert!(last.unwrap().body.starts_with(b"SIP/2.0 200"));
    let lost = |m: &&SipMessage| m.status().is_some_and(|code| code >= 300);
    assert!(!pair.sip.iter().any(|m| lost(&m)));
}

#[test]
fn a_call_that_replaces_another_ends_it() {
    let mut pair = Pair::new();
    pair.tell(0, call(BOB));
    let invite = pair.sip[0].clone();
    let answer = pair.sip.iter().find(|m| m.status() == Some(200)).unwrap();
    let replaces = format!(
        "{};to-tag={};from-tag={}",
        invite.call_id().unwrap(),
        answer.to_tag().unwrap(),
        invite.from_tag().unwrap()
    );
    let order = AudioCall {
        call: "second".into(),
        to_uri: BOB.into(),
        extra_headers: vec![("Replaces".into(), replaces)],
        ..AudioCall::default()
    };
    pair.tell(0, MmtelCommand::Call(Box::new(order)));
    pair.run(3);
    let established = |event: &(usize, MmtelEvent)| {
        *event
            == (
                1,
                MmtelEvent::Ended {
                    call: "incoming-1".into(),
                    by_peer: false,
                },
            )
    };
    assert!(pair.events.iter().any(established), "{:?}", pair.events);
}

#[test]
fn a_refusal_is_told() {
    let mut pair = Pair::new();
    let behaviour = MmtelBehaviour {
        answer: Answer::Refuse(486),
        ..MmtelBehaviour::default()
    };
    pair.tell(1, MmtelCommand::Behave(behaviour));
    pair.tell(0, call(BOB));
    let call = "call".to_owned();
    let refused = (0, MmtelEvent::Refused { call, code: 486 });
    assert!(pair.events.contains(&refused));
}
