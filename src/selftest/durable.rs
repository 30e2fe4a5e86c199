//! Self-test: the reference, killed in the middle of XCAP writes a hundred times, has every document that it has acknowledged, whole.
//!
//! Four users write at once. A write that was not acknowledged when the process was killed may be there or not; nothing else may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ims_conformance::wire::http::HttpMessage;
use ims_conformance::wire::xml::simservs::{Barring, MEDIA_TYPE, Rule, SimServs};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROUNDS: u64 = 100;
const WRITERS: usize = 4;

/// The reference with its documents in a folder, and the address of Ut.
fn start(folder: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
        .args(["reference", "--ut-documents"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let ut = ready["ut"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    (child, ut.parse().unwrap())
}

fn path(writer: usize) -> String {
    format!("/simservs.ngn.etsi.org/users/sip:+4477009000{writer}@home1.example/simservs.xml")
}

/// A document that says which version it is, too long for one write of a file system page.
fn document(version: u64) -> Vec<u8> {
    let rules = (0..64).map(|rule| Rule::barring(format!("v{version}-{rule}"), Vec::new()));
    let incoming = Barring {
        active: true,
        rules: rules.collect(),
    };
    SimServs {
        incoming: Some(incoming),
        ..SimServs::default()
    }
    .to_octets()
}

/// The version a document says; panics where it is not whole.
fn version_of(body: &[u8]) -> u64 {
    let rules = SimServs::parse(body)
        .expect("a document that is whole")
        .incoming
        .unwrap()
        .rules;
    assert_eq!(rules.len(), 64);
    let version = |rule: &Rule| {
        rule.id[1..]
            .split('-')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert!(rules.iter().all(|rule| version(rule) == version(&rules[0])));
    version(&rules[0])
}

/// The response, unless the connection ends before it.
fn exchange(stream: &mut TcpStream, message: &HttpMessage) -> Option<HttpMessage> {
    stream.write_all(&message.to_octets()).ok()?;
    let (mut octets, mut buffer) = (Vec::new(), [0; 64 * 1024]);
    loop {
        if let Some((response, _)) = HttpMessage::parse(&octets).unwrap() {
            return Some(response);
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => octets.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Writes version after version until the server is gone: the last one acknowledged, and the last one tried.
fn write(ut: SocketAddr, writer: usize, mut version: u64) -> (u64, u64) {
    let mut acknowledged = version;
    let Ok(mut stream) = TcpStream::connect(ut) else {
        return (acknowledged, version);
    };
    loop {
        version += 1;
        let mut put = HttpMessage::request("PUT", &path(writer));
        let mut add = |name: &str, value: &str| put.headers.push((name.into(), value.into()));
        add("Host", "ut");
        add("Content-Type", MEDIA_TYPE);
        put.body = document(version);
        let Some(response) = exchange(&mut stream, &put) else {
            return (acknowledged, version);
        };
        assert!(matches!(response.status(), Some(200 | 201)), "{response:?}");
        acknowledged = version;
    }
}

/// The version there is; 0 is none.
fn read(ut: SocketAddr, writer: usize) -> u64 {
    let mut stream = TcpStream::connect(ut).unwrap();
    let mut get = HttpMessage::request("GET", &path(writer));
    get.headers.push(("Host".into(), "ut".into()));
    let response = exchange(&mut stream, &get).unwrap();
    match response.status() {
        Some(404) => 0,
        _ => version_of(&response.body),
    }
}

#[test]
fn what_was_acknowledged_survives_a_hundred_kills() {
    let folder = tempfile::tempdir().unwrap();
    let mut written = [(0, 0); WRITERS];
    let mut acknowledged_at_all = 0;
    for round in 0..=ROUNDS {
        let (mut child, ut) = start(folder.path());
        let mut versions = [0; WRITERS];
        for (writer, (acknowledged, tried)) in written.iter().enumerate() {
            let version = read(ut, writer);
            assert!(
                (*acknowledged..=*tried).contains(&version),
                "round {round}, writer {writer}: {version} is there, {acknowledged} was acknowledged"
            );
            versions[writer] = version;
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| std::thread::spawn(move || write(ut, writer, versions[writer])))
            .collect();
        // Another moment in every round, so that every stage of a write is hit.
        std::thread::sleep(Duration::from_micros(2_000 + round * 371 % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        for (writer, thread) in writers.into_iter().enumerate() {
            written[writer] = thread.join().unwrap();
            acknowledged_at_all += written[writer].0 - versions[writer];
        }
    }
    assert!(acknowledged_at_all > ROUNDS, "hardly anything was written");
}
