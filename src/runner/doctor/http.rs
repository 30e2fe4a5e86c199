//! The HTTP interfaces of a profile: the way to prepare users, and Ut.
use super::sip::plain;
use super::{LIMIT, NOBODY};
use crate::capture::ask_tcp;
use crate::peer::xcap_client::{XcapClient, XcapConfig, XcapRequest};
use crate::runner::facility::pool;
use crate::sut::Profile;
use crate::sut::profile::Conferencing;
use crate::sut::provision::{Occasion, Properties, Provisioner};
use crate::wire::http::HttpMessage;
use jiff::Timestamp;
use std::net::SocketAddr;

type Outcome = (Result<String, String>, Option<Timestamp>);

/// An `http` URL taken apart.
struct Place {
    /// As in `Host`.
    host: String,
    root: String,
    address: SocketAddr,
}

/// Resolves and connects; then prepares the pool of the run and one user, who is taken away again.
pub(super) async fn provisioning(profile: &Profile, provisioner: &Provisioner) -> Outcome {
    if let Some(roster) = provisioner.roster() {
        let many = roster.size();
        return (
            Ok(format!(
                "{many} users are there already, as the profile says"
            )),
            None,
        );
    }
    if provisioner.operator().is_some() {
        // Nobody is asked to make a user whom no test case has.
        let numbers = &profile.numbers;
        let done = provisioner
            .prepare_pool(&numbers.pool, &pool(profile))
            .await;
        let done = done.map(|()| "an operator prepares users".to_owned());
        return (
            done.map_err(|error| format!("provisioning.operator: {error}")),
            None,
        );
    }
    let Some(http) = profile.provisioning.http() else {
        let (way, by) = match provisioner.puts_documents() {
            true => ("xcap", "documents"),
            false => ("command", "programs"),
        };
        let done = prepared(profile, provisioner, way).await;
        let done = done.map(|()| format!("a pool and a user can be prepared by {by}"));
        return (done, None);
    };
    let key = "provisioning.http.base";
    let place = match place(key, &http.base).await {
        Ok(place) => place,
        Err(what) => return (Err(what), None),
    };
    let get = HttpMessage::request("GET", &format!("{}/", place.root));
    let answer = match ask(key, &place, get).await {
        Ok(answer) => answer,
        Err(what) => return (Err(what), None),
    };
    let done = prepared(profile, provisioner, "http").await;
    let done = done.map(|()| format!("{}: a pool and a user can be prepared", http.base));
    (done, date(&answer))
}

async fn prepared(profile: &Profile, provisioner: &Provisioner, way: &str) -> Result<(), String> {
    let numbers = &profile.numbers;
    let said = |key: &str, error: crate::sut::SutError| {
        let text = error.to_string();
        if text.contains("provisioning.xcap") {
            return text;
        }
        let fix = match text.contains("409") {
            true => "it has them already: write a range of numbers that nobody else uses (numbers.users, numbers.sessions)".to_owned(),
            false if way == "command" => "mend the program, or what it is called with".to_owned(),
            false => "write the request as the system takes it".to_owned(),
        };
        format!("provisioning.{way}.{key}: {text}; {fix}")
    };
    provisioner
        .prepare_pool(&numbers.pool, &pool(profile))
        .await
        .map_err(|error| said("pool", error))?;
    let number = format!("{}{NOBODY}", numbers.users);
    let contact = format!("sip:{number}@{}", profile.sip.local_ip);
    let user = Properties::from([
        ("number".to_owned(), number.into()),
        ("cpm".to_owned(), true.into()),
        ("contact".to_owned(), contact.into()),
    ]);
    provisioner
        .prepare_user(&user, &Occasion::default())
        .await
        .map_err(|error| said("user", error))?;
    provisioner
        .forget_user(&user)
        .await
        .map_err(|error| said("forget_user", error))
}

/// XCAP GET of the simservs document of somebody who has none.
pub(super) async fn ut(
    profile: &Profile,
    conferencing: &Conferencing,
    provisioner: &Provisioner,
) -> Outcome {
    let key = "conferencing.ut";
    let place = match place(key, &conferencing.ut).await {
        Ok(place) => place,
        Err(what) => return (Err(what), None),
    };
    // Of users who are there already one is asked for: others are nobody's.
    let listed = provisioner.roster().and_then(|roster| roster.anybody());
    let number = match listed {
        Some(user) => user.number.clone(),
        None => format!("{}{NOBODY}", profile.numbers.users),
    };
    let impi = listed
        .and_then(|user| user.impi.clone())
        .unwrap_or_else(|| number.clone());
    let access = conferencing.ut_authentication.clone().unwrap_or_default();
    let mut client = XcapClient::new(XcapConfig {
        host: place.host.clone(),
        root: place.root.clone(),
        username: access
            .username
            .replace("{number}", &number)
            .replace("{impi}", &impi),
        password: access.password.expose().to_owned(),
        domain: profile.sip.domain.clone(),
        seed: fastrand::u64(..),
        number,
    });
    let request = XcapRequest::simservs("GET");
    let first = client.message(&request);
    let mut answer = match ask(key, &place, first).await {
        Ok(answer) => answer,
        Err(what) => return (Err(what), None),
    };
    let date = date(&answer);
    if let Some(again) = client.again(&request, &answer) {
        answer = match ask(key, &place, again).await {
            Ok(answer) => answer,
            Err(what) => return (Err(what), date),
        };
    }
    let url = &conferencing.ut;
    let outcome = match answer.status().unwrap_or(0) {
        status @ (200..=299 | 404) => Ok(format!("{url} answers XCAP GET with {status}")),
        status @ (401 | 403) => Err(match &conferencing.ut_authentication {
            Some(access) => format!(
                "conferencing.ut_authentication: {url} answers {status} to {}; do username and password fit, and sip.domain ({})?",
                access.username, profile.sip.domain
            ),
            None => format!(
                "conferencing.ut_authentication: {url} answers {status} to users without credentials; write username and password"
            ),
        }),
        status => Err(format!(
            "{key}: {url} answers {status} to XCAP GET of simservs; is this the XCAP root?"
        )),
    };
    (outcome, date)
}

async fn place(key: &str, url: &str) -> Result<Place, String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| {
        format!(
            "{key}: `{url}` is no http URL; write http://address:port, with a path if there is one"
        )
    })?;
    let (host, root) = rest.split_once('/').unwrap_or((rest, ""));
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let with_port = match port.is_some_and(|port| port.parse::<u16>().is_ok()) {
        true => host.to_owned(),
        false => format!("{host}:80"),
    };
    let resolved = tokio::net::lookup_host(&with_port).await;
    let address = resolved.ok().and_then(|mut addresses| addresses.next());
    let address = address.ok_or_else(|| {
        format!("{key}: the name in `{url}` cannot be resolved; write an address, or mend the name service of this machine")
    })?;
    Ok(Place {
        host: host.to_owned(),
        root: format!("/{root}").trim_end_matches('/').to_owned(),
        address,
    })
}

async fn ask(key: &str, place: &Place, mut request: HttpMessage) -> Result<HttpMessage, String> {
    let to = place.address;
    if request.header("Host").is_none() {
        request
            .headers
            .push(("Host".to_owned(), place.host.clone()));
    }
    request
        .headers
        .push(("Connection".to_owned(), "close".to_owned()));
    let answer = ask_tcp(None, to, |_| request.to_octets(), LIMIT).await;
    let octets = answer
        .map_err(|error| {
            format!(
                "{key}: nothing takes HTTP at {to} ({}); is the system started, and is this its port?",
                plain(&error)
            )
        })?
        .ok_or_else(|| {
            format!(
                "{key}: {to} does not answer HTTP within {} s; is this its port, or that of sip.address?",
                LIMIT.as_secs()
            )
        })?;
    match HttpMessage::parse(&octets) {
        Ok(Some((message, _))) if message.status().is_some() => Ok(message),
        _ if octets.starts_with(b"HTTP/") => Ok(head(&octets)),
        _ if octets.starts_with(b"SIP/") => Err(format!(
            "{key}: {to} speaks SIP and not HTTP; has it been swapped with the port of sip.address?"
        )),
        _ => Err(format!(
            "{key}: what answers at {to} is no HTTP; is this the right port, or that of sip.address?"
        )),
    }
}

/// A response whose body has not come whole: its head is enough.
fn head(octets: &[u8]) -> HttpMessage {
    let text = String::from_utf8_lossy(octets);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str())
    });
    let mut bare: String = lines.map(|line| format!("{line}\r\n")).collect();
    bare.push_str("Content-Length: 0\r\n\r\n");
    let parsed = HttpMessage::parse(bare.as_bytes()).ok().flatten();
    parsed.map_or_else(|| HttpMessage::request("GET", "/"), |(message, _)| message)
}

fn date(answer: &HttpMessage) -> Option<Timestamp> {
    let date = answer.header("Date")?;
    let zoned = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(zoned.timestamp())
}
