//! The vectors of the catalogue's table of conditions and of the rules of combination, each positive and negative.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::wire::sip::SipMessage;
use jiff::{Timestamp, ToSpan};

const BOB: &str = "sip:+447700900002@home1.example;user=phone";
const CAROL: &str = "sip:+447700900003@home1.example;user=phone";
const DAVE: &str = "sip:+447700900004@home1.example;user=phone";

fn now() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

fn from(caller: Option<&str>, fields: &[(&str, &str)]) -> SipMessage {
    let mut invite = SipMessage::request("INVITE", BOB);
    if let Some(caller) = caller {
        invite.push("P-Asserted-Identity", format!("<{caller}>"));
    }
    for (name, value) in fields {
        invite.push(name, value);
    }
    invite.set_body("application/sdp", "v=0\r\nm=audio 4000 RTP/AVP 0\r\n");
    invite
}

fn incoming(request: &SipMessage) -> Circumstances {
    Circumstances {
        whereabouts: Whereabouts::at_home(BOB),
        ..Circumstances::of(request, Direction::Incoming, now())
    }
}

fn outgoing(target: &str) -> Circumstances {
    let mut invite = from(Some(BOB), &[]);
    invite.set_uri(target);
    Circumstances {
        whereabouts: Whereabouts::at_home(BOB),
        ..Circumstances::of(&invite, Direction::Outgoing, now())
    }
}

fn rule(allow: bool, conditions: &[Condition]) -> Rule {
    Rule {
        id: if allow { "yes" } else { "no" }.into(),
        conditions: conditions.to_vec(),
        allow,
    }
}

fn one(who: &str) -> Condition {
    Condition::Identity(Named {
        one: vec![who.into()],
        many: Vec::new(),
    })
}

fn many(domain: Option<&str>, except: &[&str]) -> Condition {
    Condition::Identity(Named {
        one: Vec::new(),
        many: vec![Many {
            domain: domain.map(str::to_owned),
            except_ids: except.iter().map(|id| (*id).to_owned()).collect(),
            except_domains: Vec::new(),
        }],
    })
}

fn decide(rules: &[Rule], about: &Circumstances) -> Decision {
    let set = Ruleset {
        active: true,
        rules: rules.to_vec(),
    };
    set.decide(about, InForce::default())
}

/// Whether a barring rule with these conditions bars.
fn bars(conditions: &[Condition], about: &Circumstances) -> bool {
    decide(&[rule(false, conditions)], about) != Decision::Pass
}

#[test]
fn a_rule_without_conditions_always_matches() {
    assert!(bars(&[], &incoming(&from(Some(CAROL), &[]))));
    assert!(bars(&[], &incoming(&from(None, &[]))));
    assert!(bars(&[], &outgoing(CAROL)));
}

#[test]
fn a_service_that_is_not_active_bars_nothing() {
    let set = Ruleset {
        active: false,
        rules: vec![rule(false, &[])],
    };
    let about = incoming(&from(Some(CAROL), &[]));
    assert_eq!(set.decide(&about, InForce::default()), Decision::Pass);
}

#[test]
fn any_matching_rule_that_allows_wins_in_either_order() {
    let white = [rule(true, &[one(CAROL)]), rule(false, &[])];
    let reversed = [white[1].clone(), white[0].clone()];
    for rules in [&white, &reversed] {
        let carol = incoming(&from(Some(CAROL), &[]));
        assert_eq!(decide(rules, &carol), Decision::Pass);
        let dave = incoming(&from(Some(DAVE), &[]));
        assert_eq!(decide(rules, &dave), Decision::Barred("no".into()));
    }
}

#[test]
fn without_a_matching_rule_the_communication_continues() {
    let about = incoming(&from(Some(DAVE), &[]));
    assert_eq!(
        decide(&[rule(false, &[one(CAROL)])], &about),
        Decision::Pass
    );
    assert_eq!(decide(&[], &about), Decision::Pass);
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    let conditions = [one(CAROL), Condition::Anonymous];
    let restricted = [("Privacy", "id")];
    assert!(bars(
        &conditions,
        &incoming(&from(Some(CAROL), &restricted))
    ));
    assert!(!bars(&conditions, &incoming(&from(Some(CAROL), &[]))));
    assert!(!bars(
        &conditions,
        &incoming(&from(Some(DAVE), &restricted))
    ));
}

#[test]
fn a_deactivated_rule_never_bars() {
    let about = incoming(&from(Some(CAROL), &[]));
    assert!(!bars(&[Condition::RuleDeactivated], &about));
}

#[test]
fn identities_are_compared_as_the_caller_or_the_target() {
    let carol = incoming(&from(Some(CAROL), &[]));
    let dave = incoming(&from(Some(DAVE), &[]));
    assert!(bars(&[one(CAROL)], &carol) && !bars(&[one(CAROL)], &dave));
    assert!(bars(&[one("tel:+44-7700-900003")], &carol));
    assert!(bars(&[one(CAROL)], &outgoing(CAROL)) && !bars(&[one(CAROL)], &outgoing(DAVE)));
    let domain = [many(Some("HOME1.example"), &[DAVE])];
    assert!(bars(&domain, &carol) && !bars(&domain, &dave));
    assert!(!bars(&[many(Some("cmmc.home1.example"), &[])], &carol));
    assert!(bars(&[many(None, &[])], &carol));
    assert!(!bars(&[many(None, &[])], &incoming(&from(None, &[]))));
    assert!(!same_identity(
        "sip:ada@home1.example",
        "sip:bob@home1.example"
    ));
    assert!(same_identity(
        "sip:ada@Home1.example;x=y",
        "sip:ada@home1.example:5060"
    ));
}

#[test]
fn other_identity_is_everybody_whom_no_rule_names() {
    let rules = [
        rule(true, &[one(CAROL)]),
        rule(false, &[Condition::OtherIdentity]),
    ];
    let carol = incoming(&from(Some(CAROL), &[]));
    let dave = incoming(&from(Some(DAVE), &[]));
    assert_eq!(decide(&rules, &carol), Decision::Pass);
    assert_eq!(decide(&rules, &dave), Decision::Barred("no".into()));
    assert_eq!(decide(&rules[1..], &carol), Decision::Barred("no".into()));
}

#[test]
fn anonymous_is_an_asserted_identity_that_is_restricted() {
    let acr = [Condition::Anonymous];
    let with = |caller, privacy: &str| incoming(&from(caller, &[("Privacy", privacy)]));
    assert!(bars(&acr, &with(Some(CAROL), "id")));
    assert!(bars(&acr, &with(Some(CAROL), "user;header;critical")));
    assert!(!bars(&acr, &with(Some(CAROL), "none")));
    assert!(!bars(&acr, &with(None, "id")));
    assert!(!bars(&acr, &incoming(&from(Some(CAROL), &[]))));
    let rejected = decide(&[rule(false, &acr)], &with(Some(CAROL), "id"));
    assert_eq!(rejected, Decision::Anonymous("no".into()));
}

#[test]
fn request_name_is_the_method() {
    let about = incoming(&from(Some(CAROL), &[]));
    assert!(bars(&[Condition::RequestName("INVITE".into())], &about));
    assert!(!bars(&[Condition::RequestName("MESSAGE".into())], &about));
}

#[test]
fn presence_status_is_one_of_the_current_activities() {
    let condition = [Condition::PresenceStatus("meeting".into())];
    let mut about = incoming(&from(Some(CAROL), &[]));
    assert!(!bars(&condition, &about));
    about.activities = vec!["meal".into(), "meeting".into()];
    assert!(bars(&condition, &about));
}

#[test]
fn a_window_holds_from_its_start_until_before_its_end() {
    let about = incoming(&from(Some(CAROL), &[]));
    let window = |from: i64, until: i64| Validity {
        from: now() + from.minutes(),
        until: now() + until.minutes(),
    };
    let bars = |windows: &[Validity]| bars(&[Condition::Validity(windows.to_vec())], &about);
    assert!(bars(&[window(-60, 60)]) && bars(&[window(0, 60)]));
    assert!(!bars(&[window(60, 120)]) && !bars(&[window(-60, 0)]) && !bars(&[]));
    assert!(bars(&[window(60, 120), window(-60, 60)]));
}

#[test]
fn conditions_that_are_not_used_for_barring_never_hold() {
    let about = incoming(&from(Some(CAROL), &[]));
    assert!(!bars(&[Condition::Other("sphere".into())], &about));
}

#[test]
fn media_is_one_of_the_offer() {
    let about = incoming(&from(Some(CAROL), &[]));
    assert!(bars(&[Condition::Media("audio".into())], &about));
    assert!(!bars(&[Condition::Media("video".into())], &about));
}

#[test]
fn a_diverted_communication_has_history_with_a_cause() {
    let condition = [Condition::CommunicationDiverted];
    let first = "<sip:+447700900009@home1.example>;index=1";
    let with = |value: &str| incoming(&from(Some(CAROL), &[("History-Info", value)]));
    let diverted = format!("{first}, <{BOB};cause=302>;index=1.1");
    assert!(bars(&condition, &with(&diverted)));
    let retargeted = format!("{first}, <{BOB}>;index=1.1");
    assert!(!bars(&condition, &with(&retargeted)));
    assert!(!bars(&condition, &with(first)));
    assert!(!bars(&condition, &incoming(&from(Some(CAROL), &[]))));
}

#[test]
fn roaming_is_a_matter_of_the_visited_network() {
    let mut about = incoming(&from(Some(CAROL), &[]));
    assert!(!bars(&[Condition::Roaming], &about));
    about.whereabouts.visited_network = Some("ims.mnc001.mcc262.3gppnetwork.org".into());
    assert!(bars(&[Condition::Roaming], &about));
}

#[test]
fn international_compares_with_where_the_originator_is() {
    let (plain, except) = ([Condition::International], [Condition::InternationalExHc]);
    let home = |target: &str| outgoing(target);
    let abroad = |target: &str| {
        let mut about = outgoing(target);
        about.whereabouts.visited_network = Some("ims.mnc001.mcc262.3gppnetwork.org".into());
        about
    };
    assert!(bars(&plain, &home("tel:+15550100001")));
    assert!(bars(
        &plain,
        &home("sip:+15550100001@home1.example;user=phone")
    ));
    assert!(!bars(&plain, &home("sip:+15550100001@home1.example")));
    assert!(!bars(&plain, &home("tel:+447700900003")));
    assert!(!bars(&plain, &home("sip:room-1@cmmc.home1.example")));
    assert!(bars(&plain, &abroad("tel:+447700900003")));
    assert!(!bars(&plain, &abroad("tel:+493012345")));
    assert!(!bars(&except, &abroad("tel:+447700900003")));
    assert!(bars(&except, &abroad("tel:+15550100001")));
    assert!(!bars(&except, &home("tel:+447700900003")));
    assert!(bars(&except, &home("tel:+15550100001")));
}

#[test]
fn an_external_list_names_its_members() {
    let list = [Condition::ExternalList(vec![CAROL.into()])];
    assert!(bars(&list, &incoming(&from(Some(CAROL), &[]))));
    assert!(!bars(&list, &incoming(&from(Some(DAVE), &[]))));
}
