//! What a tap writes is a capture Wireshark has nothing to complain about.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use std::process::Command;

fn record(interface: &'static str, outbound: bool, ends: (&str, &str), event: Event) -> Record {
    Record {
        interface,
        outbound,
        local: ends.0.parse().unwrap(),
        remote: ends.1.parse().unwrap(),
        event,
    }
}

/// Datagrams and connections of both IP versions, closed in every way.
pub(crate) fn sample() -> Tap {
    let tap = Tap::new();
    tap.mark("Alice invites Bob");
    for (own, other) in [
        ("127.0.0.1:5060", "127.0.0.1:5070"),
        ("[::1]:5060", "[::1]:5070"),
    ] {
        let request = b"OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
        tap.record(record(
            "isc",
            true,
            (own, other),
            Event::Datagram(request.to_vec()),
        ));
    }
    for (own, other, dialled) in [
        ("127.0.0.1:2855", "127.0.0.1:40000", true),
        ("[::1]:2855", "[::1]:40000", false),
    ] {
        let ends = (own, other);
        tap.record(record("msrp", false, ends, Event::Opened { dialled }));
        let big = vec![b'x'; 200_000];
        tap.mark("octets flow");
        tap.record(record("msrp", true, ends, Event::Data(big)));
        tap.record(record("msrp", false, ends, Event::Data(b"small".to_vec())));
        tap.record(record("msrp", true, ends, Event::Data(b"again".to_vec())));
        tap.record(record("msrp", true, ends, Event::Closed { reset: false }));
        tap.record(record("msrp", false, ends, Event::Data(b"late".to_vec())));
        tap.record(record("msrp", false, ends, Event::Closed { reset: false }));
        tap.record(record("msrp", false, ends, Event::Closed { reset: false }));
    }
    let ends = ("127.0.0.1:2775", "127.0.0.1:40001");
    let enquire_link = [0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1];
    tap.record(record(
        "smpp",
        false,
        ends,
        Event::Data(enquire_link.to_vec()),
    ));
    tap.record(record("smpp", false, ends, Event::Closed { reset: true }));
    tap
}

#[test]
fn gives_whole_blocks_from_any_earlier_length() {
    let tap = Tap::new();
    let beginning = tap.len();
    let ends = ("127.0.0.1:1", "127.0.0.1:2");
    tap.record(record("gm", true, ends, Event::Datagram(b"abc".to_vec())));
    let block = tap.octets_from(beginning);
    assert_eq!(&block[..4], &6_u32.to_le_bytes());
    assert_eq!(
        &block[4..8],
        &u32::try_from(block.len()).unwrap().to_le_bytes()
    );
    assert!(tap.octets_from(tap.len() + 1).is_empty());
}

#[tokio::test]
async fn tells_waiters_that_the_capture_has_grown() {
    let tap = Tap::new();
    let seen = tap.len();
    let other = tap.clone();
    let waiter = tokio::spawn(async move { other.changed(seen).await });
    let ends = ("127.0.0.1:1", "127.0.0.1:2");
    tap.record(record("gm", true, ends, Event::Datagram(b"abc".to_vec())));
    waiter.await.unwrap();
}

#[test]
fn wireshark_finds_nothing_wrong() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return; // nothing to ask on this machine
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sample.pcapng");
    std::fs::write(&path, sample().octets_from(0)).unwrap();
    let ask = |arguments: &[&str]| {
        let output = Command::new("tshark")
            .args([
                "-o",
                "ip.check_checksum:TRUE",
                "-o",
                "tcp.check_checksum:TRUE",
            ])
            .args(["-o", "udp.check_checksum:TRUE", "-r"])
            .arg(&path)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let complaints = "tcp.analysis.flags || _ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0";
    assert_eq!(ask(&["-Y", complaints]), "");
    let fields = ask(&[
        "-T",
        "fields",
        "-e",
        "frame.interface_name",
        "-e",
        "frame.comment",
    ]);
    let lines: Vec<_> = fields.lines().collect();
    assert_eq!(lines[0], "isc\t[1] Alice invites Bob");
    assert!(lines.contains(&"msrp\t[2] octets flow"));
    assert_eq!(ask(&["-Y", "sip.Method == \"OPTIONS\""]).lines().count(), 2);
    assert_eq!(ask(&["-Y", "tcp.flags.syn == 1"]).lines().count(), 6);
}
