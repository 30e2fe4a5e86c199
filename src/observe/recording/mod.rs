//! Captures recorded by somebody else, of any length: cut into the conversations of their users, one after the other.
//!
//! Every message is glanced at; built and kept are only those that belong with a request that may be a stimulus. Memory follows what is open
//! and not the length of the file. A conversation is what Call-IDs, users' identities, MSRP paths and Diameter sessions join.
mod desk;
mod ends;
mod glimpse;
mod groups;
mod intake;
mod keys;
mod layers;
mod recent;
mod requests;
mod skim;
mod source;
mod streams;
#[cfg(test)]
mod tests;

pub use super::dissect::Protocol;
use super::tls::Secrets;
use super::{Note, Observation, ObserveError, Trace};
pub use ends::Ends;
pub use glimpse::Glimpse;
use intake::Intake;
use source::Source;
use std::io::Read;

/// Everything that a group of users exchanged.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// As of a capture of the suite's own: reference points and directions are set, frames are numbered as in the whole recording.
    pub trace: Trace,
    /// Requests to the system's provisioning interface about its users, and their responses.
    pub provisioning: Vec<Observation>,
    /// `+` and digits, or user and host; ascending.
    pub identities: Vec<String>,
    /// When it was handed on, nanoseconds since the Unix epoch: until then nothing more of these users was seen.
    pub until: u64,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub packets: u32,
    /// Messages that were only glanced at.
    pub screened: u64,
    /// Messages that were built and kept.
    pub kept: u64,
    pub conversations: u64,
    /// What cannot be read of the file itself.
    pub notes: Vec<Note>,
}

type Interest<'i> = Box<dyn Fn(&Glimpse<'_>) -> bool + 'i>;

/// How to read a recording.
pub struct Recording<'i> {
    ends: Ends,
    secrets: Secrets,
    interest: Interest<'i>,
    screening: bool,
}

impl<'i> Recording<'i> {
    pub fn new(ends: Ends) -> Self {
        Self {
            ends,
            secrets: Secrets::default(),
            interest: Box::new(|_| true),
            screening: true,
        }
    }

    /// Lines of a TLS key log (`SSLKEYLOGFILE`), besides those that the file holds.
    #[must_use]
    pub fn key_log(mut self, lines: &[u8]) -> Self {
        self.secrets.learn(lines);
        self
    }

    /// Which requests may begin a conversation that is wanted. Asked of requests that belong to none.
    #[must_use]
    pub fn interested_in(mut self, interest: impl Fn(&Glimpse<'_>) -> bool + 'i) -> Self {
        self.interest = Box::new(interest);
        self
    }

    /// Builds every message before it is looked at: what screening is measured by.
    #[must_use]
    pub fn without_screening(mut self) -> Self {
        self.screening = false;
        self
    }

    /// Reads to the end, handing each conversation on when it is over.
    pub fn read(
        self,
        input: impl Read,
        each: &mut dyn FnMut(Conversation),
    ) -> Result<Summary, ObserveError> {
        let mut source = Source::open(input)?;
        let mut intake = Intake::new(self.ends, self.secrets, self.interest, self.screening);
        while let Some(packet) = source.next_packet()? {
            let at = packet.at;
            intake.packet(packet)?;
            intake.close_what_is_over(at, each);
        }
        let mut summary = intake.finish(each);
        summary.packets = source.packets();
        if let Some(at) = source.cut_at {
            let text =
                format!("the capture ends in the middle of a block that begins at octet {at}");
            summary.notes.push(Note {
                frame: summary.packets,
                text,
            });
        }
        Ok(summary)
    }

    /// All conversations at once, in the order of their ends.
    pub fn conversations(
        self,
        input: impl Read,
    ) -> Result<(Vec<Conversation>, Summary), ObserveError> {
        let mut all = Vec::new();
        let summary = self.read(input, &mut |conversation| all.push(conversation))?;
        Ok((all, summary))
    }
}
