//! Short messages to SMS users: OFR with an SMS-SUBMIT, and what the OFA says of it (3GPP TS 29.338 clause 6.2.1, TS 23.040 clause 9.2.2.2).

use super::Node;
use super::peer::RequestFailure;
use super::references::report_reference;
use crate::reference::short_message::{
    OutgoingShortMessage, ReportReference, Submission, SubmitFailure,
};
use crate::wire::diameter::{
    Avp, Command, Message, ResultCode, UserIdentifier, application, encode_tbcd, failure_cause,
    name, result,
};
use crate::wire::sms::tpdu::{Direction, Inside, Submit, Tpdu};
use crate::wire::sms::{Address, DataCoding, TpUserData, ValidityPeriod};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What the service centre said to an SMS-SUBMIT it was handed: its SMS-SUBMIT-REPORT, and why not if it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitAnswer {
    pub outcome: Result<(), SubmitFailure>,
    pub report: Option<Vec<u8>>,
}

/// Sends a short message; messages go out in the order of these calls.
pub fn submit(node: &Arc<Node>, message: &OutgoingShortMessage) -> Submission {
    let (result, submission) = oneshot::channel();
    let (from, to) = (message.from.clone(), message.to.clone());
    let asked = message.report_requested;
    let reference = node.references().next(&from, &to, asked);
    let tpdu = Tpdu::Submit(compose(message, reference)).encode();
    let answer = send(node, &from, message.service_centre.as_deref(), tpdu);
    let node = node.clone();
    tokio::spawn(async move {
        let outcome = answer
            .await
            .outcome
            .map(|()| report_reference(&from, &to, reference));
        if outcome.is_err() {
            node.references().settle(&from, &to, reference);
        }
        // The submitter may have dropped its interest.
        result
            .send(outcome as Result<ReportReference, SubmitFailure>)
            .ok();
    });
    submission
}

/// Sends an SMS-SUBMIT as it is. The request is on its way when this returns; what comes of it is awaited.
pub fn send(
    node: &Arc<Node>,
    sender: &str,
    service_centre: Option<&str>,
    tpdu: Vec<u8>,
) -> impl Future<Output = SubmitAnswer> + Send + use<> {
    let centre = service_centre.or(node.config.sc_address.as_deref());
    let reply = centre.and_then(|centre| {
        let request = request(node, sender, centre, tpdu)?;
        Some(node.order(request))
    });
    async move {
        let failed = |failure| SubmitAnswer {
            outcome: Err(failure),
            report: None,
        };
        match reply {
            Some(reply) => match reply.await {
                Ok(answer) => read(&answer),
                Err(RequestFailure::NotConnected) => failed(SubmitFailure::NotConnected),
                Err(RequestFailure::NoAnswer) => failed(SubmitFailure::NoResponse),
            },
            None => {
                tracing::warn!("no service centre to submit a short message to");
                failed(SubmitFailure::NotConnected)
            }
        }
    }
}

fn request(node: &Node, sender: &str, centre: &str, tpdu: Vec<u8>) -> Option<Message> {
    mark!("INV-02");
    mark!("INV-03");
    let digits = |number: &str| encode_tbcd(number.trim_start_matches('+'));
    let user = UserIdentifier {
        msisdn: Some(sender.trim_start_matches('+').to_owned()),
        ..UserIdentifier::default()
    };
    let avps = vec![
        Avp::new(name::SC_ADDRESS, digits(centre)?),
        user.to_avp(),
        Avp::new(name::SM_RP_UI, tpdu),
    ];
    let identity = &node.identity;
    Some(identity.request(application::SGD, Command::MO_FORWARD, avps))
}

fn compose(message: &OutgoingShortMessage, reference: u8) -> Submit {
    mark!("DR-01");
    let user_data = TpUserData::compose(&message.header, message.coding, &message.payload);
    let destination = Address::of_number(&message.to);
    let coding = DataCoding::of(message.coding);
    Submit {
        status_report: message.report_requested,
        protocol: message.protocol_id,
        validity: message.validity.map_or(ValidityPeriod::Absent, relative),
        ..Submit::new(reference, destination, coding, user_data)
    }
}

/// The shortest relative TP-Validity-Period that is not shorter (3GPP TS 23.040 clause 9.2.3.12.1).
fn relative(validity: Duration) -> ValidityPeriod {
    let minutes = validity.as_secs().div_ceil(60);
    let value = match minutes {
        0..=720 => minutes.div_ceil(5).saturating_sub(1),
        721..=1440 => 143 + (minutes - 720).div_ceil(30),
        1441..=43_200 => 166 + minutes.div_ceil(1440),
        _ => 192 + minutes.div_ceil(10_080),
    };
    ValidityPeriod::Relative(u8::try_from(value).unwrap_or(u8::MAX))
}

/// What an OFA says, or a TFA.
pub fn read(answer: &Message) -> SubmitAnswer {
    let failure = answer.delivery_failure();
    let diagnostic = failure
        .as_ref()
        .and_then(|failure| failure.diagnostic.clone());
    let report = answer.tpdu().map(<[u8]>::to_vec).or(diagnostic);
    let outcome = match answer.result() {
        Some(result) if result.is_success() => Ok(()),
        Some(result) => {
            let cause = failure.map(|failure| failure.cause);
            let rp_cause = report.as_deref().and_then(of_failure_cause);
            let cause = rp_cause.unwrap_or_else(|| of_result(result, cause));
            Err(SubmitFailure::Cause(cause))
        }
        None => Err(SubmitFailure::Cause(111)),
    };
    SubmitAnswer { outcome, report }
}

/// RP-Cause by the TP-Failure-Cause of an SMS-SUBMIT-REPORT, where that says more than the result.
fn of_failure_cause(report: &[u8]) -> Option<u8> {
    let decoded = Tpdu::decode(report, Direction::ToStation, Inside::Error).ok()?;
    let Tpdu::SubmitReport(report) = decoded.tpdu else {
        return None;
    };
    Some(match report.failure_cause? {
        // Busy; no subscription; system failure; invalid SME; barred.
        0xc0 => 42,
        0xc1 => 50,
        0xc2 => 41,
        0xc3 => 1,
        0xc4 => 10,
        _ => return None,
    })
}

/// RP-Cause by the result (3GPP TS 29.338 clause 7.3, RFC 6733 section 7.1).
fn of_result(result: ResultCode, cause: Option<u32>) -> u8 {
    match result {
        ResultCode::Experimental { code, .. } => match (code, cause) {
            (result::USER_UNKNOWN, _) => 30,
            (result::ABSENT_USER | result::USER_BUSY_FOR_MT_SMS, _) => 27,
            (result::FACILITY_NOT_SUPPORTED, _) => 69,
            (result::ILLEGAL_USER | result::ILLEGAL_EQUIPMENT, _) => 28,
            (result::SERVICE_NOT_SUBSCRIBED, _) => 50,
            (result::SERVICE_BARRED, _) => 10,
            (_, Some(failure_cause::MEMORY_CAPACITY_EXCEEDED)) => 22,
            (_, Some(failure_cause::UNKNOWN_SERVICE_CENTRE)) => 38,
            (_, Some(failure_cause::SC_CONGESTION)) => 42,
            (_, Some(failure_cause::INVALID_SME_ADDRESS)) => 1,
            (_, Some(failure_cause::USER_NOT_SC_USER)) => 50,
            _ => 111,
        },
        ResultCode::Base(result::TOO_BUSY) => 42,
        ResultCode::Base(result::UNABLE_TO_DELIVER) => 38,
        ResultCode::Base(result::UNABLE_TO_COMPLY) => 41,
        ResultCode::Base(_) => 111,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::messages::experimental;
    use super::*;
    use crate::wire::sms::Coding;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    fn message() -> OutgoingShortMessage {
        OutgoingShortMessage {
            from: "+447700910001".into(),
            to: "+447700900123".into(),
            header: Vec::new(),
            coding: Coding::Gsm7,
            payload: b"Hello".to_vec(),
            protocol_id: 0,
            report_requested: false,
            service_centre: None,
            terminating: false,
            validity: None,
            part: (1, 1),
        }
    }

    #[test]
    fn composes_the_known_answers() {
        let plain = Tpdu::Submit(compose(&message(), 0x2a)).encode();
        assert_eq!(hex(&plain), "012a0c91447700091032000005c8329bfd06");
        let asked = OutgoingShortMessage {
            payload: b"CPM <-> SMS".to_vec(),
            report_requested: true,
            validity: Some(Duration::from_secs(86_400)),
            ..message()
        };
        let asked = Tpdu::Submit(compose(&asked, 1)).encode();
        assert_eq!(
            hex(&asked),
            "31010c914477000910320000a70b436813c46bf940d3e614"
        );
    }

    #[test]
    fn validity_is_never_shorter_than_asked() {
        for seconds in [
            1, 300, 301, 43_200, 43_201, 86_400, 86_401, 2_592_000, 2_592_001,
        ] {
            let period = relative(Duration::from_secs(seconds));
            let span = period.span().unwrap().as_secs();
            assert!(
                span >= i64::try_from(seconds).unwrap(),
                "{seconds}: {period:?}"
            );
        }
        assert_eq!(
            relative(Duration::from_secs(120)),
            ValidityPeriod::Relative(0)
        );
    }

    #[test]
    fn results_fall_into_causes() {
        assert_eq!(of_result(experimental(result::USER_UNKNOWN), None), 30);
        let failure = experimental(result::SM_DELIVERY_FAILURE);
        assert_eq!(of_result(failure, Some(failure_cause::SC_CONGESTION)), 42);
        assert_eq!(of_result(failure, None), 111);
        assert_eq!(
            of_failure_cause(&[0x01, 0xc0, 0, 0x62, 0x11, 0x12, 1, 3, 0x51, 0x80]),
            Some(42)
        );
        assert_eq!(
            of_failure_cause(&[0x01, 0xff, 0, 0x62, 0x11, 0x12, 1, 3, 0x51, 0x80]),
            None
        );
    }
}
