//! MSRP as judges ask for it: sessions by their URIs (RFC 4975 section 6), and whole messages put together from chunks (section 5.1).
//!
//! A session belongs to the call whose SDP names its paths; [`session_of`] finds it. Putting chunks together here is the dissector's own
//! and shares nothing with peers or reference.
use super::{Call, Direction, Fact, Observation, SipFact, Trace};
use crate::wire::cpim::CpimMessage;
use crate::wire::msrp::{ByteRange, Continuation, MsrpMessage, MsrpUri};
use crate::wire::sdp::SessionDescription;
use std::collections::HashMap;
use std::net::SocketAddr;

/// Octets of one message beyond which chunks are no longer put together.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
pub struct MsrpFact<'t> {
    pub seen: &'t Observation,
    pub message: &'t MsrpMessage,
}

impl<'t> MsrpFact<'t> {
    pub fn of(seen: &'t Observation) -> Option<Self> {
        match &seen.fact {
            Fact::Msrp(message) => Some(Self { seen, message }),
            _ => None,
        }
    }
    pub fn frames(&self) -> &'t [u32] {
        &self.seen.frames
    }
    fn last_frame(&self) -> u32 {
        self.seen.frames.last().copied().unwrap_or(0)
    }
}

/// One MSRP session: two endpoint URIs and what they said.
#[derive(Debug, Clone)]
pub struct Session<'t> {
    /// URI of the suite's endpoint (of the first sender, when directions are unknown).
    pub suite_uri: String,
    /// URI of the system's endpoint.
    pub system_uri: String,
    pub messages: Vec<ChatMessage<'t>>,
    /// REPORT requests.
    pub reports: Vec<MsrpFact<'t>>,
    /// Every MSRP request and response of the session.
    pub facts: Vec<MsrpFact<'t>>,
    /// Opening and end of the connection that carried the session first.
    pub opened: Option<&'t Observation>,
    pub closed: Option<&'t Observation>,
}

/// One whole message, of one or more SEND requests.
#[derive(Debug, Clone)]
pub struct ChatMessage<'t> {
    /// Frames of all chunks, ascending.
    pub frames: Vec<u32>,
    /// When its last chunk so far was complete, nanoseconds since the Unix epoch.
    pub at: u64,
    pub direction: Direction,
    pub message_id: String,
    /// Media type in lower case without parameters.
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    /// The body read as message/cpim.
    pub cpim: Option<CpimMessage>,
    /// What a person reads: text/plain, bare or inside message/cpim.
    pub text: Option<String>,
    /// First code other than 200 of the responses to the chunks, else the last code, and its frame.
    pub response: Option<(u16, u32)>,
    /// Transactions of the chunks that have no response yet.
    pub unanswered: Vec<&'t str>,
    /// Ended with `#`.
    pub aborted: bool,
    /// Ended with `$`.
    pub complete: bool,
    /// A SEND without content, as sent to open a connection (RFC 4975 section 5.4).
    pub empty: bool,
    /// Success-Report and Failure-Report as sent.
    pub success_report: Option<String>,
    pub failure_report: Option<String>,
    pub chunks: Vec<MsrpFact<'t>>,
}

/// Every session, in order of first messages.
pub fn sessions(trace: &Trace) -> Vec<Session<'_>> {
    let mut sessions: Vec<Session<'_>> = Vec::new();
    let mut index: HashMap<(String, String), usize> = HashMap::new();
    for fact in trace.facts.iter().filter_map(MsrpFact::of) {
        let Some((suite_uri, system_uri)) = ends(fact) else {
            continue;
        };
        let key = (suite_uri.clone(), system_uri.clone());
        let swapped = (system_uri.clone(), suite_uri.clone());
        let at = match index.get(&key).or_else(|| index.get(&swapped)) {
            Some(at) => *at,
            None => {
                index.insert(key, sessions.len());
                sessions.push(open_session(trace, fact, suite_uri, system_uri));
                sessions.len() - 1
            }
        };
        sessions[at].facts.push(fact);
    }
    for session in &mut sessions {
        put_together(session);
    }
    sessions
}

/// Endpoint URIs, the suite's first: the last URI of either path is the endpoint itself (RFC 4975 section 7.1).
fn ends(fact: MsrpFact<'_>) -> Option<(String, String)> {
    let from = (*fact.message.from_path().last()?).to_owned();
    let to = (*fact.message.to_path().last()?).to_owned();
    Some(match fact.seen.direction {
        Direction::FromSystem => (to, from),
        Direction::ToSystem | Direction::Unknown => (from, to),
    })
}

fn open_session<'t>(
    trace: &'t Trace,
    first: MsrpFact<'t>,
    suite_uri: String,
    system_uri: String,
) -> Session<'t> {
    let ends = unordered(first.seen);
    let of_connection = |seen: &&Observation| seen.transport == "tcp" && unordered(seen) == ends;
    let (number, connection) = (first.last_frame(), trace.facts.iter().filter(of_connection));
    let opened = connection
        .clone()
        .rfind(|seen| matches!(seen.fact, Fact::TcpOpened) && seen.frames.last() <= Some(&number));
    let mut connection = connection;
    let closed = connection.find(|seen| {
        matches!(seen.fact, Fact::TcpClosed { .. }) && seen.frames.last() >= Some(&number)
    });
    Session {
        suite_uri,
        system_uri,
        messages: Vec::new(),
        reports: Vec::new(),
        facts: Vec::new(),
        opened,
        closed,
    }
}

fn unordered(seen: &Observation) -> (SocketAddr, SocketAddr) {
    (seen.from.min(seen.to), seen.from.max(seen.to))
}

fn put_together(session: &mut Session<'_>) {
    for fact in session.facts.clone() {
        match fact.message.method() {
            Some("SEND") => add_chunk(&mut session.messages, fact),
            Some("REPORT") => session.reports.push(fact),
            Some(_) => {}
            None => answer(&mut session.messages, fact),
        }
    }
    for message in &mut session.messages {
        read_content(message);
    }
}

fn add_chunk<'t>(messages: &mut Vec<ChatMessage<'t>>, fact: MsrpFact<'t>) {
    let id = fact.message.message_id().unwrap_or_default();
    let direction = fact.seen.direction;
    let open = messages.iter_mut().rev().find(|message| {
        !message.complete
            && !message.aborted
            && message.direction == direction
            && message.message_id == id
    });
    let message = match open {
        Some(message) => message,
        None => {
            let header = |name| fact.message.header(name).map(str::to_owned);
            messages.push(ChatMessage {
                frames: Vec::new(),
                at: 0,
                direction,
                message_id: id.to_owned(),
                content_type: fact.message.content_type(),
                body: Vec::new(),
                cpim: None,
                text: None,
                response: None,
                unanswered: Vec::new(),
                aborted: false,
                complete: false,
                empty: false,
                success_report: header("Success-Report"),
                failure_report: header("Failure-Report"),
                chunks: Vec::new(),
            });
            let last = messages.len() - 1;
            &mut messages[last]
        }
    };
    message.frames.extend_from_slice(fact.frames());
    message.at = fact.seen.at;
    match fact.message.continuation {
        Continuation::Complete => message.complete = true,
        Continuation::More => {}
        Continuation::Aborted => message.aborted = true,
    }
    message.unanswered.push(&fact.message.transaction_id);
    message.chunks.push(fact);
}

/// Chunks need not come in order: the byte range says where each belongs.
fn read_content(message: &mut ChatMessage<'_>) {
    message.frames.sort_unstable();
    message.frames.dedup();
    for chunk in &message.chunks {
        let Some(octets) = &chunk.message.body else {
            continue;
        };
        let start = match chunk.message.byte_range() {
            Some(ByteRange { start, .. }) => {
                usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX)
            }
            None => 0,
        };
        let Some(end) = start.checked_add(octets.len()).filter(|e| *e <= BODY_LIMIT) else {
            continue;
        };
        if message.body.len() < end {
            message.body.resize(end, 0);
        }
        message.body[start..end].copy_from_slice(octets);
    }
    message.empty = message.body.is_empty();
    match message.content_type.as_deref() {
        Some("message/cpim") => {
            message.cpim = CpimMessage::parse(&message.body).ok();
            message.text = message.cpim.as_ref().and_then(CpimMessage::text);
        }
        Some("text/plain") => message.text = String::from_utf8(message.body.clone()).ok(),
        _ => {}
    }
}

fn answer(messages: &mut [ChatMessage<'_>], fact: MsrpFact<'_>) {
    let Some(code) = fact.message.status() else {
        return;
    };
    let answered = messages.iter_mut().rev().find(|message| {
        message.chunks.iter().any(|chunk| {
            chunk.message.transaction_id == fact.message.transaction_id
                && (chunk.seen.from, chunk.seen.to) == (fact.seen.to, fact.seen.from)
        })
    });
    let Some(message) = answered else {
        return;
    };
    message
        .unanswered
        .retain(|id| *id != fact.message.transaction_id);
    if message.response.is_none_or(|(earlier, _)| earlier == 200) {
        message.response = Some((code, fact.last_frame()));
    }
}

/// The session of a call: its endpoint URIs are those of the SDP paths in the INVITE and its answer.
pub fn session_of<'s, 't>(call: &Call<'_>, sessions: &'s [Session<'t>]) -> Option<&'s Session<'t>> {
    let invitation = &call.invitation;
    let offered = path_of(invitation.request);
    let answered = invitation.responses.iter().rev().find_map(|r| path_of(*r));
    let names = |uri: &Option<String>, session: &Session<'_>| {
        uri.as_deref().is_some_and(|uri| {
            same_uri(uri, &session.suite_uri) || same_uri(uri, &session.system_uri)
        })
    };
    let both = sessions
        .iter()
        .find(|session| names(&offered, session) && names(&answered, session));
    both.or_else(|| {
        sessions
            .iter()
            .find(|session| names(&offered, session) || names(&answered, session))
    })
}

/// The endpoint URI of the first `m=message` of a SIP message's SDP.
pub fn path_of(fact: SipFact<'_>) -> Option<String> {
    let body = fact.message.body_of("application/sdp")?;
    let description = SessionDescription::parse(&body).ok()?;
    description.message()?.path.last().cloned()
}

fn same_uri(one: &str, other: &str) -> bool {
    match (MsrpUri::parse(one), MsrpUri::parse(other)) {
        (Ok(one), Ok(other)) => one.same_as(&other),
        _ => one == other,
    }
}
