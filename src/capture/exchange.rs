//! The exchange: the message centre of one carriage with its listener, its connections to the system and the SMS handsets behind it.
//!
//! One for a whole run; every test case attaches handsets with numbers of its own and gets the messages of these numbers into its own
//! capture. More than 400 lines: the handle, the handsets and the task with the sockets are the three ends of one thing.
//! Here are the sockets; what the octets mean is known to `switchboard`.
use super::centre::Centre;
use super::endpoint::panic_text;
use super::flow::{Flow, Report, Tasks, dial};
use super::switchboard::Switchboard;
use super::tls::{self, Stream, Tls};
use super::{CaptureError, RunClock, Tap, sctp};
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::handset::{HandsetError, ShortText};
use crate::peer::home_subscriber_server::SubscriberData;
use crate::peer::ue::UeCommand;
use crate::peer::{Channel, FlowId};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{sleep, sleep_until, timeout};

const ACCEPTED_FROM: u64 = 1 << 32;
const QUEUED_REPORTS: usize = 64;
/// Time between two attempts to connect.
const REDIAL: Duration = Duration::from_secs(1);
/// After this long `stop` gives the exchange up.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// What was written before a stop may still leave for this long.
const DRAIN_LIMIT: Duration = Duration::from_millis(500);

/// A cheap handle; clones mean the same exchange. It ends when it is stopped or the last handle is dropped.
#[derive(Clone)]
pub struct Exchange {
    shared: Arc<Shared>,
    address: SocketAddr,
    bound: watch::Receiver<bool>,
    running: Arc<Mutex<Option<Running>>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), CaptureError>>,
}

struct Shared {
    switchboard: Mutex<Switchboard>,
    /// The switchboard was told something by another than the sockets' task.
    poke: Notify,
}

impl Shared {
    fn switchboard(&self) -> MutexGuard<'_, Switchboard> {
        self.switchboard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tell<R>(&self, what: impl FnOnce(&mut Switchboard) -> R) -> R {
        let told = what(&mut self.switchboard());
        self.poke.notify_one();
        told
    }
}

impl Exchange {
    /// Listens where the configuration of the carriage says. `run_tap` gets every octet of every connection of the system.
    pub async fn start(config: impl Into<Centre>, run_tap: Tap) -> Result<Self, CaptureError> {
        Self::start_over(config, None, run_tap).await
    }

    /// The same; with `tls`, every connection is inside TLS and the tap gets what TLS protects.
    pub async fn start_over(
        config: impl Into<Centre>,
        tls: Option<Tls>,
        run_tap: Tap,
    ) -> Result<Self, CaptureError> {
        let config: Centre = config.into();
        let listen = config.listen();
        let broken = |source| CaptureError::Bind {
            what: match config {
                Centre::Smpp(_) => "SMPP",
                Centre::Diameter(_) => "Diameter",
            },
            address: listen,
            source,
        };
        let channel = config.channel();
        let listener = match config.is_over_sctp() {
            true => sctp::listen(listen).map_err(|error| match error.kind() {
                io::ErrorKind::Unsupported => CaptureError::NoSctp(error),
                _ => broken(error),
            })?,
            false => TcpListener::bind(listen).await.map_err(broken)?,
        };
        let address = listener.local_addr().map_err(broken)?;
        let clock = RunClock::start();
        let switchboard = Switchboard::new(config, clock, run_tap);
        let bound = switchboard.bound.subscribe();
        let shared = Arc::new(Shared {
            switchboard: Mutex::new(switchboard),
            poke: Notify::new(),
        });
        let (reports, reported) = mpsc::channel(QUEUED_REPORTS);
        let driver = Driver {
            shared: Arc::clone(&shared),
            clock,
            channel,
            tls,
            listener,
            reports,
            reported,
            tasks: Tasks::default(),
            next_flow: ACCEPTED_FROM,
            panicked: None,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(driver.run(stopped));
        Ok(Self {
            shared,
            address,
            bound,
            running: Arc::new(Mutex::new(Some(Running { stop, task }))),
        })
    }

    /// Connects to the system, and tries again every second until a connection stands. The system may connect all the same.
    pub fn dial(&self, to: SocketAddr) {
        self.shared.tell(|s| s.dialling.push(to));
    }

    /// Where the system under test connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// True as soon as messages can go both ways: a transceiver is bound, or a transmitter and a receiver; or capabilities are exchanged.
    pub async fn bound(&self, within: Duration) -> bool {
        let mut bound = self.bound.clone();
        let waited = timeout(within, bound.wait_for(|both| *both)).await;
        matches!(waited, Ok(Ok(_)))
    }

    /// Host and realm that the Diameter node at the other end has said are its own.
    pub fn peer(&self) -> Option<(String, String)> {
        self.shared.switchboard().peer.clone()
    }

    /// A handset at `number` (`+E.164`). The PDUs of that number go into `tap` until the last clone of the handset is dropped.
    pub fn attach(&self, number: &str, tap: Tap, behaviour: HandsetBehaviour) -> Handset {
        let (generation, arrived) = self.shared.tell(|s| s.attach(number, tap, behaviour));
        Handset {
            attachment: Arc::new(Attachment {
                shared: Arc::clone(&self.shared),
                number: number.to_owned(),
                generation,
                arrived,
            }),
        }
    }

    /// The HSS holds these data of a CPM user from now on; messages about them go into `tap`. False on a carriage without HSS.
    pub fn hold(&self, number: &str, tap: Tap, data: SubscriberData) -> bool {
        self.shared.tell(|s| s.hold(number, tap, data))
    }

    /// The HSS forgets a CPM user.
    pub fn release(&self, number: &str) {
        self.shared.tell(|s| s.release(number));
    }

    /// The HSS tells the system what it holds of a CPM user (PNR of Sh).
    pub fn push(&self, number: &str) {
        self.shared.tell(|s| s.push(number));
    }

    /// Ends every session with unbind; connections close after the responses.
    pub fn unbind(&self) {
        self.shared.tell(Switchboard::unbind);
    }

    /// Closes every ESME connection, with a reset if `abort`. New ones are still accepted.
    pub fn disconnect(&self, abort: bool) {
        self.shared.tell(|s| s.disconnect(abort));
    }

    /// What a message centre would have logged since the last call: refused binds, short messages to unknown numbers, malformed PDUs.
    pub fn take_notes(&self) -> Vec<String> {
        self.shared.switchboard().take_notes()
    }

    /// RFC 6733 section 5.4: a node says that it goes, and waits a moment to be heard.
    async fn take_leave(&self) {
        if self.shared.switchboard().takes_leave() {
            self.unbind();
            let mut bound = self.bound.clone();
            let gone = timeout(DRAIN_LIMIT, bound.wait_for(|both| !*both));
            if gone.await.is_err() {
                tracing::debug!("the peer does not answer DPR");
            }
        }
    }

    /// Closes listener and connections and joins every task. Does nothing if it has been stopped before.
    pub async fn stop(self) -> Result<(), CaptureError> {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Running { stop, task }) = running else {
            return Ok(());
        };
        self.take_leave().await;
        if stop.send(()).is_err() {
            tracing::debug!("exchange had already ended");
        }
        let abort = task.abort_handle();
        match timeout(STOP_LIMIT, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(CaptureError::PeerPanicked(panic_text(error))),
            Err(_) => {
                abort.abort();
                Err(CaptureError::PeerHangs(STOP_LIMIT.as_secs()))
            }
        }
    }
}

/// An SMS user's handset. Clones mean the same handset; dropping the last one detaches it.
#[derive(Clone)]
pub struct Handset {
    attachment: Arc<Attachment>,
}

struct Attachment {
    shared: Arc<Shared>,
    number: String,
    generation: u64,
    arrived: watch::Receiver<usize>,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.shared
            .switchboard()
            .detach(&self.number, self.generation);
    }
}

impl Handset {
    pub fn number(&self) -> &str {
        &self.attachment.number
    }

    /// From now on it is an SMSIP UE: what is written on it is submitted by that.
    pub fn over_ip(&self, terminal: mpsc::UnboundedSender<UeCommand>) {
        let number = &self.attachment.number;
        let shared = &self.attachment.shared;
        shared.tell(|s| s.terminal(number, terminal));
    }

    /// Sends to the number the last short message came from. If none has come, `complaints` says so.
    pub fn answer(&self, text: &str) {
        let number = &self.attachment.number;
        let shared = &self.attachment.shared;
        shared.tell(|s| s.write(number, |handset| handset.answer(text)));
    }

    /// Sends to a number, `+E.164` or digits.
    pub fn send(&self, to: &str, text: &str) {
        let number = &self.attachment.number;
        let shared = &self.attachment.shared;
        shared.tell(|s| s.write(number, |handset| handset.send(to, text)));
    }

    /// The service centre reports on short messages to this handset that asked for it while `receipt` was `None`: by place among them
    /// (0 = first; parts count) and TP-ST, in this order.
    pub fn report(&self, reports: &[(usize, u8)]) {
        let number = &self.attachment.number;
        let shared = &self.attachment.shared;
        shared.tell(|s| s.report(number, reports));
    }

    /// How many short messages there are that `report` can mean.
    pub fn reports_owed(&self) -> usize {
        let mut switchboard = self.attachment.shared.switchboard();
        switchboard
            .handset(&self.attachment.number, |handset| handset.reports_owed())
            .unwrap_or(0)
    }

    /// From the next short message on.
    pub fn behave(&self, behaviour: HandsetBehaviour) {
        let number = &self.attachment.number;
        let shared = &self.attachment.shared;
        shared.tell(|s| s.handset(number, |handset| handset.behave(behaviour)));
    }

    /// Changes some of its behaviour; what a personality has set otherwise stays.
    pub fn adjust(&self, change: impl FnOnce(&mut HandsetBehaviour)) {
        let number = &self.attachment.number;
        self.attachment.shared.tell(|s| {
            s.handset(number, |handset| {
                let mut behaviour = handset.behaviour().clone();
                change(&mut behaviour);
                handset.behave(behaviour);
            })
        });
    }

    /// The number the last whole short message came from, `+` in front if it was given as international.
    pub fn last_sender(&self) -> Option<String> {
        let mut switchboard = self.attachment.shared.switchboard();
        switchboard
            .handset(&self.attachment.number, |handset| handset.last_sender())
            .flatten()
    }

    /// Whole short messages the handset has shown, oldest first. For stimulating, not for judging: that is the capture's.
    pub fn received(&self) -> Vec<ShortText> {
        let mut switchboard = self.attachment.shared.switchboard();
        switchboard
            .handset(&self.attachment.number, |handset| {
                handset.received().cloned().collect()
            })
            .unwrap_or_default()
    }

    /// Waits until the handset has shown at least `count` whole short messages.
    pub async fn has_received(&self, count: usize, within: Duration) -> bool {
        let mut arrived = self.attachment.arrived.clone();
        let waited = timeout(within, arrived.wait_for(|shown| *shown >= count)).await;
        matches!(waited, Ok(Ok(_)))
    }

    /// What it was told to do and could not.
    pub fn complaints(&self) -> Vec<HandsetError> {
        let switchboard = self.attachment.shared.switchboard();
        switchboard.complaints(&self.attachment.number)
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Handset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handset")
            .field("number", &self.attachment.number)
            .finish_non_exhaustive()
    }
}

/// The task that has the sockets.
struct Driver {
    shared: Arc<Shared>,
    clock: RunClock,
    channel: Channel,
    tls: Option<Tls>,
    listener: TcpListener,
    reports: mpsc::Sender<Report>,
    reported: mpsc::Receiver<Report>,
    tasks: Tasks,
    next_flow: u64,
    panicked: Option<String>,
}

impl Driver {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Result<(), CaptureError> {
        loop {
            self.close_what_is_to_be_closed();
            self.dial_what_is_to_be_dialled(Duration::ZERO);
            let wake_at = self.shared.switchboard().wake_at();
            let wake_at = wake_at.map(|time| self.clock.instant(time));
            tokio::select! {
                _ = &mut stopped => break,
                accepted = self.listener.accept() => self.accepted(accepted).await,
                Some(report) = self.reported.recv() => self.report(report),
                Some(ended) = self.tasks.writers.join_next() => self.joined(ended),
                Some(ended) = self.tasks.others.join_next() => self.joined(ended),
                () = self.shared.poke.notified() => {}
                () = async {
                    match wake_at {
                        Some(at) => sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                } => self.shared.switchboard().wake(),
            }
        }
        self.end().await
    }

    async fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, from)) => match self.tls.clone() {
                Some(tls) => self.shake_hands(tls, stream, from),
                None => self.opened(Stream::Plain(stream), false),
            },
            Err(error) => {
                let note = format!("a connection could not be accepted: {error}");
                self.shared.switchboard().note(note);
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Nobody else waits for a slow handshake.
    fn shake_hands(&mut self, tls: Tls, stream: TcpStream, from: SocketAddr) {
        let reports = self.reports.clone();
        self.tasks.others.spawn(async move {
            let outcome = tls::ready(Some(&tls), stream).await;
            // The exchange has stopped when nobody takes the report.
            drop(reports.send(Report::Accepted { from, outcome }).await);
        });
    }

    fn opened(&mut self, stream: Stream, dialled: bool) {
        let mut switchboard = self.shared.switchboard();
        if !switchboard.has_room() {
            switchboard.note("a connection too many was closed".to_owned());
            return;
        }
        let id = FlowId(self.next_flow);
        self.next_flow += 1;
        match Flow::open(id, self.channel, stream, &self.reports, &mut self.tasks) {
            Ok(flow) => switchboard.opened(id, flow, dialled),
            Err(error) => switchboard.note(format!("a connection broke at once: {error}")),
        }
    }

    fn dial_what_is_to_be_dialled(&mut self, after: Duration) {
        let dialling = std::mem::take(&mut self.shared.switchboard().dialling);
        for to in dialling {
            let (reports, channel) = (self.reports.clone(), self.channel);
            let tls = self.tls.clone();
            self.tasks.others.spawn(async move {
                sleep(after).await;
                dial(FlowId(0), channel, None, tls.as_ref(), to, reports).await;
            });
        }
    }

    fn connected(&mut self, to: SocketAddr, outcome: io::Result<Stream>) {
        match outcome {
            Ok(stream) => self.opened(stream, true),
            Err(error) => {
                let mut switchboard = self.shared.switchboard();
                switchboard.note(format!("{to} does not take a connection: {error}"));
                switchboard.dialling.push(to);
                drop(switchboard);
                self.dial_what_is_to_be_dialled(REDIAL);
            }
        }
    }

    fn shaken(&mut self, from: SocketAddr, outcome: io::Result<Stream>) {
        match outcome {
            Ok(stream) => self.opened(stream, false),
            Err(error) => {
                let note = format!("a connection from {from} was given up: {error}");
                self.shared.switchboard().note(note);
            }
        }
    }

    fn report(&mut self, report: Report) {
        let report = match report {
            Report::Connected { to, outcome, .. } => return self.connected(to, outcome),
            Report::Accepted { from, outcome } => return self.shaken(from, outcome),
            other => other,
        };
        let mut switchboard = self.shared.switchboard();
        match report {
            Report::Octets { flow, octets } => switchboard.octets(flow, octets),
            Report::Ended { flow, reset } => switchboard.ended(flow, reset),
            Report::WriteFailed { flow } => switchboard.write_failed(flow),
            Report::Connected { .. } | Report::Accepted { .. } => {}
        }
    }

    fn joined(&mut self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            self.panicked.get_or_insert(panic_text(error));
        }
    }

    fn close_what_is_to_be_closed(&mut self) {
        let closing = std::mem::take(&mut self.shared.switchboard().closing);
        for (flow, abort) in closing {
            if abort {
                flow.reset();
            } else {
                flow.finish(&mut self.tasks);
            }
        }
    }

    /// Closes every connection in order and lets what was written leave.
    async fn end(mut self) -> Result<(), CaptureError> {
        self.shared.switchboard().disconnect(false);
        self.close_what_is_to_be_closed();
        self.reported.close();
        let drained = timeout(DRAIN_LIMIT, async {
            while let Some(ended) = self.tasks.writers.join_next().await {
                if let Err(error) = ended
                    && error.is_panic()
                {
                    self.panicked.get_or_insert(panic_text(error));
                }
            }
        });
        if drained.await.is_err() {
            tracing::debug!("the ESME did not read what was written last");
        }
        self.tasks.writers.shutdown().await;
        self.tasks.others.shutdown().await;
        match self.panicked {
            Some(text) => Err(CaptureError::PeerPanicked(text)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "exchange_diameter_tests.rs"]
mod diameter_tests;

#[cfg(test)]
#[path = "exchange_role_tests.rs"]
mod role_tests;
