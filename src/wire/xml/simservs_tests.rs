//! `simservs` documents: one that others' clients write, with the default namespace, and our own there and back.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

const VECTOR: &[u8] = include_bytes!("../../../fixtures/vectors/xml/simservs_barring.xml");

#[test]
fn reads_a_document_whatever_its_prefixes() {
    let read = SimServs::parse(VECTOR).unwrap();
    let incoming = read.incoming.as_ref().unwrap();
    assert!(incoming.active);
    assert_eq!(incoming.rules[0], Rule::barring("lab-icb-all", vec![]));
    let acr = vec![Condition::RuleDeactivated, Condition::Anonymous];
    assert_eq!(incoming.rules[1], Rule::barring("lab-acr", acr));
    let outgoing = read.outgoing.as_ref().unwrap();
    assert!(!outgoing.active);
    assert_eq!(outgoing.rules[0].conditions.len(), 3);
}

#[test]
fn reads_back_what_it_writes() {
    let read = SimServs::parse(VECTOR).unwrap();
    assert_eq!(SimServs::parse(&read.to_octets()).unwrap(), read);
    let all = vec![
        Condition::OtherIdentity,
        Condition::RequestName("INVITE".into()),
        Condition::PresenceStatus("meeting".into()),
        Condition::Sphere("work".into()),
        Condition::Media("video".into()),
        Condition::CommunicationDiverted,
        Condition::Roaming,
        Condition::International,
        Condition::ExternalList(vec!["http://xcap.example/l.xml/~~/a".into()]),
        Condition::Identity(vec![Identity::Many {
            domain: None,
            except: vec![Except::Domain("a<b".into())],
        }]),
    ];
    let written = Barring {
        active: false,
        rules: vec![Rule::allowing("r\"1", all)],
    };
    let element = written.to_element("incoming-communication-barring");
    assert_eq!(SimServs::parse(&element).unwrap().incoming, Some(written));
}

#[test]
fn says_where_a_document_is_wrong() {
    assert!(SimServs::parse(b"\xff").is_err());
    assert!(SimServs::parse(b"<simservs>").is_err());
    let other = SimServs::parse(b"<simservs/>").unwrap_err();
    assert!(other.expected.contains("namespace"));
    let without_id = String::from_utf8_lossy(VECTOR).replace("id=\"lab-acr\"", "");
    assert!(SimServs::parse(without_id.as_bytes()).is_err());
}
