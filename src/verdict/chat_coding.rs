//! The characters of a chat message in short messages: alphabet, parts, and what must stay together.
use super::{Judgement, Question, Reason, View};
use crate::observe::{Part, ShortMessage};
use crate::wire::sms::{Coding, encode_gsm7, encode_ucs2, suits_gsm7};

/// Septets or 16-bit units of a text.
fn units(text: &str, coding: Coding) -> Option<usize> {
    match coding {
        Coding::Gsm7 => encode_gsm7(text).ok().map(|septets| septets.len()),
        Coding::Ucs2 => Some(encode_ucs2(text).len() / 2),
        _ => None,
    }
}

/// Room in a short message that stands alone, and in a part (3GPP TS 23.040 clause 9.2.3.24.1 and 9.2.3.24.8).
fn limits(coding: Coding, wide: bool) -> (usize, usize) {
    match (coding, wide) {
        (Coding::Gsm7, false) => (160, 153),
        (Coding::Gsm7, true) => (160, 152),
        (_, false) => (70, 67),
        (_, true) => (70, 66),
    }
}

fn name(coding: Option<Coding>) -> &'static str {
    match coding {
        Some(Coding::Gsm7) => "the GSM 7-bit default alphabet",
        Some(Coding::Ucs2) => "UCS2",
        _ => "neither the GSM alphabet nor UCS2",
    }
}

fn frames_of(messages: &[ShortMessage]) -> Vec<u32> {
    let frames = messages.iter().flat_map(|message| &message.frames);
    frames.copied().collect()
}

fn in_parts(messages: &[ShortMessage]) -> String {
    let parts: usize = messages.iter().map(|message| message.parts.len()).sum();
    format!("{parts} part(s) under {} reference(s)", messages.len())
}

/// The short message with that text; what else came instead is shown, and may still be followed by it.
fn about_text(
    view: &View,
    to: &str,
    text: &str,
    judge: impl FnOnce(&ShortMessage) -> Judgement,
) -> Judgement {
    let messages = view.new_short_messages_to(to);
    match messages.iter().find(|one| one.complete && one.text == text) {
        Some(message) => judge(message),
        None => Judgement::Awaited {
            observed: match messages.first() {
                Some(other) if other.complete => format!("{:?}", other.text),
                Some(_) => in_parts(&messages),
                None => format!("no short message to {to}"),
            },
            frames: frames_of(&messages),
        },
    }
}

//= M2S-05 type=test
pub fn coded_in(text: &str, to: &str, coding: Coding, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    let expected = format!("{text:?} in {}", name(Some(coding)));
    Question::eventually(expected, reaction, move |view| {
        about_text(view, &to, &text, |message| {
            let other = message
                .parts
                .iter()
                .find(|part| part.coding != Some(coding));
            let frames = message.frames.clone();
            match other {
                None => Judgement::holds(format!("{:?} in {}", text, name(Some(coding))), frames),
                Some(part) => {
                    let observed = format!("{:?} in {}", text, name(part.coding));
                    Judgement::broken(Reason::WrongValue, observed, frames)
                }
            }
        })
    })
}

//= M2S-06 type=test
pub fn in_as_few_parts(text: &str, to: &str, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        "one reference on all parts, sequence 1 to n, no part too long and none too many",
        reaction,
        move |view| about_text(view, &to, &text, well_cut),
    )
}

fn well_cut(message: &ShortMessage) -> Judgement {
    let coding = match suits_gsm7(&message.text) {
        true => Coding::Gsm7,
        false => Coding::Ucs2,
    };
    if message.parts.iter().any(|part| part.coding != Some(coding)) {
        return Judgement::unproven("the text is coded otherwise than the limits are for");
    }
    let wide = |part: &Part| part.concatenation.is_some_and(|place| place.wide);
    let (alone, part_limit) = limits(coding, message.parts.iter().any(wide));
    let whole = units(&message.text, coding).unwrap_or(0);
    if message.parts.len() == 1 && whole > alone {
        // message_payload: the service centre will make the parts.
        return Judgement::unproven("the whole text in one PDU: the carriage shows no parts");
    }
    let needed = match whole > alone {
        true => whole.div_ceil(part_limit),
        false => 1,
    };
    let limit = if needed > 1 { part_limit } else { alone };
    let lengths: Vec<usize> = message
        .parts
        .iter()
        .filter_map(|part| units(part.text.as_deref()?, coding))
        .collect();
    let observed = format!("{} part(s) of {lengths:?}", message.parts.len());
    let frames = message.frames.clone();
    match lengths.iter().any(|length| *length > limit) || message.parts.len() > needed {
        false => Judgement::holds(observed, frames),
        true => {
            let observed = format!("{observed}; {needed} of at most {limit} would do");
            Judgement::broken(Reason::ProtocolViolation, observed, frames)
        }
    }
}

/// The text arrives whole, and each part could be shown before the others have come.
//= M2S-07 type=test
pub fn every_part_is_text(text: &str, to: &str, reaction: f64) -> Question {
    let (text, to) = (text.to_owned(), to.to_owned());
    Question::eventually(
        "every part is text by itself, and together they are the text that was written",
        reaction,
        move |view| {
            let messages = view.new_short_messages_to(&to);
            let unreadable = messages
                .iter()
                .flat_map(|message| &message.parts)
                .find(|part| part.text.is_none());
            if let Some(part) = unreadable {
                let number = part.concatenation.map_or(1, |place| place.sequence);
                let observed = format!("part {number} is no text of its coding by itself");
                return Judgement::broken(Reason::ProtocolViolation, observed, part.frames);
            }
            let Some(message) = messages.iter().find(|message| message.complete) else {
                return Judgement::Awaited {
                    observed: in_parts(&messages),
                    frames: frames_of(&messages),
                };
            };
            let frames = message.frames.clone();
            match message.text == text {
                true => Judgement::holds(format!("{} parts", message.parts.len()), frames),
                false => Judgement::broken(
                    Reason::WrongValue,
                    format!("the parts give {:?}", around(&message.text, &text)),
                    frames,
                ),
            }
        },
    )
}

/// What a text has where it first differs from the one expected.
fn around(text: &str, expected: &str) -> String {
    let same = text.chars().zip(expected.chars());
    let at = same.take_while(|(one, other)| one == other).count();
    let shown = text.chars().skip(at.saturating_sub(5)).take(10);
    format!("…{}…", shown.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_where_two_texts_part() {
        assert_eq!(
            around("abcdefg e1234567", "abcdefg€1234567"),
            "…cdefg e123…"
        );
        assert_eq!(around("ab", "abc"), "…ab…");
    }

    #[test]
    fn counts_escape_sequences_and_surrogates_as_two() {
        assert_eq!(units("a€", Coding::Gsm7), Some(3));
        assert_eq!(units("a🙂", Coding::Ucs2), Some(3));
        assert_eq!(units("ж", Coding::Gsm7), None);
    }
}
