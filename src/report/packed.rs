//! Data inside the HTML report: JSON that no element can end, and exchanges compressed so that a thousand test cases stay a small file.
//!
//! An exchange is deflated (RFC 1951) and written as base64: the browser inflates the ones that are looked at. Neither form can contain
//! `<`, so that nothing a system under test has said becomes markup.
use super::exchange::{Captures, exchange};
use super::{ReportError, wording};
use crate::runner::record::{CaseRecord, RunRecord};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::num::NonZero;

/// JSON for a `script` element.
pub(super) fn json(data: &impl Serialize) -> Result<String, ReportError> {
    let mut text = serde_json::to_string(data)?;
    // Outside of strings JSON has none of these.
    for (character, escape) in [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ] {
        text = text.replace(character, escape);
    }
    Ok(text)
}

/// The exchange of every case in the order of the record; empty where there is none.
pub(super) fn exchanges(
    record: &RunRecord,
    captures: Captures<'_>,
) -> Result<Vec<String>, ReportError> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = record.cases.len().div_ceil(threads).max(1);
    let system = wording::system(record);
    let parts: Vec<Result<Vec<String>, ReportError>> = std::thread::scope(|scope| {
        let started: Vec<_> = record
            .cases
            .chunks(share)
            .map(|cases| scope.spawn(move || packed(cases, system, captures)))
            .collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended
            .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let parts: Result<Vec<Vec<String>>, ReportError> = parts.into_iter().collect();
    Ok(parts?.concat())
}

fn packed(
    cases: &[CaseRecord],
    system: &str,
    captures: Captures<'_>,
) -> Result<Vec<String>, ReportError> {
    let one = |case: &CaseRecord| match exchange(case, system, captures) {
        Some(found) => deflated(&serde_json::to_vec(&found)?),
        None => Ok(String::new()),
    };
    cases.iter().map(one).collect()
}

fn deflated(octets: &[u8]) -> Result<String, ReportError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets)?;
    Ok(BASE64_STANDARD.encode(encoder.finish()?))
}

/// A script as a content security policy names it.
pub(super) fn policy_hash(script: &str) -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(script));
    format!("'sha256-{digest}'")
}
