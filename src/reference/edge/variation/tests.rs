//! Whatever the seed, what leaves can be read without defects and says the same.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::Edge;
use super::Variation;
use super::{body, uri, xml};
use crate::reference::edge::dice::Dice;
use crate::reference::user_agent::Transport;
use crate::wire::diameter::{self, Avp, Command, Flags, Message, name};
use crate::wire::msrp::MsrpMessage;
use crate::wire::sip::{NameAddr, SipMessage, SipUri, Via, number_of};
use crate::wire::smpp::{Body, CommandId, Pdu, status};

const SEEDS: u64 = 400;
const SDP: &str = concat!(
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n",
    "m=message 7654 TCP/MSRP *\r\na=accept-types:message/cpim\r\na=path:msrp://192.0.2.1:7654/x;tcp\r\na=setup:passive\r\n"
);

fn invite() -> SipMessage {
    let mut message = SipMessage::request("INVITE", "sip:+447700900002@home1.example;user=phone");
    for (name, value) in [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport"),
        ("Via", "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKb"),
        ("Route", "<sip:192.0.2.3;lr>, <sip:192.0.2.4:5070;lr>"),
        ("Max-Forwards", "70"),
        ("From", "\"Alice\" <sip:alice@home1.example>;tag=f1"),
        ("To", "<tel:+447700900002>"),
        ("Call-ID", "c1@192.0.2.1"),
        ("CSeq", "7 INVITE"),
        (
            "Contact",
            "<sip:gw@192.0.2.1:5060;transport=udp>;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session\";isfocus",
        ),
        ("Allow", "INVITE, ACK, BYE"),
        ("Supported", "timer"),
        ("P-Asserted-Identity", "<sip:alice@home1.example>"),
        ("P-Asserted-Identity", "<tel:+447700900001>"),
        ("Session-Expires", "1800;refresher=uac"),
        ("Privacy", "id;header"),
        ("Warning", "399 gw.example \"a, b\""),
        ("Date", "Sat, 13 Nov 2010 23:29:00 GMT"),
        ("Accept-Contact", "*;+g.oma.sip-im;require;explicit"),
    ] {
        message.push(name, value);
    }
    message.set_body("application/sdp", SDP);
    message
}

fn varied(message: &SipMessage, seed: u64) -> SipMessage {
    let octets = message.to_octets();
    let all = Variation::of_endpoint(seed).sip(octets.into(), Transport::Tcp);
    let same = all
        .iter()
        .map(|leaving| SipMessage::parse(&leaving.octets).unwrap())
        .find(|one| one.status() != Some(100) || message.status() == Some(100));
    same.unwrap()
}

#[test]
fn a_request_says_the_same_and_has_no_defects() {
    let before = invite();
    let mut forms = std::collections::BTreeSet::new();
    for seed in 0..SEEDS {
        let after = varied(&before, seed);
        let text = String::from_utf8_lossy(&after.to_octets()).into_owned();
        assert!(
            after.defects.is_empty(),
            "{seed}: {:?}\n{text}",
            after.defects
        );
        assert!(
            after.check().is_empty(),
            "{seed}: {:?}\n{text}",
            after.check()
        );
        assert_eq!(
            (after.method(), after.uri()),
            (before.method(), before.uri())
        );
        for name in ["Call-ID", "Privacy", "Warning", "Date"] {
            assert_eq!(after.header(name), before.header(name), "{seed}\n{text}");
        }
        assert_eq!(after.cseq(), before.cseq(), "{seed}\n{text}");
        for name in ["Route", "Via", "P-Asserted-Identity", "Allow", "Contact"] {
            assert_eq!(
                after.values(name).len(),
                before.values(name).len(),
                "{seed}\n{text}"
            );
        }
        assert_eq!(after.from_tag(), before.from_tag());
        assert_eq!(after.branch(), before.branch(), "{seed}\n{text}");
        let first = Via::parse(after.values("Via")[1]).unwrap();
        assert_eq!(first.param("branch"), Some("z9hG4bKb"));
        let contact = NameAddr::parse(after.values("Contact")[0]).unwrap();
        assert!(contact.has_param("isfocus"), "{seed}\n{text}");
        assert_eq!(contact.uri.user_decoded().as_deref(), Some("gw"));
        let second = after.values("P-Asserted-Identity")[1];
        let number = number_of(&NameAddr::parse(second).unwrap().uri.to_string());
        assert_eq!(number.as_deref(), Some("+447700900001"), "{seed}\n{text}");
        assert_eq!(after.content_type().as_deref(), Some("application/sdp"));
        forms.insert(text);
    }
    assert!(forms.len() > 300, "{}", forms.len());
}

#[test]
fn a_response_keeps_what_it_copies() {
    let mut before = SipMessage::response(200, "OK");
    for (name, value) in [
        (
            "Via",
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;received=192.0.2.9",
        ),
        ("From", "<sip:alice@home1.example>;tag=f1"),
        ("To", "<sip:bob@home1.example>;tag=t1"),
        ("Call-ID", "c1"),
        ("CSeq", "0 OPTIONS"),
        (
            "WWW-Authenticate",
            "Digest realm=\"a, b\", nonce=\"x=\", algorithm=MD5",
        ),
    ] {
        before.push(name, value);
    }
    before.push("Content-Length", "0");
    for seed in 0..SEEDS {
        let after = varied(&before, seed);
        assert!(after.defects.is_empty() && after.check().is_empty());
        for name in ["From", "To"] {
            let of = |message: &SipMessage| message.address(name).unwrap();
            assert_eq!(of(&after).uri, of(&before).uri);
            assert_eq!(of(&after).params, of(&before).params);
        }
        assert_eq!(after.via().unwrap().params.len(), 2);
        assert_eq!(after.cseq(), before.cseq());
    }
}

#[test]
fn what_is_forwarded_keeps_its_values_and_its_body() {
    let before = invite();
    for seed in 0..SEEDS {
        let octets = before.to_octets();
        let proxy = Variation::of_endpoint(seed).of_proxy();
        let leaving = proxy.sip(octets.into(), Transport::Tcp);
        let after = SipMessage::parse(&leaving[0].octets).unwrap();
        assert_eq!(after.body, before.body);
        for name in ["Via", "Route", "Contact", "From", "Allow"] {
            assert_eq!(after.values(name), before.values(name));
        }
    }
}

#[test]
fn the_same_octets_leave_the_same_way_and_fit_a_datagram() {
    let before = invite();
    for seed in 0..SEEDS {
        let leave = || {
            let octets = before.to_octets();
            Variation::of_endpoint(seed).sip(octets.into(), Transport::Udp)
        };
        let (first, again) = (leave(), leave());
        assert_eq!(first.last().unwrap().octets, again.last().unwrap().octets);
        assert!(first.iter().all(|one| one.octets.len() <= super::DATAGRAM));
    }
}

#[test]
fn uris_stay_equal() {
    for seed in 0..SEEDS {
        let text = "sip:+447700900001;x=1:pw@home1.example;user=phone;lr";
        let other = SipUri::parse(&uri::equal(text, seed)).unwrap();
        let first = SipUri::parse(text).unwrap();
        assert_eq!(other.user_decoded(), first.user_decoded());
        assert!(other.host.eq_ignore_ascii_case(&first.host));
        assert!(other.has_param("lr") && other.param("user") == Some("phone"));
        let number = number_of(&uri::equal("tel:+447700900001", seed));
        assert_eq!(number.as_deref(), Some("+447700900001"));
    }
}

#[test]
fn bodies_say_the_same() {
    let document = concat!(
        "<?xml version=\"1.0\"?>\n<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" ",
        "entity=\"sip:c@h\" state='full' version=\"1\"><users><user entity=\"sip:a@h\"/>",
        "</users><note>a &gt; b</note></conference-info>"
    );
    let tree = |text: &str| {
        let document = roxmltree::Document::parse(text).unwrap();
        let elements = document.descendants().filter(|n| n.is_element());
        let one = |n: roxmltree::Node<'_, '_>| {
            let pairs = n
                .attributes()
                .map(|a| (a.name().to_owned(), a.value().to_owned()));
            let sorted: std::collections::BTreeMap<_, _> = pairs.collect();
            let name = format!("{:?}", n.tag_name());
            (name, sorted, n.text().map(str::to_owned))
        };
        elements.map(one).collect::<Vec<_>>()
    };
    for seed in 0..SEEDS {
        let mut dice = Dice::of(seed, b"");
        let other = xml::vary(document, &mut dice).unwrap();
        let other = String::from_utf8(other).unwrap();
        assert_eq!(tree(&other), tree(document), "{other}");
        let kind = "multipart/mixed;boundary=b";
        let whole = format!("--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b--\r\n");
        let (kind, octets) = body::vary(kind, whole.as_bytes(), seed, &mut dice).unwrap();
        let parts = crate::wire::sip::multipart_parts(&kind, &octets).unwrap();
        let text = String::from_utf8(parts[0].content.clone()).unwrap();
        let sdp = crate::wire::sdp::SessionDescription::parse(text.as_bytes());
        assert!(sdp.is_ok(), "{text}");
        for line in SDP.lines() {
            assert!(text.contains(line), "{text}");
        }
    }
}

#[test]
fn links_say_the_same() {
    let mut chunk = MsrpMessage::request("tid1", "SEND");
    for (name, value) in [
        ("To-Path", "msrp://192.0.2.1:1/a;tcp"),
        ("From-Path", "msrp://192.0.2.2:2/b;tcp"),
        ("Message-ID", "mid1"),
        ("Byte-Range", "1-2/2"),
    ] {
        chunk.push(name, value);
    }
    chunk.set_body("text/plain", "hi");
    let mut pdu = Pdu::new(
        CommandId::SUBMIT_SM,
        status::OK,
        3,
        Body::ShortMessage(Box::default()),
    );
    pdu.tlvs = vec![crate::wire::smpp::Tlv {
        tag: 0x0204,
        value: vec![0, 1],
    }];
    let request = Message {
        flags: Flags::REQUEST,
        command: Command::MO_FORWARD,
        application: diameter::application::SGD,
        hop_by_hop: 1,
        end_to_end: 2,
        avps: vec![
            Avp::text(name::SESSION_ID, "s;1"),
            Avp::text(name::ORIGIN_HOST, "h"),
            Avp::text(name::ORIGIN_REALM, "r"),
        ],
    };
    for seed in 0..SEEDS {
        let edge = Edge::Varied(Variation::of_endpoint(seed));
        let after = MsrpMessage::parse(&edge.msrp(chunk.to_octets())).unwrap();
        assert!(after.defects.is_empty(), "{:?}", after.defects);
        assert_eq!(after.body, chunk.body);
        let after = Pdu::parse(&edge.smpp(pdu.to_octets())).unwrap();
        assert!(after.defects.is_empty());
        assert_eq!(
            (after.tlv(0x0204), &after.body),
            (pdu.tlv(0x0204), &pdu.body)
        );
        let after = Message::parse(&edge.diameter(request.to_octets())).unwrap();
        assert!(after.avps[0].is(name::SESSION_ID));
        assert!(request.avps.iter().all(|avp| after.avps.contains(avp)));
    }
}
