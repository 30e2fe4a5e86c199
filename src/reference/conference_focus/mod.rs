//! A conference focus (RFC 4353, RFC 4579, 3GPP TS 24.147): one engine for any service whose `Policy` it is given.
//!
//! It is a user agent of its own: factory and conference URIs, dial-in and dial-out, REFER, URI lists, Join and Replaces, the
//! `conference` event package, audio, messages by MSRP and by MESSAGE. It keeps its dialogs itself, since INVITE sessions, subscriptions and REFERs share them. It decides
//! nothing about barring: whoever bars stands between it and the users.

mod conference;
mod departures;
mod dialing;
mod dialog;
mod engine;
mod g711;
mod joining;
mod media;
mod messages;
mod offer;
pub mod policy;
mod refer;
mod refer_events;
mod sessions;
mod subscription;
mod switch;
#[cfg(test)]
mod tests;
mod uri_list;
pub mod users;

use super::edge::Edge;
use super::faults::{Fault, InForce};
use super::user_agent::{ANY_EXTENSION, UserAgent, UserAgentConfig};
use crate::wire::sip::number_of;
use engine::{Engine, locked};
use policy::Policy;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// `Allow`.
const METHODS: [&str; 9] = [
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "UPDATE",
    "SUBSCRIBE",
    "REFER",
    "MESSAGE",
];
/// `Accept`.
const ACCEPT: [&str; 4] = [
    "application/sdp",
    "multipart/mixed",
    "application/resource-lists+xml",
    "application/conference-info+xml",
];

/// `Supported`.
fn option_tags(policy: &dyn Policy) -> Vec<&'static str> {
    let mut tags = vec!["replaces", "join", "norefersub", "nosub", "explicitsub"];
    if policy.takes_lists() {
        tags.extend(["multiple-refer", uri_list::INVITE_LIST]);
    }
    tags
}

/// The present time as RFC 4575 writes it.
fn now() -> String {
    crate::reference::calendar::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// A request to a core on this machine may have so many octets as a datagram; its MTU is 64 kB.
const MAX_LOOPBACK_OCTETS: usize = 60_000;

/// What a focus is started with, beside its policy.
#[derive(Debug, Clone)]
pub struct FocusConfig {
    /// Address its sockets listen on; ports are picked by the system.
    pub listen: IpAddr,
    /// Where requests go that no route set and no address of the target leads anywhere else: the S-CSCF.
    pub outbound: Option<SocketAddr>,
    /// Least time between two NOTIFYs of conference state to one subscriber; RFC 4575 section 3.9 recommends five seconds.
    pub notify_interval: Duration,
    /// How long an invited user may take to answer.
    pub ring_time: Duration,
    pub max_participants: usize,
    pub max_conferences: usize,
    /// Subscriptions of one conference.
    pub max_subscriptions: usize,
    /// What happens to what is sent.
    pub edge: Edge,
}

impl FocusConfig {
    pub fn new(listen: IpAddr) -> Self {
        Self {
            listen,
            outbound: None,
            notify_interval: Duration::ZERO,
            ring_time: Duration::from_secs(60),
            max_participants: 64,
            max_conferences: 10_000,
            max_subscriptions: 64,
            edge: Edge::Plain,
        }
    }
}

/// A running focus; clones are the same one.
#[derive(Clone)]
pub struct Focus {
    engine: Arc<Engine>,
    stop: Arc<watch::Sender<bool>>,
}

impl Focus {
    /// Binds its sockets and serves until `stop`.
    pub async fn start(
        config: FocusConfig,
        policy: Arc<dyn Policy>,
        faults: InForce,
    ) -> std::io::Result<Focus> {
        let mut supported: Vec<String> = option_tags(policy.as_ref())
            .into_iter()
            .map(str::to_owned)
            .collect();
        mark!("CF-10");
        if faults.is(Fault::UnknownExtensionOverlooked) {
            supported.push(ANY_EXTENSION.to_owned());
        }
        let mut agent = UserAgentConfig {
            ip: config.listen,
            product: Some(policy.service().product.clone()),
            allow: METHODS.map(str::to_owned).to_vec(),
            supported,
            accept: ACCEPT.map(str::to_owned).to_vec(),
            min_session_expires: 0,
            caller_keeps_dialogs: true,
            edge: config.edge.clone(),
            ..UserAgentConfig::default()
        };
        if config.outbound.is_some_and(|core| core.ip().is_loopback()) {
            // RFC 3261 section 18.1.1: the path is known, and over TCP the core may take nothing but TLS.
            agent.max_datagram_request_octets = MAX_LOOPBACK_OCTETS;
        }
        let (agent, incoming) = UserAgent::start(agent).await?;
        let (stop, stopping) = watch::channel(false);
        let engine = Engine::new(agent, policy, faults, config);
        engine.spawn(Arc::clone(&engine).serve(incoming, stopping));
        Ok(Focus {
            engine,
            stop: Arc::new(stop),
        })
    }

    /// SIP over UDP and TCP.
    pub fn sip_address(&self) -> SocketAddr {
        self.engine.agent.sip_address()
    }

    /// The names of the service.
    pub fn service(&self) -> &policy::Service {
        self.engine.policy.service()
    }

    /// Where requests go that nothing else leads anywhere; may be said after the start, once the S-CSCF runs.
    pub fn set_outbound(&self, outbound: SocketAddr) {
        self.engine.set_outbound(outbound);
    }

    /// Ends every session of a user.
    pub fn send_away(&self, user: &str) {
        let number = number_of(user);
        let mut sessions = Vec::new();
        for (uri, conference) in &locked(&self.engine.state).conferences {
            let legs = conference.legs.iter().filter(|leg| {
                let identity = leg.asserted.as_deref().unwrap_or(&leg.identity);
                leg.is_connected() && number.is_some() && number_of(identity) == number
            });
            sessions.extend(legs.map(|leg| (uri.clone(), leg.id)));
        }
        for (uri, id) in sessions {
            self.engine.dismiss(&uri, id, "booted", None);
        }
    }

    /// Ends every conference without a word, closes every socket and joins every task.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.engine.stop().await;
        self.engine.agent.clone().stop().await;
    }
}
