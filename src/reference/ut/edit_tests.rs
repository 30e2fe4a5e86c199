//! Nodes read, put and taken away, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::collections::BTreeMap;

const TEXT: &str = "<a xmlns=\"d\"><r id=\"1\"/><r id=\"2\"><x/></r></a>";

fn selector(text: &str) -> Selector {
    Selector::parse(text, &BTreeMap::new(), "d").unwrap()
}

fn put_at(node: &str, content: &str) -> Result<(String, bool), Refused> {
    put(TEXT, &selector(node), content, InForce(None))
}

fn refusal(result: Result<(String, bool), Refused>) -> Condition {
    match result {
        Err(Refused::Conflict(error)) => error.condition,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reads_elements_attributes_and_bindings() {
    assert_eq!(
        get(TEXT, &selector("a/r[2]")).unwrap(),
        "<r id=\"2\"><x/></r>"
    );
    assert_eq!(get(TEXT, &selector("a/r[2]/@id")).unwrap(), "2");
    assert_eq!(
        get(TEXT, &selector("a/namespace::*")).unwrap(),
        "<a xmlns=\"d\"/>"
    );
    assert_eq!(get(TEXT, &selector("a/r[3]")), Err(Refused::Nothing));
    assert_eq!(get(TEXT, &selector("a/r")), Err(Refused::Nothing));
}

#[test]
fn puts_an_element_in_its_place() {
    let (text, new) = put_at("a/r[@id=\"1\"]", "<r id=\"1\"><y/></r>").unwrap();
    assert!(!new && text.contains("<r id=\"1\"><y/></r><r id=\"2\">"));
    let (text, new) = put_at("a/r[@id=\"3\"]", "<r id=\"3\"/>").unwrap();
    assert!(new && text.ends_with("</r><r id=\"3\"/></a>"));
    let (text, new) = put_at("a/r[1]/x", "<x/>").unwrap();
    assert!(new && text.contains("<r id=\"1\"><x/></r>"));
    let (text, new) = put_at("a/r[1]/@name", "b").unwrap();
    assert!(new && text.contains("<r name=\"b\" id=\"1\"/>"));
    let (text, new) = put_at("a/r[1]/@id", "7").unwrap();
    assert!(!new && text.contains("<r id=\"7\"/>"));
}

#[test]
fn refuses_what_the_address_would_not_lead_to() {
    let wrong_id = put_at("a/r[@id=\"3\"]", "<r id=\"4\"/>");
    assert_eq!(refusal(wrong_id), Condition::CannotInsert);
    let changed_id = put_at("a/r[@id=\"1\"]/@id", "4");
    assert_eq!(refusal(changed_id), Condition::CannotInsert);
    let far = put_at("a/r[9]", "<r/>");
    assert_eq!(refusal(far), Condition::CannotInsert);
    assert_eq!(refusal(put_at("a/q/r", "<r/>")), Condition::NoParent);
    assert_eq!(refusal(put_at("a/x", "<x>")), Condition::NotXmlFrag);
    assert_eq!(refusal(put_at("a/x", "x<x/>")), Condition::NotXmlFrag);
    assert_eq!(refusal(put_at("a/@x", "<")), Condition::NotXmlAttValue);
}

#[test]
fn takes_away_what_the_address_led_to() {
    let text = delete(TEXT, &selector("a/r[@id=\"1\"]")).unwrap();
    assert_eq!(text, "<a xmlns=\"d\"><r id=\"2\"><x/></r></a>");
    let text = delete(TEXT, &selector("a/r[1]/@id")).unwrap();
    assert!(text.contains("<r/>"));
    assert_eq!(delete(TEXT, &selector("a/r[3]")), Err(Refused::Nothing));
    let shifting = delete(TEXT, &selector("a/r[1]")).unwrap_err();
    let Refused::Conflict(error) = shifting else {
        panic!("{shifting:?}");
    };
    assert_eq!(error.condition, Condition::CannotDelete);
}
