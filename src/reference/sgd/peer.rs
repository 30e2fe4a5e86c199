//! The one peer of this node: connection, capabilities exchange, watchdog, disconnection, and again (RFC 6733 sections 2.1, 5.3 to 5.6).
//!
//! Requests that are not answered when a connection is lost go out again on the next one, marked as possibly retransmitted, until their
//! time is over. What requests of the peer mean is for `services`.

use super::messages::has_common_application;
use super::transport::connect;
use super::{Node, services};
use crate::reference::edge::Edge;
use crate::wire::diameter::{
    Avp, Command, Flags, Framer, Message, ResultCode, application, name, result,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Limit for a connection with its capabilities exchange.
const OPENING: Duration = Duration::from_secs(5);
/// Limit for the answer to a DPR.
const CLOSING: Duration = Duration::from_secs(1);
/// Requests outstanding at once.
const WINDOW: usize = 1024;
/// Disconnect-Cause REBOOTING: we shall be back.
const REBOOTING: u32 = 0;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFailure {
    #[error("there is no connection to the peer")]
    NotConnected,
    #[error("the peer did not answer in time")]
    NoAnswer,
}

/// A request on its way.
pub struct Order {
    pub request: Message,
    pub reply: oneshot::Sender<Result<Message, RequestFailure>>,
    pub until: Instant,
}

impl Order {
    fn fail(self, failure: RequestFailure) {
        // Nobody may wait any more.
        self.reply.send(Err(failure)).ok();
    }
}

/// Why one connection ended.
enum Ended {
    Stopped,
    Lost(io::Error),
}

/// The task that owns the connection, one after the other.
pub struct Keeper {
    node: Arc<Node>,
    orders: mpsc::Receiver<Order>,
    /// By hop-by-hop identifier, so in the order they were sent.
    pending: BTreeMap<u32, Order>,
    hop_by_hop: u32,
}

impl Keeper {
    pub fn new(node: Arc<Node>, orders: mpsc::Receiver<Order>) -> Self {
        Self {
            node,
            orders,
            pending: BTreeMap::new(),
            hop_by_hop: 0,
        }
    }

    pub async fn keep_open(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.open().await {
                Ok((stream, framer)) => {
                    let since = Instant::now();
                    self.node.open.store(true, Ordering::Release);
                    tracing::info!(peer = %self.node.config.peer, "Diameter peer open");
                    let connection = Connection::new(stream, self.node.config.edge.clone());
                    let ended = connection.serve(&mut self, framer).await;
                    self.node.open.store(false, Ordering::Release);
                    match ended {
                        Ended::Stopped => break,
                        Ended::Lost(error) => tracing::warn!(%error, "Diameter peer lost"),
                    }
                    if since.elapsed() >= LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, peer = %self.node.config.peer, "no Diameter peer");
                }
            }
            let again = Instant::now() + pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if !self.wait(again).await {
                break;
            }
        }
        for (_, order) in std::mem::take(&mut self.pending) {
            order.fail(RequestFailure::NoAnswer);
        }
    }

    /// Until it is time to connect again; false = asked to stop.
    async fn wait(&mut self, again: Instant) -> bool {
        loop {
            let expiry = self.pending.values().map(|order| order.until).min();
            tokio::select! {
                () = tokio::time::sleep_until(again) => return true,
                () = self.node.stop.notified() => return false,
                () = tokio::time::sleep_until(expiry.unwrap_or(again)) => self.expire(),
                order = self.orders.recv() => match order {
                    Some(order) => order.fail(RequestFailure::NotConnected),
                    None => return false,
                },
            }
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        let late = self.pending.iter().filter(|(_, order)| order.until <= now);
        let late: Vec<u32> = late.map(|(id, _)| *id).collect();
        for id in late {
            if let Some(order) = self.pending.remove(&id) {
                order.fail(RequestFailure::NoAnswer);
            }
        }
    }

    fn next_hop_by_hop(&mut self) -> u32 {
        self.hop_by_hop = self.hop_by_hop.wrapping_add(1);
        self.hop_by_hop
    }

    /// Connects and exchanges capabilities; gives what arrived behind the answer, too.
    async fn open(&mut self) -> io::Result<(TcpStream, Framer)> {
        let node = self.node.clone();
        let hop_by_hop = self.next_hop_by_hop();
        let opening = async {
            let mut stream = connect(&node.config.peer, node.config.transport).await?;
            let own = node.identity.capabilities(stream.local_addr()?.ip());
            let command = Command::CAPABILITIES_EXCHANGE;
            let mut request = node.identity.neighbour_request(command, own);
            request.hop_by_hop = hop_by_hop;
            let edge = &node.config.edge;
            edge.write(&mut stream, &edge.diameter(request.to_octets()))
                .await?;
            let mut framer = Framer::default();
            let answer = read_message(&mut stream, &mut framer).await?;
            if answer.is_request() || answer.command != command {
                return Err(broken(format!("{} instead of CEA", answer.name())));
            }
            let agreed = answer.result().is_some_and(ResultCode::is_success);
            if !agreed || !has_common_application(&answer) {
                return Err(broken("the peer does not take part".into()));
            }
            if let Some(realm) = answer.text(name::ORIGIN_REALM) {
                node.identity.learn_destination(realm);
            }
            Ok((stream, framer))
        };
        tokio::time::timeout(OPENING, opening)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// One open connection.
struct Connection {
    stream: TcpStream,
    edge: Edge,
    heard: Instant,
    /// A DWR is out.
    asked: bool,
    answers: mpsc::UnboundedSender<Message>,
    owed: mpsc::UnboundedReceiver<Message>,
}

impl Connection {
    fn new(stream: TcpStream, edge: Edge) -> Self {
        // Unbounded in type; bounded in fact by the requests the peer has sent.
        let (answers, owed) = mpsc::unbounded_channel();
        Self {
            stream,
            edge,
            heard: Instant::now(),
            asked: false,
            answers,
            owed,
        }
    }

    async fn serve(mut self, keeper: &mut Keeper, mut framer: Framer) -> Ended {
        match self.run(keeper, &mut framer).await {
            Ok(()) => {
                self.disconnect(keeper, &mut framer).await;
                Ended::Stopped
            }
            Err(error) => Ended::Lost(error),
        }
    }

    /// `Ok` = asked to stop.
    async fn run(&mut self, keeper: &mut Keeper, framer: &mut Framer) -> io::Result<()> {
        self.send_again(keeper).await?;
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut chunk = vec![0; 16 * 1024];
        loop {
            while let Some(frame) = framer.next_frame() {
                let octets = frame.map_err(|e| broken(e.to_string()))?;
                self.receive(&octets, keeper).await?;
            }
            let room = keeper.pending.len() < WINDOW;
            tokio::select! {
                count = self.stream.read(&mut chunk) => {
                    let count = count?;
                    if count == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.heard = Instant::now();
                    self.asked = false;
                    framer.push(&chunk[..count]);
                }
                Some(answer) = self.owed.recv() => self.write(&answer).await?,
                order = keeper.orders.recv(), if room => match order {
                    Some(order) => self.order(order, keeper).await?,
                    None => return Ok(()),
                },
                () = keeper.node.stop.notified() => return Ok(()),
                _ = tick.tick() => self.tick(keeper).await?,
            }
        }
    }

    async fn write(&mut self, message: &Message) -> io::Result<()> {
        let octets = self.edge.diameter(message.to_octets());
        self.edge.write(&mut self.stream, &octets).await
    }

    async fn order(&mut self, mut order: Order, keeper: &mut Keeper) -> io::Result<()> {
        order.request.hop_by_hop = keeper.next_hop_by_hop();
        let octets = self.edge.diameter(order.request.to_octets());
        keeper.pending.insert(order.request.hop_by_hop, order);
        self.edge.write(&mut self.stream, &octets).await
    }

    /// What an earlier connection left without answer (RFC 6733 section 5.5.4): same end-to-end identifier, T flag.
    async fn send_again(&mut self, keeper: &mut Keeper) -> io::Result<()> {
        keeper.expire();
        for (_, mut order) in std::mem::take(&mut keeper.pending) {
            order.request.flags = order.request.flags.with(Flags::RETRANSMITTED);
            self.order(order, keeper).await?;
        }
        Ok(())
    }

    async fn tick(&mut self, keeper: &mut Keeper) -> io::Result<()> {
        keeper.expire();
        let silence = self.heard.elapsed();
        let watchdog = keeper.node.config.watchdog;
        if silence >= watchdog * 2 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if silence >= watchdog && !self.asked {
            self.asked = true;
            self.neighbour(keeper, Command::DEVICE_WATCHDOG, Vec::new())
                .await?;
        }
        Ok(())
    }

    async fn neighbour(
        &mut self,
        keeper: &mut Keeper,
        command: Command,
        avps: Vec<Avp>,
    ) -> io::Result<()> {
        let mut request = keeper.node.identity.neighbour_request(command, avps);
        request.hop_by_hop = keeper.next_hop_by_hop();
        self.write(&request).await
    }

    async fn receive(&mut self, octets: &[u8], keeper: &mut Keeper) -> io::Result<()> {
        let message = Message::parse(octets).map_err(|e| broken(e.to_string()))?;
        if !message.is_request() {
            if let Some(order) = keeper.pending.remove(&message.hop_by_hop) {
                order.reply.send(Ok(message)).ok();
            }
            return Ok(());
        }
        if message.application != application::BASE {
            services::serve(&keeper.node, message, self.answers.clone());
            return Ok(());
        }
        let identity = &keeper.node.identity;
        let success = ResultCode::Base(result::SUCCESS);
        let (result, avps) = match message.command {
            Command::DEVICE_WATCHDOG | Command::DISCONNECT_PEER => (success, Vec::new()),
            Command::CAPABILITIES_EXCHANGE => (
                success,
                identity.capabilities(self.stream.local_addr()?.ip()),
            ),
            _ => (ResultCode::Base(result::COMMAND_UNSUPPORTED), Vec::new()),
        };
        let answer = identity.answer(&message, result, avps);
        self.write(&answer).await?;
        if message.command == Command::DISCONNECT_PEER {
            return Err(broken("the peer takes its leave".into()));
        }
        Ok(())
    }

    /// Gives the answers owed, takes leave and waits a moment for the answer.
    async fn disconnect(&mut self, keeper: &mut Keeper, framer: &mut Framer) {
        while let Ok(answer) = self.owed.try_recv() {
            if self.write(&answer).await.is_err() {
                return;
            }
        }
        let cause = vec![Avp::number(name::DISCONNECT_CAUSE, REBOOTING)];
        let sent = self
            .neighbour(keeper, Command::DISCONNECT_PEER, cause)
            .await;
        if sent.is_err() {
            return;
        }
        let answered = async {
            while let Ok(message) = read_message(&mut self.stream, framer).await {
                if message.command == Command::DISCONNECT_PEER && !message.is_request() {
                    return;
                }
            }
        };
        if tokio::time::timeout(CLOSING, answered).await.is_err() {
            tracing::debug!("the peer did not answer DPR");
        }
    }
}

async fn read_message(stream: &mut TcpStream, framer: &mut Framer) -> io::Result<Message> {
    loop {
        if let Some(frame) = framer.next_frame() {
            return frame
                .and_then(|octets| Message::parse(&octets))
                .map_err(|e| broken(e.to_string()));
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        framer.push(&chunk[..count]);
    }
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
