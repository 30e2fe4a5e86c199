//! Reads packets out of a capture file as a stream: pcap and pcapng, either of them packed with gzip.
//!
//! A packet is lent, not copied. Memory is one buffer, whatever the file's length. More than 400 lines: both formats read from that buffer.
use super::super::reader::{Interface, nanoseconds};
use super::super::{Direction, ObserveError};
use flate2::read::MultiGzDecoder;
use std::io::Read;

const BUFFER: usize = 512 * 1024;
/// Longest block or packet record that is believed.
const BLOCK_LIMIT: usize = 16 * 1024 * 1024;
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const GZIP: [u8; 2] = [0x1f, 0x8b];
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
const TLS_KEY_LOG: u32 = 0x544c_534b;
const OPT_COMMENT: u16 = 1;
const EPB_FLAGS: u16 = 2;

/// One packet as the file has it, lent until the next.
#[derive(Debug)]
pub struct Captured<'a> {
    /// 1-based over all packets of the file, as Wireshark counts.
    pub number: u32,
    pub at: u64,
    pub interface_id: u32,
    pub link_type: i32,
    /// What the suite wrote of it: reference point, direction, comment. Elsewhere a direction tells the side of the capturing host.
    pub own: Option<Own>,
    /// TLS key logs that stood before it.
    pub secrets: Vec<u8>,
    pub octets: &'a [u8],
}

#[derive(Debug)]
pub struct Own {
    pub interface: String,
    pub direction: Direction,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Pcap {
        big_endian: bool,
        nanoseconds: bool,
        /// Of a record: 16, or 24 in the form of Alexey Kuznetzov.
        head: usize,
    },
    PcapNg {
        big_endian: bool,
        ours: bool,
    },
}

/// A place in the buffer.
struct Place {
    from: usize,
    until: usize,
}

pub struct Source<'r> {
    input: Box<dyn Read + 'r>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the (unpacked) file of the buffer's first octet.
    offset: u64,
    format: Option<Format>,
    interfaces: Vec<Interface>,
    packets: u32,
    last_time: u64,
    secrets: Vec<u8>,
    /// The file ends within a block: where that begins.
    pub cut_at: Option<u64>,
}

impl<'r> Source<'r> {
    pub fn open(mut input: impl Read + 'r) -> Result<Self, ObserveError> {
        let mut first = [0; 2];
        let mut seen = 0;
        while seen < first.len() {
            match input.read(&mut first[seen..]).map_err(unreadable)? {
                0 => break,
                count => seen += count,
            }
        }
        let whole = std::io::Cursor::new(first[..seen].to_vec()).chain(input);
        let input: Box<dyn Read + 'r> = match first == GZIP {
            true => Box::new(MultiGzDecoder::new(std::io::BufReader::with_capacity(
                BUFFER, whole,
            ))),
            false => Box::new(whole),
        };
        Ok(Self {
            input,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            offset: 0,
            format: None,
            interfaces: Vec::new(),
            packets: 0,
            last_time: 0,
            secrets: Vec::new(),
            cut_at: None,
        })
    }

    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// The next packet; `None` at the end of the file, also where that lies within a block.
    pub fn next_packet(&mut self) -> Result<Option<Captured<'_>>, ObserveError> {
        loop {
            let format = match self.format {
                Some(format) => format,
                None => match self.begin()? {
                    Some(format) => format,
                    None => return Ok(None),
                },
            };
            match format {
                Format::Pcap {
                    big_endian,
                    nanoseconds,
                    head,
                } => return self.record(big_endian, nanoseconds, head),
                Format::PcapNg { .. } => {
                    let Some(length) = self.block_length()? else {
                        return Ok(None);
                    };
                    let from = self.start;
                    if let Some((interface_id, at, place, own)) = self.block(length)? {
                        self.start = from + length;
                        return Ok(Some(self.lend(interface_id, at, place, own)));
                    }
                    self.start = from + length;
                }
            }
        }
    }

    /// So many octets from `start` are in the buffer; false at the end of the file.
    fn need(&mut self, count: usize) -> Result<bool, ObserveError> {
        if self.end - self.start >= count {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.offset += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < count {
            self.buffer.resize(count.next_power_of_two(), 0);
        }
        while self.end < count {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    if self.end > 0 {
                        self.cut_at = Some(self.offset);
                    }
                    return Ok(false);
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // What gzip says of a file that ends too early.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    self.cut_at = Some(self.offset);
                    return Ok(false);
                }
                Err(error) => return Err(unreadable(error)),
            }
        }
        Ok(true)
    }

    fn broken(&self, what: impl Into<String>) -> ObserveError {
        ObserveError::Block {
            at: self.offset + self.start as u64,
            what: what.into(),
        }
    }

    fn begin(&mut self) -> Result<Option<Format>, ObserveError> {
        if !self.need(4)? {
            let shown = format!("{:02x?}", &self.buffer[..self.end]);
            return match self.end {
                0 => Ok(None),
                _ => Err(ObserveError::UnknownFormat(shown)),
            };
        }
        let first = &self.buffer[self.start..self.start + 4];
        if first == SECTION_HEADER {
            let format = Format::PcapNg {
                big_endian: false,
                ours: false,
            };
            self.format = Some(format);
            return Ok(Some(format));
        }
        let (big_endian, nanoseconds, head) = match first {
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false, 16),
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false, 16),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true, 16),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true, 16),
            [0xa1, 0xb2, 0xcd, 0x34] => (true, false, 24),
            [0x34, 0xcd, 0xb2, 0xa1] => (false, false, 24),
            other => return Err(ObserveError::UnknownFormat(format!("{other:02x?}"))),
        };
        if !self.need(24)? {
            return Ok(None);
        }
        // The upper half tells how long frame check sequences are.
        let network = word(&self.buffer, self.start + 20, big_endian) & 0xffff;
        self.interfaces = vec![Interface::of_pcap(
            i32::try_from(network).unwrap_or(-1),
            nanoseconds,
        )];
        self.start += 24;
        let format = Format::Pcap {
            big_endian,
            nanoseconds,
            head,
        };
        self.format = Some(format);
        Ok(Some(format))
    }

    fn record(
        &mut self,
        big_endian: bool,
        nanoseconds: bool,
        head: usize,
    ) -> Result<Option<Captured<'_>>, ObserveError> {
        if !self.need(head)? {
            return Ok(None);
        }
        let field = |at: usize| word(&self.buffer, self.start + at, big_endian);
        let (seconds, fraction, length) = (field(0), field(4), field(8) as usize);
        if length > BLOCK_LIMIT {
            return Err(self.broken(format!("packet record of {length} octets")));
        }
        if !self.need(head + length)? {
            return Ok(None);
        }
        let unit = if nanoseconds { 1 } else { 1000 };
        let at = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * unit;
        let from = self.start + head;
        self.start = from + length;
        let place = Place {
            from,
            until: from + length,
        };
        Ok(Some(self.lend(0, at, place, None)))
    }

    fn lend(&mut self, interface_id: u32, at: u64, place: Place, own: Option<Own>) -> Captured<'_> {
        self.packets = self.packets.saturating_add(1);
        self.last_time = at;
        let interface = self.interfaces.get(interface_id as usize);
        Captured {
            number: self.packets,
            at,
            interface_id,
            link_type: interface.map_or(-1, |interface| interface.link_type),
            own,
            secrets: std::mem::take(&mut self.secrets),
            octets: &self.buffer[place.from..place.until],
        }
    }

    /// Makes the next block whole in the buffer.
    fn block_length(&mut self) -> Result<Option<usize>, ObserveError> {
        if !self.need(12)? {
            return Ok(None);
        }
        let head = &self.buffer[self.start..self.start + 12];
        if head.starts_with(&SECTION_HEADER) {
            let big_endian = match head[8..12] {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => return Err(self.broken("section header without byte-order magic")),
            };
            self.format = Some(Format::PcapNg {
                big_endian,
                ours: false,
            });
        }
        let length = word(&self.buffer, self.start + 4, self.is_big_endian()) as usize;
        if length < 12 || !length.is_multiple_of(4) || length > BLOCK_LIMIT {
            return Err(self.broken(format!("block length {length}")));
        }
        Ok(self.need(length)?.then_some(length))
    }

    fn is_big_endian(&self) -> bool {
        matches!(
            self.format,
            Some(Format::PcapNg {
                big_endian: true,
                ..
            })
        )
    }

    /// Reads one whole block; gives what it says of a packet if it is one.
    #[allow(clippy::type_complexity)]
    fn block(
        &mut self,
        length: usize,
    ) -> Result<Option<(u32, u64, Place, Option<Own>)>, ObserveError> {
        let big = self.is_big_endian();
        let (from, until) = (self.start, self.start + length);
        match word(&self.buffer, from, big) {
            ENHANCED_PACKET => self.enhanced(from, until, big).map(Some),
            SIMPLE_PACKET if length >= 16 => {
                if self.interfaces.is_empty() {
                    return Err(self.broken("packet without an interface"));
                }
                let original = word(&self.buffer, from + 8, big) as usize;
                let place = Place {
                    from: from + 12,
                    until: (from + 12 + original).min(until - 4),
                };
                Ok(Some((0, self.last_time, place, None)))
            }
            OBSOLETE_PACKET if length >= 32 => {
                let two = word(&self.buffer, from + 8, big);
                let interface_id = if big { two >> 16 } else { two & 0xffff };
                let (at, place) = self.stamped(interface_id, from, until, big)?;
                Ok(Some((interface_id, at, place, None)))
            }
            0x0a0d_0d0a | INTERFACE_DESCRIPTION | DECRYPTION_SECRETS => {
                self.description(from, until, big)?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Time and octets, which stand at the same places in both forms of a packet block.
    fn stamped(
        &self,
        interface_id: u32,
        from: usize,
        until: usize,
        big: bool,
    ) -> Result<(u64, Place), ObserveError> {
        let Some(interface) = self.interfaces.get(interface_id as usize) else {
            return Err(self.broken(format!("packet of undescribed interface {interface_id}")));
        };
        let field = |at: usize| word(&self.buffer, from + at, big);
        let units = u64::from(field(12)) << 32 | u64::from(field(16));
        let captured = field(20) as usize;
        let place = Place {
            from: from + 28,
            until: from + 28 + captured,
        };
        if place.until > until - 4 {
            return Err(self.broken("unreadable block"));
        }
        Ok((nanoseconds(units, interface), place))
    }

    #[allow(clippy::type_complexity)]
    fn enhanced(
        &mut self,
        from: usize,
        until: usize,
        big: bool,
    ) -> Result<(u32, u64, Place, Option<Own>), ObserveError> {
        if until - from < 32 {
            return Err(self.broken("unreadable block"));
        }
        let interface_id = word(&self.buffer, from + 8, big);
        let (at, place) = self.stamped(interface_id, from, until, big)?;
        let ours = matches!(self.format, Some(Format::PcapNg { ours: true, .. }));
        let own = ours.then(|| {
            let options = from + 28 + (place.until - place.from).next_multiple_of(4);
            self.own(interface_id, options, until - 4, big)
        });
        Ok((interface_id, at, place, own))
    }

    /// Options of a packet that the suite recorded.
    fn own(&self, interface_id: u32, mut at: usize, until: usize, big: bool) -> Own {
        let interface = self.interfaces.get(interface_id as usize);
        let mut own = Own {
            interface: interface.map_or_else(String::new, |i| i.name.to_string()),
            direction: Direction::Unknown,
            comment: None,
        };
        while at + 4 <= until {
            let two = |at: usize| match big {
                true => u16::from_be_bytes([self.buffer[at], self.buffer[at + 1]]),
                false => u16::from_le_bytes([self.buffer[at], self.buffer[at + 1]]),
            };
            let (code, length) = (two(at), usize::from(two(at + 2)));
            let Some(value) = self.buffer.get(at + 4..(at + 4 + length).min(until)) else {
                break;
            };
            match code {
                0 => break,
                OPT_COMMENT => own.comment = Some(String::from_utf8_lossy(value).into_owned()),
                EPB_FLAGS if length == 4 => {
                    own.direction = match word(value, 0, big) & 3 {
                        1 => Direction::FromSystem,
                        2 => Direction::ToSystem,
                        _ => Direction::Unknown,
                    };
                }
                _ => {}
            }
            at += 4 + length.next_multiple_of(4);
        }
        own
    }

    /// Blocks that describe what follows them.
    fn description(&mut self, from: usize, until: usize, big: bool) -> Result<(), ObserveError> {
        let block = &self.buffer[from..until];
        if block.starts_with(&SECTION_HEADER) {
            let (_, section) = pcap_parser::parse_sectionheaderblock(block)
                .map_err(|_| self.broken("unreadable section header"))?;
            self.format = Some(Format::PcapNg {
                big_endian: section.big_endian(),
                ours: matches!(section.shb_userappl(), Some(Ok("ims-conformance"))),
            });
            self.interfaces.clear();
            return Ok(());
        }
        let parse = match big {
            true => pcap_parser::pcapng::parse_block_be,
            false => pcap_parser::pcapng::parse_block_le,
        };
        let (_, parsed) = parse(block).map_err(|_| self.broken("unreadable block"))?;
        match parsed {
            pcap_parser::Block::InterfaceDescription(description) => {
                let interface = Interface::of_pcapng(&description, self.interfaces.len());
                self.interfaces.push(interface);
            }
            pcap_parser::Block::DecryptionSecrets(secrets)
                if secrets.secrets_type.0 == TLS_KEY_LOG =>
            {
                self.secrets.extend_from_slice(secrets.data);
                self.secrets.push(b'\n');
            }
            _ => {}
        }
        Ok(())
    }
}

fn unreadable(error: std::io::Error) -> ObserveError {
    ObserveError::Read(error.to_string())
}

fn word(octets: &[u8], at: usize, big_endian: bool) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&octets[at..at + 4]);
    match big_endian {
        true => u32::from_be_bytes(four),
        false => u32::from_le_bytes(four),
    }
}
