//! MSRP, SMPP and Diameter messages in another form.
use super::super::dice::Dice;
use crate::wire::diameter::{Avp, Message, name, print_avps};
use crate::wire::msrp::{MsrpMessage, MsrpStart};
use crate::wire::smpp::{CommandId, Pdu, Tlv};

/// RFC 4975 section 9: To-Path and From-Path come first and Content-Type last; the rest has any order and may have extensions. The
/// comment of a response is any text or none.
pub(super) fn msrp(octets: &[u8], mut dice: Dice) -> Option<Vec<u8>> {
    let mut message = MsrpMessage::parse(octets).ok()?;
    if !message.defects.is_empty() || dice.chance(20) {
        return None;
    }
    if let MsrpStart::Response { comment, .. } = &mut message.start
        && dice.chance(50)
    {
        *comment = match dice.chance(50) {
            true => None,
            false => Some("said in other words".to_owned()),
        };
    }
    let last = |name: &str| name.eq_ignore_ascii_case("Content-Type");
    let headers = std::mem::take(&mut message.headers);
    let (paths, rest): (Vec<_>, Vec<_>) = headers
        .into_iter()
        .partition(|(name, _)| name.ends_with("-Path"));
    let (kind, mut rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(name, _)| last(name));
    dice.shuffle(&mut rest, |(name, _)| name.clone());
    if dice.chance(30) {
        let unknown = ("X-Varied".to_owned(), "a; b, \"c\"".to_owned());
        rest.insert(dice.below(rest.len() + 1), unknown);
    }
    message.headers = paths.into_iter().chain(rest).chain(kind).collect();
    Some(message.to_octets())
}

/// SMPP 3.4 section 3.2.4.1: optional parameters have no order, and section 5.3.2: 0x1400 to 0x3FFF are a vendor's, ignored by all others
/// (section 3.3).
pub(super) fn smpp(octets: &[u8], mut dice: Dice) -> Option<Vec<u8>> {
    let mut pdu = Pdu::parse(octets).ok()?;
    let carries = [CommandId::SUBMIT_SM, CommandId::DATA_SM];
    if !pdu.defects.is_empty() || !carries.contains(&pdu.command) {
        return None;
    }
    if dice.chance(40) {
        let value = b"said in other words".to_vec();
        pdu.tlvs.push(Tlv { tag: 0x1401, value });
    }
    dice.shuffle(&mut pdu.tlvs, |tlv| tlv.tag.to_string());
    Some(pdu.to_octets())
}

/// Groups whose members have no fixed place (RFC 6733 section 7.6, TS 29.336 clause 6.4.2).
const GROUPS: [u32; 2] = [297, 3102];

/// RFC 6733 section 3.2: only what stands in `< >` has its place, which is Session-Id; others may have any, and unknown ones without the
/// M bit are ignored (section 4.1).
pub(super) fn diameter(octets: &[u8], mut dice: Dice) -> Option<Vec<u8>> {
    let mut message = Message::parse(octets).ok()?;
    for avp in &mut message.avps {
        if GROUPS.contains(&avp.code) {
            shuffle_group(avp, &mut dice);
        }
    }
    let (session, mut rest): (Vec<Avp>, Vec<Avp>) = std::mem::take(&mut message.avps)
        .into_iter()
        .partition(|avp| avp.is(name::SESSION_ID));
    if dice.chance(40) {
        rest.push(Avp {
            code: 9_999,
            flags: 0x80,
            // The private enterprise number for examples (RFC 5612).
            vendor: Some(32_473),
            data: b"varied".to_vec(),
            padding: vec![0; 2],
        });
    }
    dice.shuffle(&mut rest, |avp| format!("{} {:?}", avp.code, avp.vendor));
    message.avps = session.into_iter().chain(rest).collect();
    Some(message.to_octets())
}

fn shuffle_group(avp: &mut Avp, dice: &mut Dice) {
    let Ok(mut members) = avp.members() else {
        return;
    };
    dice.shuffle(&mut members, |member| member.code.to_string());
    let data = print_avps(&members);
    if data.len() == avp.data.len() {
        avp.data = data;
    }
}
