//! Recognition of the SMS user's keywords in the text of a short message.
//!
//! A keyword is the whole text, white space around it and case apart; a keyword inside a longer text is content (catalogue ANS-06).
//! What a recognised keyword leads to is decided by the session.

use super::subscribers::Keywords;
use crate::reference::faults::{Fault, InForce};

/// What the text of a short message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Accept,
    Reject,
    Leave,
    Content,
}

/// The meaning of a text to an SMS user who may say all three keywords.
pub fn meaning(text: &str, keywords: &Keywords, faults: InForce) -> Meaning {
    mark!("ANS-06");
    let said = text.trim();
    let lists = [
        (&keywords.accept, Meaning::Accept),
        (&keywords.reject, Meaning::Reject),
        (&keywords.leave, Meaning::Leave),
    ];
    let exact_case = faults.is(Fault::KeywordsCaseSensitive);
    let prefix_suffices = faults.is(Fault::KeywordPrefixMatches);
    for (list, meaning) in lists {
        for keyword in list {
            let keyword = keyword.trim();
            let (said, keyword) = if exact_case {
                (said.to_owned(), keyword.to_owned())
            } else {
                (said.to_lowercase(), keyword.to_lowercase())
            };
            if keyword.is_empty() {
                continue;
            }
            if said == keyword || (prefix_suffices && said.starts_with(&keyword)) {
                return meaning;
            }
        }
    }
    Meaning::Content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords() -> Keywords {
        Keywords {
            accept: vec!["yes".into(), "oui".into()],
            reject: vec!["no".into()],
            leave: vec!["stop".into()],
        }
    }

    #[test]
    fn trims_and_ignores_case_but_wants_the_whole_text() {
        let of = |text| meaning(text, &keywords(), InForce(None));
        assert_eq!(of(" yes "), Meaning::Accept);
        assert_eq!(of("YES"), Meaning::Accept);
        assert_eq!(of("yes please"), Meaning::Content);
        assert_eq!(of("Oui\r\n"), Meaning::Accept);
        assert_eq!(of("No"), Meaning::Reject);
        assert_eq!(of("STOP"), Meaning::Leave);
        assert_eq!(of(""), Meaning::Content);
    }

    #[test]
    fn faults_change_only_case_or_prefix() {
        let exact = InForce(Some(Fault::KeywordsCaseSensitive));
        assert_eq!(meaning("YES", &keywords(), exact), Meaning::Content);
        assert_eq!(meaning("yes", &keywords(), exact), Meaning::Accept);
        let prefix = InForce(Some(Fault::KeywordPrefixMatches));
        assert_eq!(meaning("yes please", &keywords(), prefix), Meaning::Accept);
    }
}
