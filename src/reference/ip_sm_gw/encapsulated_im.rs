//! Instant messages for a user whose terminal takes short messages over IP and no instant messages: encapsulated short messages
//! (3GPP TS 23.204 clauses 6.11 and 6.12).
//!
//! The service centre has no part in it. Everything else that CPM users send is taken in `pager`.

use super::admission::{Denied, check_originator};
use super::failure::{Refusal, reason};
use super::invitation::Sender;
use super::levels::Level;
use super::registration::{Reachable, reachable};
use super::transport_level::{self as level, Parcel};
use super::{Gateway, notification, pager, read_locked, session_sms};
use crate::reference::faults::Fault;
use crate::reference::short_message::{Handover, OutgoingShortMessage};
use crate::reference::user_agent::ServerRequest;
use crate::wire::cpim::{CpimMessage, ImdnStatus};
use crate::wire::sip::{SipMessage, number_of};
use crate::wire::sms::tpdu::{Deliver, Tpdu};
use crate::wire::sms::{DataCoding, TpUserData};

/// Delivers the message encapsulated, or gives it back if it is not to be.
pub async fn take(gateway: &Gateway, request: ServerRequest) -> Option<ServerRequest> {
    mark!("PGO-08");
    let target = request.request.uri().and_then(number_of);
    let found = target.and_then(|target| Some((recipient(gateway, &target)?, target)));
    let Some((reach, target)) = found else {
        return Some(request);
    };
    match prepare(gateway, &request.request, &target) {
        Ok(prepared) => deliver(gateway, request, prepared, &target, &reach).await,
        Err(Denied::With(refusal)) => {
            request.respond(refusal.code, refusal.reason(), &refusal.headers, None);
        }
        Err(Denied::InSilence) => request.ignore(),
    }
    None
}

fn recipient(gateway: &Gateway, target: &str) -> Option<Reachable> {
    if gateway.faults.is(Fault::InstantMessageToTheSc) {
        return None;
    }
    let reach = reachable(gateway, target)?;
    let only = reach.capable.transport && !reach.capable.service;
    let wanted = read_locked(&gateway.subscribers).encapsulated_delivery(target);
    let open = level::level_of(gateway, target, &reach) == Some(Level::Transport);
    (only && wanted && open).then_some(reach)
}

/// A message that may go.
struct Prepared {
    sender: Sender,
    parts: Vec<OutgoingShortMessage>,
    asked: notification::Asked,
    /// The sender wants to know when it has been delivered.
    positive_delivery: bool,
}

fn prepare(gateway: &Gateway, request: &SipMessage, target: &str) -> Result<Prepared, Denied> {
    let deny = |code| Denied::With(Refusal::new(code));
    let sender = Sender::read(request);
    let settings = read_locked(&gateway.subscribers).settings(&sender.number, target);
    check_originator(gateway, &settings, sender.anonymous)?;
    let text = pager::text_of(request, gateway.faults).map_err(deny)?;
    let number = pager::sender_number(gateway, &sender, &settings, target).ok_or(deny(480))?;
    let parts = session_sms::compose(&text, &number, target, 1).ok_or(deny(413))?;
    Ok(Prepared {
        asked: notification::Asked::read(request, &sender, target),
        positive_delivery: asks_for_delivery(request),
        sender,
        parts,
    })
}

fn asks_for_delivery(request: &SipMessage) -> bool {
    let cpim = request
        .body_of("message/cpim")
        .and_then(|octets| CpimMessage::parse(&octets).ok());
    let asked = cpim
        .as_ref()
        .and_then(|cpim| cpim.imdn_header("Disposition-Notification"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    asked
        .split(',')
        .any(|token| token.trim() == "positive-delivery")
}

/// Part by part. The sender's MESSAGE is answered when the terminal has answered the last one; what its reports say follows.
async fn deliver(
    gateway: &Gateway,
    request: ServerRequest,
    prepared: Prepared,
    target: &str,
    reach: &Reachable,
) {
    mark!("DR-06");
    let headers = prepared.sender.cpm_headers();
    let mut owed = Some(request);
    let mut answer = |code: u16| {
        if let Some(request) = owed.take() {
            request.respond(code, reason(code), &headers, None);
        }
    };
    let count = prepared.parts.len();
    for (index, part) in prepared.parts.iter().enumerate() {
        let parcel = Parcel {
            user: target,
            reach,
            tpdu: written(part).encode(),
            from: &part.from,
            sender_uri: None,
        };
        let (handover, _) = level::deliver_tpdu(gateway, parcel, |code| match code {
            200..300 if index + 1 < count => {}
            200..300 => answer(200),
            _ => answer(480),
        })
        .await;
        if handover != Handover::Taken {
            answer(480);
            return notification::failed(gateway, &prepared.asked).await;
        }
    }
    if prepared.positive_delivery {
        notification::tell(gateway, &prepared.asked, ImdnStatus::Delivered).await;
    }
}

/// The SMS-DELIVER of one part.
fn written(part: &OutgoingShortMessage) -> Tpdu {
    Tpdu::Deliver(Deliver::new(
        level::originator(&part.from),
        level::time_stamp(),
        DataCoding::of(part.coding),
        TpUserData::compose(&part.header, part.coding, &part.payload),
    ))
}
