//! A UE whose datagrams are caught, with a clock that is moved by hand.
use std::time::Duration;

use crate::peer::ue::*;
use crate::wire::sdp::{MessageMedia, Setup, write_message_sdp};

pub fn ms(n: u64) -> Time {
    Duration::from_millis(n)
}

pub struct Bench {
    pub ue: Ue,
    pub now: Time,
    /// Everything sent by UDP with its time, oldest first.
    pub sent: Vec<(Time, SipMessage)>,
    pub events: Vec<UeEvent>,
    pub others: Vec<Output<UeEvent>>,
}

pub fn config() -> UeConfig {
    UeConfig::new(
        "Alice",
        "+447700900001",
        "127.0.0.1:5070".parse().unwrap(),
        "127.0.0.1:2855".parse().unwrap(),
        "127.0.0.1:5060".parse().unwrap(),
    )
}

impl Bench {
    pub fn new() -> Self {
        Self::with(UeBehaviour::default())
    }

    pub fn with(behaviour: UeBehaviour) -> Self {
        Self {
            ue: Ue::new(UeConfig {
                behaviour,
                ..config()
            }),
            now: Time::ZERO,
            sent: Vec::new(),
            events: Vec::new(),
            others: Vec::new(),
        }
    }

    pub fn input(&mut self, input: Input<UeCommand>) {
        self.ue.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.ue.poll() {
            match output {
                Output::Datagram { octets, .. } => {
                    let message = SipMessage::parse(&octets).unwrap();
                    self.sent.push((self.now, message));
                }
                Output::Event(event) => self.events.push(event),
                other => self.others.push(other),
            }
        }
    }

    pub fn command(&mut self, command: UeCommand) {
        self.input(Input::Command(command));
    }

    pub fn invite(&mut self) -> SipMessage {
        self.command(UeCommand::Invite(Box::new(invitation())));
        self.last("INVITE")
    }

    pub fn receive(&mut self, message: &SipMessage) {
        let from = "127.0.0.1:5060".parse().unwrap();
        let octets = message.to_octets();
        self.input(Input::Datagram { from, octets });
    }

    /// Lets time pass, waking the UE when it asks for it.
    pub fn until(&mut self, end: Time) {
        while let Some(at) = self.ue.wake_at().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.input(Input::Wake);
        }
        self.now = end;
    }

    /// The last request of that method we sent.
    pub fn last(&self, method: &str) -> SipMessage {
        let found = self
            .sent
            .iter()
            .rev()
            .find(|(_, m)| m.method() == Some(method));
        found
            .unwrap_or_else(|| panic!("no {method} sent"))
            .1
            .clone()
    }

    /// When requests of that method left.
    pub fn times(&self, method: &str) -> Vec<Time> {
        let of_method = self.sent.iter().filter(|(_, m)| m.method() == Some(method));
        of_method.map(|(at, _)| *at).collect()
    }

    /// Status codes of responses to that method, in order.
    pub fn codes(&self, method: &str) -> Vec<u16> {
        self.sent
            .iter()
            .filter(|(_, m)| m.cseq().is_some_and(|(_, of)| of == method))
            .filter_map(|(_, m)| m.status())
            .collect()
    }

    pub fn saw(&self, event: &UeEvent) -> bool {
        self.events.contains(event)
    }

    pub fn problems(&self) -> Vec<&UeEvent> {
        let of_kind = self.events.iter();
        of_kind
            .filter(|e| matches!(e, UeEvent::Problem(_)))
            .collect()
    }
}

pub fn invitation() -> Invitation {
    Invitation {
        call: "chat".to_owned(),
        to_uri: "tel:+447700900002".to_owned(),
        ..Invitation::default()
    }
}

/// A response of the other side, with its tag and Contact.
pub fn response(request: &SipMessage, code: u16) -> SipMessage {
    let mut response = SipMessage::response(code, "Whatever");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        response.push(name, request.header(name).unwrap());
    }
    let to = request.header("To").unwrap();
    if code == 100 || to.contains("tag=") {
        response.push("To", to);
    } else {
        response.push("To", format!("{to};tag=theirs"));
    }
    response.push("Contact", "<sip:gw@127.0.0.1:5061>");
    response.push("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, PRACK");
    response.push("Content-Length", "0");
    response
}

pub fn sdp(setup: Setup) -> Vec<u8> {
    let media = MessageMedia {
        port: 9999,
        protocol: "TCP/MSRP".to_owned(),
        address: "127.0.0.1".to_owned(),
        path: vec!["msrp://127.0.0.1:9999/theirs;tcp".to_owned()],
        accept_types: vec!["message/cpim".to_owned()],
        accept_wrapped_types: vec!["text/plain".to_owned()],
        setup: Some(setup),
        direction: "sendrecv".to_owned(),
        max_size: None,
    };
    write_message_sdp(7, 1, &media)
}

pub fn accepted(invite: &SipMessage) -> SipMessage {
    let mut response = response(invite, 200);
    response.set_body("application/sdp", sdp(Setup::Passive));
    response
}

/// A request of the other side.
pub fn request(method: &str, to: &str) -> SipMessage {
    let mut request = SipMessage::request(method, "sip:+447700900001@127.0.0.1:5070");
    request.push(
        "Via",
        format!("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKin{method}"),
    );
    request.push("From", "<tel:+447700900002>;tag=theirs");
    request.push("To", to);
    request.push("Call-ID", "their-call");
    request.push("CSeq", format!("1 {method}"));
    request.push("Contact", "<sip:gw@127.0.0.1:5061>");
    request.push("Content-Length", "0");
    request
}

/// A request of the other side within the dialog of our `invite` and their 2xx.
pub fn request_within(invite: &SipMessage, method: &str, cseq: u32) -> SipMessage {
    let mut request = request(method, invite.header("From").unwrap());
    request.set(
        "From",
        format!("{};tag=theirs", invite.header("To").unwrap()),
    );
    request.set("Call-ID", invite.call_id().unwrap());
    request.set("CSeq", format!("{cseq} {method}"));
    let via = format!("SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKin{method}{cseq}");
    request.set("Via", via);
    request
}
