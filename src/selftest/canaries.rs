//! Self-test: fifty canaries, passwords, keys, numbers, IMSIs and messages, sing in a run and in none of its redacted outputs.
//!
//! Every file of the run is searched octet by octet for each of them in every encoding. The same search finds them all in a run that is not
//! redacted and in what the system was given, otherwise it would prove nothing. And redaction changes no verdict.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Environment variables and what is in them.
const SECRETS: [(&str, &str); 10] = [
    ("CANARY_SMPP", "Zc4n4ry1"),
    ("CANARY_UT", "ut-Zilpzalp&7/9"),
    ("CANARY_TOKEN", "eyJ0b2tlbiI6IlppbHB6YWxwIn0"),
    ("CANARY_K", "465b5ce8b199b49faa5f0a2ee238a6bc"),
    ("CANARY_OPC", "cd63cb71954a9f4e48a5994e37a02baf"),
    ("CANARY_HTTP", "Gr0sbeak:Finch?"),
    ("CANARY_BASIC", "Turdus+merula=1"),
    ("CANARY_NAF", "S2tuYWYtQmFjaHN0ZWx6ZS0x"),
    ("CANARY_PIN", "zk7731"),
    ("CANARY_KEY", "Wiesenpieper\"quoted\"<x>"),
];

/// What people write: in the GSM alphabet, in UCS2, in base64 and percent-encoded.
const TEXTS: [&str; 15] = [
    "Treffpunkt Kranichfeld um neun",
    "Zaunkoenig sitzt im Efeu",
    "Die Losung heisst Rohrdommel",
    "Bring den Eisvogel zum Hafen",
    "Встреча у Журавлиного поля",
    "Пароль теперь Зимородок",
    "カワセミ 翡翠鳥在港口",
    "Gr\u{fc}\u{df}e an B\u{e4}rbel Wiedehopf",
    "V3JlbiBhdCB0aGUgb2xkIG1pbGw=",
    "Meet%20Goldcrest%20at%20dawn%21",
    "IMSI 262019876543210 belongs to Firecrest",
    "Hawfinch writes again from the mill",
    "Bullfinch keeps the other half",
    "Serinwood House has no door",
    "Sim 001019988776655 and 310150123456789 are Siskins",
];

const IMSIS: [&str; 3] = ["262019876543210", "001019988776655", "310150123456789"];

/// Users' and session numbers that a run uses, so many of them.
const NUMBERS: usize = 22;

/// No outline: the ids of its rows would be made of the texts.
fn features() -> [String; 2] {
    let scenario = |(index, (before, sends, text)): (usize, (&str, &str, &&str))| {
        let (rule, number) = match before {
            "" => ("PGO-01", index),
            _ => ("M2S-01", index),
        };
        let number = number + 1;
        format!(
            "    @TC-{rule}-{number:02}
    Scenario: Alice writes, {number}
{before}      When {sends} \"{text}\"
      Then Bob receives \"{text}\" once

"
        )
    };
    let chat = "      Given Alice has a chat session with Bob\n";
    let (says, pages) = (
        "Alice sends Bob the message",
        "Alice sends Bob the pager message",
    );
    let chats = TEXTS.iter().map(|t| (chat, says, t));
    let pagers = TEXTS.iter().map(|t| ("", pages, t));
    let chats: String = chats.enumerate().map(scenario).collect();
    let pagers: String = pagers.enumerate().map(scenario).collect();
    let feature = |rule: &str, scenarios: &str| {
        format!(
            "Feature: Canaries
  Background:
    Given Alice is a CPM user
    And Bob can be reached by SMS only

  @{rule}
  Rule: What a CPM user writes becomes a short message

{scenarios}"
        )
    };
    [feature("M2S-01", &chats), feature("PGO-01", &pagers)]
}

/// The reference, given its passwords and all other secrets by the environment, telling them all to its log.
fn profile(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text =
        std::fs::read_to_string(root.join("fixtures/systems/reference/profile.yaml")).unwrap();
    let mut profile = text;
    let mut swap = |from: &str, to: &str| {
        assert!(profile.contains(from), "{from}");
        profile = profile.replacen(from, to, 1);
    };
    let told: Vec<String> = (SECRETS.iter())
        .map(|(name, _)| {
            format!("printf '%s ' \\\"${name}\\\"; printf %s \\\"x${name}\\\" | base64 -w0;")
        })
        .collect();
    let told = format!(
        "{{ {} echo; }} | tee {}/told >&2;",
        told.concat(),
        folder.display()
    );
    swap(
        "command: [\"{self}\", \"reference\", \"--listen\", \"{local_ip}\", \"--min-session-expires\", \"1\", \"--ut-password\", \"secret\", \"--until-stdin-closes\"]",
        &format!(
            "command: [sh, -c, \"{told} exec {{self}} reference --listen {{local_ip}} --min-session-expires 1 --ut-password \\\"{{secret.ut}}\\\" --until-stdin-closes \\\"$@\\\"\", sh]"
        ),
    );
    let named: Vec<String> = (SECRETS.iter())
        .map(|(name, _)| format!("  {name}: {{ env: {name} }}\n"))
        .collect();
    swap(
        "sip:\n",
        &format!(
            "secrets:\n  ut: {{ file: ut.password }}\n{}sip:\n",
            named.concat()
        ),
    );
    swap("    password: secret", "    password: { env: CANARY_SMPP }");
    swap(
        "\"--smpp-password\", \"secret\"",
        "\"--smpp-password\", \"Zc4n4ry1\"",
    );
    swap("password: secret }", "password: { file: ut.password } }");
    swap(
        "    base: \"{provisioning}\"\n",
        "    base: \"{provisioning}\"\n    headers: { X-Token: \"Bearer {secret.CANARY_TOKEN}\" }\n    credentials: { username: lab, password: { env: CANARY_BASIC } }\n",
    );
    std::fs::write(folder.join("ut.password"), "ut-Zilpzalp&7/9\n").unwrap();
    std::fs::write(folder.join("profile.yaml"), profile).unwrap();
}

/// A run over a carriage; the verdict of each case.
fn run(folder: &Path, out: &str, carriage: &str, more: &[&str]) -> BTreeMap<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "--seed", "5", "--carriage", carriage, "--system"])
        .arg(folder.join("canary"))
        .arg("--features")
        .arg(folder.join("features"))
        .arg("--out")
        .arg(folder.join(out))
        .args(more)
        .envs(SECRETS)
        .output()
        .unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let kept = std::fs::write(folder.join(out).join("said"), &said);
    assert!(kept.is_ok(), "{}", String::from_utf8_lossy(&said));
    let said = String::from_utf8_lossy(&said);
    let record = std::fs::read(folder.join(out).join("run.json"));
    let record = record.unwrap_or_else(|_| panic!("{said}"));
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let cases = record["cases"].as_array().unwrap().iter();
    let verdict = |case: &serde_json::Value| {
        let text = |key: &str| case[key].as_str().unwrap().to_owned();
        (text("file") + &case["line"].to_string(), text("verdict"))
    };
    let verdicts: BTreeMap<String, String> = cases.map(verdict).collect();
    assert!(verdicts.values().all(|v| v == "pass"), "{said}\n{record:#}");
    verdicts
}

/// Everything in a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
    found
}

/// A canary in its encodings, written for this test and not taken from what it tests.
fn encodings(canary: &str) -> Vec<(&'static str, Vec<u8>)> {
    let octets = canary.as_bytes();
    let hex: String = octets.iter().map(|o| format!("{o:02x}")).collect();
    let percent: String = octets.iter().map(|o| format!("%{o:02X}")).collect();
    let escaped: String = canary
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut all = vec![
        ("plain", octets.to_vec()),
        ("hex", hex.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        ("percent", percent.into_bytes()),
        ("escaped", escaped.into_bytes()),
        ("ucs2", wide),
    ];
    for shift in 0..3 {
        let bits = std::iter::repeat_n(0, shift).chain(octets.iter().copied());
        all.push(("base64", base64(&bits.collect::<Vec<u8>>(), shift)));
    }
    if canary.is_ascii() {
        all.extend((0..8).map(|fill| ("packed", packed(octets, fill))));
    }
    if canary.bytes().all(|c| c.is_ascii_digit()) {
        let swapped = octets.chunks_exact(2);
        let tbcd = swapped.map(|two| (two[0] - b'0') | ((two[1] - b'0') << 4));
        all.push(("tbcd", tbcd.collect()));
    }
    all
}

/// What of base64 does not depend on what stands around.
fn base64(octets: &[u8], shift: usize) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| (octets[at / 8] >> (7 - at % 8)) & 1;
    let first = (shift * 8).div_ceil(6);
    (first..octets.len() * 8 / 6)
        .map(|place| (0..6).fold(0, |value, b| value << 1 | bit(place * 6 + b)))
        .map(|value| alphabet[usize::from(value)])
        .collect()
}

/// Whole octets of septets (3GPP TS 23.038 clause 6.1.2.1) that begin at a bit.
fn packed(septets: &[u8], fill: usize) -> Vec<u8> {
    let bit = |at: usize| (septets[at / 7] >> (at % 7)) & 1;
    let first = if fill == 0 { 0 } else { 8 - fill };
    (0..(septets.len() * 7 - first) / 8)
        .map(|octet| (0..8).fold(0, |value, b| value | bit(first + octet * 8 + b) << b))
        .collect()
}

/// Where canaries are met: canary and encoding, and the file.
fn sung(
    canaries: &BTreeSet<String>,
    files: &[(String, Vec<u8>)],
) -> BTreeMap<(String, &'static str), String> {
    let mut found = BTreeMap::new();
    for canary in canaries {
        for (encoding, octets) in encodings(canary) {
            let finder = memchr::memmem::Finder::new(&octets);
            let met = files.iter().find(|(_, file)| finder.find(file).is_some());
            if let Some((name, _)) = met {
                found.insert((canary.clone(), encoding), name.clone());
            }
        }
    }
    found
}

/// Numbers of users and of sessions, as the captures have them.
fn numbers(files: &[(String, Vec<u8>)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, octets) in files.iter().filter(|(name, _)| name.contains("TC-")) {
        for prefix in ["+4477009", "+4420794"] {
            for at in memchr::memmem::find_iter(octets, prefix) {
                let digits = octets.get(at + 1..at + 13).unwrap_or_default();
                // The service centre is no person.
                let centre = digits == b"447700900000" || digits == b"447700900777";
                if digits.iter().all(u8::is_ascii_digit) && !centre {
                    found.insert(String::from_utf8(digits.to_vec()).unwrap());
                }
            }
        }
    }
    found.into_iter().take(NUMBERS).collect()
}

#[test]
fn no_redacted_output_has_a_canary() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for name in [
        "canary",
        "features",
        "smpp",
        "sgd",
        "smpp-redacted",
        "sgd-redacted",
    ] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    profile(&folder.join("canary"));
    for (name, feature) in ["chat", "pager"].iter().zip(features()) {
        std::fs::write(folder.join(format!("features/{name}.feature")), feature).unwrap();
    }
    let verdicts = std::thread::scope(|scope| {
        let runs = ["smpp", "sgd"].map(|carriage| {
            scope.spawn(move || {
                let bare = run(folder, carriage, carriage, &[]);
                let out = format!("{carriage}-redacted");
                (bare, run(folder, &out, carriage, &["--redact"]))
            })
        });
        runs.map(|run| run.join().unwrap())
    });
    for (bare, redacted) in &verdicts {
        assert_eq!(bare, redacted);
    }
    let bare = [files(&folder.join("smpp")), files(&folder.join("sgd"))].concat();
    let redacted = ["smpp-redacted", "sgd-redacted"].map(|out| files(&folder.join(out)));
    let redacted = redacted.concat();
    let texts = TEXTS.iter().chain(&IMSIS);
    let mut people: BTreeSet<String> = texts.map(|text| (*text).to_owned()).collect();
    people.extend(numbers(&bare));
    let secrets: BTreeSet<String> = SECRETS.iter().map(|(_, s)| (*s).to_owned()).collect();
    assert_eq!(people.len() + secrets.len(), 50);

    let met = sung(&people, &bare);
    for canary in &people {
        assert!(
            met.keys().any(|(c, _)| c == canary),
            "no control for {canary}"
        );
    }
    let encodings: BTreeSet<&str> = met.keys().map(|(_, encoding)| *encoding).collect();
    for encoding in ["plain", "ucs2", "packed", "tbcd"] {
        assert!(encodings.contains(encoding), "no control for {encoding}");
    }
    let told = std::fs::read(folder.join("canary/told")).unwrap();
    let told = [("told".to_owned(), told)];
    assert_eq!(sung(&secrets, &told).len(), 2 * secrets.len());

    let wrong = sung(&people, &redacted);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let wrong = sung(&secrets, &redacted);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // On the wire secrets are there for judging; nowhere else.
    let written: Vec<_> = bare
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".pcapng"))
        .collect();
    let wrong = sung(&secrets, &written);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
