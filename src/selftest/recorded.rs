//! Self-test: a run of the reference is recorded by a program of others while it goes on, and the recording is judged as a foreign one. What
//! a recording can decide comes out as it came out live, in pcapng and in classic pcap, with faults as without them; and a recording that
//! has lost packets, has them twice or in another order makes no pass of a fail, and no fail of a pass whose packets are all there.
//!
//! A sample of the test cases is enough for every day; with IMS_CONFORMANCE_RECORD_ALL set, it is all of them. More than 400 lines: making a
//! recording, and what must be true of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

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
/// Asks for all test cases.
const ALL: &str = "IMS_CONFORMANCE_RECORD_ALL";
/// Of every kind of stimulus some: chats, short messages over SMPP and over IP, group chats, conferences, Ut, registrations.
const SAMPLE: [&str; 11] = [
    "TC-INV-01",
    "TC-ANS-02",
    "TC-M2S-01",
    "TC-S2M",
    "TC-TD-01",
    "TC-TLI-01",
    "TC-AUT-06",
    "TC-GRP-07",
    "TC-SDP",
    "TC-CM-01",
    "TC-UT-02",
];
/// Faults, and test cases of which some show each.
const FAULTS: [(&str, &[&str]); 3] = [
    ("accepts-without-sdp", &["TC-ANS"]),
    ("cpim-shown", &["TC-M2S-01", "TC-M2S-03", "TC-M2S-04"]),
    ("chat-short-message-as-pager", &["TC-S2M", "TC-ADR"]),
];
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
    /// Records a run, with a fault of the reference or without.
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
    let whole = format!("{head}sip:\n{rest}");
    let nodes = reference.nodes.iter();
    let placed = nodes.fold(whole, |text, (name, at)| {
        text.replace(&format!("{{{name}}}"), at)
    });
    placed.replacen("127.0.0.1:0", smsc, 1).replacen(
        "local_ip: 127.0.0.1",
        &format!("local_ip: {suite}"),
        1,
    )
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

/// Test cases that no recording decides, as the suite says of itself.
struct Listed(BTreeSet<String>);

impl Listed {
    fn new() -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
            .current_dir(ROOT)
            .args(["list", "--undecidable"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let own = said
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        let all = own.map(str::to_owned);
        Self(all.collect())
    }

    /// On the list, or beside a control that is.
    fn has(&self, id: &str, why: &str) -> bool {
        let stated = id.split('[').next().unwrap_or(id);
        let beside = why.split("only beside its control ").nth(1);
        let control = beside.and_then(|rest| rest.split(',').next());
        self.0.contains(stated) || control.is_some_and(|control| self.0.contains(control))
    }
}

/// What comes out otherwise than live and is not on the list, and what is on the list and is decided all the same.
fn differences(live: &Value, checked: &Value, listed: &Listed) -> Vec<String> {
    let (live, checked) = (verdicts(live), verdicts(checked));
    let mut found = Vec::new();
    for (id, (verdict, cause)) in &live {
        let Some((again, why)) = checked.get(id) else {
            found.push(format!("{id}: {verdict} live, not checked"));
            continue;
        };
        let undecided = again == "inconc" && verdict != "inconc";
        match (undecided, listed.has(id, why)) {
            (true, true) => {}
            (true, false) => found.push(format!("{id}: {verdict} live, undecided: {why}")),
            (false, _) if again != verdict => found.push(format!(
                "{id}: {verdict} live ({cause}), {again} from the recording: {why}"
            )),
            (false, true) if again != "inconc" => {
                found.push(format!("{id}: is decided, but listed as undecidable"))
            }
            (false, _) => {}
        }
    }
    found
}

fn count(all: &BTreeMap<String, (String, String)>, wanted: &str) -> usize {
    all.values()
        .filter(|(verdict, _)| verdict == wanted)
        .count()
}

#[test]
fn what_was_recorded_is_judged_as_it_was_live() {
    let whole = std::env::var_os(ALL).is_some();
    let selection = if whole { Vec::new() } else { SAMPLE.to_vec() };
    let recorded = Recorded::new(None, &selection);
    let live = verdicts(&recorded.live);
    assert!(count(&live, "pass") > 30, "{live:?}");
    let listed = Listed::new();
    let checked = recorded.check(&recorded.file, &selection);
    let found = differences(&recorded.live, &checked, &listed);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let decided = count(&verdicts(&checked), "pass");
    println!("{decided} of {} reproduced", count(&live, "pass"));
    let classic = recorded.check(&recorded.classic(), &SAMPLE[..3]);
    let again = verdicts(&checked);
    for (id, (verdict, why)) in verdicts(&classic) {
        assert_eq!(
            Some(&verdict),
            again.get(&id).map(|(first, _)| first),
            "{id}: {why}"
        );
    }
}

#[test]
fn a_recorded_fail_stays_one_however_the_recording_has_suffered() {
    let listed = Listed::new();
    for (fault, selection) in FAULTS {
        let recorded = Recorded::new(Some(fault), selection);
        let live = verdicts(&recorded.live);
        assert!(count(&live, "fail") > 0, "{fault}: {live:?}");
        let file = recorded.classic();
        let whole = recorded.check(&file, selection);
        let found = differences(&recorded.live, &whole, &listed);
        assert!(found.is_empty(), "{fault}: {}", found.join("\n"));
        let octets = std::fs::read(&file).unwrap();
        for (seed, (name, how)) in mangler::WAYS.into_iter().enumerate() {
            let file = recorded.folder.path().join(format!("{name}.pcap"));
            let mangled = mangler::mangled(&octets, how, seed as u64);
            std::fs::write(&file, &mangled).unwrap();
            let checked = recorded.check(&file, selection);
            let lost = mangler::lost(&octets, &mangled);
            let wrong = turned(&live, &checked, &lost);
            assert!(wrong.is_empty(), "{fault}, {name}: {}", wrong.join("\n"));
            let all = verdicts(&checked);
            let [pass, fail] = ["pass", "fail"].map(|one| count(&all, one));
            println!("{fault}, {name}: {pass} pass, {fail} fail of {}", all.len());
        }
    }
}

/// Fails that pass, and passes that fail although no packet of theirs is missing.
fn turned(
    live: &BTreeMap<String, (String, String)>,
    checked: &Value,
    lost: &[&[u8]],
) -> Vec<String> {
    let mut found = Vec::new();
    for case in checked["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let (id, why) = (text("id"), text("cause"));
        let Some((verdict, cause)) = live.get(id) else {
            continue;
        };
        match (verdict.as_str(), text("verdict")) {
            ("fail", "pass") => found.push(format!("{id}: fails live ({cause}), passes")),
            ("pass", "fail") if !is_lost(case, lost) => {
                found.push(format!("{id}: passes live, fails: {why}"));
            }
            _ => {}
        }
    }
    found
}

/// A packet that is missing names somebody of the test case.
fn is_lost(case: &Value, lost: &[&[u8]]) -> bool {
    let instances = case["instances"].as_array().into_iter().flatten();
    let people = instances.filter_map(|one| one["people"].as_object());
    let mut numbers = people
        .flat_map(|people| people.values())
        .filter_map(Value::as_str);
    numbers.any(|number| {
        let digits = number.trim_start_matches('+').as_bytes();
        let names = |packet: &&[u8]| packet.windows(digits.len()).any(|part| part == digits);
        lost.iter().any(names)
    })
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
