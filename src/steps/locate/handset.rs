//! Locators of what an SMS user's handset, or the service centre on its behalf, is ordered to do.
use super::{Located, Place};
use crate::observe::{self, Direction, Part, ShortMessage};
use crate::peer::behaviour::HandsetBehaviour;
use crate::steps::HandsetAct;
use crate::verdict::scene::{first, same_number};
use crate::verdict::status_report::meaning;

/// Where the recording shows what that person's handset is ordered to do.
pub fn handset(
    act: &HandsetAct,
    who: &str,
    behaviour: &HandsetBehaviour,
    place: &Place,
) -> Located {
    let number = place.cast.number(who);
    match act {
        HandsetAct::Answer { text } => match last_sender(number, place) {
            Some(to) => written(number, &to, text, behaviour, place),
            None => Located::absent(format!("a short message that {who} could answer")),
        },
        HandsetAct::Send { to, text } => written(number, to, text, behaviour, place),
        HandsetAct::Report(reports) => reported(number, reports, place),
        // How it behaves is asked of all that was seen.
        HandsetAct::Behave(_) => Located::Nothing,
    }
}

/// Where the last whole short message came from that had reached the handset by the time of its answer.
fn last_sender(number: &str, place: &Place) -> Option<String> {
    let mut received = observe::texts(place.trace, Direction::FromSystem);
    received.retain(|message| message.complete && same_number(&message.recipient, number));
    let answer = own(number, place);
    let answered = answer.first().map_or(u32::MAX, |one| first(&one.frames));
    let last = received
        .iter()
        .rfind(|message| message.frames.last().is_some_and(|frame| *frame < answered));
    last.map(|message| message.sender.clone())
}

/// What the handset has sent after the place.
fn own<'a>(number: &str, place: &Place<'a>) -> Vec<ShortMessage<'a>> {
    let mut sent = observe::texts(place.trace, Direction::ToSystem);
    // A service has a name in the place of a number.
    let is_name = |sender: &str| sender.chars().any(char::is_alphabetic);
    sent.retain(|message| {
        let own = match number.is_empty() {
            true => is_name(&message.sender),
            false => same_number(&message.sender, number),
        };
        own && first(&message.frames) > place.after
    });
    sent
}

fn written(
    number: &str,
    to: &str,
    text: &str,
    behaviour: &HandsetBehaviour,
    place: &Place,
) -> Located {
    let sent = own(number, place);
    let copies = usize::from(behaviour.deliver_duplicates) + 1;
    let lost = behaviour.lost_part.is_some();
    let same: Vec<&ShortMessage> = sent
        .iter()
        .filter(|message| same_number(&message.recipient, to) || message.recipient == to)
        .filter(|message| match lost {
            true => !message.complete && !message.text.is_empty() && is_within(message, text),
            false => message.complete && message.text == text,
        })
        .take(copies)
        .collect();
    let wanted = format!("the short message {text:?} to {to}");
    if same.len() < copies {
        return Located::absent(wanted);
    }
    let mut frames: Vec<u32> = same.iter().flat_map(|one| one.frames.clone()).collect();
    frames.sort_unstable();
    frames.dedup();
    Located::Found {
        frames,
        at: same.iter().map(|one| one.at).max().unwrap_or(0),
        call_id: None,
        label: None,
    }
}

/// Every part that is there says a piece of the text.
fn is_within(message: &ShortMessage, text: &str) -> bool {
    let mut parts = message.parts.iter().filter_map(|part| part.text.as_deref());
    parts.all(|part| text.contains(part))
}

/// The reports in the order in which they were ordered, each on the message that was meant.
fn reported(number: &str, reports: &[(usize, u8)], place: &Place) -> Located {
    let wanted = || Located::absent("status reports as the scenario has them");
    let all = observe::short_messages(place.trace);
    let to_him = |one: &&ShortMessage| {
        one.direction == Direction::FromSystem && same_number(&one.recipient, number)
    };
    let mut asking: Vec<&Part> = all
        .iter()
        .filter(to_him)
        .flat_map(|message| message.parts.iter().filter(|part| part.report_requested))
        .collect();
    asking.sort_by_key(|part| part.frame);
    let told: Vec<&Part> = all
        .iter()
        .filter(|one| one.is_receipt && one.direction == Direction::ToSystem)
        .flat_map(|one| &one.parts)
        .filter(|part| first(part.frames) > place.after)
        .collect();
    let mut frames = Vec::new();
    let mut at = 0;
    let mut rest = told.into_iter();
    for (which, status) in reports {
        let named = asking
            .get(*which)
            .and_then(|part| part.message_id.as_deref());
        let Some(named) = named else {
            return wanted();
        };
        let found = rest.find(|part| {
            part.report.as_ref().is_some_and(|report| {
                report.message == named && meaning(report.status) == meaning(*status)
            })
        });
        let Some(found) = found else {
            return wanted();
        };
        frames.extend_from_slice(found.frames);
        at = found.at;
    }
    frames.sort_unstable();
    frames.dedup();
    Located::Found {
        frames,
        at,
        call_id: None,
        label: None,
    }
}
