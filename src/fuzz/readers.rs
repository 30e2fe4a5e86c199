//! Everything of the suite that reads octets of others, by name: what fuzz targets and the self-test of hostile input give octets to.
//!
//! A reader asks its codec for all it knows of the octets. It panics only if the codec does, or breaks a promise of its own: what was read
//! prints as it came, and frames do not depend on how a stream was cut. More than 400 lines: one reader for each codec, in one list.
use ims_conformance::observe::{Names, Observer, calls, diameter_requests, ends, http_exchanges};
use ims_conformance::observe::{
    ladder, messages, sessions, short_messages, subscriptions, unsettled,
};
use ims_conformance::wire::authentication::{
    AkaChallenge, Auts, Challenge, Credentials, next_nonce,
};
use ims_conformance::wire::cpim::{CpimMessage, Imdn};
use ims_conformance::wire::http::HttpMessage;
use ims_conformance::wire::msrp::{self, ByteRange, MsrpMessage, MsrpUri};
use ims_conformance::wire::rtp::RtpPacket;
use ims_conformance::wire::sdp::SessionDescription;
use ims_conformance::wire::sip::{self, DialogName, NameAddr, ReferTo, SipMessage, SipUri, Via};
use ims_conformance::wire::smpp::{self, Pdu, Receipt, decode_short_message_text};
use ims_conformance::wire::sms::rp::RpMessage;
use ims_conformance::wire::sms::tpdu::{Direction, Inside, Tpdu};
use ims_conformance::wire::sms::{self, Address, DataCoding, UserDataHeader};
use ims_conformance::wire::xml::conference_info::ConferenceInfo;
use ims_conformance::wire::xml::resource_lists::ResourceLists;
use ims_conformance::wire::xml::simservs::SimServs;
use ims_conformance::wire::xml::xcap_error::XcapError;
use ims_conformance::wire::{Malformed, diameter};

pub type Reader = fn(&[u8]);

pub const READERS: [(&str, Reader); 16] = [
    ("sip", sip),
    ("sip_stream", sip_stream),
    ("sip_values", sip_values),
    ("sdp", sdp),
    ("multipart", multipart),
    ("msrp", msrp),
    ("cpim", cpim),
    ("smpp", smpp),
    ("short_messages", short_message),
    ("diameter", diameter),
    ("http", http),
    ("xml", xml),
    ("rtp", rtp),
    ("authentication", authentication),
    ("capture", capture),
    ("connection", connection),
];

/// The result is of no interest, only that there is one.
fn ask<T>(answer: T) {
    std::hint::black_box(&answer);
}

fn sip(octets: &[u8]) {
    let Ok(message) = SipMessage::parse(octets) else {
        return;
    };
    assert_eq!(message.to_octets(), octets);
    ask((
        message.check(),
        message.typed(),
        message.via(),
        message.branch(),
    ));
    ask((
        message.cseq(),
        message.call_id(),
        message.from_tag(),
        message.to_tag(),
    ));
    ask((message.content_type(), message.body_of("application/sdp")));
    for name in ["From", "To", "Contact", "Route", "P-Asserted-Identity"] {
        ask((message.address(name), message.values(name)));
    }
    for part in message.bodies() {
        ask((
            part.content_type(),
            SessionDescription::parse(&part.content),
        ));
    }
    let mut changed = message.clone();
    changed.push("X", "y");
    let again = SipMessage::parse(&changed.to_octets());
    assert!(again.is_ok(), "{again:?}");
}

/// The first octet says where the rest is cut in two.
fn in_two(octets: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (first, rest) = octets.split_first()?;
    let (one, two) = rest.split_at(usize::from(*first) * rest.len() / 256);
    Some((rest, one, two))
}

/// Frames of a stream in the pieces given; nothing behind the first error counts.
fn framed<F: Default, T>(
    pieces: &[&[u8]],
    push: impl Fn(&mut F, &[u8]),
    next: impl Fn(&mut F) -> Option<Result<T, Malformed>>,
) -> Vec<Option<T>> {
    let (mut framer, mut frames) = (F::default(), Vec::new());
    for piece in pieces {
        push(&mut framer, piece);
        while let Some(frame) = next(&mut framer) {
            frames.push(frame.ok());
            if frames.last().is_some_and(Option::is_none) {
                return frames;
            }
        }
    }
    frames
}

fn sip_stream(octets: &[u8]) {
    let Some((whole, one, two)) = in_two(octets) else {
        return;
    };
    let frames = |pieces: &[&[u8]]| framed(pieces, sip::Framer::push, sip::Framer::next_frame);
    let read = frames(&[whole]);
    assert_eq!(read, frames(&[one, two]));
    for frame in read.into_iter().flatten() {
        if let sip::Frame::Message(octets) = frame {
            sip(&octets);
        }
    }
}

fn sip_values(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(uri) = SipUri::parse(&text) {
        assert_eq!(uri.as_str(), text);
        ask((uri.number(), uri.user_decoded(), ReferTo::of(&uri).to_uri()));
    }
    if let Ok(name) = DialogName::parse(&text) {
        ask(name.value());
    }
    if let Ok(refer_to) = ReferTo::parse(&text) {
        ask((refer_to.value(), refer_to.header("Replaces").map(str::len)));
    }
    ask((
        NameAddr::parse(&text),
        Via::parse(&text),
        sip::number_of(&text),
    ));
    ask((sip::unescape(&text), sip::sipfrag_status(octets)));
}

fn sdp(octets: &[u8]) {
    if let Ok(description) = SessionDescription::parse(octets) {
        ask((description.check(), description.message().cloned()));
    }
}

/// Up to the first line feed a Content-Type, behind it a body.
fn multipart(octets: &[u8]) {
    let end = octets
        .iter()
        .position(|octet| *octet == b'\n')
        .unwrap_or(octets.len());
    let (label, body) = octets.split_at(end);
    let label = String::from_utf8_lossy(label);
    let body = body.get(1..).unwrap_or_default();
    ask(sip::multipart_parts(&label, body));
    let mut message = SipMessage::request("MESSAGE", "sip:a@h.example");
    message.set_body(&label, body);
    ask((
        message.bodies(),
        message.body_of("message/cpim"),
        message.content_type(),
    ));
}

fn msrp(octets: &[u8]) {
    if let Ok(message) = MsrpMessage::parse(octets) {
        assert_eq!(message.to_octets(), octets);
        ask((
            message.byte_range(),
            message.content_type(),
            message.reported_status(),
        ));
        for uri in message.to_path().into_iter().chain(message.from_path()) {
            ask(MsrpUri::parse(uri));
        }
    }
    ask(ByteRange::parse(&String::from_utf8_lossy(octets)));
    ask(MsrpUri::parse(&String::from_utf8_lossy(octets)));
    let Some((whole, one, two)) = in_two(octets) else {
        return;
    };
    let frames = |pieces: &[&[u8]]| framed(pieces, msrp::Framer::push, msrp::Framer::next_frame);
    assert_eq!(frames(&[whole]), frames(&[one, two]));
}

fn cpim(octets: &[u8]) {
    ask(Imdn::parse(octets).map(|imdn| imdn.to_octets()));
    let Ok(message) = CpimMessage::parse(octets) else {
        return;
    };
    ask((message.text(), message.content_type()));
    for name in ["Message-ID", "Disposition-Notification", "Original-To"] {
        ask((
            message.header(name).map(str::len),
            message.imdn_header(name).map(str::len),
        ));
    }
    ask((message.to_octets(), Imdn::parse(&message.content)));
}

fn smpp(octets: &[u8]) {
    let frames = |pieces: &[&[u8]]| framed(pieces, smpp::Framer::push, smpp::Framer::next_frame);
    let read = frames(&[octets]);
    if let Some((whole, one, two)) = in_two(octets) {
        assert_eq!(frames(&[whole]), frames(&[one, two]));
    }
    for frame in read.into_iter().flatten().chain([octets.to_vec()]) {
        let Ok(mut pdu) = Pdu::parse(&frame) else {
            continue;
        };
        assert_eq!(pdu.to_octets(), frame);
        if let Some(message) = pdu.short_message().cloned() {
            ask(Receipt::read(&message, &pdu.tlvs));
            ask(decode_short_message_text(&message, &pdu.tlvs));
            ask((
                message.source_number(),
                message.is_receipt(),
                message.has_user_data_header(),
            ));
            tpdu(&message.short_message);
        }
        pdu.sequence = pdu.sequence.wrapping_add(1);
        ask(pdu.to_octets());
    }
}

fn tpdu(octets: &[u8]) {
    for way in [Direction::ToStation, Direction::ToCentre] {
        for inside in [Inside::Data, Inside::Ack, Inside::Error] {
            let Ok(decoded) = Tpdu::decode(octets, way, inside) else {
                continue;
            };
            assert_eq!(decoded.tpdu.encode(), octets);
            if let Some((data, coding)) = decoded.tpdu.user_data() {
                ask((
                    data.header(),
                    data.text(coding),
                    data.septets(),
                    data.payload().len(),
                ));
            }
        }
    }
}

/// TPDUs, RP messages, user data headers, addresses and alphabets.
fn short_message(octets: &[u8]) {
    tpdu(octets);
    if let Ok(message) = RpMessage::decode(octets) {
        assert_eq!(message.encode(), octets);
        ask((
            message.name(),
            message.cause(),
            message.tpdu().map(|read| read.is_ok()),
        ));
    }
    if let Ok((header, used)) = UserDataHeader::parse(octets) {
        assert!(used <= octets.len());
        ask((
            header.concatenation(),
            header.national_languages(),
            header.to_octets(),
        ));
    }
    ask((
        sms::decode_gsm7(octets),
        sms::decode_ucs2(octets),
        sms::decode_tbcd(octets),
    ));
    let text = String::from_utf8_lossy(octets);
    ask((
        sms::encode_gsm7(&text),
        sms::encode_tbcd(&text),
        Address::of_number(&text),
    ));
    ask(sms::split_text(&text, 7, sms::ReferenceWidth::Eight));
    ask(Address::alphanumeric(&text));
    if let [a, b, c, rest @ ..] = octets {
        ask(sms::unpack_septets(rest, usize::from(*a), usize::from(*b)));
        ask(sms::decode_gsm7_national(rest, Some(*b), Some(*c)));
        let coding = DataCoding(*c);
        ask((
            coding.coding(),
            coding.class(),
            coding.message_waiting(),
            coding.is_reserved(),
        ));
    }
}

fn diameter(octets: &[u8]) {
    let frames =
        |pieces: &[&[u8]]| framed(pieces, diameter::Framer::push, diameter::Framer::next_frame);
    let read = frames(&[octets]);
    if let Some((whole, one, two)) = in_two(octets) {
        assert_eq!(frames(&[whole]), frames(&[one, two]));
    }
    for frame in read.into_iter().flatten().chain([octets.to_vec()]) {
        let Ok(message) = diameter::Message::parse(&frame) else {
            continue;
        };
        assert_eq!(message.to_octets(), frame);
        ask((
            message.result(),
            message.user_identifier(),
            message.serving_node(),
        ));
        ask((message.delivery_failure(), message.delivery_outcomes()));
        ask((message.name(), message.digits(diameter::name::SC_ADDRESS)));
        for avp in &message.avps {
            ask((
                avp.as_text().is_ok(),
                avp.as_number(),
                avp.as_address(),
                avp.members(),
            ));
        }
        tpdu(message.tpdu().unwrap_or_default());
    }
}

fn http(octets: &[u8]) {
    if let Ok(Some((message, used))) = HttpMessage::parse(octets) {
        assert!(used <= octets.len());
        ask((message.media_type(), message.to_octets()));
    }
}

fn xml(octets: &[u8]) {
    ask(ConferenceInfo::parse(octets).map(|info| info.to_octets()));
    ask(ResourceLists::parse(octets).map(|lists| (lists.flat().len(), lists.to_octets())));
    ask(SimServs::parse(octets).map(|simservs| simservs.to_octets()));
    ask(XcapError::parse(octets).map(|error| error.to_octets()));
    ask(Imdn::parse(octets));
}

fn rtp(octets: &[u8]) {
    if let Ok(packet) = RtpPacket::parse(octets) {
        assert_eq!(RtpPacket::parse(&packet.to_octets()), Ok(packet));
    }
}

fn authentication(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Some(challenge) = Challenge::parse(&text) {
        ask((
            challenge.to_value(),
            AkaChallenge::of_nonce(&challenge.nonce).is_some(),
        ));
    }
    ask(Credentials::parse(&text).map(|credentials| credentials.to_value()));
    ask((
        next_nonce(&text),
        Auts::parse(&text).is_some(),
        AkaChallenge::of_nonce(&text).is_some(),
    ));
}

/// A capture file, and everything that is asked of its trace.
fn capture(octets: &[u8]) {
    let mut observer = Observer::new();
    let read = observer.feed(octets).is_ok();
    let mut slowly = Observer::new();
    for piece in octets.chunks(97) {
        if slowly.feed(piece).is_err() {
            break;
        }
    }
    if read {
        let facts = |observer: &Observer| observer.trace().facts.len();
        assert_eq!(facts(&observer), facts(&slowly));
    }
    ask(observer.finish().is_ok());
    let trace = observer.into_trace();
    ask((
        calls(&trace).len(),
        messages(&trace).len(),
        sessions(&trace).len(),
    ));
    ask((
        short_messages(&trace).len(),
        diameter_requests(&trace).len(),
    ));
    ask((
        http_exchanges(&trace).len(),
        subscriptions(&trace).len(),
        unsettled(&trace),
    ));
    let names = Names::default();
    ask((ladder(&trace, &names), ends(&trace, &names)));
}

/// Segments of one TCP connection, each of three octets that say what it is and the octets it carries: out of order, repeated, with gaps,
/// inside TLS or not.
fn connection(octets: &[u8]) {
    capture(&connection_file(octets));
}

/// A pcap file of raw IPv4 packets.
fn connection_file(octets: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 101] {
        file.extend(word.to_le_bytes());
    }
    let (mut rest, mut next, mut seconds) = (octets, [1_u32; 2], 1_u32);
    while let [what, length, shift, behind @ ..] = rest {
        let side = usize::from(what & 1);
        let (payload, after) = behind.split_at(behind.len().min(4 * usize::from(*length)));
        rest = after;
        let back = if what & 0x10 == 0 {
            0
        } else {
            i32::from(*shift as i8)
        };
        let sequence = next[side].wrapping_add_signed(back);
        let flags = (what >> 1 & 1) << 1 | (what >> 2 & 1) | (what >> 3 & 1) << 2 | 0x10;
        let whole = 40 + payload.len();
        for word in [seconds, 0, whole as u32, whole as u32] {
            file.extend(word.to_le_bytes());
        }
        let (source, destination) = if side == 0 { (1, 2) } else { (2, 1) };
        let [high, low] = (whole as u16).to_be_bytes();
        file.extend([0x45, 0, high, low, 0, 0, 0, 0, 64, 6, 0, 0]);
        file.extend([192, 0, 2, source, 192, 0, 2, destination]);
        file.extend([0x20, source, 0x20, destination]);
        file.extend(sequence.to_be_bytes());
        file.extend([0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        file.extend(payload);
        if back == 0 {
            next[side] = sequence.wrapping_add(payload.len() as u32 + u32::from(what >> 1 & 1));
        }
        seconds = seconds.wrapping_add(1);
    }
    file
}

/// The same for octets that one side sends after the handshake.
#[allow(dead_code)]
pub fn as_connection(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 3, 0, 0, 0, 0, 0];
    for piece in octets.chunks(1000) {
        let padded = piece.len().next_multiple_of(4);
        out.extend([0, (padded / 4) as u8, 0]);
        out.extend(piece);
        out.resize(out.len() + padded - piece.len(), b' ');
    }
    out
}
