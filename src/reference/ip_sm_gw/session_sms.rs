//! The short messages of the gateway: text into submit_sm, one or a concatenated set (3GPP TS 23.040 clause 9.2.3.24.1).
//!
//! Which text, from which number and to whom is its callers' business.

use super::Gateway;
use crate::reference::esme::{Submission, SubmitError, outcome};
use crate::wire::smpp::ShortMessagePdu;
use crate::wire::sms::{Coding, ReferenceWidth, split_text};

const INTERNATIONAL: u8 = 1;
const E164: u8 = 1;
/// esm_class bit 6: the text begins with a user data header.
const HAS_HEADER: u8 = 0x40;

/// The PDUs of one text, in order; `None` if it needs more than 255 parts.
//= M2S-05
//= M2S-06
pub fn compose(text: &str, from: &str, to: &str, reference: u16) -> Option<Vec<ShortMessagePdu>> {
    let segments = split_text(text, reference, ReferenceWidth::Eight)?;
    let pdu = |segment: crate::wire::sms::Segment| ShortMessagePdu {
        source_ton: INTERNATIONAL,
        source_npi: E164,
        source: from.trim_start_matches('+').to_owned(),
        dest_ton: INTERNATIONAL,
        dest_npi: E164,
        dest: to.trim_start_matches('+').to_owned(),
        esm_class: if segment.header.is_empty() {
            0
        } else {
            HAS_HEADER
        },
        data_coding: match segment.coding {
            Coding::Gsm7 => 0,
            Coding::Octets => 4,
            Coding::Ucs2 => 8,
        },
        short_message: [segment.header, segment.payload].concat(),
        ..ShortMessagePdu::default()
    };
    Some(segments.into_iter().map(pdu).collect())
}

/// Hands the PDUs to the SMSC in their order.
pub fn submit(gateway: &Gateway, messages: Vec<ShortMessagePdu>) -> Vec<Submission> {
    let Some(esme) = &gateway.esme else {
        // A submission whose sender is gone reads as not bound.
        return vec![tokio::sync::oneshot::channel().1];
    };
    messages.into_iter().map(|pdu| esme.submit(pdu)).collect()
}

/// The message_ids of all parts, or the first failure.
pub async fn all(submissions: Vec<Submission>) -> Result<Vec<String>, SubmitError> {
    let mut ids = Vec::with_capacity(submissions.len());
    for submission in submissions {
        ids.push(outcome(submission).await?);
    }
    Ok(ids)
}

/// Another number that nobody has: for deliberate faults. No country code begins with 99 9.
pub fn other_number(number: &str) -> String {
    let digits = number.trim_start_matches('+');
    let kept: String = digits.chars().skip(3).collect();
    format!("+999{kept}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_short_text_is_one_plain_message() {
        let pdus = compose("hello", "+447700910001", "+447700900002", 1).unwrap();
        assert_eq!(pdus.len(), 1);
        assert_eq!(pdus[0].short_message, b"hello");
        assert_eq!((pdus[0].esm_class, pdus[0].data_coding), (0, 0));
        assert_eq!(pdus[0].source_number(), "+447700910001");
        assert_eq!(pdus[0].dest_number(), "+447700900002");
    }

    #[test]
    fn a_long_text_is_a_concatenated_set_and_a_foreign_one_ucs2() {
        let pdus = compose(&"a".repeat(161), "+1", "+2", 9).unwrap();
        assert_eq!(pdus.len(), 2);
        assert_eq!(pdus[0].short_message[..6], [5, 0, 3, 9, 2, 1]);
        assert_eq!(pdus[1].esm_class, HAS_HEADER);
        let pdus = compose("\u{4f60}\u{597d}", "+1", "+2", 9).unwrap();
        assert_eq!(pdus[0].data_coding, 8);
    }

    #[test]
    fn another_number_belongs_to_no_country() {
        assert_eq!(other_number("+447700900002"), "+999700900002");
    }
}
