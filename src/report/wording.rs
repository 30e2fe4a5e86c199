//! Words that several formats share: citations, causes, durations, display filters, the command that runs a case again.
//!
//! It words what the record says and adds no judgement of its own.
use crate::{
    runner::record::{CaseRecord, RunRecord, Totals},
    verdict::{
        Finding, Reason, Verdict,
        register::{Basis, Requirement},
    },
};
use sha2::{Digest, Sha256};

/// `3GPP TS 24.611 clause 4.5.2`, `RFC 4975 section 7.1.1`, `OMA-RD-CPM-V1_0 CPM-IWF-008`.
pub(crate) fn citation(requirement: &Requirement) -> String {
    let (document, clause) = (requirement.document.as_str(), requirement.clause.as_str());
    if clause.is_empty() {
        return document.to_owned();
    }
    let numbered = clause.starts_with(|c: char| c.is_ascii_digit());
    let annex = clause.len() > 2 && clause.as_bytes()[1] == b'.';
    match (numbered || annex, document.starts_with("RFC")) {
        (true, true) => format!("{document} section {clause}"),
        (true, false) => format!("{document} clause {clause}"),
        (false, _) => format!("{document} {clause}"),
    }
}

/// Letter of the certainty class as the register writes it, and what it means.
pub(crate) fn basis(basis: Basis) -> (&'static str, &'static str) {
    match basis {
        Basis::R => ("R", "read in the specification text"),
        Basis::RCut => ("R~", "read, but the text at hand ended inside the clause"),
        Basis::Q => ("Q", "read as a quotation or digest inside another document"),
        Basis::F => ("F", "field evidence"),
        Basis::I => ("I", "inferred"),
        Basis::K => ("K", "well known, not read again"),
    }
}

/// Classes I, F and K are reported as profile, never as a departure from the specification.
pub(crate) fn is_profile(requirement: &Requirement) -> bool {
    matches!(requirement.basis, Basis::I | Basis::F | Basis::K)
}

/// What the system is called in a diagram.
pub(super) fn system(record: &RunRecord) -> &str {
    &record.system.name
}

/// SHA-256 as `run.json` writes it.
pub(super) fn digest(octets: &[u8]) -> String {
    let digest = Sha256::digest(octets);
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The reason code as `run.json` writes it.
pub(super) fn reason(reason: Reason) -> String {
    reason.code()
}

/// `FAIL/missing`, `INCONC/not-stimulated`, `ERROR/panic`; a case that nothing judged is an error of the suite.
pub(super) fn kind(case: &CaseRecord) -> String {
    let verdict = match case.verdict {
        Verdict::Fail => "FAIL",
        Verdict::Inconc => "INCONC",
        Verdict::Error => "ERROR",
        Verdict::None => return "ERROR/never-judged".to_owned(),
        Verdict::Pass => return "PASS".to_owned(),
        Verdict::NotApplicable => return "N/A".to_owned(),
    };
    let waived = case.waiver.as_ref().map_or("", |_| " (waived)");
    match case.reason {
        Some(code) => format!("{verdict}/{}{waived}", reason(code)),
        None => format!("{verdict}/unspecified{waived}"),
    }
}

/// The first cause in words; never empty for anything but a pass.
pub(super) fn cause(case: &CaseRecord) -> String {
    match case.verdict {
        Verdict::Pass => String::new(),
        Verdict::NotApplicable => case.not_applicable.clone().unwrap_or_default(),
        Verdict::None => "no verdict was given".to_owned(),
        _ if case.cause.is_empty() => "no cause was recorded".to_owned(),
        _ => case.cause.clone(),
    }
}

/// True when a finding says the same as the cause, so that it need not be said twice.
pub(super) fn cause_is_told(case: &CaseRecord) -> bool {
    let says = |f: &Finding| {
        let whole = format!("{}: {}", f.expected, f.observed);
        f.verdict != Verdict::Pass && (case.cause == f.observed || case.cause == whole)
    };
    case.findings.iter().any(says)
}

/// `35 ms`, `1.2 s`, `3 min 05 s`.
pub(super) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => {
            let seconds = milliseconds / 1000;
            format!("{} min {:02} s", seconds / 60, seconds % 60)
        }
    }
}

/// `frame 9`, `frames 9 and 14`, `frames 1, 2 and 5`.
pub(super) fn frames(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => format!("frame {only}"),
        Some((last, others)) => format!("frames {} and {last}", others.join(", ")),
    }
}

/// Wireshark display filter of all evidence of a case; `None` without evidence.
pub(super) fn display_filter(findings: &[Finding]) -> Option<String> {
    let mut numbers: Vec<u32> = findings.iter().flat_map(|f| f.frames.clone()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    (!words.is_empty()).then(|| format!("frame.number in {{{}}}", words.join(", ")))
}

/// What the system left open behind a test case, in words; `None` if nothing.
pub fn left_open(case: &CaseRecord) -> Option<String> {
    let closure = case.closure.as_ref().filter(|one| !one.left.is_empty())?;
    let left: Vec<&str> = closure.left.iter().map(|one| one.what.as_str()).collect();
    Some(format!("{}: {}", closure.state.name(), left.join("; ")))
}

/// Who has agreed to what a case came out as, until when, why and where.
pub(super) fn waived(case: &CaseRecord) -> Option<String> {
    let waiver = case.waiver.as_ref()?;
    Some(format!(
        "until {} by {}: {} ({})",
        waiver.expires,
        waiver.owner,
        waiver.reason.trim_end(),
        waiver.link
    ))
}

/// Whose side it is, with what says so; nothing where it is the system's without more to say, as anybody expects.
pub(super) fn side(case: &CaseRecord) -> String {
    match (case.blame.as_str(), case.blame_why.as_str()) {
        ("system" | "", "") => String::new(),
        (side, "") => side.to_owned(),
        (side, why) => format!("{side}: {why}"),
    }
}

/// The verdict as a word; one that is waived is neither a fail nor a pass.
pub(super) fn verdict(case: &CaseRecord) -> String {
    match case.waiver {
        Some(_) => format!("{}, waived", case.verdict.name()),
        None => case.verdict.name().to_owned(),
    }
}

/// What counts against nobody: what is waived; and a derived case that did not pass, which says more than the clause does. The exit code
/// ignores both.
pub(super) fn is_without_effect(case: &CaseRecord) -> bool {
    case.waiver.is_some() || case.derived && matches!(case.verdict, Verdict::Fail | Verdict::Inconc)
}

/// The command that runs this case again with the identifiers of this run.
pub(super) fn rerun(record: &RunRecord, case: &CaseRecord) -> String {
    let mut words = vec!["ims-conformance".to_owned(), "run".to_owned()];
    let system = match record.system.given.as_str() {
        "" => &record.system.name,
        given => given,
    };
    words.push(format!("--system {}", shell(system)));
    if let Some(fault) = &record.system.fault {
        words.push(format!("--fault {}", shell(fault)));
    }
    words.extend(record.system.edge.iter().map(|word| shell(word)));
    if let Some(personality) = &record.system.personality {
        words.push(format!("--personality {}", shell(personality)));
    }
    if !record.system.transport.is_empty() {
        words.push(format!("--transport {}", shell(&record.system.transport)));
    }
    if !record.system.carriage.is_empty() {
        words.push(format!("--carriage {}", shell(&record.system.carriage)));
    }
    if let Some(ip) = &record.system.local_ip {
        words.push(format!("--local-ip {}", shell(ip)));
    }
    words.push(format!("--seed {}", case.seed.unwrap_or(record.seed)));
    if let Some(access) = &case.access {
        words.push(format!("--access {}", shell(access)));
    }
    words.push(shell(case.stated()));
    words.join(" ")
}

/// A word as a POSIX shell takes it literally.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+,@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Selected test cases that have no verdict because the run was stopped.
pub(super) fn unfinished(totals: &Totals) -> usize {
    let judged = totals.pass
        + totals.fail
        + totals.waived
        + totals.inconc
        + totals.error
        + totals.not_applicable;
    totals.selected.saturating_sub(judged)
}

/// `58 of 60 test cases selected, 2 filtered out`.
pub(super) fn denominator(totals: &Totals) -> String {
    let mut line = format!(
        "{} of {} test cases selected, {} filtered out",
        totals.selected, totals.catalogue, totals.filtered
    );
    match unfinished(totals) {
        0 => {}
        n => line.push_str(&format!(", {n} without a verdict")),
    }
    line
}

/// The register entry of a case.
pub(super) fn requirement<'a>(record: &'a RunRecord, id: &str) -> Option<&'a Requirement> {
    record.requirements.iter().find(|r| r.id == id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn cites_in_the_words_of_each_publisher() {
        let mut requirement = sample::mixed().requirements[0].clone();
        let mut cite = |document: &str, clause: &str| {
            requirement.document = document.to_owned();
            requirement.clause = clause.to_owned();
            citation(&requirement)
        };
        assert_eq!(cite("RFC 4975", "7.1.1"), "RFC 4975 section 7.1.1");
        assert_eq!(cite("3GPP TS 29.311", "6.2"), "3GPP TS 29.311 clause 6.2");
        assert_eq!(cite("3GPP TS 23.204", "A.2"), "3GPP TS 23.204 clause A.2");
        assert_eq!(
            cite("OMA-RD-CPM-V1_0", "CPM-IWF-008"),
            "OMA-RD-CPM-V1_0 CPM-IWF-008"
        );
        assert_eq!(cite("suite profile", ""), "suite profile");
    }

    #[test]
    fn reruns_exactly_what_ran() {
        let mut record = sample::mixed();
        record.system.name = "vendor's box".to_owned();
        let command = rerun(&record, &record.cases[0]);
        assert_eq!(
            command,
            format!(
                r"ims-conformance run --system 'vendor'\''s box' --transport udp --carriage smpp --seed 42 {}",
                record.cases[0].id
            )
        );
    }

    #[test]
    fn words_frames_and_durations() {
        assert_eq!(frames(&[9]), "frame 9");
        assert_eq!(frames(&[9, 14]), "frames 9 and 14");
        assert_eq!(frames(&[1, 2, 5]), "frames 1, 2 and 5");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(1250), "1.2 s");
        assert_eq!(duration(185_000), "3 min 05 s");
    }
}
