//! The provisioning interface of the reference IP-SM-GW: HTTP with JSON, in place of the HSS and the operator's tools.
//!
//! ```text
//! GET  /v1/health                 {"state":"ready","smsc":"bound"|"connecting"|"none","sessions":n}
//! PUT  /v1/subscribers/{number}   number = +E.164, percent-encoded; 201 created, 204 replaced
//! GET, DELETE /v1/subscribers/{number}
//! PUT, GET  /v1/provider          the same object: provider-wide defaults
//! PUT  /v1/pools/{name}           {"numbers":["+44...", ...]}; 201 created, 204 replaced
//! GET  /v1/pools/{name}           {"numbers":[{"number":"+44...","pairs":[{"sms_user":"+44...","state":"live"|"quarantine"}]}]}
//! GET  /v1/sessions               {"sessions":[{"id":1,"state":"waiting","number":"+44...","originator":"+44...","sms_user":"+44..."}]}
//! GET  /v1/faults                 {"in_force":null,"faults":[{"name":"...","requirement":"...","what":"..."}]}
//! GET  /v1/requirements           {"executed":{"POL-01":3}}  how often the reference carried each out since it started
//! ```
//!
//! A subscriber, every key optional (defaults in parentheses): `cpm` (false), `contact`, `provider_policy` forbid|auto-accept|ask|none
//! (none), `user_preference` accept|reject|ask|unset (unset), `chats_as_sms` (true), `interworking_authorised` (true),
//! `transport_level_subscribed` (true), `service_level_subscribed` (true), `transport_level_authorised` (true), `level_policy`
//! transport|service (service), `encapsulated_delivery` (true), `anonymity_allowed` (true), `sender_number` own|assigned (assigned), `pool` (default),
//! `sc_address` (that of the command line), `terminating_delivery` (false: short messages to this user go to a service centre),
//! `notify_on_teardown` (true), `answer_seconds` (120), `provisional_refresh_seconds` (55), `quarantine_seconds` (30), `reassembly_seconds` (60),
//! `message_response_seconds` (30), `reconnect_seconds` (5), `tell_changes` (true), `change_interval_seconds` (5), `submission_seconds` (25),
//! `report_seconds` and `keep_seconds` (86400), `echo_headers` (none: names of header fields that come back with an answer),
//! `large_message_octets` (1300), `alphanumeric_originators` shown|refused (shown), `templates`
//! {invite, group_invite, closing, help, late_answer} with the variables {caller} {accept} {reject} {leave}, and {group_prefix, joined,
//! left} with {sender} and {participants}, `anonymous_name`,
//! `keywords` {accept, reject, leave} (lists), `reject_code` (603), `no_answer_code` (480),
//! `barring` {shape plain|early-announcement|answered-announcement (plain), reason (false), announcement_seconds (2)} for the MMTel AS,
//! `cmmc_subscriber` and `cmmc_permission` (true) for the CMMC focus.
//!
//! Errors are `{"error":"..."}`: 400 for anything malformed, naming an unknown key; 404; 507 when a table is full.

use super::numbers::Allocation;
use super::subscribers::Subscriber;
use super::{Gateway, locked, read_locked, write_locked};
use crate::reference::faults::Fault;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;

type Api = State<Arc<Gateway>>;

/// The routes over one gateway.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/health", get(health))
        .route(
            "/v1/subscribers/{number}",
            put(put_subscriber)
                .get(get_subscriber)
                .delete(delete_subscriber),
        )
        .route("/v1/provider", put(put_provider).get(get_provider))
        .route("/v1/pools/{name}", put(put_pool).get(get_pool))
        .route("/v1/sessions", get(sessions))
        .route("/v1/faults", get(faults))
        .route("/v1/requirements", get(requirements))
        .fallback(async || error(StatusCode::NOT_FOUND, "no such resource"))
        .layer(axum::extract::DefaultBodyLimit::max(32 * 1024 * 1024))
        .with_state(gateway)
}

fn error(code: StatusCode, what: impl Into<String>) -> Response {
    (code, axum::Json(json!({ "error": what.into() }))).into_response()
}

fn ok(value: Value) -> Response {
    axum::Json(value).into_response()
}

fn created_or_replaced(created: bool) -> Response {
    let code = if created {
        StatusCode::CREATED
    } else {
        StatusCode::NO_CONTENT
    };
    code.into_response()
}

#[allow(clippy::result_large_err)]
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Response> {
    serde_json::from_slice(body).map_err(|e| error(StatusCode::BAD_REQUEST, e.to_string()))
}

#[allow(clippy::result_large_err)]
fn read_subscriber(body: &[u8]) -> Result<Subscriber, Response> {
    let entry: Subscriber = read(body)?;
    entry
        .check()
        .map_err(|what| error(StatusCode::BAD_REQUEST, what))?;
    Ok(entry)
}

/// `+` and 3 to 15 digits.
fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn not_e164(number: &str) -> Response {
    let what = format!("`{number}` is not an E.164 number: `+` and 3 to 15 digits");
    error(StatusCode::BAD_REQUEST, what)
}

async fn health(State(gateway): Api) -> Response {
    let smsc = match &gateway.link {
        None => "none",
        Some(link) if link.is_ready() => "bound",
        Some(_) => "connecting",
    };
    let sessions = locked(&gateway.sessions).len();
    ok(json!({ "state": "ready", "smsc": smsc, "sessions": sessions }))
}

async fn put_subscriber(State(gateway): Api, Path(number): Path<String>, body: Bytes) -> Response {
    if !is_e164(&number) {
        return not_e164(&number);
    }
    let entry = match read_subscriber(&body) {
        Ok(entry) => entry,
        Err(response) => return response,
    };
    let put = write_locked(&gateway.subscribers).put(&number, entry);
    super::home_data::read(&gateway, &number).await;
    match put {
        Some(created) => created_or_replaced(created),
        None => error(StatusCode::INSUFFICIENT_STORAGE, "too many subscribers"),
    }
}

async fn get_subscriber(State(gateway): Api, Path(number): Path<String>) -> Response {
    match read_locked(&gateway.subscribers).get(&number) {
        Some(entry) => axum::Json(entry).into_response(),
        None => error(StatusCode::NOT_FOUND, format!("no subscriber {number}")),
    }
}

async fn delete_subscriber(State(gateway): Api, Path(number): Path<String>) -> Response {
    super::registration::forget(&gateway, &number);
    if write_locked(&gateway.subscribers).delete(&number) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error(StatusCode::NOT_FOUND, format!("no subscriber {number}"))
    }
}

async fn put_provider(State(gateway): Api, body: Bytes) -> Response {
    match read_subscriber(&body) {
        Ok(entry) => {
            write_locked(&gateway.subscribers).provider = entry;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(response) => response,
    }
}

async fn get_provider(State(gateway): Api) -> Response {
    axum::Json(&read_locked(&gateway.subscribers).provider).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolEntry {
    numbers: Vec<String>,
}

async fn put_pool(State(gateway): Api, Path(name): Path<String>, body: Bytes) -> Response {
    let entry: PoolEntry = match read(&body) {
        Ok(entry) => entry,
        Err(response) => return response,
    };
    if let Some(bad) = entry.numbers.iter().find(|number| !is_e164(number)) {
        return not_e164(bad);
    }
    match locked(&gateway.numbers).put_pool(&name, entry.numbers) {
        Ok(created) => created_or_replaced(created),
        Err(what) => error(StatusCode::INSUFFICIENT_STORAGE, what),
    }
}

async fn get_pool(State(gateway): Api, Path(name): Path<String>) -> Response {
    let mut numbers = locked(&gateway.numbers);
    // Only to end quarantines that are over before they are shown.
    numbers.find(Instant::now(), "", "");
    let Some(pool) = numbers.pool(&name) else {
        return error(StatusCode::NOT_FOUND, format!("no pool `{name}`"));
    };
    let shown: Vec<Value> = pool
        .into_iter()
        .map(|(number, pairs)| {
            let pairs: Vec<Value> = pairs
                .into_iter()
                .map(|(sms_user, allocation)| {
                    let state = match allocation {
                        Allocation::Live(_) => "live",
                        Allocation::Quarantine { .. } => "quarantine",
                    };
                    json!({ "sms_user": sms_user, "state": state })
                })
                .collect();
            json!({ "number": number, "pairs": pairs })
        })
        .collect();
    ok(json!({ "numbers": shown }))
}

async fn sessions(State(gateway): Api) -> Response {
    let mut shown: Vec<Value> = locked(&gateway.sessions)
        .iter()
        .map(|(id, entry)| {
            json!({
                "id": id.0, "state": entry.state.name(), "number": entry.number,
                "originator": entry.originator, "sms_user": entry.sms_user,
            })
        })
        .collect();
    let quarantined = locked(&gateway.numbers).pairs(Instant::now());
    for (pair, allocation) in quarantined {
        if let Allocation::Quarantine { session, .. } = allocation {
            shown.push(json!({
                "id": session.0, "state": "quarantine", "number": pair.number, "sms_user": pair.sms_user,
            }));
        }
    }
    ok(json!({ "sessions": shown }))
}

/// What the marks in the sources have counted since the process began.
async fn requirements() -> Response {
    ok(json!({ "executed": crate::reference::marks::so_far() }))
}

async fn faults(State(gateway): Api) -> Response {
    let all: Vec<Value> = Fault::ALL
        .iter()
        .map(|f| json!({ "name": f.name(), "requirement": f.requirement(), "what": f.what() }))
        .collect();
    let in_force = gateway.faults.0.map(Fault::name);
    ok(json!({ "in_force": in_force, "faults": all }))
}
