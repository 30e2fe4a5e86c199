//! What comes from the other side: requests to be checked and answered (RFC 4975 sections 7.2 and 7.3), responses, reports.
use super::reassembly::Progress;
use super::{LIST_LIMIT, MessageSession, Phase, SessionEvent, SessionOutput, Time};
use crate::wire::cpim::CpimMessage;
use crate::wire::msrp::{ByteRange, MsrpMessage, MsrpStart, MsrpUri};

/// Comment that goes with a status code (RFC 4975 section 10).
pub(super) fn comment(code: u16) -> &'static str {
    match code {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        408 => "Request Timeout",
        413 => "Stop Sending Message",
        415 => "Unsupported Media Type",
        423 => "Parameter Out Of Bounds",
        481 => "No Such Session",
        501 => "Method Not Understood",
        506 => "Session Already In Use",
        _ => "",
    }
}

/// The response to a request, sent one hop back (RFC 4975 section 7.2).
pub(super) fn response_to(request: &MsrpMessage, code: u16, to: &str, from: &str) -> MsrpMessage {
    let mut response = MsrpMessage::response(&request.transaction_id, code, comment(code));
    response.push(
        "To-Path",
        request.from_path().first().copied().unwrap_or(to),
    );
    response.push(
        "From-Path",
        request.to_path().first().copied().unwrap_or(from),
    );
    response
}

impl MessageSession {
    /// One whole message of the other side.
    pub(super) fn frame(&mut self, now: Time, frame: &[u8]) {
        let Ok(message) = MsrpMessage::parse(frame) else {
            // Neither request nor response: there is nothing to answer.
            self.event(SessionEvent::Refused {
                message_id: None,
                code: 400,
            });
            return;
        };
        match message.start.clone() {
            MsrpStart::Response { code, comment } => self.response(&message, code, comment),
            MsrpStart::Request { method } => match method.as_str() {
                "REPORT" => self.report_received(now, &message),
                "SEND" => self.send_received(now, &message),
                _ => {
                    let code = self.wrong_path(&message).unwrap_or(501);
                    self.refuse(now, &message, code);
                }
            },
        }
    }

    fn response(&mut self, response: &MsrpMessage, code: u16, comment: Option<String>) {
        // A response to nothing of ours is ignored (RFC 4975 section 7.3.2).
        if let Some(transaction) = self.transactions.remove(&response.transaction_id) {
            self.event(SessionEvent::Response {
                message_id: transaction.message_id,
                code,
                comment,
                last: transaction.last,
            });
        }
    }

    /// Reports are never answered (RFC 4975 section 7.1.2).
    fn report_received(&mut self, now: Time, report: &MsrpMessage) {
        if self.wrong_path(report).is_some() {
            return;
        }
        self.bound(now);
        if let Some(message_id) = report.message_id() {
            self.event(SessionEvent::Report {
                message_id: message_id.to_owned(),
                status: report.reported_status(),
                byte_range: report.byte_range(),
            });
        }
    }

    fn send_received(&mut self, now: Time, send: &MsrpMessage) {
        if self.config.behaviour.reset_on_first_send {
            self.drop_connection(true);
            return;
        }
        if let Some(code) = self.wrong_path(send) {
            self.refuse(now, send, code);
            return;
        }
        self.bound(now);
        if let Some(code) = self.config.behaviour.answer_code
            && code != 200
        {
            self.refuse(now, send, code);
            return;
        }
        let Some(message_id) = send.message_id().map(str::to_owned) else {
            self.refuse(now, send, 400);
            return;
        };
        let untyped = send.body.is_some() && send.content_type().is_none();
        let range = match send.header("Byte-Range").map(ByteRange::parse) {
            Some(Ok(range)) if range.start > 0 => range,
            // RFC 4975 section 7.3.1: without the header field the chunk is the beginning of the message.
            None => ByteRange {
                start: 1,
                end: None,
                total: None,
            },
            _ => {
                self.refuse(now, send, 400);
                return;
            }
        };
        if untyped {
            self.refuse(now, send, 400);
            return;
        }
        let Some(body) = &send.body else {
            self.answer(now, send, 200);
            self.event(SessionEvent::EmptySend);
            return;
        };
        if !accepts(&self.config.accept_types, &send.content_type()) {
            self.refuse(now, send, 415);
            return;
        }
        let progress = self.incoming.take(&message_id, range.start - 1, body, send);
        self.progressed(now, send, message_id, progress);
    }

    fn progressed(
        &mut self,
        now: Time,
        send: &MsrpMessage,
        message_id: String,
        progress: Progress,
    ) {
        match progress {
            Progress::More => self.answer(now, send, 200),
            Progress::TooLarge => self.refuse(now, send, 413),
            Progress::Aborted => {
                self.answer(now, send, 200);
                self.event(SessionEvent::Aborted { message_id });
            }
            Progress::Whole {
                message,
                success_report,
            } => {
                let wrapped = CpimMessage::parse(&message.body)
                    .ok()
                    .filter(|_| send.content_type().as_deref() == Some("message/cpim"))
                    .and_then(|cpim| cpim.content_type());
                let wanted = &self.config.accept_wrapped_types;
                if wrapped.is_some() && !wanted.is_empty() && !accepts(wanted, &wrapped) {
                    self.refuse(now, send, 415);
                    return;
                }
                self.answer(now, send, 200);
                if success_report && !self.config.behaviour.silent {
                    self.report(now, &message_id, 200, message.body.len() as u64);
                }
                self.last_received = Some((message_id, message.body.len() as u64));
                self.event(SessionEvent::Received(message));
            }
        }
    }

    /// The other side has shown that the connection is for this session.
    fn bound(&mut self, now: Time) {
        if self.phase == Phase::Unbound {
            self.bind(now);
        }
    }

    /// 400 or 481 if the request is not from the other side of this session to us.
    fn wrong_path(&self, request: &MsrpMessage) -> Option<u16> {
        let (to, from) = (request.to_path(), request.from_path());
        let parsed = |path: &[&str]| -> Option<Vec<MsrpUri>> {
            path.iter().map(|uri| MsrpUri::parse(uri).ok()).collect()
        };
        let (Some(to), Some(from)) = (parsed(&to), parsed(&from)) else {
            return Some(400);
        };
        if to.is_empty() || from.is_empty() {
            return Some(400);
        }
        let remote = &self.config.remote_path;
        let from_remote = remote.is_empty()
            || remote.len() == from.len()
                && remote.iter().zip(&from).all(|(ours, theirs)| {
                    MsrpUri::parse(ours).is_ok_and(|ours| ours.same_as(theirs))
                });
        let to_us = to.len() == 1 && self.serves(&to[0]);
        (!to_us || !from_remote).then_some(481)
    }

    fn refuse(&mut self, now: Time, request: &MsrpMessage, code: u16) {
        self.answer(now, request, code);
        self.event(SessionEvent::Refused {
            message_id: request.message_id().map(str::to_owned),
            code,
        });
    }

    /// RFC 4975 section 7.2: `no` wants no response, `partial` only one that tells of an error.
    fn answer(&mut self, now: Time, request: &MsrpMessage, code: u16) {
        let wanted = match request.header("Failure-Report") {
            Some("no") => false,
            Some("partial") => code != 200,
            _ => true,
        };
        if wanted && !self.config.behaviour.silent {
            let remote = self.config.remote_path.first();
            let response = response_to(
                request,
                code,
                remote.map_or("", String::as_str),
                &self.config.local_path,
            );
            self.put_answer(now, response.to_octets());
        }
    }

    /// Sends a response or report, later if so told.
    pub(super) fn put_answer(&mut self, now: Time, octets: Vec<u8>) {
        match self.config.behaviour.answer_delay {
            Some(delay) if self.held.len() < LIST_LIMIT => {
                self.held.insert((now + delay, self.held_count), octets);
                self.held_count += 1;
            }
            Some(_) => {}
            None => self.outputs.push_back(SessionOutput::Octets(octets)),
        }
    }
}

/// Whether a media type is in a list like `a=accept-types`, where `*` and `text/*` stand for many.
fn accepts(list: &[String], media_type: &Option<String>) -> bool {
    let Some(media_type) = media_type else {
        return false;
    };
    list.iter().any(|pattern| {
        let end = pattern.find(';').unwrap_or(pattern.len());
        let pattern = pattern[..end].trim().to_ascii_lowercase();
        match pattern.strip_suffix("/*") {
            Some(kind) => media_type.split('/').next() == Some(kind),
            None => pattern == "*" || pattern == *media_type,
        }
    })
}
