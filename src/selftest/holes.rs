//! Self-test: the holes through which a green run could prove nothing are closed, each shown through the program itself.
//!
//! cucumber takes undefined steps, empty scenarios, empty outlines and misspelt keywords without a word. What never answers, and what never
//! returns, is the business of the trivial systems' self-test; a panic of a peer that of the tests in `capture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

/// A feature without a fault; each test puts one in.
const SOUND: &str = "\
Feature: A hole
  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @POL-01
  Rule: The gateway is able to accept the invitation

    @TC-POL-01-01
    Scenario: Alice invites Bob
      Given invitations to Bob are to be accepted on his behalf
      When Alice invites Bob to a chat session
      Then the invitation is accepted
";

const OUTLINE: &str = "
    @TC-POL-01-09
    Scenario Outline: Alice says <text>
      Given Alice has a chat session with Bob
      When Alice sends Bob the message <text>
      Then Bob receives <text> once
";

fn program(arguments: &[&str], features: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(arguments)
        .arg("--features")
        .arg(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// What `run` says of a feature that must not run; the message names file and line.
fn refused(feature: &str, line: usize, message: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hole.feature"), feature).unwrap();
    for arguments in [&["run", "--out", "/dev/null/never"][..], &["lint"][..]] {
        let output = program(arguments, folder.path());
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        let place = format!("hole.feature:{line}: ");
        let found = said
            .lines()
            .any(|l| l.contains(&place) && l.contains(message));
        assert!(
            found,
            "{arguments:?} says nothing of `{place}…{message}`:\n{said}"
        );
    }
}

fn with(what: &str, instead: &str) -> String {
    assert!(SOUND.contains(what), "{what}");
    SOUND.replacen(what, instead, 1)
}

#[test]
fn a_sound_feature_has_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sound.feature"), SOUND).unwrap();
    let output = program(&["lint"], folder.path());
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn refuses_an_undefined_step() {
    refused(
        &with("Alice invites Bob to a chat", "Alice invites Bob to a cat"),
        12,
        "no known sentence",
    );
}

#[test]
fn refuses_a_sentence_under_the_wrong_keyword() {
    refused(
        &with(
            "When Alice invites Bob to a chat session",
            "When the invitation is accepted",
        ),
        12,
        "no known sentence",
    );
}

#[test]
fn refuses_a_misspelt_first_keyword() {
    for misspelt in ["Givn", "Gvien", "Angenommen", "given"] {
        refused(
            &with("Given invitations", &format!("{misspelt} invitations")),
            10,
            "would be read as a description",
        );
    }
    refused(
        &with("Given Alice is", "Assume Alice is"),
        2,
        "would be read as a description",
    );
    refused(
        &with("Given Alice is", "Givn Alice is"),
        3,
        "would be read as a description",
    );
}

#[test]
fn refuses_a_misspelt_keyword_between_steps() {
    refused(&with("When", "Whn"), 12, "");
}

#[test]
fn refuses_a_misspelt_scenario() {
    let second = "\n    Scenaro: Another\n      Given Bob can be reached by SMS only\n";
    refused(&format!("{SOUND}{second}"), 16, "unknown keyword");
    let first = "\n    Scenaro: Another\n\n    @TC-POL-01-01";
    refused(
        &with("\n    @TC-POL-01-01", first),
        7,
        "would be read as a description",
    );
}

#[test]
fn refuses_a_scenario_without_steps() {
    let (before, _) = SOUND.split_once("      Given invitations").unwrap();
    refused(before, 10, "the scenario has no steps");
}

#[test]
fn refuses_a_scenario_without_then() {
    refused(
        &with("      Then the invitation is accepted\n", ""),
        10,
        "no `Then`",
    );
}

#[test]
fn refuses_two_whens_and_none() {
    refused(
        &with(
            "      Then",
            "      When Alice cancels the invitation\n      Then",
        ),
        10,
        "one `When`; this one has 2",
    );
    refused(
        &with("      When Alice invites Bob to a chat session\n", ""),
        10,
        "one `When`; this one has 0",
    );
}

#[test]
fn refuses_an_outline_without_examples_or_rows() {
    refused(&format!("{SOUND}{OUTLINE}"), 16, "no examples");
    let empty = format!("{SOUND}{OUTLINE}\n      Examples:\n        | text |\n");
    refused(&empty, 21, "no rows");
    let second = format!(
        "{SOUND}{OUTLINE}\n      Examples:\n        | text |\n        | \"Hello\" |\n\n      Examples: more\n        | text |\n"
    );
    refused(&second, 25, "no rows");
}

#[test]
fn refuses_a_placeholder_without_a_column() {
    let feature =
        format!("{SOUND}{OUTLINE}\n      Examples:\n        | txt |\n        | \"Hello\" |\n");
    refused(&feature, 23, "`<text>` has no column");
}

#[test]
fn refuses_a_tag_it_does_not_know() {
    refused(
        &with("@TC-POL-01-01", "@TC-POL-01-01 @contrl"),
        10,
        "unknown tag @contrl",
    );
}

#[test]
fn refuses_an_id_given_twice() {
    let (_, scenario) = SOUND.split_once("    @TC-").unwrap();
    refused(
        &format!("{SOUND}\n    @TC-{scenario}"),
        16,
        "stands already at hole.feature:10",
    );
}

#[test]
fn refuses_a_scenario_without_an_id() {
    refused(&with("    @TC-POL-01-01\n", ""), 9, "exactly one @TC-");
}

#[test]
fn refuses_a_rule_without_a_requirement() {
    refused(&with("  @POL-01\n", ""), 6, "the id of its requirement");
    refused(
        &with("  @POL-01\n", "  @POL-99\n"),
        7,
        "POL-99 is not in the register",
    );
}

#[test]
fn refuses_a_rule_without_a_scenario() {
    refused(
        &with(
            "    @TC-POL-01-01",
            "  @POL-02\n  Rule: Nothing\n\n  @POL-03\n  Rule: Something\n    @TC-POL-01-01",
        ),
        7,
        "no scenario",
    );
}

#[test]
fn refuses_a_scenario_outside_a_rule() {
    refused(
        &with(
            "  @POL-01\n  Rule: The gateway is able to accept the invitation\n",
            "",
        ),
        8,
        "under a `Rule:`",
    );
}

#[test]
fn refuses_a_prohibition_and_a_refusal_without_a_control() {
    refused(
        &with(
            "Then the invitation is accepted",
            "Then Bob is sent no short message",
        ),
        10,
        "needs a @control scenario where it does happen",
    );
    refused(
        &with(
            "Then the invitation is accepted",
            "Then the invitation is refused",
        ),
        10,
        "needs a @control scenario where it does not",
    );
}

#[test]
fn refuses_a_media_type_after_the_quotes() {
    let text = "to a chat session\n        \"\"\"text/plain\n        Hello\n        \"\"\"";
    refused(&with("to a chat session", text), 13, "media type");
}

#[test]
fn refuses_what_is_no_gherkin() {
    refused("This is no feature.\n", 1, "");
    refused(&with("Feature:", "Featur:"), 1, "");
}

#[test]
fn refuses_too_much_for_a_reader() {
    let given = "      Given invitations to Bob are to be accepted on his behalf\n";
    refused(&with(given, &given.repeat(6)), 10, "at most 7 steps");
    refused(
        &format!("{SOUND}{}", "\n".repeat(120)),
        121,
        "at most 120 lines",
    );
    let long = format!("Rule: {}", "long ".repeat(20));
    refused(&with("Rule: ", &long), 7, "at most 100 columns");
    let background = "    Given Alice is a CPM user\n";
    refused(
        &with(background, &background.repeat(5)),
        14,
        "background has at most 5",
    );
}

#[test]
fn refuses_a_folder_without_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(&["run"], folder.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no scenario at all"), "{said}");
}

/// Nothing runs before somebody has said whether the system has the option; the message names the item and the test cases.
#[test]
fn refuses_to_run_while_an_ics_item_is_not_set() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = tempfile::tempdir().unwrap();
    let (requirements, system) = (
        fixtures.path().join("requirements"),
        fixtures.path().join("systems/reference"),
    );
    std::fs::create_dir_all(&requirements).unwrap();
    std::fs::create_dir_all(&system).unwrap();
    for entry in std::fs::read_dir(root.join("fixtures/requirements")).unwrap() {
        let entry = entry.unwrap();
        let register = std::fs::read_to_string(entry.path()).unwrap();
        let register = register.replace(
            "applies_if: carriage.routing_queries",
            "applies_if: role.router",
        );
        std::fs::write(requirements.join(entry.file_name()), register).unwrap();
    }
    let profile = "systems/reference/profile.yaml";
    std::fs::copy(
        root.join("fixtures").join(profile),
        fixtures.path().join(profile),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--out"])
        .arg(fixtures.path().join("out"))
        .arg("--fixtures")
        .arg(fixtures.path())
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("ics.role.router is unset in"), "{said}");
    assert!(said.contains("`role.router: no`"), "{said}");
    assert!(said.contains("TC-ANS-04-01"), "{said}");
    assert!(!fixtures.path().join("out/run.json").exists());
}
