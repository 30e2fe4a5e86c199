//! The gateway's way to short messages by Diameter: a node that takes the place of an MME on SGd towards the SMS-GMSC/IWMSC, and that of
//! an IP-SM-GW on S6c and Sh towards the HSS (3GPP TS 23.204 clause 5.2.3, TS 29.338, RFC 6733).
//!
//! One connection to one peer (a service centre with HSS, or a relay), dialled by us and dialled again when it is lost.

mod correlation;
mod messages;
mod mobile_originated;
mod mobile_terminated;
mod peer;
mod references;
mod routing;
mod services;
mod subscriber_data;
mod terminating;
#[cfg(test)]
mod tests;
mod transport;

use super::edge::Edge;
use super::faults::InForce;
use super::short_message::{Arrival, OutgoingShortMessage, Submission};
use crate::wire::diameter::Message;
use correlation::Correlations;
use messages::Identity;
pub use mobile_originated::SubmitAnswer;
use peer::{Keeper, Order, RequestFailure};
use references::References;
pub use routing::Routing;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
pub use subscriber_data::HssData;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

/// Arguments of the SGd link.
#[derive(Debug, Clone, clap::Args)]
pub struct SgdArguments {
    /// Diameter peer to connect to, as host:port: short messages go over SGd instead of SMPP, routing and subscriber data over S6c and Sh
    #[arg(long, value_name = "ADDR", conflicts_with = "smsc")]
    pub diameter: Option<String>,
    /// What carries Diameter; SCTP only where the kernel has it
    #[arg(long, value_name = "TRANSPORT", value_enum, default_value_t)]
    pub diameter_transport: transport::DiameterTransport,
    /// Origin-Host of this node
    #[arg(long, value_name = "H", default_value = "ipsmgw.home1.example")]
    pub diameter_host: String,
    /// Origin-Realm of this node
    #[arg(long, value_name = "R", default_value = "home1.example")]
    pub diameter_realm: String,
    /// Destination-Realm of requests; without it the peer's Origin-Realm
    #[arg(long, value_name = "R")]
    pub diameter_destination_realm: Option<String>,
    /// E.164 number of this IP-SM-GW, given where somebody asks for routing
    #[arg(long, value_name = "NUMBER", default_value = "+441632960960")]
    pub gateway_number: String,
    /// Service centre of users for whom the HSS holds none
    #[arg(long, value_name = "NUMBER")]
    pub sc_address: Option<String>,
    /// How long an MT correlation id stands for a user
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub correlation_seconds: f64,
}

impl SgdArguments {
    /// The provisioned service centre, with `+`.
    pub fn service_centre(&self) -> Option<String> {
        let number = self.sc_address.as_deref()?;
        Some(format!("+{}", number.trim_start_matches('+')))
    }
}

impl Default for SgdArguments {
    fn default() -> Self {
        Self {
            diameter_transport: transport::DiameterTransport::default(),
            diameter: None,
            diameter_host: "ipsmgw.home1.example".into(),
            diameter_realm: "home1.example".into(),
            diameter_destination_realm: None,
            gateway_number: "+441632960960".into(),
            sc_address: None,
            correlation_seconds: 30.0,
        }
    }
}

/// Settings of the node.
#[derive(Debug, Clone)]
pub struct SgdConfig {
    /// `host:port` of the peer.
    pub peer: String,
    pub transport: transport::DiameterTransport,
    pub host: String,
    pub realm: String,
    pub destination_realm: Option<String>,
    pub gateway_number: String,
    /// For short messages that name no service centre.
    pub sc_address: Option<String>,
    pub correlation_time: Duration,
    /// Wait for an answer before the request counts as failed.
    pub response_timeout: Duration,
    /// Silence after which a DWR is sent; twice that without anything received ends the connection.
    pub watchdog: Duration,
    /// What happens to what is sent.
    pub edge: Edge,
}

impl SgdConfig {
    /// `None` if no peer is named.
    pub fn new(arguments: &SgdArguments) -> Option<Self> {
        let lifetime = arguments.correlation_seconds.clamp(0.0, 86_400.0);
        Some(Self {
            peer: arguments.diameter.clone()?,
            transport: arguments.diameter_transport,
            host: arguments.diameter_host.clone(),
            realm: arguments.diameter_realm.clone(),
            destination_realm: arguments.diameter_destination_realm.clone(),
            gateway_number: arguments.gateway_number.clone(),
            sc_address: arguments.service_centre(),
            correlation_time: Duration::from_secs_f64(lifetime),
            response_timeout: Duration::from_secs(30),
            watchdog: Duration::from_secs(30),
            edge: Edge::Plain,
        })
    }
}

/// What the parts of the node share; it outlives every connection.
pub struct Node {
    config: SgdConfig,
    faults: InForce,
    identity: Identity,
    open: AtomicBool,
    stop: Notify,
    orders: mpsc::Sender<Order>,
    arrivals: mpsc::Sender<Arrival>,
    references: Mutex<References>,
    correlations: Mutex<Correlations>,
    /// Deliveries of its own wait for each other, which keeps their order.
    turns: tokio::sync::Mutex<()>,
}

/// A panic elsewhere must not take the node with it, so a poisoned lock is used on.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    fn references(&self) -> MutexGuard<'_, References> {
        locked(&self.references)
    }

    fn correlations(&self) -> MutexGuard<'_, Correlations> {
        locked(&self.correlations)
    }

    /// Queues a request; requests go out in the order of these calls.
    fn order(
        &self,
        request: Message,
    ) -> impl Future<Output = Result<Message, RequestFailure>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let order = Order {
            request,
            reply,
            until: Instant::now() + self.config.response_timeout,
        };
        let queued = self.orders.try_send(order).is_ok();
        async move {
            if !queued {
                return Err(RequestFailure::NotConnected);
            }
            answer.await.unwrap_or(Err(RequestFailure::NotConnected))
        }
    }

    /// Pushed subscriber data, to whoever keeps them; false if nobody takes them.
    fn hand_over(&self, number: &str, data: HssData) -> bool {
        let data = Arrival::SubscriberData(number.to_owned(), data);
        self.arrivals.try_send(data).is_ok()
    }
}

/// A running node; clones are the same one.
#[derive(Clone)]
pub struct SgdNode {
    node: Arc<Node>,
    task: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl SgdNode {
    /// Connects and keeps connected until `stop`. What the peer sends arrives on the channel.
    pub fn start(config: SgdConfig, faults: InForce) -> (SgdNode, mpsc::Receiver<Arrival>) {
        let (orders, order_queue) = mpsc::channel(4096);
        let (arrivals, arrived) = mpsc::channel(4096);
        let destination = config.destination_realm.clone();
        let node = Arc::new(Node {
            identity: Identity::new(&config.host, &config.realm, destination),
            correlations: Mutex::new(Correlations::new(config.correlation_time, faults)),
            config,
            faults,
            open: AtomicBool::new(false),
            stop: Notify::new(),
            orders,
            arrivals,
            references: Mutex::default(),
            turns: tokio::sync::Mutex::default(),
        });
        let task = tokio::spawn(Keeper::new(node.clone(), order_queue).keep_open());
        let node = SgdNode {
            node,
            task: Arc::new(Mutex::new(Some(task))),
        };
        (node, arrived)
    }

    /// The peer has agreed to take part.
    pub fn is_open(&self) -> bool {
        self.node.open.load(Ordering::Acquire)
    }

    /// Sends a short message; messages go out in the order of these calls.
    pub fn submit(&self, message: &OutgoingShortMessage) -> Submission {
        if message.terminating {
            return terminating::deliver(&self.node, message);
        }
        mobile_originated::submit(&self.node, message)
    }

    /// Sends an SMS-SUBMIT of `sender` as it is (3GPP TS 24.341: a UE has composed it).
    pub async fn forward(
        &self,
        sender: &str,
        service_centre: Option<&str>,
        tpdu: Vec<u8>,
    ) -> SubmitAnswer {
        mobile_originated::send(&self.node, sender, service_centre, tpdu).await
    }

    /// What the HSS holds about a user now.
    pub async fn subscriber_data(&self, number: &str) -> Option<HssData> {
        subscriber_data::fetch(&self.node, number).await
    }

    /// The user can be delivered to again.
    pub fn alert(&self, number: &str) {
        routing::alert(&self.node, number);
    }

    /// Where the HSS says a user is served.
    pub async fn routing(&self, number: &str) -> Option<Routing> {
        routing::ask(&self.node, number).await
    }

    /// Takes leave of the peer and closes.
    pub async fn stop(&self) {
        self.node.stop.notify_one();
        let task = locked(&self.task).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the Diameter node ended badly");
        }
    }
}
