//! Requests of our own: SEND whole or in chunks (RFC 4975 section 7.1.1), the bodiless SEND, REPORT (section 7.1.2).
use super::{
    LIST_LIMIT, MessageSession, OutgoingMessage, Phase, SessionOutput, TRANSACTION_TIMEOUT, Time,
};
use crate::wire::msrp::{ByteRange, Continuation, MsrpMessage};

/// Chunks above this size are interruptible and do not say where they end (RFC 4975 section 7.1.1).
const INTERRUPTIBLE: usize = 2048;

/// A SEND of ours that may still be answered.
#[derive(Debug)]
pub(super) struct Transaction {
    pub message_id: String,
    pub deadline: Time,
    /// It carries the last octets of its message.
    pub last: bool,
    /// Failure-Report is `yes` or absent; otherwise silence is no failure.
    pub must_be_answered: bool,
}

impl MessageSession {
    /// Sends a message, or keeps it until the session is bound to a connection; returns its Message-ID.
    pub fn send(&mut self, now: Time, mut message: OutgoingMessage) -> String {
        let message_id = match message.message_id.take() {
            Some(id) => id,
            None => self.identifier(16),
        };
        message.message_id = Some(message_id.clone());
        match self.phase {
            Phase::Bound => self.transmit(now, &message),
            Phase::Waiting | Phase::Unbound if self.kept.len() < LIST_LIMIT => {
                self.kept.push_back(message);
            }
            _ => {}
        }
        message_id
    }

    /// A bodiless SEND; returns its Message-ID. Nothing is sent without a connection.
    pub fn send_empty(&mut self, now: Time) -> String {
        let message_id = self.identifier(16);
        if self.is_open() {
            let transaction_id = self.identifier(12);
            let mut send = self.request_to_remote(&transaction_id, "SEND");
            send.push("Message-ID", &message_id);
            send.push("Byte-Range", "1-0/0");
            self.await_response(now, &transaction_id, &message_id, true, true);
            self.put_send(&send);
        }
        message_id
    }

    /// A REPORT about a message received: `status` 200 or an error code, over its first `octets` octets.
    pub fn report(&mut self, now: Time, message_id: &str, status: u16, octets: u64) {
        if !self.is_open() {
            return;
        }
        let transaction_id = self.identifier(12);
        let mut report = self.request_to_remote(&transaction_id, "REPORT");
        let range = ByteRange {
            start: 1,
            end: Some(octets),
            total: Some(octets),
        };
        report.push("Message-ID", message_id);
        report.push("Byte-Range", range.to_string());
        let comment = super::answering::comment(status);
        report.push("Status", format!("000 {status:03} {comment}").trim_end());
        self.put_answer(now, report.to_octets());
    }

    /// A REPORT of success on the last message received, asked for or not; false if there is none.
    pub fn report_last(&mut self, now: Time) -> bool {
        let Some((message_id, octets)) = self.last_received.clone() else {
            return false;
        };
        self.report(now, &message_id, 200, octets);
        true
    }

    /// All chunks of a message.
    pub(super) fn transmit(&mut self, now: Time, message: &OutgoingMessage) {
        let total = message.body.len();
        let sent = if message.abort { total / 2 } else { total };
        let usual = self.config.behaviour.chunk_octets;
        let length = message.chunk_octets.or(usual).unwrap_or(usize::MAX).max(1);
        let mut from = 0_usize;
        loop {
            let to = sent.min(from.saturating_add(length));
            self.transmit_chunk(now, message, from..to, to == sent);
            if to == sent {
                break;
            }
            from = to;
        }
    }

    fn transmit_chunk(
        &mut self,
        now: Time,
        message: &OutgoingMessage,
        octets: std::ops::Range<usize>,
        last: bool,
    ) {
        let body = &message.body[octets.clone()];
        let transaction_id = self.identifier_absent_from(body);
        let message_id = message.message_id.as_deref().unwrap_or_default();
        let mut send = self.request_to_remote(&transaction_id, "SEND");
        send.push("Message-ID", message_id);
        let wrong = u64::from(self.config.behaviour.wrong_byte_range);
        let range = ByteRange {
            start: octets.start as u64 + 1 + wrong,
            end: (body.len() <= INTERRUPTIBLE).then_some(octets.end as u64 + wrong),
            total: Some(message.body.len() as u64 + 7 * wrong),
        };
        send.push("Byte-Range", range.to_string());
        if message.success_report {
            send.push("Success-Report", "yes");
        }
        if let Some(value) = &message.failure_report {
            send.push("Failure-Report", value);
        }
        send.set_body(&message.content_type, body);
        send.continuation = match (last, message.abort) {
            (false, _) => Continuation::More,
            (true, false) => Continuation::Complete,
            (true, true) => Continuation::Aborted,
        };
        let answered = !matches!(message.failure_report.as_deref(), Some("no" | "partial"));
        self.await_response(now, &transaction_id, message_id, last, answered);
        self.put_send(&send);
        if self.config.behaviour.duplicate_send {
            self.put_send(&send);
        }
    }

    fn request_to_remote(&self, transaction_id: &str, method: &str) -> MsrpMessage {
        let mut request = MsrpMessage::request(transaction_id, method);
        request.push("To-Path", self.config.remote_path.join(" "));
        request.push("From-Path", &self.config.local_path);
        request
    }

    fn await_response(
        &mut self,
        now: Time,
        transaction_id: &str,
        message_id: &str,
        last: bool,
        must_be_answered: bool,
    ) {
        if self.transactions.len() < LIST_LIMIT {
            let transaction = Transaction {
                message_id: message_id.to_owned(),
                deadline: now + TRANSACTION_TIMEOUT,
                last,
                must_be_answered,
            };
            self.transactions
                .insert(transaction_id.to_owned(), transaction);
        }
    }

    fn put_send(&mut self, send: &MsrpMessage) {
        let mut octets = send.to_octets();
        if self.config.behaviour.malformed_end_line {
            // `-------`, identifier, flag, CRLF: the last octet of the identifier becomes another one.
            let at = octets.len().saturating_sub(4);
            octets[at] = if octets[at] == b'x' { b'y' } else { b'x' };
        }
        self.outputs.push_back(SessionOutput::Octets(octets));
    }

    /// Letters and digits; a seed gives the same ones again.
    fn identifier(&mut self, length: usize) -> String {
        std::iter::repeat_with(|| self.random.alphanumeric())
            .take(length)
            .collect()
    }

    /// RFC 4975 section 7.1: the end-line must not occur in the body.
    fn identifier_absent_from(&mut self, body: &[u8]) -> String {
        let mut identifier = self.identifier(12);
        for _ in 0..8 {
            let end_line = format!("-------{identifier}");
            if memchr::memmem::find(body, end_line.as_bytes()).is_none() {
                break;
            }
            identifier = self.identifier(12);
        }
        identifier
    }
}
