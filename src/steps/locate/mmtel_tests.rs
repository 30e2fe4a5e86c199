//! Locators of MMTel UEs and of Ut over recordings of the reference run: what was ordered is found, and what differs from it is not.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::peer::mmtel_ue::{
    Answer, AudioCall, Change, ChangeBy, MediaDirection, MmtelBehaviour, MmtelCommand, ReferOrder,
    SubscriptionOrder,
};
use crate::peer::xcap_client::{XcapRequest, Xui};
use crate::verdict::Person;
use crate::verdict::scene::originator;
use crate::wire::sip::{NameAddr, number_of};
use crate::wire::xml::simservs::{Barring, Condition, Rule, SimServs};
use std::path::Path;

const FACTORY: &str = "sip:factory@cmmc.home1.example";

struct Scene {
    trace: Trace,
    cast: Cast,
    labels: Labels,
}

impl Scene {
    /// A test case of the evidence; its people say their names.
    fn of(case: &str) -> Self {
        let name = format!("captures/reference/{case}.pcapng");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let trace = Trace::read(&std::fs::read(path).unwrap()).unwrap();
        let mut cast = Cast::default();
        for one in crate::observe::transactions(&trace) {
            let message = one.request.message;
            let from = NameAddr::parse(message.header("From").unwrap()).unwrap();
            let name = from.display.unwrap_or_default();
            let named = ["Alice", "Bob", "Carol", "Dave"].contains(&name.as_str());
            if let (true, None, Some(number)) = (named, cast.get(&name), originator(message)) {
                cast.add(person(&name, number));
            }
        }
        Self {
            trace,
            cast,
            labels: Labels::new(),
        }
    }

    /// The only user of Ut there is.
    fn on_ut(case: &str) -> Self {
        let mut scene = Self::of(case);
        let exchanges = crate::observe::http_exchanges(&scene.trace);
        let target = exchanges
            .first()
            .unwrap()
            .request
            .target()
            .unwrap()
            .to_owned();
        let user = target.split("/users/").nth(1).unwrap().split('/').next();
        let number = number_of(&crate::wire::sip::unescape(user.unwrap())).unwrap();
        scene.cast.add(person("Bob", number));
        scene
    }

    fn place(&self, after: u32) -> Place<'_> {
        Place {
            trace: &self.trace,
            cast: &self.cast,
            labels: &self.labels,
            after,
        }
    }

    fn uri(&self, who: &str) -> String {
        format!("sip:{}@home1.example", self.cast.number(who))
    }

    fn find(&self, who: &str, command: &MmtelCommand) -> Located {
        mmtel(command, who, &Stance::default(), &self.place(0))
    }

    fn conference(&self) -> String {
        let accepted = crate::observe::transactions(&self.trace)
            .into_iter()
            .find(|one| one.request.message.uri() == Some(FACTORY))
            .and_then(|one| one.final_response());
        let contact = accepted.unwrap().message.address("Contact").unwrap();
        contact.uri.as_str().to_owned()
    }
}

fn person(name: &str, number: String) -> Person {
    Person {
        name: name.to_owned(),
        number,
        display_name: name.to_owned(),
    }
}

fn call(to_uri: &str) -> AudioCall {
    AudioCall {
        call: "label".into(),
        to_uri: to_uri.into(),
        ..AudioCall::default()
    }
}

fn ordered(order: AudioCall) -> MmtelCommand {
    MmtelCommand::Call(Box::new(order))
}

fn is_found(located: &Located) -> bool {
    matches!(located, Located::Found { .. })
}

#[test]
fn registration_creation_and_subscription_are_found() {
    let mut scene = Scene::of("TC-CM-01-01");
    let expires = 600_000;
    assert!(is_found(
        &scene.find("Carol", &MmtelCommand::Register { expires })
    ));
    let order = ordered(call(FACTORY));
    let Located::Found { call_id, label, .. } = scene.find("Carol", &order) else {
        panic!("no INVITE to the factory");
    };
    assert_eq!(label.as_deref(), Some("label"));
    assert!(!is_found(&scene.find("Alice", &order)));
    let room = scene.conference();
    let state = SubscriptionOrder::conference("state", &room);
    let state = |expires| {
        MmtelCommand::Subscribe(Box::new(SubscriptionOrder {
            expires,
            ..state.clone()
        }))
    };
    assert!(is_found(&scene.find("Carol", &state(Some(60)))));
    assert!(!is_found(&scene.find("Carol", &state(Some(0)))));
    // The teardown ends her call; its label leads there.
    let key = ("Carol".to_owned(), "label".to_owned());
    scene.labels.insert(key, call_id.unwrap());
    let bye = |call: &str| MmtelCommand::Bye { call: call.into() };
    assert!(is_found(&scene.find("Carol", &bye("label"))));
    assert!(!is_found(&scene.find("Carol", &bye("another"))));
    let roams = Stance {
        visited: Some("abroad.example".into()),
        ..Stance::default()
    };
    let abroad = mmtel(
        &MmtelCommand::Register { expires },
        "Carol",
        &roams,
        &scene.place(0),
    );
    assert!(!is_found(&abroad));
}

#[test]
fn what_a_call_says_beside_its_target_tells_it_from_others() {
    let scene = Scene::of("TC-CB-06-02.from-an-anonymous-address");
    let invites = crate::observe::transactions_of(&scene.trace, "INVITE");
    let asked = invites.iter().find(|one| {
        one.request
            .message
            .header("From")
            .unwrap()
            .contains("anonymous.invalid")
    });
    let to = asked.unwrap().request.message.uri().unwrap().to_owned();
    let hidden = AudioCall {
        privacy: Some("user".into()),
        without: vec!["Privacy".into()],
        ..call(&to)
    };
    assert!(is_found(&scene.find("Alice", &ordered(hidden.clone()))));
    for other in [
        call(&to),
        AudioCall {
            privacy: Some("id".into()),
            ..call(&to)
        },
        AudioCall {
            direction: MediaDirection::SendOnly,
            ..hidden.clone()
        },
        AudioCall {
            more_media: "m=video 40000 RTP/AVP 31\r\n".into(),
            ..hidden.clone()
        },
        AudioCall {
            without_offer: true,
            ..hidden.clone()
        },
        AudioCall {
            extra_headers: vec![("Join".into(), "a;to-tag=b;from-tag=c".into())],
            ..hidden.clone()
        },
    ] {
        let located = scene.find("Alice", &ordered(other));
        assert!(!is_found(&located), "{located:?}");
    }
}

#[test]
fn who_is_referred_to_and_how_tells_one_refer_from_another() {
    let scene = Scene::of("TC-CF-10-01.refer-sub-false");
    let refers = crate::observe::transactions_of(&scene.trace, "REFER");
    let message = refers.first().unwrap().request.message;
    let by = originator(message).unwrap();
    let who = scene.cast.people().find(|one| one.number == by).unwrap();
    let order = ReferOrder {
        label: "asked".into(),
        to_uri: message.uri().unwrap().into(),
        refer_to: vec![message.header("Refer-To").unwrap().to_owned()],
        extra_headers: vec![("Refer-Sub".into(), "false".into())],
        ..ReferOrder::default()
    };
    let found = |order: &ReferOrder| {
        let located = scene.find(&who.name, &MmtelCommand::Refer(Box::new(order.clone())));
        is_found(&located)
    };
    assert!(found(&order));
    let others = [
        ReferOrder {
            extra_headers: Vec::new(),
            ..order.clone()
        },
        ReferOrder {
            refer_to: vec![format!("<{}>", scene.uri("Dave"))],
            ..order.clone()
        },
        ReferOrder {
            refer_to: [order.refer_to.clone(), order.refer_to.clone()].concat(),
            ..order.clone()
        },
        ReferOrder {
            within: Some("no-call".into()),
            ..order.clone()
        },
    ];
    assert!(!others.iter().any(found));
}

#[test]
fn a_change_is_found_by_its_direction() {
    let scene = Scene::of("TC-CM-06-01");
    let invites = crate::observe::transactions_of(&scene.trace, "INVITE");
    let change = invites.iter().find(|one| {
        one.request.message.to_tag().is_some()
            && one.direction != crate::observe::Direction::FromSystem
    });
    let change = change.unwrap();
    let message = change.request.message;
    let direction = crate::observe::audio_direction(change.request).unwrap();
    let direction = MediaDirection::parse(direction).unwrap();
    let order = |direction, by| {
        let change = Change::new(message.call_id().unwrap(), direction, by);
        scene.find("Alice", &MmtelCommand::Change(Box::new(change)))
    };
    assert!(is_found(&order(direction, ChangeBy::ReInvite)));
    assert!(!is_found(&order(direction, ChangeBy::Update)));
    assert!(!is_found(&order(
        MediaDirection::Inactive,
        ChangeBy::ReInvite
    )));
}

#[test]
fn a_refusal_of_the_called_is_no_acceptance() {
    let scene = Scene::of("TC-CF-24-05.486");
    let answers = |answer| {
        let behaviour = MmtelBehaviour {
            answer,
            ..MmtelBehaviour::default()
        };
        let people = scene.cast.people();
        let against = people.filter_map(|one| {
            let place = scene.place(0);
            match mmtel_behaved(&behaviour, &one.name, &place, u32::MAX) {
                Behaved::Otherwise { why, .. } => Some(why),
                _ => None,
            }
        });
        against.collect::<Vec<_>>().join("; ")
    };
    let refused = answers(Answer::Accept);
    assert!(refused.contains("with 486"), "{refused}");
    assert!(answers(Answer::Refuse(603)).contains("with 486"));
}

#[test]
fn requests_on_ut_are_found_by_document_form_and_version() {
    let scene = Scene::on_ut("TC-UT-02-01.tel");
    let request = |xui| XcapRequest {
        xui,
        ..XcapRequest::simservs("GET")
    };
    let asked = ut(&request(Xui::Tel), false, "Bob", &scene.place(0));
    assert!(is_found(&asked.located));
    let response = asked.response.unwrap();
    assert_eq!(response.status(), Some(200));
    let version = response.header("ETag").map(str::to_owned);
    assert!(version.is_some());
    assert!(!is_found(
        &ut(&request(Xui::Sip), false, "Alice", &scene.place(0)).located
    ));
    let encoded = ut(&request(Xui::SipEncoded), false, "Bob", &scene.place(0));
    assert!(!is_found(&encoded.located));
    let node = XcapRequest {
        xui: Xui::Tel,
        ..XcapRequest::simservs("GET").node("simservs")
    };
    assert!(!is_found(&ut(&node, false, "Bob", &scene.place(0)).located));
    let conditional = XcapRequest {
        if_none_match: version,
        ..request(Xui::Tel)
    };
    assert!(!is_found(
        &ut(&conditional, false, "Bob", &scene.place(0)).located
    ));
}

#[test]
fn a_configuration_is_found_by_what_the_document_comes_to_say() {
    let scene = Scene::on_ut("TC-CB-01-01");
    let bars = |conditions: Vec<Condition>| SimServs {
        incoming: Some(Barring {
            active: true,
            rules: vec![Rule::barring("any", conditions)],
        }),
        ..SimServs::default()
    };
    let found = |wanted: &SimServs, after| {
        let asked = configured(wanted, false, "Bob", &scene.place(after));
        is_found(&asked.located)
    };
    assert!(found(&bars(Vec::new()), 0));
    assert!(!found(&bars(vec![Condition::Anonymous]), 0));
    assert!(!found(&bars(Vec::new()), u32::MAX));
    let earlier = configured(&bars(Vec::new()), true, "Bob", &scene.place(u32::MAX));
    // Taken away again at the end of the test case.
    assert!(!is_found(&earlier.located));
}

#[test]
fn what_a_referred_terminal_does_by_itself_is_no_act() {
    let trace = Scene::of("TC-CB-22-02").trace;
    let acts = acts(&trace);
    let done: Vec<&str> = acts.iter().map(|act| act.what.as_str()).collect();
    let ordered = [
        "a REGISTER",
        "a REGISTER",
        "a REGISTER",
        "a INVITE",
        "a SUBSCRIBE",
        "a REFER",
    ];
    assert_eq!(done.get(..6), Some(&ordered[..]));
    assert!(!done[6..].contains(&"a INVITE"), "{done:?}");
}
