//! Chat messages whose characters matter: alphabets, lengths, and what must stay together.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::verdict::chat_coding;
use crate::wire::sms::Coding;
use cucumber::Parameter;
use cucumber::gherkin::Step;
use cucumber::{then, when};
use std::convert::Infallible;
use std::str::FromStr;

/// Characters that a text is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "alphabet", regex = "the GSM alphabet|Cyrillic")]
pub enum Alphabet {
    Gsm,
    Cyrillic,
}

impl FromStr for Alphabet {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "Cyrillic" => Self::Cyrillic,
            _ => Self::Gsm,
        })
    }
}

impl Alphabet {
    /// A text of that many characters, each of one septet or one unit; no two stretches of it are alike.
    pub fn text(self, length: usize) -> String {
        let (words, filler) = match self {
            Self::Gsm => ("abcdefghijklmnopqrstuvwxyz", ' '),
            Self::Cyrillic => ("абвгдежзиклмнопрстуфхцчшщыэюя", 'ъ'),
        };
        let words: Vec<char> = words.chars().collect();
        let numbered = (1..).flat_map(|number: usize| {
            let letter = words[number % words.len()];
            let number = number.to_string();
            number.chars().chain([letter, filler]).collect::<Vec<_>>()
        });
        numbered.take(length).collect()
    }
}

/// How the characters of a short message are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "coding", regex = "the GSM 7-bit default alphabet|UCS2")]
pub struct CodingName(pub Coding);

impl FromStr for CodingName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text {
            "UCS2" => Coding::Ucs2,
            _ => Coding::Gsm7,
        }))
    }
}

/// How many characters follow one that stands at a limit.
const AFTERWARDS: usize = 40;

/// A chat message of that length, all in one alphabet.
#[when(expr = "{person} sends {person} {int} characters of {alphabet}")]
async fn sends_characters(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    length: usize,
    alphabet: Alphabet,
    step: &Step,
) {
    let text = alphabet.text(length);
    lab.stage().said = text.clone();
    lab.say(&step.value, &caller, &callee, &text).await;
}

/// A chat message with one character of two septets or two units at that place, and others behind it.
#[when(expr = "{person} sends {person} {string} after {int} characters of {alphabet}")]
async fn sends_after(
    lab: &mut Lab,
    caller: PersonName,
    callee: PersonName,
    character: String,
    offset: usize,
    alphabet: Alphabet,
    step: &Step,
) {
    let text = format!(
        "{}{character}{}",
        alphabet.text(offset),
        alphabet.text(AFTERWARDS)
    );
    lab.stage().said = text.clone();
    lab.say(&step.value, &caller, &callee, &text).await;
}

/// TP-DCS, data_coding of SMPP.
#[then(expr = "{person} receives {string} in {coding}")]
async fn receives_coded(
    lab: &mut Lab,
    person: PersonName,
    text: String,
    coding: CodingName,
    step: &Step,
) {
    let question = chat_coding::coded_in(&text, &person.0, coding.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Reference, numbers and lengths of the parts.
#[then(expr = "{person} receives that text in as few parts as it needs")]
async fn receives_parts(lab: &mut Lab, person: PersonName, step: &Step) {
    let text = lab.stage().said.clone();
    let question = chat_coding::in_as_few_parts(&text, &person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No part ends within an escape sequence or a surrogate pair.
#[then(expr = "every part that {person} receives is text by itself")]
async fn receives_readable_parts(lab: &mut Lab, person: PersonName, step: &Step) {
    let text = lab.stage().said.clone();
    let question = chat_coding::every_part_is_text(&text, &person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}
