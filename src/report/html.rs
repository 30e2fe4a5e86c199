//! The report a person reads: one self-contained HTML file, no network, light and dark, from a phone to a wall, printable.
//!
//! The page as it comes holds the summary, the requirements and a line for every test case. What is behind a line is JSON that the browser
//! turns into elements when the line is opened, as text and never as markup; messages and octets are compressed and inflated when they are
//! looked at. So a thousand cases open at once, and nothing that a system under test has said is ever parsed as HTML. A content security
//! policy that names our own scripts by their digests stands behind that: no other script runs and nothing is fetched.
//!
//! The ladder needs what was on the wire: see `exchange` for where that comes from.
use super::exchange::Captures;
use super::page_case::view;
use super::{ReportError, packed, page::Page};
use crate::runner::record::RunRecord;
use minijinja::{Environment, Value, context, syntax::SyntaxConfig, value::Serde};

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = concat!(include_str!("report.css"), include_str!("report_case.css"));
/// Runs before anything is drawn, so that a page that was made dark does not flash.
const EARLY: &str = include_str!("report_early.js");
const SCRIPT: &str = concat!(
    include_str!("report_case.js"),
    include_str!("report_ladder.js"),
    include_str!("report.js")
);

pub fn render(record: &RunRecord, captures: Captures<'_>) -> Result<String, ReportError> {
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
    let exchanges = packed::exchanges(record, captures)?;
    let cases = record.cases.iter().zip(&exchanges);
    let details: Vec<_> = cases
        .map(|(case, exchange)| view(record, case, !exchange.is_empty()))
        .collect();
    Ok(template.render(context! {
        page => page,
        style => STYLE,
        early => EARLY,
        script => SCRIPT,
        policy => format!("{} {}", packed::policy_hash(EARLY), packed::policy_hash(SCRIPT)),
        details => packed::json(&details)?,
        exchanges => exchanges,
    })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::{no_captures, sample};

    fn page(record: &RunRecord) -> String {
        render(record, &no_captures).unwrap()
    }

    #[test]
    fn says_what_a_reader_needs_to_check_a_failure() {
        let html = page(&sample::mixed());
        for needed in [
            "acme-gw",
            "10 of 12 test cases selected, 2 filtered out",
            "3GPP TS 29.311 clause 6.1.2",
            "frame.number in {9, 14}",
            "captures/TC-POL-02-01.pcapng",
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
        let html = page(&sample::mixed());
        // The name of a dialect is no address.
        let html = html.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_thousand_cases_stay_a_few_megabytes() {
        let thousand = page(&sample::thousand());
        assert!(thousand.len() < 6_000_000, "{}", thousand.len());
    }

    #[test]
    fn has_no_handlers_in_its_markup() {
        let html = page(&sample::mixed());
        let markup = html.split("<script").next().unwrap();
        assert!(!markup.contains(" onclick") && !markup.contains("javascript:"));
    }
}
