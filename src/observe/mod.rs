//! FLOOR 4: recorded octets to ordered facts. Pure: pcapng (or pcap) octets in, facts out; live and from file are the same path.
//!
//! [`Observer`] reads a capture, puts TCP streams together and cuts them into messages; the other files are views over the [`Trace`] that
//! results, for judges and for people.
mod audio;
mod chat;
mod closure;
mod connection;
mod diameter;
mod dissect;
mod encapsulated;
pub mod facts;
mod http;
mod ladder;
mod observer;
mod packet;
mod payload;
mod reaction;
mod reader;
mod reassembly;
pub mod recording;
pub mod redact;
mod roster;
#[cfg(test)]
mod sample;
mod settled;
mod short_messages;
mod sip;
mod subscription;
mod tls;

pub use audio::{audio_address, audio_direction, heard_at, own_audio, spoken_at};
pub use chat::{ChatMessage, MsrpFact, Session, path_of, session_of, sessions};
pub use closure::{Closure, LeftOpen, State as ClosureState, closure};
pub use diameter::{DiameterRequest, diameter_requests, way as diameter_way};
pub use encapsulated::{Encapsulated, encapsulated, is_encapsulated};
pub use facts::{Direction, Fact, FrameInfo, Note, Observation, Trace};
pub use http::{HttpExchange, http_exchanges};
pub use ladder::{Names, differences, ends, first_difference, ladder};
pub use observer::Observer;
pub use payload::payloads;
pub use reaction::expected;
pub use recording::{Conversation, Ends, Glimpse, Protocol, Recording, Summary};
pub use roster::{Merged, PRESENT, Roster, RosterStep, conference_subscriptions, history};
pub use settled::unsettled;
pub use short_messages::{DeliveryReport, Part, ShortMessage, short_messages, texts};
pub use sip::{Call, SipFact, Transaction, calls, messages, transactions, transactions_of};
pub use subscription::{Notification, Subscription, subscriptions};

/// A capture that cannot be read. Octets inside packets never are an error: they are facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    #[error(
        "the capture is neither pcapng nor pcap (its first octets are {0}); save it with Wireshark as pcapng"
    )]
    UnknownFormat(String),
    #[error("the capture cannot be read: {0}")]
    Read(String),
    #[error("the capture has no valid block at octet {at} ({what}); it is damaged from there on")]
    Block { at: u64, what: String },
    #[error(
        "the capture ends in the middle of a block that begins at octet {at}; cut it with editcap"
    )]
    Truncated { at: u64 },
    #[error(
        "interface {interface} of the capture has link type {link_type}, which is not read; capture on an IP, Ethernet or cooked interface"
    )]
    LinkType { interface: u32, link_type: i32 },
}

#[cfg(test)]
mod sgd_tests;
#[cfg(test)]
mod view_tests;
