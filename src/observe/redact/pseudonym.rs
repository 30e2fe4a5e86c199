//! Pseudonyms: what stands for a number or a word once a capture is shown to others.
//!
//! A keyed permutation (a Feistel network over the symbols of one kind) that keeps length, kind and case of every character: the same
//! number has the same pseudonym everywhere, digits stay digits behind the same country code, and who has the key can turn it back. What
//! the operator's templates and keywords say is nobody's secret and stays.
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const ROUNDS: u8 = 8;
/// Fewer digits are no number of a subscriber.
pub(super) const NUMBER_AT_LEAST: usize = 7;
/// An IMSI (3GPP TS 23.003 clause 2.2) has as many digits, a number seldom.
const IMSI_AT_LEAST: usize = 14;
/// Mobile country code and mobile network code.
const NETWORK: usize = 5;

/// Letters that stand for one another. Those of the GSM 7 bit default alphabet (3GPP TS 23.038 clause 6.2.1) stay in it.
const KINDS: [&str; 6] = [
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "àèéìòùäöñüåæø",
    "ÄÖÑÜÅÆØÉÇ",
    "ΔΦΓΛΩΠΨΣΘΞ",
];
/// Row of the digits.
const DIGITS: usize = 0;
/// CJK unified ideographs, the only letters too many for a table.
const IDEOGRAPHS: std::ops::RangeInclusive<u32> = 0x4e00..=0x9fff;

/// Country codes of one and of two digits (ITU-T E.164); all others have three.
const ONE: &str = "17";
const TWO: [&str; 43] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95",
];

/// The pseudonyms of one run.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 32],
    /// Words that stay, in lower case.
    kept: BTreeSet<String>,
    back: bool,
}

/// Keys are for nobody's eyes.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// `kept` are texts whose words stay: the operator's.
    pub fn new<'a>(key: [u8; 32], kept: impl IntoIterator<Item = &'a str>) -> Self {
        let words = kept.into_iter().flat_map(tokens);
        let kept = words.map(|(_, word)| word.to_lowercase()).collect();
        Self {
            key,
            kept,
            back: false,
        }
    }

    /// The same the other way round: from pseudonyms to what they stand for.
    pub fn back(&self) -> Self {
        Self {
            back: !self.back,
            ..self.clone()
        }
    }

    /// Digits of a number or of an IMSI.
    pub fn number(&self, digits: &str) -> String {
        let kept = match digits.len() {
            length if length >= IMSI_AT_LEAST => NETWORK,
            length if length >= NUMBER_AT_LEAST => country(digits),
            _ => 0,
        };
        let (head, rest) = digits.split_at(kept.min(digits.len()));
        let zero = rest.starts_with('0');
        let valid = |rest: &str| rest.starts_with('0') == zero;
        format!("{head}{}", self.walk(KINDS[DIGITS], head, rest, valid))
    }

    /// A text, word by word.
    pub fn text(&self, text: &str) -> String {
        let said = |(kind, word): (Option<Kind>, &str)| match kind {
            None => word.to_owned(),
            Some(_) if self.kept.contains(&word.to_lowercase()) => word.to_owned(),
            Some(Kind::Table(DIGITS)) if word.len() >= NUMBER_AT_LEAST => self.number(word),
            Some(kind) => self.word(kind, word),
        };
        tokens(text).map(said).collect()
    }

    fn word(&self, kind: Kind, word: &str) -> String {
        let valid = |word: &str| !self.kept.contains(&word.to_lowercase());
        match kind {
            Kind::Ideographs => {
                let symbols = word.chars().map(|c| c as u32 - IDEOGRAPHS.start());
                let radix = IDEOGRAPHS.end() - IDEOGRAPHS.start() + 1;
                let mut symbols: Vec<u32> = symbols.collect();
                self.permute(&mut symbols, radix, "ideographs");
                let chars = symbols.iter().map(|s| s + IDEOGRAPHS.start());
                chars.filter_map(char::from_u32).collect()
            }
            Kind::Table(table) => self.walk(KINDS[table], KINDS[table], word, valid),
        }
    }

    /// Permutes until it is valid again, as what it began with was.
    fn walk(
        &self,
        alphabet: &str,
        tweak: &str,
        word: &str,
        valid: impl Fn(&str) -> bool,
    ) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let radix = u32::try_from(alphabet.len()).unwrap_or(1);
        let place = |c: char| alphabet.iter().position(|known| *known == c);
        let mut symbols: Vec<u32> = word
            .chars()
            .filter_map(|c| u32::try_from(place(small(c))?).ok())
            .collect();
        loop {
            self.permute(&mut symbols, radix, tweak);
            let said: String = symbols
                .iter()
                .filter_map(|symbol| alphabet.get(*symbol as usize))
                .zip(word.chars())
                .map(|(said, was)| match small(was) == was {
                    true => *said,
                    false => large(*said),
                })
                .collect();
            // A permutation comes back to where it began, which is valid.
            if valid(&said) {
                return said;
            }
        }
    }

    fn permute(&self, symbols: &mut [u32], radix: u32, tweak: &str) {
        let length = symbols.len();
        let (left, right) = symbols.split_at_mut(length / 2);
        for step in 0..ROUNDS {
            let round = match self.back {
                true => ROUNDS - 1 - step,
                false => step,
            };
            let (from, to) = match round % 2 {
                0 => (&*left, &mut *right),
                _ => (&*right, &mut *left),
            };
            for (index, symbol) in to.iter_mut().enumerate() {
                let step = self.step(round, from, index, length, tweak) % radix;
                *symbol = match self.back {
                    true => (*symbol + radix - step) % radix,
                    false => (*symbol + step) % radix,
                };
            }
        }
    }

    fn step(&self, round: u8, half: &[u32], index: usize, length: usize, tweak: &str) -> u32 {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update([round]);
        digest.update((length as u64).to_be_bytes());
        digest.update((index as u64).to_be_bytes());
        digest.update((tweak.len() as u64).to_be_bytes());
        digest.update(tweak);
        half.iter().for_each(|s| digest.update(s.to_be_bytes()));
        let digest = digest.finalize();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }
}

/// How many digits the country code at the beginning of a number has.
fn country(digits: &str) -> usize {
    match digits {
        d if d.starts_with(|c| ONE.contains(c)) => 1,
        d if TWO.iter().any(|code| d.starts_with(code)) => 2,
        _ => 3,
    }
}

/// The small letter of a capital one, in the alphabets that have a row for both.
fn small(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        'А'..='Я' => c.to_lowercase().next().unwrap_or(c),
        _ => c,
    }
}

fn large(c: char) -> char {
    match c {
        'a'..='z' => c.to_ascii_uppercase(),
        'а'..='я' => c.to_uppercase().next().unwrap_or(c),
        _ => c,
    }
}

/// A row of `KINDS`, or ideographs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table(usize),
    Ideographs,
}

fn kind(c: char) -> Option<Kind> {
    if IDEOGRAPHS.contains(&(c as u32)) {
        return Some(Kind::Ideographs);
    }
    let c = small(c);
    KINDS.iter().position(|k| k.contains(c)).map(Kind::Table)
}

/// Runs of characters of one kind, and what stands between them.
fn tokens(text: &str) -> impl Iterator<Item = (Option<Kind>, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (token, behind) = rest.split_at(end);
        rest = behind;
        Some((first, token))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> (Pseudonyms, Pseudonyms) {
        let there = Pseudonyms::new([7; 32], ["{caller} invites you, yes"]);
        let back = there.back();
        (there, back)
    }

    #[test]
    fn numbers_stay_numbers_of_their_country_and_can_be_turned_back() {
        let (there, back) = both();
        for number in [
            "447700900800",
            "12125550123",
            "353861234567",
            "001010123456789",
            "4711",
        ] {
            let said = there.number(number);
            assert_eq!(said.len(), number.len());
            assert_ne!(said, number);
            assert_eq!(back.number(&said), number);
        }
        assert!(there.number("447700900800").starts_with("44"));
        assert!(there.number("001010123456789").starts_with("00101"));
    }

    #[test]
    fn words_keep_their_shape_except_the_operators() {
        let (there, back) = both();
        let text = "Привет Bob, it's 3 o'clock at Café Ωμέγα 会議 +447700900800";
        let said = there.text(text);
        assert_eq!(said.chars().count(), text.chars().count());
        assert_eq!(said.len(), text.len());
        assert!(!said.contains("clock") && !said.contains("Привет") && !said.contains("会議"));
        assert!(said.contains(&format!("+{}", there.number("447700900800"))));
        assert_eq!(back.text(&said), text);
        assert_eq!(
            there.text("Alice invites you"),
            format!("{} invites you", there.text("Alice"))
        );
    }
}
