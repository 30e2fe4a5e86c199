//! One call of a UE: the INVITE usage of a dialog with its message session.
//!
//! Data only; the machine moves it. A call has a label of the scenario and a number of its own, because labels may come again.
use std::collections::VecDeque;
use std::time::Duration;

use crate::peer::dialog::{Dialog, SessionTimer};
use crate::peer::message_session::MessageSession;
use crate::peer::offer::LocalMedia;
use crate::peer::transaction::{ClientId, Hop, ServerId};
use crate::peer::{FlowId, Time};
use crate::wire::sip::SipMessage;

use super::Invitation;

/// Number of a call within its UE.
pub(super) type CallId = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No final response to the INVITE yet.
    Inviting,
    Established,
    /// Over, or BYE is on its way.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancelling {
    No,
    /// Wanted, but no provisional response has come (RFC 3261 section 9.1).
    Wanted,
    Sent,
}

/// A 2xx of ours that waits for its ACK (RFC 3261 section 13.3.1.4).
#[derive(Debug, Clone)]
pub(super) struct Unacknowledged {
    pub(super) response: SipMessage,
    pub(super) hop: Hop,
    pub(super) cseq: u32,
    pub(super) at: Time,
    pub(super) interval: Duration,
    pub(super) give_up: Time,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) label: String,
    pub(super) phase: Phase,
    /// What the scenario asked for; `None` on the called side.
    pub(super) invitation: Option<Invitation>,
    /// The INVITE as sent or as received.
    pub(super) invite: Option<SipMessage>,
    pub(super) client: Option<ClientId>,
    pub(super) server: Option<ServerId>,
    pub(super) cancelling: Cancelling,
    pub(super) provisional: bool,
    pub(super) early: Vec<Dialog>,
    pub(super) dialog: Option<Dialog>,
    /// Dialog of a subscription to the conference state, if it is not the call's own.
    pub(super) subscription: Option<Dialog>,
    /// Notifications of the conference state sent.
    pub(super) notified: u32,
    /// Conversation-ID and Contribution-ID.
    pub(super) cpm_ids: (String, String),
    pub(super) local: LocalMedia,
    /// SDP of a provisional response, used if the 2xx brings none.
    pub(super) early_answer: Option<Vec<u8>>,
    /// ACK of the last 2xx, for its retransmissions: CSeq number of the INVITE, way, octets.
    pub(super) ack: Option<(u32, Hop, Vec<u8>)>,
    pub(super) unacknowledged: Option<Unacknowledged>,
    /// Our 2xx made the offer; the answer comes with the ACK.
    pub(super) answer_in_ack: bool,
    pub(super) timer: Option<SessionTimer>,
    /// A refresh of ours is under way.
    pub(super) refreshing: bool,
    pub(super) session: Option<MessageSession>,
    pub(super) flow: Option<FlowId>,
    pub(super) ended_told: bool,
    /// Message-IDs of the chat messages sent.
    pub(super) sent: VecDeque<String>,
}

impl Call {
    pub(super) fn new(label: &str, local: LocalMedia) -> Self {
        Self {
            label: label.to_owned(),
            phase: Phase::Inviting,
            invitation: None,
            invite: None,
            client: None,
            server: None,
            cancelling: Cancelling::No,
            provisional: false,
            early: Vec::new(),
            dialog: None,
            subscription: None,
            notified: 0,
            cpm_ids: (String::new(), String::new()),
            local,
            early_answer: None,
            ack: None,
            unacknowledged: None,
            answer_in_ack: false,
            timer: None,
            refreshing: false,
            session: None,
            flow: None,
            ended_told: false,
            sent: VecDeque::new(),
        }
    }

    /// The dialog of that remote tag, early or confirmed.
    pub(super) fn dialog_of(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        self.dialog
            .iter_mut()
            .chain(self.early.iter_mut())
            .find(|dialog| dialog.remote_tag == remote_tag)
    }

    /// When something of this call is due by itself.
    pub(super) fn wake_at(&self) -> Option<Time> {
        if self.phase == Phase::Ended {
            return self.session.as_ref().and_then(MessageSession::wake_at);
        }
        [
            self.unacknowledged.as_ref().map(|u| u.at.min(u.give_up)),
            self.timer
                .filter(|_| self.phase == Phase::Established && !self.refreshing)
                .map(|timer| timer.due()),
            self.session.as_ref().and_then(MessageSession::wake_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
