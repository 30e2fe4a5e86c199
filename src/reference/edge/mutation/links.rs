//! Elements of MSRP, SMPP and Diameter messages.
use super::short_messages::{alter_pdu, alter_tpdu, names_of_pdu, names_of_tpdu};
use super::{Element, Kind, Mutation, altered, cpim, names_of_cpim, whole};
use crate::wire::diameter::{Avp, Message};
use crate::wire::msrp::{MsrpMessage, MsrpStart};
use crate::wire::smpp::{CommandId, Pdu, Tlv};

/// SM-RP-UI (3GPP TS 29.338 clause 5.3.3.6), which holds a TPDU.
const USER_INFORMATION: u32 = 3301;
const CPIM: &str = "message/cpim";

/// `SEND`, or `200`.
fn msrp_name(message: &MsrpMessage) -> String {
    match &message.start {
        MsrpStart::Request { method } => method.clone(),
        MsrpStart::Response { code, .. } => code.to_string(),
    }
}

fn elements(kind: Kind, message: &str, names: impl Iterator<Item = String>) -> Vec<Element> {
    let message = message.to_owned();
    let one = |name| Element {
        kind,
        message: message.clone(),
        name,
    };
    let mut found: Vec<Element> = names.map(one).collect();
    found.sort();
    found.dedup();
    found
}

pub fn elements_of_msrp(message: &MsrpMessage) -> Vec<Element> {
    let of = msrp_name(message);
    let names = message.headers.iter().map(|(name, _)| name.clone());
    let mut found = elements(Kind::Msrp, &of, names);
    found.extend(elements(Kind::Message, &of, [String::new()].into_iter()));
    if let Some(body) = cpim_of(message) {
        found.extend(elements(Kind::Cpim, &of, names_of_cpim(body).into_iter()));
    }
    found
}

/// The CPIM message that is in one chunk.
fn cpim_of(message: &MsrpMessage) -> Option<&Vec<u8>> {
    let value = |name: &str| {
        let mut named = message.headers.iter().filter(|(one, _)| one == name);
        named.next().map(|(_, value)| value.as_str())
    };
    let body = message.body.as_ref()?;
    let length = body.len();
    let alone = value("Byte-Range") == Some(format!("1-{length}/{length}").as_str());
    let typed = value("Content-Type").is_some_and(|kind| kind.eq_ignore_ascii_case(CPIM));
    (alone && typed).then_some(body)
}

/// Optional and mandatory parameters of submit_sm, and any PDU as a whole.
pub fn elements_of_smpp(pdu: &Pdu) -> Vec<Element> {
    let of = pdu.command.name();
    let mut found = elements(Kind::Message, &of, [String::new()].into_iter());
    if pdu.command == CommandId::SUBMIT_SM {
        let tags = pdu.tlvs.iter().map(|tlv| format!("{:04x}", tlv.tag));
        found.extend(elements(Kind::Tlv, &of, tags));
        let fields = names_of_pdu(pdu).into_iter().map(str::to_owned);
        found.extend(elements(Kind::Pdu, &of, fields));
    }
    found
}

pub fn elements_of_diameter(message: &Message) -> Vec<Element> {
    let of = message.name();
    let codes = message.avps.iter().map(|avp| avp.code.to_string());
    let mut found = elements(Kind::Avp, &of, codes);
    found.extend(elements(Kind::Message, &of, [String::new()].into_iter()));
    let tpdus = message
        .avps
        .iter()
        .filter(|avp| avp.code == USER_INFORMATION);
    let fields = tpdus.flat_map(|avp| names_of_tpdu(&avp.data));
    found.extend(elements(Kind::Tpdu, &of, fields.map(str::to_owned)));
    found
}

pub(super) fn msrp(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    let mut message = MsrpMessage::parse(octets).ok()?;
    if msrp_name(&message) != *of {
        return None;
    }
    match kind {
        Kind::Message => return Some(whole(mutation.operation, octets)),
        Kind::Msrp => {
            let named = |(one, _): &(String, String)| one == name;
            let alter = |(_, value): &mut (String, String)| *value = altered(value);
            let done = mutation.on_list(&mut message.headers, named, alter);
            return done.then(|| message.to_octets());
        }
        Kind::Cpim => {}
        _ => return None,
    }
    let other = cpim(mutation, cpim_of(&message)?, name)?;
    let length = other.len();
    let range = message
        .headers
        .iter_mut()
        .find(|(one, _)| one == "Byte-Range")?;
    range.1 = format!("1-{length}/{length}");
    message.body = Some(other);
    Some(message.to_octets())
}

pub(super) fn smpp(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    let mut pdu = Pdu::parse(octets).ok()?;
    if pdu.command.name() != *of {
        return None;
    }
    let done = match kind {
        Kind::Message => return Some(whole(mutation.operation, octets)),
        Kind::Tlv => {
            let named = |tlv: &Tlv| format!("{:04x}", tlv.tag) == *name;
            mutation.on_list(&mut pdu.tlvs, named, |tlv| flip(&mut tlv.value))
        }
        Kind::Pdu => alter_pdu(&mut pdu, name),
        _ => false,
    };
    done.then(|| pdu.to_octets())
}

pub(super) fn diameter(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    let mut message = Message::parse(octets).ok()?;
    if message.name() != *of {
        return None;
    }
    let done = match kind {
        Kind::Message => return Some(whole(mutation.operation, octets)),
        Kind::Avp => {
            let named = |avp: &Avp| avp.code.to_string() == *name;
            mutation.on_list(&mut message.avps, named, |avp| flip(&mut avp.data))
        }
        Kind::Tpdu => {
            let mut avps = message.avps.iter_mut();
            let avp = avps.find(|avp| avp.code == USER_INFORMATION)?;
            avp.data = alter_tpdu(&avp.data, name)?;
            true
        }
        _ => false,
    };
    done.then(|| message.to_octets())
}

fn flip(octets: &mut [u8]) {
    if let Some(octet) = octets.last_mut() {
        *octet ^= 1;
    }
}
