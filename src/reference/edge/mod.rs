//! The outermost edge of the reference implementation: the last thing that happens to what it sends, on every protocol.
//!
//! Usually nothing. Under `--vary SEED` everything leaves in another form that means the same and that the standards allow
//! (`variation`), so that a suite that is stricter than they are fails the reference. Under `--mutate MUTATION` one element of it leaves
//! wrong (`mutation`), so that a suite that overlooks it passes the reference. What lies behind the edge knows nothing of either.
mod dice;
pub mod mutation;
pub mod variation;

use super::user_agent::Transport;
use mutation::Mutation;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use variation::Variation;

/// Arguments about the edge.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EdgeArguments {
    /// Sends everything in another form that the standards allow, drawn from this seed
    #[arg(long, value_name = "SEED")]
    pub vary: Option<u64>,
    /// Spoils one element of what is sent: OPERATION:KIND:MESSAGE:NAME, as in delete:header:INVITE:P-Asserted-Identity
    #[arg(long, value_name = "MUTATION", conflicts_with = "vary")]
    pub mutate: Option<Mutation>,
}

impl EdgeArguments {
    /// The same as words of a command line.
    pub fn words(&self) -> Vec<String> {
        let vary = self.vary.iter();
        let vary = vary.flat_map(|seed| ["--vary".to_owned(), seed.to_string()]);
        let mutate = self.mutate.iter();
        let mutate = mutate.flat_map(|one| ["--mutate".to_owned(), one.to_string()]);
        vary.chain(mutate).collect()
    }

    pub(in crate::reference) fn edge(&self) -> Edge {
        match (self.vary, &self.mutate) {
            (Some(seed), _) => Edge::Varied(Variation::of_endpoint(seed)),
            (None, Some(mutation)) => Edge::Mutated(Arc::new(mutation.clone())),
            (None, None) => Edge::Plain,
        }
    }
}

/// What happens to what is sent.
#[derive(Debug, Clone, Default)]
pub enum Edge {
    #[default]
    Plain,
    Varied(Variation),
    Mutated(Arc<Mutation>),
}

/// Octets on their way, at once or a little later.
#[derive(Debug, Clone)]
pub(in crate::reference) struct Leaving {
    pub(in crate::reference) octets: Arc<[u8]>,
    pub(in crate::reference) after: Duration,
}

impl Edge {
    /// The same for an element that passes on what others wrote, and may change less of it (RFC 3261 section 16.6).
    #[must_use]
    pub(in crate::reference) fn of_proxy(self) -> Self {
        match self {
            Self::Plain => Self::Plain,
            Self::Varied(variation) => Self::Varied(variation.of_proxy()),
            Self::Mutated(_) => self,
        }
    }

    /// What leaves in the place of one SIP message.
    pub(in crate::reference) fn sip(
        &self,
        octets: Arc<[u8]>,
        transport: Transport,
    ) -> Vec<Leaving> {
        match self {
            Self::Plain => vec![Leaving {
                octets,
                after: Duration::ZERO,
            }],
            Self::Varied(variation) => variation.sip(octets, transport),
            Self::Mutated(mutation) => match mutation.sip(&octets) {
                None => Self::Plain.sip(octets, transport),
                Some((all, after)) => {
                    let leaving = |octets: Vec<u8>| Leaving {
                        octets: octets.into(),
                        after,
                    };
                    all.into_iter().map(leaving).collect()
                }
            },
        }
    }

    /// What leaves in the place of one MSRP message.
    pub(in crate::reference) fn msrp(&self, octets: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => octets,
            Self::Varied(variation) => variation.msrp(octets),
            Self::Mutated(mutation) => mutation.msrp(&octets).unwrap_or(octets),
        }
    }

    /// Octets of a message in one MSRP chunk.
    pub(in crate::reference) fn msrp_chunk(&self, usual: usize, body: &[u8]) -> usize {
        match self {
            Self::Plain | Self::Mutated(_) => usual,
            Self::Varied(variation) => variation.msrp_chunk(usual, body),
        }
    }

    /// What leaves in the place of one SMPP PDU.
    pub(in crate::reference) fn smpp(&self, octets: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => octets,
            Self::Varied(variation) => variation.smpp(octets),
            Self::Mutated(mutation) => mutation.smpp(&octets).unwrap_or(octets),
        }
    }

    /// Whether an enquire_link goes before this PDU.
    pub(in crate::reference) fn enquires_before(&self, octets: &[u8]) -> bool {
        match self {
            Self::Plain | Self::Mutated(_) => false,
            Self::Varied(variation) => variation.enquires_before(octets),
        }
    }

    /// What leaves in the place of one Diameter message.
    pub(in crate::reference) fn diameter(&self, octets: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => octets,
            Self::Varied(variation) => variation.diameter(octets),
            Self::Mutated(mutation) => mutation.diameter(&octets).unwrap_or(octets),
        }
    }

    /// Several messages that wait for one connection may leave in one piece.
    pub(in crate::reference) fn joins_messages(&self) -> bool {
        matches!(self, Self::Varied(_))
    }

    /// Writes to a stream, in as many pieces as the edge wants; the socket waits for no more (TCP_NODELAY), so that each is a segment.
    pub(in crate::reference) async fn write<W: AsyncWrite + Unpin>(
        &self,
        writer: &mut W,
        octets: &[u8],
    ) -> io::Result<()> {
        let pieces = match self {
            Self::Plain | Self::Mutated(_) => Vec::new(),
            Self::Varied(variation) => variation.cuts(octets),
        };
        let mut from = 0;
        for cut in pieces.into_iter().chain([octets.len()]) {
            if cut > from && cut <= octets.len() {
                writer.write_all(&octets[from..cut]).await?;
                // TLS may keep a part of it until it is told to let go.
                writer.flush().await?;
                from = cut;
            }
        }
        Ok(())
    }
}
