//! Self-test: what is generated in the READMEs is what the suite has. `UPDATE=1 cargo test --test documents` writes it anew.
//!
//! Generated text stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything else in those files is written by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ims_conformance::runner::catalogue::{Case, Catalogue};
use ims_conformance::steps::sentence_catalogue;
use ims_conformance::sut::access::{AccessNetwork, AccessNetworks};
use ims_conformance::sut::faults::Faults;
use ims_conformance::verdict::Register;
use ims_conformance::verdict::decisions::Table;
use ims_conformance::verdict::register::Status;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the generated part of a document with what it should be, or writes it.
fn hold(document: &str, name: &str, generated: &str) {
    let path = root().join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let wanted =
        filled(&text, name, generated).unwrap_or_else(|| panic!("{document} has no part `{name}`"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(
            wanted == text,
            "{document}: `{name}` is out of date; UPDATE=1 cargo test --test documents writes it anew"
        );
    }
}

fn filled(text: &str, name: &str, generated: &str) -> Option<String> {
    let opening = format!("<!-- generated: {name} -->\n");
    let (before, rest) = text.split_once(&opening)?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!(
        "{before}{opening}{}\n\n<!-- end -->{after}",
        generated.trim()
    ))
}

/// `POL-01 to 03, 05`: ids of one subject, in order.
fn ids(ids: &BTreeSet<&str>) -> String {
    let mut runs: Vec<(&str, u32, u32)> = Vec::new();
    for id in ids {
        let (subject, number) = id.split_once('-').unwrap();
        let number: u32 = number.parse().unwrap();
        match runs.last_mut() {
            Some((s, _, last)) if *s == subject && *last + 1 == number => *last = number,
            _ => runs.push((subject, number, number)),
        }
    }
    let mut out = String::new();
    let mut before = "";
    for (subject, first, last) in runs {
        let comma = if out.is_empty() { "" } else { ", " };
        let name = if subject == before {
            String::new()
        } else {
            format!("{subject}-")
        };
        let end = if first == last {
            String::new()
        } else {
            format!(" to {last:02}")
        };
        write!(out, "{comma}{name}{first:02}{end}").unwrap();
        before = subject;
    }
    out
}

fn coverage() -> String {
    let catalogue = Catalogue::load(&root().join("features")).unwrap();
    let fixtures = root().join("fixtures");
    let register = Register::load(&fixtures.join("requirements")).unwrap();
    let faults = Faults::load(&fixtures).unwrap();
    let files: BTreeSet<&str> = catalogue.cases.iter().map(|c| c.file.as_str()).collect();
    let mut out =
        "| feature | requirements | test cases | faults that prove them |\n|---|---|---|---|\n"
            .to_owned();
    for file in files {
        let cases: Vec<&Case> = catalogue.cases.iter().filter(|c| c.file == file).collect();
        let required: BTreeSet<&str> = cases.iter().map(|c| c.requirement.as_str()).collect();
        let proving: BTreeSet<String> = cases.iter().flat_map(|c| faults.proving(&c.id)).collect();
        let (title, count) = (&cases[0].feature, cases.len());
        writeln!(
            out,
            "| [{title}](features/{file}) | {} | {count} | {} |",
            ids(&required),
            proving.len()
        )
        .unwrap();
    }
    let covered: BTreeSet<&str> = catalogue
        .cases
        .iter()
        .map(|c| c.requirement.as_str())
        .collect();
    let entries = || register.requirements.values();
    let with = |status: Status| -> BTreeSet<&str> {
        let entries = entries().filter(|entry| entry.status == status);
        entries.map(|entry| entry.id.as_str()).collect()
    };
    let profile = entries().filter(|entry| covered.contains(entry.id.as_str()));
    write!(
        out,
        "\n{} test cases for {} of {} requirements in the register, {} of them judged as *profile*.",
        catalogue.cases.len(),
        covered.len(),
        register.requirements.len(),
        profile.filter(|entry| entry.is_profile()).count(),
    )
    .unwrap();
    for (status, words) in [
        (Status::Untestable, "Not testable from outside"),
        (Status::Planned, "Planned, without a test case yet"),
    ] {
        let ids = ids(&with(status));
        if !ids.is_empty() {
            write!(out, " {words}: {ids}.").unwrap();
        }
    }
    out
}

fn sentences() -> String {
    let mut out = String::new();
    for keyword in ["Given", "When", "Then"] {
        writeln!(out, "\n### {keyword}\n").unwrap();
        for sentence in sentence_catalogue().iter().filter(|s| s.keyword == keyword) {
            let never = if sentence.prohibition || sentence.refusal {
                " *(needs a `@control`)*"
            } else {
                ""
            };
            writeln!(
                out,
                "- `{}`{never}  \n  {}",
                sentence.text, sentence.meaning
            )
            .unwrap();
        }
    }
    out
}

#[test]
fn the_readme_says_what_is_covered() {
    hold("README.md", "coverage", &coverage());
}

#[test]
fn the_guide_to_features_has_every_sentence() {
    hold("features/README.md", "sentences", &sentences());
}

/// Barring x part in a conference x access, from the cells of the register; a cell that is empty or names no test case fails here.
#[test]
fn the_decision_table_has_no_empty_cell() {
    let catalogue = Catalogue::load(&root().join("features")).unwrap();
    let cases = catalogue.cases.into_iter().map(|case| case.id).collect();
    let register = Register::load(&root().join("fixtures/requirements")).unwrap();
    let table = Table::of(&register, &cases);
    assert!(table.problems.is_empty(), "{}", table.problems.join("\n"));
    let document = "features/communication-barring/README.md";
    hold(document, "decisions", &(table.markdown() + &over_access()));
}

/// The third side of the table: every cell is the same over every access network.
fn over_access() -> String {
    let networks = AccessNetworks::load(&root().join("fixtures")).unwrap();
    let (baseline, others): (Vec<_>, Vec<_>) = networks.iter().partition(|one| one.baseline);
    let words = |list: &[&AccessNetwork]| {
        let each: Vec<&str> = list.iter().map(|one| one.what.as_str()).collect();
        each.join("; ")
    };
    format!(
        "\n\nEvery cell holds over {}, and the same happens over each of: {}. `run communication-barring --access all` \
         runs the cells over all of them; the test case `TC-X` over a WLAN is `TC-X[wlan]`.",
        words(&baseline),
        words(&others)
    )
}

#[test]
fn links_of_the_readmes_lead_somewhere() {
    for document in [
        "README.md",
        "features/README.md",
        "features/communication-barring/README.md",
        "fixtures/systems/README.md",
    ] {
        let path = root().join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            let here: &Path = path.parent().unwrap();
            let leads = link.starts_with("https://") || here.join(file).exists();
            assert!(leads, "{document}: {link}");
        }
    }
}

#[test]
fn catches_generated_text_that_is_out_of_date() {
    let text = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n";
    let new = filled(text, "x", "new\n").unwrap();
    assert_eq!(new, "a\n<!-- generated: x -->\nnew\n\n<!-- end -->\nb\n");
    assert_eq!(filled(&new, "x", "new").unwrap(), new);
    assert!(filled(text, "y", "new").is_none());
    let all = ["ADR-01", "ADR-02", "ADR-04", "POL-09"];
    assert_eq!(ids(&all.into()), "ADR-01 to 02, 04, POL-09");
}
