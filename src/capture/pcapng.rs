//! Writes pcapng blocks (draft-ietf-opsawg-pcapng): one section, one interface per reference point, enhanced packets.
//!
//! Blocks are written by hand because each packet is one allocation-free append this way; `observe` reads them back with pcap-parser.

/// Reference points a packet may belong to; the index is the interface id in every capture.
pub const INTERFACES: [&str; 7] = ["isc", "gm", "msrp", "smpp", "sgd", "rtp", "ut"];

/// Packets start with their IP header.
const LINKTYPE_RAW: u16 = 101;
/// Longest packet: 40 octets of header and 65 535 of payload.
const SNAP_LENGTH: u32 = 262_144;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;
/// `TLSK`: lines of a key log as NSS writes them.
const TLS_KEY_LOG: u32 = 0x544c_534b;

const OPT_END: u16 = 0;
const OPT_COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const EPB_FLAGS: u16 = 2;

/// Section header and interface descriptions: what every capture begins with.
pub fn beginning() -> Vec<u8> {
    let mut octets = Vec::with_capacity(256);
    block(&mut octets, SECTION_HEADER, |body| {
        body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
        body.extend_from_slice(&1_u16.to_le_bytes());
        body.extend_from_slice(&0_u16.to_le_bytes());
        body.extend_from_slice(&u64::MAX.to_le_bytes()); // section length not given
        option(
            body,
            OPT_COMMENT,
            b"packets synthesised from the octets the suite's sockets carried",
        );
        option(body, SHB_USERAPPL, b"ims-conformance");
        option(body, OPT_END, b"");
    });
    for name in INTERFACES {
        block(&mut octets, INTERFACE_DESCRIPTION, |body| {
            body.extend_from_slice(&LINKTYPE_RAW.to_le_bytes());
            body.extend_from_slice(&0_u16.to_le_bytes());
            body.extend_from_slice(&SNAP_LENGTH.to_le_bytes());
            option(body, IF_NAME, name.as_bytes());
            option(body, IF_TSRESOL, &[9]);
            option(body, OPT_END, b"");
        });
    }
    octets
}

/// What an enhanced packet says besides its octets.
pub struct Label<'a> {
    pub interface: u32,
    /// Nanoseconds since the Unix epoch.
    pub at: u64,
    pub outbound: bool,
    pub comment: Option<&'a str>,
}

pub fn packet(octets: &mut Vec<u8>, label: &Label<'_>, data: &[u8]) {
    block(octets, ENHANCED_PACKET, |body| {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&label.interface.to_le_bytes());
        body.extend_from_slice(&((label.at >> 32) as u32).to_le_bytes());
        body.extend_from_slice(&((label.at & 0xffff_ffff) as u32).to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(data);
        pad(body);
        let flags: u32 = if label.outbound { 2 } else { 1 };
        option(body, EPB_FLAGS, &flags.to_le_bytes());
        if let Some(comment) = label.comment {
            option(body, OPT_COMMENT, comment.as_bytes());
        }
        option(body, OPT_END, b"");
    });
}

/// What opens TLS in packets behind this block.
pub fn secrets(octets: &mut Vec<u8>, lines: &str) {
    block(octets, DECRYPTION_SECRETS, |body| {
        let length = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&TLS_KEY_LOG.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(lines.as_bytes());
        pad(body);
    });
}

/// Appends one block: type, length, what `fill` writes, length again.
fn block(octets: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = octets.len();
    octets.extend_from_slice(&kind.to_le_bytes());
    octets.extend_from_slice(&[0; 4]);
    fill(octets);
    let length = u32::try_from(octets.len() - start + 4).unwrap_or(u32::MAX);
    octets.extend_from_slice(&length.to_le_bytes());
    octets[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
}

fn option(octets: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    octets.extend_from_slice(&code.to_le_bytes());
    octets.extend_from_slice(&length.to_le_bytes());
    octets.extend_from_slice(&value[..usize::from(length)]);
    pad(octets);
}

/// Everything before a block is a multiple of four octets long, so the whole buffer's length tells the padding.
fn pad(octets: &mut Vec<u8>) {
    octets.resize(octets.len().next_multiple_of(4), 0);
}
