//! `run --refresh-evidence`: a run that passed becomes the one on file for its system.
//!
//! Captures go to `captures/<system>/`, beside the accepted ladders; the record of the run and what people read of it to
//! `reports/<system>/`. Ladders are not accepted here: that is for a person (`review`).
use crate::report::Format;
use crate::report::coverage as measured;
use crate::runner::record::RunRecord;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Documents that are kept beside run.json.
const DOCUMENTS: [Format; 2] = [Format::Html, Format::Junit];
const COVERAGE: &str = "coverage.txt";
/// What the run has judged of every requirement.
const MEASURED: &str = "coverage.csv";

/// Why a run is not kept; `None` when it may be.
pub(super) fn unfit(record: &RunRecord) -> Option<&'static str> {
    let totals = &record.totals;
    if record.interrupted {
        Some("it was interrupted")
    } else if totals.fail + totals.waived + totals.inconc + totals.error > 0 {
        Some("not everything passed")
    } else if totals.pass == 0 {
        Some("nothing was judged")
    } else {
        None
    }
}

/// Copies the run in `out` to the evidence of `system` in `project`; gives the folders.
pub(super) fn keep(
    record: &RunRecord,
    out: &Path,
    project: &Path,
    system: &str,
    coverage: &str,
) -> Result<[PathBuf; 2]> {
    let captures = project.join("captures").join(system);
    let reports = project.join("reports").join(system);
    for folder in [&captures, &reports] {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let mut kept = BTreeSet::from(["run.pcapng".to_owned()]);
    // Over every access the same happens; once is enough.
    let stated = record.cases.iter().filter(|case| case.access.is_none());
    let judged = stated.filter(|case| case.capture.is_some());
    kept.extend(judged.map(|case| format!("{}.pcapng", case.id)));
    for name in &kept {
        copy(&out.join("captures"), &captures, name)?;
    }
    clear(&captures, &kept)?;
    super::report::write_documents(&moved(record, system, &kept), &reports, &DOCUMENTS)?;
    let path = reports.join(COVERAGE);
    fs::write(&path, format!("{}\n", coverage.trim_end()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let table = measured::csv(std::slice::from_ref(record));
    let path = reports.join(MEASURED);
    fs::write(&path, table).with_context(|| format!("cannot write {}", path.display()))?;
    Ok([captures, reports])
}

/// The record with its captures where they are kept, so that a report leads to them; those that are not kept are not there.
fn moved(record: &RunRecord, system: &str, kept: &BTreeSet<String>) -> RunRecord {
    let mut moved = record.clone();
    for case in &mut moved.cases {
        let name = format!("{}.pcapng", case.id);
        match &mut case.capture {
            Some(capture) if kept.contains(&name) => {
                capture.path = format!("../../captures/{system}/{name}");
            }
            none => *none = None,
        }
    }
    moved
}

fn copy(from: &Path, to: &Path, name: &str) -> Result<()> {
    let (from, to) = (from.join(name), to.join(name));
    fs::copy(&from, &to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Takes captures of test cases away that are no more.
fn clear(captures: &Path, kept: &BTreeSet<String>) -> Result<()> {
    let said = || format!("cannot clear {}", captures.display());
    for entry in fs::read_dir(captures).with_context(said)? {
        let path = entry.with_context(said)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".pcapng") && !kept.contains(name.as_ref()) {
            fs::remove_file(&path).with_context(said)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::sample;

    #[test]
    fn keeps_the_captures_of_the_run_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let (out, project) = (folder.path().join("out"), folder.path().join("project"));
        let record = sample::mixed();
        fs::create_dir_all(out.join("captures")).unwrap();
        fs::create_dir_all(project.join("captures/acme")).unwrap();
        fs::write(out.join("captures/run.pcapng"), "run").unwrap();
        for case in record.cases.iter().filter(|case| case.capture.is_some()) {
            fs::write(out.join(format!("captures/{}.pcapng", case.id)), &case.id).unwrap();
        }
        let there = |name: &str| project.join("captures/acme").join(name);
        fs::write(there("TC-GONE-01.pcapng"), "old").unwrap();
        fs::write(there("TC-GONE-01.snap"), "old").unwrap();
        let [captures, reports] = keep(&record, &out, &project, "acme", "all\n\n").unwrap();
        assert!(captures.ends_with("captures/acme") && reports.ends_with("reports/acme"));
        assert!(there("run.pcapng").exists() && !there("TC-GONE-01.pcapng").exists());
        assert!(
            there("TC-GONE-01.snap").exists(),
            "a person decides about ladders"
        );
        let html = fs::read_to_string(reports.join("report.html")).unwrap();
        assert!(html.contains("../../captures/acme/TC-POL-02-01.pcapng"));
        let coverage = fs::read_to_string(reports.join(COVERAGE)).unwrap();
        assert_eq!(coverage, "all\n");
    }

    #[test]
    fn a_run_with_a_failure_is_not_kept() {
        let mut record = sample::mixed();
        record.totals.fail = 1;
        assert_eq!(unfit(&record), Some("not everything passed"));
        record.totals = crate::runner::record::Totals::default();
        assert_eq!(unfit(&record), Some("nothing was judged"));
    }
}
