//! Self-test: pycrate, a decoder of others, reads every TPDU and RP message of a whole run over SGd and over SMS over IP again, and the known
//! answers of `fixtures/vectors/sms`. What it finds in each field is what we find, and both write the octets as they were.
//!
//! Not compared: text in national language tables (pycrate 0.8 has none). More than 400 lines: our reading of every type stands here a second
//! time, in the words of the script.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::observe::{Fact, Trace, diameter_requests, diameter_way, encapsulated};
use ims_conformance::wire::sms::rp::{Element, RpBody, RpMessage};
use ims_conformance::wire::sms::tpdu::{Direction, Inside, Tpdu};
use ims_conformance::wire::sms::{Address, DataCoding, TimeStamp, TpUserData, ValidityPeriod};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

type Fields = BTreeMap<String, String>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// One octet string and what it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    relayed: bool,
    to_station: bool,
    /// 0 in RP-DATA, 1 in RP-ACK, 2 in RP-ERROR.
    inside: u8,
    octets: Vec<u8>,
}

impl Item {
    fn tpdu(way: Direction, inside: Inside, octets: &[u8]) -> Self {
        Self {
            relayed: false,
            to_station: way == Direction::ToStation,
            inside: match inside {
                Inside::Data => 0,
                Inside::Ack => 1,
                Inside::Error => 2,
            },
            octets: octets.to_vec(),
        }
    }

    fn relayed(octets: &[u8]) -> Self {
        Self {
            relayed: true,
            to_station: false,
            inside: 0,
            octets: octets.to_vec(),
        }
    }

    fn way(&self) -> Direction {
        match self.to_station {
            true => Direction::ToStation,
            false => Direction::ToCentre,
        }
    }

    /// pycrate's name of it, by direction and message type.
    fn class(&self) -> &'static str {
        let kind = self.octets.first().copied().unwrap_or(0);
        if self.relayed {
            return match kind & 7 {
                0 => "RP_DATA_MO",
                1 => "RP_DATA_MT",
                2 => "RP_ACK_MO",
                3 => "RP_ACK_MT",
                4 => "RP_ERROR_MO",
                5 => "RP_ERROR_MT",
                _ => "RP_SMMA",
            };
        }
        match (self.to_station, self.inside, kind & 3) {
            (true, 0, 2) => "SMS_STATUS_REPORT",
            (true, 0, _) => "SMS_DELIVER",
            (true, 1, _) => "SMS_SUBMIT_REPORT_RP_ACK",
            (true, ..) => "SMS_SUBMIT_REPORT_RP_ERROR",
            (false, 0, 2) => "SMS_COMMAND",
            (false, 0, _) => "SMS_SUBMIT",
            (false, 1, _) => "SMS_DELIVER_REPORT_RP_ACK",
            (false, ..) => "SMS_DELIVER_REPORT_RP_ERROR",
        }
    }

    fn ours(&self) -> Fields {
        if self.relayed {
            return relayed(&RpMessage::decode(&self.octets).unwrap());
        }
        let inside = [Inside::Data, Inside::Ack, Inside::Error][usize::from(self.inside)];
        let decoded = Tpdu::decode(&self.octets, self.way(), inside);
        tpdu(
            &decoded
                .unwrap_or_else(|error| panic!("{self:?}: {error}"))
                .tpdu,
        )
    }
}

fn put(fields: &mut Fields, name: &str, value: impl ToString) {
    fields.insert(name.to_owned(), value.to_string());
}

fn flags(fields: &mut Fields, flags: &[(&str, bool)]) {
    for (name, set) in flags {
        put(fields, name, u8::from(*set));
    }
}

fn address(fields: &mut Fields, address: &Address) {
    let kind = address.type_of_address;
    let text = address.text().unwrap_or_default();
    let number = text.trim_start_matches('+');
    put(
        fields,
        "address",
        format!("{}/{}/{number}", kind >> 4 & 7, kind & 0x0f),
    );
}

fn time(fields: &mut Fields, name: &str, stamp: TimeStamp) {
    let swapped = |octet: u8| (octet & 0x0f) * 10 + (octet >> 4);
    let [parts @ .., zone] = stamp.0;
    let digits: String = parts
        .iter()
        .map(|p| format!("{:02}", swapped(*p)))
        .collect();
    let sign = if zone & 0x08 == 0 { '+' } else { '-' };
    put(
        fields,
        name,
        format!("{digits}{sign}{}", swapped(zone & 0xf7)),
    );
}

fn user_data(fields: &mut Fields, data: &TpUserData, coding: DataCoding) {
    put(fields, "length", data.length);
    let header = data.header().unwrap();
    if data.has_header {
        put(fields, "header", hex(&header.to_octets()));
    }
    if header.national_languages() != (None, None) {
        return;
    }
    let text = data.text(coding).unwrap();
    put(fields, "text", text.unwrap_or_else(|| hex(data.payload())));
}

fn parameters(fields: &mut Fields, it: &ims_conformance::wire::sms::tpdu::Parameters) {
    if let Some(protocol) = it.protocol {
        put(fields, "protocol", format!("{protocol:02x}"));
    }
    if let Some(coding) = it.data_coding {
        put(fields, "coding", format!("{:02x}", coding.0));
    }
    if let Some(data) = &it.user_data {
        user_data(fields, data, it.data_coding.unwrap_or(DataCoding(0)));
    }
}

fn tpdu(message: &Tpdu) -> Fields {
    let mut found = Fields::new();
    let f = &mut found;
    put(f, "octets", hex(&message.encode()));
    let header = message.user_data().is_some_and(|(data, _)| data.has_header);
    put(f, "header indicator", u8::from(header));
    match message {
        Tpdu::Deliver(it) => {
            flags(
                f,
                &[
                    ("reply path", it.reply_path),
                    ("report requested", it.status_report),
                ],
            );
            flags(
                f,
                &[
                    ("no more messages", !it.more_messages),
                    ("loop prevention", it.loop_prevention),
                ],
            );
            address(f, &it.originator);
            put(f, "protocol", format!("{:02x}", it.protocol));
            put(f, "coding", format!("{:02x}", it.data_coding.0));
            time(f, "time", it.time_stamp);
            user_data(f, &it.user_data, it.data_coding);
        }
        Tpdu::Submit(it) => {
            flags(
                f,
                &[
                    ("reply path", it.reply_path),
                    ("report requested", it.status_report),
                ],
            );
            flags(f, &[("reject duplicates", it.reject_duplicates)]);
            put(f, "validity format", it.validity.format());
            put(f, "reference", it.reference);
            address(f, &it.destination);
            put(f, "protocol", format!("{:02x}", it.protocol));
            put(f, "coding", format!("{:02x}", it.data_coding.0));
            match it.validity {
                ValidityPeriod::Absent => {}
                ValidityPeriod::Relative(value) => put(f, "validity", format!("{value:02x}")),
                ValidityPeriod::Enhanced(value) => put(f, "validity", hex(&value)),
                ValidityPeriod::Absolute(value) => put(f, "validity", hex(&value.0)),
            }
            user_data(f, &it.user_data, it.data_coding);
        }
        Tpdu::StatusReport(it) => {
            flags(
                f,
                &[
                    ("answers command", it.answers_command),
                    ("loop prevention", it.loop_prevention),
                ],
            );
            flags(f, &[("no more messages", !it.more_messages)]);
            put(f, "reference", it.reference);
            address(f, &it.recipient);
            time(f, "time", it.time_stamp);
            time(f, "discharge", it.discharge);
            put(f, "status", it.status);
            it.parameters.iter().for_each(|it| parameters(f, it));
        }
        Tpdu::Command(it) => {
            flags(f, &[("report requested", it.status_report)]);
            put(f, "reference", it.reference);
            put(f, "protocol", format!("{:02x}", it.protocol));
            address(f, &it.destination);
        }
        Tpdu::SubmitReport(it) => {
            it.failure_cause
                .iter()
                .for_each(|cause| put(f, "cause", cause));
            time(f, "time", it.time_stamp);
            parameters(f, &it.parameters);
        }
        Tpdu::DeliverReport(it) => {
            it.failure_cause
                .iter()
                .for_each(|cause| put(f, "cause", cause));
            parameters(f, &it.parameters);
        }
    }
    found
}

fn relayed(message: &RpMessage) -> Fields {
    let mut found = Fields::new();
    let octets = message.encode();
    put(&mut found, "octets", hex(&octets));
    put(&mut found, "type", octets[0] & 7);
    put(&mut found, "reference", message.reference);
    let user_data = |elements: &[Element]| {
        elements.iter().find_map(|element| match element {
            Element::Tlv(0x41, value) => Some(hex(value)),
            _ => None,
        })
    };
    match &message.body {
        RpBody::Data {
            originator,
            destination,
            user_data,
        } => {
            put(&mut found, "originator", hex(&originator.octets));
            put(&mut found, "destination", hex(&destination.octets));
            put(&mut found, "user data", hex(user_data));
        }
        RpBody::Ack { elements } => {
            if let Some(data) = user_data(elements) {
                put(&mut found, "user data", data);
            }
        }
        RpBody::Error { cause, elements } => {
            put(&mut found, "cause", cause[0] & 0x7f);
            if let Some(data) = user_data(elements) {
                put(&mut found, "user data", data);
            }
        }
        _ => {}
    }
    found
}

/// What pycrate says of each.
fn theirs(items: &[Item]) -> Vec<Fields> {
    let mut process = Command::new(third_party::python())
        .arg(root().join("fixtures/selftest/pycrate_read.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let lines: Vec<String> = items
        .iter()
        .map(|item| format!("{} {}\n", item.class(), hex(&item.octets)))
        .collect();
    let writing = std::thread::spawn(move || stdin.write_all(lines.concat().as_bytes()));
    let output = process.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Every difference between the two readings.
fn differences(items: &[Item]) -> Vec<String> {
    let theirs = theirs(items);
    assert_eq!(theirs.len(), items.len(), "pycrate gave up");
    let mut found = Vec::new();
    for (item, mut theirs) in items.iter().zip(theirs) {
        let ours = item.ours();
        if !ours.contains_key("text") {
            theirs.remove("text");
        }
        if ours != theirs || ours["octets"] != hex(&item.octets) {
            found.push(format!(
                "{} {}\n  ours   {ours:?}\n  theirs {theirs:?}",
                item.class(),
                hex(&item.octets)
            ));
        }
    }
    found
}

fn vectors() -> Vec<Item> {
    let text = std::fs::read_to_string(root().join("fixtures/vectors/sms/tpdu_vectors.json"));
    let vectors: BTreeMap<String, String> = serde_json::from_str(&text.unwrap()).unwrap();
    let item = |(name, value): (&String, &String)| {
        let octets = octets(value);
        let (way, inside) = match name.as_str() {
            name if name.starts_with("rp_") => return Item::relayed(&octets),
            name if name.starts_with("deliver_report_ack") => (Direction::ToCentre, Inside::Ack),
            name if name.starts_with("deliver_report") => (Direction::ToCentre, Inside::Error),
            name if name.starts_with("submit_report_ack") => (Direction::ToStation, Inside::Ack),
            name if name.starts_with("submit_report") => (Direction::ToStation, Inside::Error),
            name if name.starts_with("deliver") || name.starts_with("sr_") => {
                (Direction::ToStation, Inside::Data)
            }
            _ => (Direction::ToCentre, Inside::Data),
        };
        Item::tpdu(way, inside, &octets)
    };
    vectors.iter().map(item).collect()
}

#[test]
fn reads_the_known_answers_as_we_do() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 35);
    let differences = differences(&vectors);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_difference_is_seen() {
    let mut item = vectors().swap_remove(0);
    let whole = item.ours();
    item.octets[1] ^= 1;
    assert_ne!(item.ours(), whole);
    assert!(differences(&[item]).is_empty());
}

/// Everything the captures of a run carry.
fn carried(folder: &Path) -> BTreeSet<Item> {
    let mut items = BTreeSet::new();
    for file in std::fs::read_dir(folder.join("captures")).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "pcapng")
        {
            continue;
        }
        let trace = Trace::read(&std::fs::read(&path).unwrap()).unwrap();
        items.extend(in_diameter(&trace));
        for message in encapsulated(&trace) {
            if message.message.is_some() {
                // Alone, or beside what else a multipart body holds.
                let request = message.transaction.request.message;
                items.extend(in_rp(&request.body_of(ENCAPSULATED).unwrap()));
            }
        }
        assert!(
            trace
                .facts
                .iter()
                .any(|seen| !matches!(seen.fact, Fact::SipKeepAlive))
        );
    }
    items
}

fn in_diameter(trace: &Trace) -> Vec<Item> {
    let mut items = Vec::new();
    for request in diameter_requests(trace) {
        let Some(way) = diameter_way(request.message.command) else {
            continue;
        };
        let back = match way {
            Direction::ToStation => Direction::ToCentre,
            Direction::ToCentre => Direction::ToStation,
        };
        let there = request.message.tpdu();
        items.extend(there.map(|octets| Item::tpdu(way, Inside::Data, octets)));
        let Some((_, answer)) = request.answer else {
            continue;
        };
        let failed = request.status() != Some(0);
        let inside = if failed { Inside::Error } else { Inside::Ack };
        items.extend(answer.tpdu().map(|octets| Item::tpdu(back, inside, octets)));
        let diagnostic = answer.delivery_failure().and_then(|f| f.diagnostic);
        items.extend(diagnostic.map(|octets| Item::tpdu(back, Inside::Error, &octets)));
    }
    items
}

const ENCAPSULATED: &str = "application/vnd.3gpp.sms";

fn in_rp(octets: &[u8]) -> Vec<Item> {
    let message = RpMessage::decode(octets).unwrap();
    let inside = match message.body {
        RpBody::Ack { .. } => Inside::Ack,
        RpBody::Error { .. } => Inside::Error,
        _ => Inside::Data,
    };
    let within = message.user_data().filter(|octets| !octets.is_empty());
    let within = within.map(|octets| Item::tpdu(message.way, inside, octets));
    std::iter::once(Item::relayed(octets))
        .chain(within)
        .collect()
}

fn run_over(carriage: &str) -> BTreeSet<Item> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pycrate-{carriage}"));
    std::fs::remove_dir_all(&folder).ok();
    let status = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .current_dir(root())
        .args([
            "run",
            "--quiet",
            "--jobs",
            "40",
            "--carriage",
            carriage,
            "--out",
        ])
        .arg(&folder)
        .stdout(Stdio::null())
        .status();
    status.unwrap();
    carried(&folder)
}

#[test]
fn reads_every_short_message_of_a_run_over_sgd_as_we_do() {
    let items: Vec<Item> = run_over("sgd").into_iter().collect();
    let kinds: BTreeSet<&str> = items.iter().map(Item::class).collect();
    assert!(kinds.len() >= 4, "{kinds:?}");
    let differences = differences(&items);
    assert!(
        differences.is_empty(),
        "of {}:\n{}",
        items.len(),
        differences.join("\n")
    );
}

#[test]
fn reads_every_short_message_of_a_run_over_ip_as_we_do() {
    let items: Vec<Item> = run_over("sms-over-ip").into_iter().collect();
    assert!(
        items.iter().any(|item| item.relayed),
        "no RP message in the run"
    );
    let differences = differences(&items);
    assert!(
        differences.is_empty(),
        "of {}:\n{}",
        items.len(),
        differences.join("\n")
    );
}
