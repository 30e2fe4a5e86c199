//! A UE whose subscription has no MSISDN (3GPP TS 24.341 clauses B.7 and C.1): a SIP URI without a number instead, the dummy number in
//! TPDUs, and the SIP URI of the other side in an XML body beside the short message.
use super::UeConfig;
use super::smsip::ENCAPSULATED;
use crate::wire::sip::{BodyPart, SipMessage, write_multipart};
use crate::wire::sms::rp::RpMessage;

/// Media type of the XML body, 3GPP TS 24.341 clause C.1.2.
const ADDRESSES: &str = "application/vnd.3gpp.sms+xml";
/// The number of who has none, 3GPP TS 23.003: fifteen zeros.
pub(super) const DUMMY: &str = "+000000000000000";
const BOUNDARY: &str = "short-message";

/// User part of the SIP URI of a person without a number; `None` for a number too short to be one of ours.
pub fn alias(name: &str, number: &str) -> Option<String> {
    let last = number.get(number.len().checked_sub(5)?..)?;
    Some(format!("{}-{last}", name.to_lowercase()))
}

impl UeConfig {
    /// The SIP URI that stands for this user in place of a number.
    pub(super) fn uri_without_number(&self) -> String {
        let user = alias(&self.name, &self.number).unwrap_or_else(|| self.name.to_lowercase());
        format!("sip:{user}@{}", self.domain)
    }
}

/// The RP message and the SIP URI of its recipient as the two parts of one body.
pub(super) fn address_to(request: &mut SipMessage, message: &RpMessage, recipient: &str) {
    let part = |kind: &str, content: Vec<u8>| BodyPart {
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        content,
    };
    let recipient = quick_xml::escape::escape(recipient);
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<short-message-info><To>{recipient}</To></short-message-info>"
    );
    let parts = [
        part(ADDRESSES, xml.into_bytes()),
        part(ENCAPSULATED, message.encode()),
    ];
    let kind = format!("multipart/mixed;boundary=\"{BOUNDARY}\"");
    request.set_body(&kind, write_multipart(BOUNDARY, &parts));
}
