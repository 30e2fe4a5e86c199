//! ICS expressions: items joined by `and`, `or`, `not` and parentheses, e.g. `carriage.sc_address and not role.focus`.
//!
//! An item is yes, no or unset. An expression whose value hangs on items that are unset has no value, and says which items those are;
//! an unset item that cannot change the value any more does not matter.
use super::profile::Claim;
use std::collections::{BTreeMap, BTreeSet};

/// The items a system claims, by name. What is not in it is unset.
pub type Items = BTreeMap<String, Claim>;

/// How deep parentheses and `not` may be nested.
const DEPTH_AT_MOST: usize = 32;

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Yes,
    No,
    /// It hangs on these items, which are unset.
    Undecided(BTreeSet<String>),
}

impl Value {
    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            undecided => undecided,
        }
    }

    /// The two joined: `decisive` decides alone, whatever the other is.
    fn joined(self, other: Self, decisive: &Self) -> Self {
        match (self, other) {
            (one, other) if one == *decisive || other == *decisive => decisive.clone(),
            (Self::Undecided(mut items), Self::Undecided(more)) => {
                items.extend(more);
                Self::Undecided(items)
            }
            (Self::Undecided(items), _) | (_, Self::Undecided(items)) => Self::Undecided(items),
            (one, _) => one,
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        self.joined(other, &Self::No)
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        self.joined(other, &Self::Yes)
    }
}

/// An expression that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    Item(String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Expression {
    /// Reads an expression; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace().peekable();
        let wrong = |what: String| format!("ICS expression `{text}`: {what}");
        let expression = either(&mut words, 0).map_err(wrong)?;
        match words.next() {
            None => Ok(expression),
            Some(word) => Err(wrong(format!(
                "`{word}` is too much; items are joined by `and`, `or`, `not` and parentheses"
            ))),
        }
    }

    pub fn value(&self, items: &Items) -> Value {
        match self {
            Self::Item(item) => match items.get(item) {
                Some(Claim::Yes) => Value::Yes,
                Some(Claim::No) => Value::No,
                Some(Claim::Unset) | None => Value::Undecided([item.clone()].into()),
            },
            Self::Not(one) => one.value(items).negated(),
            Self::And(one, other) => one.value(items).and(other.value(items)),
            Self::Or(one, other) => one.value(items).or(other.value(items)),
        }
    }

    /// The items it names.
    pub fn items(&self) -> BTreeSet<String> {
        match self {
            Self::Item(item) => [item.clone()].into(),
            Self::Not(one) => one.items(),
            Self::And(one, other) | Self::Or(one, other) => &one.items() | &other.items(),
        }
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words, depth: usize) -> Result<Expression, String> {
    let mut one = both(words, depth)?;
    while words.next_if_eq(&"or").is_some() {
        one = Expression::Or(one.into(), both(words, depth)?.into());
    }
    Ok(one)
}

fn both(words: &mut Words, depth: usize) -> Result<Expression, String> {
    let mut one = single(words, depth)?;
    while words.next_if_eq(&"and").is_some() {
        one = Expression::And(one.into(), single(words, depth)?.into());
    }
    Ok(one)
}

fn single(words: &mut Words, depth: usize) -> Result<Expression, String> {
    if depth > DEPTH_AT_MOST {
        return Err(format!("nested more than {DEPTH_AT_MOST} deep"));
    }
    match words.next() {
        Some("not") => Ok(Expression::Not(single(words, depth + 1)?.into())),
        Some("(") => {
            let inside = either(words, depth + 1)?;
            let closed = words.next_if_eq(&")");
            closed.map(|_| inside).ok_or("`)` is missing".to_owned())
        }
        Some(word @ ("and" | "or" | ")")) => Err(format!("`{word}` where an item has to be")),
        Some(item) => Ok(Expression::Item(item.to_owned())),
        None => Err("it ends too early".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        let items = Items::from([
            ("a".to_owned(), Claim::Yes),
            ("b.c".to_owned(), Claim::No),
            ("d".to_owned(), Claim::Unset),
        ]);
        Expression::parse(text).unwrap().value(&items)
    }

    #[test]
    fn reads_and_or_not_and_parentheses() {
        assert_eq!(value("a"), Value::Yes);
        assert_eq!(value("a and not b.c"), Value::Yes);
        assert_eq!(value("b.c or (a and not b.c)"), Value::Yes);
        assert_eq!(value("not (a or b.c)"), Value::No);
    }

    #[test]
    fn names_the_items_that_decide_and_are_unset() {
        let undecided = |items: &[&str]| {
            let items = items.iter().map(|&item| item.to_owned());
            Value::Undecided(items.collect())
        };
        assert_eq!(value("d"), undecided(&["d"]));
        assert_eq!(value("a and not d or z"), undecided(&["d", "z"]));
        // Whatever `d` is, the value is known.
        assert_eq!(value("b.c and d"), Value::No);
        assert_eq!(value("d or a"), Value::Yes);
    }

    #[test]
    fn says_what_is_wrong_with_an_expression() {
        for (text, what) in [
            ("a b", "`b` is too much"),
            ("(a or b", "`)` is missing"),
            ("a and", "ends too early"),
            ("and a", "`and` where an item has to be"),
        ] {
            let message = Expression::parse(text).unwrap_err();
            assert!(message.contains(what), "{message}");
        }
    }
}
