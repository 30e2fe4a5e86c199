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
        let tap = Tap::new();
        let ends = self.ends();
        let udp = |outbound, octets| {
            record(
                &tap,
                "isc",
                outbound,
                ends.alice,
                ends.gateway,
                Event::Datagram(octets),
            )
        };
        let smpp = |outbound, pdu: Pdu| {
            let esme = SocketAddr::from(([127, 0, 0, 1], self.port + 5));
            record(
                &tap,
                "smpp",
                outbound,
                ends.smsc,
                esme,
                Event::Data(pdu.to_octets()),
            );
        };
        let dialled = SocketAddr::from(([127, 0, 0, 1], self.port + 6));
        let msrp =
            |outbound, event| record(&tap, "msrp", outbound, dialled, ends.gateway_msrp, event);

        tap.mark("Alice invites Bob");
        let id = self.id;
        let more = format!(
            "P-Asserted-Identity: <tel:{ALICE}>\r\nConversation-ID: {id}-c\r\nContribution-ID: {id}-k\r\nContact: <sip:alice@{}>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\"\r\n",
            ends.alice
        );
        let invite = self.sip(
            &format!("INVITE tel:{BOB} SIP/2.0"),
            "1 INVITE",
            false,
            &more,
            &self.sdp(ends.alice_msrp, "alice"),
        );
        udp(true, invite.clone());
        if self.slow {
            std::thread::sleep(std::time::Duration::from_millis(150));
            udp(true, invite);
        }
        udp(
            false,
            self.sip("SIP/2.0 100 Trying", "1 INVITE", false, "", ""),
        );
        let ringing = || self.sip("SIP/2.0 180 Ringing", "1 INVITE", true, "", "");
        let invitation = short_message(POOL, BOB, &format!("{ALICE} wants to chat"));
        if self.smpp_first {
            smpp(false, Pdu::new(CommandId::SUBMIT_SM, 0, 1, invitation));
            udp(false, ringing());
        } else {
            udp(false, ringing());
            smpp(false, Pdu::new(CommandId::SUBMIT_SM, 0, 1, invitation));
        }
        smpp(
            true,
            Pdu::new(
                CommandId::SUBMIT_SM.response(),
                0,
                1,
                Body::MessageId(Some(format!("sms{id}"))),
            ),
        );
        udp(false, ringing());

        tap.mark("Bob accepts");
        smpp(
            true,
            Pdu::new(CommandId::DELIVER_SM, 0, 7, short_message(BOB, POOL, "yes")),
        );
        smpp(
            false,
            Pdu::new(
                CommandId::DELIVER_SM.response(),
                0,
                7,
                Body::MessageId(None),
            ),
        );
        udp(
            false,
            self.sip(
                "SIP/2.0 200 OK",
                "1 INVITE",
                true,
                "",
                &self.sdp(ends.gateway_msrp, "gateway"),
            ),
        );
        udp(
            true,
            self.sip("ACK sip:gateway@127.0.0.1 SIP/2.0", "1 ACK", true, "", ""),
        );
        msrp(true, Event::Opened { dialled: true });
        msrp(
            true,
            Event::Data(self.send(
                "ta",
                true,
                "Message-ID: m0\r\nByte-Range: 1-0/0\r\n-------ta$\r\n",
            )),
        );
        msrp(false, Event::Data(self.answer("ta", false)));

        tap.mark("Alice writes");
        let first = "Message-ID: m1\r\nByte-Range: 1-3/5\r\nContent-Type: text/plain\r\n\r\nHel\r\n-------tb+\r\n";
        let second = "Message-ID: m1\r\nByte-Range: 4-5/5\r\nContent-Type: text/plain\r\n\r\nlo\r\n-------tc$\r\n";
        msrp(
            true,
            Event::Data([self.send("tb", true, first), self.send("tc", true, second)].concat()),
        );
        msrp(false, Event::Data(self.answer("tb", false)));
        msrp(false, Event::Data(self.answer("tc", false)));
        for part in [2, 1] {
            smpp(
                false,
                Pdu::new(
                    CommandId::SUBMIT_SM,
                    0,
                    10 + u32::from(part),
                    part_of_two(part),
                ),
            );
        }
        for part in [1, 2] {
            smpp(
                true,
                Pdu::new(
                    CommandId::SUBMIT_SM.response(),
                    if part == 2 { 0x58 } else { 0 },
                    10 + part,
                    Body::MessageId(None),
                ),
            );
        }

        tap.mark("Bob leaves");
        udp(
            false,
            self.sip(
                &format!("BYE sip:alice@{} SIP/2.0", ends.alice),
                "1 BYE",
                true,
                "Reason: SIP;cause=200\r\n",
                "",
            ),
        );
        udp(true, self.sip("SIP/2.0 200 OK", "1 BYE", true, "", ""));
        msrp(self.smpp_first, Event::Closed { reset: false });
        tap.octets_from(0)
    }

    pub fn trace(&self) -> Trace {
        Trace::read(&self.capture()).unwrap()
    }
}

fn record(
    tap: &Tap,
    interface: &'static str,
    outbound: bool,
    local: SocketAddr,
    remote: SocketAddr,
    event: Event,
) {
    tap.record(Record {
        interface,
        outbound,
        local,
        remote,
        event,
    });
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
