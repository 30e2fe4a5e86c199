//! What the judges of this floor look up in a trace: invitations by who invites whom, the short messages to a user, chats.
//!
//! Everything is found by identities on the wire, so that a capture recorded by somebody else reads the same.
use super::View;
use crate::observe::{
    self, Call, ChatMessage, Direction, Fact, Session, ShortMessage, SipFact, Transaction,
};
use crate::wire::sip::{NameAddr, SipMessage, number_of};

/// Seconds from one capture time to another.
pub fn seconds(from: u64, to: u64) -> f64 {
    (i128::from(to) - i128::from(from)) as f64 / 1e9
}

pub fn frames_of(facts: &[SipFact]) -> Vec<u32> {
    facts
        .iter()
        .flat_map(|fact| fact.frames().iter().copied())
        .collect()
}

/// Who sends a request: P-Asserted-Identity, else what a UE at Gm says of itself (P-Preferred-Identity), else From.
pub fn originator(message: &SipMessage) -> Option<String> {
    let said = |name: &str| message.values(name).into_iter().find_map(number_in);
    let asserted = said("P-Asserted-Identity").or_else(|| said("P-Preferred-Identity"));
    asserted.or_else(|| message.header("From").and_then(number_in))
}

/// The global number in a name-addr or URI.
pub fn number_in(value: &str) -> Option<String> {
    NameAddr::parse(value)
        .ok()
        .and_then(|address| number_of(address.uri.as_str()))
}

/// Two ways to write one number: SMPP says by the type of number, or by a `+`, or not at all that the digits are international.
pub fn same_number(one: &str, other: &str) -> bool {
    let digits = |number: &str| number.strip_prefix('+').unwrap_or(number).to_owned();
    !digits(one).is_empty() && digits(one) == digits(other)
}

impl<'a> View<'a> {
    /// Invitations the suite has sent, oldest first.
    pub fn invitations(&self) -> Vec<Call<'a>> {
        let mut calls = observe::calls(self.trace);
        calls.retain(|call| call.direction != Direction::FromSystem);
        calls
    }

    /// The invitation a sentence means when it names none: the latest.
    pub fn invitation(&self) -> Option<Call<'a>> {
        self.invitations().pop()
    }

    /// The invitation in question had its final response before the stimulus, which was not the invitation itself.
    pub fn was_decided_before(&self) -> bool {
        let Some(call) = self.invitation() else {
            return false;
        };
        let waited = first(call.invitation.request.frames()) <= self.before_stimulus;
        waited
            && call
                .invitation
                .final_response()
                .is_some_and(|response| first(response.frames()) <= self.before_stimulus)
    }

    /// An invitation was sent since the stimulus.
    pub fn has_new_invitation(&self) -> bool {
        self.invitation()
            .is_some_and(|call| first(call.invitation.request.frames()) > self.before_stimulus)
    }

    /// The latest invitation from one person to another.
    pub fn invitation_between(&self, caller: &str, callee: &str) -> Option<Call<'a>> {
        let (from, to) = (self.cast.number(caller), self.cast.number(callee));
        self.invitations().into_iter().rfind(|call| {
            let message = call.invitation.request.message;
            originator(message).as_deref() == Some(from)
                && message.uri().and_then(number_of).as_deref() == Some(to)
        })
    }

    /// Short messages the system has sent to a person, oldest first; incomplete concatenated ones included.
    pub fn short_messages_to(&self, person: &str) -> Vec<ShortMessage<'a>> {
        let number = self.cast.number(person);
        let mut found = observe::texts(self.trace, Direction::FromSystem);
        found.retain(|message| same_number(&message.recipient, number));
        found
    }

    /// The same, of those that began after the stimulus.
    pub fn new_short_messages_to(&self, person: &str) -> Vec<ShortMessage<'a>> {
        let mut found = self.short_messages_to(person);
        found.retain(|message| {
            message
                .frames
                .first()
                .is_some_and(|frame| *frame > self.before_stimulus)
        });
        found
    }

    /// Short messages a person has sent to the system since the stimulus.
    pub fn short_messages_from(&self, person: &str) -> Vec<ShortMessage<'a>> {
        let number = self.cast.number(person);
        let mut found = observe::texts(self.trace, Direction::ToSystem);
        found.retain(|message| {
            same_number(&message.sender, number)
                && message
                    .frames
                    .first()
                    .is_some_and(|frame| *frame > self.before_stimulus)
        });
        found
    }

    /// The inviting message for an invitation: the first whole short message to the invited user after the INVITE.
    pub fn inviting_message(&self, call: &Call) -> Option<ShortMessage<'a>> {
        let invite = first(call.invitation.request.frames());
        let to = call.invitation.request.message.uri().and_then(number_of)?;
        let callee = self.cast.people().find(|person| person.number == to)?;
        self.short_messages_to(&callee.name)
            .into_iter()
            .find(|message| message.complete && first(&message.frames) > invite)
    }

    /// The MSRP session of a call.
    pub fn session(&self, call: &Call) -> Option<Session<'a>> {
        observe::session_of(call, &observe::sessions(self.trace)).cloned()
    }

    /// SIP the system has sent since the stimulus: it lives, and has heard us.
    pub fn sip_from_system(&self) -> Vec<u32> {
        let facts = self.trace.facts.iter().filter(|seen| {
            matches!(seen.fact, Fact::Sip(_))
                && seen.direction == Direction::FromSystem
                && first(&seen.frames) > self.before_stimulus
        });
        facts.flat_map(|seen| seen.frames.iter().copied()).collect()
    }

    /// SIP MESSAGE requests from the system since the stimulus, short messages over IP apart.
    pub fn new_pager_messages(&self) -> Vec<Transaction<'a>> {
        let mut found = observe::messages(self.trace);
        found.retain(|message| {
            message.direction == Direction::FromSystem
                && !observe::is_encapsulated(message)
                && first(message.request.frames()) > self.before_stimulus
        });
        found
    }

    /// Chat messages from the system since the stimulus, with the session they came in.
    pub fn new_chat_messages(&self) -> Vec<(Session<'a>, ChatMessage<'a>)> {
        let sessions = observe::sessions(self.trace);
        sessions
            .into_iter()
            .flat_map(|session| {
                let messages: Vec<ChatMessage> = session
                    .messages
                    .iter()
                    .filter(|message| self.is_new_chat(message))
                    .cloned()
                    .collect();
                messages
                    .into_iter()
                    .map(move |message| (session.clone(), message))
            })
            .collect()
    }

    fn is_new_chat(&self, message: &ChatMessage) -> bool {
        message.direction == Direction::FromSystem
            && !message.empty
            && message.complete
            && first(&message.frames) > self.before_stimulus
    }

    /// BYE requests to the system since the stimulus.
    pub fn byes_to_system(&self) -> Vec<Transaction<'a>> {
        let mut found = observe::transactions_of(self.trace, "BYE");
        found.retain(|bye| {
            bye.direction != Direction::FromSystem
                && first(bye.request.frames()) > self.before_stimulus
        });
        found
    }

    /// BYE requests from the system since the stimulus.
    pub fn new_byes_from_system(&self) -> Vec<Transaction<'a>> {
        let mut found = observe::transactions_of(self.trace, "BYE");
        found.retain(|bye| {
            bye.direction == Direction::FromSystem
                && first(bye.request.frames()) > self.before_stimulus
        });
        found
    }
}

/// The first of ascending frame numbers; 0 if there is none.
pub fn first(frames: &[u32]) -> u32 {
    frames.first().copied().unwrap_or(0)
}

/// What a person reads of a chat message, whatever plain form it has.
pub fn text_of(message: &ChatMessage) -> Option<String> {
    let inner = || {
        message
            .cpim
            .as_ref()
            .map(|cpim| String::from_utf8_lossy(&cpim.content).into_owned())
    };
    message
        .text
        .clone()
        .or_else(inner)
        .or_else(|| String::from_utf8(message.body.clone()).ok())
}

/// What a person reads of a SIP MESSAGE.
pub fn pager_text(message: &SipMessage) -> String {
    let octets = match message.body_of("message/cpim") {
        Some(body) => {
            crate::wire::cpim::CpimMessage::parse(&body).map_or(body, |cpim| cpim.content)
        }
        None => message.body.clone(),
    };
    String::from_utf8_lossy(&octets).into_owned()
}
