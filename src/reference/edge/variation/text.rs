//! White space, folding and letter case where the grammar of RFC 3261 section 25.1 leaves a choice, and how its lists are cut.
use super::super::dice::Dice;

/// The hand a message is written in: which liberties it takes, the same ones throughout.
#[derive(Debug)]
pub(super) struct Hand {
    pub(super) dice: Dice,
    spaces: bool,
    folds: bool,
    pub(super) cases: bool,
    pub(super) compacts: bool,
}

impl Hand {
    pub(super) fn new(mut dice: Dice) -> Self {
        Self {
            spaces: dice.chance(50),
            folds: dice.chance(35),
            cases: dice.chance(50),
            compacts: dice.chance(50),
            dice,
        }
    }

    /// SWS.
    pub(super) fn gap(&mut self) -> &'static str {
        match (self.spaces, self.folds) {
            (false, false) => "",
            _ if self.dice.chance(60) => "",
            (_, true) if self.dice.chance(40) => self.dice.pick(&["\r\n ", "\r\n\t", " \r\n  "]),
            (true, _) => self.dice.pick(&[" ", "\t", "  "]),
            _ => "",
        }
    }

    /// LWS.
    pub(super) fn space(&mut self) -> &'static str {
        match self.gap() {
            "" => " ",
            gap => gap,
        }
    }

    /// HCOLON: only blanks before the colon.
    pub(super) fn colon(&mut self) -> String {
        let before = match self.spaces && self.dice.chance(30) {
            true => self.dice.pick(&[" ", "\t", "  "]),
            false => "",
        };
        let behind = match self.dice.chance(70) {
            true => " ",
            false => self.gap(),
        };
        format!("{before}:{behind}")
    }

    /// A separator with SWS on both sides: COMMA, SEMI, EQUAL, SLASH.
    pub(super) fn around(&mut self, separator: char) -> String {
        let before = self.gap();
        format!("{before}{separator}{}", self.gap())
    }

    pub(super) fn name(&mut self, name: &str) -> String {
        match self.cases {
            true => self.dice.case(name),
            false => name.to_owned(),
        }
    }
}

/// Cuts at a separator outside quoted strings and angle brackets; pieces are trimmed.
pub(in crate::reference::edge) fn cut(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut quoted, mut escaped, mut angle) = (0, false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ if c == separator && !quoted && !angle => {
                pieces.push(text[from..at].trim());
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text[from..].trim());
    pieces
}

/// A parameter as written: name, and value with its quotes.
pub(super) type Parameter = (String, Option<String>);

/// What follows the first piece of `value;name=value;name`.
pub(super) fn parameters<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Parameter> {
    let one = |piece: &str| match piece.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
        None => (piece.to_owned(), None),
    };
    let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
    pieces.map(one).collect()
}

/// Parameters in another order and case (RFC 3261 section 7.3.1: names are case-insensitive), with white space.
pub(super) fn print(mut parameters: Vec<Parameter>, hand: &mut Hand) -> String {
    if hand.dice.chance(50) {
        hand.dice
            .shuffle(&mut parameters, |(name, _)| name.to_ascii_lowercase());
    }
    let mut out = String::new();
    for (name, value) in parameters {
        out += &hand.around(';');
        out += &hand.name(&name);
        if let Some(value) = value {
            out += &hand.around('=');
            out += &value;
        }
    }
    out
}

pub(super) fn is_token(text: &str) -> bool {
    let of_token = |o: u8| o.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&o);
    !text.is_empty() && text.bytes().all(of_token)
}

/// A value that may be a token or a quoted string, as the other one where it can be.
pub(super) fn other_quotes(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if is_token(inner) => inner.to_owned(),
        None if is_token(value) => format!("\"{value}\""),
        _ => value.to_owned(),
    }
}
