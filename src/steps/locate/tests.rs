//! Locators over recordings of the reference run: what was ordered is found, and what was not is not.
#![allow(clippy::expect_used, clippy::panic)]

use super::*;
use crate::observe::Direction;
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::ue::{ChatText, Invitation, UeCommand};
use crate::steps::HandsetAct;
use crate::verdict::Person;
use crate::verdict::scene::originator;
use std::path::Path;

/// A test case of the evidence with Alice and Bob bound to who invites whom.
fn evidence(case: &str) -> Option<(Trace, Cast)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/reference");
    let name = format!("{case}.pcapng");
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            match entry.file_name() == *name {
                true => {
                    let trace = Trace::read(&std::fs::read(entry.path()).ok()?).ok()?;
                    let cast = cast(&trace)?;
                    return Some((trace, cast));
                }
                false if entry.path().is_dir() => folders.push(entry.path()),
                false => {}
            }
        }
    }
    None
}

fn cast(trace: &Trace) -> Option<Cast> {
    let calls = crate::observe::calls(trace);
    let call = calls
        .iter()
        .find(|one| one.direction != Direction::FromSystem)?;
    let message = call.invitation.request.message;
    let numbers = [
        ("Alice", originator(message)?),
        ("Bob", crate::wire::sip::number_of(message.uri()?)?),
    ];
    let mut cast = Cast::default();
    for (name, number) in numbers {
        cast.add(Person {
            name: name.to_owned(),
            number,
            display_name: name.to_owned(),
        });
    }
    Some(cast)
}

fn invitation(cast: &Cast) -> Invitation {
    Invitation {
        call: "Bob".to_owned(),
        to_uri: format!("tel:{}", cast.number("Bob")),
        ..Invitation::default()
    }
}

fn frames(located: Located) -> Vec<u32> {
    match located {
        Located::Found { frames, .. } => frames,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invitation_is_found_and_one_with_another_wish_is_not() {
    let (trace, cast) = evidence("TC-M2S-02-01").expect("evidence");
    let labels = Labels::new();
    let place = Place {
        trace: &trace,
        cast: &cast,
        labels: &labels,
        after: 0,
    };
    let order = |order: Invitation| UeCommand::Invite(Box::new(order));
    let usual = ue(&order(invitation(&cast)), "Alice", &place);
    let found = frames(usual);
    let others = [
        Invitation {
            privacy: Some("id".to_owned()),
            ..invitation(&cast)
        },
        Invitation {
            group: true,
            ..invitation(&cast)
        },
        Invitation {
            to_uri: "tel:+15550100".to_owned(),
            ..invitation(&cast)
        },
        Invitation {
            subject: Some("Holiday".to_owned()),
            ..invitation(&cast)
        },
        Invitation {
            first_message: Some("Hello".to_owned()),
            ..invitation(&cast)
        },
        Invitation {
            duplicates: 3,
            ..invitation(&cast)
        },
    ];
    for other in others {
        let located = ue(&order(other.clone()), "Alice", &place);
        assert!(matches!(located, Located::Absent { .. }), "{other:?}");
    }
    let by_another = ue(&order(invitation(&cast)), "Bob", &place);
    assert!(matches!(by_another, Located::Absent { .. }));
    let later = Place {
        after: found[0],
        ..place
    };
    let again = ue(&order(invitation(&cast)), "Alice", &later);
    assert!(matches!(again, Located::Absent { .. }));
}

#[test]
fn orders_of_one_chat_are_found_one_after_the_other() {
    let (trace, cast) = evidence("TC-M2S-02-01").expect("evidence");
    let mut labels = Labels::new();
    let mut after = 0;
    let find = |command: &UeCommand, labels: &Labels, after: u32| {
        let place = Place {
            trace: &trace,
            cast: &cast,
            labels,
            after,
        };
        ue(command, "Alice", &place)
    };
    let invite = UeCommand::Invite(Box::new(invitation(&cast)));
    if let Located::Found {
        call_id: Some(id),
        frames,
        ..
    } = find(&invite, &labels, after)
    {
        labels.insert(("Alice".to_owned(), "Bob".to_owned()), id);
        after = frames[0];
    }
    let acceptance = HandsetAct::Answer {
        text: "yes".to_owned(),
    };
    let refusal = HandsetAct::Answer {
        text: "NEVER".to_owned(),
    };
    let place = Place {
        trace: &trace,
        cast: &cast,
        labels: &labels,
        after,
    };
    let usual = HandsetBehaviour::default();
    let other = handset(&refusal, "Bob", &usual, &place);
    assert!(matches!(other, Located::Absent { .. }));
    let found = frames(handset(&acceptance, "Bob", &usual, &place));
    assert!(found[0] > after);
    let none = ChatText::plain("nobody says this");
    let send = UeCommand::Send {
        call: "Bob".to_owned(),
        message: none,
    };
    assert!(matches!(
        find(&send, &labels, after),
        Located::Absent { .. }
    ));
    let all = acts(&trace);
    let first = all.first().expect("an act");
    assert_eq!((first.frame, first.what.as_str()), (after, "a INVITE"));
    let behaved = handset_behaved(&usual, "Bob", &place, u32::MAX);
    assert_eq!(behaved, Behaved::AsWanted);
    let refusing = HandsetBehaviour {
        submit_status: 8,
        ..usual
    };
    let behaved = handset_behaved(&refusing, "Bob", &place, u32::MAX);
    assert!(matches!(behaved, Behaved::Otherwise { .. }));
}
