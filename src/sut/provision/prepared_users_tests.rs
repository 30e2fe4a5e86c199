//! Tests of picking users by property.
#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;
use std::time::Duration;

fn user(number: &str, properties: Value) -> PreparedUser {
    let properties = properties.as_object().unwrap().clone();
    PreparedUser {
        number: number.to_owned(),
        impi: None,
        contact: None,
        abroad: false,
        properties: properties.into_iter().collect(),
    }
}

fn roster() -> Arc<Roster> {
    let settings = PreparedUsersProvisioning {
        users: vec![
            user("+1", json!({"cpm": true})),
            user("+2", json!({"cpm": true, "provider_policy": "forbid"})),
            user("+3", json!({})),
            user("+4", json!({"cpm": true, "pool": "two"})),
            user("+5", json!({"cpm": true, "pool": "two"})),
            user("+6", json!({"cpm": true, "answer_seconds": 2})),
        ],
        pools: vec![PreparedPool {
            name: "two".to_owned(),
            numbers: vec!["+8".to_owned(), "+9".to_owned()],
        }],
    };
    let ordinary = Properties::from([("answer_seconds".to_owned(), json!(30.0))]);
    Arc::new(Roster::new(&settings, ordinary, "default"))
}

fn need(person: usize, properties: Value) -> Need {
    let mut properties: Properties = properties
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .collect();
    let cpm = properties.get("cpm") == Some(&json!(true));
    if cpm && !properties.contains_key("pool") {
        properties.insert("pool".to_owned(), json!("default"));
    }
    Need {
        person,
        name: format!("person {person}"),
        mmtel: false,
        abroad: false,
        properties,
    }
}

#[tokio::test]
async fn picks_users_by_property_and_gives_everybody_another_one() {
    let roster = roster();
    let needs = [
        need(0, json!({"cpm": true, "answer_seconds": 30})),
        need(1, json!({})),
        need(2, json!({"cpm": true, "answer_seconds": 2.0})),
    ];
    let lease = roster.lease(&needs).await.unwrap();
    let numbers: Vec<&str> = lease.users.values().map(|u| u.number.as_str()).collect();
    assert_eq!(numbers, ["+1", "+3", "+6"]);
    // A second one waits until the first is over.
    let waiting = roster.lease(&needs[1..2]);
    let early = tokio::time::timeout(Duration::from_millis(20), waiting).await;
    assert!(early.is_err());
    drop(lease);
    assert!(roster.lease(&needs).await.is_ok());
}

#[tokio::test]
async fn a_pool_of_its_own_is_not_shared() {
    let roster = roster();
    let own = |person| need(person, json!({"cpm": true, "pool": own_pool(2)}));
    let lease = roster.lease(&[own(0), own(1)]).await.unwrap();
    assert_eq!(lease.pool.as_ref().unwrap().name, "two");
    let other = [own(0)];
    let waiting = roster.lease(&other);
    let early = tokio::time::timeout(Duration::from_millis(20), waiting).await;
    assert!(early.is_err());
    drop(lease);
    assert_eq!(roster.lease(&other).await.unwrap().users.len(), 1);
}

#[tokio::test]
async fn says_what_nobody_has() {
    let roster = roster();
    let wanted = need(0, json!({"cpm": true, "provider_policy": "ask"}));
    let said = roster.lease(&[wanted]).await.unwrap_err();
    assert!(
        said.contains("nobody has cpm: true, provider_policy: \"ask\" (person 0)"),
        "{said}"
    );
    let two = [need(0, json!({})), need(1, json!({}))];
    let said = roster.lease(&two).await.unwrap_err();
    assert!(
        said.contains("one has only what is ordinary, with cpm: false"),
        "{said}"
    );
    let pool = need(0, json!({"cpm": true, "pool": own_pool(3)}));
    let said = roster.lease(&[pool]).await.unwrap_err();
    assert!(said.contains("no pool has 3 session numbers"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_never_wait_for_each_other_for_ever() {
    let roster = roster();
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..60 {
        let roster = Arc::clone(&roster);
        tasks.spawn(async move {
            let cpm = need(round % 2, json!({"cpm": true}));
            let sms = need(1 - round % 2, json!({}));
            let lease = roster.lease(&[cpm, sms]).await.unwrap();
            tokio::task::yield_now().await;
            assert_eq!(lease.users.len(), 2);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert!(roster.busy().is_empty());
}

#[test]
fn nobody_is_changed_in_the_middle() {
    let roster = roster();
    let properties = |policy: &str| {
        Properties::from([
            ("number".to_owned(), json!("+1")),
            ("provider_policy".to_owned(), json!(policy)),
        ])
    };
    assert!(roster.verify(&properties("none")).is_ok());
    let said = roster.verify(&properties("ask")).unwrap_err().to_string();
    assert!(
        said.contains("provider_policy of +1 is \"none\" and would have to become \"ask\""),
        "{said}"
    );
}
