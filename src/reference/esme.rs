//! The gateway's way to short messages: an ESME bound as transceiver to an SMSC (SMPP 3.4 sections 2.2 and 4.1).
//!
//! Responsible for the bind and its renewal with back-off, enquire_link, the window of outstanding submissions, and matching responses
//! by sequence number. What a deliver_sm is answered with, and when, is its receiver's decision. `mapping` translates.

mod connection;
pub mod mapping;
pub mod tls;

use super::edge::Edge;
use super::short_message::{
    Arrival, OutgoingShortMessage, ReportReference, Submission, SubmitFailure,
};
use crate::wire::smpp::{Bind, BindKind, Body, CommandId, DefaultAlphabet, Framer, Pdu, status};
use connection::{Connection, Ended};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tls::{Stream, Tls};
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Settings of the ESME.
#[derive(Debug, Clone)]
pub struct EsmeConfig {
    /// `host:port` of the SMSC.
    pub smsc: String,
    pub system_id: String,
    pub password: String,
    /// Submissions outstanding at once.
    pub window: usize,
    /// Wait for a response before the submission counts as failed.
    pub response_timeout: Duration,
    /// Silence after which an enquire_link is sent; twice that without anything received ends the connection.
    pub enquire_interval: Duration,
    /// What data_coding 0 is at this SMSC.
    pub default_alphabet: DefaultAlphabet,
    /// The SMSC takes binds inside TLS.
    pub tls: Option<Tls>,
    /// What happens to what is sent.
    pub edge: Edge,
}

/// The same on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DataCodingZero {
    #[default]
    Gsm7,
    Gsm7Packed,
    Latin1,
}

impl From<DataCodingZero> for DefaultAlphabet {
    fn from(value: DataCodingZero) -> Self {
        match value {
            DataCodingZero::Gsm7 => Self::Gsm7,
            DataCodingZero::Gsm7Packed => Self::Gsm7Packed,
            DataCodingZero::Latin1 => Self::Latin1,
        }
    }
}

impl EsmeConfig {
    pub fn new(smsc: &str, system_id: &str, password: &str) -> Self {
        Self {
            smsc: smsc.to_owned(),
            system_id: system_id.to_owned(),
            password: password.to_owned(),
            window: 512,
            response_timeout: Duration::from_secs(30),
            enquire_interval: Duration::from_secs(30),
            default_alphabet: DefaultAlphabet::Gsm7,
            tls: None,
            edge: Edge::Plain,
        }
    }
}

type Outcome = Result<ReportReference, SubmitFailure>;

struct Order {
    message: OutgoingShortMessage,
    result: oneshot::Sender<Outcome>,
}

/// A running ESME; clones are the same one.
#[derive(Clone)]
pub struct Esme {
    orders: mpsc::Sender<Order>,
    bound: Arc<AtomicBool>,
    stop: Arc<tokio::sync::Notify>,
    task: Arc<std::sync::Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl Esme {
    /// Connects and keeps connected until `stop`. What the SMSC delivers arrives on the channel.
    pub fn start(config: EsmeConfig) -> (Esme, mpsc::Receiver<Arrival>) {
        let (orders, order_queue) = mpsc::channel(4096);
        let (arrivals, arrived) = mpsc::channel(4096);
        let bound = Arc::new(AtomicBool::new(false));
        let stop = Arc::new(tokio::sync::Notify::new());
        let keeper = Keeper {
            config,
            orders: order_queue,
            arrivals,
            bound: bound.clone(),
            stop: stop.clone(),
        };
        let task = tokio::spawn(keeper.keep_bound());
        let esme = Esme {
            orders,
            bound,
            stop,
            task: Arc::new(std::sync::Mutex::new(Some(task))),
        };
        (esme, arrived)
    }

    pub fn is_bound(&self) -> bool {
        self.bound.load(Ordering::Acquire)
    }

    /// Queues a submission; submissions are sent in the order of these calls.
    pub fn submit(&self, message: OutgoingShortMessage) -> Submission {
        let (result, submission) = oneshot::channel();
        if let Err(refused) = self.orders.try_send(Order { message, result }) {
            let order = match refused {
                mpsc::error::TrySendError::Full(order) => order,
                mpsc::error::TrySendError::Closed(order) => order,
            };
            order.result.send(Err(SubmitFailure::NotConnected)).ok();
        }
        submission
    }

    /// Unbinds and closes.
    pub async fn stop(&self) {
        self.stop.notify_one();
        let task = self.task.lock().ok().and_then(|mut task| task.take());
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the ESME ended badly");
        }
    }
}

/// The task that owns the connection, one after the other.
struct Keeper {
    config: EsmeConfig,
    orders: mpsc::Receiver<Order>,
    arrivals: mpsc::Sender<Arrival>,
    bound: Arc<AtomicBool>,
    stop: Arc<tokio::sync::Notify>,
}

impl Keeper {
    async fn keep_bound(mut self) {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.connect().await {
                Ok((connection, read_ahead)) => {
                    pause = Duration::from_millis(100);
                    self.bound.store(true, Ordering::Release);
                    tracing::info!(smsc = %self.config.smsc, "bound");
                    let ended = Connection::new(connection, &self.config)
                        .serve(&mut self, read_ahead)
                        .await;
                    self.bound.store(false, Ordering::Release);
                    match ended {
                        Ended::Stopped => return,
                        Ended::Lost(error) => tracing::warn!(%error, "connection to the SMSC lost"),
                    }
                }
                Err(error) => tracing::warn!(%error, smsc = %self.config.smsc, "cannot bind"),
            }
            let again = Instant::now() + pause;
            pause = (pause * 2).min(Duration::from_secs(5));
            loop {
                tokio::select! {
                    () = tokio::time::sleep_until(again) => break,
                    () = self.stop.notified() => return,
                    order = self.orders.recv() => match order {
                        Some(order) => { order.result.send(Err(SubmitFailure::NotConnected)).ok(); }
                        None => return,
                    },
                }
            }
        }
    }

    /// Connects and binds; gives what arrived behind the bind response, too.
    async fn connect(&self) -> io::Result<(Stream, Framer)> {
        let timeout = Duration::from_secs(5);
        tokio::time::timeout(timeout, async {
            let mut stream = tls::connect(&self.config.smsc, self.config.tls.as_ref()).await?;
            let bind = Bind {
                system_id: self.config.system_id.clone(),
                password: self.config.password.clone(),
                interface_version: 0x34,
                ..Bind::default()
            };
            let body = Body::Bind(BindKind::Transceiver, bind);
            let request = Pdu::new(CommandId::BIND_TRANSCEIVER, status::OK, 1, body);
            self.config
                .edge
                .write(&mut stream, &request.to_octets())
                .await?;
            let mut framer = Framer::default();
            loop {
                let pdu = read_pdu(&mut stream, &mut framer).await?;
                if pdu.command != CommandId::BIND_TRANSCEIVER.response() {
                    continue;
                }
                if pdu.status != status::OK {
                    return Err(broken(format!(
                        "bind refused with status {:#x}",
                        pdu.status
                    )));
                }
                return Ok((stream, framer));
            }
        })
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn read_pdu(stream: &mut Stream, framer: &mut Framer) -> io::Result<Pdu> {
    loop {
        if let Some(frame) = framer.next_frame() {
            return frame
                .and_then(|octets| Pdu::parse(&octets))
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
