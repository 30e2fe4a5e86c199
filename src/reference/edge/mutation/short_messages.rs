//! Fields of short messages: of the TPDU and the RP message around it, and the mandatory ones of SMPP PDUs. They have their places and
//! cannot be left out; they are altered.
use super::altered;
use crate::wire::smpp::{Body, Pdu};
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::{Direction, Inside, Tpdu};

/// What a field is made of.
enum Cell<'a> {
    Flag(&'a mut bool),
    Octet(&'a mut u8),
    Octets(&'a mut [u8]),
    Text(&'a mut String),
}

impl Cell<'_> {
    /// Another value of the same length.
    fn alter(self, bit: u8) {
        match self {
            Self::Flag(flag) => *flag = !*flag,
            Self::Octet(octet) => *octet ^= bit,
            Self::Octets(octets) => {
                if let Some(octet) = octets.last_mut() {
                    *octet ^= bit;
                }
            }
            Self::Text(text) => *text = altered(text),
        }
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Flag(_) | Self::Octet(_) => true,
            Self::Octets(octets) => !octets.is_empty(),
            Self::Text(text) => !text.is_empty(),
        }
    }
}

/// Bit 2 tells 7-bit text from octets (3GPP TS 23.038 clause 4); bit 0 is only a class without bit 4.
const ALPHABET: u8 = 0x04;

fn alter<'a>(fields: Vec<(&'static str, Cell<'a>)>, name: &str) -> bool {
    let mut named = fields.into_iter().filter(|(one, _)| *one == name);
    let found = named.next();
    let there = found.filter(|(_, cell)| cell.is_there());
    let bit = match name {
        "TP-DCS" | "data_coding" => ALPHABET,
        _ => 1,
    };
    there.map(|(_, cell)| cell.alter(bit)).is_some()
}

fn names(fields: &[(&'static str, Cell)]) -> Vec<&'static str> {
    let there = fields.iter().filter(|(_, cell)| cell.is_there());
    there.map(|(name, _)| *name).collect()
}

fn of_tpdu(tpdu: &mut Tpdu) -> Vec<(&'static str, Cell<'_>)> {
    use Cell::{Flag, Octet, Octets};
    match tpdu {
        Tpdu::Deliver(it) => vec![
            ("TP-MMS", Flag(&mut it.more_messages)),
            ("TP-LP", Flag(&mut it.loop_prevention)),
            ("TP-RP", Flag(&mut it.reply_path)),
            ("TP-SRI", Flag(&mut it.status_report)),
            ("TP-OA", Octets(&mut it.originator.value)),
            ("TP-PID", Octet(&mut it.protocol)),
            ("TP-DCS", Octet(&mut it.data_coding.0)),
            ("TP-SCTS", Octets(&mut it.time_stamp.0)),
            ("TP-UDHI", Flag(&mut it.user_data.has_header)),
            ("TP-UD", Octets(&mut it.user_data.octets)),
        ],
        Tpdu::Submit(it) => vec![
            ("TP-RD", Flag(&mut it.reject_duplicates)),
            ("TP-RP", Flag(&mut it.reply_path)),
            ("TP-SRR", Flag(&mut it.status_report)),
            ("TP-MR", Octet(&mut it.reference)),
            ("TP-DA", Octets(&mut it.destination.value)),
            ("TP-PID", Octet(&mut it.protocol)),
            ("TP-DCS", Octet(&mut it.data_coding.0)),
            ("TP-UDHI", Flag(&mut it.user_data.has_header)),
            ("TP-UD", Octets(&mut it.user_data.octets)),
        ],
        Tpdu::StatusReport(it) => vec![
            ("TP-MMS", Flag(&mut it.more_messages)),
            ("TP-LP", Flag(&mut it.loop_prevention)),
            ("TP-SRQ", Flag(&mut it.answers_command)),
            ("TP-MR", Octet(&mut it.reference)),
            ("TP-RA", Octets(&mut it.recipient.value)),
            ("TP-SCTS", Octets(&mut it.time_stamp.0)),
            ("TP-DT", Octets(&mut it.discharge.0)),
            ("TP-ST", Octet(&mut it.status)),
        ],
        Tpdu::SubmitReport(it) => {
            let cause = it.failure_cause.as_mut();
            let cause = cause.map(|cause| ("TP-FCS", Octet(cause)));
            let stamp = ("TP-SCTS", Octets(&mut it.time_stamp.0));
            cause.into_iter().chain([stamp]).collect()
        }
        Tpdu::DeliverReport(it) => {
            let cause = it.failure_cause.as_mut();
            cause
                .map(|cause| ("TP-FCS", Octet(cause)))
                .into_iter()
                .collect()
        }
        Tpdu::Command(it) => vec![
            ("TP-CT", Octet(&mut it.kind)),
            ("TP-MN", Octet(&mut it.message_number)),
            ("TP-DA", Octets(&mut it.destination.value)),
        ],
    }
}

/// The TPDU that these octets are, when nobody says which way it goes: the one that would be written so.
fn read(octets: &[u8]) -> Option<Tpdu> {
    let ways = [
        (Direction::ToCentre, Inside::Data),
        (Direction::ToCentre, Inside::Ack),
        (Direction::ToCentre, Inside::Error),
    ];
    ways.into_iter().find_map(|(way, inside)| {
        let decoded = Tpdu::decode(octets, way, inside).ok()?;
        (decoded.tpdu.encode() == octets).then_some(decoded.tpdu)
    })
}

/// Names of the fields of a TPDU that goes to a service centre.
pub(super) fn names_of_tpdu(octets: &[u8]) -> Vec<&'static str> {
    read(octets).map_or_else(Vec::new, |mut tpdu| names(&of_tpdu(&mut tpdu)))
}

pub(super) fn alter_tpdu(octets: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut tpdu = read(octets)?;
    alter(of_tpdu(&mut tpdu), name).then(|| tpdu.encode())
}

fn of_rp(message: &mut RpMessage) -> Vec<(&'static str, Cell<'_>)> {
    use Cell::{Octet, Octets};
    let mut fields = vec![("RP-MR", Octet(&mut message.reference))];
    match &mut message.body {
        RpBody::Data {
            originator,
            destination,
            ..
        } => {
            fields.push(("RP-OA", Octets(&mut originator.octets)));
            fields.push(("RP-DA", Octets(&mut destination.octets)));
        }
        RpBody::Error { cause, .. } => fields.push(("RP-CAUSE", Octets(cause))),
        RpBody::Ack { .. } | RpBody::MemoryAvailable => {}
    }
    fields
}

/// Names of the fields of an RP message and of the TPDU in it.
pub(super) fn names_of_rp(octets: &[u8]) -> Vec<&'static str> {
    let Ok(mut message) = RpMessage::decode(octets) else {
        return Vec::new();
    };
    let inside = message.tpdu().and_then(Result::ok);
    let mut found = names(&of_rp(&mut message));
    if let (RpBody::Data { .. }, Some(mut decoded)) = (&message.body, inside) {
        found.extend(names(&of_tpdu(&mut decoded.tpdu)));
    }
    found
}

pub(super) fn alter_rp(octets: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut message = RpMessage::decode(octets).ok()?;
    let inside = message.tpdu().and_then(Result::ok);
    if let (RpBody::Data { user_data, .. }, Some(mut decoded)) = (&mut message.body, inside)
        && alter(of_tpdu(&mut decoded.tpdu), name)
    {
        *user_data = decoded.tpdu.encode();
        return Some(message.encode());
    }
    alter(of_rp(&mut message), name).then(|| message.encode())
}

fn of_pdu(pdu: &mut Pdu) -> Vec<(&'static str, Cell<'_>)> {
    use Cell::{Octet, Octets, Text};
    match &mut pdu.body {
        Body::ShortMessage(it) => vec![
            ("service_type", Text(&mut it.service_type)),
            ("source_addr_ton", Octet(&mut it.source_ton)),
            ("source_addr_npi", Octet(&mut it.source_npi)),
            ("source_addr", Text(&mut it.source)),
            ("dest_addr_ton", Octet(&mut it.dest_ton)),
            ("dest_addr_npi", Octet(&mut it.dest_npi)),
            ("destination_addr", Text(&mut it.dest)),
            ("esm_class", Octet(&mut it.esm_class)),
            ("protocol_id", Octet(&mut it.protocol_id)),
            ("priority_flag", Octet(&mut it.priority)),
            ("validity_period", Text(&mut it.validity)),
            ("registered_delivery", Octet(&mut it.registered_delivery)),
            ("replace_if_present_flag", Octet(&mut it.replace)),
            ("data_coding", Octet(&mut it.data_coding)),
            ("sm_default_msg_id", Octet(&mut it.default_message_id)),
            ("short_message", Octets(&mut it.short_message)),
        ],
        _ => Vec::new(),
    }
}

/// Names of the mandatory fields of a PDU.
pub(super) fn names_of_pdu(pdu: &Pdu) -> Vec<&'static str> {
    names(&of_pdu(&mut pdu.clone()))
}

pub(super) fn alter_pdu(pdu: &mut Pdu, name: &str) -> bool {
    alter(of_pdu(pdu), name)
}
