//! What a judged session of `load` costs the generator, beside what a call costs SIPp as the calling side: processor time of each process
//! alone, the same rate, in turns, each against a fresh system. Start it with `cargo bench --bench load [RATE] [PAIRS]`.
//!
//! SIPp calls SIPp, since nothing answers faster. The suite's session is more than a call: a MESSAGE or INVITE, the short message that
//! comes of it at the service centre (which is part of the generator), its capture and the verdict.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../selftest/third_party.rs"]
mod third_party;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use third_party::{Running, free_port, program};

const RATE: u32 = 100;
const PAIRS: usize = 5;
const SECONDS: u32 = 5;

/// What is held beside each other: its name, the scenario of the suite, whether SIPp sends MESSAGE instead of calling.
const FLOWS: [(&str, &str, bool); 2] = [
    ("MESSAGE", "TC-PGO-04-01", true),
    ("INVITE", "TC-INV-10-01", false),
];

const MESSAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="MESSAGE">
  <send retrans="500"><![CDATA[
MESSAGE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:bob@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 MESSAGE
Max-Forwards: 70
Content-Type: text/plain
Content-Length: [len]

Will it go?]]></send>
  <recv response="200"/>
</scenario>
"#;

const ANSWER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<scenario name="answer">
  <recv request="MESSAGE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"#;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("this bench runs for minutes: start it with `cargo bench --bench load`");
        return ExitCode::SUCCESS;
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok());
    let rate = numbers.next().unwrap_or(RATE);
    let pairs = numbers.next().map_or(PAIRS, |pairs| pairs as usize).max(1);
    println!("{rate} a second for {SECONDS} s, {pairs} pairs in turns; us of processor time each");
    for (name, scenario, message) in FLOWS {
        let mut ratios = Vec::new();
        for pair in 0..pairs {
            let place = tempfile::tempdir().unwrap();
            let ours = judged(rate, scenario, place.path());
            let theirs = sipp(rate, message, place.path());
            println!("{name} {pair}: session {ours:.0}, SIPp {theirs:.1}");
            ratios.push(ours / theirs);
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{name}: {:.2} times SIPp (least {:.2}, most {:.2})",
            ratios[pairs / 2],
            ratios[0],
            ratios[pairs - 1]
        );
    }
    ExitCode::SUCCESS
}

/// Microseconds of the generator for each session, all of which pass.
fn judged(rate: u32, scenario: &str, place: &Path) -> f64 {
    let out = place.join("load");
    let (rate, seconds) = (rate.to_string(), SECONDS.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
    command.args(["load", "--quiet", "--rate", &rate, "--duration", &seconds]);
    let done = command.arg(scenario).arg("--out").arg(&out).output();
    let done = done.unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
    let text = fs::read_to_string(out.join("load.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let spent = record["generators"][0]["cpu_ms"].as_f64().unwrap();
    spent * 1000.0 / record["sessions"]["ended"].as_f64().unwrap()
}

/// Microseconds of a calling SIPp for each call, all of which succeed.
fn sipp(rate: u32, message: bool, place: &Path) -> f64 {
    let sipp = program("sipp", "sip-tester");
    let port = free_port().to_string();
    let calls = (rate * SECONDS).to_string();
    let (sends, answers) = (place.join("message.xml"), place.join("answer.xml"));
    fs::write(&sends, MESSAGE).unwrap();
    fs::write(&answers, ANSWER).unwrap();
    let mut answering = Command::new(&sipp);
    let mut calling = format!("{} 127.0.0.1:{port}", sipp.display());
    match message {
        true => {
            answering.arg("-sf").arg(&answers);
            calling.push_str(&format!(" -sf {}", sends.display()));
        }
        false => {
            answering.args(["-sn", "uas"]);
            calling.push_str(" -sn uac -d 0");
        }
    }
    answering.args(["-i", "127.0.0.1", "-p", &port, "-t", "u1", "-nostdin"]);
    answering.current_dir(place).stdout(Stdio::null());
    let answering = Running::start(&mut answering);
    std::thread::sleep(Duration::from_millis(500));
    // The shell says what its children took.
    let line = format!("{calling} -i 127.0.0.1 -t u1 -nostdin -r {rate} -m {calls} >&2; times");
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).current_dir(place);
    let done = shell.stdin(Stdio::null()).output().unwrap();
    answering.end(Duration::from_secs(10));
    let told = String::from_utf8_lossy(&done.stdout);
    let spent: f64 = told
        .lines()
        .last()
        .unwrap_or_default()
        .split_whitespace()
        .map(seconds)
        .sum();
    spent * 1e6 / f64::from(rate * SECONDS)
}

/// `0m1.230000s`.
fn seconds(text: &str) -> f64 {
    let (minutes, seconds) = text.trim_end_matches('s').split_once('m').unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
}
