//! The project's Rust sources as tokens and as a module tree, for the self-tests that hold rules over them.
//!
//! A lexer that knows comments, strings and characters, and the walk from `lib.rs` and `main.rs` along `mod` declarations, so that every
//! file is known by its module path and by whether it is compiled for tests only. It does not parse Rust and expands no macro.
//! More than 400 lines: the tokens and the walk need each other.
#![allow(dead_code)] // Two self-tests share it; neither needs all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Identifier or keyword.
    Word,
    Number,
    /// The text between the quotes, escapes as written.
    Text,
    /// Character, byte or lifetime.
    Quoted,
    /// From `//` or `/*` to its end.
    Comment,
    /// One character, or `::`.
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    pub line: usize,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Sign) && self.text == text
    }
}

/// A file of the crate, or an in-memory sample of one.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the repository's root, with `/`.
    pub file: String,
    /// Module path from the crate's root; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// Compiled for tests only.
    pub test: bool,
    pub text: String,
}

impl Source {
    pub fn sample(file: &str, module: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            module: module.split("::").map(str::to_owned).collect(),
            test: false,
            text: text.to_owned(),
        }
    }

    pub fn tokens(&self) -> Vec<Token> {
        tokens(&self.text)
    }

    /// Tokens other than comments, without the items under `#[cfg(test)]`; none of a file compiled for tests only.
    pub fn shipped_tokens(&self) -> Vec<Token> {
        if self.test {
            return Vec::new();
        }
        let all: Vec<Token> = code(&self.text);
        let mut kept = Vec::new();
        let mut at = 0;
        while at < all.len() {
            if starts_test_attribute(&all[at..]) {
                at = end_of_item(&all, at);
            } else {
                kept.push(all[at].clone());
                at += 1;
            }
        }
        kept
    }
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file under `src`, reached by a `mod` declaration or not.
pub fn files() -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The crates below `src` that are built by themselves build there.
        if path.is_dir() && path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(relative(&path));
        }
    }
}

fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    inside.to_string_lossy().replace('\\', "/")
}

pub fn is_selftest_or_bench(file: &str) -> bool {
    let folders = ["src/selftest/", "src/bench/", "src/fuzz/"];
    folders.iter().any(|folder| file.starts_with(folder))
}

/// The library and the binary, file by file, along their `mod` declarations.
pub fn crate_sources() -> BTreeMap<String, Source> {
    let mut found = BTreeMap::new();
    for start in ["src/lib.rs", "src/main.rs"] {
        follow(&root().join(start), Vec::new(), false, &mut found);
    }
    found
}

fn follow(path: &Path, module: Vec<String>, test: bool, found: &mut BTreeMap<String, Source>) {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let stem = path.file_stem().unwrap().to_string_lossy();
    let folder = path.parent().unwrap();
    let below = match stem.as_ref() {
        "mod" | "lib" | "main" => folder.to_owned(),
        _ => folder.join(stem.as_ref()),
    };
    for declared in declared_modules(&text) {
        let file = match &declared.path {
            Some(given) => folder.join(given),
            None => {
                let flat = below.join(format!("{}.rs", declared.name));
                if flat.exists() {
                    flat
                } else {
                    below.join(&declared.name).join("mod.rs")
                }
            }
        };
        let mut inner = module.clone();
        inner.push(declared.name);
        follow(&file, inner, test || declared.test, found);
    }
    let file = relative(path);
    let source = Source {
        file: file.clone(),
        module,
        test,
        text,
    };
    found.insert(file, source);
}

#[derive(Debug, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    pub path: Option<String>,
    pub test: bool,
}

/// `mod x;` with the `#[path]` and `#[cfg(test)]` in front of it.
pub fn declared_modules(text: &str) -> Vec<Declared> {
    let all = code(text);
    let mut found = Vec::new();
    let (mut path, mut test) = (None, false);
    let mut at = 0;
    while at < all.len() {
        let here = &all[at..];
        if here[0].is("#") && here.get(1).is_some_and(|t| t.is("[")) {
            test |= starts_test_attribute(here);
            if here.len() > 4 && here[2].is("path") && here[4].kind == Kind::Text {
                path = Some(here[4].text.clone());
            }
            at = end_of_group(&all, at + 1);
            continue;
        }
        if here.len() > 2 && here[0].is("mod") && here[2].is(";") {
            found.push(Declared {
                name: here[1].text.clone(),
                path: path.take(),
                test,
            });
        }
        let goes_on = here[0].is("pub") || here[0].is("(") || here[0].is(")");
        if !goes_on && !here[0].is("crate") && !here[0].is("super") {
            (path, test) = (None, false);
        }
        at += 1;
    }
    found
}

fn starts_test_attribute(here: &[Token]) -> bool {
    let wanted = ["#", "[", "cfg", "(", "test", ")"];
    here.len() >= wanted.len() && wanted.iter().zip(here).all(|(w, t)| t.is(w))
}

/// The index behind the bracket that closes the one at `open`.
pub fn end_of_group(all: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in all.iter().enumerate().skip(open) {
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            depth += 1;
        } else if [")", "]", "}"].iter().any(|sign| token.is(sign)) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    all.len()
}

/// The index behind the item whose first attribute is at `at`: behind its `{…}` or its `;`.
fn end_of_item(all: &[Token], at: usize) -> usize {
    let mut at = at;
    while at < all.len() {
        if all[at].is(";") {
            return at + 1;
        }
        if all[at].is("{") {
            return end_of_group(all, at);
        }
        if all[at].is("(") || all[at].is("[") {
            at = end_of_group(all, at);
        } else {
            at += 1;
        }
    }
    at
}

/// Tokens other than comments.
pub fn code(text: &str) -> Vec<Token> {
    let mut all = tokens(text);
    all.retain(|token| token.kind != Kind::Comment);
    all
}

pub fn tokens(text: &str) -> Vec<Token> {
    Lexer {
        chars: text.chars().collect(),
        at: 0,
        line: 1,
    }
    .run()
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Lexer {
    fn run(mut self) -> Vec<Token> {
        let mut found = Vec::new();
        while self.at < self.chars.len() {
            if self.peek(0).is_some_and(char::is_whitespace) {
                self.next();
                continue;
            }
            let line = self.line;
            let (kind, text) = self.token();
            found.push(Token { kind, text, line });
        }
        found
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek(0).filter(|c| wanted(*c)) {
            taken.push(c);
            self.next();
        }
        taken
    }

    fn token(&mut self) -> (Kind, String) {
        match (self.peek(0).unwrap(), self.peek(1)) {
            ('/', Some('/')) => (Kind::Comment, self.take_while(|c| c != '\n')),
            ('/', Some('*')) => (Kind::Comment, self.block_comment()),
            ('"', _) => (Kind::Text, self.quoted('"')),
            ('\'', _) => (Kind::Quoted, self.character_or_lifetime()),
            (':', Some(':')) => {
                self.at += 2;
                (Kind::Sign, "::".to_owned())
            }
            (c, _) if c.is_ascii_digit() => (Kind::Number, self.number()),
            (c, _) if c.is_alphabetic() || c == '_' => self.word_or_prefixed(),
            (c, _) => {
                self.next();
                (Kind::Sign, c.to_string())
            }
        }
    }

    fn block_comment(&mut self) -> String {
        let mut depth = 0;
        let mut taken = String::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => return taken,
                (Some(c), _) => {
                    taken.push(c);
                    self.next();
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return format!("/*{taken}*/");
            }
        }
    }

    fn quoted(&mut self, quote: char) -> String {
        self.next();
        let mut taken = String::new();
        while let Some(c) = self.next() {
            if c == quote {
                break;
            }
            taken.push(c);
            if c == '\\' {
                taken.extend(self.next());
            }
        }
        taken
    }

    fn raw(&mut self) -> String {
        let hashes = self.take_while(|c| c == '#').len();
        self.next();
        let mut taken = String::new();
        while let Some(c) = self.next() {
            if c == '"' && (0..hashes).all(|n| self.peek(n) == Some('#')) {
                self.at += hashes;
                break;
            }
            taken.push(c);
        }
        taken
    }

    fn character_or_lifetime(&mut self) -> String {
        if self.peek(1) == Some('\\') || self.peek(2) == Some('\'') {
            return self.quoted('\'');
        }
        self.next();
        self.take_while(|c| c.is_alphanumeric() || c == '_')
    }

    fn number(&mut self) -> String {
        let mut taken = self.take_while(|c| c.is_alphanumeric() || c == '_');
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            self.next();
            taken.push('.');
            taken += &self.take_while(|c| c.is_alphanumeric() || c == '_');
        }
        taken
    }

    fn word_or_prefixed(&mut self) -> (Kind, String) {
        let word = self.take_while(|c| c.is_alphanumeric() || c == '_');
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match (self.peek(0), self.peek(1)) {
            (Some('"'), _) if raw => (Kind::Text, self.raw()),
            (Some('#'), Some('"' | '#')) if raw => (Kind::Text, self.raw()),
            (Some('#'), Some(_)) if word == "r" => {
                self.next();
                self.word_or_prefixed()
            }
            (Some('"'), _) if matches!(word.as_str(), "b" | "c") => (Kind::Text, self.quoted('"')),
            (Some('\''), _) if word == "b" => (Kind::Quoted, self.quoted('\'')),
            _ => (Kind::Word, word),
        }
    }
}
