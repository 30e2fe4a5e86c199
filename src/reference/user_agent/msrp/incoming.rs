//! A received message on its way to the caller: its response, and REPORTs about it (RFC 4975 sections 7.1.2 and 7.2).
use super::connection::Connection;
use crate::wire::msrp::MsrpMessage;
use std::sync::Arc;

/// Where and how the responses and REPORTs for a request go.
#[derive(Clone)]
pub(super) struct ReturnPath {
    pub(super) connection: Arc<Connection>,
    pub(super) transaction_id: String,
    /// From-Path of the request: where REPORTs go.
    pub(super) from_path: Vec<String>,
    /// To-Path of the request: who answers.
    pub(super) to_path: Vec<String>,
    /// `yes`, `partial` or `no`.
    pub(super) failure_report: String,
}

impl ReturnPath {
    pub(super) fn of(connection: &Arc<Connection>, request: &MsrpMessage) -> Self {
        let owned = |path: Vec<&str>| path.into_iter().map(String::from).collect();
        let failure_report = match request.header("Failure-Report").map(str::trim) {
            Some(value) if value.eq_ignore_ascii_case("no") => "no",
            Some(value) if value.eq_ignore_ascii_case("partial") => "partial",
            _ => "yes",
        };
        Self {
            connection: Arc::clone(connection),
            transaction_id: request.transaction_id.clone(),
            from_path: owned(request.from_path()),
            to_path: owned(request.to_path()),
            failure_report: failure_report.to_string(),
        }
    }

    /// Answers the transaction as far as Failure-Report wants an answer.
    pub(super) fn answer(&self, code: u16, comment: &str) {
        let wanted = match self.failure_report.as_str() {
            "no" => false,
            "partial" => code != 200,
            _ => true,
        };
        let (Some(to), Some(from)) = (self.from_path.first(), self.to_path.first()) else {
            return;
        };
        if wanted {
            let mut response = MsrpMessage::response(&self.transaction_id, code, comment);
            // A response goes one hop back (RFC 4975 section 7.2).
            response.push("To-Path", to);
            response.push("From-Path", from);
            self.connection.write(response.to_octets());
        }
    }
}

/// A message received. The response to its last chunk is the caller's: dropped unanswered, 200 is sent. Whatever the code,
/// Failure-Report decides whether a response is sent at all (RFC 4975 section 7.2).
pub struct MsrpIncoming {
    pub message_id: String,
    /// Full Content-Type as sent; `None` for a bodiless message.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// Header fields of the first chunk.
    pub headers: Vec<(String, String)>,
    /// `Success-Report: yes`.
    pub success_report: bool,
    /// `yes`, `partial` or `no`.
    pub failure_report: String,
    path: ReturnPath,
    done: bool,
}

impl MsrpIncoming {
    pub(super) fn new(path: ReturnPath, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let field = |name: &str| {
            headers
                .iter()
                .find(|(n, _)| n.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_string())
        };
        Self {
            message_id: field("Message-ID").unwrap_or_default(),
            content_type: field("Content-Type"),
            success_report: field("Success-Report").is_some_and(|v| v.eq_ignore_ascii_case("yes")),
            failure_report: path.failure_report.clone(),
            body,
            headers,
            path,
            done: false,
        }
    }

    /// Answers the transaction; what remains can send REPORTs later.
    pub fn respond(mut self, code: u16, comment: &str) -> MsrpReceipt {
        self.done = true;
        self.path.answer(code, comment);
        self.receipt()
    }

    /// Answers although the sender may not want it (a deliberate fault).
    pub fn respond_unasked(mut self, code: u16, comment: &str) -> MsrpReceipt {
        self.path.failure_report = "yes".into();
        self.respond(code, comment)
    }

    /// Leaves the transaction unanswered.
    pub fn ignore(mut self) -> MsrpReceipt {
        self.done = true;
        self.receipt()
    }

    fn receipt(&self) -> MsrpReceipt {
        MsrpReceipt {
            message_id: self.message_id.clone(),
            success_report: self.success_report,
            failure_report: self.failure_report.clone(),
            octets: self.body.len(),
            path: self.path.clone(),
        }
    }
}

impl Drop for MsrpIncoming {
    fn drop(&mut self) {
        if !self.done {
            self.path.answer(200, "OK");
        }
    }
}

/// The right to report on a received message. Clones report on the same message.
#[derive(Clone)]
pub struct MsrpReceipt {
    pub message_id: String,
    pub success_report: bool,
    pub failure_report: String,
    octets: usize,
    path: ReturnPath,
}

impl MsrpReceipt {
    /// Sends a REPORT over the whole message if the sender asked for one of that kind: 200 with Success-Report `yes`; other codes with
    /// Failure-Report `yes` or `partial`. Says whether one was sent.
    pub fn report(&self, code: u16, comment: &str) -> bool {
        let wanted = match code {
            200 => self.success_report,
            _ => self.failure_report != "no",
        };
        if wanted {
            self.report_unasked(code, comment);
        }
        wanted
    }

    /// REPORTs will leave the last octet out (a deliberate fault).
    pub fn shorten(&mut self) {
        self.octets = self.octets.saturating_sub(1);
    }

    /// Sends the REPORT whatever the sender asked for.
    pub fn report_unasked(&self, code: u16, comment: &str) {
        let id = self.path.connection.transaction_id();
        let mut report = MsrpMessage::request(&id, "REPORT");
        report.push("To-Path", self.path.from_path.join(" "));
        report.push("From-Path", self.path.to_path.join(" "));
        report.push("Message-ID", &self.message_id);
        let end = self.octets;
        report.push("Byte-Range", format!("1-{end}/{end}"));
        report.push("Status", format!("000 {code} {comment}").trim_end());
        self.path.connection.write(report.to_octets());
    }
}
