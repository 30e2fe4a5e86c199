//! Whether two ladders tell the same, but for what only a race decides.
//!
//! Whoever talks to several at once has no settled order of what is said: conversations side by side change places, an answer crosses a
//! request, a message falls to another step, two notifications become one (RFC 6665 section 4.2.2, RFC 4575 section 4.4). What does
//! not change is the order of what one side says in one conversation. So ladders are compared conversation by conversation, each side for
//! itself and its notifications apart; numbered names count as the same when they stand in the same places.
//!
//! Not compared at all: in which step a message stands, how many notifications tell the same, and how many users a notification of a
//! conference lists, which hangs on what had happened when it was written. Who is in a conference is for the judges of rosters.
//!
//! More than 400 lines: the tests have whole ladders.
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How far the places where a name stands are followed: a name is known by its conversations, these by the names in them, and so on.
const ROUNDS: usize = 3;

/// What one side says in one conversation, in order.
#[derive(Debug)]
struct Side<'t> {
    /// Reference point, who speaks to whom, and `NOTIFY` or nothing.
    heading: [&'t str; 3],
    messages: Vec<Vec<&'t str>>,
}

/// A line that one ladder has and the other has not, or has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Who says it, as ladders call him.
    pub speaker: String,
    /// The line with its reference point and ends, and what stands there instead.
    pub line: String,
}

/// The lines by which `observed` differs from `expected`, the first of each side of a conversation; none where they tell the same.
pub fn differences(expected: &str, observed: &str) -> Vec<Difference> {
    if expected == observed {
        return Vec::new();
    }
    let (before, after) = (sides(expected), sides(observed));
    let bare = |sides: &[Side<'_>]| texts(sides, &HashMap::new());
    let found = unmatched(&before, &bare(&before), &after, &bare(&after));
    if !found.is_empty() {
        return found;
    }
    let named = |sides: &[Side<'_>]| texts(sides, &labels(sides));
    let mut found = unmatched(&before, &named(&before), &after, &named(&after));
    for difference in &mut found {
        difference.line.insert_str(0, "another identity in: ");
    }
    found
}

/// The first of them.
pub fn first_difference(expected: &str, observed: &str) -> Option<String> {
    let first = differences(expected, observed).into_iter().next();
    first.map(|difference| difference.line)
}

/// The conversations of a ladder.
fn sides(ladder: &str) -> Vec<Side<'_>> {
    let mut sides: Vec<Side<'_>> = Vec::new();
    let mut places: HashMap<(&str, &str, &str, &str), usize> = HashMap::new();
    let mut interface = "";
    let mut current = None;
    for line in ladder.lines() {
        let text = line.trim_start();
        match line.len() - text.len() {
            // A step: which one a message falls to may be a matter of luck.
            0 => current = None,
            2 => (interface, current) = (text, None),
            4 => {
                let (ends, said) = text.split_once("  ").unwrap_or((text, ""));
                let kind = if is_notification(said) { "NOTIFY" } else { "" };
                let conversation = name_of(said, "call").unwrap_or_default();
                let key = (interface, ends, kind, conversation);
                let place = *places.entry(key).or_insert_with(|| {
                    sides.push(Side {
                        heading: [interface, ends, kind],
                        messages: Vec::new(),
                    });
                    sides.len() - 1
                });
                sides[place].messages.push(vec![without_refresh(said)]);
                current = Some(place);
            }
            _ => {
                let message = current.and_then(|place| sides[place].messages.last_mut());
                if let Some(message) = message {
                    message.push(text);
                }
            }
        }
    }
    for side in &mut sides {
        if side.heading[2] == "NOTIFY" {
            settle_notifications(&mut side.messages);
        }
    }
    sides.retain(|side| !side.messages.is_empty());
    sides
}

/// How often a provisional response is refreshed depends on how long the answer takes (RFC 3261 section 13.3.1.1).
fn without_refresh(said: &str) -> &str {
    match said.strip_suffix(" (repeated)") {
        Some(once) if said.starts_with('1') => once,
        _ => said,
    }
}

fn is_notification(said: &str) -> bool {
    said.starts_with("NOTIFY ") || said.contains(" to NOTIFY ")
}

/// How many there are of the same, and whether progress is told, is the notifier's choice; that a subscriber is told is not.
fn settle_notifications(messages: &mut Vec<Vec<&str>>) {
    messages.retain(|message| !message.iter().any(|line| is_progress(line)));
    for message in messages.iter_mut() {
        message.retain(|line| !line.starts_with("conference-info "));
    }
    let mut seen = Vec::new();
    messages.retain(|message| {
        let is_new = !seen.contains(message);
        if is_new {
            seen.push(message.clone());
        }
        is_new
    });
}

fn is_progress(line: &str) -> bool {
    line.strip_prefix("sipfrag SIP/2.0 ")
        .is_some_and(|status| status.starts_with('1'))
}

/// The numbered name of that kind in a line, as it stands there.
fn name_of<'t>(line: &'t str, kind: &str) -> Option<&'t str> {
    names(line).find(|name| kind_of(name) == Some(kind))
}

/// Every `«...»` of a line.
fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split('«')
        .skip(1)
        .filter_map(|rest| rest.split_once('»').map(|(name, _)| name))
}

/// `call` of `call-3`; nothing of a name without a number.
fn kind_of(name: &str) -> Option<&str> {
    let (kind, number) = name.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then_some(kind)
}

/// Each side as one text, its numbered names replaced by their labels, or by their kind alone.
fn texts(sides: &[Side<'_>], labels: &HashMap<&str, u64>) -> Vec<String> {
    sides.iter().map(|side| side_text(side, labels)).collect()
}

fn side_text(side: &Side<'_>, labels: &HashMap<&str, u64>) -> String {
    let mut text = side.heading.join(" ");
    for line in side.messages.iter().flatten() {
        text.push('\n');
        text.push_str(&relabelled(line, labels));
    }
    text
}

fn relabelled(line: &str, labels: &HashMap<&str, u64>) -> String {
    let mut text = String::with_capacity(line.len());
    for (index, piece) in line.split('«').enumerate() {
        if index == 0 {
            text.push_str(piece);
            continue;
        }
        let (name, after) = piece.split_once('»').unwrap_or((piece, ""));
        match (kind_of(name), labels.get(name)) {
            (Some(kind), Some(label)) => text.push_str(&format!("«{kind} {label:x}»{after}")),
            (Some(kind), None) => text.push_str(&format!("«{kind}»{after}")),
            (None, _) => text.push_str(&format!("«{name}»{after}")),
        }
    }
    text
}

/// A label for every numbered name, made of all places where it stands.
fn labels<'t>(sides: &[Side<'t>]) -> HashMap<&'t str, u64> {
    let mut labels = HashMap::new();
    for _ in 0..ROUNDS {
        let mut places: BTreeMap<&'t str, Vec<u64>> = BTreeMap::new();
        for (side, text) in sides.iter().zip(texts(sides, &labels)) {
            let standing = side.messages.iter().flatten().flat_map(|line| names(line));
            for (index, name) in standing.enumerate() {
                if kind_of(name).is_some() {
                    places
                        .entry(name)
                        .or_default()
                        .push(digest(&(&text, index)));
                }
            }
        }
        labels = places
            .into_iter()
            .map(|(name, mut places)| {
                places.sort_unstable();
                (name, digest(&places))
            })
            .collect();
    }
    labels
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What one has and the other has not: each such side of `before`, compared with the most similar of the other, then those of `after` that
/// nothing was compared with.
fn unmatched(
    before: &[Side<'_>],
    before_texts: &[String],
    after: &[Side<'_>],
    after_texts: &[String],
) -> Vec<Difference> {
    let gone = without(before_texts, after_texts);
    let mut come = without(after_texts, before_texts);
    let mut found = Vec::new();
    for one in gone {
        let (side, lines) = (&before[one], before_texts[one].lines().collect::<Vec<_>>());
        let nearest = come
            .iter()
            .enumerate()
            .filter(|(_, other)| after[**other].heading == side.heading)
            .max_by_key(|(_, other)| common(&lines, &after_texts[**other]));
        found.push(match nearest.map(|(place, _)| place) {
            Some(place) => between(side, &lines, &after_texts[come.remove(place)]),
            None => spoken(side, lines.get(1), "is missing"),
        });
    }
    found.extend(come.into_iter().map(|other| {
        let mut lines = after_texts[other].lines();
        spoken(&after[other], lines.nth(1).as_ref(), "is new")
    }));
    found
}

/// Positions in `texts` that have no partner in `others`.
fn without(texts: &[String], others: &[String]) -> Vec<usize> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for other in others {
        *left.entry(other).or_default() += 1;
    }
    let mut alone = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match left.get_mut(text.as_str()).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => alone.push(index),
        }
    }
    alone
}

fn common(lines: &[&str], other: &str) -> usize {
    let pairs = lines.iter().zip(other.lines());
    pairs.take_while(|(one, other)| **one == *other).count()
}

fn between(side: &Side<'_>, lines: &[&str], other: &str) -> Difference {
    let at = common(lines, other);
    match (lines.get(at), other.lines().nth(at)) {
        (Some(expected), Some(observed)) => {
            let mut difference = spoken(side, Some(&observed), "");
            difference.line = format!("{}, not \"{expected}\"", difference.line.trim_end());
            difference
        }
        (Some(expected), None) => spoken(side, Some(expected), "is missing"),
        (None, observed) => spoken(side, observed.as_ref(), "is new"),
    }
}

fn spoken(side: &Side<'_>, line: Option<&&str>, what: &str) -> Difference {
    let [interface, ends, _] = side.heading;
    let line = line.copied().unwrap_or_default();
    let speaker = ends.split_once(" -> ").map_or(ends, |(from, _)| from);
    Difference {
        speaker: speaker.to_owned(),
        line: format!("{interface}, {ends}: \"{line}\" {what}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LADDER: &str = "\
[1] Alice invites Bob
  gm
    alice -> core  INVITE sip:«bob» «call-1» «tag-1»
        From: <sip:«alice»>
    core -> alice  180 Ringing to INVITE «call-1» «tag-1» «tag-2»
    core -> alice  200 OK to INVITE «call-1» «tag-1» «tag-2»
    alice -> core  SUBSCRIBE sip:«conference-1» «call-2» «tag-3»
    core -> alice  200 OK to SUBSCRIBE «call-2» «tag-3» «tag-4»
    core -> alice  NOTIFY sip:«alice» «call-2» «tag-4» «tag-3»
        conference-info full, 1 user
[2] Bob writes
  gm
    core -> alice  MESSAGE sip:«alice» «call-3» «tag-5»
        text/plain \"one\"
    core -> alice  MESSAGE sip:«alice» «call-4» «tag-6»
        text/plain \"two\"
";

    #[test]
    fn order_that_a_race_decides_is_no_difference() {
        let other = "\
[1] Alice invites Bob
  gm
    alice -> core  INVITE sip:«bob» «call-1» «tag-1»
        From: <sip:«alice»>
    core -> alice  180 Ringing to INVITE «call-1» «tag-1» «tag-2» (repeated)
    alice -> core  SUBSCRIBE sip:«conference-1» «call-2» «tag-3»
    core -> alice  NOTIFY sip:«alice» «call-2» «tag-4» «tag-3»
        conference-info full, 2 users
    core -> alice  NOTIFY sip:«alice» «call-2» «tag-4» «tag-3»
        conference-info partial, 1 user
    core -> alice  MESSAGE sip:«alice» «call-3» «tag-5»
        text/plain \"two\"
[2] Bob writes
  gm
    core -> alice  200 OK to INVITE «call-1» «tag-1» «tag-2»
    core -> alice  200 OK to SUBSCRIBE «call-2» «tag-3» «tag-4»
    core -> alice  MESSAGE sip:«alice» «call-4» «tag-6»
        text/plain \"one\"
";
        assert_eq!(first_difference(LADDER, other), None);
    }

    fn difference(from: &str, to: &str) -> String {
        let other = LADDER.replacen(from, to, 1);
        assert_ne!(other, LADDER);
        first_difference(LADDER, &other).unwrap()
    }

    #[test]
    fn names_the_first_line_that_differs() {
        assert_eq!(
            difference("200 OK to INVITE", "486 Busy Here to INVITE"),
            "gm, core -> alice: \"486 Busy Here to INVITE «call» «tag» «tag»\", \
             not \"200 OK to INVITE «call» «tag» «tag»\""
        );
        let said = difference("        text/plain \"one\"\n", "");
        assert!(said.ends_with("text/plain \"one\"\" is missing"), "{said}");
        let gone = difference(
            "    core -> alice  NOTIFY sip:«alice» «call-2» «tag-4» «tag-3»\n        conference-info full, 1 user\n",
            "",
        );
        assert!(gone.contains("NOTIFY sip:«alice»") && gone.ends_with("is missing"));
        let first = "    core -> alice  MESSAGE sip:«alice» «call-3» «tag-5»\n";
        let said = difference(
            first,
            &format!("    core -> alice  BYE sip:«alice» «call-1» «tag-2» «tag-1»\n{first}"),
        );
        assert!(said.contains("BYE") && said.ends_with("is new"), "{said}");
    }

    #[test]
    fn the_order_of_one_side_counts() {
        let swapped = LADDER
            .replace("180 Ringing", "later")
            .replace("200 OK to INVITE", "180 Ringing to INVITE")
            .replace("later to INVITE", "200 OK to INVITE");
        assert!(first_difference(LADDER, &swapped).is_some());
    }

    #[test]
    fn every_side_that_differs_is_named_with_its_speaker() {
        let other = LADDER
            .replace("200 OK to INVITE", "486 Busy Here to INVITE")
            .replace("From: <sip:«alice»>", "From: <sip:«bob»>")
            .replace(
                "core -> alice  MESSAGE sip:«alice» «call-4»",
                "core -> bob  MESSAGE sip:«alice» «call-4»",
            );
        let found = differences(LADDER, &other);
        let speakers: Vec<&str> = found.iter().map(|one| one.speaker.as_str()).collect();
        assert_eq!(speakers, ["alice", "core", "core", "core"], "{found:?}");
        assert!(found[2].line.ends_with("is missing") && found[3].line.ends_with("is new"));
        assert!(differences(LADDER, LADDER).is_empty());
    }

    #[test]
    fn an_answer_in_another_dialog_is_a_difference() {
        let said = difference(
            "180 Ringing to INVITE «call-1» «tag-1» «tag-2»",
            "180 Ringing to INVITE «call-1» «tag-1» «tag-9»",
        );
        assert!(said.starts_with("another identity in: "), "{said}");
    }
}
