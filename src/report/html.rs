//! The report a person reads: one self-contained HTML file, no network, light and dark, from a phone to a wall, printable.
//!
//! The template escapes everything that comes from the record; the record holds words of the system under test, which nobody trusts.
use super::{ReportError, page::Page};
use crate::runner::record::RunRecord;
use minijinja::{Environment, Value, context, syntax::SyntaxConfig, value::Serde};

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

pub fn render(record: &RunRecord) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    // The name ends in .html, which is what switches escaping on.
    environment.add_template("report.html", TEMPLATE)?;
    let template = environment.get_template("report.html")?;
    let page = Value::from(Serde(Page::new(record)));
    Ok(template.render(context! { page => page, style => STYLE, script => SCRIPT })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn says_what_a_reader_needs_to_check_a_failure() {
        let html = render(&sample::mixed()).unwrap();
        for needed in [
            "acme-gw",
            "10 of 12 test cases selected, 2 filtered out",
            "3GPP TS 29.311 clause 6.1.2",
            "frame.number in {9, 14}",
            "captures&#x2f;TC-POL-02-01.pcapng",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "--seed 42 TC-POL-02-01",
            "the invitation was answered 200 OK",
            "SMPP carries no SC address",
            "7 PDUs belonged to no test case",
        ] {
            assert!(html.contains(needed), "{needed}");
        }
    }

    #[test]
    fn needs_no_network() {
        let html = render(&sample::mixed()).unwrap();
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_thousand_cases_stay_a_few_megabytes() {
        let thousand = render(&sample::thousand()).unwrap();
        assert!(thousand.len() < 6_000_000, "{}", thousand.len());
    }
}
