//! Makes recordings of any length: calls, chats and short messages of users in the number range of the reference profile.
//!
//! The same arguments give the same octets. Packets are 100 µs apart, and hundreds of calls are under way at any time.
//! More than 400 lines: each kind of traffic is written out message by message.
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Digits in front of the users' numbers, as in the profile of the reference; five more follow.
const USERS: &str = "4477009";
const MOST_USERS: usize = 100_000;
const SYSTEM: [u8; 4] = [10, 0, 0, 2];
const PEER: [u8; 4] = [10, 0, 0, 1];
const SIP: u16 = 5060;
const MSRP: u16 = 2855;
const SMPP: u16 = 2775;
/// Calls that go on at the same time.
const AT_ONCE: usize = 500;
/// Messages of one chat, each with its response.
const CHAT: usize = 200;
const GAP_MICROSECONDS: u64 = 100;

/// What is in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Calls of voice, each with media ports of its own.
    Sip,
    /// The same, all with one media port.
    SharedPort,
    /// Chats: MSRP over TCP, with the calls that set it up.
    Msrp,
    /// Short messages on one connection, two PDUs in a segment.
    Smpp,
}

impl Content {
    pub const ALL: [Self; 4] = [Self::Sip, Self::SharedPort, Self::Msrp, Self::Smpp];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::SharedPort => "shared-port",
            Self::Msrp => "msrp",
            Self::Smpp => "smpp",
        }
    }
}

/// Writes a recording of exactly so many packets; every `wanted`th call or chat is one of CPM, the others are plain voice (0 = none).
pub fn write(path: &Path, content: Content, packets: usize, wanted: usize) -> std::io::Result<()> {
    let mut out = Recorder::begin(path, packets)?;
    match content {
        Content::Sip | Content::SharedPort => {
            calls(&mut out, content == Content::SharedPort, wanted)?
        }
        Content::Msrp => chats(&mut out, wanted)?,
        Content::Smpp => short_messages(&mut out)?,
    }
    out.file.flush()
}

/// A file with room for so many packets more.
struct Recorder {
    file: BufWriter<File>,
    left: usize,
    micros: u64,
    octets: Vec<u8>,
}

impl Recorder {
    fn begin(path: &Path, packets: usize) -> std::io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Self {
            file,
            left: packets,
            micros: 1_700_000_000_000_000,
            octets: Vec::new(),
        })
    }

    fn packet(
        &mut self,
        from_system: bool,
        protocol: u8,
        transport: &[u8],
        payload: &[u8],
    ) -> std::io::Result<()> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        self.micros += GAP_MICROSECONDS;
        let (source, destination) = if from_system {
            (SYSTEM, PEER)
        } else {
            (PEER, SYSTEM)
        };
        let length = u16::try_from(20 + transport.len() + payload.len()).unwrap_or(u16::MAX);
        self.octets.clear();
        self.octets
            .extend_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0]);
        self.octets.extend_from_slice(&length.to_be_bytes());
        self.octets
            .extend_from_slice(&[0, 0, 0, 0, 64, protocol, 0, 0]);
        self.octets.extend_from_slice(&source);
        self.octets.extend_from_slice(&destination);
        self.octets.extend_from_slice(transport);
        self.octets.extend_from_slice(payload);
        let captured = u32::try_from(self.octets.len()).unwrap_or(u32::MAX);
        let (seconds, micros) = (self.micros / 1_000_000, self.micros % 1_000_000);
        for word in [seconds as u32, micros as u32, captured, captured] {
            self.file.write_all(&word.to_le_bytes())?;
        }
        self.file.write_all(&self.octets)
    }

    fn udp(
        &mut self,
        from_system: bool,
        (from, to): (u16, u16),
        payload: &str,
    ) -> std::io::Result<()> {
        let length = u16::try_from(8 + payload.len()).unwrap_or(u16::MAX);
        let head: Vec<u8> = [from, to, length, 0]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        self.packet(from_system, 17, &head, payload.as_bytes())
    }

    fn tcp(&mut self, side: &mut Side, flags: u8, payload: &[u8]) -> std::io::Result<()> {
        let mut head = Vec::with_capacity(20);
        head.extend_from_slice(&side.from.to_be_bytes());
        head.extend_from_slice(&side.to.to_be_bytes());
        head.extend_from_slice(&side.next.to_be_bytes());
        head.extend_from_slice(&1u32.to_be_bytes());
        head.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        let taken = payload.len() + usize::from(flags & 3 != 0);
        side.next = side.next.wrapping_add(u32::try_from(taken).unwrap_or(0));
        self.packet(side.from_system, 6, &head, payload)
    }
}

/// One direction of a connection.
struct Side {
    from_system: bool,
    from: u16,
    to: u16,
    next: u32,
}

/// Both directions, the peer's first, with their handshake.
fn connect(out: &mut Recorder, peer: u16, system: u16) -> std::io::Result<[Side; 2]> {
    let side = |from_system, from, to| Side {
        from_system,
        from,
        to,
        next: 1000,
    };
    let mut sides = [side(false, peer, system), side(true, system, peer)];
    out.tcp(&mut sides[0], 0x02, b"")?;
    out.tcp(&mut sides[1], 0x12, b"")?;
    out.tcp(&mut sides[0], 0x10, b"")?;
    Ok(sides)
}

/// A call between two users.
struct Call {
    number: usize,
    caller: String,
    callee: String,
    is_chat: bool,
    ports: (u16, u16),
}

impl Call {
    fn new(number: usize, is_chat: bool, ports: (u16, u16)) -> Self {
        let user = |which: usize| format!("{USERS}{:05}", (2 * number + which) % MOST_USERS);
        Self {
            number,
            caller: user(0),
            callee: user(1),
            is_chat,
            ports,
        }
    }

    fn sdp(&self, from_system: bool) -> String {
        let (host, port) = match from_system {
            true => ("10.0.0.2", self.ports.1),
            false => ("10.0.0.1", self.ports.0),
        };
        let media = match self.is_chat {
            true => format!(
                "m=message {port} TCP/MSRP *\r\na=accept-types:message/cpim text/plain\r\na=path:{}\r\na=setup:actpass\r\n",
                self.path(from_system)
            ),
            false => format!(
                "m=audio {port} RTP/AVP 97 8 101\r\na=rtpmap:97 AMR/8000\r\na=fmtp:97 mode-set=0,2,5,7; max-red=0\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=maxptime:240\r\na=sendrecv\r\n"
            ),
        };
        format!(
            "v=0\r\no=- {0} {0} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n{media}",
            self.number + 1
        )
    }

    fn path(&self, from_system: bool) -> String {
        let (host, port) = match from_system {
            true => ("10.0.0.2", self.ports.1),
            false => ("10.0.0.1", self.ports.0),
        };
        format!(
            "msrp://{host}:{port}/s{}{};tcp",
            self.number,
            u8::from(from_system)
        )
    }

    /// Header fields that request and response share.
    fn common(&self, method: &str, sequence: u32, to_tag: bool) -> String {
        let (number, caller, callee) = (self.number, &self.caller, &self.callee);
        let tag = if to_tag {
            format!(";tag=b{number:08x}")
        } else {
            String::new()
        };
        format!(
            "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{number:08x}{sequence};rport\r\nFrom: \"User {caller}\" <sip:+{caller}@home1.example;user=phone>;tag=a{number:08x}\r\nTo: <sip:+{callee}@home1.example;user=phone>{tag}\r\nCall-ID: {number:016x}-bench@10.0.0.1\r\nCSeq: {sequence} {method}\r\n"
        )
    }

    fn request(&self, method: &str, sequence: u32, body: &str) -> String {
        let (caller, callee) = (&self.caller, &self.callee);
        let service = match self.is_chat {
            true => "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session",
            false => "urn:urn-7:3gpp-service.ims.icsi.mmtel",
        };
        let mut text = format!("{method} sip:+{callee}@home1.example;user=phone SIP/2.0\r\n");
        text.push_str(&self.common(method, sequence, method != "INVITE"));
        write!(
            text,
            "Max-Forwards: 68\r\nRoute: <sip:10.0.0.2:5060;lr>\r\nP-Asserted-Identity: <sip:+{caller}@home1.example;user=phone>\r\nP-Asserted-Service: {service}\r\nP-Charging-Vector: icid-value=\"{:016x}\";orig-ioi=home1.example\r\nContact: <sip:+{caller}@10.0.0.1:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, MESSAGE, OPTIONS\r\nSupported: 100rel, timer, precondition\r\nUser-Agent: bench/1.0 (recordings of any length)\r\n",
            self.number
        ).unwrap_or_default();
        body_of(&mut text, body);
        text
    }

    fn response(&self, status: &str, method: &str, sequence: u32, body: &str) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        text.push_str(&self.common(method, sequence, !status.starts_with("100")));
        write!(
            text,
            "Contact: <sip:+{}@10.0.0.2:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, MESSAGE, OPTIONS\r\nServer: bench/1.0\r\n",
            self.callee
        ).unwrap_or_default();
        body_of(&mut text, body);
        text
    }

    /// The packets of a whole call, one after the other.
    fn step(&self, out: &mut Recorder, step: usize) -> std::io::Result<()> {
        let (offer, answer) = (self.sdp(false), self.sdp(true));
        let (from_system, text) = match step {
            0 => (false, self.request("INVITE", 1, &offer)),
            1 => (true, self.response("100 Trying", "INVITE", 1, "")),
            2 => (true, self.response("180 Ringing", "INVITE", 1, "")),
            3 => (true, self.response("200 OK", "INVITE", 1, &answer)),
            4 => (false, self.request("ACK", 1, "")),
            5 => (false, self.request("BYE", 2, "")),
            _ => (true, self.response("200 OK", "BYE", 2, "")),
        };
        out.udp(from_system, (SIP, SIP), &text)
    }
}

fn body_of(text: &mut String, body: &str) {
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    write!(text, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap_or_default();
}

fn is_wanted(number: usize, wanted: usize) -> bool {
    wanted != 0 && number.is_multiple_of(wanted)
}

fn calls(out: &mut Recorder, one_port: bool, wanted: usize) -> std::io::Result<()> {
    let mut first = 0;
    while out.left > 0 {
        let call = |number: usize| {
            let port = 20_000 + u16::try_from(2 * (number % 10_000)).unwrap_or(0);
            let port = if one_port { 6000 } else { port };
            Call::new(number, is_wanted(number, wanted), (port, port))
        };
        let under_way: Vec<Call> = (first..first + AT_ONCE).map(call).collect();
        for step in 0..7 {
            for call in &under_way {
                call.step(out, step)?;
            }
        }
        first += AT_ONCE;
    }
    Ok(())
}

fn chats(out: &mut Recorder, wanted: usize) -> std::io::Result<()> {
    for number in 0.. {
        if out.left == 0 {
            break;
        }
        let peer = 30_000 + u16::try_from(number % 20_000).unwrap_or(0);
        let mut call = Call::new(number, true, (peer, MSRP));
        call.is_chat = wanted == 0 || is_wanted(number, wanted);
        // What is not to be judged has no set-up in the recording, as where only the media plane was tapped.
        let is_set_up = is_wanted(number, wanted);
        if is_set_up {
            for step in [0, 1, 3, 4] {
                call.step(out, step)?;
            }
        }
        call.is_chat = true;
        let [mut of_peer, mut of_system] = connect(out, peer, MSRP)?;
        for message in 0..CHAT / 2 {
            for from_system in [false, true] {
                let (own, other) = (call.path(from_system), call.path(!from_system));
                let id = format!("t{number:x}m{message:x}{}", u8::from(from_system));
                let content = format!(
                    "From: <sip:+{}@home1.example>\r\nTo: <sip:+{}@home1.example>\r\nDateTime: 2026-01-01T00:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: {id}\r\n\r\nContent-Type: text/plain\r\n\r\nMessage {message} of a chat that goes on for a while.",
                    call.caller, call.callee
                );
                let length = content.len();
                let send = format!(
                    "MSRP {id} SEND\r\nTo-Path: {other}\r\nFrom-Path: {own}\r\nMessage-ID: {id}\r\nByte-Range: 1-{length}/{length}\r\nContent-Type: message/cpim\r\n\r\n{content}\r\n-------{id}$\r\n"
                );
                let ok = format!(
                    "MSRP {id} 200 OK\r\nTo-Path: {own}\r\nFrom-Path: {other}\r\n-------{id}$\r\n"
                );
                let (sender, receiver) = match from_system {
                    true => (&mut of_system, &mut of_peer),
                    false => (&mut of_peer, &mut of_system),
                };
                out.tcp(sender, 0x18, send.as_bytes())?;
                out.tcp(receiver, 0x18, ok.as_bytes())?;
            }
        }
        out.tcp(&mut of_peer, 0x11, b"")?;
        out.tcp(&mut of_system, 0x11, b"")?;
        if is_set_up {
            for step in [5, 6] {
                call.step(out, step)?;
            }
        }
    }
    Ok(())
}

fn short_messages(out: &mut Recorder) -> std::io::Result<()> {
    // The system is the ESME, which opens the connection.
    let [mut of_system, mut of_centre] = connect(out, 40_000, SMPP)?;
    (of_system.from_system, of_centre.from_system) = (true, false);
    let mut sequence = 1_u32;
    while out.left > 0 {
        let (mut requests, mut responses) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let user = |which: usize| {
                format!("{USERS}{:05}", (2 * sequence as usize + which) % MOST_USERS)
            };
            let mut body = b"\0\x01\x01".to_vec();
            body.extend_from_slice(user(0).as_bytes());
            body.extend_from_slice(b"\0\x01\x01");
            body.extend_from_slice(user(1).as_bytes());
            body.extend_from_slice(b"\0\0\0\0\0\0\x01\0\0\0");
            let text = format!(
                "Short message {sequence:08} of a bench, about as long as people write them."
            );
            body.push(u8::try_from(text.len()).unwrap_or(0));
            body.extend_from_slice(text.as_bytes());
            pdu(&mut requests, 4, sequence, &body);
            pdu(
                &mut responses,
                0x8000_0004,
                sequence,
                format!("{sequence:x}\0").as_bytes(),
            );
            sequence += 1;
        }
        out.tcp(&mut of_system, 0x18, &requests)?;
        out.tcp(&mut of_centre, 0x18, &responses)?;
    }
    Ok(())
}

fn pdu(out: &mut Vec<u8>, command: u32, sequence: u32, body: &[u8]) {
    let length = u32::try_from(16 + body.len()).unwrap_or(0);
    for word in [length, command, 0, sequence] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    out.extend_from_slice(body);
}
