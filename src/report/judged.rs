//! Which lines of a message a finding is about, so that the report can mark them.
//!
//! A finding names frames and says in words what was expected and observed; it does not point into a message. A line is marked if those
//! words name its header field, or if it holds a value that they quote. Where they do neither, the first line stands for the message.
use crate::verdict::Finding;

/// A word shorter than this says too little to be looked for.
const SHORTEST_VALUE: usize = 5;

/// Positions of the lines that `findings` are about.
pub(super) fn marks<'a>(
    lines: &[String],
    findings: impl Iterator<Item = &'a Finding>,
) -> Vec<usize> {
    let words: Vec<String> = findings
        .map(|f| format!("{} {} {}", f.sentence, f.expected, f.observed))
        .collect();
    if words.is_empty() || lines.is_empty() {
        return Vec::new();
    }
    let said = words.join("\n");
    let values = values(&said);
    let about = |(at, line): (usize, &String)| {
        let named = match at {
            0 => starts(line, &said),
            _ => names_field(line, &said),
        };
        (named || values.iter().any(|value| line.contains(value.as_str()))).then_some(at)
    };
    let marked: Vec<usize> = lines.iter().enumerate().filter_map(about).collect();
    if marked.is_empty() { vec![0] } else { marked }
}

/// The words speak of this method or status.
fn starts(line: &str, said: &str) -> bool {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("SIP/2.0" | "HTTP/1.1"), Some(status)) => has_word(said, status),
        (Some(method), Some(_)) => method.len() > 2 && has_word(said, method),
        _ => false,
    }
}

/// `Name: value` whose name is in the words as it is spelt, or `name value` of a decoded field.
fn names_field(line: &str, said: &str) -> bool {
    let Some((name, _)) = line.split_once(':') else {
        return false;
    };
    let name = name.trim();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    name.len() > 3 && name.chars().all(is_token) && has_word(said, name)
}

fn has_word(said: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    said.match_indices(word).any(|(at, _)| {
        let (before, after) = (&said[..at], &said[at + word.len()..]);
        !before.ends_with(inside) && !after.starts_with(inside)
    })
}

/// What the words quote, and addresses and identifiers in them.
fn values(said: &str) -> Vec<String> {
    let quoted = said.lines().flat_map(|line| {
        line.split('"')
            .enumerate()
            .filter(|(index, _)| index % 2 == 1)
            .map(|(_, text)| text.to_owned())
    });
    let telling =
        |word: &&str| word.contains(['@', '+', '=']) || word.contains(':') && word.len() > 8;
    let words = said
        .split_whitespace()
        .map(|word| {
            word.trim_matches(|c: char| ",.;()<>\"'".contains(c))
                .trim_end_matches(':')
        })
        .filter(telling)
        .map(|word| word.trim_start_matches("tel:").to_owned());
    let mut values: Vec<String> = quoted.chain(words).collect();
    values.retain(|value| value.len() >= SHORTEST_VALUE);
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn finding(expected: &str, observed: &str) -> Finding {
        Finding {
            requirement: "POL-01".to_owned(),
            sentence: String::new(),
            verdict: Verdict::Fail,
            reason: None,
            expected: expected.to_owned(),
            observed: observed.to_owned(),
            frames: vec![1],
        }
    }

    fn marked(text: &str, finding: &Finding) -> Vec<usize> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        marks(&lines, std::iter::once(finding))
    }

    const INVITE: &str = "INVITE tel:+447700900801 SIP/2.0\nTo: <tel:+447700900801>\nContribution-ID: abcdef\nRequire: timer";

    #[test]
    fn marks_the_header_field_a_finding_names() {
        let named = finding("the Contribution-ID of the invitation", "another one");
        assert_eq!(marked(INVITE, &named), [2]);
    }

    #[test]
    fn marks_what_a_finding_quotes() {
        let quoted = finding("no such value", "\"abcdef\" came");
        assert_eq!(marked(INVITE, &quoted), [2]);
        let number = finding("nobody is called", "+447700900801 was");
        assert_eq!(marked(INVITE, &number), [0, 1]);
    }

    #[test]
    fn marks_the_start_of_a_message_that_is_itself_the_evidence() {
        assert_eq!(marked(INVITE, &finding("silence", "a message")), [0]);
        let status = finding("603", "answered 200");
        assert_eq!(marked("SIP/2.0 200 OK\nTo: x", &status), [0]);
    }

    #[test]
    fn marks_nothing_without_a_finding() {
        let lines = vec!["INVITE".to_owned()];
        assert!(marks(&lines, std::iter::empty()).is_empty());
    }
}
