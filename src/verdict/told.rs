//! What a CPM user has written, what the service centre has reported of it, and what she was told: by MSRP REPORT or by notification (IMDN).
//!
//! Gathers and matches; judging is done in `delivery_report`. Everything is found by identities on the wire: Message-ID, imdn.Message-ID,
//! and the name a status report has for its short message.
use super::View;
use super::scene::{first, pager_text, same_number, text_of};
use crate::observe::{self, ChatMessage, Direction, ShortMessage, Transaction};
use crate::wire::cpim::{CpimMessage, Imdn, ImdnStatus};
use crate::wire::msrp::ByteRange;
use crate::wire::sip::{SipMessage, number_of};

/// A message of a CPM user to an SMS user.
#[derive(Debug, Clone)]
pub struct Written {
    pub frames: Vec<u32>,
    /// Final response or MSRP response to it: the system has heard it.
    pub heard: Vec<u32>,
    pub text: String,
    /// Octets of the whole MSRP message.
    pub octets: u64,
    /// Message-ID of MSRP.
    pub message_id: Option<String>,
    pub imdn_id: Option<String>,
    /// Number of the recipient.
    pub to: String,
}

/// How she was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// MSRP REPORT: the status line's code, and the range it is about.
    Report {
        status: String,
        code: Option<u16>,
        range: Option<ByteRange>,
    },
    /// IMDN in an MSRP SEND; `wrapped` in message/cpim.
    InChat { wrapped: bool },
    /// IMDN in a SIP MESSAGE.
    InMessage,
}

/// One report or notification from the system.
#[derive(Debug, Clone)]
pub struct Told {
    pub form: Form,
    pub frames: Vec<u32>,
    pub at: u64,
    /// Message-ID or message-id it names.
    pub names: String,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    Failed,
    Displayed,
    /// Nothing about delivery: processed, stored and what nobody knows.
    Other,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "not delivered",
            Self::Displayed => "displayed",
            Self::Other => "neither delivered nor failed",
        }
    }
}

/// A report of the service centre on one part of a short message.
#[derive(Debug, Clone)]
pub struct StatusReport {
    pub frames: Vec<u32>,
    pub at: u64,
    /// TP-ST.
    pub status: u8,
    /// Name of the short message.
    pub message: String,
    /// The SMS user, and the number the short message came from.
    pub from: String,
    pub to: String,
    /// Frame of the answer to it.
    pub answered: Option<u32>,
}

impl Written {
    pub fn is_told_by(&self, told: &Told) -> bool {
        match told.form {
            Form::Report { .. } => self.message_id.as_ref() == Some(&told.names),
            _ => self.imdn_id.as_ref() == Some(&told.names),
        }
    }
}

impl View<'_> {
    /// Everything CPM users have written so far, oldest first.
    pub fn written(&self) -> Vec<Written> {
        let mut found: Vec<Written> = observe::messages(self.trace)
            .iter()
            .filter(|message| message.direction != Direction::FromSystem)
            .map(of_pager)
            .collect();
        let calls = self.invitations();
        for session in observe::sessions(self.trace) {
            let call = calls
                .iter()
                .find(|call| observe::session_of(call, std::slice::from_ref(&session)).is_some());
            let to = call
                .and_then(|call| call.invitation.request.message.uri())
                .and_then(number_of)
                .unwrap_or_default();
            let own = session.messages.iter().filter(|message| {
                message.direction != Direction::FromSystem && !message.empty && message.complete
            });
            found.extend(own.map(|message| of_chat(message, &to)));
        }
        found.sort_by_key(|written| first(&written.frames));
        found
    }

    /// The latest message with that text.
    pub fn written_as(&self, text: &str) -> Option<Written> {
        let written = self.written();
        written.into_iter().rfind(|written| written.text == text)
    }

    /// Every report and notification the system has sent, in order of their frames.
    pub fn told(&self) -> Vec<Told> {
        let mut found: Vec<Told> = observe::messages(self.trace)
            .iter()
            .filter(|message| message.direction == Direction::FromSystem)
            .filter_map(by_message)
            .collect();
        for session in observe::sessions(self.trace) {
            let from_system = session
                .messages
                .iter()
                .filter(|message| message.direction == Direction::FromSystem && message.complete);
            found.extend(from_system.filter_map(by_chat));
            let reports = session.reports.iter();
            found.extend(
                reports
                    .filter(|report| report.seen.direction == Direction::FromSystem)
                    .map(|report| by_report(report)),
            );
        }
        found.sort_by_key(|told| first(&told.frames));
        found
    }

    /// What was told of one message.
    pub fn told_of(&self, written: &Written) -> Vec<Told> {
        let mut told = self.told();
        told.retain(|told| written.is_told_by(told));
        told
    }

    /// The service centre has reported something since the stimulus.
    pub fn has_new_status_report(&self) -> bool {
        let reports = self.status_reports();
        reports
            .iter()
            .any(|report| first(&report.frames) > self.before_stimulus)
    }

    /// Reports of the service centre, oldest first.
    pub fn status_reports(&self) -> Vec<StatusReport> {
        let mut found = observe::short_messages(self.trace);
        found.retain(|message| message.is_receipt && message.direction == Direction::ToSystem);
        found.iter().flat_map(of_receipt).collect()
    }

    /// Frames of what CPM users have reported since the stimulus and the system has heard: MSRP REPORTs, and notifications answered.
    pub fn reports_by_users(&self) -> Vec<u32> {
        let mut found = Vec::new();
        for session in observe::sessions(self.trace) {
            let reports = session.reports.iter();
            let own = reports.filter(|report| report.seen.direction != Direction::FromSystem);
            found.extend(own.flat_map(|report| report.frames().iter().copied()));
            for message in &session.messages {
                let own = message.direction != Direction::FromSystem;
                if let (true, Some(_), Some((_, answer))) =
                    (own, by_chat(message), message.response)
                {
                    found.extend(message.frames.iter().copied().chain([answer]));
                }
            }
        }
        found.retain(|frame| *frame > self.before_stimulus);
        found
    }

    /// The short message that was made of a message: the first whole one with its text since.
    pub fn short_message_of(&self, written: &Written) -> Option<ShortMessage<'_>> {
        let texts = observe::texts(self.trace, Direction::FromSystem);
        texts.into_iter().find(|message| {
            message.complete
                && message.text == written.text
                && same_number(&message.recipient, &written.to)
                && first(&message.frames) > first(&written.frames)
        })
    }
}

/// For each part of a short message, in the order of the parts, what was reported of it; the later report counts.
pub fn reported<'r>(
    message: &ShortMessage,
    reports: &'r [StatusReport],
) -> Vec<Vec<&'r StatusReport>> {
    let mut parts: Vec<_> = message.parts.iter().collect();
    parts.sort_by_key(|part| part.concatenation.map_or(0, |place| place.sequence));
    let about = |part: &&observe::Part| {
        let named = |name: &str| {
            part.message_id.as_deref() == Some(name)
                || part.reference.is_some_and(|mr| mr.to_string() == name)
        };
        reports
            .iter()
            .filter(|report| {
                first(&report.frames) > part.frame
                    && named(&report.message)
                    && same_number(&report.from, &message.recipient)
                    && same_number(&report.to, &message.sender)
            })
            .collect()
    };
    parts.iter().map(about).collect()
}

fn of_pager(message: &Transaction) -> Written {
    let request = message.request.message;
    let cpim = request
        .body_of("message/cpim")
        .and_then(|body| CpimMessage::parse(&body).ok());
    Written {
        frames: message.request.frames().to_vec(),
        heard: message
            .final_response()
            .map(|response| response.frames().to_vec())
            .unwrap_or_default(),
        text: pager_text(request),
        octets: 0,
        message_id: None,
        imdn_id: cpim.and_then(|cpim| cpim.imdn_header("Message-ID").map(str::to_owned)),
        to: request.uri().and_then(number_of).unwrap_or_default(),
    }
}

fn of_chat(message: &ChatMessage, to: &str) -> Written {
    let imdn = message
        .cpim
        .as_ref()
        .and_then(|cpim| cpim.imdn_header("Message-ID"));
    Written {
        frames: message.frames.clone(),
        heard: message
            .response
            .map(|(_, frame)| frame)
            .into_iter()
            .collect(),
        text: text_of(message).unwrap_or_default(),
        octets: message.body.len() as u64,
        message_id: Some(message.message_id.clone()),
        imdn_id: imdn.map(str::to_owned),
        to: to.to_owned(),
    }
}

/// The notification in a SIP MESSAGE, bare or in message/cpim.
pub fn notification_in(message: &SipMessage) -> Option<Imdn> {
    if let Some(body) = message.body_of("message/imdn+xml") {
        return Imdn::parse(&body).ok();
    }
    let cpim = CpimMessage::parse(&message.body_of("message/cpim")?).ok()?;
    notification_wrapped(&cpim)
}

fn notification_wrapped(cpim: &CpimMessage) -> Option<Imdn> {
    let kind = cpim.content_type()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("message/imdn+xml") {
        return None;
    }
    Imdn::parse(&cpim.content).ok()
}

fn by_message(message: &Transaction) -> Option<Told> {
    let imdn = notification_in(message.request.message)?;
    Some(Told {
        form: Form::InMessage,
        frames: message.request.frames().to_vec(),
        at: message.request.at(),
        outcome: outcome_of(imdn.status),
        names: imdn.message_id,
    })
}

fn by_chat(message: &ChatMessage) -> Option<Told> {
    let (imdn, wrapped) = match &message.cpim {
        Some(cpim) => (notification_wrapped(cpim)?, true),
        None if message.content_type.as_deref() == Some("message/imdn+xml") => {
            (Imdn::parse(&message.body).ok()?, false)
        }
        None => return None,
    };
    Some(Told {
        form: Form::InChat { wrapped },
        frames: message.frames.clone(),
        at: message.at,
        outcome: outcome_of(imdn.status),
        names: imdn.message_id,
    })
}

fn by_report(report: &observe::MsrpFact) -> Told {
    let code = report.message.reported_status();
    Told {
        form: Form::Report {
            status: report
                .message
                .header("Status")
                .unwrap_or_default()
                .to_owned(),
            code,
            range: report.message.byte_range(),
        },
        frames: report.frames().to_vec(),
        at: report.seen.at,
        outcome: match code {
            Some(200) => Outcome::Delivered,
            Some(_) => Outcome::Failed,
            None => Outcome::Other,
        },
        names: report.message.message_id().unwrap_or_default().to_owned(),
    }
}

/// RFC 5438 section 7.2.1.1: `failed`, `forbidden` and `error` all say that the message was not delivered.
fn outcome_of(status: ImdnStatus) -> Outcome {
    match status {
        ImdnStatus::Delivered => Outcome::Delivered,
        ImdnStatus::Failed | ImdnStatus::Forbidden | ImdnStatus::Error => Outcome::Failed,
        ImdnStatus::Displayed => Outcome::Displayed,
        ImdnStatus::Processed | ImdnStatus::Stored | ImdnStatus::Other => Outcome::Other,
    }
}

fn of_receipt(message: &ShortMessage) -> Vec<StatusReport> {
    let report = |part: &observe::Part| {
        let said = part.report.as_ref()?;
        Some(StatusReport {
            frames: part.frames.to_vec(),
            at: part.at,
            status: said.status,
            message: said.message.clone(),
            from: message.sender.clone(),
            to: message.recipient.clone(),
            answered: part.response.map(|(_, frame)| frame),
        })
    };
    message.parts.iter().filter_map(report).collect()
}
