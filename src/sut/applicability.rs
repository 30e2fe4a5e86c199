//! ICS expressions: items joined by `and`, `or`, `not` and parentheses, e.g. `carriage.sc_address and not role.focus`.
use std::collections::BTreeMap;

/// The value of an expression, or what is wrong with it.
pub fn holds(expression: &str, items: &BTreeMap<String, bool>) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let value = either(&mut words, items, 0)?;
    match words.next() {
        None => Ok(value),
        Some(word) => Err(format!(
            "ICS expression `{expression}`: `{word}` is too much"
        )),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words, items: &BTreeMap<String, bool>, depth: usize) -> Result<bool, String> {
    let mut value = both(words, items, depth)?;
    while words.next_if_eq(&"or").is_some() {
        value |= both(words, items, depth)?;
    }
    Ok(value)
}

fn both(words: &mut Words, items: &BTreeMap<String, bool>, depth: usize) -> Result<bool, String> {
    let mut value = single(words, items, depth)?;
    while words.next_if_eq(&"and").is_some() {
        value &= single(words, items, depth)?;
    }
    Ok(value)
}

fn single(words: &mut Words, items: &BTreeMap<String, bool>, depth: usize) -> Result<bool, String> {
    if depth > 32 {
        return Err("ICS expression nested more than 32 deep".into());
    }
    match words.next() {
        Some("not") => Ok(!single(words, items, depth + 1)?),
        Some("(") => {
            let value = either(words, items, depth + 1)?;
            words
                .next_if_eq(&")")
                .map(|_| value)
                .ok_or_else(|| "ICS expression: `)` is missing".into())
        }
        Some(item) => items.get(item).copied().ok_or_else(|| {
            let known: Vec<&str> = items.keys().map(String::as_str).collect();
            format!(
                "ICS item `{item}` is not set in the profile; known: {}",
                known.join(", ")
            )
        }),
        None => Err("ICS expression ends too early".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::holds;

    #[test]
    fn reads_and_or_not_and_parentheses() {
        let items = [("a".to_owned(), true), ("b.c".to_owned(), false)].into();
        assert!(holds("a", &items).unwrap());
        assert!(holds("a and not b.c", &items).unwrap());
        assert!(holds("b.c or (a and not b.c)", &items).unwrap());
        assert!(!holds("not (a or b.c)", &items).unwrap());
    }

    #[test]
    fn refuses_an_item_that_is_not_set() {
        let message = holds("a and z", &[("a".to_owned(), true)].into()).unwrap_err();
        assert!(message.contains("`z` is not set"), "{message}");
    }
}
