//! What the focus does wrong under a fault, where that is more than leaving something out: what it says of itself, and of its conferences.
use super::super::faults::{Fault, InForce};
use super::super::user_agent::HeaderList;
use crate::wire::xml::conference_info::{ConferenceInfo, Endpoint, InfoState, Users};

/// Takes isfocus out of Contact.
pub(super) fn hide(headers: &mut HeaderList) {
    for (name, value) in headers {
        if name == "Contact" {
            *value = value.replace(";isfocus", "");
        }
    }
}

/// The status that accepts a REFER.
pub(super) fn refer_status(faults: InForce) -> (u16, &'static str) {
    mark!("CF-08");
    match faults.0 {
        Some(Fault::ReferAcceptedWith202) => (202, "Accepted"),
        Some(Fault::ReferAcceptedWith204) => (204, "No Notification"),
        _ => (200, "OK"),
    }
}

/// Alters a document for a subscriber; `late` is who has subscribed after another.
pub(super) fn misinform(faults: InForce, document: &mut ConferenceInfo, id: u64, late: bool) {
    mark!("CM-01");
    if faults.is(Fault::EntityPerSubscriber) {
        document.entity = document.entity.replace('@', &format!("-{id}@"));
    }
    mark!("CF-21");
    if late && document.version == Some(1) && faults.is(Fault::LateSubscribersGetPartial) {
        document.state = InfoState::Partial;
    }
    let users = document
        .users
        .iter_mut()
        .flat_map(|Users { users, .. }| users);
    for endpoint in users.flat_map(|user| &mut user.endpoints) {
        misreport(faults, endpoint);
    }
}

fn misreport(faults: InForce, endpoint: &mut Endpoint) {
    mark!("CF-23");
    mark!("CF-24");
    mark!("CF-25");
    let Some(fault) = faults.0 else {
        return;
    };
    let (place, wrong, right) = match fault {
        Fault::StatusOfOurOwn => (&mut endpoint.status, "ringing", "dialing-out"),
        Fault::AddedShownAsDialedIn => (&mut endpoint.joining_method, "dialed-in", "dialed-out"),
        Fault::DepartedShownAsBooted => (&mut endpoint.disconnection_method, "booted", "departed"),
        Fault::JoinedShownAsDialedOut => (&mut endpoint.joining_method, "dialed-out", "dialed-in"),
        Fault::BootedShownAsDeparted => (&mut endpoint.disconnection_method, "departed", "booted"),
        Fault::BusyShownAsFailed => (&mut endpoint.disconnection_method, "failed", "busy"),
        Fault::ReasonInWords => {
            let info = endpoint.disconnection_info.as_mut();
            if let Some(reason) = info.and_then(|info| info.reason.as_mut()) {
                *reason = "declined".to_owned();
            }
            return;
        }
        _ => return,
    };
    if place.as_deref() == Some(right) {
        *place = Some(wrong.to_owned());
    }
}
