//! What interfaces announce of themselves: the answer to OPTIONS, the bind, the capabilities exchange, the XCAP capabilities document and
//! the answer to who does not say who he is. Asked into a capture of its own, and read from captures like everything else.
use super::{Announcement, CAPTURE, Evidence, Seen};
use crate::capture::{Event, HttpLink, Record, Tap, ask_tcp, ask_tls, ask_udp};
use crate::observe::{Direction, Fact, Observation, Trace};
use crate::peer::ue::Transport;
use crate::peer::xcap_client::{XcapClient, XcapConfig, XcapRequest};
use crate::runner::run::RunError;
use crate::steps::Facility;
use crate::sut::Profile;
use crate::sut::profile::Claim;
use crate::wire::diameter::{Command, application, name};
use crate::wire::http::HttpMessage;
use crate::wire::sip::SipMessage;
use crate::wire::smpp::Body;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// How long an interface may take to answer one question.
const LIMIT: Duration = Duration::from_secs(4);
/// Who asks, where nobody is listed: no test case has this number.
const NOBODY: &str = "99998";

/// Asks the interfaces of a running system; what they answer is in the capture.
pub(in crate::runner) async fn announce(facility: &Facility, out: &Path) -> Result<(), RunError> {
    let (profile, tap) = (&facility.profile, Tap::new());
    options("isc", &profile.sip.address, facility, &tap).await;
    if let Some(conferencing) = &profile.conferencing {
        options("gm", &conferencing.core, facility, &tap).await;
        if let Err(error) = xcap(facility, &conferencing.ut, &tap).await {
            tracing::info!(%error, "no answer on Ut");
        }
    }
    let path = out.join("captures").join(CAPTURE);
    std::fs::write(&path, tap.octets_from(0)).map_err(|source| RunError::Write { path, source })
}

async fn options(interface: &'static str, address: &str, facility: &Facility, tap: &Tap) {
    let Ok(to) = address.parse::<SocketAddr>() else {
        return;
    };
    tap.mark(&format!("OPTIONS to {to}"));
    let sip = &facility.profile.sip;
    let over = facility.transport;
    let own = std::sync::Mutex::new(None);
    let record = |outbound: bool, local: SocketAddr, octets: Vec<u8>| {
        let event = match over {
            Transport::Udp => Event::Datagram(octets),
            Transport::Tcp | Transport::Tls => Event::Data(octets),
        };
        tap.record(Record {
            interface,
            outbound,
            local,
            remote: to,
            event,
        });
    };
    let question = |local: SocketAddr| {
        let octets = crate::runner::doctor::options_request(to, local, over, &sip.domain);
        if let Ok(mut own) = own.lock() {
            *own = Some(local);
        }
        if over != Transport::Udp {
            tap.record(Record {
                interface,
                outbound: true,
                local,
                remote: to,
                event: Event::Opened { dialled: true },
            });
        }
        record(true, local, octets.clone());
        octets
    };
    // What is inside TLS is recorded as it was said: this capture shows what was announced and is no evidence of the wire.
    let answer = match (over, &facility.sip_tls) {
        (Transport::Udp, _) => ask_udp(sip.local_ip, to, question, LIMIT).await,
        (Transport::Tls, Some(tls)) => ask_tls(tls, sip.local_ip, to, question, LIMIT).await,
        _ => ask_tcp(Some(sip.local_ip), to, question, LIMIT).await,
    };
    let local = own.lock().ok().and_then(|own| *own);
    if let (Ok(Some(octets)), Some(local)) = (answer, local) {
        record(false, local, octets);
    }
}

/// Simservs without credentials, then the capabilities document with them.
async fn xcap(facility: &Facility, url: &str, tap: &Tap) -> std::io::Result<()> {
    let wrong = || std::io::Error::other(format!("conferencing.ut is no http URL: {url}"));
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, root) = rest.split_once('/').unwrap_or((rest, ""));
    let server: SocketAddr = host.parse().map_err(|_| wrong())?;
    let profile = &facility.profile;
    let listed = facility
        .provisioner
        .roster()
        .and_then(|roster| roster.anybody());
    let number = match listed {
        Some(user) => user.number.clone(),
        None => format!("{}{NOBODY}", profile.numbers.users),
    };
    let impi = listed
        .and_then(|user| user.impi.clone())
        .unwrap_or_else(|| number.clone());
    let access = profile
        .conferencing
        .as_ref()
        .and_then(|c| c.ut_authentication.clone());
    let access = access.unwrap_or_default();
    let username = access
        .username
        .replace("{number}", &number)
        .replace("{impi}", &impi);
    let mut client = XcapClient::new(XcapConfig {
        host: host.to_owned(),
        root: format!("/{root}").trim_end_matches('/').to_owned(),
        username,
        password: access.password.expose().to_owned(),
        domain: profile.sip.domain.clone(),
        seed: facility.seed,
        number,
    });
    tap.mark("XCAP GET of simservs without credentials");
    let simservs = XcapRequest::simservs("GET");
    let nobody = client.without_credentials().message(&simservs);
    ask(server, &nobody, tap).await?;
    tap.mark("XCAP GET of the capabilities document");
    let capabilities = XcapRequest::capabilities();
    let first = client.message(&capabilities);
    let answer = ask(server, &first, tap).await?;
    if let Some(again) = client.again(&capabilities, &answer) {
        ask(server, &again, tap).await?;
    }
    Ok(())
}

async fn ask(server: SocketAddr, message: &HttpMessage, tap: &Tap) -> std::io::Result<HttpMessage> {
    let mut link = HttpLink::connect(server, tap.clone(), LIMIT).await?;
    let answer = link.exchange(message.to_octets(), LIMIT).await;
    link.close().await;
    answer
}

/// What the captures of a probe show of announcements.
pub(super) struct Announcements {
    pub all: Vec<Announcement>,
    probe: Trace,
    run: Trace,
}

/// Reads both captures.
pub(super) fn read(folder: &Path, profile: &Profile) -> Result<Announcements, RunError> {
    let trace = |name: &str| {
        let path = folder.join("captures").join(name);
        let octets = match std::fs::read(&path) {
            Ok(octets) => octets,
            // Of a run that had nothing to do there is none.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Trace::default());
            }
            Err(source) => return Err(RunError::Write { path, source }),
        };
        Trace::read(&octets)
            .map_err(|error| RunError::NotBound(format!("{}: {error}", path.display())))
    };
    let mut found = Announcements {
        all: Vec::new(),
        probe: trace(CAPTURE)?,
        run: trace("run.pcapng")?,
    };
    found.all = found.described(profile);
    Ok(found)
}

fn evidence(capture: &str, seen: &Observation) -> Evidence {
    Evidence {
        capture: format!("captures/{capture}"),
        frames: seen.frames.clone(),
    }
}

impl Announcements {
    fn described(&self, profile: &Profile) -> Vec<Announcement> {
        let core = profile.conferencing.as_ref().map(|c| c.core.as_str());
        let mut found = Vec::new();
        let mut add = |capture: &str, seen: &Observation, what: String| {
            found.push(Announcement {
                interface: match core.is_some_and(|core| seen.from.to_string() == core) {
                    true => "core".to_owned(),
                    false => seen.interface.clone(),
                },
                what,
                evidence: evidence(capture, seen),
            });
        };
        for seen in &self.probe.facts {
            match &seen.fact {
                Fact::Sip(answer) if seen.direction == Direction::FromSystem => {
                    add(CAPTURE, seen, of_options(answer));
                }
                Fact::Http(answer) if answer.status().is_some() => {
                    add(CAPTURE, seen, of_http(answer));
                }
                _ => {}
            }
        }
        for seen in &self.run.facts {
            match &seen.fact {
                Fact::Smpp(pdu) => {
                    if let Body::Bind(kind, bind) = &pdu.body {
                        let version = bind.interface_version;
                        let what = format!("{kind:?} with interface_version 0x{version:02x}");
                        add("run.pcapng", seen, what);
                    }
                }
                Fact::Diameter(_) if seen.direction == Direction::FromSystem => {
                    if let Some(applications) = applications(seen) {
                        let names = applications.iter().map(u32::to_string);
                        let names = names.collect::<Vec<_>>().join(", ");
                        add("run.pcapng", seen, format!("applications {names}"));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn http(&self, auid: &str) -> Option<(&Observation, &HttpMessage)> {
        // Each request has a connection of its own; the answer is on the same.
        let mut asked = self.probe.facts.iter().filter(|seen| match &seen.fact {
            Fact::Http(message) => message.target().is_some_and(|target| target.contains(auid)),
            _ => false,
        });
        let asked = asked.next_back()?;
        self.probe.facts.iter().find_map(|seen| match &seen.fact {
            Fact::Http(answer)
                if answer.status().is_some() && seen.to == asked.from && seen.from == asked.to =>
            {
                Some((seen, &**answer))
            }
            _ => None,
        })
    }

    /// The answer to who does not say who he is.
    pub fn ut_digest(&self, profile: &Profile) -> Seen {
        let Some((seen, answer)) = self.http("/simservs.ngn.etsi.org/") else {
            return nothing(profile);
        };
        let status = answer.status().unwrap_or(0);
        let digest = |value: &str| value.to_ascii_lowercase().starts_with("digest");
        let (value, what) = match status {
            401 if answer.headers("WWW-Authenticate").any(digest) => {
                (Some(Claim::Yes), "401 with a Digest challenge".to_owned())
            }
            200..=299 | 404 => (
                Some(Claim::No),
                format!("{status} without being asked who it is"),
            ),
            _ => (None, format!("{status}, which says neither")),
        };
        Seen {
            value,
            what,
            evidence: vec![evidence(CAPTURE, seen)],
        }
    }

    /// Whether the capabilities document lists an application usage. A server that has such a document lists them all (RFC 4825 section
    /// 12.1); one that has none says nothing.
    pub fn auid(&self, auid: &str, profile: &Profile) -> Seen {
        let Some((seen, answer)) = self.http("/xcap-caps/") else {
            return nothing(profile);
        };
        let body = String::from_utf8_lossy(&answer.body);
        let (value, what) = match answer.status().unwrap_or(0) {
            200 if body.contains(&format!(">{auid}<")) => {
                (Some(Claim::Yes), format!("lists {auid}"))
            }
            200 if body.contains("xcap-caps") => (Some(Claim::No), format!("does not list {auid}")),
            status => (
                None,
                format!("{status} to the request for it, which says neither"),
            ),
        };
        Seen {
            value,
            what,
            evidence: vec![evidence(CAPTURE, seen)],
        }
    }

    /// Whether the system's capabilities exchange names an application. A node advertises what it supports (RFC 6733 section 5.3); a relay
    /// says nothing of what is behind it.
    pub fn application(&self, wanted: u32) -> Seen {
        let from_system = |seen: &&Observation| seen.direction == Direction::FromSystem;
        let exchanges = self.run.facts.iter().filter(from_system);
        let found = exchanges
            .filter_map(|seen| Some((seen, applications(seen)?)))
            .next();
        let Some((seen, names)) = found else {
            return Seen {
                what: "nothing, no Diameter was spoken over this carriage".to_owned(),
                ..Seen::default()
            };
        };
        let (value, what) = match names {
            _ if names.contains(&wanted) => (Some(Claim::Yes), "named"),
            _ if names.contains(&application::RELAY) => (None, "a relay answers"),
            _ => (Some(Claim::No), "not named"),
        };
        Seen {
            value,
            what: what.to_owned(),
            evidence: vec![evidence("run.pcapng", seen)],
        }
    }
}

fn nothing(profile: &Profile) -> Seen {
    let what = match profile.conferencing {
        Some(_) => "nothing, the server on Ut did not answer",
        None => "nothing, the profile does not say where Ut is (section conferencing)",
    };
    Seen {
        what: what.to_owned(),
        ..Seen::default()
    }
}

fn of_options(answer: &SipMessage) -> String {
    let mut words = vec![format!("OPTIONS: {}", answer.status().unwrap_or(0))];
    for name in ["Allow", "Accept", "Supported", "Contact", "Server"] {
        let values = answer.values(name);
        if !values.is_empty() {
            words.push(format!("{name}: {}", values.join(", ")));
        }
    }
    words.join("; ")
}

fn of_http(answer: &HttpMessage) -> String {
    let status = answer.status().unwrap_or(0);
    let mut words = vec![format!("XCAP: {status}")];
    for name in ["WWW-Authenticate", "Server"] {
        words.extend(answer.headers(name).map(|value| {
            // The nonce tells nobody anything.
            let scheme = value.split([' ', ',']).next().unwrap_or_default();
            match name {
                "WWW-Authenticate" => format!("{name}: {scheme}"),
                _ => format!("{name}: {value}"),
            }
        }));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let auids: Vec<&str> = body
        .split("auid>")
        .skip(1)
        .step_by(2)
        .filter_map(|rest| rest.split('<').next())
        .collect();
    if !auids.is_empty() {
        words.push(format!("auids: {}", auids.join(", ")));
    }
    words.join("; ")
}

/// The applications of a capabilities exchange, also those inside Vendor-Specific-Application-Id.
fn applications(seen: &Observation) -> Option<Vec<u32>> {
    let Fact::Diameter(message) = &seen.fact else {
        return None;
    };
    if message.command != Command::CAPABILITIES_EXCHANGE {
        return None;
    }
    let grouped = message
        .avps
        .iter()
        .filter(|avp| avp.is(name::VENDOR_SPECIFIC_APPLICATION_ID))
        .filter_map(|avp| avp.members().ok())
        .flatten();
    let every = message.avps.iter().cloned().chain(grouped);
    Some(
        every
            .filter(|avp| avp.is(name::AUTH_APPLICATION_ID))
            .filter_map(|avp| avp.as_number().ok())
            .collect(),
    )
}
