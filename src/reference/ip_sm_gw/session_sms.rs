//! The short messages of the gateway: text into one short message or a concatenated set (3GPP TS 23.040 clause 9.2.3.24.1).
//!
//! Which text, from which number and to whom is its callers' business.

use super::Gateway;
use super::subscribers::Settings;
use crate::reference::short_message::{
    OutgoingShortMessage, ReportReference, Submission, SubmitFailure, outcome,
};
use crate::wire::sms::{ReferenceWidth, split_text};

/// The short messages of one text, in order; `None` if it needs more than 255 parts.
pub fn compose(
    text: &str,
    from: &str,
    to: &str,
    reference: u16,
) -> Option<Vec<OutgoingShortMessage>> {
    mark!("M2S-05");
    mark!("M2S-06");
    let segments = split_text(text, reference, ReferenceWidth::Eight)?;
    let total = u8::try_from(segments.len()).ok()?;
    let message = |(part, segment): (u8, crate::wire::sms::Segment)| OutgoingShortMessage {
        from: from.to_owned(),
        to: to.to_owned(),
        header: segment.header,
        coding: segment.coding,
        payload: segment.payload,
        protocol_id: 0,
        report_requested: false,
        service_centre: None,
        validity: None,
        terminating: false,
        part: (part, total),
    };
    Some((1..=total).zip(segments).map(message).collect())
}

/// Hands the messages to the short message side in their order, for the service centre of the CPM user they come from.
pub fn submit(
    gateway: &Gateway,
    settings: &Settings,
    messages: Vec<OutgoingShortMessage>,
) -> Vec<Submission> {
    mark!("INV-02");
    mark!("TD-06");
    mark!("PGO-05");
    let Some(link) = &gateway.link else {
        // A submission whose sender is gone reads as not connected.
        return vec![tokio::sync::oneshot::channel().1];
    };
    let submit = |mut message: OutgoingShortMessage| {
        if message.service_centre.is_none() {
            message.service_centre = settings.service_centre.clone();
        }
        message.terminating = settings.terminating_delivery;
        link.submit(message)
    };
    messages.into_iter().map(submit).collect()
}

/// Another service centre than the right one (for deliberate faults).
pub fn spoil_service_centre(messages: &mut [OutgoingShortMessage], settings: &Settings) {
    let right = settings.service_centre.as_deref();
    let wrong = other_number(right.unwrap_or("+000000000000"));
    for message in messages {
        message.service_centre = Some(wrong.clone());
    }
}

/// What later reports on all parts will name, or the first failure.
pub async fn all(submissions: Vec<Submission>) -> Result<Vec<ReportReference>, SubmitFailure> {
    let mut references = Vec::with_capacity(submissions.len());
    for submission in submissions {
        references.push(outcome(submission).await?);
    }
    Ok(references)
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
    use crate::wire::sms::Coding;

    #[test]
    fn a_short_text_is_one_plain_message() {
        let messages = compose("hello", "+447700910001", "+447700900002", 1).unwrap();
        assert_eq!(messages.len(), 1);
        let message = &messages[0];
        assert_eq!(
            (message.payload.as_slice(), message.part),
            (&b"hello"[..], (1, 1))
        );
        assert!(message.header.is_empty() && !message.report_requested);
    }

    #[test]
    fn a_long_text_is_a_concatenated_set_and_a_foreign_one_ucs2() {
        let messages = compose(&"a".repeat(161), "+1", "+2", 9).unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].header, [5, 0, 3, 9, 2, 1]);
        assert_eq!(messages[1].part, (2, 2));
        let messages = compose("\u{4f60}\u{597d}", "+1", "+2", 9).unwrap();
        assert_eq!(messages[0].coding, Coding::Ucs2);
    }

    #[test]
    fn another_number_belongs_to_no_country() {
        assert_eq!(other_number("+447700900002"), "+999700900002");
    }
}
