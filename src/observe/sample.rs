//! A short CPM session interworked to SMS, as a capture, for the tests of the views.
#![allow(clippy::unwrap_used)]
use super::Trace;
use crate::capture::{Event, Record, Tap};
use crate::wire::smpp::{Body, CommandId, Pdu, ShortMessagePdu};
use std::net::SocketAddr;

pub const ALICE: &str = "+447700900001";
pub const BOB: &str = "+447700900002";
pub const POOL: &str = "+447700900100";

/// What differs between two runs of the same test case.
pub struct Run {
    pub id: &'static str,
    pub port: u16,
    /// Which socket was served first when it does not matter.
    pub smpp_first: bool,
    /// The INVITE was retransmitted because the machine was slow.
    pub slow: bool,
}

pub const RUN: Run = Run {
    id: "a7f3",
    port: 20_000,
    smpp_first: false,
    slow: false,
};

pub struct Ends {
    pub alice: SocketAddr,
    pub alice_msrp: SocketAddr,
    pub gateway: SocketAddr,
    pub gateway_msrp: SocketAddr,
    pub smsc: SocketAddr,
}

impl Run {
    pub fn ends(&self) -> Ends {
        let end = |offset| SocketAddr::from(([127, 0, 0, 1], self.port + offset));
        Ends {
            alice: end(0),
            alice_msrp: end(1),
            gateway: end(2),
            gateway_msrp: end(3),
            smsc: end(4),
        }
    }

    fn sip(&self, start: &str, cseq: &str, to_tag: bool, more: &str, body: &str) -> Vec<u8> {
        let id = self.id;
        let from_gateway = cseq.ends_with("BYE");
        let branch = format!("z9hG4bK{id}{}", cseq.replace(' ', ""));
        let (alice, bob) = (
            format!("<tel:{ALICE}>;tag=alice{id}"),
            format!(
                "<tel:{BOB}>{}",
                if to_tag {
                    format!(";tag=bob{id}")
                } else {
                    String::new()
                }
            ),
        );
        let (from, to) = if from_gateway {
            (bob, alice)
        } else {
            (alice, bob)
        };
        let media_type = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let length = body.len();
        format!(
            "{start}\r\nVia: SIP/2.0/UDP 127.0.0.1;branch={branch}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: call{id}@127.0.0.1\r\nCSeq: {cseq}\r\n{more}{media_type}Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    fn sdp(&self, address: SocketAddr, session: &str) -> String {
        let port = address.port();
        let id = self.id;
        format!(
            "v=0\r\no=- {port} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message {port} TCP/MSRP *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\na=setup:actpass\r\na=path:msrp://{address}/{session}{id};tcp\r\n"
        )
    }

    fn send(&self, transaction: &str, to_gateway: bool, more: &str) -> Vec<u8> {
        let ends = self.ends();
        let id = self.id;
        let alice = format!("msrp://{}/alice{id};tcp", ends.alice_msrp);
        let gateway = format!("msrp://{}/gateway{id};tcp", ends.gateway_msrp);
        let (to, from) = if to_gateway {
            (gateway, alice)
        } else {
            (alice, gateway)
        };
        format!("MSRP {transaction} SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\n{more}")
            .into_bytes()
    }

    fn answer(&self, transaction: &str, to_gateway: bool) -> Vec<u8> {
        let text = String::from_utf8(self.send(transaction, to_gateway, "")).unwrap();
        format!(
            "{}-------{transaction}$\r\n",
            text.replace("SEND", "200 OK")
        )
        .into_bytes()
    }

    /// The whole capture.
    pub fn capture(&self) -> Vec<u8> {
        let wire = Wire {
            tap: Tap::new(),
            ends: self.ends(),
            port: self.port,
        };
        self.alice_invites(&wire);
        self.bob_accepts(&wire);
        self.alice_writes(&wire);
        self.bob_leaves(&wire);
        wire.tap.octets_from(0)
    }

    fn alice_invites(&self, wire: &Wire) {
        wire.tap.mark("Alice invites Bob");
        let (id, alice) = (self.id, wire.ends.alice);
        let more = format!(
            "P-Asserted-Identity: <tel:{ALICE}>\r\nConversation-ID: {id}-c\r\nContribution-ID: {id}-k\r\nContact: <sip:alice@{alice}>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\"\r\n"
        );
        let start = format!("INVITE tel:{BOB} SIP/2.0");
        let offer = self.sdp(wire.ends.alice_msrp, "alice");
        let invite = self.sip(&start, "1 INVITE", false, &more, &offer);
        wire.udp(true, invite.clone());
        if self.slow {
            std::thread::sleep(std::time::Duration::from_millis(150));
            wire.udp(true, invite);
        }
        let trying = self.sip("SIP/2.0 100 Trying", "1 INVITE", false, "", "");
        wire.udp(false, trying);
        let ringing = self.sip("SIP/2.0 180 Ringing", "1 INVITE", true, "", "");
        let invitation = short_message(POOL, BOB, &format!("{ALICE} wants to chat"));
        if self.smpp_first {
            wire.smpp(false, CommandId::SUBMIT_SM, 0, 1, invitation);
            wire.udp(false, ringing.clone());
        } else {
            wire.udp(false, ringing.clone());
            wire.smpp(false, CommandId::SUBMIT_SM, 0, 1, invitation);
        }
        let given = Body::MessageId(Some(format!("sms{id}")));
        wire.smpp(true, CommandId::SUBMIT_SM.response(), 0, 1, given);
        wire.udp(false, ringing);
    }

    fn bob_accepts(&self, wire: &Wire) {
        wire.tap.mark("Bob accepts");
        let yes = short_message(BOB, POOL, "yes");
        wire.smpp(true, CommandId::DELIVER_SM, 0, 7, yes);
        let taken = Body::MessageId(None);
        wire.smpp(false, CommandId::DELIVER_SM.response(), 0, 7, taken);
        let answer = self.sdp(wire.ends.gateway_msrp, "gateway");
        wire.udp(
            false,
            self.sip("SIP/2.0 200 OK", "1 INVITE", true, "", &answer),
        );
        let ack = "ACK sip:gateway@127.0.0.1 SIP/2.0";
        wire.udp(true, self.sip(ack, "1 ACK", true, "", ""));
        wire.msrp(true, Event::Opened { dialled: true });
        let opening = "Message-ID: m0\r\nByte-Range: 1-0/0\r\n-------ta$\r\n";
        wire.msrp(true, Event::Data(self.send("ta", true, opening)));
        wire.msrp(false, Event::Data(self.answer("ta", false)));
    }

    fn alice_writes(&self, wire: &Wire) {
        wire.tap.mark("Alice writes");
        let chunk = |transaction, range, text, flag| {
            let more = format!(
                "Message-ID: m1\r\nByte-Range: {range}/5\r\nContent-Type: text/plain\r\n\r\n{text}\r\n-------{transaction}{flag}\r\n"
            );
            self.send(transaction, true, &more)
        };
        let both = [
            chunk("tb", "1-3", "Hel", '+'),
            chunk("tc", "4-5", "lo", '$'),
        ];
        wire.msrp(true, Event::Data(both.concat()));
        wire.msrp(false, Event::Data(self.answer("tb", false)));
        wire.msrp(false, Event::Data(self.answer("tc", false)));
        for part in [2, 1] {
            let sequence = 10 + u32::from(part);
            wire.smpp(false, CommandId::SUBMIT_SM, 0, sequence, part_of_two(part));
        }
        for (part, status) in [(1, 0), (2, 0x58)] {
            let taken = Body::MessageId(None);
            let command = CommandId::SUBMIT_SM.response();
            wire.smpp(true, command, status, 10 + part, taken);
        }
    }

    fn bob_leaves(&self, wire: &Wire) {
        wire.tap.mark("Bob leaves");
        let bye = format!("BYE sip:alice@{} SIP/2.0", wire.ends.alice);
        let reason = "Reason: SIP;cause=200\r\n";
        wire.udp(false, self.sip(&bye, "1 BYE", true, reason, ""));
        wire.udp(true, self.sip("SIP/2.0 200 OK", "1 BYE", true, "", ""));
        wire.msrp(self.smpp_first, Event::Closed { reset: false });
    }

    pub fn trace(&self) -> Trace {
        Trace::read(&self.capture()).unwrap()
    }
}

/// Records on the sockets of the session; `outbound` = the suite sent it.
struct Wire {
    tap: Tap,
    ends: Ends,
    port: u16,
}

impl Wire {
    fn udp(&self, outbound: bool, octets: Vec<u8>) {
        let (alice, gateway) = (self.ends.alice, self.ends.gateway);
        self.record("isc", outbound, alice, gateway, Event::Datagram(octets));
    }
    fn msrp(&self, outbound: bool, event: Event) {
        let dialled = SocketAddr::from(([127, 0, 0, 1], self.port + 6));
        self.record("msrp", outbound, dialled, self.ends.gateway_msrp, event);
    }
    fn smpp(&self, outbound: bool, command: CommandId, status: u32, sequence: u32, body: Body) {
        let esme = SocketAddr::from(([127, 0, 0, 1], self.port + 5));
        let octets = Pdu::new(command, status, sequence, body).to_octets();
        self.record("smpp", outbound, self.ends.smsc, esme, Event::Data(octets));
    }
    fn record(
        &self,
        interface: &'static str,
        outbound: bool,
        local: SocketAddr,
        remote: SocketAddr,
        event: Event,
    ) {
        self.tap.record(Record {
            interface,
            outbound,
            local,
            remote,
            event,
        });
    }
}

fn fields(from: &str, to: &str) -> ShortMessagePdu {
    let digits = |number: &str| number.trim_start_matches('+').to_owned();
    ShortMessagePdu {
        source_ton: 1,
        source_npi: 1,
        source: digits(from),
        dest_ton: 1,
        dest_npi: 1,
        dest: digits(to),
        ..ShortMessagePdu::default()
    }
}

fn short_message(from: &str, to: &str, text: &str) -> Body {
    let short_message = text.as_bytes().to_vec();
    Body::ShortMessage(Box::new(ShortMessagePdu {
        short_message,
        registered_delivery: 1,
        ..fields(from, to)
    }))
}

fn part_of_two(part: u8) -> Body {
    let mut short_message = vec![5, 0, 3, 0x42, 2, part];
    short_message.extend_from_slice(if part == 1 { b"Hel" } else { b"lo" });
    Body::ShortMessage(Box::new(ShortMessagePdu {
        esm_class: 0x40,
        short_message,
        ..fields(POOL, BOB)
    }))
}
