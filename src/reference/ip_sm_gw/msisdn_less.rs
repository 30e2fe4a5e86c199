//! Short messages between users whose subscriptions have no MSISDN (3GPP TS 24.341 clauses B.7 and C.1): addressed by SIP URI, the
//! dummy number in the TPDU, the URIs in an XML body beside it. No service centre has part in it.

use super::Gateway;
use super::transport_level::{self as level, ENCAPSULATED, Parcel};
use crate::reference::faults::Fault;
use crate::reference::short_message::Handover;
use crate::wire::sip::{BodyPart, NameAddr, SipMessage, number_of, write_multipart};
use crate::wire::sms::Address;
use crate::wire::sms::tpdu::{Deliver, Submit, Tpdu};

const ADDRESSES: &str = "application/vnd.3gpp.sms+xml";
/// 3GPP TS 24.341 clause D.2.
const FEATURE_CAPS: &str = "*;+g.3gpp.smsip-msisdn-less";
/// 3GPP TS 23.003: all digits are zero.
const DUMMY_NUMBER: &str = "000000000000000";
const BOUNDARY: &str = "ip-sm-gw-part";
/// RP-Cause 27, destination out of order; 38, network out of order.
const OUT_OF_REACH: u8 = 27;
const NOT_DELIVERED: u8 = 38;

/// The key of a user: his number, else his SIP URI.
pub fn key(uri: &str) -> Option<String> {
    number_of(uri).or_else(|| uri.starts_with("sip:").then(|| uri.to_owned()))
}

/// The SIP URI a submission goes to, if its TP-DA is the dummy number.
pub fn recipient(request: &SipMessage, submit: &Submit) -> Option<String> {
    let number = submit.destination.text()?;
    if number.trim_start_matches('+') != DUMMY_NUMBER {
        return None;
    }
    let text = String::from_utf8(request.body_of(ADDRESSES)?).ok()?;
    let document = roxmltree::Document::parse(text.trim()).ok()?;
    let mut elements = document.descendants();
    let to = elements.find(|element| element.tag_name().name() == "To")?;
    to.text().map(|to| to.trim().to_owned())
}

/// The URI by which the sender is known to the network.
pub fn sender_uri(request: &SipMessage) -> String {
    let asserted = request.values("P-Asserted-Identity");
    let addresses = asserted
        .into_iter()
        .filter_map(|one| NameAddr::parse(one).ok());
    let mut uris = addresses.map(|address| address.uri.as_str().to_owned());
    uris.find(|uri| uri.starts_with("sip:")).unwrap_or_default()
}

/// Delivers a submission to a SIP URI; `Err` = RP-Cause.
pub async fn forward(
    gateway: &Gateway,
    sender: &str,
    recipient: &str,
    submit: &Submit,
) -> Result<(), u8> {
    mark!("TLI-10");
    let user = key(recipient).filter(|_| !gateway.faults.is(Fault::RefusesDummyNumber));
    let user = user.ok_or(OUT_OF_REACH)?;
    let reach = level::encapsulated_recipient(gateway, &user).ok_or(OUT_OF_REACH)?;
    let originator = match gateway.faults.is(Fault::OriginatorNotDummy) {
        true => Address::of_number(&level::service_centre(gateway, &user)),
        false => Address::of_number(&format!("+{DUMMY_NUMBER}")),
    };
    let coding = submit.data_coding;
    let deliver = Deliver {
        protocol: submit.protocol,
        ..Deliver::new(
            originator,
            level::time_stamp(),
            coding,
            submit.user_data.clone(),
        )
    };
    let parcel = Parcel {
        user: &user,
        reach: &reach,
        tpdu: Tpdu::Deliver(deliver).encode(),
        from: sender,
        sender_uri: Some(sender),
    };
    match level::deliver_tpdu(gateway, parcel, |_| ()).await.0 {
        Handover::Taken => Ok(()),
        _ => Err(NOT_DELIVERED),
    }
}

/// Puts the sender's URI beside the short message, and says that numbers are not needed.
pub fn name_sender(gateway: &Gateway, request: &mut SipMessage, sender: &str) {
    mark!("TLI-10");
    if !gateway.faults.is(Fault::MsisdnLessUnsaid) {
        request.push("Feature-Caps", FEATURE_CAPS);
    }
    if gateway.faults.is(Fault::SenderUriLeftOut) {
        return;
    }
    let sender = quick_xml::escape::escape(sender);
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<short-message-info><From>{sender}</From></short-message-info>"
    );
    let part = |kind: &str, content: Vec<u8>| BodyPart {
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        content,
    };
    let parts = [
        part(ADDRESSES, xml.into_bytes()),
        part(ENCAPSULATED, request.body.clone()),
    ];
    let kind = format!("multipart/mixed;boundary={BOUNDARY}");
    request.set_body(&kind, write_multipart(BOUNDARY, &parts));
}
