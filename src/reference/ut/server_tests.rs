//! The server over HTTP: statuses, entity tags, errors, and who is let in.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::reference::ut::{UtArguments, listen};
use crate::wire::authentication::{Answering, Challenge, Credentials};
use crate::wire::xml::simservs::{Barring, Rule, SimServs};
use std::net::{IpAddr, Ipv4Addr};

const DOCUMENT: &str = "/simservs.ngn.etsi.org/users/sip:+4477@x.example/simservs.xml";
const TYPE: &str = "application/vnd.etsi.simservs+xml";

struct Bench {
    base: String,
    client: reqwest::Client,
    store: Store,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Bench {
    async fn start(password: Option<&str>) -> Self {
        let arguments = UtArguments {
            ut_password: password.map(str::to_owned),
            ut_realm: "r".into(),
            ..UtArguments::default()
        };
        let store = arguments.store().unwrap();
        let server = arguments.server(store.clone(), InForce(None));
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (address, serving) = listen(ip, server, stopping).await.unwrap();
        tokio::spawn(serving);
        Self {
            base: format!("http://{address}"),
            client: reqwest::Client::new(),
            store,
            stop,
        }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }
}

fn barred() -> Vec<u8> {
    let rules = vec![Rule::barring("all", vec![])];
    let incoming = Some(Barring {
        active: true,
        rules,
    });
    let outgoing = None;
    SimServs {
        incoming,
        outgoing,
        ..SimServs::default()
    }
    .to_octets()
}

fn tag(headers: &reqwest::header::HeaderMap) -> String {
    headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn keeps_a_document_and_its_versions() {
    let bench = Bench::start(None).await;
    let typed = [("Content-Type", TYPE)];
    assert_eq!(bench.send("GET", DOCUMENT, &[], "").await.0, 404);
    let (status, headers, _) = bench.send("PUT", DOCUMENT, &typed, barred()).await;
    assert_eq!(status, 201);
    assert!(bench.store.simservs("tel:+4477").is_some());
    let first = tag(&headers);
    let held = [("If-None-Match", first.as_str())];
    assert_eq!(bench.send("GET", DOCUMENT, &held, "").await.0, 304);
    let active = format!("{DOCUMENT}/~~/simservs/incoming-communication-barring/@active");
    let attribute = [("Content-Type", "application/xcap-att+xml")];
    let (status, headers, _) = bench.send("PUT", &active, &attribute, "false").await;
    assert_eq!(status, 200);
    assert_ne!(tag(&headers), first);
    let stale = [("Content-Type", TYPE), ("If-Match", first.as_str())];
    assert_eq!(bench.send("PUT", DOCUMENT, &stale, barred()).await.0, 412);
    let (_, headers, body) = bench.send("GET", &active, &[], "").await;
    assert_eq!(
        (body.as_str(), &headers["content-type"]),
        ("false", &"application/xcap-att+xml".parse().unwrap())
    );
    assert_eq!(bench.send("DELETE", DOCUMENT, &[], "").await.0, 200);
    assert_eq!(bench.send("DELETE", DOCUMENT, &[], "").await.0, 404);
    assert_eq!(bench.send("POST", DOCUMENT, &[], "").await.0, 405);
    bench.stop.send_replace(true);
}

#[tokio::test]
async fn says_why_it_refuses() {
    let bench = Bench::start(None).await;
    let typed = [("Content-Type", TYPE)];
    let lists = "/resource-lists/users/sip:+4477@x.example/index";
    let list = [("Content-Type", "application/resource-lists+xml")];
    let ns = "xmlns=\"urn:ietf:params:xml:ns:resource-lists\"";
    let rule = format!(
        "{DOCUMENT}/~~/simservs/incoming-communication-barring/cp:ruleset/cp:rule%5B@id=%22b%22%5D\
         ?xmlns(cp=urn:ietf:params:xml:ns:common-policy)"
    );
    let element = [("Content-Type", "application/xcap-el+xml")];
    let wrong = "<cp:rule xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\" id=\"c\"/>";
    for (path, headers, body, expected) in [
        (DOCUMENT, &typed, b"\xff".to_vec(), Condition::NotUtf8),
        (DOCUMENT, &typed, b"<a>".to_vec(), Condition::NotWellFormed),
        (
            DOCUMENT,
            &typed,
            b"<a/>".to_vec(),
            Condition::SchemaValidationError,
        ),
        (rule.as_str(), &element, wrong.into(), Condition::NoParent),
        (
            lists,
            &list,
            format!("<resource-lists {ns}><list name='a'/><list name='a'/></resource-lists>")
                .into(),
            Condition::UniquenessFailure,
        ),
        (
            lists,
            &list,
            format!("<resource-lists {ns}><list><external anchor='a'/></list></resource-lists>")
                .into(),
            Condition::ConstraintFailure,
        ),
    ] {
        let (status, _, body) = bench.send("PUT", path, headers, body).await;
        let error = XcapError::parse(body.as_bytes()).unwrap();
        assert_eq!((status, error.condition), (409, expected));
    }
    assert_eq!(bench.send("PUT", DOCUMENT, &typed, barred()).await.0, 201);
    for (body, expected) in [
        (wrong, Condition::CannotInsert),
        ("<a", Condition::NotXmlFrag),
    ] {
        let (status, _, body) = bench.send("PUT", &rule, &element, body).await;
        let error = XcapError::parse(body.as_bytes()).unwrap();
        assert_eq!((status, error.condition), (409, expected));
    }
    assert_eq!(
        bench
            .send("PUT", &rule, &element, wrong.replace("\"c\"", "\"b\""))
            .await
            .0,
        201
    );
    assert_eq!(bench.send("PUT", &rule, &typed, wrong).await.0, 415);
    bench.stop.send_replace(true);
}

#[tokio::test]
async fn lets_a_user_see_what_is_his() {
    let bench = Bench::start(Some("secret")).await;
    let (status, headers, _) = bench.send("GET", DOCUMENT, &[], "").await;
    assert_eq!(status, 401);
    let challenge = Challenge::parse(headers["www-authenticate"].to_str().unwrap()).unwrap();
    let answered = async |who: &str, path: &str, more: &[(&str, &str)]| {
        let (who, request) = ((who, "secret".as_bytes()), Answering::new("GET", path));
        let answer = Credentials::answer(&challenge, who, request, ("c", 1));
        let value = answer.to_value();
        let mut headers = vec![("Authorization", value.as_str())];
        headers.extend(more);
        bench.send("GET", path, &headers, "").await.0
    };
    assert_eq!(answered("+4477@x.example", DOCUMENT, &[]).await, 404);
    assert_eq!(answered("+4478@x.example", DOCUMENT, &[]).await, 403);
    let own = [("X-3GPP-Intended-Identity", "\"tel:+4477\"")];
    assert_eq!(answered("+4477@x.example", DOCUMENT, &own).await, 404);
    let other = [("X-3GPP-Intended-Identity", "\"tel:+4478\"")];
    assert_eq!(answered("+4477@x.example", DOCUMENT, &other).await, 403);
    bench.stop.send_replace(true);
}
