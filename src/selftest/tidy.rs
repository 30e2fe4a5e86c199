//! Self-test: the repository is kept as the plan says. Size and head of every file, what no code may contain, names, features that fit a
//! screen, a top level with nothing else on it, nothing that only one machine knows.
//!
//! A file of more than 400 lines says in its head why it has so many "lines"; more than 600 is only for tables of constants, whose head has
//! a line `Size: table of constants`. Each check is a function over text, tried on a sample of what it must catch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod repository;
mod rust_source;

use repository::{all_sources, features, none, tracked};
use rust_source::{Kind, Source, Token, crate_sources, root};
use std::collections::BTreeSet;
use std::path::Path;

const REASON_FROM_LINES: usize = 400;
const MOST_LINES: usize = 600;
const TABLE: &str = "//! Size: table of constants";
const MOST_FEATURE_LINES: usize = 120;
const MOST_FEATURE_COLUMNS: usize = 100;
const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE",
    "features",
    "src",
    "fixtures",
    "captures",
    "reports",
];
const NAMELESS: [&str; 6] = ["common", "util", "utils", "misc", "helper", "helpers"];
const EMPTY_SUFFIXES: [&str; 4] = ["Manager", "Handler", "Helper", "Util"];

fn in_all(check: impl Fn(&Source) -> Vec<String>) {
    none(all_sources().iter().flat_map(check).collect());
}

// ---- heads and sizes ----

fn head(text: &str) -> String {
    let head = text.lines().take_while(|line| line.starts_with("//!"));
    head.collect::<Vec<_>>().join("\n")
}

fn headless(source: &Source) -> Vec<String> {
    let described = head(&source.text).trim_start_matches("//!").trim().len() > 20;
    let complaint = format!(
        "{}:1: does not begin with `//!` and what the file is",
        source.file
    );
    if described { vec![] } else { vec![complaint] }
}

fn oversized(source: &Source) -> Vec<String> {
    let count = source.text.lines().count();
    let head = head(&source.text);
    let file = &source.file;
    if head.contains(TABLE) || count <= REASON_FROM_LINES {
        vec![]
    } else if count > MOST_LINES {
        vec![format!("{file}: {count} lines; {MOST_LINES} are the most")]
    } else if head.contains("lines") {
        vec![]
    } else {
        vec![format!(
            "{file}: {count} lines and no reason for so many lines in its head"
        )]
    }
}

#[test]
fn every_file_says_what_it_is() {
    in_all(headless);
}

#[test]
fn files_keep_to_their_size() {
    in_all(oversized);
}

#[test]
fn catches_a_file_without_head() {
    assert_eq!(
        headless(&sample("use x;\n//! Late, and what the file is.")).len(),
        1
    );
    assert_eq!(headless(&sample("//!\nfn f() {}")).len(), 1);
    assert!(headless(&sample("//! What the file is, in words.\n")).is_empty());
}

#[test]
fn catches_a_file_too_long() {
    let long =
        |head: &str, lines: usize| oversized(&sample(&format!("{head}\n{}", "x\n".repeat(lines))));
    assert!(long("//! A.", 399).is_empty());
    assert_eq!(long("//! A.", 400).len(), 1);
    assert!(long("//! One state machine: its lines stay together.", 500).is_empty());
    assert_eq!(
        long("//! One state machine: its lines stay together.", 600).len(),
        1
    );
    assert!(long(TABLE, 2000).is_empty());
}

#[test]
fn every_file_is_part_of_the_crate() {
    let reached = crate_sources();
    let lost = rust_source::files().into_iter();
    let lost = lost.filter(|f| !reached.contains_key(f) && !rust_source::is_selftest_or_bench(f));
    none(lost.map(|f| format!("{f}: no `mod` leads to it")).collect());
}

// ---- what no code may contain ----

const NOWHERE: [&str; 3] = ["todo!(", "unimplemented!(", "#[ignore"];
const IN_TESTS_ONLY: [&str; 2] = [".unwrap()", "thread::sleep"];

fn forbidden(source: &Source) -> Vec<String> {
    let everywhere = rust_source::code(&source.text);
    let shipped = source.shipped_tokens();
    let mut found: Vec<String> = NOWHERE
        .iter()
        .flat_map(|name| seen(source, &everywhere, name))
        .chain(
            IN_TESTS_ONLY
                .iter()
                .flat_map(|name| seen(source, &shipped, name)),
        )
        .collect();
    // A method of our own may be called `expect`; that of `Result` is given a text.
    for four in shipped.windows(4) {
        let called = four[0].is(".") && four[1].is("expect") && four[2].is("(");
        if called && four[3].kind == Kind::Text {
            found.push(format!(
                "{}:{}: contains .expect(",
                source.file, four[0].line
            ));
        }
    }
    found
}

fn seen(source: &Source, all: &[Token], name: &str) -> Vec<String> {
    let signs = rust_source::code(name);
    let here = |window: &[Token]| {
        window
            .iter()
            .zip(&signs)
            .all(|(token, sign)| token.is(&sign.text))
    };
    let windows = all.windows(signs.len()).filter(|window| here(window));
    windows
        .map(|window| format!("{}:{}: contains {name}", source.file, window[0].line))
        .collect()
}

#[test]
fn no_code_contains_what_is_forbidden() {
    in_all(forbidden);
}

#[test]
fn catches_forbidden_code() {
    for text in [
        "fn f() { todo!() }",
        "fn f() { unimplemented!(\"later\") }",
        "#[test] #[ignore = \"slow\"] fn f() {}",
        "fn f() { x.unwrap(); }",
        "fn f() { x\n  .expect(\"it is there\"); }",
        "fn f() { std::thread::sleep(LONG); }",
        "#[cfg(test)] mod tests { fn g() { y.unwrap() } } fn f() { x.unwrap(); }",
    ] {
        assert_eq!(forbidden(&sample(text)).len(), 1, "{text}");
    }
}

#[test]
fn allows_unwrap_in_tests_and_words_in_text() {
    for text in [
        "#[cfg(test)]\nmod tests { #[test] fn f() { x.unwrap(); std::thread::sleep(LONG); } }",
        "#[cfg(test)]\n#[allow(dead_code)]\nfn f() { x.expect(\"y\") }",
        "// x.unwrap() and todo!()\nconst WHY: &str = \"x.unwrap()\"; fn f() { x.unwrap_or_default() }",
    ] {
        assert_eq!(forbidden(&sample(text)), Vec::<String>::new(), "{text}");
    }
}

// ---- names ----

fn nameless(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let parts = source.file.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| NAMELESS.contains(part)) {
        found.push(format!("{}: {part} says nothing", source.file));
    }
    for pair in rust_source::code(&source.text).windows(2) {
        let (what, name) = (&pair[0], &pair[1]);
        let module = what.is("mod") && NAMELESS.contains(&name.text.as_str());
        let is_type = ["struct", "enum", "trait", "type"]
            .iter()
            .any(|word| what.is(word));
        let suffix = EMPTY_SUFFIXES.iter().any(|end| name.text.ends_with(end));
        if module || (is_type && suffix) {
            found.push(format!(
                "{}:{}: {} says nothing",
                source.file, name.line, name.text
            ));
        }
    }
    found
}

#[test]
fn names_say_something() {
    in_all(nameless);
}

#[test]
fn catches_names_that_say_nothing() {
    for text in [
        "mod utils;",
        "mod common { }",
        "struct SessionManager;",
        "pub trait EventHandler {}",
    ] {
        assert_eq!(nameless(&sample(text)).len(), 1, "{text}");
    }
    let file = Source::sample("src/wire/helpers.rs", "wire::helpers", "");
    assert_eq!(nameless(&file).len(), 1);
}

// ---- steps wait for named timers ----

fn literal_times(source: &Source) -> Vec<String> {
    if !source.file.starts_with("src/steps/") {
        return vec![];
    }
    let mut found = Vec::new();
    let all = source.shipped_tokens();
    for (at, token) in all.iter().enumerate() {
        let duration = token.is("Duration") && all.get(at + 1).is_some_and(|t| t.is("::"));
        let sleeps = [
            "sleep",
            "timeout",
            "from_secs",
            "from_millis",
            "from_secs_f64",
        ];
        let call = duration || sleeps.iter().any(|word| token.is(word));
        let open = all[at..].iter().take(4).position(|t| t.is("("));
        let number = open.and_then(|open| all.get(at + open + 1));
        if call && number.is_some_and(|t| t.kind == Kind::Number) {
            found.push(format!(
                "{}:{}: a time without a name",
                source.file, token.line
            ));
        }
    }
    found.dedup();
    found
}

#[test]
fn steps_wait_for_named_timers() {
    in_all(literal_times);
}

#[test]
fn catches_a_step_with_a_time_of_its_own() {
    let step =
        |text: &str| literal_times(&Source::sample("src/steps/chat.rs", "steps::chat", text));
    assert!(!step("fn f() { sleep(Duration::from_secs(5)); }").is_empty());
    assert!(!step("const PATIENCE: Duration = Duration::from_millis(250);").is_empty());
    assert!(!step("fn f() { Duration::new(1, 0); }").is_empty());
    assert!(step("fn f() { world.timers.answer() }").is_empty());
}

// ---- the repository ----

fn foreign_top_level(files: &[String]) -> Vec<String> {
    let first = files
        .iter()
        .filter_map(|file| Path::new(file).iter().next());
    let first: BTreeSet<_> = first.map(|name| name.to_string_lossy()).collect();
    let foreign = first
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_ref()));
    foreign
        .map(|name| format!("{name} does not belong at the top"))
        .collect()
}

#[test]
fn the_top_level_holds_what_the_plan_says() {
    none(foreign_top_level(&tracked()));
}

#[test]
fn catches_a_stranger_at_the_top() {
    let files = ["README.md", "src/lib.rs", "notes/x", ".ci/run"].map(str::to_owned);
    assert_eq!(foreign_top_level(&files).len(), 1);
}

fn unwieldy_feature(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let count = text.lines().count();
    if count > MOST_FEATURE_LINES {
        found.push(format!(
            "{file}: {count} lines; {MOST_FEATURE_LINES} are the most"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > MOST_FEATURE_COLUMNS {
            found.push(format!("{file}:{}: {columns} columns", number + 1));
        }
    }
    found
}

#[test]
fn features_fit_a_screen() {
    let features = features();
    none(
        features
            .iter()
            .flat_map(|(file, text)| unwieldy_feature(file, text))
            .collect(),
    );
}

#[test]
fn catches_a_feature_that_fits_no_screen() {
    assert!(unwieldy_feature("a", &"ü\n".repeat(120)).is_empty());
    assert_eq!(unwieldy_feature("a", &"x\n".repeat(121)).len(), 1);
    assert!(unwieldy_feature("a", &"ü".repeat(100)).is_empty());
    assert_eq!(unwieldy_feature("a", &"x".repeat(101)).len(), 1);
}

/// Paths and hosts of one machine. Written in pieces, so that this file does not hold them.
const OF_ONE_MACHINE: [&str; 9] = [
    concat!("/home", "/"),
    concat!("/Users", "/"),
    concat!("/root", "/"),
    concat!("/work", "/"),
    concat!("/tmp", "/bash"),
    concat!("C:\\", "Users"),
    concat!("arti", "factory"),
    concat!("nexus", "."),
    concat!("cargo-", "proxy"),
];

fn of_one_machine(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = format!("{file}:{}", number + 1);
        for sign in OF_ONE_MACHINE.iter().filter(|sign| line.contains(*sign)) {
            found.push(format!("{at}: {sign} belongs to one machine"));
        }
        let lock = file == "Cargo.lock" && line.starts_with("source = ");
        if lock && line != r#"source = "registry+https://github.com/rust-lang/crates.io-index""# {
            found.push(format!("{at}: {line} is not crates.io"));
        }
    }
    found
}

#[test]
fn nothing_depends_on_one_machine() {
    let mut found = Vec::new();
    for file in tracked() {
        if let Ok(text) = std::fs::read_to_string(root().join(&file)) {
            found.extend(of_one_machine(&file, &text));
        }
        if file.ends_with(".cargo/config.toml") {
            found.push(format!(
                "{file}: cargo's configuration belongs to one machine"
            ));
        }
    }
    none(found);
}

#[test]
fn catches_what_depends_on_one_machine() {
    for sign in OF_ONE_MACHINE {
        assert_eq!(
            of_one_machine("a.rs", &format!("see {sign}x")).len(),
            1,
            "{sign}"
        );
    }
    let mirror = "source = \"registry+https://mirror.example/index\"";
    assert_eq!(of_one_machine("Cargo.lock", mirror).len(), 1);
}

fn sample(text: &str) -> Source {
    Source::sample("src/wire/sample.rs", "wire::sample", text)
}
