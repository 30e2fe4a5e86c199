//! Self-test: TShark, which knows nothing of us, reads every capture of a whole run again, and the captures kept as evidence. What it
//! sees must be what `observe` sees, frame by frame, and nothing in it may be malformed or out of order.
//!
//! What TShark 4.0 cannot tell, and is therefore not asked:
//! - the status of an SMPP request: it is shown for responses only;
//! - characters outside the Basic Multilingual Plane in UCS2: a surrogate pair comes out as replacement characters (left out of both texts;
//!   the octets are compared);
//! - texts in national language shift tables of GSM 7-bit (their octets are compared).
//!
//! Over 400 lines, because both readings of every protocol stand here side by side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod judged;
mod ladders;
mod rejudged;
mod third_party;

use ims_conformance::observe::{Fact, Trace};
use ims_conformance::wire::diameter::{Message, name};
use ims_conformance::wire::sip::SipMessage;
use ims_conformance::wire::smpp::{Pdu, decode_short_message_text};
use ims_conformance::wire::sms::Coding;
use ims_conformance::wire::sms::rp::RpMessage;
use ims_conformance::wire::sms::tpdu::{Direction, Inside, Tpdu};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What both are asked of every frame. TShark's names.
const FIELDS: [&str; 14] = [
    "sip.Method",
    "sip.Status-Code",
    "sip.Call-ID",
    "sip.CSeq",
    "msrp.method",
    "msrp.transaction.id",
    "msrp.status.code",
    "smpp.command_id",
    "smpp.sequence_number",
    "smpp.command_status",
    "smpp.source_addr",
    "smpp.destination_addr",
    "smpp.message",
    "smpp.message_text",
];
/// The same where short messages go by Diameter.
const SGD_FIELDS: [&str; 7] = [
    "diameter.cmd.code",
    "diameter.flags",
    "diameter.applicationId",
    "diameter.hopbyhopid",
    "diameter.Result-Code",
    "diameter.User-Name",
    "gsm_sms.tp-mti",
];
/// TShark 4.0 tells the direction of a TPDU by the command alone: the SMS-SUBMIT-REPORT of an OFA is an SMS-SUBMIT to it and the
/// SMS-DELIVER-REPORT of a TFA an SMS-DELIVER, of which too little is there. What it may say of them:
const OFR: u32 = 8_388_645;
const TFR: u32 = 8_388_646;
const MISTAKEN_REPORT: [&str; 2] = [
    "Malformed Packet (Exception occurred)",
    "TP-Destination-Address: Short Data (?)",
];
/// To TShark 4.0 the octets of a SIP message from its header to its end are one text, which a NUL ends. RP messages have such octets.
const OCTETS_IN_BODY: [&str; 1] = ["Trailing stray characters"];
/// What only TShark is asked: whatever it finds wrong.
const COMPLAINTS: [&str; 4] = [
    "_ws.expert.message",
    "_ws.expert.severity",
    "_ws.malformed",
    "tcp.analysis.flags",
];
/// Expert information below this is talk: chats of the protocol and packet comments.
const NOTE: u32 = 0x0040_0000;
/// Notes about captures in good order.
const EXCUSED: [&str; 9] = [
    // RFC 8262; TShark 4.0 is older than its entry in the registry.
    "Unrecognised SIP header (content-id)",
    // RFC 7614, likewise.
    "Unrecognised SIP header (refer-events-at)",
    // Header fields of OMA CPM that TShark has no dissector for.
    "Unrecognised SIP header (conversation-id)",
    "Unrecognised SIP header (contribution-id)",
    "Unrecognised SIP header (inreplyto-contribution-id)",
    "Unrecognised SIP header (session-replaces)",
    // Not of OMA CPM, and meant to be unknown: how the service that is not CPM is named in our profile.
    "Unrecognised SIP header (x-non-cpm-service)",
    // A TCP connection that ends as it should.
    "This frame initiates the connection closing",
    "This frame undergoes the connection closing",
];
const SEPARATOR: char = '\u{1e}';
const AGGREGATOR: char = '\u{1f}';

/// Values of each field, frame by frame.
type Reading = BTreeMap<u32, BTreeMap<&'static str, Vec<String>>>;

/// A run of everything against the reference; its folder. Made once for all tests of this target.
static RUN: LazyLock<PathBuf> = LazyLock::new(|| run_over("smpp", &[]));

fn run_over(carriage: &str, selection: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("witness-{carriage}"));
    std::fs::remove_dir_all(&folder).ok();
    let run = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["run", "--quiet", "--carriage", carriage, "--out"])
        .arg(&folder)
        .args(selection)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&said));
    folder
}

fn captures(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "pcapng"))
        .collect();
    found.sort();
    found
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/reference")
}

// ---- our reading ----

fn ours(trace: &Trace) -> Reading {
    let mut reading = Reading::new();
    let mut read = BTreeSet::new();
    for seen in &trace.facts {
        let frame = reading.entry(*seen.frames.last().unwrap()).or_default();
        let mut say = |field: &'static str, value: String| {
            frame.entry(field).or_default().push(value);
        };
        match &seen.fact {
            Fact::Sip(message) => {
                match (message.method(), message.status()) {
                    (Some(method), _) => say("sip.Method", method.to_owned()),
                    (None, Some(code)) => say("sip.Status-Code", code.to_string()),
                    (None, None) => panic!("neither request nor response"),
                }
                identity(message, &mut say);
                // A third-party REGISTER has the REGISTER of the terminal in its body, and TShark reads that too.
                let inner = message.body_of("message/sip");
                if let Some(inner) = inner.and_then(|octets| SipMessage::parse(&octets).ok()) {
                    say("sip.Method", inner.method().unwrap().to_owned());
                    identity(&inner, &mut say);
                }
                let encapsulated = message.body_of("application/vnd.3gpp.sms");
                if let Some(rp) = encapsulated.and_then(|octets| RpMessage::decode(&octets).ok())
                    && let Some(first) = rp.user_data().and_then(<[u8]>::first)
                {
                    say("gsm_sms.tp-mti", (first & 3).to_string());
                }
            }
            // Where several messages share a segment, TShark 4.0 reads the first and stops.
            Fact::Msrp(_) if !read.insert(*seen.frames.last().unwrap()) => {}
            Fact::Msrp(message) => {
                if let Some(method) = message.method() {
                    say("msrp.method", method.to_owned());
                }
                // TShark names it in the start line and in the end-line.
                say("msrp.transaction.id", message.transaction_id.clone());
                say("msrp.transaction.id", message.transaction_id.clone());
                if let Some(code) = message.status() {
                    say("msrp.status.code", code.to_string());
                }
            }
            Fact::Smpp(pdu) => smpp(pdu, &mut say),
            Fact::Diameter(message) => diameter(message, &mut say),
            // HTTP is on ports of the moment, which TShark does not know for it.
            Fact::Http(_) => {}
            Fact::Malformed { error, .. } => say("malformed", error.to_string()),
            Fact::SipKeepAlive | Fact::Rtp(_) | Fact::TcpOpened | Fact::TcpClosed { .. } => {}
        }
    }
    reading
}

fn identity(message: &SipMessage, say: &mut impl FnMut(&'static str, String)) {
    let header = |name| message.header(name).unwrap_or_default().to_owned();
    say("sip.Call-ID", header("Call-ID"));
    say("sip.CSeq", header("CSeq"));
}

fn smpp(pdu: &Pdu, say: &mut impl FnMut(&'static str, String)) {
    say("smpp.command_id", format!("0x{:08x}", pdu.command.0));
    say("smpp.sequence_number", pdu.sequence.to_string());
    if pdu.command.is_response() {
        say("smpp.command_status", format!("0x{:08x}", pdu.status));
    }
    let Some(fields) = pdu.short_message() else {
        return;
    };
    say("smpp.source_addr", fields.source.clone());
    say("smpp.destination_addr", fields.dest.clone());
    if fields.short_message.is_empty() {
        return;
    }
    let octets = fields.short_message.iter();
    let octets: Vec<String> = octets.map(|octet| format!("{octet:02x}")).collect();
    say("smpp.message", octets.concat());
    match decode_short_message_text(fields, &pdu.tlvs) {
        Ok((text, Coding::Gsm7 | Coding::Ucs2, _)) => say("smpp.message_text", comparable(&text)),
        Ok(_) => {}
        Err(error) => say("malformed", error.to_string()),
    }
}

/// Every User-Name, those in groups included, as TShark does.
fn diameter(message: &Message, say: &mut impl FnMut(&'static str, String)) {
    say("diameter.cmd.code", message.command.0.to_string());
    say("diameter.flags", format!("0x{:02x}", message.flags.0));
    say("diameter.applicationId", message.application.to_string());
    say(
        "diameter.hopbyhopid",
        format!("0x{:08x}", message.hop_by_hop),
    );
    for avp in &message.avps {
        if avp.is(name::RESULT_CODE) {
            say("diameter.Result-Code", avp.as_number().unwrap().to_string());
        }
        let inner = match avp.is(name::USER_IDENTIFIER) {
            true => avp.members().unwrap(),
            false => vec![avp.clone()],
        };
        for avp in inner.iter().filter(|avp| avp.is(name::USER_NAME)) {
            say("diameter.User-Name", avp.as_text().unwrap().to_owned());
        }
    }
    if let Some(first) = message.tpdu().and_then(<[u8]>::first) {
        say("gsm_sms.tp-mti", (first & 3).to_string());
    }
}

/// Without what TShark cannot show.
fn comparable(text: &str) -> String {
    let shown = |c: &char| u32::from(*c) < 0x1_0000 && *c != '\u{fffd}';
    text.chars().filter(shown).collect()
}

// ---- the other reading ----

/// The dissector for each port, by the reference point its packets are on: the ports are picked at random, and some belong to other
/// protocols by registration.
fn decode_as(trace: &Trace) -> Vec<String> {
    let mut found = BTreeSet::new();
    for frame in &trace.frames {
        for port in [frame.from.port(), frame.to.port()] {
            match frame.interface.as_str() {
                "msrp" | "smpp" => {
                    found.insert(format!("tcp.port=={port},{}", frame.interface));
                }
                "sgd" => {
                    found.insert(format!("tcp.port=={port},diameter"));
                }
                _ => {
                    found.insert(format!("udp.port=={port},sip"));
                    found.insert(format!("tcp.port=={port},sip"));
                }
            }
        }
    }
    found.into_iter().collect()
}

fn theirs(tshark: &Path, capture: &Path, trace: &Trace) -> Result<Reading, Vec<String>> {
    let mut command = Command::new(tshark);
    // Following SDP into connections costs time without end in large captures, and the ports are named here anyway.
    command
        .args(["-n", "-o", "sdp.establish_conversation:FALSE"])
        .args(["-o", "smpp.decode_sms_over_smpp:GSM 7-bit", "-T", "fields"])
        .args(["-E", &format!("separator={SEPARATOR}")])
        .args(["-E", &format!("aggregator={AGGREGATOR}")])
        .args(["-e", "frame.number"]);
    for field in FIELDS.iter().chain(&SGD_FIELDS).chain(&COMPLAINTS) {
        command.args(["-e", field]);
    }
    for rule in decode_as(trace) {
        command.args(["-d", &rule]);
    }
    let output = command.arg("-r").arg(capture).output().unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(vec![format!("TShark ended with {}: {said}", output.status)]);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut reading = Reading::new();
    let mistaken = mistaken(trace);
    let mut complaints = Vec::new();
    for line in text.lines() {
        let mut columns = line.split(SEPARATOR);
        let number: u32 = columns.next().unwrap().parse().unwrap();
        let mut frame = BTreeMap::new();
        for field in FIELDS.into_iter().chain(SGD_FIELDS) {
            let values = values(columns.next().unwrap());
            if !values.is_empty() {
                frame.insert(field, values);
            }
        }
        if let Some(texts) = frame.get_mut("smpp.message_text") {
            texts.iter_mut().for_each(|text| *text = comparable(text));
        }
        let rest: Vec<Vec<String>> = columns.map(values).collect();
        complaints.extend(
            wrong(&rest, mistaken.get(&number).copied().unwrap_or_default())
                .map(|what| format!("frame {number}: TShark says {what}")),
        );
        reading.insert(number, frame);
    }
    match complaints.is_empty() {
        true => Ok(reading),
        false => Err(complaints),
    }
}

/// What may be said of a frame and is a mistake of TShark's there, and only there.
fn mistaken(trace: &Trace) -> BTreeMap<u32, &'static [&'static str]> {
    let mut found = BTreeMap::new();
    for seen in &trace.facts {
        let frame = *seen.frames.last().unwrap();
        match &seen.fact {
            Fact::Diameter(message) if is_report(message) => {
                found.insert(frame, MISTAKEN_REPORT.as_slice());
            }
            Fact::Sip(message)
                if message
                    .body_of("application/vnd.3gpp.sms")
                    .is_some_and(|body| body.contains(&0)) =>
            {
                found.insert(frame, OCTETS_IN_BODY.as_slice());
            }
            _ => {}
        }
    }
    found
}

/// A report in an answer in which our codec finds nothing odd, and which it writes as it read it.
fn is_report(message: &Message) -> bool {
    let Some(octets) = message.tpdu().filter(|_| !message.is_request()) else {
        return false;
    };
    let way = match (message.command.0, octets.first().map(|first| first & 3)) {
        (OFR, Some(1)) => Direction::ToStation,
        (TFR, Some(0)) => Direction::ToCentre,
        _ => return false,
    };
    [Inside::Ack, Inside::Error].into_iter().any(|inside| {
        Tpdu::decode(octets, way, inside)
            .is_ok_and(|read| read.remarks.is_empty() && read.tpdu.encode() == octets)
    })
}

fn values(column: &str) -> Vec<String> {
    match column {
        "" => Vec::new(),
        column => column.split(AGGREGATOR).map(str::to_owned).collect(),
    }
}

/// What is wrong with a frame, from the columns of [`COMPLAINTS`]; `mistaken` is what TShark may say of this frame.
fn wrong(columns: &[Vec<String>], mistaken: &[&str]) -> Option<String> {
    let [messages, severities, malformed, analysis] = columns else {
        return Some("too little".to_owned());
    };
    if !malformed.is_empty() && !mistaken.contains(&MISTAKEN_REPORT[0]) {
        return Some(format!("malformed: {messages:?}"));
    }
    if !analysis.is_empty() {
        return Some(format!("TCP is out of order: {messages:?}"));
    }
    let severe = |text: &String| {
        text.parse::<u32>()
            .map_or(true, |severity| severity >= NOTE)
    };
    let severe = severities.iter().filter(|text| severe(text)).count();
    let known =
        |text: &&String| EXCUSED.contains(&text.as_str()) || mistaken.contains(&text.as_str());
    let excused = messages.iter().filter(known);
    (severe > excused.count()).then(|| messages.join("; "))
}

// ---- both ----

fn differences(ours: &Reading, theirs: &Reading) -> Vec<String> {
    let frames: BTreeSet<u32> = ours.keys().chain(theirs.keys()).copied().collect();
    let mut found = Vec::new();
    let nothing = BTreeMap::new();
    for number in frames {
        let we = ours.get(&number).unwrap_or(&nothing);
        let they = theirs.get(&number).unwrap_or(&nothing);
        let fields: BTreeSet<_> = we.keys().chain(they.keys()).copied().collect();
        for field in fields {
            let (we, they) = (we.get(field), they.get(field));
            if we != they {
                found.push(format!(
                    "frame {number}, {field}: we read {we:?}, TShark {they:?}"
                ));
            }
        }
    }
    found
}

/// Disagreements about one capture; how many values both agree on.
fn compare(tshark: &Path, capture: &Path) -> Result<BTreeMap<&'static str, usize>, Vec<String>> {
    let octets = std::fs::read(capture).unwrap();
    let trace = Trace::read(&octets).map_err(|error| vec![error.to_string()])?;
    let notes = trace.notes.iter();
    let mut found: Vec<String> = notes
        .map(|note| format!("frame {}: we note: {}", note.frame, note.text))
        .collect();
    let we = ours(&trace);
    let they = theirs(tshark, capture, &trace)?;
    found.extend(differences(&we, &they));
    if !found.is_empty() {
        return Err(found);
    }
    let mut counts = BTreeMap::new();
    for (field, values) in we.values().flatten() {
        *counts.entry(*field).or_insert(0) += values.len();
    }
    Ok(counts)
}

/// TShark takes a fifth of a second to start, so as many run as there are processors.
fn all_agree(captures: &[PathBuf], needed: &[&str]) {
    let tshark = third_party::program("tshark", "tshark");
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        while let Some(capture) = captures.get(next.fetch_add(1, Ordering::Relaxed)) {
            results.push((capture, compare(&tshark, capture)));
        }
        results
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let results = std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = started
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        ended.collect::<Vec<_>>()
    });
    let mut agreed: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (capture, result) in results {
        match result {
            Ok(counts) => counts
                .into_iter()
                .for_each(|(field, n)| *agreed.entry(field).or_insert(0) += n),
            Err(complaints) => found.extend(
                complaints
                    .into_iter()
                    .map(|complaint| format!("{}: {complaint}", capture.display())),
            ),
        }
    }
    found.sort();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    for field in needed {
        let agreed = agreed.get(field).copied().unwrap_or(0);
        assert!(agreed > 0, "no capture has any {field}");
    }
}

#[test]
fn tshark_sees_in_every_capture_of_a_run_what_we_see() {
    all_agree(&captures(&RUN.join("captures")), &FIELDS);
}

#[test]
fn tshark_sees_over_diameter_what_we_see() {
    // Nothing of the other folders goes over a carriage of short messages.
    let run = run_over("sgd", &["cpm-sms-interworking"]);
    all_agree(&captures(&run.join("captures")), &SGD_FIELDS);
}

/// The run above has a fresh capture of each of these test cases. So one in eight is read, all of them with `WITNESS=all`, as after
/// `run --refresh-evidence`.
#[test]
fn tshark_sees_in_the_evidence_on_file_what_we_see() {
    let step = match std::env::var("WITNESS").as_deref() {
        Ok("all") => 1,
        _ => 8,
    };
    let sample: Vec<_> = captures(&kept()).into_iter().step_by(step).collect();
    all_agree(&sample, &[]);
}

#[test]
fn a_different_reading_is_told_with_its_frame() {
    let capture = kept().join("TC-M2S-01-01.hello-bob.pcapng");
    let tshark = third_party::program("tshark", "tshark");
    let octets = std::fs::read(&capture).unwrap();
    let trace = Trace::read(&octets).unwrap();
    let they = theirs(&tshark, &capture, &trace).unwrap();
    let we = ours(&trace);
    assert_eq!(differences(&we, &they), Vec::<String>::new());
    let frames: BTreeMap<&str, u32> = we
        .iter()
        .flat_map(|(number, fields)| fields.keys().map(|field| (*field, *number)))
        .collect();
    for field in FIELDS {
        let frame = frames[field];
        let mut changed = we.clone();
        let value = &mut changed.get_mut(&frame).unwrap().get_mut(field).unwrap()[0];
        value.push('x');
        let told = differences(&changed, &they);
        let place = format!("frame {frame}, {field}: ");
        assert!(told.len() == 1 && told[0].starts_with(&place), "{told:?}");
    }
}

#[test]
fn what_tshark_finds_wrong_counts() {
    let column = |text: &str| values(text);
    let frame = |messages: &str, severities: &str, malformed: &str, analysis: &str| {
        wrong(
            &[messages, severities, malformed, analysis].map(column),
            &[],
        )
    };
    assert_eq!(frame("", "", "", ""), None);
    assert_eq!(frame("[1] Alice invites Bob", "1048576", "", ""), None);
    assert_eq!(frame(EXCUSED[0], "4194304", "", ""), None);
    assert!(frame("Bad checksum", "8388608", "", "").is_some());
    assert!(frame("Out-Of-Order", "6291456", "", "Flags").is_some());
    assert!(frame("Malformed", "8388608", "Malformed", "").is_some());
    let both = format!("{}{AGGREGATOR}Something new", EXCUSED[0]);
    let severities = format!("4194304{AGGREGATOR}4194304");
    assert!(frame(&both, &severities, "", "").is_some());
    for known in [&MISTAKEN_REPORT[..], &OCTETS_IN_BODY[..]] {
        let columns = [known[0], "8388608", "", ""].map(column);
        assert_eq!(wrong(&columns, known), None);
        assert!(wrong(&columns, &[]).is_some(), "excused anywhere");
    }
}
