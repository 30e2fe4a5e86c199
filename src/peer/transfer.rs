//! The short messages of handsets as TPDUs (3GPP TS 23.040 clause 9.2.2), and submissions in TPDUs as the handsets know them.
//!
//! Handsets write and read message fields as SMPP has them; here they become SMS-DELIVER and SMS-STATUS-REPORT, and SMS-SUBMIT becomes
//! such fields. What cannot be said on both sides (segmentation parameters, message_payload) is said with a user data header.
use super::handset::{Address, Outgoing};
use crate::wire::Malformed;
use crate::wire::diameter::{Avp, DeliveryFailure, ResultCode, failure_cause, result, vendor};
use crate::wire::smpp::{ShortMessagePdu, decode_short_message_text, status};
use crate::wire::sms::tpdu::{Deliver, DeliverReport, StatusReport, Submit, SubmitReport, Tpdu};
use crate::wire::sms::{
    self, Coding, Concatenation, DataCoding, ReferenceWidth, TimeStamp, TpUserData, UserDataHeader,
    split_text,
};

/// A submission the service centre has taken, as reports mean it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// TP-MR.
    pub reference: u8,
    pub time_stamp: TimeStamp,
}

/// Long texts of handsets that say nothing of the reference get this one.
const REFERENCE: u16 = 0x5a;

/// A number as SMPP fields from a TPDU's.
fn fields_address(address: &sms::Address) -> Address {
    Address::of(&address.text().unwrap_or_default())
}

fn tpdu_address(ton: u8, digits: &str) -> sms::Address {
    match ton {
        1 => sms::Address::of_number(&format!("+{digits}")),
        5 => sms::Address::alphanumeric(digits).unwrap_or_else(|_| sms::Address::of_number(digits)),
        _ => sms::Address::of_number(digits),
    }
}

/// Header and text as short_message has them: octets, septets unpacked.
fn unpacked(data: &TpUserData, scheme: DataCoding) -> Result<Vec<u8>, Malformed> {
    let mut octets = match data.has_header {
        true => data.header()?.to_octets(),
        false => Vec::new(),
    };
    match scheme.coding() {
        Coding::Gsm7 => octets.extend(data.septets()?),
        Coding::Ucs2 | Coding::Octets => octets.extend_from_slice(data.payload()),
    }
    Ok(octets)
}

fn data_coding(coding: Coding) -> u8 {
    match coding {
        Coding::Gsm7 => 0x00,
        Coding::Ucs2 => 0x08,
        Coding::Octets => 0x04,
    }
}

/// An SMS-SUBMIT of `from` (digits) as a submission.
pub fn submission(from: &str, submit: &Submit) -> Result<ShortMessagePdu, Malformed> {
    let to = fields_address(&submit.destination);
    Ok(ShortMessagePdu {
        source_ton: 1,
        source_npi: 1,
        source: from.trim_start_matches('+').to_owned(),
        dest_ton: to.ton,
        dest_npi: to.npi,
        dest: to.digits,
        esm_class: if submit.user_data.has_header { 0x40 } else { 0 },
        protocol_id: submit.protocol,
        registered_delivery: submit.status_report.into(),
        data_coding: data_coding(submit.data_coding.coding()),
        short_message: unpacked(&submit.user_data, submit.data_coding)?,
        ..ShortMessagePdu::default()
    })
}

/// An SMS-DELIVER to `to` (`+` and digits) as a submission that nobody wants reports of.
pub fn arrival(to: &str, deliver: &Deliver) -> Result<ShortMessagePdu, Malformed> {
    let (from, to) = (fields_address(&deliver.originator), Address::of(to));
    Ok(ShortMessagePdu {
        source_ton: from.ton,
        source_npi: from.npi,
        source: from.digits,
        dest_ton: to.ton,
        dest_npi: to.npi,
        dest: to.digits,
        esm_class: if deliver.user_data.has_header {
            0x40
        } else {
            0
        },
        protocol_id: deliver.protocol,
        data_coding: data_coding(deliver.data_coding.coding()),
        short_message: unpacked(&deliver.user_data, deliver.data_coding)?,
        ..ShortMessagePdu::default()
    })
}

/// User data of what a handset wrote; several where it wrote a long text in one piece.
fn user_data(written: &Outgoing) -> Vec<(DataCoding, TpUserData)> {
    let message = &written.message;
    let coding = match message.data_coding {
        0x00 => Some(Coding::Gsm7),
        0x04 => Some(Coding::Octets),
        0x08 => Some(Coding::Ucs2),
        _ => None,
    };
    if let (Some(coding), []) = (coding, written.tlvs.as_slice()) {
        let octets = &message.short_message;
        let header = match message.esm_class & 0x40 {
            0 => 0,
            _ => octets.first().map_or(0, |length| usize::from(*length) + 1),
        };
        let (header, text) = octets.split_at(header.min(octets.len()));
        let data = TpUserData::compose(header, coding, text);
        return vec![(DataCoding::of(coding), data)];
    }
    let Ok((text, _, place)) = decode_short_message_text(message, &written.tlvs) else {
        return Vec::new();
    };
    let segments = split_text(&text, REFERENCE, ReferenceWidth::Eight).unwrap_or_default();
    let compose = |segment: sms::Segment| {
        let header = match place {
            // A part cut for segmentation parameters has room for the short header only.
            Some(place) => {
                let narrow = Concatenation {
                    wide: false,
                    ..place
                };
                UserDataHeader::with_concatenation(narrow).to_octets()
            }
            None => segment.header,
        };
        let data = TpUserData::compose(&header, segment.coding, &segment.payload);
        (DataCoding::of(segment.coding), data)
    };
    segments.into_iter().map(compose).collect()
}

/// What a handset wrote, as the service centre delivers it.
pub fn delivers(written: &Outgoing, time_stamp: TimeStamp) -> Vec<Deliver> {
    let message = &written.message;
    let deliver = |(coding, data)| {
        let from = tpdu_address(message.source_ton, &message.source);
        let mut deliver = Deliver::new(from, time_stamp, coding, data);
        deliver.protocol = message.protocol_id;
        deliver
    };
    user_data(written).into_iter().map(deliver).collect()
}

/// What a handset wrote, as its terminal submits it; `first` is the TP-MR of the first.
pub fn submits(written: &Outgoing, first: u8) -> Vec<Submit> {
    let message = &written.message;
    let submit = |(index, (coding, data)): (usize, (DataCoding, TpUserData))| {
        let to = tpdu_address(message.dest_ton, &message.dest);
        let reference = first.wrapping_add(u8::try_from(index).unwrap_or(u8::MAX));
        let mut submit = Submit::new(reference, to, coding, data);
        submit.protocol = message.protocol_id;
        submit.status_report = message.registered_delivery & 0x03 != 0;
        submit
    };
    user_data(written)
        .into_iter()
        .enumerate()
        .map(submit)
        .collect()
}

/// The SMS-STATUS-REPORT a receipt means: it goes to whom the receipt goes to, about the message to whom the receipt comes from.
pub fn status_report(
    receipt: &Outgoing,
    taken: Taken,
    status: u8,
    discharge: TimeStamp,
) -> StatusReport {
    let message = &receipt.message;
    let recipient = tpdu_address(message.source_ton, &message.source);
    StatusReport::new(
        taken.reference,
        recipient,
        taken.time_stamp,
        discharge,
        status,
    )
}

/// How a command_status of a handset's behaviour is said by Diameter: result, and failure cause with TP-FCS.
fn refusal(command_status: u32) -> (ResultCode, u32, u8) {
    let failure = ResultCode::Experimental {
        vendor: vendor::TGPP,
        code: result::SM_DELIVERY_FAILURE,
    };
    match command_status {
        status::QUEUE_FULL | status::THROTTLED => (failure, failure_cause::SC_CONGESTION, 0xc0),
        status::SUBMIT_FAILED => (failure, failure_cause::INVALID_SME_ADDRESS, 0xc4),
        status::INVALID_DESTINATION | status::INVALID_SOURCE => {
            (failure, failure_cause::INVALID_SME_ADDRESS, 0xc3)
        }
        status::SYSTEM_ERROR => (failure, failure_cause::SC_CONGESTION, 0xc2),
        _ => (failure, failure_cause::UNKNOWN_SERVICE_CENTRE, 0xff),
    }
}

/// Result and AVPs of the OFA to a submission that gets this command_status.
pub fn submission_answer(command_status: u32, time_stamp: TimeStamp) -> (ResultCode, Vec<Avp>) {
    use crate::wire::diameter::name::SM_RP_UI;
    if command_status == status::OK {
        let report = Tpdu::SubmitReport(SubmitReport::new(None, time_stamp)).encode();
        let success = ResultCode::Base(result::SUCCESS);
        return (success, vec![Avp::new(SM_RP_UI, report)]);
    }
    let (result, cause, tp_fcs) = refusal(command_status);
    let report = Tpdu::SubmitReport(SubmitReport::new(Some(tp_fcs), time_stamp)).encode();
    let failure = DeliveryFailure {
        cause,
        diagnostic: Some(report),
    };
    (result, vec![failure.to_avp()])
}

/// Result and AVPs of the TFA to a delivery that the suite's serving node takes or not.
pub fn delivery_answer(command_status: u32) -> (ResultCode, Vec<Avp>) {
    use crate::wire::diameter::name::SM_RP_UI;
    if command_status == status::OK {
        let report = Tpdu::DeliverReport(DeliverReport::new(None)).encode();
        let success = ResultCode::Base(result::SUCCESS);
        return (success, vec![Avp::new(SM_RP_UI, report)]);
    }
    let (result, _, tp_fcs) = refusal(command_status);
    let report = Tpdu::DeliverReport(DeliverReport::new(Some(tp_fcs))).encode();
    let failure = DeliveryFailure {
        cause: failure_cause::EQUIPMENT_PROTOCOL_ERROR,
        diagnostic: Some(report),
    };
    (result, vec![failure.to_avp()])
}

/// Result and AVPs of the TFA when the user does not answer paging.
pub fn absent() -> (ResultCode, Vec<Avp>) {
    use crate::wire::diameter::name::ABSENT_USER_DIAGNOSTIC_SM;
    let result = ResultCode::Experimental {
        vendor: vendor::TGPP,
        code: result::ABSENT_USER,
    };
    (
        result,
        vec![Avp::number(ABSENT_USER_DIAGNOSTIC_SM, NO_PAGING_RESPONSE)],
    )
}

/// Absent-User-Diagnostic-SM: no paging response via the MSC (3GPP TS 23.040 clause 3.3.2).
const NO_PAGING_RESPONSE: u32 = 0;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::peer::behaviour::{HandsetBehaviour, Segmentation};
    use crate::peer::handset::SmsHandset;
    use crate::wire::sms::tpdu::{Direction, Inside};
    use std::time::Duration;

    fn stamp() -> TimeStamp {
        TimeStamp([0x62, 0x11, 0x12, 0x01, 0x03, 0x51, 0x80])
    }

    /// What a handset writes comes back to another as it was, through TPDUs both ways.
    #[test]
    fn a_text_survives_the_way_over_tpdus_whatever_the_segmentation() {
        let long = "Sentence with € signs. ".repeat(20);
        let emoji = "Привет 🙂 ".repeat(20);
        for segmentation in [
            Segmentation::Header8,
            Segmentation::Header16,
            Segmentation::Sar,
            Segmentation::Payload,
        ] {
            for text in ["Hello", &long, &emoji] {
                let behaviour = HandsetBehaviour {
                    segmentation,
                    ..HandsetBehaviour::default()
                };
                let mut bob = SmsHandset::new("+447700900222", 7, behaviour.clone());
                let mut carol = SmsHandset::new("+447700900333", 7, behaviour);
                let written = bob.send("+447700900333", text).unwrap();
                for submit in written.iter().flat_map(|written| submits(written, 1)) {
                    let octets = Tpdu::Submit(submit).encode();
                    let read = Tpdu::decode(&octets, Direction::ToCentre, Inside::Data);
                    let Tpdu::Submit(submit) = read.unwrap().tpdu else {
                        unreachable!();
                    };
                    let fields = submission("447700900222", &submit).unwrap();
                    carol.arrives(Duration::ZERO, &fields, &[]).unwrap();
                }
                for deliver in written
                    .iter()
                    .flat_map(|written| delivers(written, stamp()))
                {
                    let octets = Tpdu::Deliver(deliver).encode();
                    let read = Tpdu::decode(&octets, Direction::ToStation, Inside::Data);
                    let Tpdu::Deliver(deliver) = read.unwrap().tpdu else {
                        unreachable!();
                    };
                    let fields = arrival("+447700900333", &deliver).unwrap();
                    carol.arrives(Duration::ZERO, &fields, &[]).unwrap();
                }
                let shown: Vec<_> = carol.received().collect();
                assert_eq!(shown.len(), 2, "{segmentation:?} {text}");
                for shown in shown {
                    assert_eq!(shown.from, "+447700900222");
                    assert_eq!(shown.text, text);
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_a_delivery_failure_with_its_report() {
        let (code, avps) = submission_answer(status::THROTTLED, stamp());
        assert_eq!(code.code(), result::SM_DELIVERY_FAILURE);
        let failure = DeliveryFailure::read(&avps[0]).unwrap();
        assert_eq!(failure.cause, failure_cause::SC_CONGESTION);
        let report = failure.diagnostic.unwrap();
        let read = Tpdu::decode(&report, Direction::ToStation, Inside::Error).unwrap();
        assert_eq!(read.tpdu.name(), "SMS-SUBMIT-REPORT");
        assert!(submission_answer(status::OK, stamp()).0.is_success());
        assert!(delivery_answer(status::OK).0.is_success());
    }
}
