//! Reads packets out of pcapng (draft-ietf-opsawg-pcapng) and classic pcap, as they are appended.
//!
//! Gives back what the file says of each packet: time in nanoseconds, interface, comment and direction flag. The direction flag is
//! believed only in captures the suite wrote itself: elsewhere it tells the side of the capturing host.
use super::{Direction, ObserveError};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{
    EnhancedPacketBlock, InterfaceDescriptionBlock, PcapHeader, PcapNGOption, SecretsType,
    parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header,
    parse_sectionheaderblock,
};
use std::sync::Arc;

/// Longest block or packet record that is believed.
const BLOCK_LIMIT: usize = 16 * 1024 * 1024;
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const EPB_FLAGS: u16 = 2;
const OPT_COMMENT: u16 = 1;

/// One packet as the capture file has it.
#[derive(Debug, Clone)]
pub struct Packet {
    /// 1-based over all packets of the file, as Wireshark counts.
    pub number: u32,
    pub at: u64,
    pub interface: Arc<str>,
    pub interface_id: u32,
    pub link_type: i32,
    pub comment: Option<String>,
    pub direction: Direction,
    pub octets: Vec<u8>,
}

#[derive(Debug)]
enum Format {
    Unknown,
    PcapNg { big_endian: bool, ours: bool },
    Pcap(PcapHeader),
}

#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub name: Arc<str>,
    pub link_type: i32,
    resolution: u8,
    offset_seconds: i64,
}

impl Interface {
    pub fn of_pcap(link_type: i32, is_nanosecond_precision: bool) -> Self {
        Self {
            name: Arc::from("pcap"),
            link_type,
            resolution: if is_nanosecond_precision { 9 } else { 6 },
            offset_seconds: 0,
        }
    }

    pub fn of_pcapng(description: &InterfaceDescriptionBlock<'_>, index: usize) -> Self {
        let name = match description.if_name() {
            Some(Ok(name)) => name.to_owned(),
            _ => format!("interface {index}"),
        };
        Self {
            name: Arc::from(name),
            link_type: description.linktype.0,
            resolution: description.if_tsresol,
            offset_seconds: description.if_tsoffset,
        }
    }
}

#[derive(Debug)]
pub struct Reader {
    buffer: Vec<u8>,
    /// Octets of the buffer already read.
    start: usize,
    /// Offset in the file of the buffer's first octet.
    offset: u64,
    format: Format,
    interfaces: Vec<Interface>,
    packets: u32,
    last_time: u64,
    /// Lines of TLS key logs that were not taken yet.
    secrets: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            format: Format::Unknown,
            interfaces: Vec::new(),
            packets: 0,
            last_time: 0,
            secrets: Vec::new(),
        }
    }
}

impl Reader {
    pub fn push(&mut self, octets: &[u8]) {
        if self.start > 0 {
            self.offset += self.start as u64;
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next whole packet; `None` = more octets needed.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, ObserveError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if rest.len() < 4 {
                return Ok(None);
            }
            if matches!(self.format, Format::Unknown) && !rest.starts_with(&SECTION_HEADER) {
                if !self.pcap_header()? {
                    return Ok(None);
                }
                continue;
            }
            if let Format::Pcap(header) = &self.format {
                let header = header.clone();
                return self.record(&header);
            }
            let Some(length) = self.block_length()? else {
                return Ok(None);
            };
            let block = self.buffer[self.start..self.start + length].to_vec();
            let packet = self.block(&block)?;
            self.start += length;
            if packet.is_some() {
                return Ok(packet);
            }
        }
    }

    /// The TLS key logs that stood before the last packet.
    pub fn take_secrets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.secrets)
    }

    /// Fails if octets are left that are not a whole block.
    pub fn end(&self) -> Result<(), ObserveError> {
        if self.start < self.buffer.len() {
            let at = self.position();
            return Err(ObserveError::Truncated { at });
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.offset + self.start as u64
    }

    fn broken(&self, what: impl Into<String>) -> ObserveError {
        ObserveError::Block {
            at: self.position(),
            what: what.into(),
        }
    }

    fn pcap_header(&mut self) -> Result<bool, ObserveError> {
        let rest = &self.buffer[self.start..];
        let first = format!("{:02x?}", &rest[..rest.len().min(4)]);
        match parse_pcap_header(rest) {
            Ok((_, header)) => {
                self.start += header.size();
                self.interfaces.push(Interface::of_pcap(
                    header.network.0,
                    header.is_nanosecond_precision(),
                ));
                self.format = Format::Pcap(header);
                Ok(true)
            }
            Err(pcap_parser::nom::Err::Incomplete(_)) => Ok(false),
            Err(_) => Err(ObserveError::UnknownFormat(first)),
        }
    }

    fn record(&mut self, header: &PcapHeader) -> Result<Option<Packet>, ObserveError> {
        let rest = &self.buffer[self.start..];
        let parsed = if header.is_modified_format() {
            parse_pcap_frame_modified(rest)
        } else if header.is_bigendian() {
            parse_pcap_frame_be(rest)
        } else {
            parse_pcap_frame(rest)
        };
        let (left, record) = match parsed {
            Ok(parsed) => parsed,
            Err(pcap_parser::nom::Err::Incomplete(_)) if rest.len() < BLOCK_LIMIT => {
                return Ok(None);
            }
            Err(_) => return Err(self.broken("no packet record")),
        };
        let fraction = u64::from(record.ts_usec);
        let nanoseconds = if header.is_nanosecond_precision() {
            fraction
        } else {
            fraction * 1000
        };
        let at = u64::from(record.ts_sec) * 1_000_000_000 + nanoseconds;
        let octets = record.data.to_vec();
        let taken = rest.len() - left.len();
        self.start += taken;
        Ok(Some(self.packet(0, at, octets, Direction::Unknown, None)))
    }

    /// Length of the block at `start` once it is whole.
    fn block_length(&self) -> Result<Option<usize>, ObserveError> {
        let rest = &self.buffer[self.start..];
        let Some(head) = rest.get(..12) else {
            return Ok(None);
        };
        let big_endian = if head.starts_with(&SECTION_HEADER) {
            match head[8..12] {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => return Err(self.broken("section header without byte-order magic")),
            }
        } else {
            matches!(
                self.format,
                Format::PcapNg {
                    big_endian: true,
                    ..
                }
            )
        };
        let length = number(&head[4..8], big_endian) as usize;
        if length < 12 || !length.is_multiple_of(4) || length > BLOCK_LIMIT {
            return Err(self.broken(format!("block length {length}")));
        }
        Ok((rest.len() >= length).then_some(length))
    }

    /// Reads one whole block; gives its packet if it is one.
    fn block(&mut self, block: &[u8]) -> Result<Option<Packet>, ObserveError> {
        if block.starts_with(&SECTION_HEADER) {
            let (_, section) = parse_sectionheaderblock(block)
                .map_err(|_| self.broken("unreadable section header"))?;
            self.format = Format::PcapNg {
                big_endian: section.big_endian(),
                ours: matches!(section.shb_userappl(), Some(Ok("ims-conformance"))),
            };
            self.interfaces.clear();
            return Ok(None);
        }
        let Format::PcapNg { big_endian, ours } = self.format else {
            return Err(self.broken("block outside a section"));
        };
        let parse = if big_endian {
            pcap_parser::pcapng::parse_block_be
        } else {
            pcap_parser::pcapng::parse_block_le
        };
        let (_, parsed) = parse(block).map_err(|_| self.broken("unreadable block"))?;
        match parsed {
            pcap_parser::Block::InterfaceDescription(description) => {
                let interface = Interface::of_pcapng(&description, self.interfaces.len());
                self.interfaces.push(interface);
                Ok(None)
            }
            pcap_parser::Block::DecryptionSecrets(secrets)
                if secrets.secrets_type == SecretsType::TlsKeyLog =>
            {
                self.secrets.extend_from_slice(secrets.data);
                self.secrets.push(b'\n');
                Ok(None)
            }
            pcap_parser::Block::EnhancedPacket(packet) => {
                self.enhanced(&packet, big_endian, ours).map(Some)
            }
            pcap_parser::Block::SimplePacket(packet) => {
                let (octets, at) = (packet.packet_data().to_vec(), self.last_time);
                if self.interfaces.is_empty() {
                    return Err(self.broken("packet without an interface"));
                }
                Ok(Some(self.packet(0, at, octets, Direction::Unknown, None)))
            }
            _ => Ok(None),
        }
    }

    fn enhanced(
        &mut self,
        packet: &EnhancedPacketBlock<'_>,
        big_endian: bool,
        ours: bool,
    ) -> Result<Packet, ObserveError> {
        let Some(interface) = self.interfaces.get(packet.if_id as usize) else {
            return Err(self.broken(format!("packet of undescribed interface {}", packet.if_id)));
        };
        let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
        let at = nanoseconds(units, interface);
        let option = |code: u16| {
            let wanted = |option: &&PcapNGOption<'_>| option.code.0 == code;
            packet.options.iter().find(wanted)?.as_bytes().ok()
        };
        let direction = match option(EPB_FLAGS) {
            Some(flags) if ours && flags.len() == 4 => match number(flags, big_endian) & 3 {
                1 => Direction::FromSystem,
                2 => Direction::ToSystem,
                _ => Direction::Unknown,
            },
            _ => Direction::Unknown,
        };
        let comment = option(OPT_COMMENT).map(|text| String::from_utf8_lossy(text).into_owned());
        let octets = packet.packet_data().to_vec();
        Ok(self.packet(packet.if_id, at, octets, direction, comment))
    }

    fn packet(
        &mut self,
        interface_id: u32,
        at: u64,
        octets: Vec<u8>,
        direction: Direction,
        comment: Option<String>,
    ) -> Packet {
        self.packets = self.packets.saturating_add(1);
        self.last_time = at;
        let interface = self.interfaces.get(interface_id as usize);
        Packet {
            number: self.packets,
            at,
            interface: interface.map_or_else(|| Arc::from(""), |i| i.name.clone()),
            interface_id,
            link_type: interface.map_or(-1, |i| i.link_type),
            comment,
            direction,
            octets,
        }
    }
}

fn number(octets: &[u8], big_endian: bool) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&octets[..4]);
    if big_endian {
        u32::from_be_bytes(four)
    } else {
        u32::from_le_bytes(four)
    }
}

/// `if_tsresol`: a power of ten, or of two when the high bit is set.
pub(super) fn nanoseconds(units: u64, interface: &Interface) -> u64 {
    // The two resolutions of nearly all captures, without wide divisions.
    match (interface.resolution, interface.offset_seconds) {
        (9, 0) => return units,
        (6, 0) => return units.saturating_mul(1000),
        _ => {}
    }
    let exponent = u32::from(interface.resolution & 0x7f);
    let per_second = if interface.resolution & 0x80 == 0 {
        10_u128.checked_pow(exponent)
    } else {
        2_u128.checked_pow(exponent)
    };
    let within = per_second.map_or(0, |per| u128::from(units) * 1_000_000_000 / per.max(1));
    let offset = i128::from(interface.offset_seconds) * 1_000_000_000;
    let total = i128::try_from(within)
        .unwrap_or(i128::MAX)
        .saturating_add(offset);
    u64::try_from(total.max(0)).unwrap_or(u64::MAX)
}
