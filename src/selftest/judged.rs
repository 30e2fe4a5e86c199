//! Self-test: the run judges every requirement that it is known to judge, measured from its findings. `UPDATE=1` writes the list anew, for a
//! person to look at the difference before it is committed.
use super::RUN;
use ims_conformance::report::coverage;
use ims_conformance::runner::record::RunRecord;
use std::path::Path;

const LIST: &str = "fixtures/selftest/coverage.csv";

#[test]
fn the_run_judges_what_it_is_known_to_judge() {
    let text = std::fs::read_to_string(RUN.join("run.json")).unwrap();
    let record: RunRecord = serde_json::from_str(&text).unwrap();
    let judged = coverage::snapshot(&[record]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(LIST);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, judged).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap();
    let only = |one: &str, other: &str| -> Vec<String> {
        let lines = one
            .lines()
            .filter(|line| !other.lines().any(|it| it == *line));
        lines.map(str::to_owned).collect()
    };
    let (gone, come) = (only(&known, &judged), only(&judged, &known));
    assert!(
        gone.is_empty() && come.is_empty(),
        "{LIST} has {gone:?}, the run {come:?}; UPDATE=1 cargo test --test witness judged writes what the run has"
    );
}
