//! Short messages of the gateway as SMPP PDUs and back (SMPP 3.4 sections 4.4, 4.6 and 5.1.3).
//!
//! Texts go as unpacked septets under data_coding 0 with the user data header in short_message.

use crate::reference::short_message::{
    Arrival, Delivery, DeliveryAnswer, Handover, OutgoingShortMessage, Report, ReportReference,
    SubmitFailure,
};
use crate::wire::Malformed;
use crate::wire::smpp::{
    MessageState, Receipt, ShortMessagePdu, Tlv, decode_short_message_text, status,
};
use crate::wire::sms::{Coding, UserDataHeader};

const INTERNATIONAL: u8 = 1;
const E164: u8 = 1;
/// esm_class bit 6: the text begins with a user data header.
const HAS_HEADER: u8 = 0x40;

/// The submit_sm of a short message.
pub fn to_pdu(message: OutgoingShortMessage) -> ShortMessagePdu {
    ShortMessagePdu {
        source_ton: INTERNATIONAL,
        source_npi: E164,
        source: message.from.trim_start_matches('+').to_owned(),
        dest_ton: INTERNATIONAL,
        dest_npi: E164,
        dest: message.to.trim_start_matches('+').to_owned(),
        esm_class: if message.header.is_empty() {
            0
        } else {
            HAS_HEADER
        },
        protocol_id: message.protocol_id,
        registered_delivery: u8::from(message.report_requested),
        data_coding: match message.coding {
            Coding::Gsm7 => 0,
            Coding::Octets => 4,
            Coding::Ucs2 => 8,
        },
        short_message: [message.header, message.payload].concat(),
        ..ShortMessagePdu::default()
    }
}

/// What a deliver_sm or data_sm brings; `Ok(None)` for a receipt that says nothing.
pub fn arrival(
    message: &ShortMessagePdu,
    tlvs: &[Tlv],
    answer: DeliveryAnswer,
) -> Result<Option<Arrival>, (Malformed, DeliveryAnswer)> {
    if message.is_receipt() {
        let Some(receipt) = Receipt::read(message, tlvs) else {
            answer.give(Handover::Taken);
            return Ok(None);
        };
        return Ok(Some(Arrival::Report(Report {
            reference: ReportReference(receipt.message_id),
            status: tp_status(receipt.state),
            to: Some(message.dest_number()),
            tpdu: None,
            answer,
        })));
    }
    match read(message, tlvs) {
        Ok((text, coding, concatenation, header)) => Ok(Some(Arrival::Message(Delivery {
            from: message.source_number(),
            to: message.dest_number(),
            text,
            coding,
            concatenation,
            header,
            protocol_id: message.protocol_id,
            time_stamp: None,
            tpdu: None,
            answer,
        }))),
        Err(error) => Err((error, answer)),
    }
}

type ReadText = (
    String,
    Coding,
    Option<crate::wire::sms::Concatenation>,
    UserDataHeader,
);

fn read(message: &ShortMessagePdu, tlvs: &[Tlv]) -> Result<ReadText, Malformed> {
    let (text, coding, concatenation) = decode_short_message_text(message, tlvs)?;
    let header = if message.has_user_data_header() {
        UserDataHeader::parse(&message.short_message)?.0
    } else {
        UserDataHeader::default()
    };
    Ok((text, coding, concatenation, header))
}

/// message_state in the terms of TP-Status; what the SMSC does not know it cannot confirm.
fn tp_status(state: MessageState) -> u8 {
    mark!("DR-11");
    match state {
        MessageState::Delivered => 0x00,
        MessageState::Accepted | MessageState::Unknown => 0x01,
        MessageState::Enroute => 0x20,
        MessageState::Rejected => 0x42,
        MessageState::Expired => 0x46,
        MessageState::Deleted => 0x48,
        MessageState::Undeliverable => 0x49,
    }
}

/// A command_status other than OK in the terms of RP-Cause.
pub fn failure(command_status: u32) -> SubmitFailure {
    SubmitFailure::Cause(match command_status {
        // Unassigned number.
        status::INVALID_DESTINATION | 0x33 | 0x34 | 0x40 | 0x50 | 0x51 => 1,
        // Rejected.
        status::SUBMIT_FAILED | status::RECEIVER_REJECT => 21,
        // Not subscribed.
        status::INVALID_SOURCE | status::INCORRECT_BIND_STATUS => 50,
        // Destination out of order.
        status::RECEIVER_TEMPORARY | status::RECEIVER_PERMANENT => 27,
        // Congestion, temporary failure.
        status::QUEUE_FULL | status::THROTTLED => 42,
        status::SYSTEM_ERROR => 41,
        // Protocol error, unspecified.
        _ => 111,
    })
}

/// The command_status of a delivery's response.
pub fn command_status(handover: Handover) -> u32 {
    match handover {
        Handover::Taken => status::OK,
        Handover::Absent | Handover::Busy | Handover::Congested => status::RECEIVER_TEMPORARY,
        Handover::Rejected => status::RECEIVER_REJECT,
        Handover::UnknownUser | Handover::Failed => status::RECEIVER_PERMANENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> OutgoingShortMessage {
        OutgoingShortMessage {
            from: "+447700910001".into(),
            to: "+447700900002".into(),
            header: Vec::new(),
            coding: Coding::Gsm7,
            payload: b"hello".to_vec(),
            protocol_id: 0,
            report_requested: false,
            service_centre: None,
            validity: None,
            terminating: false,
            part: (1, 1),
        }
    }

    #[test]
    fn a_plain_message_is_a_plain_submit_sm() {
        let pdu = to_pdu(message());
        assert_eq!(pdu.short_message, b"hello");
        assert_eq!((pdu.esm_class, pdu.data_coding), (0, 0));
        assert_eq!(pdu.registered_delivery, 0);
        assert_eq!(pdu.source_number(), "+447700910001");
        assert_eq!(pdu.dest_number(), "+447700900002");
    }

    #[test]
    fn header_coding_and_request_have_their_fields() {
        let pdu = to_pdu(OutgoingShortMessage {
            header: vec![5, 0, 3, 9, 2, 1],
            coding: Coding::Ucs2,
            report_requested: true,
            ..message()
        });
        assert_eq!((pdu.esm_class, pdu.data_coding), (HAS_HEADER, 8));
        assert_eq!(pdu.registered_delivery, 1);
        assert_eq!(pdu.short_message[..6], [5, 0, 3, 9, 2, 1]);
    }

    #[test]
    fn statuses_fall_into_causes() {
        assert_eq!(failure(status::THROTTLED), SubmitFailure::Cause(42));
        assert_eq!(failure(0xff), SubmitFailure::Cause(111));
    }
}
