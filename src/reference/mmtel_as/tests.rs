//! Barred communications seen from the terminals at Gm: the three forms of a refusal.
#![allow(clippy::unwrap_used)]
use super::{RefusalSettings, Shape};
use crate::reference::roles::{RoleArguments, Roles};
use crate::reference::s_cscf::Terminal;
use crate::reference::ut::Store;
use crate::wire::xml::simservs::{Barring, Rule, SimServs};
use std::net::{IpAddr, Ipv4Addr};

/// Bob bars everything, and his refusals have this form.
async fn barring(settings: RefusalSettings) -> (Roles, Terminal, Terminal) {
    let documents = Store::in_memory();
    let simservs = SimServs {
        incoming: Some(Barring {
            active: true,
            rules: vec![Rule::barring("all", Vec::new())],
        }),
        ..SimServs::default()
    };
    documents
        .put_simservs("sip:bob@home1.example", &simservs)
        .unwrap();
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let arguments = RoleArguments::default();
    let roles = Roles::start(&arguments, ip, documents, None, Default::default());
    let roles = roles.await.unwrap();
    roles
        .mmtel_as()
        .take_settings_from(Box::new(move |_| settings));
    let mut alice = Terminal::new(roles.core(), "alice").await;
    let mut bob = Terminal::new(roles.core(), "bob").await;
    alice.register().await;
    bob.register().await;
    let route = format!("Route: {}", alice.service_route);
    let to = format!("<{}>", bob.identity);
    alice.send("INVITE", &bob.identity, &to, &[&route]).await;
    assert_eq!(alice.status().await.0, 100);
    (roles, alice, bob)
}

#[tokio::test]
async fn a_plain_refusal_is_603_and_says_why_if_the_operator_wants() {
    let (roles, alice, _bob) = barring(RefusalSettings::default()).await;
    let (code, response) = alice.status().await;
    assert_eq!((code, response.header("Reason")), (603, None));
    roles.stop().await;
    let (roles, alice, _bob) = barring(RefusalSettings {
        reason: Some(true),
        ..RefusalSettings::default()
    })
    .await;
    let (code, response) = alice.status().await;
    assert_eq!(code, 603);
    assert_eq!(
        response.header("Reason"),
        Some("SIP;cause=603;text=\"Decline\"")
    );
    roles.stop().await;
}

#[tokio::test]
async fn an_early_announcement_comes_before_603() {
    let (roles, alice, _bob) = barring(RefusalSettings {
        shape: Some(Shape::EarlyAnnouncement),
        announcement_seconds: Some(0.05),
        ..RefusalSettings::default()
    })
    .await;
    let (code, early) = alice.status().await;
    assert_eq!(
        (code, early.header("P-Early-Media")),
        (183, Some("sendonly"))
    );
    assert!(early.to_tag().is_some() && early.body_of("application/sdp").is_some());
    assert_eq!(alice.status().await.0, 603);
    roles.stop().await;
}

#[tokio::test]
async fn an_answered_announcement_ends_by_bye_with_a_reason() {
    let (roles, alice, bob) = barring(RefusalSettings {
        shape: Some(Shape::AnsweredAnnouncement),
        announcement_seconds: Some(0.2),
        ..RefusalSettings::default()
    })
    .await;
    let (code, answer) = alice.status().await;
    assert_eq!(code, 200);
    let mut routes = answer.values("Record-Route");
    routes.reverse();
    let route = format!("Route: {}", routes.join(", "));
    let remote = answer.address("Contact").unwrap().uri;
    let to = answer.header("To").unwrap();
    alice.send("ACK", remote.as_str(), to, &[&route]).await;
    let (bye, from) = alice.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    assert!(bye.header("Reason").unwrap().starts_with("SIP;cause=603"));
    assert_eq!(bye.from_tag(), answer.to_tag());
    alice.answer(&bye, 200, from).await;
    let nothing = bob.socket.try_recv_from(&mut [0; 16]);
    assert!(nothing.is_err(), "the barred terminal hears of it");
    roles.stop().await;
}
