//! URI lists in requests (RFC 5363): in the INVITE that makes a conference (RFC 5366), in REFER (RFC 5368), and the history of
//! recipients that the invitations carry (RFC 5364).
use super::super::faults::{Fault, InForce};
use super::dialing::Invitation;
use super::engine::Engine;
use super::policy::{Refusal, bare};
use crate::wire::sip::{BodyPart, ReferTo, SipMessage, SipUri, write_multipart};
use crate::wire::xml::resource_lists::{CopyControl, Entry, RESOURCE_LISTS, ResourceLists};
use std::sync::Arc;

/// The option tag of RFC 5366.
pub(super) const INVITE_LIST: &str = "recipient-list-invite";
const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Whether a request wants a URI list to be invited.
pub(super) fn is_asked_for(request: &SipMessage) -> bool {
    request.values("Require").contains(&INVITE_LIST)
}

/// The entries of the list in the body: the part whose disposition says so, or the only one of its type.
pub(super) fn entries(request: &SipMessage) -> Result<Vec<Entry>, Refusal> {
    let body = request
        .body_of(RESOURCE_LISTS)
        .ok_or_else(|| Refusal::new(400, "Missing URI List"))?;
    let lists = ResourceLists::parse(&body).map_err(|_| Refusal::new(400, "Malformed URI List"))?;
    let mut entries: Vec<Entry> = Vec::new();
    // RFC 5363 section 4.1: hierarchy is ignored, and who is named twice is invited once.
    for entry in lists.flat() {
        if !entries.iter().any(|known| known.uri == entry.uri) {
            entries.push(entry.clone());
        }
    }
    Ok(entries)
}

/// Whom an INVITE names to be invited.
pub(super) fn of_invite(
    engine: &Engine,
    request: &Arc<SipMessage>,
    who: &str,
    factory: bool,
) -> Result<Vec<Invitation>, Refusal> {
    mark!("CF-16");
    if !is_asked_for(request) {
        return Ok(Vec::new());
    }
    if !engine.policy.takes_lists() || !factory {
        return Err(Refusal::new(420, "Bad Extension").with("Unsupported", INVITE_LIST));
    }
    invitations(request, who, engine.faults)
}

/// An invitation for every entry but the requester himself.
pub(super) fn invitations(
    request: &Arc<SipMessage>,
    who: &str,
    faults: InForce,
) -> Result<Vec<Invitation>, Refusal> {
    let entries = entries(request)?;
    let history = history(&entries, faults);
    let mut invitations = Vec::new();
    for entry in &entries {
        let uri = SipUri::parse(&entry.uri)
            .map_err(|_| Refusal::new(400, "Malformed URI In URI List"))?;
        let refer = ReferTo::of(&uri);
        if bare(&refer.uri).eq_ignore_ascii_case(who) {
            continue;
        }
        invitations.push(Invitation {
            uri: refer.uri.clone(),
            replaces: refer.header("Replaces").map(str::to_owned),
            referred_by: request.header("Referred-By").map(str::to_owned),
            requester: who.to_owned(),
            request: Arc::clone(request),
            history: history.clone(),
            listed: true,
        });
    }
    Ok(invitations)
}

/// Who else is invited, as far as each may know: blind copies are left out, the anonymised are masked.
fn history(entries: &[Entry], faults: InForce) -> Option<Vec<u8>> {
    mark!("CF-18");
    let blind = |entry: &Entry| {
        entry.copy_control == Some(CopyControl::Bcc) && !faults.is(Fault::BlindCopiesShown)
    };
    let masked = |entry: &Entry| entry.anonymize && !faults.is(Fault::AnonymizeIgnored);
    let shown: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.copy_control.is_some() && !blind(entry))
        .map(|entry| Entry {
            uri: if masked(entry) {
                ANONYMOUS.to_owned()
            } else {
                entry.uri.clone()
            },
            copy_control: entry.copy_control,
            ..Entry::default()
        })
        .collect();
    let list = (!shown.is_empty()).then(|| ResourceLists::of(shown).to_octets());
    mark!("CF-19");
    if faults.is(Fault::CopyControlMisspelt) {
        let text = list.map(|octets| String::from_utf8_lossy(&octets).into_owned());
        return text.map(|text| text.replace(":copycontrol", ":copyControl").into_bytes());
    }
    list
}

/// Session description and history as one body.
pub(super) fn with_history(description: Vec<u8>, history: Vec<u8>) -> (String, Vec<u8>) {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let parts = [
        BodyPart {
            headers: vec![field("Content-Type", "application/sdp")],
            content: description,
        },
        BodyPart {
            headers: vec![
                field("Content-Type", RESOURCE_LISTS),
                field(
                    "Content-Disposition",
                    "recipient-list-history; handling=optional",
                ),
            ],
            content: history,
        },
    ];
    let boundary = "focus-history-1";
    (
        format!("multipart/mixed;boundary=\"{boundary}\""),
        write_multipart(boundary, &parts),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_history_hides_blind_copies_and_masks_the_anonymised() {
        let entry = |uri: &str, copy_control, anonymize| Entry {
            copy_control: Some(copy_control),
            anonymize,
            ..Entry::new(uri)
        };
        let entries = [
            entry("sip:bob@home1.example", CopyControl::To, false),
            entry("sip:carol@home1.example", CopyControl::Bcc, false),
            entry("sip:dave@home1.example", CopyControl::Cc, true),
        ];
        let read = ResourceLists::parse(&history(&entries, InForce(None)).unwrap()).unwrap();
        let uris: Vec<&str> = read.flat().iter().map(|e| e.uri.as_str()).collect();
        assert_eq!(uris, ["sip:bob@home1.example", ANONYMOUS]);
        assert_eq!(
            history(&[Entry::new("sip:bob@home1.example")], InForce(None)),
            None
        );
    }
}
