//! SIP as judges ask for it: client transactions (RFC 3261 section 17), and CPM sessions as calls.
//!
//! Pure views over a [`Trace`]; nothing is judged here. A message that belongs to no transaction (a response to a request not
//! captured) appears in no view, but stays in the trace.
use super::{Direction, Fact, Observation, Trace};
use crate::wire::authentication::{Challenge, Credentials};
use crate::wire::sip::SipMessage;
use std::collections::{HashMap, HashSet};

/// A SIP message and where it was seen.
#[derive(Debug, Clone, Copy)]
pub struct SipFact<'t> {
    pub seen: &'t Observation,
    pub message: &'t SipMessage,
}

impl<'t> SipFact<'t> {
    pub fn of(seen: &'t Observation) -> Option<Self> {
        match &seen.fact {
            Fact::Sip(message) => Some(Self { seen, message }),
            _ => None,
        }
    }
    pub fn frames(&self) -> &'t [u32] {
        &self.seen.frames
    }
    /// Nanoseconds since the Unix epoch.
    pub fn at(&self) -> u64 {
        self.seen.at
    }
    pub fn status(&self) -> u16 {
        self.message.status().unwrap_or(0)
    }
}

/// One request with everything that answers it.
#[derive(Debug, Clone)]
pub struct Transaction<'t> {
    pub method: &'t str,
    /// Of the request.
    pub direction: Direction,
    pub request: SipFact<'t>,
    /// The same request again (same branch).
    pub retransmissions: Vec<SipFact<'t>>,
    /// All responses in order, retransmitted ones included (`seen.retransmission_of`).
    pub responses: Vec<SipFact<'t>>,
    /// INVITE only: every ACK, for whichever final response.
    pub acks: Vec<SipFact<'t>>,
}

impl<'t> Transaction<'t> {
    /// The first final response.
    pub fn final_response(&self) -> Option<SipFact<'t>> {
        self.responses.iter().copied().find(|r| r.status() >= 200)
    }
    pub fn final_status(&self) -> Option<u16> {
        self.final_response().map(|response| response.status())
    }
    /// Provisional responses in order, repetitions included.
    pub fn provisionals(&self) -> impl Iterator<Item = SipFact<'t>> + '_ {
        self.responses.iter().copied().filter(|r| r.status() < 200)
    }
    /// First response with that status code.
    pub fn response(&self, code: u16) -> Option<SipFact<'t>> {
        self.responses.iter().copied().find(|r| r.status() == code)
    }
    /// First ACK.
    pub fn ack(&self) -> Option<SipFact<'t>> {
        self.acks.first().copied()
    }
    /// Frames of the request and its final response.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames = self.request.frames().to_vec();
        if let Some(response) = self.final_response() {
            frames.extend_from_slice(response.frames());
        }
        frames
    }
}

/// A session invitation and all that happened in its dialog.
#[derive(Debug, Clone)]
pub struct Call<'t> {
    pub call_id: &'t str,
    /// Of the INVITE.
    pub direction: Direction,
    /// The first INVITE without To tag.
    pub invitation: Transaction<'t>,
    /// Further INVITEs without To tag and with another branch: sent again with credentials, merged or forked requests.
    pub further_invitations: Vec<Transaction<'t>>,
    pub cancel: Option<Transaction<'t>>,
    /// BYEs of either side, in order.
    pub byes: Vec<Transaction<'t>>,
    /// Every other request with the dialog's tags, of either side: re-INVITE, UPDATE, INFO, OPTIONS ...
    pub requests: Vec<Transaction<'t>>,
}

impl<'t> Call<'t> {
    pub fn bye(&self) -> Option<&Transaction<'t>> {
        self.byes.first()
    }
    pub fn accepted(&self) -> Option<SipFact<'t>> {
        self.invitation
            .final_response()
            .filter(|response| response.status() < 300)
    }
    /// Frames of INVITE, its final response, and every BYE.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames = self.invitation.frames();
        frames.extend(self.byes.iter().flat_map(Transaction::frames));
        frames
    }
}

/// Every SIP request but ACK, with its responses, in order of the requests. A request that left again because it was challenged counts as
/// the one it left as last: the challenge is no answer to what it asks for.
pub fn transactions(trace: &Trace) -> Vec<Transaction<'_>> {
    let mut found: Vec<Transaction<'_>> = Vec::new();
    // Branch, method of CSeq, and whether the request went to the system.
    let mut index: HashMap<(String, &str, Direction), usize> = HashMap::new();
    for fact in trace.facts.iter().filter_map(SipFact::of) {
        let branch = fact.message.branch().unwrap_or_default();
        let direction = fact.seen.direction;
        match fact.message.method() {
            Some("ACK") => attach_ack(&mut found, fact, &branch),
            Some(method) => {
                if let Some(at) = index.get(&(branch.clone(), method, direction)) {
                    found[*at].retransmissions.push(fact);
                    continue;
                }
                index.insert((branch, method, direction), found.len());
                found.push(Transaction {
                    method,
                    direction,
                    request: fact,
                    retransmissions: Vec::new(),
                    responses: Vec::new(),
                    acks: Vec::new(),
                });
            }
            None => {
                let Some((_, method)) = fact.message.cseq() else {
                    continue;
                };
                if let Some(at) = index.get(&(branch, method, reverse(direction))) {
                    found[*at].responses.push(fact);
                }
            }
        }
    }
    leave_out_challenged(&mut found);
    found
}

/// RFC 3261 section 22.2: the request comes again with its Call-ID and From tag, the next CSeq number, and credentials.
fn leave_out_challenged(found: &mut Vec<Transaction<'_>>) {
    let challenged = |one: &Transaction| matches!(one.final_status(), Some(401 | 407));
    if !found.iter().any(challenged) {
        return;
    }
    let name = |one: &Transaction, more: u32| {
        let message = one.request.message;
        let (number, method) = message.cseq()?;
        let call_id = message.call_id()?.to_owned();
        Some((
            call_id,
            message.from_tag(),
            method.to_owned(),
            number + more,
        ))
    };
    let answers: HashSet<_> = found
        .iter()
        .filter(|one| {
            let message = one.request.message;
            message.has_header("Authorization") || message.has_header("Proxy-Authorization")
        })
        .filter_map(|one| name(one, 0))
        .collect();
    let again = |one: &Transaction| name(one, 1).is_some_and(|next| answers.contains(&next));
    found.retain(|one| !(challenged(one) && again(one)));
    // Where UEs give credentials, those of a request that had none, or old ones, are on their way.
    if !answers.is_empty() {
        for one in found
            .iter_mut()
            .filter(|one| challenged(one) && is_asked(one))
        {
            one.responses.retain(|response| response.status() < 300);
        }
    }
}

/// The challenge is the first one of this request, or its nonce was too old, or its sequence number out of range.
fn is_asked(challenged: &Transaction<'_>) -> bool {
    let names = match challenged.final_status() {
        Some(401) => ("Authorization", "WWW-Authenticate"),
        _ => ("Proxy-Authorization", "Proxy-Authenticate"),
    };
    let request = challenged.request.message;
    let mut given = request
        .headers_named(names.0)
        .filter_map(Credentials::parse);
    if !given.any(|one| !one.nonce.is_empty() && one.auts.is_none()) {
        return true;
    }
    let Some(response) = challenged.final_response() else {
        return false;
    };
    let mut asked = response.message.headers_named(names.1);
    asked.any(|value| Challenge::parse(value).is_some_and(|one| one.stale))
}

/// The ACK of a 2xx has a branch of its own: Call-ID, From tag and CSeq number tell the INVITE (RFC 3261 section 13.2.2.4).
fn attach_ack<'t>(found: &mut [Transaction<'t>], ack: SipFact<'t>, branch: &str) {
    let number = ack.message.cseq().map(|(number, _)| number);
    let matching = found.iter_mut().rev().find(|transaction| {
        let invite = transaction.request.message;
        transaction.method == "INVITE"
            && transaction.direction == ack.seen.direction
            && invite.call_id() == ack.message.call_id()
            && (invite.branch().as_deref() == Some(branch)
                || (invite.cseq().map(|(number, _)| number) == number
                    && invite.from_tag() == ack.message.from_tag()))
    });
    if let Some(transaction) = matching {
        transaction.acks.push(ack);
    }
}

fn reverse(direction: Direction) -> Direction {
    match direction {
        Direction::ToSystem => Direction::FromSystem,
        Direction::FromSystem => Direction::ToSystem,
        Direction::Unknown => Direction::Unknown,
    }
}

/// Every session invitation, one per Call-ID and direction, in order.
pub fn calls(trace: &Trace) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    for transaction in transactions(trace) {
        let message = transaction.request.message;
        let Some(call_id) = message.call_id() else {
            continue;
        };
        let outside = message.to_tag().is_none();
        let place = calls
            .iter()
            .position(|call| call.call_id == call_id && same_dialog(call, &transaction));
        match (transaction.method, place) {
            ("INVITE", None) if outside => calls.push(Call {
                call_id,
                direction: transaction.direction,
                invitation: transaction,
                further_invitations: Vec::new(),
                cancel: None,
                byes: Vec::new(),
                requests: Vec::new(),
            }),
            ("INVITE", Some(at)) if outside => calls[at].further_invitations.push(transaction),
            ("CANCEL", Some(at)) if calls[at].cancel.is_none() => {
                calls[at].cancel = Some(transaction);
            }
            ("BYE", Some(at)) => calls[at].byes.push(transaction),
            (_, Some(at)) => calls[at].requests.push(transaction),
            (_, None) => {}
        }
    }
    calls
}

/// The caller's tag is the From tag of its requests and the To tag of the callee's.
fn same_dialog(call: &Call<'_>, transaction: &Transaction<'_>) -> bool {
    let message = transaction.request.message;
    let caller = call.invitation.request.message.from_tag();
    if transaction.direction == call.direction && call.direction != Direction::Unknown {
        message.from_tag() == caller
    } else {
        message.to_tag() == caller || message.from_tag() == caller
    }
}

/// SIP MESSAGE requests outside and inside dialogs, with their responses.
pub fn messages(trace: &Trace) -> Vec<Transaction<'_>> {
    transactions_of(trace, "MESSAGE")
}

/// Transactions of one method.
pub fn transactions_of<'t>(trace: &'t Trace, method: &str) -> Vec<Transaction<'t>> {
    let mut found = transactions(trace);
    found.retain(|transaction| transaction.method == method);
    found
}
