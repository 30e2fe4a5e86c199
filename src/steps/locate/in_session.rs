//! Locators of what is said in message sessions.
use super::content::Content;
use super::ue::call_id;
use super::{Located, Place};
use crate::observe::{self, ChatMessage, Direction, Session};
use crate::peer::ue::ChatText;
use crate::verdict::scene::first;

/// The message session of a call, with all that was said in it.
fn session_of<'a>(call: &str, who: &str, place: &Place<'a>) -> Option<Session<'a>> {
    let id = call_id(call, who, place)?;
    let calls = observe::calls(place.trace);
    let call = calls.iter().find(|one| one.call_id == id)?;
    observe::session_of(call, &observe::sessions(place.trace)).cloned()
}

pub(super) fn send(call: &str, order: &ChatText, who: &str, place: &Place) -> Located {
    let wanted = || Located::absent(format!("a chat message of {who} as the scenario has it"));
    let Some(session) = session_of(call, who, place) else {
        return wanted();
    };
    let mut own = session.messages.iter().filter(|message| {
        message.direction != Direction::FromSystem && first(&message.frames) > place.after
    });
    match own.find(|message| is_chat(order, message)) {
        Some(message) => Located::Found {
            frames: message.frames.clone(),
            at: message.at,
            call_id: None,
            label: None,
        },
        None => wanted(),
    }
}

fn is_chat(order: &ChatText, message: &ChatMessage) -> bool {
    let ChatText {
        text,
        content_type,
        wrapped_type,
        message_id,
        success_report,
        failure_report,
        imdn,
        chunk_octets,
        abort,
        bodiless,
        from,
    } = order;
    if *bodiless {
        return message.empty;
    }
    let content = Content {
        text,
        content_type,
        wrapped_type: wrapped_type.as_deref(),
        message_id: message_id.as_deref(),
        imdn: imdn.as_deref(),
        from: from.as_deref(),
    };
    let shown = message.chunks.first();
    let shown = shown.and_then(|chunk| chunk.message.header("Content-Type"));
    let succeeds = message.success_report.as_deref() == Some("yes");
    let usual = |report: &Option<String>| report.as_deref().unwrap_or("yes").to_owned();
    let whole = *abort || content.is(shown, &message.body);
    !message.empty
        && whole
        && message.aborted == *abort
        && succeeds == *success_report
        && usual(&message.failure_report) == usual(failure_report)
        && (chunk_octets.is_none() || message.chunks.len() > 1)
}

/// An MSRP REPORT of the person in the call's session.
pub(super) fn report(call: &str, who: &str, place: &Place) -> Located {
    let wanted = || Located::absent(format!("an MSRP REPORT of {who}"));
    let Some(session) = session_of(call, who, place) else {
        return wanted();
    };
    let mut own = session.reports.iter().filter(|report| {
        report.seen.direction != Direction::FromSystem && first(report.frames()) > place.after
    });
    match own.next() {
        Some(report) => Located::Found {
            frames: report.frames().to_vec(),
            at: report.seen.at,
            call_id: None,
            label: None,
        },
        None => wanted(),
    }
}

/// A SEND to where the call's session is, for a session that no SDP names.
pub(super) fn stray(call: &str, who: &str, place: &Place) -> Located {
    let id = call_id(call, who, place);
    let calls = observe::calls(place.trace);
    let sessions = observe::sessions(place.trace);
    let named: Vec<&str> = calls
        .iter()
        .filter_map(|one| observe::session_of(one, &sessions))
        .map(|session| session.system_uri.as_str())
        .collect();
    let mut sent = sessions.iter().filter(|session| {
        let opens = session.facts.first();
        let opens = opens.filter(|fact| fact.seen.direction != Direction::FromSystem);
        !named.contains(&session.system_uri.as_str())
            && opens.is_some_and(|fact| first(fact.frames()) > place.after)
    });
    match (id, sent.next().and_then(|session| session.facts.first())) {
        (Some(_), Some(fact)) => Located::Found {
            frames: fact.frames().to_vec(),
            at: fact.seen.at,
            call_id: None,
            label: None,
        },
        _ => Located::absent("a SEND for a session that nobody has opened"),
    }
}

/// The end of the connection of the call's session, dialog untouched.
pub(super) fn close_media(call: &str, who: &str, place: &Place) -> Located {
    let closed = session_of(call, who, place).and_then(|session| session.closed);
    match closed {
        Some(seen) if first(&seen.frames) > place.after => Located::Found {
            frames: seen.frames.clone(),
            at: seen.at,
            call_id: None,
            label: None,
        },
        _ => Located::absent(format!("the end of the message connection of {who}")),
    }
}
