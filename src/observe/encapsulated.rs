//! Short messages over IP as they pass between the terminal and the gateway: SIP MESSAGE with an RP message inside (3GPP TS 24.341).
//!
//! A view of its own beside the short messages at the service centre: what a terminal is delivered here has been one of those before,
//! and what it submits becomes one.
use super::{Direction, Trace, Transaction, messages};
use crate::wire::sip::SipMessage;
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::Tpdu;

/// Media type of an encapsulated short message.
const ENCAPSULATED: &str = "application/vnd.3gpp.sms";
/// Media type of the body beside it with the addresses of users without MSISDN, 3GPP TS 24.341 clause C.1.
const ADDRESSES: &str = "application/vnd.3gpp.sms+xml";

/// One MESSAGE that carries an RP message, or says that it does.
#[derive(Debug, Clone)]
pub struct Encapsulated<'t> {
    pub transaction: Transaction<'t>,
    pub direction: Direction,
    /// `None` when the body is labelled as an RP message and is none.
    pub message: Option<RpMessage>,
}

impl Encapsulated<'_> {
    /// The TPDU inside.
    pub fn tpdu(&self) -> Option<Tpdu> {
        let decoded = self.message.as_ref()?.tpdu()?.ok()?;
        Some(decoded.tpdu)
    }

    /// It delivers or submits something.
    pub fn is_data(&self) -> bool {
        matches!(&self.message, Some(message) if matches!(message.body, RpBody::Data { .. }))
    }

    /// RP-ACK or RP-ERROR.
    pub fn is_report(&self) -> bool {
        let body = self.message.as_ref().map(|message| &message.body);
        matches!(body, Some(RpBody::Ack { .. } | RpBody::Error { .. }))
    }

    pub fn reference(&self) -> Option<u8> {
        self.message.as_ref().map(|message| message.reference)
    }

    /// An address in the XML body beside the short message, by the name of its element (`From`, `To`), whatever its namespace.
    pub fn address(&self, element: &str) -> Option<String> {
        let octets = self.transaction.request.message.body_of(ADDRESSES)?;
        let text = String::from_utf8(octets).ok()?;
        let document = roxmltree::Document::parse(text.trim()).ok()?;
        let mut children = document.root_element().children();
        let found = children.find(|child| child.tag_name().name() == element)?;
        found.text().map(|text| text.trim().to_owned())
    }

    /// TP-OA and text of an SMS-DELIVER, or TP-DA and text of an SMS-SUBMIT.
    pub fn text(&self) -> Option<(String, String)> {
        let tpdu = self.tpdu()?;
        let (data, coding) = tpdu.user_data()?;
        let text = data.text(coding).ok().flatten()?;
        let address = match &tpdu {
            Tpdu::Deliver(deliver) => &deliver.originator,
            Tpdu::Submit(submit) => &submit.destination,
            _ => return None,
        };
        Some((address.text().unwrap_or_default(), text))
    }
}

/// The MESSAGE carries an RP message, or its label says so.
pub fn is_encapsulated(transaction: &Transaction) -> bool {
    let request = transaction.request.message;
    labelled(request) || rp_message(request).is_some()
}

fn labelled(request: &SipMessage) -> bool {
    let is = request.content_type().as_deref() == Some(ENCAPSULATED);
    is || request.body_of(ENCAPSULATED).is_some()
}

/// An RP message has no spare bits set, so no text reads as one.
fn rp_message(request: &SipMessage) -> Option<RpMessage> {
    let part = request.body_of(ENCAPSULATED);
    let message = RpMessage::decode(part.as_ref().unwrap_or(&request.body)).ok()?;
    (message.spare == 0).then_some(message)
}

/// The message carries an RP-ACK or RP-ERROR.
pub fn is_rp_report(message: &SipMessage) -> bool {
    let found = labelled(message).then(|| rp_message(message)).flatten();
    let body = found.map(|found| found.body);
    matches!(body, Some(RpBody::Ack { .. } | RpBody::Error { .. }))
}

/// Every MESSAGE that carries or promises an RP message, whatever its label.
pub fn encapsulated(trace: &Trace) -> Vec<Encapsulated<'_>> {
    messages(trace)
        .into_iter()
        .filter_map(|transaction| {
            let request = transaction.request.message;
            let message = rp_message(request);
            (labelled(request) || message.is_some()).then_some(Encapsulated {
                direction: transaction.direction,
                message,
                transaction,
            })
        })
        .collect()
}
