//! Segments of TCP that are whole messages which nobody wants: told from the octets, and passed over without being put together.
use super::super::dissect::Protocol;
use super::desk::Desk;
use super::glimpse::{self, Glimpse};
use super::keys::Keys;
use super::layers::SegmentHead;
use super::streams::{Frame, Stream};
use memchr::memmem;

/// Of an SMPP header.
const HEADER: usize = 16;
const RESPONSE: u8 = 0x80;

impl Desk<'_> {
    /// True if nothing of the segment is wanted, and it was passed over. False says nothing: it is read as any other.
    pub fn passes_over(
        &mut self,
        stream: &mut Stream,
        frame: &Frame,
        head: SegmentHead,
        payload: &[u8],
    ) -> bool {
        if payload.is_empty() || head.syn || head.fin || head.rst {
            return false;
        }
        let groups = &self.groups;
        if !stream.is_unwanted(|key| groups.at(key).is_some()) {
            return false;
        }
        let count = match stream.connection.reads_as(frame.from, head.sequence) {
            Some(Protocol::Msrp) => self.unwanted_msrp(frame, payload),
            Some(Protocol::Smpp) => self.unwanted_smpp(frame, payload),
            _ => None,
        };
        let Some(count) = count else {
            return false;
        };
        stream.connection.pass_over(frame.from, payload.len());
        stream.last = stream.last.max(frame.at);
        self.summary.screened += count;
        true
    }

    /// How many messages these are, where they are whole and none belongs to a conversation.
    fn unwanted_msrp(&self, frame: &Frame, payload: &[u8]) -> Option<u64> {
        let open = !self.groups.is_empty();
        let near = [frame.from, frame.to];
        if open
            && near
                .iter()
                .any(|address| self.groups.at_address(*address).is_some())
        {
            return None;
        }
        let (mut rest, mut count) = (payload, 0);
        while !rest.is_empty() {
            let length = msrp_length(rest)?;
            if open {
                let mut keys = Keys::without_plan();
                glimpse::msrp_keys(&rest[..length], &mut keys);
                if self.groups.find(&keys).is_some() {
                    return None;
                }
            }
            rest = &rest[length..];
            count += 1;
        }
        Some(count)
    }

    fn unwanted_smpp(&self, frame: &Frame, payload: &[u8]) -> Option<u64> {
        let (mut rest, mut count) = (payload, 0);
        while !rest.is_empty() {
            let head = rest.first_chunk::<HEADER>()?;
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let octets = rest.get(..length.max(HEADER))?;
            if head[4] & RESPONSE == 0 {
                let mut keys = Keys::new(&self.prefixes);
                glimpse::smpp_keys(octets, &mut keys);
                let glimpse = Glimpse {
                    protocol: Protocol::Smpp,
                    method: b"",
                    target: b"",
                    octets,
                    from: frame.from,
                    to: frame.to,
                };
                let names_somebody = keys.iter().next().is_some();
                if names_somebody && self.is_wanted(self.groups.find(&keys), Some(glimpse)) {
                    return None;
                }
            }
            rest = &rest[octets.len()..];
            count += 1;
        }
        Some(count)
    }
}

/// Length of the message at the beginning, if its end-line is there (RFC 4975 section 7.1).
fn msrp_length(octets: &[u8]) -> Option<usize> {
    let rest = octets.strip_prefix(b"MSRP ")?;
    let id = &rest[..rest.iter().take(40).position(|octet| *octet == b' ')?];
    let mut line = [0; 64];
    let end_line = line.get_mut(..id.len() + 9)?;
    end_line[..9].copy_from_slice(b"\r\n-------");
    end_line[9..].copy_from_slice(id);
    let at = memmem::find(octets, end_line)? + end_line.len();
    match octets.get(at..at + 3)? {
        [b'$' | b'+' | b'#', b'\r', b'\n'] => Some(at + 3),
        _ => None,
    }
}
