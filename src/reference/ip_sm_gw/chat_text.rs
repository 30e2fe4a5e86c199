//! The short messages of a chat text, as they should be and as faults have them (3GPP TS 23.038 and 23.040).
//!
//! How a text is cut and coded rightly is grammar and stands in `wire`; what is cut and coded wrongly here is so on purpose.

use super::Gateway;
use super::session_sms;
use super::subscribers::Settings;
use crate::reference::faults::{Fault, InForce};
use crate::reference::short_message::{OutgoingShortMessage, Submission, outcome};
use crate::wire::sms::{
    Coding, Concatenation, UserDataHeader, encode_gsm7, encode_ucs2, suits_gsm7,
};
use std::time::Duration;

/// How long a fault keeps a text back: longer than the next one needs, shorter than anybody waits.
const KEPT_BACK: Duration = Duration::from_millis(80);

/// The short messages of one chat text, in order; `None` if it needs more than 255 parts.
pub fn compose(
    text: &str,
    from: &str,
    to: &str,
    reference: u16,
    faults: InForce,
) -> Option<Vec<OutgoingShortMessage>> {
    let rightly = session_sms::compose(text, from, to, reference)?;
    mark!("M2S-05");
    if rightly.len() > 1 {
        mark!("M2S-06");
        mark!("M2S-07");
    }
    let coding = match suits_gsm7(text) {
        true => Coding::Gsm7,
        false => Coding::Ucs2,
    };
    let pieces = match faults.0 {
        Some(Fault::AlwaysUcs2) if coding == Coding::Gsm7 => pieces(
            text,
            Coding::Ucs2,
            limit(Coding::Ucs2),
            Cut::BetweenCharacters,
        ),
        Some(Fault::ExtensionTableIncomplete) => {
            let kept = |c: char| if "^{}\\~|".contains(c) { ' ' } else { c };
            let text: String = text.chars().map(kept).collect();
            return session_sms::compose(&text, from, to, reference);
        }
        Some(Fault::PartsTooLong) if rightly.len() > 1 => {
            pieces(text, coding, limit(coding) + 1, Cut::BetweenCharacters)
        }
        Some(Fault::SplitsCharacters) if rightly.len() > 1 => {
            pieces(text, coding, limit(coding), Cut::Anywhere)
        }
        _ => return Some(rightly),
    };
    let coding = match faults.is(Fault::AlwaysUcs2) {
        true => Coding::Ucs2,
        false => coding,
    };
    let total = u8::try_from(pieces.len()).ok()?;
    let part = |(number, payload): (u8, Vec<u8>)| OutgoingShortMessage {
        header: match total {
            1 => Vec::new(),
            _ => header(reference, total, number),
        },
        coding,
        payload,
        part: (number, total),
        ..rightly[0].clone()
    };
    Some((1..=total).zip(pieces).map(part).collect())
}

fn header(reference: u16, total: u8, sequence: u8) -> Vec<u8> {
    let place = Concatenation {
        reference,
        wide: false,
        total,
        sequence,
    };
    UserDataHeader::with_concatenation(place).to_octets()
}

fn limit(coding: Coding) -> usize {
    match coding {
        Coding::Gsm7 => 153,
        _ => 67,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    BetweenCharacters,
    Anywhere,
}

/// The octets of a text in pieces of at most so many septets or units.
fn pieces(text: &str, coding: Coding, most: usize, cut: Cut) -> Vec<Vec<u8>> {
    let octets = |text: &str| match coding {
        Coding::Gsm7 => encode_gsm7(text).unwrap_or_default(),
        _ => encode_ucs2(text),
    };
    let room = match coding {
        Coding::Gsm7 => most,
        _ => 2 * most,
    };
    if cut == Cut::Anywhere {
        return octets(text).chunks(room).map(<[u8]>::to_vec).collect();
    }
    let mut pieces = vec![Vec::new()];
    for character in text.chars() {
        let more = octets(character.encode_utf8(&mut [0; 4]));
        match pieces.last_mut() {
            Some(last) if last.len() + more.len() <= room => last.extend(more),
            _ => pieces.push(more),
        }
    }
    pieces
}

/// Submits a little later, so that the next text may overtake this one (a deliberate fault).
pub fn submit_late(
    gateway: &Gateway,
    settings: &Settings,
    messages: Vec<OutgoingShortMessage>,
) -> Vec<Submission> {
    let Some(link) = gateway.link.clone() else {
        return session_sms::submit(gateway, settings, messages);
    };
    let late = |mut message: OutgoingShortMessage| {
        message.service_centre = settings.service_centre.clone();
        let (done, submission) = tokio::sync::oneshot::channel();
        let link = link.clone();
        tokio::spawn(async move {
            tokio::time::sleep(KEPT_BACK).await;
            if done.send(outcome(link.submit(message)).await).is_err() {
                tracing::trace!("nobody waits for this submission any more");
            }
        });
        submission
    };
    messages.into_iter().map(late).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn composed(fault: Fault, text: &str) -> Vec<OutgoingShortMessage> {
        compose(text, "+1", "+2", 7, InForce(Some(fault))).unwrap()
    }

    #[test]
    fn faults_show_only_where_they_should() {
        let long = "a".repeat(161);
        let lengths = |fault| {
            let parts = composed(fault, &long);
            parts.iter().map(|p| p.payload.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(Fault::ChatDropped), [153, 8]);
        assert_eq!(lengths(Fault::PartsTooLong), [154, 7]);
        assert_eq!(lengths(Fault::AlwaysUcs2), [134, 134, 54]);
        let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
        let parts = composed(Fault::SplitsCharacters, &text);
        assert_eq!(parts[0].payload.last(), Some(&0x1b));
        assert_eq!(parts[1].header, [5, 0, 3, 7, 2, 2]);
    }
}
