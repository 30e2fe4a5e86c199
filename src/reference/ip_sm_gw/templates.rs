//! The operator's texts for the SMS user with their variables filled in (3GPP TS 23.204 clause 6.15.1 step 5: text is operator-defined).
//!
//! Only `{caller}`, `{accept}`, `{reject}` and `{leave}` are variables; anything else in braces is text. Where the caller is anonymous,
//! whoever calls this gives the substitute as caller.

use super::subscribers::Keywords;

/// What the variables stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    pub caller: String,
    pub accept: String,
    pub reject: String,
    pub leave: String,
}

impl Variables {
    /// The first keyword of each list is the one explained.
    pub fn new(caller: &str, keywords: &Keywords) -> Self {
        let first = |list: &[String]| list.first().cloned().unwrap_or_default();
        Self {
            caller: caller.to_owned(),
            accept: first(&keywords.accept),
            reject: first(&keywords.reject),
            leave: first(&keywords.leave),
        }
    }

    /// The same caller without keywords.
    pub fn without_keywords(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            accept: String::new(),
            reject: String::new(),
            leave: String::new(),
        }
    }
}

/// Fills the variables in, each where it stands; a value is never searched for further variables.
pub fn fill(template: &str, variables: &Variables) -> String {
    mark!("INV-04");
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from_brace) = rest.split_at(open);
        text.push_str(before);
        let known = [
            ("{caller}", &variables.caller),
            ("{accept}", &variables.accept),
            ("{reject}", &variables.reject),
            ("{leave}", &variables.leave),
        ]
        .into_iter()
        .find(|(name, _)| from_brace.starts_with(name));
        match known {
            Some((name, value)) => {
                text.push_str(value);
                rest = &from_brace[name.len()..];
            }
            None => {
                text.push('{');
                rest = &from_brace[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables {
            caller: "+447700900001".into(),
            accept: "yes".into(),
            reject: "no".into(),
            leave: "stop".into(),
        }
    }

    #[test]
    fn fills_every_variable_wherever_it_stands() {
        let text = fill("{caller}: {accept}/{reject}/{leave}{leave}", &variables());
        assert_eq!(text, "+447700900001: yes/no/stopstop");
    }

    #[test]
    fn leaves_other_braces_alone() {
        assert_eq!(
            fill("{} {other} {caller", &variables()),
            "{} {other} {caller"
        );
    }

    #[test]
    fn does_not_search_a_value_for_variables() {
        let mut variables = variables();
        variables.caller = "{leave}".into();
        assert_eq!(fill("{caller}", &variables), "{leave}");
    }
}
