//! The reference implementation: an IP-SM-GW of our own and the roles of conferencing around an S-CSCF, run as one process and reached
//! over sockets like any other system.
//!
//! It shares the grammar in `wire` with the harness and nothing else, so that one misreading cannot make both sides agree. This module
//! holds its command line arguments and its life from the first socket to the last; what it does is in `ip_sm_gw`, and in the roles that
//! `roles` starts.

#[macro_use]
pub mod marks;

pub mod calendar;
pub mod conference_focus;
pub mod conference_service;
pub mod edge;
pub mod esme;
pub mod faults;
mod http;
pub mod ip_sm_gw;
pub mod link;
pub mod mmtel_as;
pub mod proxy;
pub mod roles;
pub mod s_cscf;
pub mod sgd;
pub mod short_message;
#[cfg(test)]
mod tests;
pub mod traffic;
pub mod user_agent;
pub mod ut;

use conference_focus::users::CmmcUser;
use edge::{Edge, EdgeArguments};
use esme::{Esme, EsmeConfig};
use faults::{Fault, InForce};
use ip_sm_gw::{Gateway, Provisioned};
use link::ShortMessageLink;
use roles::{RoleArguments, Roles};
use sgd::{SgdConfig, SgdNode};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use user_agent::msrp::{MsrpConfig, MsrpDeparture};
use user_agent::tls::SipTls;
use user_agent::{UserAgent, UserAgentConfig};

/// Arguments of `ims-conformance reference`.
#[derive(Debug, Clone, clap::Args)]
pub struct ReferenceArguments {
    /// SMSC to bind to over SMPP, as host:port; without it no short message can be sent
    #[arg(long, value_name = "ADDR")]
    pub smsc: Option<String>,
    /// system_id of the SMPP bind
    #[arg(long, value_name = "X", default_value = "ipsmgw")]
    pub smpp_system_id: String,
    /// password of the SMPP bind
    #[arg(long, value_name = "Y", default_value = "secret")]
    pub smpp_password: String,
    /// What the SMSC takes octets under data_coding 0 for
    #[arg(long, value_name = "ALPHABET", value_enum, default_value_t)]
    pub smpp_data_coding_0: esme::DataCodingZero,
    #[command(flatten)]
    pub tls: esme::tls::TlsArguments,
    #[command(flatten)]
    pub sip_tls: user_agent::tls::SipTlsArguments,
    #[command(flatten)]
    pub sgd: sgd::SgdArguments,
    #[command(flatten)]
    pub roles: RoleArguments,
    /// Address every socket listens on; ports are picked by the system
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub listen: IpAddr,
    /// Provisioning to start with: JSON with `provider`, `subscribers` and `pools` as the provisioning interface has them
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Departs from one requirement on purpose; GET /v1/faults lists the names
    #[arg(long, value_name = "NAME")]
    pub fault: Option<Fault>,
    #[command(flatten)]
    pub edge: EdgeArguments,
    /// Chat sessions served at once; further invitations get 503
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_sessions: usize,
    /// Least session interval in seconds that an invitation may ask for (RFC 4028 section 4 has 90 as the least)
    #[arg(long, value_name = "SECONDS", default_value_t = 90)]
    pub min_session_expires: u32,
    #[command(flatten)]
    pub ut: ut::UtArguments,
    /// Ends when standard input reaches its end
    #[arg(long)]
    pub until_stdin_closes: bool,
}

/// Why the reference implementation could not run.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    #[error("cannot listen on {0}: {1}")]
    Listen(IpAddr, std::io::Error),
    #[error("cannot read the configuration {0}: {1}")]
    Config(PathBuf, String),
    #[error("TLS of the SMPP link: {0}")]
    Tls(String),
    #[error("TLS of SIP: {0}")]
    SipTls(String),
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    #[error("cannot read the documents of Ut: {0}")]
    Documents(std::io::Error),
    #[error("the provisioning interface failed: {0}")]
    Provisioning(std::io::Error),
}

/// Runs until SIGTERM, SIGINT or, if asked, the end of standard input.
pub fn run(arguments: ReferenceArguments) -> Result<(), ReferenceError> {
    // The caller may have set up a log already.
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .try_init()
        .ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ReferenceError::Runtime)?;
    let until_stdin_closes = arguments.until_stdin_closes;
    let result = runtime.block_on(async {
        let reference = Reference::start(arguments).await?;
        announce(&reference.ready_line());
        let why = asked_to_end(until_stdin_closes).await;
        tracing::info!(why, "ending");
        reference.stop().await
    });
    // The thread that reads standard input may still be blocked in it.
    runtime.shutdown_background();
    result
}

/// The first line on standard output, which whoever started us waits for.
fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        tracing::warn!("nobody reads standard output");
    }
}

async fn asked_to_end(until_stdin_closes: bool) -> &'static str {
    let (closed, stdin_closed) = tokio::sync::oneshot::channel();
    if until_stdin_closes {
        std::thread::spawn(move || {
            let mut sink = [0; 256];
            let mut input = std::io::stdin().lock();
            while input.read(&mut sink).is_ok_and(|count| count > 0) {}
            closed.send(()).ok();
        });
    } else {
        std::mem::forget(closed);
    }
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = stdin_closed => "standard input closed",
        _ = tokio::signal::ctrl_c() => "interrupted",
        () = terminated => "terminated",
    }
}

/// A running reference implementation.
pub struct Reference {
    gateway: Arc<Gateway>,
    roles: Roles,
    provisioning: SocketAddr,
    ut: SocketAddr,
    tasks: tokio::task::JoinSet<Result<(), std::io::Error>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Reference {
    /// Binds every socket and starts serving.
    pub async fn start(arguments: ReferenceArguments) -> Result<Self, ReferenceError> {
        let faults = InForce(arguments.fault);
        let provisioned = match &arguments.config {
            Some(path) => read_config(path)?,
            None => Provisioned::default(),
        };
        let listen = arguments.listen;
        let failed = |error| ReferenceError::Listen(listen, error);
        let tls = SipTls::new(&arguments.sip_tls).map_err(ReferenceError::SipTls)?;
        let edge = arguments.edge.edge();
        let mut config = agent_config(&arguments, faults, edge.clone());
        config.tls.clone_from(&tls);
        let documents = arguments.ut.store().map_err(ReferenceError::Documents)?;
        let server = arguments.ut.server(documents.clone(), faults);
        let roles = Roles::start(&arguments.roles, listen, documents, tls, (faults, edge))
            .await
            .map_err(failed)?;
        let (agent, incoming) = UserAgent::start(config).await.map_err(failed)?;
        let listener = tokio::net::TcpListener::bind((listen, 0))
            .await
            .map_err(failed)?;
        let provisioning = listener.local_addr().map_err(failed)?;
        let (link, arrivals) = start_link(&arguments, faults)?;
        let gateway = Gateway::new(agent, link, faults, arguments.max_sessions, provisioned)
            .map_err(|what| {
                ReferenceError::Config(arguments.config.clone().unwrap_or_default(), what)
            })?;
        ip_sm_gw::write_locked(&gateway.subscribers).default_service_centre =
            arguments.sgd.service_centre();
        tell_roles(&roles, &gateway);
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        let (ut, serving) = ut::listen(listen, server, stopping.clone())
            .await
            .map_err(failed)?;
        tasks.spawn(ip_sm_gw::serve(
            gateway.clone(),
            incoming,
            arrivals,
            stopping.clone(),
        ));
        tasks.spawn(serving);
        let router = ip_sm_gw::provisioning::router(gateway.clone());
        tasks.spawn(http::serve(listener, router, stopping));
        Ok(Self {
            gateway,
            roles,
            provisioning,
            ut,
            tasks,
            stop,
        })
    }

    pub fn sip_address(&self) -> SocketAddr {
        self.gateway.agent.sip_address()
    }

    pub fn provisioning_address(&self) -> SocketAddr {
        self.provisioning
    }

    /// Addresses and fault as one line of JSON.
    pub fn ready_line(&self) -> String {
        let mut line = serde_json::json!({
            "ready": true,
            "sip": self.sip_address().to_string(),
            "msrp": self.gateway.agent.msrp_address().to_string(),
            "provisioning": format!("http://{}", self.provisioning),
            "ut": format!("http://{}", self.ut),
            "fault": self.gateway.faults.0.map(Fault::name),
        });
        for (name, address) in self.roles.addresses() {
            line[name] = address.into();
        }
        line.to_string()
    }

    /// Ends every session without a word, unbinds, closes every socket and joins every task.
    pub async fn stop(mut self) -> Result<(), ReferenceError> {
        self.stop.send_replace(true);
        let ended = async {
            while let Some(joined) = self.tasks.join_next().await {
                match joined {
                    Ok(result) => result.map_err(ReferenceError::Provisioning)?,
                    Err(error) => tracing::error!(%error, "a task ended badly"),
                }
            }
            Ok(())
        };
        // Open keep-alive connections of HTTP clients must not hold the process.
        let result = tokio::time::timeout(std::time::Duration::from_secs(2), ended)
            .await
            .unwrap_or(Ok(()));
        if let Some(link) = &self.gateway.link {
            link.stop().await;
        }
        self.roles.stop().await;
        self.gateway.agent.clone().stop().await;
        result
    }
}

/// The user agent of the gateway, with the faults that lie there.
fn agent_config(arguments: &ReferenceArguments, faults: InForce, edge: Edge) -> UserAgentConfig {
    UserAgentConfig {
        ip: arguments.listen,
        product: Some("IM-serv/OMA1.0".into()),
        allow: [
            "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "MESSAGE", "UPDATE", "REGISTER", "INFO",
            "NOTIFY",
        ]
        .map(String::from)
        .to_vec(),
        min_session_expires: arguments.min_session_expires,
        crossing_bye_unanswered: faults.is(Fault::CrossingByeUnanswered),
        cancelled_invite_unanswered: faults.is(Fault::CancelWithout487),
        msrp: MsrpConfig {
            departure: msrp_departure(faults),
            edge: edge.clone(),
            ..MsrpConfig::default()
        },
        edge,
        ..UserAgentConfig::default()
    }
}

/// The carriage of short messages that the arguments ask for, and what arrives on it.
fn start_link(
    arguments: &ReferenceArguments,
    faults: InForce,
) -> Result<
    (
        Option<ShortMessageLink>,
        tokio::sync::mpsc::Receiver<short_message::Arrival>,
    ),
    ReferenceError,
> {
    let started = match &arguments.smsc {
        Some(smsc) => {
            let (id, password) = (&arguments.smpp_system_id, &arguments.smpp_password);
            let tls = esme::tls::Tls::new(&arguments.tls, smsc).map_err(ReferenceError::Tls)?;
            let config = EsmeConfig {
                tls,
                default_alphabet: arguments.smpp_data_coding_0.into(),
                edge: arguments.edge.edge(),
                ..EsmeConfig::new(smsc, id, password)
            };
            let (esme, arrivals) = Esme::start(config);
            (Some(ShortMessageLink::Smpp(esme)), arrivals)
        }
        None => match SgdConfig::new(&arguments.sgd) {
            Some(mut config) => {
                config.edge = arguments.edge.edge();
                let (node, arrivals) = SgdNode::start(config, faults);
                (Some(ShortMessageLink::Sgd(node)), arrivals)
            }
            None => (None, tokio::sync::mpsc::channel(1).1),
        },
    };
    Ok(started)
}

/// What the provisioning interface says of users is in force at the roles too.
fn tell_roles(roles: &Roles, gateway: &Arc<Gateway>) {
    let told = gateway.clone();
    roles.mmtel_as().take_settings_from(Box::new(move |user| {
        let number = crate::wire::sip::number_of(user).unwrap_or_default();
        let subscribers = ip_sm_gw::read_locked(&told.subscribers);
        let entry = subscribers.get(&number);
        entry.and_then(|entry| entry.barring).unwrap_or_default()
    }));
    if let Some(policy) = roles.cmmc_policy() {
        let told = gateway.clone();
        policy.users().take_from(Box::new(move |user| {
            let number = crate::wire::sip::number_of(user).unwrap_or_default();
            let subscribers = ip_sm_gw::read_locked(&told.subscribers);
            let entry = subscribers.get(&number);
            CmmcUser {
                subscriber: entry.and_then(|e| e.cmmc_subscriber).unwrap_or(true),
                permits_invitations: entry.and_then(|e| e.cmmc_permission).unwrap_or(true),
            }
        }));
    }
}

/// What the message endpoint does wrong under a fault.
fn msrp_departure(faults: InForce) -> MsrpDeparture {
    match faults.0 {
        Some(Fault::ChunksNotReassembled) => MsrpDeparture::ChunksAlone,
        Some(Fault::AbortedMessageDelivered) => MsrpDeparture::AbortedTaken,
        Some(Fault::EmptySendRelayed) => MsrpDeparture::EmptyTold,
        Some(Fault::UnknownSessionTaken) => MsrpDeparture::AnySession,
        _ => MsrpDeparture::None,
    }
}

fn read_config(path: &PathBuf) -> Result<Provisioned, ReferenceError> {
    std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|octets| serde_json::from_slice(&octets).map_err(|error| error.to_string()))
        .map_err(|what| ReferenceError::Config(path.clone(), what))
}
