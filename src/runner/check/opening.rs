//! What is done first where a scenario has an instance: which conversations may be instances, and which messages may begin one.
//!
//! A request that no scenario begins with begins no conversation: it is counted and passed over, so that a recording of any length costs
//! what its stimuli cost. Whatever shares a user or a call with a conversation that has begun belongs to it, of whatever kind.
use crate::observe::{Ends, Glimpse, Protocol};
use crate::peer::ue::{Invitation, UeCommand};
use crate::steps::HandsetAct;
use crate::steps::course::Act;
use crate::steps::locate;
use crate::steps::search::Beginning;
use memchr::memmem;
use std::net::SocketAddr;

/// Every offer of a chat has it.
const CHAT: &[u8] = b"m=message";
const SHORT_MESSAGE: &str = "a short message";

/// How the first act of a scenario looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    /// An INVITE with these octets.
    Invitation(Vec<u8>),
    Pager,
    Registration,
    /// By SMPP, Diameter or MESSAGE, whichever carries short messages.
    ShortMessage,
    OnUt,
    /// Octets as they stand.
    Raw(Vec<u8>),
    /// No recording shows it.
    Unseen,
    Anything,
}

impl Opening {
    pub fn of(begins: &Beginning) -> Self {
        match begins.first.as_ref().map(|(_, act)| act) {
            Some(Act::Ue(UeCommand::Invite(order))) => Self::Invitation(needed(order)),
            Some(Act::Ue(
                UeCommand::Message(_)
                | UeCommand::ShortMessage(_)
                | UeCommand::Submit(_)
                | UeCommand::MemoryAvailable,
            )) => Self::Pager,
            Some(Act::Ue(UeCommand::Register(_)) | Act::Mmtel(_)) => Self::Registration,
            Some(Act::Ue(UeCommand::Raw { octets })) => Self::Raw(octets.clone()),
            Some(Act::Handset(HandsetAct::Send { .. } | HandsetAct::Answer { .. })) => {
                Self::ShortMessage
            }
            Some(_) => Self::Anything,
            None if begins.on_ut.is_some() => Self::OnUt,
            None if begins.undecidable.is_some() || begins.unplayable.is_some() => Self::Unseen,
            None => Self::Anything,
        }
    }

    /// A conversation may be an instance if this is done first in it.
    pub fn may_begin(&self, first: &locate::Act) -> bool {
        let what = first.what.as_str();
        match self {
            Self::Invitation(_) => what == "a INVITE",
            Self::Pager => what == "a MESSAGE",
            Self::Registration => what == "a REGISTER",
            Self::ShortMessage => matches!(what, SHORT_MESSAGE | "a MESSAGE"),
            Self::OnUt => what == locate::ON_UT,
            Self::Unseen => false,
            Self::Raw(_) | Self::Anything => true,
        }
    }
}

/// What of an order stands in the message whatever else a terminal writes.
fn needed(order: &Invitation) -> Vec<u8> {
    match &order.body {
        Some((_, octets)) => octets.clone(),
        None => CHAT.to_vec(),
    }
}

/// Which messages may begin a conversation that some scenario has an instance in.
#[derive(Debug, Default)]
pub(super) struct Interest {
    /// What an INVITE has one of.
    invitations: Vec<Vec<u8>>,
    raw: Vec<Vec<u8>>,
    pager: bool,
    registration: bool,
    short_messages: bool,
    on_ut: bool,
    anything: bool,
    /// What the system is told of users says who may be who.
    is_told: bool,
    system: Vec<SocketAddr>,
    ut: Vec<SocketAddr>,
    provisioning: Vec<SocketAddr>,
    /// SMPP command that the service centre sends a short message by.
    delivery: u32,
}

/// deliver_sm and submit_sm, SMPP 3.4 section 5.1.2.1; data_sm carries either.
const DELIVER: u32 = 0x05;
const SUBMIT: u32 = 0x04;
const DATA: u32 = 0x103;

fn is_at(known: &[SocketAddr], address: SocketAddr) -> bool {
    let same = |one: &SocketAddr| {
        one.ip() == address.ip() && (one.port() == 0 || one.port() == address.port())
    };
    known.iter().any(same)
}

impl Interest {
    pub fn of<'o>(openings: impl Iterator<Item = &'o Opening>, ends: &Ends) -> Self {
        let mut wished = Self {
            is_told: !ends.provisioning.is_empty(),
            system: ends.sip.iter().map(|(address, _)| *address).collect(),
            ut: ends.ut.clone(),
            provisioning: ends.provisioning.clone(),
            delivery: match ends.system_is_message_centre {
                true => SUBMIT,
                false => DELIVER,
            },
            ..Self::default()
        };
        for opening in openings {
            match opening {
                Opening::Invitation(octets) => wished.invitations.push(octets.clone()),
                Opening::Raw(octets) => wished.raw.push(octets.clone()),
                Opening::Pager => wished.pager = true,
                Opening::Registration => wished.registration = true,
                Opening::ShortMessage => {
                    (wished.short_messages, wished.pager) = (true, true);
                }
                Opening::OnUt => wished.on_ut = true,
                Opening::Anything => wished.anything = true,
                Opening::Unseen => {}
            }
        }
        for needs in [&mut wished.invitations, &mut wished.raw] {
            needs.sort();
            needs.dedup();
        }
        wished
    }

    /// True if a scenario may begin with that, or its users are told of in it.
    pub fn wants(&self, seen: &Glimpse<'_>) -> bool {
        match seen.protocol {
            Protocol::Sip => self.wants_sip(seen),
            Protocol::Smpp => {
                let command = seen.octets.get(4..8).map(|four| {
                    four.iter()
                        .fold(0_u32, |word, octet| (word << 8) | u32::from(*octet))
                });
                (self.short_messages || self.anything)
                    && command.is_some_and(|command| [self.delivery, DATA].contains(&command))
            }
            Protocol::Http if is_at(&self.provisioning, seen.to) => self.is_told,
            Protocol::Http => self.on_ut || self.anything,
            _ => self.short_messages || self.anything,
        }
    }

    fn wants_sip(&self, seen: &Glimpse<'_>) -> bool {
        // What the system does is nobody's stimulus.
        if is_at(&self.system, seen.from) && !is_at(&self.system, seen.to) {
            return false;
        }
        let has = |wanted: &Vec<u8>| memmem::find(seen.octets, wanted).is_some();
        let of_kind = match seen.method {
            b"INVITE" => self.invitations.iter().any(has),
            b"MESSAGE" => self.pager,
            b"REGISTER" => self.registration,
            _ => false,
        };
        of_kind || self.anything || self.raw.iter().any(|raw| raw == seen.octets)
    }

    /// A message to or from the system.
    pub fn is_of_system(&self, seen: &Glimpse<'_>) -> bool {
        is_at(&self.system, seen.from)
            || is_at(&self.system, seen.to)
            || is_at(&self.ut, seen.to)
            || is_at(&self.provisioning, seen.to)
    }
}
