//! Self-test: data flows one way. A module never names a module of a higher floor, the reference implementation shares `wire` and nothing
//! else with the harness, and nothing but the command line names it.
//!
//! Names are found in paths that start at `crate`, `super`, `self` or the crate's own name, in use trees and in attributes that hold a
//! path as text. Self-tests and benchmarks stand outside the house and may name any floor.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rust_source;

use rust_source::{Kind, Source, Token, code, crate_sources, end_of_group};
use std::collections::BTreeSet;

const FLOORS: [(&str, u8); 10] = [
    ("wire", 1),
    ("peer", 2),
    ("capture", 3),
    ("observe", 4),
    ("verdict", 5),
    ("sut", 5),
    ("steps", 6),
    ("runner", 7),
    ("report", 8),
    ("cli", 9),
];
const REFERENCE: &str = "reference";

fn floor(module: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(name, _)| *name == module);
    found.map(|(_, floor)| *floor)
}

/// A path as written, resolved to the crate's root.
#[derive(Debug)]
struct Named {
    line: usize,
    path: Vec<String>,
}

/// Every path from the crate's root that a file writes.
fn named(source: &Source) -> Vec<Named> {
    let all = code(&source.text);
    let mut walk = Walk {
        all: &all,
        inline: Vec::new(),
        found: Vec::new(),
    };
    let mut at = 0;
    while at < all.len() {
        at = walk.step(&source.module, at);
    }
    walk.found
}

struct Walk<'a> {
    all: &'a [Token],
    /// Inline modules around the place, with the index behind their closing brace.
    inline: Vec<(String, usize)>,
    found: Vec<Named>,
}

impl Walk<'_> {
    fn step(&mut self, file_module: &[String], at: usize) -> usize {
        self.inline.retain(|(_, end)| at < *end);
        let here = &self.all[at..];
        if here.len() > 2 && here[0].is("mod") && here[2].is("{") {
            let end = end_of_group(self.all, at + 2);
            self.inline.push((here[1].text.clone(), end));
            return at + 3;
        }
        let module: Vec<String> = file_module
            .iter()
            .chain(self.inline.iter().map(|(name, _)| name))
            .cloned()
            .collect();
        if here[0].kind == Kind::Text {
            self.path_as_text(&here[0], &module);
            return at + 1;
        }
        let Some(start) = start_of_path(&here[0], &module) else {
            return at + 1;
        };
        let followed = here.get(1);
        if followed.is_some_and(|t| t.is("::")) {
            return self.tree(start, at + 2);
        }
        if here[0].is("crate") && followed.is_some_and(|t| t.is("as")) {
            self.found(here[0].line, Vec::new());
        }
        at + 1
    }

    /// `#[serde(with = "crate::…")]` and its like.
    fn path_as_text(&mut self, token: &Token, module: &[String]) {
        let names = ["crate::", "super::", "self::", "ims_conformance::"];
        if !names.iter().any(|name| token.text.starts_with(name)) {
            return;
        }
        let sample = Source {
            file: String::new(),
            module: module.to_vec(),
            test: false,
            text: token.text.clone(),
        };
        for inner in named(&sample) {
            self.found(token.line, inner.path);
        }
    }

    /// The rest of a path or use tree at `at`, behind a `::`. Gives the index behind it.
    fn tree(&mut self, mut prefix: Vec<String>, mut at: usize) -> usize {
        while at < self.all.len() {
            let token = &self.all[at];
            if token.is("{") {
                return self.branches(&prefix, at);
            }
            if token.is("super") {
                prefix.pop();
            } else if token.is("*") {
                prefix.push("*".to_owned());
            } else if token.kind == Kind::Word && !token.is("self") {
                prefix.push(token.text.clone());
            }
            let goes_on = self.all.get(at + 1).is_some_and(|t| t.is("::"));
            // `Vec::<T>::new`: what stands between the angle brackets is looked at for itself.
            let generic = self.all.get(at + 2).is_some_and(|t| t.is("<"));
            if !goes_on || generic {
                self.found(token.line, prefix);
                return at + 1;
            }
            at += 2;
        }
        at
    }

    fn branches(&mut self, prefix: &[String], open: usize) -> usize {
        let end = end_of_group(self.all, open);
        let mut at = open + 1;
        while at + 1 < end {
            if self.all[at].is(",") {
                at += 1;
                continue;
            }
            at = self.tree(prefix.to_vec(), at);
            if at < end && self.all[at].is("as") {
                at += 2;
            }
        }
        end
    }

    fn found(&mut self, line: usize, path: Vec<String>) {
        self.found.push(Named { line, path });
    }
}

fn start_of_path(token: &Token, module: &[String]) -> Option<Vec<String>> {
    match token.text.as_str() {
        _ if token.kind != Kind::Word => None,
        "crate" | "ims_conformance" => Some(Vec::new()),
        "self" => Some(module.to_vec()),
        "super" => Some(module[..module.len().saturating_sub(1)].to_vec()),
        _ => None,
    }
}

/// What is wrong with the names of one file, one sentence each.
fn offences(source: &Source) -> Vec<String> {
    let mut found = BTreeSet::new();
    let own = source.module.first().map(String::as_str);
    for named in named(source) {
        let what = match (own, named.path.first().map(String::as_str)) {
            // The crate's root: the binary names the command line, the library declares its modules.
            (None, Some("cli") | None) => None,
            (None, Some(other)) => Some(format!("the crate's root names {other}")),
            (Some(own), Some(target)) => offence(own, target),
            (Some(own), None) => Some(format!("{own} names the whole crate")),
        };
        if let Some(what) = what {
            found.insert(format!("{}:{}: {what}", source.file, named.line));
        }
    }
    found.extend(included_code(source));
    found.into_iter().collect()
}

fn offence(own: &str, target: &str) -> Option<String> {
    if target == own {
        return None;
    }
    if target == "*" {
        return Some(format!("{own} names the whole crate"));
    }
    if own == REFERENCE {
        return (target != "wire")
            .then(|| format!("reference names {target}; it may see wire only"));
    }
    if target == REFERENCE {
        return (own != "cli").then(|| format!("{own} names reference; only cli may, to start it"));
    }
    match (floor(own), floor(target)) {
        (None, _) => Some(format!("{own} has no floor")),
        (_, None) => Some(format!("{own} names {target}, which has no floor")),
        (Some(own_floor), Some(target_floor)) => (target_floor > own_floor)
            .then(|| format!("{own} (floor {own_floor}) names {target} (floor {target_floor})")),
    }
}

/// Code of another place, taken in by `include!` or `#[path]`, would get around every rule here.
fn included_code(source: &Source) -> Vec<String> {
    let all = code(&source.text);
    let mut found = Vec::new();
    for (at, token) in all.iter().enumerate() {
        let next = |ahead: usize| all.get(at + ahead);
        let include = token.is("include") && next(1).is_some_and(|t| t.is("!"));
        let path = token.is("path") && next(1).is_some_and(|t| t.is("="));
        let outside = path && next(2).is_some_and(|t| t.text.contains(".."));
        if include || outside {
            found.push(format!(
                "{}:{}: takes code in from elsewhere",
                source.file, token.line
            ));
        }
    }
    found
}

fn offences_of(module: &str, text: &str) -> Vec<String> {
    let file = format!("src/{}.rs", module.replace("::", "/"));
    offences(&Source::sample(&file, module, text))
}

#[test]
fn no_module_names_a_higher_floor() {
    let sources = crate_sources();
    assert!(sources.len() > 100, "the walk over the sources is broken");
    let found: Vec<String> = sources.values().flat_map(offences).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_module_of_the_crate_has_a_floor() {
    let sources = crate_sources();
    let library = rust_source::declared_modules(&sources["src/lib.rs"].text);
    for declared in &library {
        let known = declared.name == REFERENCE || floor(&declared.name).is_some();
        assert!(known, "give {} a floor in this file", declared.name);
    }
    for (name, _) in FLOORS {
        assert!(
            library.iter().any(|declared| declared.name == name),
            "{name} has a floor and is no module"
        );
    }
}

#[test]
fn sees_paths_of_real_files() {
    let sources = crate_sources();
    let wire_named_by = |start: &str| {
        let inside = sources.values().filter(|s| s.file.starts_with(start));
        inside
            .flat_map(named)
            .filter(|n| n.path.first().is_some_and(|first| first == "wire"))
            .count()
    };
    for folder in ["src/peer/", "src/observe/", "src/reference/"] {
        assert!(wire_named_by(folder) > 3, "no path seen in {folder}");
    }
}

#[test]
fn catches_a_use_of_a_higher_floor() {
    let found = offences_of("wire::sip", "use crate::peer::Time;");
    assert_eq!(
        found,
        ["src/wire/sip.rs:1: wire (floor 1) names peer (floor 2)"]
    );
}

#[test]
fn catches_a_higher_floor_however_it_is_written() {
    for text in [
        "fn f() { crate::steps::go(); }",
        "use crate::{wire, steps::World};",
        "use crate::{wire::{self, sip}, steps as s};",
        "use super::super::steps::World;",
        "mod inner { use super::super::super::steps::World; }",
        "use self::super::super::steps;",
        "fn f(x: Vec<crate::steps::World>) {}",
        "fn f() { Vec::<crate::steps::World>::new(); }",
        "#[serde(with = \"crate::steps::format\")] struct S;",
        "use ims_conformance::steps;",
        "use ::ims_conformance::steps;",
        "macro_rules! m { () => { $crate::steps::go() } }",
        "use crate::*;",
        "use crate as root;",
        "use super::super::*;",
        "use crate::{self as root};",
        "include!(\"../steps/mod.rs\");",
        "#[path = \"../steps/mod.rs\"] mod borrowed;",
    ] {
        assert!(!offences_of("observe::facts", text).is_empty(), "{text}");
    }
}

#[test]
fn allows_lower_floors_the_own_floor_and_what_is_not_code() {
    for text in [
        "use crate::wire::sip; use super::reader; use crate::observe::facts;",
        "//! See [`crate::cli`].\n/* crate::steps */ const WHY: &str = \"see crate::steps\";",
        "pub(crate) fn f() {} pub(super) fn g() {}",
        "mod inner { use super::super::reader; use super::*; }",
        "fn f(&self) { self.super_::<u8>(); let c = '\\''; let d = '\"'; }",
    ] {
        let found = offences_of("observe::facts", text);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
    assert!(offences_of("verdict::chat", "use crate::sut::profile;").is_empty());
    assert!(offences_of("sut::profile", "use crate::verdict::register;").is_empty());
}

#[test]
fn catches_a_reference_that_shares_more_than_wire() {
    for module in [
        "peer", "capture", "observe", "verdict", "sut", "report", "cli",
    ] {
        let text = format!("use crate::wire::sip; use crate::{module}::x;");
        let found = offences_of("reference::ip_sm_gw", &text);
        assert_eq!(
            found,
            [format!(
                "src/reference/ip_sm_gw.rs:1: reference names {module}; it may see wire only"
            )]
        );
    }
    assert!(offences_of("reference::esme", "use crate::{wire, reference::faults};").is_empty());
}

#[test]
fn catches_whoever_but_the_command_line_names_the_reference() {
    for module in [
        "wire", "peer", "verdict", "sut", "steps", "runner", "report",
    ] {
        let found = offences_of(module, "use crate::reference::faults::Fault;");
        assert_eq!(found.len(), 1, "{module}: {found:?}");
    }
    assert!(offences_of("cli::run", "crate::reference::run(arguments)").is_empty());
}

#[test]
fn catches_a_module_without_a_floor() {
    assert!(!offences_of("attic", "use crate::wire;").is_empty());
    assert!(!offences_of("cli", "use crate::attic;").is_empty());
}
