//! What an order asks of a request beyond its method and its identities: privacy, media, bodies, header fields.
use super::same;
use crate::observe::{Transaction, audio_direction};
use crate::wire::sdp::SessionDescription;
use crate::wire::sip::{BodyPart, NameAddr, SipMessage};

/// Header fields that change what a request asks for: where the scenario has none of them, the request has none either.
const TELLING: [&str; 9] = [
    "Replaces",
    "Join",
    "Require",
    "Target-Dialog",
    "Refer-Sub",
    "History-Info",
    "SIP-If-Match",
    "Reject-Contact",
    "Answer-Mode",
];
/// From hides the user where any privacy but `none` is asked for.
pub(super) fn private(
    message: &SipMessage,
    wanted: Option<&str>,
    without: &[String],
) -> Option<String> {
    let hidden = wanted.is_some_and(|value| !value.eq_ignore_ascii_case("none"));
    let dropped = without
        .iter()
        .any(|name| name.eq_ignore_ascii_case("Privacy"));
    let words = |value: &str| {
        let mut words: Vec<String> = value
            .split(';')
            .map(|word| word.trim().to_ascii_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        words.sort();
        words
    };
    let asked = words(wanted.filter(|_| !dropped).unwrap_or_default());
    let held = words(message.header("Privacy").unwrap_or_default());
    let from = message
        .header("From")
        .and_then(|from| NameAddr::parse(from).ok());
    let anonymous = from.is_some_and(|from| from.uri.host.ends_with("anonymous.invalid"));
    if asked != held {
        return Some(format!("has Privacy {:?}", held.join(";")));
    }
    // Who asks the network to hide him may leave From to it (3GPP TS 24.607 clause 4.5.2.1); who asks for nothing must not hide.
    let differs = anonymous && !hidden || hidden && dropped && !anonymous;
    differs.then(|| {
        format!(
            "is {}anonymous in From",
            if anonymous { "" } else { "not " }
        )
    })
}

/// Direction of the audio, and the media beside it.
pub(super) fn offer(
    one: &Transaction,
    direction: &str,
    more_media: &str,
    offers: bool,
) -> Option<String> {
    let Some(octets) = one.request.message.body_of("application/sdp") else {
        return offers.then(|| "makes no offer".to_owned());
    };
    if !offers {
        return Some("makes an offer".to_owned());
    }
    let held = audio_direction(one.request).unwrap_or("no audio");
    if held != direction {
        return Some(format!("offers {held}, not {direction}"));
    }
    let description = SessionDescription::parse(&octets).ok()?;
    let medias = description.session.medias.iter();
    let used = medias.filter(|media| media.port != 0);
    let mut held: Vec<String> = used.map(|media| media.media.clone()).collect();
    let named = more_media
        .lines()
        .filter_map(|line| line.strip_prefix("m="));
    let named = named.filter_map(|line| line.split_whitespace().next());
    let mut wanted: Vec<String> = named.map(str::to_owned).collect();
    wanted.push("audio".to_owned());
    held.sort();
    wanted.sort();
    (held != wanted).then(|| format!("offers {}, not {}", held.join(", "), wanted.join(", ")))
}

/// Bodies beside the description.
pub(super) fn parts_differ(one: &Transaction, wanted: &[BodyPart]) -> Option<String> {
    let at = i64::try_from(one.request.at() / 1_000_000_000).unwrap_or(i64::MAX);
    let mut held = one.request.message.bodies();
    held.retain(|part| part.content_type().as_deref() != Some("application/sdp"));
    if held.len() != wanted.len() {
        return Some(format!(
            "has {} further bodies, not {}",
            held.len(),
            wanted.len()
        ));
    }
    let disposition = |part: &BodyPart| {
        let value = part.header("Content-Disposition").unwrap_or_default();
        let value = value.split(';').next().unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    let same = |one: &BodyPart, other: &BodyPart| {
        let media_type = one.content_type().unwrap_or_default();
        Some(&media_type) == other.content_type().as_ref()
            && disposition(one) == disposition(other)
            && same::content(&media_type, &one.content, &other.content, at)
    };
    let missing = wanted
        .iter()
        .find(|part| !held.iter().any(|other| same(part, other)))?;
    let media_type = missing.content_type().unwrap_or_default();
    Some(format!("has no {media_type} with the same content"))
}

pub(super) fn headers_differ(message: &SipMessage, wanted: &[(String, String)]) -> Option<String> {
    let lacking = wanted
        .iter()
        .find(|(name, value)| !same::has(message, name, value));
    if let Some((name, value)) = lacking {
        return Some(format!("has no {name}: {value}"));
    }
    let unasked = TELLING.into_iter().find(|name| {
        let asked = wanted
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name));
        !asked && message.has_header(name)
    });
    unasked.map(|name| format!("has {name}"))
}

pub(super) fn left_out(
    message: &SipMessage,
    without: &[String],
    back: &[(String, String)],
) -> Option<String> {
    let kept = without.iter().find(|name| {
        let again = back
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name));
        !again && message.has_header(name)
    });
    kept.map(|name| format!("has {name}"))
}
