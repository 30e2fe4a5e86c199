//! Locators of short messages over IP that a terminal submits.
use super::{Located, Place};
use crate::observe::{self, Direction, Encapsulated};
use crate::peer::ue::ShortMessageOrder;
use crate::verdict::scene::{first, originator, same_number};
use crate::wire::sms::rp::RpBody;
use crate::wire::sms::tpdu::{Submit, Tpdu};

/// What a person's terminal has sent after the place, delivery reports apart.
fn sent<'a>(who: &str, place: &Place<'a>) -> Vec<Encapsulated<'a>> {
    let number = place.cast.number(who);
    let mut found = observe::encapsulated(place.trace);
    found.retain(|one| {
        let request = one.transaction.request;
        // A terminal without a number is not told apart by one.
        let own = originator(request.message).is_none_or(|from| same_number(&from, number));
        one.direction != Direction::FromSystem
            && !one.is_report()
            && own
            && first(request.frames()) > place.after
    });
    found
}

fn found(all: &[&Encapsulated]) -> Located {
    let requests = all.iter().map(|one| one.transaction.request);
    Located::Found {
        frames: requests
            .clone()
            .flat_map(|one| one.frames().to_vec())
            .collect(),
        at: requests.map(|one| one.at()).max().unwrap_or(0),
        call_id: None,
        label: None,
    }
}

pub(super) fn submitted(order: &ShortMessageOrder, who: &str, place: &Place) -> Located {
    let ShortMessageOrder {
        to,
        text,
        status_report,
    } = order;
    let sent = sent(who, place);
    let mut parts = Vec::new();
    let mut said = String::new();
    for one in &sent {
        let Some(Tpdu::Submit(submit)) = one.tpdu() else {
            continue;
        };
        let goes = match to.starts_with("sip:") {
            true => one.address("To").is_some_and(|uri| uri == *to),
            false => {
                let shown = submit.destination.text().unwrap_or_default();
                to.is_empty() || same_number(&shown, to)
            }
        };
        let Some((_, part)) = one.text() else {
            continue;
        };
        let fits =
            goes && submit.status_report == *status_report && text[said.len()..].starts_with(&part);
        if !fits {
            continue;
        }
        said.push_str(&part);
        parts.push(one);
        if said == *text {
            return found(&parts);
        }
    }
    Located::absent(format!("the short message {text:?} of {who} over IP"))
}

/// TPDUs as they are written, but for their reference, which is the terminal's.
pub(super) fn written(written: &[Submit], who: &str, place: &Place) -> Located {
    let sent = sent(who, place);
    let mut rest = sent.iter();
    let mut parts = Vec::new();
    for wanted in written {
        let next = rest.find(|one| match one.tpdu() {
            Some(Tpdu::Submit(mut submit)) => {
                submit.reference = wanted.reference;
                submit == *wanted
            }
            _ => false,
        });
        match next {
            Some(one) => parts.push(one),
            None => return Located::absent(format!("a short message of {who} as it is written")),
        }
    }
    found(&parts)
}

pub(super) fn memory_available(who: &str, place: &Place) -> Located {
    let sent = sent(who, place);
    let notice = sent.iter().find(|one| {
        let body = one.message.as_ref().map(|message| &message.body);
        matches!(body, Some(RpBody::MemoryAvailable))
    });
    match notice {
        Some(one) => found(&[one]),
        None => Located::absent(format!("the notice of {who} that there is memory")),
    }
}
