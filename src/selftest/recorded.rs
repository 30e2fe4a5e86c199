//! Self-test: a run of the reference is recorded by a program of others while it goes on, and the recording is judged as a foreign one. What
//! a recording can decide comes out as it came out live, in pcapng and in classic pcap, with a fault as without one; and a recording that
//! has lost packets, has them twice or in another order makes no pass of a fail.
//!
//! A sample of the test cases is enough for every day; with IMS_CONFORMANCE_RECORD_ALL set, it is all of them, over every carriage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mangler;
mod third_party;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use third_party::{Reference, Running, free_port, program};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PATIENCE: Duration = Duration::from_secs(30);
/// Of every kind of stimulus some: chats, short messages, audio calls, conferences, Ut, registrations.
const SAMPLE: [&str; 8] = [
    "TC-INV-01",
    "TC-ANS-02",
    "TC-M2S-01",
    "TC-S2M-01",
    "TC-TD-01",
    "TC-CM-01",
    "TC-CB-01",
    "TC-UT-02",
];
/// A fault, and the test cases that show it.
const FAULT: (&str, &[&str]) = ("accepts-without-sdp", &["TC-ANS-02"]);
/// Test cases that no recording decides, each with the reason; reviewed.
const UNDECIDABLE: &str = "fixtures/selftest/undecidable.csv";

/// An own part of the loopback network, so that nothing else on this machine is in a recording.
struct Net(u8);

impl Net {
    fn new() -> Self {
        Self(fastrand::u8(1..255))
    }

    fn system(&self) -> String {
        format!("127.77.{}.1", self.0)
    }

    fn suite(&self) -> String {
        format!("127.77.{}.2", self.0)
    }

    fn filter(&self) -> String {
        // What the roles of the system say to one another is not seen where it meets others.
        let system = self.system();
        format!(
            "net 127.77.{}.0/24 and not (src host {system} and dst host {system})",
            self.0
        )
    }
}

/// A program of others that records a network of this machine.
struct Recorder {
    process: Running,
    file: PathBuf,
    net: Net,
}

impl Recorder {
    /// Records from now on. Fails the test where it is not permitted to.
    fn start(file: &Path, net: Net) -> Self {
        let log = file.with_extension("log");
        let mut command = Command::new(program("dumpcap", "tshark"));
        command
            .args(["-q", "-i", "lo", "-B", "64", "-f", &net.filter(), "-w"])
            .arg(file)
            .stderr(std::fs::File::create(&log).unwrap());
        let mut recorder = Self {
            process: Running::start(&mut command),
            file: file.to_owned(),
            net,
        };
        recorder.await_mark("begins", &log);
        recorder
    }

    /// Sends a packet and waits until it stands in the file: by then everything before it does.
    fn await_mark(&mut self, what: &str, log: &Path) {
        let mark = format!("{what} {}", fastrand::u64(..));
        let ends = [self.net.suite(), self.net.system()];
        let [from, to] = ends.map(|ip| UdpSocket::bind((ip, 0)).unwrap());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            from.send_to(mark.as_bytes(), to.local_addr().unwrap())
                .unwrap();
            std::thread::sleep(Duration::from_millis(100));
            let held = std::fs::read(&self.file).unwrap_or_default();
            let tail = &held[held.len().saturating_sub(1 << 20)..];
            if tail.windows(mark.len()).any(|part| part == mark.as_bytes()) {
                return;
            }
            if let Some(status) = self.process.ended(Duration::ZERO) {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                panic!(
                    "dumpcap ends with {status}: {said}\nIt needs to be root, or to have the capabilities \
                     (dpkg-reconfigure wireshark-common, and be of the group wireshark)."
                );
            }
        }
        let said = std::fs::read_to_string(log).unwrap_or_default();
        panic!("dumpcap has not recorded a packet on lo within {PATIENCE:?}: {said}");
    }

    /// The file, complete.
    fn stop(mut self) -> PathBuf {
        let log = self.file.with_extension("log");
        self.await_mark("ends", &log);
        let pid = self.process.0.id().to_string();
        let asked = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(asked.success());
        let status = self.process.ended(PATIENCE);
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        assert!(said.contains("/0 (") || said.contains("dropped"), "{said}");
        self.file
    }
}

/// A folder with a run, its recording, and the profile that both are judged by.
struct Recorded {
    folder: tempfile::TempDir,
    file: PathBuf,
    live: Value,
}

impl Recorded {
    fn new(fault: Option<&str>, selection: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let net = Net::new();
        let (listen, suite) = (net.system(), net.suite());
        let smsc = format!("{suite}:{}", free_port());
        let mut arguments = vec!["--listen", &listen, "--smsc", &smsc];
        arguments.extend(["--min-session-expires", "1", "--ut-password", "secret"]);
        arguments.extend(fault.iter().flat_map(|name| ["--fault", name]));
        let recorder = Recorder::start(&folder.path().join("recording.pcapng"), net);
        let reference = Reference::start(&arguments, &folder.path().join("reference.log"));
        let text = profile(&reference, &smsc, &suite);
        std::fs::write(folder.path().join("profile.yaml"), text).unwrap();
        let out = folder.path().join("live");
        let output = suite_on(folder.path(), "run", &out, selection);
        reference.end();
        let file = recorder.stop();
        let live = record(&out, &output);
        Self { folder, file, live }
    }

    /// What `check` makes of a recording of it.
    fn check(&self, file: &Path, selection: &[&str]) -> Value {
        let out = file.with_extension("checked");
        let file = file.display().to_string();
        let words = [&[file.as_str()], selection].concat();
        let output = suite_on(self.folder.path(), "check", &out, &words);
        record(&out, &output)
    }

    /// The recording in the older form, which has no interfaces and times in microseconds.
    fn classic(&self) -> PathBuf {
        let file = self.folder.path().join("recording.pcap");
        let made = Command::new(program("editcap", "wireshark-common"))
            .args(["-F", "pcap"])
            .args([&self.file, &file])
            .status();
        assert!(made.unwrap().success());
        file
    }
}

/// The profile of a reference that runs already.
fn profile(reference: &Reference, smsc: &str, suite: &str) -> String {
    let path = Path::new(ROOT).join("fixtures/systems/reference/profile.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (head, rest) = text.split_once("start:\n").unwrap();
    let (_, rest) = rest.split_once("sip:\n").unwrap();
    format!("{head}sip:\n{rest}")
        .replace("{sip}", &reference.sip)
        .replace("{core}", &reference.core)
        .replace("\"{ut}\"", &reference.ut)
        .replace("{provisioning}", &reference.provisioning)
        .replacen("127.0.0.1:0", smsc, 1)
        .replacen("local_ip: 127.0.0.1", &format!("local_ip: {suite}"), 1)
}

fn suite_on(system: &Path, what: &str, out: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(ROOT)
        .args([what, "--quiet", "--system"])
        .arg(system)
        .arg("--out")
        .arg(out)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn record(out: &Path, output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let text = std::fs::read_to_string(out.join("run.json"))
        .unwrap_or_else(|error| panic!("no run.json ({error}): {said}"));
    serde_json::from_str(&text).unwrap()
}

/// Verdict and cause of every test case that was selected.
fn verdicts(record: &Value) -> BTreeMap<String, (String, String)> {
    let cases = record["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            (text("id"), (text("verdict"), text("cause")))
        })
        .filter(|(_, (verdict, _))| verdict != "not-applicable" && verdict != "not_applicable")
        .collect()
}

/// What comes out otherwise than live and is not on the list, and what is on the list and is decided all the same.
fn differences(live: &Value, checked: &Value, listed: &BTreeSet<String>) -> Vec<String> {
    let (live, checked) = (verdicts(live), verdicts(checked));
    let mut found = Vec::new();
    for (id, (verdict, cause)) in &live {
        let Some((again, why)) = checked.get(id) else {
            found.push(format!("{id}: {verdict} live, not checked"));
            continue;
        };
        let undecided = again == "inconc" && verdict != "inconc";
        match (undecided, listed.contains(id)) {
            (true, true) => {}
            (true, false) => found.push(format!("{id}: {verdict} live, undecided: {why}")),
            (false, _) if again != verdict => found.push(format!(
                "{id}: {verdict} live ({cause}), {again} from the recording: {why}"
            )),
            (false, true) => found.push(format!("{id}: is decided, but listed as undecidable")),
            (false, false) => {}
        }
    }
    found
}

fn listed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(UNDECIDABLE)).unwrap();
    let lines = text.lines().skip(1);
    lines
        .filter_map(|line| line.split(',').next())
        .map(str::to_owned)
        .collect()
}

fn selection() -> Vec<&'static str> {
    match std::env::var_os("IMS_CONFORMANCE_RECORD_ALL") {
        Some(_) => Vec::new(),
        None => SAMPLE.to_vec(),
    }
}

#[test]
fn what_was_recorded_is_judged_as_it_was_live() {
    let selection = selection();
    let recorded = Recorded::new(None, &selection);
    assert!(recorded.live["totals"]["pass"].as_u64() > Some(10));
    let listed = listed();
    for file in [recorded.file.clone(), recorded.classic()] {
        let checked = recorded.check(&file, &selection);
        let found = differences(&recorded.live, &checked, &listed);
        assert!(found.is_empty(), "{}: {}", file.display(), found.join("\n"));
    }
}

#[test]
fn a_recorded_fail_stays_one_however_the_recording_has_suffered() {
    let (fault, selection) = FAULT;
    let recorded = Recorded::new(Some(fault), selection);
    let live = verdicts(&recorded.live);
    let of = |wanted: &str| {
        live.values()
            .filter(|(verdict, _)| verdict == wanted)
            .count()
    };
    assert!(of("fail") > 0, "{live:?}");
    let file = recorded.classic();
    let whole = recorded.check(&file, selection);
    let found = differences(&recorded.live, &whole, &listed());
    assert!(found.is_empty(), "{}", found.join("\n"));
    let octets = std::fs::read(&file).unwrap();
    for (name, how) in mangler::WAYS {
        for seed in 0..3 {
            let file = recorded.folder.path().join(format!("{name}-{seed}.pcap"));
            std::fs::write(&file, mangler::mangled(&octets, how, seed)).unwrap();
            let checked = recorded.check(&file, selection);
            let wrong = turned(&live, &checked, how.dropped > 0);
            assert!(
                wrong.is_empty(),
                "{name}, seed {seed}: {}",
                wrong.join("\n")
            );
        }
    }
}

/// Fails that pass, and passes that fail although nothing is said to be missing.
fn turned(live: &BTreeMap<String, (String, String)>, checked: &Value, lossy: bool) -> Vec<String> {
    let checked = verdicts(checked);
    let mut found = Vec::new();
    for (id, (verdict, cause)) in live {
        let Some((again, why)) = checked.get(id) else {
            continue;
        };
        match (verdict.as_str(), again.as_str()) {
            ("fail", "pass") => found.push(format!("{id}: fails live ({cause}), passes: {why}")),
            ("pass", "fail") if !lossy || !names_loss(why) => {
                found.push(format!("{id}: passes live, fails: {why}"));
            }
            _ => {}
        }
    }
    found
}

fn names_loss(why: &str) -> bool {
    ["missing", "lost", "lacks"]
        .iter()
        .any(|word| why.contains(word))
}

#[test]
fn the_mangler_does_what_its_name_says() {
    let packet = |number: u8| {
        let mut packet = vec![0; 16];
        packet[8..12].copy_from_slice(&1_u32.to_le_bytes());
        packet.push(number);
        packet
    };
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1];
    file.resize(24, 0);
    file.extend((0..200_u8).flat_map(packet));
    let numbers = |file: &[u8]| -> Vec<u8> {
        let packets = mangler::packets(file);
        packets
            .iter()
            .filter_map(|packet| packet.last().copied())
            .collect()
    };
    for (name, how) in mangler::WAYS {
        let out = mangler::mangled(&file, how, 7);
        assert_eq!(out, mangler::mangled(&file, how, 7), "{name}");
        let numbers = numbers(&out);
        let held: BTreeSet<u8> = numbers.iter().copied().collect();
        assert_eq!(held.len() < 200, how.dropped > 0, "{name}");
        assert_eq!(numbers.len() > held.len(), how.doubled > 0, "{name}");
        assert_eq!(!numbers.is_sorted(), how.moved > 0, "{name}");
    }
}
