//! One call of an MMTel UE: the INVITE usage of a dialog with its audio. Data only; the machine moves it.
use super::audio::Audio;
use super::order::AudioCall;
use crate::peer::Time;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::{ClientId, Hop, ServerId};
use crate::wire::sip::SipMessage;
use std::time::Duration;

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
    pub(super) order: Option<AudioCall>,
    /// The INVITE as sent or as received; of a change the latest.
    pub(super) invite: Option<SipMessage>,
    pub(super) client: Option<ClientId>,
    pub(super) server: Option<ServerId>,
    /// CANCEL is wanted as soon as a provisional response has come (RFC 3261 section 9.1).
    pub(super) cancel_wanted: bool,
    pub(super) provisional: bool,
    pub(super) early: Vec<Dialog>,
    pub(super) dialog: Option<Dialog>,
    pub(super) audio: Audio,
    /// ACK of the last 2xx, for its retransmissions: CSeq number of the INVITE, way, octets.
    pub(super) ack: Option<(u32, Hop, Vec<u8>)>,
    pub(super) unacknowledged: Option<Unacknowledged>,
    /// Our 2xx made the offer; the answer comes with the ACK.
    pub(super) answer_in_ack: bool,
    /// A re-INVITE of ours is under way.
    pub(super) changing: bool,
    /// The call whose place this one takes, ended when this one stands (RFC 3891 section 3).
    pub(super) replaces: Option<CallId>,
}

impl Call {
    pub(super) fn new(label: &str, audio: Audio) -> Self {
        Self {
            label: label.to_owned(),
            phase: Phase::Inviting,
            order: None,
            invite: None,
            client: None,
            server: None,
            cancel_wanted: false,
            provisional: false,
            early: Vec::new(),
            dialog: None,
            audio,
            ack: None,
            unacknowledged: None,
            answer_in_ack: false,
            changing: false,
            replaces: None,
        }
    }

    /// The dialog with that remote tag, early or confirmed.
    pub(super) fn dialog_of(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        self.dialog
            .iter_mut()
            .chain(self.early.iter_mut())
            .find(|dialog| dialog.remote_tag == remote_tag)
    }

    pub(super) fn has_dialog(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> bool {
        self.dialog
            .iter()
            .chain(self.early.iter())
            .any(|dialog| dialog.matches(call_id, local_tag, remote_tag))
    }

    /// When something of this call is due by itself.
    pub(super) fn wake_at(&self) -> Option<Time> {
        let unacknowledged = self.unacknowledged.as_ref().map(|u| u.at.min(u.give_up));
        let audio = self.audio.wake_at();
        let audio = audio.filter(|_| self.phase == Phase::Established);
        unacknowledged.into_iter().chain(audio).min()
    }
}
