//! One bound SMPP connection: window, matching of responses, enquire_link, deliveries, unbind.
//!
//! Binding and renewal belong to the parent; this ends when the connection does.

use super::tls::Stream;
use super::{EsmeConfig, Keeper, Order, Outcome, broken, mapping, read_pdu};
use crate::reference::edge::Edge;
use crate::reference::short_message::{DeliveryAnswer, Handover, ReportReference, SubmitFailure};
use crate::wire::smpp::{Body, CommandId, DefaultAlphabet, Framer, Pdu, status};
use std::collections::HashMap;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Why one connection ended.
pub(super) enum Ended {
    Stopped,
    Lost(io::Error),
}

type Pending = (Instant, oneshot::Sender<Outcome>);

/// One bound connection.
pub(super) struct Connection {
    stream: Stream,
    pending: HashMap<u32, Pending>,
    sequence: u32,
    heard: Instant,
    enquired: bool,
    responses: mpsc::UnboundedSender<Pdu>,
    owed: mpsc::UnboundedReceiver<Pdu>,
    default_alphabet: DefaultAlphabet,
    edge: Edge,
}

impl Connection {
    pub(super) fn new(stream: Stream, config: &EsmeConfig) -> Self {
        // Unbounded in type; bounded in fact by the deliveries the receiving side holds.
        let (responses, owed) = mpsc::unbounded_channel();
        Self {
            stream,
            pending: HashMap::new(),
            sequence: 1,
            heard: Instant::now(),
            enquired: false,
            responses,
            owed,
            default_alphabet: config.default_alphabet,
            edge: config.edge.clone(),
        }
    }

    pub(super) async fn serve(mut self, keeper: &mut Keeper, mut framer: Framer) -> Ended {
        let ended = match self.run(keeper, &mut framer).await {
            Ok(()) => {
                self.unbind().await;
                Ended::Stopped
            }
            Err(error) => Ended::Lost(error),
        };
        for (_, (_, result)) in self.pending.drain() {
            result.send(Err(SubmitFailure::NoResponse)).ok();
        }
        ended
    }

    /// `Ok` = asked to stop.
    async fn run(&mut self, keeper: &mut Keeper, framer: &mut Framer) -> io::Result<()> {
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut chunk = vec![0; 16 * 1024];
        loop {
            while let Some(frame) = framer.next_frame() {
                let octets = frame.map_err(|e| broken(e.to_string()))?;
                self.receive(&octets, keeper).await?;
            }
            let room = self.pending.len() < keeper.config.window;
            tokio::select! {
                count = self.stream.read(&mut chunk) => {
                    let count = count?;
                    if count == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    self.heard = Instant::now();
                    self.enquired = false;
                    framer.push(&chunk[..count]);
                }
                Some(response) = self.owed.recv() => {
                    self.say(response).await?;
                }
                order = keeper.orders.recv(), if room => match order {
                    Some(order) => self.submit(order).await?,
                    None => return Ok(()),
                },
                () = keeper.stop.notified() => return Ok(()),
                _ = tick.tick() => self.tick(&keeper.config).await?,
            }
        }
    }

    async fn submit(&mut self, order: Order) -> io::Result<()> {
        self.sequence = self.sequence % 0x7fff_ffff + 1;
        let (mut message, mut tlvs) = (mapping::to_pdu(order.message), Vec::new());
        self.default_alphabet.write(&mut message, &mut tlvs);
        let body = Body::ShortMessage(Box::new(message));
        let mut pdu = Pdu::new(CommandId::SUBMIT_SM, status::OK, self.sequence, body);
        pdu.tlvs = tlvs;
        if self.edge.enquires_before(&pdu.to_octets()) {
            // The response to it tells nobody anything.
            self.enquire(self.sequence).await?;
            self.sequence = self.sequence % 0x7fff_ffff + 1;
            pdu.sequence = self.sequence;
        }
        self.pending
            .insert(self.sequence, (Instant::now(), order.result));
        self.say(pdu).await
    }

    async fn enquire(&mut self, sequence: u32) -> io::Result<()> {
        let command = CommandId::ENQUIRE_LINK;
        let enquiry = Pdu::new(command, status::OK, sequence, Body::Empty);
        self.say(enquiry).await
    }

    async fn say(&mut self, pdu: Pdu) -> io::Result<()> {
        let octets = self.edge.smpp(pdu.to_octets());
        self.edge.write(&mut self.stream, &octets).await
    }

    async fn tick(&mut self, config: &EsmeConfig) -> io::Result<()> {
        let now = Instant::now();
        let late: Vec<u32> = self
            .pending
            .iter()
            .filter(|(_, (since, _))| now - *since >= config.response_timeout)
            .map(|(sequence, _)| *sequence)
            .collect();
        for sequence in late {
            if let Some((_, result)) = self.pending.remove(&sequence) {
                result.send(Err(SubmitFailure::NoResponse)).ok();
            }
        }
        let silence = now - self.heard;
        if silence >= config.enquire_interval * 2 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if silence >= config.enquire_interval && !self.enquired {
            self.enquired = true;
            self.sequence = self.sequence % 0x7fff_ffff + 1;
            self.enquire(self.sequence).await?;
        }
        Ok(())
    }

    async fn receive(&mut self, octets: &[u8], keeper: &Keeper) -> io::Result<()> {
        let pdu = match Pdu::parse(octets) {
            Ok(pdu) => pdu,
            Err(error) => {
                tracing::warn!(%error, "a PDU that cannot be read");
                let code = status::INVALID_COMMAND_LENGTH;
                return self.send(CommandId::GENERIC_NACK, code, 0).await;
            }
        };
        match pdu.command {
            CommandId::DELIVER_SM | CommandId::DATA_SM => return self.delivered(pdu, keeper),
            CommandId::ENQUIRE_LINK => {
                let response = pdu.command.response();
                return self.send(response, status::OK, pdu.sequence).await;
            }
            CommandId::UNBIND => {
                let response = pdu.command.response();
                self.send(response, status::OK, pdu.sequence).await?;
                return Err(broken("the SMSC has unbound".into()));
            }
            command if !command.is_response() => {
                let code = status::INVALID_COMMAND_ID;
                return self.send(CommandId::GENERIC_NACK, code, pdu.sequence).await;
            }
            _ => {}
        }
        if let Some((_, result)) = self.pending.remove(&pdu.sequence) {
            let outcome = match pdu.body {
                Body::MessageId(id) if pdu.status == status::OK => {
                    Ok(ReportReference(id.unwrap_or_default()))
                }
                _ if pdu.status == status::OK => Err(mapping::failure(status::SYSTEM_ERROR)),
                _ => Err(mapping::failure(pdu.status)),
            };
            result.send(outcome).ok();
        }
        Ok(())
    }

    fn delivered(&mut self, pdu: Pdu, keeper: &Keeper) -> io::Result<()> {
        let (command, sequence) = (pdu.command.response(), pdu.sequence);
        let responses = self.responses.clone();
        let respond = move |code| {
            let body = Body::MessageId(Some(String::new()));
            // A connection that is gone meanwhile wants no response.
            responses.send(Pdu::new(command, code, sequence, body)).ok();
        };
        let mut tlvs = pdu.tlvs;
        let (Body::ShortMessage(mut message) | Body::Data(mut message)) = pdu.body else {
            respond(status::INVALID_MESSAGE_LENGTH);
            return Ok(());
        };
        let answer = DeliveryAnswer::new(move |given, _| respond(mapping::command_status(given)));
        self.default_alphabet.read(&mut message, &mut tlvs);
        match mapping::arrival(&message, &tlvs, answer) {
            Ok(Some(arrival)) => {
                // An arrival that finds no room is dropped, and so answered as congestion.
                if keeper.arrivals.try_send(arrival).is_err() {
                    tracing::warn!("more short messages than can be taken");
                }
            }
            Ok(None) => {}
            Err((error, answer)) => {
                tracing::warn!(%error, "a short message that cannot be read");
                answer.give(Handover::Failed);
            }
        }
        Ok(())
    }

    async fn send(&mut self, command: CommandId, code: u32, sequence: u32) -> io::Result<()> {
        self.say(Pdu::new(command, code, sequence, Body::Empty))
            .await
    }

    /// Says unbind and waits a moment for the answer; a peer that does not answer is left.
    async fn unbind(&mut self) {
        while let Ok(response) = self.owed.try_recv() {
            if self.say(response).await.is_err() {
                return;
            }
        }
        self.sequence = self.sequence % 0x7fff_ffff + 1;
        let sequence = self.sequence;
        if self
            .send(CommandId::UNBIND, status::OK, sequence)
            .await
            .is_err()
        {
            return;
        }
        let mut framer = Framer::default();
        let answered = async {
            while let Ok(pdu) = read_pdu(&mut self.stream, &mut framer).await {
                if pdu.command == CommandId::UNBIND.response() {
                    return;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(1), answered)
            .await
            .is_err()
        {
            tracing::debug!("the SMSC did not answer unbind");
        }
    }
}
