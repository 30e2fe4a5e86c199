//! Elements of MSRP, SMPP and Diameter messages.
use super::{Element, Kind, Mutation, altered};
use crate::wire::diameter::{Avp, Message};
use crate::wire::msrp::{MsrpMessage, MsrpStart};
use crate::wire::smpp::{CommandId, Pdu, Tlv};

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
    let names = message.headers.iter().map(|(name, _)| name.clone());
    elements(Kind::Msrp, &msrp_name(message), names)
}

/// Optional parameters of submit_sm.
pub fn elements_of_smpp(pdu: &Pdu) -> Vec<Element> {
    match pdu.command {
        CommandId::SUBMIT_SM => {
            let tags = pdu.tlvs.iter().map(|tlv| format!("{:04x}", tlv.tag));
            elements(Kind::Tlv, SUBMIT, tags)
        }
        _ => Vec::new(),
    }
}

const SUBMIT: &str = "submit_sm";

pub fn elements_of_diameter(message: &Message) -> Vec<Element> {
    let codes = message.avps.iter().map(|avp| avp.code.to_string());
    elements(Kind::Avp, &message.name(), codes)
}

pub(super) fn msrp(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    let mut message = MsrpMessage::parse(octets).ok()?;
    if *kind != Kind::Msrp || msrp_name(&message) != *of {
        return None;
    }
    let named = |(one, _): &(String, String)| one == name;
    let alter = |(_, value): &mut (String, String)| *value = altered(value);
    let done = mutation.on_list(&mut message.headers, named, alter);
    done.then(|| message.to_octets())
}

pub(super) fn smpp(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element { kind, name, .. } = &mutation.element;
    let mut pdu = Pdu::parse(octets).ok()?;
    if *kind != Kind::Tlv || pdu.command != CommandId::SUBMIT_SM {
        return None;
    }
    let named = |tlv: &Tlv| format!("{:04x}", tlv.tag) == *name;
    let done = mutation.on_list(&mut pdu.tlvs, named, |tlv| flip(&mut tlv.value));
    done.then(|| pdu.to_octets())
}

pub(super) fn diameter(mutation: &Mutation, octets: &[u8]) -> Option<Vec<u8>> {
    let Element {
        kind,
        message: of,
        name,
    } = &mutation.element;
    let mut message = Message::parse(octets).ok()?;
    if *kind != Kind::Avp || message.name() != *of {
        return None;
    }
    let named = |avp: &Avp| avp.code.to_string() == *name;
    let done = mutation.on_list(&mut message.avps, named, |avp| flip(&mut avp.data));
    done.then(|| message.to_octets())
}

fn flip(octets: &mut [u8]) {
    if let Some(octet) = octets.last_mut() {
        *octet ^= 1;
    }
}
