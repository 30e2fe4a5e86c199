//! Whether system and profile fit together, interface by interface, before anything is judged: what is wrong, and how it is mended.
//!
//! `doctor` prints everything; a run begins with the same questions, so that a wrong port or password is told as what it is and never
//! as a failure of the system. Nothing of it is evidence.
mod http;
mod registration;
mod sip;
mod tls;

use super::facility::{Prepared, prepare, wait_for_the_system};
use super::options::{RunOptions, SipTransport};
use super::run::RunError;
use crate::peer::ue::Transport;
use crate::sut::Profile;
use crate::sut::profile::InUse;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// How long an interface may take to answer one question.
const LIMIT: Duration = Duration::from_secs(4);
/// Clocks further apart than this make times of messages wrong.
const CLOCKS_APART: Duration = Duration::from_secs(5);
/// The last digits of the user who is prepared to see whether users can be: no test case has them.
const NOBODY: &str = "99999";

/// What came of asking at one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `sip`, `registration`, `core`, `smpp`, `sgd`, `provisioning`, `ut`, `clock`.
    pub interface: &'static str,
    pub finding: Finding,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    Well(String),
    /// What is wrong, beginning with the key of the profile, and how it is mended.
    Ill(String),
    /// The profile says nothing of it.
    Absent(String),
}

impl Check {
    fn new(interface: &'static str, outcome: Result<String, String>) -> Self {
        let finding = match outcome {
            Ok(what) => Finding::Well(what),
            Err(what) => Finding::Ill(what),
        };
        Self { interface, finding }
    }

    /// What is wrong, if something is.
    pub fn ill(&self) -> Option<&str> {
        match &self.finding {
            Finding::Ill(what) => Some(what),
            _ => None,
        }
    }
}

/// Looks at every interface of a system, which is started for it if the suite starts it.
pub async fn doctor(options: &RunOptions) -> Result<Vec<Check>, RunError> {
    let (profile, _) = Profile::load(&options.system, &options.fixtures)?;
    let profile = profile.over(options.carriage)?.at(options.local_ip);
    let out = options.out.clone().unwrap_or_else(std::env::temp_dir);
    let prepared = prepare(options, profile, &out).await?;
    let transport = transport(options, &prepared.profile);
    let (messages, others) =
        tokio::join!(short_messages(&prepared), interfaces(&prepared, transport));
    let mut checks = others;
    checks.insert(1, messages);
    prepared.end().await;
    Ok(checks)
}

/// The same before a run. Short messages come first: a system that binds late is waited for.
pub(super) async fn examine(prepared: &Prepared, transport: Transport) -> Result<(), RunError> {
    wait_for_the_system(&prepared.profile, &prepared.exchange).await?;
    let mut ill = interfaces(prepared, transport).await;
    ill.extend(
        realm(prepared)
            .err()
            .map(|what| Check::new("sgd", Err(what))),
    );
    ill.retain(|check| check.ill().is_some());
    // One mistake may show at several interfaces.
    let mut told = BTreeSet::new();
    ill.retain(|check| told.insert(check.ill().map(str::to_owned)));
    match ill.is_empty() {
        true => Ok(()),
        false => Err(RunError::Unfit(ill)),
    }
}

/// OPTIONS as `doctor` and `probe` ask them.
pub(super) fn options_request(
    to: SocketAddr,
    own: SocketAddr,
    transport: Transport,
    domain: &str,
) -> Vec<u8> {
    sip::request(to, own, transport.token(), domain).to_octets()
}

pub(super) fn transport(options: &RunOptions, profile: &Profile) -> Transport {
    match (options.transport, profile.sip.transport.as_str()) {
        (Some(SipTransport::Tcp), _) | (None, "tcp") => Transport::Tcp,
        (Some(SipTransport::Tls), _) | (None, "tls") => Transport::Tls,
        _ => Transport::Udp,
    }
}

async fn short_messages(prepared: &Prepared) -> Check {
    let (interface, who) = match prepared.profile.in_use() {
        Some(InUse::Smpp(smpp)) => ("smpp", smpp.system_id.clone()),
        _ => (
            "sgd",
            prepared
                .exchange
                .peer()
                .map_or_else(String::new, |peer| peer.0),
        ),
    };
    let bound = wait_for_the_system(&prepared.profile, &prepared.exchange).await;
    let outcome = bound
        .map_err(|error| error.to_string())
        .and_then(|()| realm(prepared))
        .map(|()| match prepared.exchange.peer() {
            Some((host, realm)) => format!("{host} of {realm} has exchanged capabilities"),
            None => format!("{who} has bound ({})", prepared.exchange.address()),
        });
    Check::new(interface, outcome)
}

/// A Diameter peer that is the system itself has the realm the profile says.
fn realm(prepared: &Prepared) -> Result<(), String> {
    let profile = &prepared.profile;
    let (Some(InUse::Sgd(sgd) | InUse::SmsOverIp(sgd)), Some((host, realm))) =
        (profile.in_use(), prepared.exchange.peer())
    else {
        return Ok(());
    };
    let relayed = sgd.system_host.as_ref().is_some_and(|named| *named != host);
    match &sgd.system_realm {
        Some(said) if *said != realm && !relayed => Err(format!(
            "short_messages.{}.system_realm: the profile says {said}, {host} says that its realm is {realm}; write that, or leave it out",
            profile.carriage().name()
        )),
        _ => Ok(()),
    }
}

async fn interfaces(prepared: &Prepared, transport: Transport) -> Vec<Check> {
    let profile = &prepared.profile;
    let over = (transport, prepared.sip_tls.as_ref());
    let (sip, registered, (provisioning, date), (core, (ut, ut_date))) = tokio::join!(
        sip::options("sip.address", &profile.sip.address, profile, over),
        registration::registration(prepared, transport),
        http::provisioning(profile, &prepared.provisioner),
        async {
            match &profile.conferencing {
                None => (None, (None, None)),
                Some(conferencing) => {
                    let key = "conferencing.core";
                    let core = sip::options(key, &conferencing.core, profile, over);
                    let (core, (ut, date)) =
                        tokio::join!(core, http::ut(profile, conferencing, &prepared.provisioner));
                    (Some(core), (Some(ut), date))
                }
            }
        }
    );
    let absent = |interface| Check {
        interface,
        finding: Finding::Absent("the profile has no section conferencing".to_owned()),
    };
    let or_absent = |interface, outcome: Option<Result<String, String>>| match outcome {
        Some(outcome) => Check::new(interface, outcome),
        None => absent(interface),
    };
    let mut checks = vec![
        Check::new("sip", sip),
        Check::new("provisioning", provisioning),
        or_absent("core", core),
        or_absent("ut", ut),
        clock([
            ("provisioning.http.base", date),
            ("conferencing.ut", ut_date),
        ]),
    ];
    let registered = registered.map(|outcome| Check::new("registration", outcome));
    checks.extend(registered);
    checks
}

/// Compares what the system's HTTP servers say of the time with this machine's.
fn clock(dates: [(&str, Option<jiff::Timestamp>); 2]) -> Check {
    let now = jiff::Timestamp::now();
    let apart = |date: jiff::Timestamp| date.duration_since(now);
    let known: Vec<_> = dates
        .iter()
        .filter_map(|(key, date)| Some((*key, apart((*date)?))))
        .collect();
    let Some((key, furthest)) = known.iter().max_by_key(|(_, apart)| apart.unsigned_abs()) else {
        return Check {
            interface: "clock",
            finding: Finding::Absent("the system does not say what time it is".to_owned()),
        };
    };
    let seconds = furthest.unsigned_abs().as_secs();
    let outcome = match furthest.unsigned_abs() > CLOCKS_APART {
        false => Ok(format!("the system's is this machine's ({key})")),
        true => Err(format!(
            "clock: that of the system ({key}) is {seconds} s {} this machine's; set both by NTP",
            if furthest.is_negative() {
                "behind"
            } else {
                "ahead of"
            }
        )),
    };
    Check::new("clock", outcome)
}
