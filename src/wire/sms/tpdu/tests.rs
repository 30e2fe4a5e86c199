//! The known answers of `fixtures/vectors/sms/`: three independent decoders agree on them. Every one is read, printed, cut and bent. Over 400
//! lines, because the malformed forms of all types stand in its tables.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::{Decoded, Direction, Inside, Tpdu};
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::{Coding, Concatenation, ReferenceWidth, TpUserData, split_text};
use std::collections::BTreeMap;

fn octets(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn vectors() -> BTreeMap<String, String> {
    let json = include_str!("../../../../fixtures/vectors/sms/tpdu_vectors.json");
    serde_json::from_str(json).unwrap()
}

/// Direction and carrier of a known TPDU, told by its name; `None` for RP messages.
fn place(name: &str) -> Option<(Direction, Inside)> {
    Some(match name.split('_').next().unwrap() {
        "rp" => return None,
        "deliver" if name.starts_with("deliver_report_ack") => (Direction::ToCentre, Inside::Ack),
        "deliver" if name.starts_with("deliver_report") => (Direction::ToCentre, Inside::Error),
        "submit" if name.starts_with("submit_report_ack") => (Direction::ToStation, Inside::Ack),
        "submit" if name.starts_with("submit_report") => (Direction::ToStation, Inside::Error),
        "deliver" | "sr" => (Direction::ToStation, Inside::Data),
        _ => (Direction::ToCentre, Inside::Data),
    })
}

fn known(name: &str) -> Tpdu {
    let (way, inside) = place(name).unwrap();
    let hex = &vectors()[name];
    Tpdu::decode(&octets(hex), way, inside).unwrap().tpdu
}

fn read(hex: &str, way: Direction, inside: Inside) -> Decoded {
    Tpdu::decode(&octets(hex), way, inside).unwrap()
}

fn text(tpdu: &Tpdu) -> Option<String> {
    let (data, scheme) = tpdu.user_data()?;
    data.text(scheme).unwrap()
}

#[test]
fn every_known_tpdu_is_read_without_remark_and_printed_octet_by_octet() {
    let mut read = 0;
    for (name, hex) in vectors() {
        let Some((way, inside)) = place(&name) else {
            continue;
        };
        let decoded = Tpdu::decode(&octets(&hex), way, inside).unwrap();
        assert_eq!(decoded.remarks, [], "{name}");
        assert_eq!(decoded.tpdu.encode(), octets(&hex), "{name}");
        read += 1;
    }
    assert_eq!(read, 27);
}

#[test]
fn every_known_rp_message_is_read_and_printed_with_the_tpdu_inside() {
    let mut inside = 0;
    for (name, hex) in vectors().iter().filter(|(name, _)| name.starts_with("rp_")) {
        let message = RpMessage::decode(&octets(hex)).unwrap();
        assert_eq!(message.encode(), octets(hex), "{name}");
        if let Some(decoded) = message.tpdu() {
            assert_eq!(decoded.unwrap().tpdu.encode(), message.user_data().unwrap());
            inside += 1;
        }
    }
    assert_eq!(inside, 5);
}

#[test]
fn reads_and_packs_the_known_texts() {
    for (name, expected) in [
        ("submit_hello_novp", "Hello"),
        ("submit_relvp_srr", "CPM <-> SMS"),
        ("submit_absvp", "abs"),
        ("submit_ucs2", "Привет 😀"),
        ("submit_7chars", "1234567"),
        ("submit_8chars", "12345678"),
        ("deliver_ext", "{[~]}|^\\€ @£Δ"),
        ("deliver_ucs2_emoji", "漢字 👍🏽"),
        ("deliver_tr_single", "ŞşĞğİıç"),
        ("deliver_es_single", "¿Qué? á í ó ú"),
        ("sr_perm_with_ud", "gone"),
    ] {
        assert_eq!(text(&known(name)).unwrap(), expected, "{name}");
    }
    for name in ["submit_8bit", "deliver_port16"] {
        assert_eq!(text(&known(name)), None);
    }
    let (data, _) = match &known("deliver_port16") {
        Tpdu::Deliver(it) => (it.user_data.clone(), it.data_coding),
        other => panic!("{other:?}"),
    };
    let ports = vec![0x0b, 0x84, 0x23, 0xf0];
    assert_eq!(data.header().unwrap().elements, [(5, ports)]);
    assert_eq!(data.payload(), b"abc");
}

#[test]
fn reads_the_known_concatenations() {
    for (name, reference, wide, total, sequence, characters) in [
        ("deliver_concat8_1of3", 0xcc, false, 3, 1, 153),
        ("deliver_concat8_3of3", 0xcc, false, 3, 3, 61),
        ("deliver_concat16_1of3", 0xbeef, true, 3, 1, 152),
        ("deliver_ucs2_concat8_1of2", 0x41, false, 2, 1, 67),
    ] {
        let tpdu = known(name);
        let (data, _) = tpdu.user_data().unwrap();
        let expected = Concatenation {
            reference,
            wide,
            total,
            sequence,
        };
        assert_eq!(data.header().unwrap().concatenation(), Some(expected));
        let text = text(&tpdu).unwrap();
        if characters != 61 {
            assert_eq!(text.chars().count(), characters, "{name}");
        }
    }
}

#[test]
fn reads_addresses_times_and_flags_of_the_known_tpdus() {
    let Tpdu::Submit(submit) = known("submit_relvp_srr") else {
        panic!("a submit");
    };
    assert!(submit.status_report && !submit.reject_duplicates);
    assert_eq!(submit.destination.text().unwrap(), "+447700900123");
    assert_eq!(submit.validity.span().unwrap().as_hours(), 24);
    for (name, originator, zone) in [
        ("deliver_alnum", "RCS Test", "2026-11-21T10:30:59-03:30"),
        ("deliver_alnum7", "SevenCh", "2026-11-21T10:30:59-02:30"),
        ("deliver_ext", "+447700900456", "2026-11-21T10:30:15+02:00"),
    ] {
        let Tpdu::Deliver(deliver) = known(name) else {
            panic!("a deliver");
        };
        assert_eq!(deliver.originator.text().unwrap(), originator);
        let time = deliver.time_stamp.read().unwrap().rfc3339();
        if name != "deliver_alnum7" {
            assert_eq!(time, zone, "{name}");
        }
    }
    for (name, status) in [("sr_delivered", 0x00), ("sr_temp_still_trying", 0x20)] {
        let Tpdu::StatusReport(report) = known(name) else {
            panic!("a status report");
        };
        assert_eq!(report.status, status);
        assert!(!report.more_messages && !report.answers_command);
    }
    let Tpdu::SubmitReport(report) = known("submit_report_err") else {
        panic!("a submit report");
    };
    assert_eq!(report.failure_cause, Some(0xc5));
}

#[test]
fn reports_differ_inside_an_acknowledgement_and_an_error() {
    use Direction::{ToCentre, ToStation};
    assert!(Tpdu::decode(&octets("010062111201035180"), ToStation, Inside::Error).is_err());
    let refused = Tpdu::decode(&octets("00d300"), ToCentre, Inside::Ack).unwrap_err();
    assert_eq!(refused.at, 3, "0xd3 as TP-PI announces TP-PID");
    assert_eq!(
        Tpdu::decode(&[0, 0], ToCentre, Inside::Error)
            .unwrap_err()
            .at,
        2
    );
}

/// Cuts what `decode` takes at every octet: it says where the octets end, or reads what is left and prints that.
fn cut<T>(
    whole: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, crate::wire::Malformed>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> usize {
    let mut refused = 0;
    for end in 0..whole.len() {
        match decode(&whole[..end]) {
            Ok(read) => assert_eq!(encode(&read), whole[..end], "cut at {end}"),
            Err(malformed) => {
                assert!(malformed.at <= end, "cut at {end}: {malformed}");
                refused += 1;
            }
        }
    }
    refused
}

#[test]
fn a_cut_at_any_octet_is_refused_or_is_a_shorter_message() {
    for (name, hex) in vectors() {
        let whole = octets(&hex);
        if let Some((way, inside)) = place(&name) {
            let refused = cut(
                &whole,
                |octets| Tpdu::decode(octets, way, inside),
                |decoded| decoded.tpdu.encode(),
            );
            // A status report may end behind TP-ST.
            let shorter = usize::from(name == "sr_perm_with_ud");
            assert_eq!(refused, whole.len() - shorter, "{name}");
        } else {
            cut(&whole, RpMessage::decode, RpMessage::encode);
        }
    }
}

#[test]
fn names_the_octet_of_what_it_refuses() {
    use Direction::{ToCentre, ToStation};
    let table = [
        (
            "address of 21 semi-octets",
            "012a159144770009103200000000000000000000",
            ToCentre,
            2,
        ),
        (
            "UDL beyond the data",
            "012a0c91447700091032000006c8329bfd06",
            ToCentre,
            18,
        ),
        (
            "UDL over 140 octets",
            "01040c914477000910320004 8d",
            ToCentre,
            12,
        ),
        (
            "UDHL beyond UDL",
            "440c9144770009406500046211120103518003050003",
            ToStation,
            19,
        ),
        (
            "UDHI without user data",
            "440c91447700094065000462111201035180 00",
            ToStation,
            18,
        ),
        (
            "MTI 11 to the centre",
            "032a0c91447700091032000000",
            ToCentre,
            0,
        ),
        (
            "SUBMIT-REPORT in RP-DATA",
            "010062111201035180",
            ToStation,
            0,
        ),
        (
            "DELIVER to the centre",
            "040c914477000940650000621112010351800000",
            ToCentre,
            0,
        ),
        (
            "validity shorter than TP-VPF says",
            "09020c9144770009103200006211",
            ToCentre,
            14,
        ),
    ];
    for (name, hex, way, at) in table {
        let refused = Tpdu::decode(&octets(&hex.replace(' ', "")), way, Inside::Data);
        let refused = refused.unwrap_err();
        assert_eq!(refused.at, at, "{name}: {refused}");
        assert!(
            refused.clause.starts_with("3GPP TS 23.040 clause 9."),
            "{name}"
        );
    }
    for hex in ["0001", "0002", "0004", "0007", "0080"] {
        let refused = Tpdu::decode(&octets(hex), ToCentre, Inside::Ack).unwrap_err();
        assert_eq!(refused.at, 2, "TP-PI promises what is not there: {hex}");
    }
}

/// SMS-DELIVER with this TP-DCS and, behind the time stamp, these octets.
fn deliver(first: &str, scheme: &str, data: &str) -> String {
    format!("{first}0c91447700094065 00{scheme}62111201035180{data}").replace(' ', "")
}

#[test]
fn remarks_on_what_the_clause_says_to_ignore_and_keeps_the_octets() {
    let table = [
        ("reserved TP-MTI", deliver("07", "00", "00"), 0),
        (
            "unused bit of the first octet",
            deliver("14", "00", "00"),
            0,
        ),
        ("reserved coding", deliver("04", "80", "00"), 10),
        (
            "sequence number 0",
            deliver("44", "04", "06050003010300"),
            19,
        ),
        (
            "sequence number above the maximum",
            deliver("44", "04", "06050003010304"),
            19,
        ),
        ("maximum 0", deliver("44", "04", "06050003010000"), 19),
        (
            "IEDL beyond UDHL",
            deliver("44", "04", "06050004010301"),
            20,
        ),
        ("odd length of UCS2", deliver("04", "08", "03004100"), 22),
        ("lone surrogate", deliver("04", "08", "04d83d0041"), 19),
        ("escape without character", deliver("04", "00", "011b"), 19),
        ("octets behind the end", deliver("04", "00", "00ff"), 19),
        ("unknown language", deliver("44", "00", "05032401 0d00"), 19),
        (
            "filler",
            "040b914477009040050000621112010351800 0".replace(' ', ""),
            8,
        ),
        (
            "month 13",
            "040c91447700094065000062311201035180 00".replace(' ', ""),
            12,
        ),
    ];
    for (name, hex, at) in table {
        let decoded = read(&hex, Direction::ToStation, Inside::Data);
        let places: Vec<usize> = decoded.remarks.iter().map(|remark| remark.at).collect();
        assert_eq!(places, [at], "{name}: {:?}", decoded.remarks);
        assert_eq!(decoded.tpdu.encode(), octets(&hex), "{name}");
    }
}

#[test]
fn a_header_that_does_not_end_is_ignored_and_its_text_is_read() {
    let hex = deliver("44", "08", "08 05 0004010301 0041");
    let decoded = read(&hex, Direction::ToStation, Inside::Data);
    assert_eq!(text(&decoded.tpdu).unwrap(), "A");
}

#[test]
fn an_escape_pair_split_across_parts_is_seen_in_both() {
    let first = TpUserData::compose(&[5, 0, 3, 1, 2, 1], Coding::Gsm7, &[0x41, 0x1b]);
    let second = TpUserData::compose(&[5, 0, 3, 1, 2, 2], Coding::Gsm7, &[0x65]);
    let hex = |data: &TpUserData| {
        let body: String = data.octets.iter().map(|o| format!("{o:02x}")).collect();
        deliver("44", "00", &format!("{:02x}{body}", data.length))
    };
    let read = |data| read(&hex(data), Direction::ToStation, Inside::Data);
    let (first, second) = (read(&first), read(&second));
    assert_eq!(first.remarks.len(), 1);
    assert_eq!(text(&first.tpdu).unwrap(), "A ");
    assert_eq!(text(&second.tpdu).unwrap(), "e");
}

#[test]
fn both_national_tables_are_read_together() {
    for (single, locking, septets, expected) in [
        (None, Some(1), vec![0x04, 0x07, 0x1d, 0x60, 0x41], "€ışçA"),
        (Some(1), Some(1), vec![0x0b, 0x1b, 0x47, 0x1b, 0x65], "ĞĞ€"),
        (Some(2), Some(3), vec![0x1b, 0x41, 0x18, 0x5c, 0x7d], "Á€Õ`"),
        (Some(3), Some(3), vec![0x1b, 0x5b, 0x15, 0x24, 0x1a], "Ã∞º|"),
        (Some(0), Some(0), vec![0x00, 0x1b, 0x3c], "@["),
    ] {
        let mut header = vec![0u8];
        for (element, language) in [(0x24, single), (0x25, locking)] {
            header.extend(language.map(|l| [element, 1, l]).into_iter().flatten());
        }
        header[0] = u8::try_from(header.len() - 1).unwrap();
        let data = TpUserData::compose(&header, Coding::Gsm7, &septets);
        assert_eq!(
            data.text(super::DataCoding::GSM7).unwrap().unwrap(),
            expected
        );
    }
}

#[test]
fn parts_of_a_long_text_give_it_back() {
    for long in ["aé€".repeat(120), "漢字👍".repeat(60)] {
        for width in [ReferenceWidth::Eight, ReferenceWidth::Sixteen] {
            let segments = split_text(&long, 0xbeef, width).unwrap();
            let read = segments.iter().map(|segment| {
                let data = TpUserData::of_segment(segment);
                assert!(data.octets.len() <= 140);
                let scheme = super::DataCoding::of(segment.coding);
                data.text(scheme).unwrap().unwrap()
            });
            assert_eq!(read.collect::<String>(), long);
        }
    }
}

#[test]
fn rp_messages_keep_what_they_do_not_know() {
    for hex in [
        "0212 a1 7f02aabb 410100",
        "04120116 7f00 8f 410300d300",
        "fe12 00",
        "0412021601",
    ] {
        let whole = octets(&hex.replace(' ', ""));
        let message = RpMessage::decode(&whole).unwrap();
        assert_eq!(message.encode(), whole);
    }
    let error = RpMessage::decode(&octets("04120196410300d300")).unwrap();
    assert_eq!(error.cause(), Some(22));
    assert_eq!(error.user_data().unwrap(), octets("00d300"));
    for (hex, at) in [
        ("", 0),
        ("00", 1),
        ("0712", 0),
        ("0012ff", 3),
        ("041200", 2),
        ("021241", 3),
    ] {
        assert_eq!(RpMessage::decode(&octets(hex)).unwrap_err().at, at, "{hex}");
    }
    let message = RpMessage::decode(&octets("0613")).unwrap();
    assert_eq!(
        (message.body, message.way),
        (RpBody::MemoryAvailable, Direction::ToCentre)
    );
}

proptest::proptest! {
    #[test]
    fn any_octets_are_refused_or_printed_again(
        octets in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        way in proptest::sample::select(vec![Direction::ToCentre, Direction::ToStation]),
        inside in proptest::sample::select(vec![Inside::Data, Inside::Ack, Inside::Error]),
    ) {
        if let Ok(decoded) = Tpdu::decode(&octets, way, inside) {
            proptest::prop_assert_eq!(decoded.tpdu.encode(), octets.clone());
            if let Some((data, scheme)) = decoded.tpdu.user_data() {
                drop((data.text(scheme), data.septets(), data.header()));
            }
        }
        if let Ok(message) = RpMessage::decode(&octets) {
            proptest::prop_assert_eq!(message.encode(), octets);
            drop(message.tpdu());
        }
    }

    #[test]
    fn one_bent_octet_never_breaks_the_round_trip(
        which in 0usize..35, at in 0usize..200, value in proptest::num::u8::ANY,
    ) {
        let all = vectors();
        let (name, hex) = all.iter().nth(which).unwrap();
        let mut bent = octets(hex);
        let at = at % bent.len();
        bent[at] = value;
        match place(name) {
            Some((way, inside)) => if let Ok(decoded) = Tpdu::decode(&bent, way, inside) {
                proptest::prop_assert_eq!(decoded.tpdu.encode(), bent);
            },
            None => if let Ok(message) = RpMessage::decode(&bent) {
                proptest::prop_assert_eq!(message.encode(), bent);
            },
        }
    }
}
