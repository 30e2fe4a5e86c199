//! Self-test: mistakes of those who write profiles. Each gives one message that names the key or the interface and how it is mended, and
//! none of them is told as a failure of the system. And the way a stranger goes: five answers, `doctor`, the smoke test, a pass.
//!
//! More than 400 lines: one mistake after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod elsewhere;
mod third_party;

use elsewhere::{Elsewhere, expired};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use third_party::free_port;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ims-conformance");

/// A change of the reference's profile that somebody might make, and what has to be said of it.
struct Mistake {
    name: &'static str,
    /// Texts of the profile and what stands in their place. `{http}`, `{conflict}`, `{late}` are servers of this test, `{taken}` is a
    /// port of somebody else, `{folder}` the profile's.
    changes: &'static [(&'static str, &'static str)],
    /// Arguments of the run.
    arguments: &'static [&'static str],
    code: i32,
    /// Each stands once in the message.
    said: &'static [&'static str],
}

const SMOKE: &[&str] = &["--only-smoke"];
/// Nobody waits long for a bind that never comes.
const SOON: (&str, &str) = (
    "    bound_within_seconds: 10",
    "    bound_within_seconds: 0.8",
);
const TLS: &str = "    password: secret\n    tls: { certificate: smsc.pem, key: smsc.key }";
const ACCOUNT: &str = "\"--smpp-password\", \"secret\"";
const OLD_CERTIFICATE: &str =
    "\"--smpp-password\", \"secret\", \"--smpp-tls-ca\", \"{folder}/ca.pem\"";

macro_rules! mistake {
    ($name:literal, [$($change:expr),*], [$($said:literal),*]) => {
        mistake!($name, [$($change),*], SMOKE, 3, [$($said),*])
    };
    ($name:literal, [$($change:expr),*], $arguments:expr, $code:literal, [$($said:literal),*]) => {
        Mistake {
            name: $name,
            changes: &[$($change),*],
            arguments: $arguments,
            code: $code,
            said: &[$($said),*],
        }
    };
}

#[path = "mistakes/registration.rs"]
mod registration;

/// What only the text of the profile shows.
const WRITTEN: &[Mistake] = &[
    mistake!(
        "unknown key",
        [("  transport: udp", "  transprot: udp")],
        [
            "profile.yaml: ",
            "`transprot`",
            "is `transport` meant?",
            "line 10 "
        ]
    ),
    mistake!(
        "bad YAML type",
        [("pool_size: 400", "pool_size: many")],
        ["numbers.pool_size: ", "\"many\""]
    ),
    mistake!(
        "tab in YAML",
        [("  domain:", "\tdomain:")],
        ["profile.yaml: ", "line 13"]
    ),
    mistake!(
        "key left out",
        [("  domain: home1.example\n", "")],
        ["sip: missing field `domain`"]
    ),
    mistake!(
        "IPv6 without brackets",
        [("\"{sip}\"", "\"2001:db8::1:5060\"")],
        ["sip.address: ", "brackets", "write [2001:db8::1]:5060"]
    ),
    mistake!(
        "address without port",
        [("\"{sip}\"", "192.0.2.1")],
        ["sip.address: ", "has no port", "write 192.0.2.1:5060"]
    ),
    mistake!(
        "IPv4 here, IPv6 there",
        [("\"{sip}\"", "\"[2001:db8::1]:5060\"")],
        ["sip.local_ip: 127.0.0.1 cannot reach sip.address"]
    ),
    mistake!(
        "transport nobody has",
        [("  transport: udp", "  transport: upd")],
        ["sip.transport: `upd` is none; write udp, tcp or tls"]
    ),
    mistake!(
        "base without http",
        [("\"{provisioning}\"", "192.0.2.1:8080")],
        ["provisioning.http.base: ", "write one like http://"]
    ),
    mistake!(
        "duplicate user",
        [(
            "provisioning:\n  http:",
            "provisioning:\n- prepared_users: { users: [{ number: \"+4477\" }, { number: \"+4477\" }] }\n- http:"
        )],
        [
            "provisioning.prepared_users.users[1].number: +4477 is a duplicate user, users[0]",
            "take one of the two out"
        ]
    ),
    mistake!(
        "property no user has",
        [(
            "provisioning:\n  http:",
            "provisioning:\n- prepared_users: { users: [{ number: \"+4477\", properties: { provider_polcy: ask } }] }\n- http:"
        )],
        [
            "provisioning.prepared_users.users[0].properties.provider_polcy: ",
            "is `provider_policy` meant?"
        ]
    ),
    mistake!(
        "number without quotes",
        [("users: \"+4477009\"", "users: 4477009")],
        [
            "numbers.users: ",
            "`4477009` is no E.164 number; write + and digits, in quotes"
        ]
    ),
    mistake!(
        "one range for users and sessions",
        [("sessions: \"+4420794\"", "sessions: \"+44770\"")],
        ["numbers.sessions: +44770 and numbers.users +4477009 are one range"]
    ),
    mistake!(
        "blank in a Diameter identity",
        [("origin_realm: ims.example", "origin_realm: ims example")],
        ["short_messages.sgd.origin_realm: `ims example` is no Diameter identity"]
    ),
    mistake!(
        "secret in a variable that is not set",
        [(
            "    password: secret",
            "    password: { env: NO_SUCH_PASSWORD }"
        )],
        [
            "short_messages.smpp.password: ",
            "the environment variable NO_SUCH_PASSWORD is not set"
        ]
    ),
    mistake!(
        "secret in a file that is not there",
        [(
            "    password: secret",
            "    password: { file: no-such-file }"
        )],
        [
            "short_messages.smpp.password: ",
            "no-such-file cannot be read: "
        ]
    ),
    mistake!(
        "secret that is not named",
        [(
            "    base: \"{provisioning}\"",
            "    base: \"{provisioning}\"\n    headers: { X-Token: \"{secret.token}\" }"
        )],
        [
            "provisioning.http: there is no secret `token`",
            "under `secrets`"
        ]
    ),
    mistake!(
        "ICS item left out",
        [("  practice.oma_warnings: yes\n", "")],
        &["AUT-03"],
        5,
        [
            "ics.practice.oma_warnings is unset in ",
            "profile.yaml: write `practice.oma_warnings: yes`",
            "TC-AUT-03-01"
        ]
    ),
    mistake!(
        "ICS item misspelt",
        [("practice.oma_warnings", "practice.oma_warning")],
        &["AUT-03"],
        5,
        [
            "ics.practice.oma_warning in ",
            "is `practice.oma_warnings` meant?"
        ]
    ),
    mistake!(
        "ICS item that is neither yes nor no",
        [(
            "practice.oma_warnings: yes",
            "practice.oma_warnings: perhaps"
        )],
        &["AUT-03"],
        3,
        [
            "ics: `perhaps` is none of yes, no, unset at line",
            "in `practice.oma_warnings`"
        ]
    ),
];

/// What only the system or this machine shows.
const FOUND: &[Mistake] = &[
    mistake!(
        "wrong SIP port",
        [("\"{sip}\"", "127.0.0.1:9")],
        [
            "sip.address: nothing takes SIP over udp at 127.0.0.1:9",
            "is this its SIP port?"
        ]
    ),
    mistake!(
        "SIP port swapped with that of HTTP",
        [("\"{sip}\"", "\"{http}\"")],
        [
            "sip.address: ",
            "speaks HTTP and not SIP",
            "swapped with the port of provisioning.http.base"
        ]
    ),
    mistake!(
        "HTTP port swapped with that of SIP",
        [("\"{provisioning}\"", "\"http://{sip}\"")],
        [
            "provisioning.http.base: ",
            "does not answer HTTP within 4 s; is this its port, or that of sip.address?"
        ]
    ),
    mistake!(
        "address of another machine",
        [("local_ip: 127.0.0.1", "local_ip: 192.0.2.77")],
        ["sip.local_ip: 192.0.2.77 is no address of this machine; write the one"]
    ),
    mistake!(
        "wrong port of the core",
        [("\"{core}\"", "127.0.0.1:9")],
        ["conferencing.core: nothing takes SIP"]
    ),
    mistake!(
        "wrong port of Ut",
        [("\"{ut}\"", "http://127.0.0.1:9")],
        ["conferencing.ut: nothing takes HTTP at 127.0.0.1:9"]
    ),
    mistake!(
        "wrong password on Ut",
        [(
            "@home1.example\", password: secret",
            "@home1.example\", password: guessed"
        )],
        [
            "conferencing.ut_authentication: ",
            "answers 401",
            "do username and password fit"
        ]
    ),
    mistake!(
        "wrong port of the way to prepare users",
        [("\"{provisioning}\"", "http://127.0.0.1:9")],
        [
            "provisioning.http.base: nothing takes HTTP",
            "is this its port?"
        ]
    ),
    mistake!(
        "operator without a terminal",
        [(
            "provisioning:\n  http:",
            "provisioning:\n- operator: { limit_seconds: 5 }\n- http:"
        )],
        [
            "(provisioning.operator): there is no terminal to ask an operator on",
            "--operator-answers FILE"
        ]
    ),
    mistake!(
        "wrong path of a request",
        [("path: /v1/pools/{pool}", "path: /v2/pools/{pool}")],
        [
            "provisioning.http.pool: ",
            "404",
            "write the request as the system takes it"
        ]
    ),
    mistake!(
        "user who is there already",
        [("\"{provisioning}\"", "\"http://{conflict}\"")],
        [
            "409",
            "write a range of numbers that nobody else uses (numbers.users"
        ]
    ),
    mistake!(
        "clock skew",
        [("\"{provisioning}\"", "\"http://{late}\"")],
        [
            "clock: that of the system (provisioning.http.base) is ",
            "behind this machine's; set both by NTP"
        ]
    ),
    mistake!(
        "wrong SMPP password",
        [("    password: secret", "    password: another"), SOON],
        [
            "no ESME has bound",
            "a bind was refused",
            "as short_messages.smpp.password"
        ]
    ),
    mistake!(
        "wrong SMPP system_id",
        [("    system_id: ipsmgw", "    system_id: other"), SOON],
        ["a bind was refused", "as short_messages.smpp.system_id"]
    ),
    mistake!(
        "system that is told another message centre",
        [("\"{smsc}\"", "\"127.0.0.1:9\""), SOON],
        [
            "no ESME has bound",
            "nobody has tried: is the system told this address?"
        ]
    ),
    mistake!(
        "unreachable message centre",
        [
            (
                "    password: secret",
                "    password: secret\n    role: esme\n    connect: 127.0.0.1:9"
            ),
            ("\"{smsc}\"", "\"127.0.0.1:9\""),
            SOON
        ],
        [
            "127.0.0.1:9 does not take a connection",
            "(short_messages.smpp.connect)"
        ]
    ),
    mistake!(
        "port that somebody else has",
        [("127.0.0.1:0", "127.0.0.1:{taken}")],
        [
            "short_messages.smpp.listen: ",
            "ddress already in use",
            "or choose another"
        ]
    ),
    mistake!(
        "expired certificate",
        [
            ("    password: secret", TLS),
            (ACCOUNT, OLD_CERTIFICATE),
            SOON
        ],
        [
            "TLS handshake failed",
            "the certificate has expired; make a new one",
            "smpp.tls.certificate"
        ]
    ),
    mistake!(
        "wrong realm",
        [(
            "    origin_realm: ims.example",
            "    origin_realm: ims.example\n    system_realm: other.example"
        )],
        &["--only-smoke", "--carriage", "sgd"],
        3,
        [
            "short_messages.sgd.system_realm: the profile says other.example",
            "its realm is ims.example"
        ]
    ),
    mistake!(
        "program that is not there",
        [("\"{self}\"", "\"no-such-program\"")],
        ["no-such-program (start.command)"]
    ),
    mistake!(
        "option the system does not know",
        [("[\"--smsc\", \"{smsc}\"", "[\"--sms\", \"{smsc}\"")],
        [
            "ended before it was ready",
            "system.log",
            "unexpected argument '--sms'"
        ]
    ),
];

/// What a run says to a mistake; empty if it is what it has to be.
fn wrong_of(mistake: &Mistake, elsewhere: &Elsewhere) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = root.join("fixtures/systems/reference/profile.yaml");
    let mut text = std::fs::read_to_string(profile).unwrap();
    for (from, to) in mistake.changes {
        assert!(text.contains(from), "{}: no {from}", mistake.name);
        text = text.replacen(from, &elsewhere.named(to, folder.path()), 1);
    }
    std::fs::write(folder.path().join("profile.yaml"), text).unwrap();
    if mistake.name == "expired certificate" {
        expired(folder.path());
    }
    let out = folder.path().join("out");
    let output = Command::new(PROGRAM)
        .current_dir(root)
        .args(["run", "--quiet", "--system"])
        .arg(folder.path())
        .arg("--out")
        .arg(&out)
        .args(mistake.arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let once = |word: &&&str| said.matches(**word).count() != 1;
    let missing: Vec<_> = mistake.said.iter().filter(once).collect();
    let judged = out.join("run.json").exists();
    match output.status.code() == Some(mistake.code) && missing.is_empty() && !judged {
        true => String::new(),
        false => format!(
            "{}: exit code {:?}, not once {missing:?}, in:\n{said}",
            mistake.name,
            output.status.code()
        ),
    }
}

fn each_is_told(mistakes: &[&[Mistake]]) {
    let elsewhere = Elsewhere::start();
    let mistakes: Vec<&Mistake> = mistakes.iter().copied().flatten().collect();
    let (waiting, wrong) = (Mutex::new(mistakes.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some(mistake) = next else { break };
                    let said = wrong_of(mistake, &elsewhere);
                    wrong.lock().unwrap().push(said);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    assert_eq!(wrong.len(), mistakes.len());
    wrong.retain(|said| !said.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_written_wrong_is_told_with_its_key() {
    each_is_told(&[WRITTEN, registration::WRITTEN]);
}

#[test]
fn what_does_not_fit_the_system_is_told_with_its_key() {
    each_is_told(&[FOUND, registration::FOUND]);
}

/// The reference as somebody else's system: started by itself, on ports of its own.
struct Stranger {
    child: std::process::Child,
    addresses: serde_json::Value,
}

impl Stranger {
    fn start(smsc: &str) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["reference", "--until-stdin-closes", "--smsc", smsc])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
        let addresses = serde_json::from_str(&line).unwrap();
        Self { child, addresses }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

fn succeeds(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaints}");
    said
}

#[test]
fn five_answers_lead_to_a_pass() {
    let began = std::time::Instant::now();
    let smsc = format!("127.0.0.1:{}", free_port());
    let system = Stranger::start(&smsc);
    let folder = tempfile::tempdir().unwrap();
    // So that what the run leaves behind stays in this folder.
    for name in ["features", "fixtures"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::os::unix::fs::symlink(root.join(name), folder.path().join(name)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.current_dir(folder.path()).args(arguments);
        command
    };
    let mut asked = run(&["init", "./acme"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let address = |name: &str| system.addresses[name].as_str().unwrap();
    let (sip, provisioning) = (address("sip"), address("provisioning"));
    // The second and the fourth are what is proposed.
    let answers = format!("{sip}\n\n{smsc}\n\n{provisioning}\n");
    asked
        .stdin
        .take()
        .unwrap()
        .write_all(answers.as_bytes())
        .unwrap();
    succeeds(&asked.wait_with_output().unwrap());
    let doctor = run(&["doctor", "--system", "./acme"]).output().unwrap();
    assert!(succeeds(&doctor).contains("answers OPTIONS over udp with 200"));
    let smoke = [
        "run",
        "--only-smoke",
        "--quiet",
        "--system",
        "./acme",
        "--out",
        "out",
    ];
    let said = succeeds(&run(&smoke).output().unwrap());
    assert!(said.contains(" pass") && said.contains(" 0 fail"), "{said}");
    assert!(began.elapsed().as_secs() < 60);
}
