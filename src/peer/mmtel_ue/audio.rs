//! Audio of one call: the offer and the answer (RFC 3264), and the RTP it sends while the directions allow it.
//!
//! A talker says one packet of 20 ms of PCMU now and then, as one with silence suppression does (RFC 3551 section 4.1): enough to be
//! seen, little enough to be kept.
use super::order::MediaDirection;
use crate::peer::Time;
use crate::wire::rtp::RtpPacket;
use crate::wire::sdp::SessionDescription;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// PCMU, RFC 3551 section 6.
const PAYLOAD_TYPE: u8 = 0;
const CLOCK_RATE: u128 = 8000;
/// Samples of one packet: 20 ms.
const SAMPLES: usize = 160;

/// Our side of the description, and what the other side's said last.
#[derive(Debug, Clone)]
pub(super) struct Audio {
    local: SocketAddr,
    session_id: u64,
    version: u64,
    more_media: String,
    /// What we want of the stream.
    pub(super) wanted: MediaDirection,
    /// What is agreed, seen from us; `None` before an answer.
    agreed: Option<MediaDirection>,
    remote: Option<SocketAddr>,
    ssrc: u32,
    sequence: u16,
    next: Option<Time>,
}

impl Audio {
    pub(super) fn new(local: SocketAddr, session_id: u64, ssrc: u32) -> Self {
        Self {
            local,
            session_id,
            version: 1,
            more_media: String::new(),
            wanted: MediaDirection::SendRecv,
            agreed: None,
            remote: None,
            ssrc,
            sequence: 1,
            next: None,
        }
    }

    pub(super) fn add_media(&mut self, lines: &str) {
        self.more_media = lines.to_owned();
    }

    /// An offer with what we want; every one after the first is a new version (RFC 3264 section 8).
    pub(super) fn offer(&mut self) -> Vec<u8> {
        let offer = self.describe(self.wanted, "");
        self.version += 1;
        offer
    }

    /// The answer to an offer; further media are refused by port 0.
    pub(super) fn answer(&mut self, offer: &[u8]) -> Result<Vec<u8>, String> {
        let remote = self.take(offer)?;
        let direction = MediaDirection::of(
            self.wanted.sends() && remote.receives(),
            self.wanted.receives() && remote.sends(),
        );
        self.agreed = Some(direction);
        let refused = refused_media(offer);
        let answer = self.describe(direction, &refused);
        self.version += 1;
        Ok(answer)
    }

    /// The answer to an offer of ours.
    pub(super) fn conclude(&mut self, answer: &[u8]) -> Result<(), String> {
        let remote = self.take(answer)?;
        let direction = MediaDirection::of(
            self.wanted.sends() && remote.receives(),
            self.wanted.receives() && remote.sends(),
        );
        self.agreed = Some(direction);
        Ok(())
    }

    /// Reads where the other side wants its audio, and the direction as it sees it.
    fn take(&mut self, octets: &[u8]) -> Result<MediaDirection, String> {
        let description = SessionDescription::parse(octets).map_err(|error| error.to_string())?;
        let session = &description.session;
        let audio = session.medias.iter().find(|media| media.media == "audio");
        let audio = audio.ok_or("no audio in the description")?;
        let connection = audio.connections.first().or(session.connection.as_ref());
        let ip: Option<IpAddr> = connection.and_then(|c| c.connection_address.parse().ok());
        self.remote = ip
            .filter(|_| audio.port != 0)
            .map(|ip| SocketAddr::new(ip, audio.port));
        let named = |name: &&str| audio.has_attribute(name) || session.has_attribute(name);
        let names = ["sendonly", "recvonly", "inactive"];
        let direction = names.iter().find(|name| named(name));
        Ok(direction
            .and_then(|name| MediaDirection::parse(name))
            .unwrap_or_default())
    }

    fn describe(&self, direction: MediaDirection, refused: &str) -> Vec<u8> {
        let (id, version, ip) = (self.session_id, self.version, self.local.ip());
        let (port, more) = (self.local.port(), &self.more_media);
        let kind = if ip.is_ipv6() { "IP6" } else { "IP4" };
        let direction = direction.name();
        format!(
            "v=0\r\no=- {id} {version} IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {PAYLOAD_TYPE}\r\na=rtpmap:{PAYLOAD_TYPE} PCMU/8000\r\na=ptime:20\r\na={direction}\r\n\
             {more}{refused}"
        )
        .into_bytes()
    }

    fn may_send(&self) -> Option<SocketAddr> {
        let sends = self.agreed.is_some_and(MediaDirection::sends);
        self.remote.filter(|_| sends)
    }

    /// When the next packet is due.
    pub(super) fn wake_at(&self) -> Option<Time> {
        self.may_send().and(self.next)
    }

    /// Begins to talk as soon as it may.
    pub(super) fn start(&mut self, now: Time) {
        self.next.get_or_insert(now);
    }

    /// The packet that is due, and the time of the next one.
    pub(super) fn packet(
        &mut self,
        now: Time,
        interval: Duration,
    ) -> Option<(SocketAddr, Vec<u8>)> {
        let to = self.may_send()?;
        self.next = Some(now + interval);
        // Low bits of the sample count: RTP timestamps wrap (RFC 3550 section 5.1).
        let timestamp = (now.as_millis() * CLOCK_RATE / 1000) as u32;
        let packet = RtpPacket {
            marker: true,
            payload_type: PAYLOAD_TYPE,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            payload: vec![0xff; SAMPLES],
            ..RtpPacket::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        Some((to, packet.to_octets()))
    }
}

/// Lines that refuse every medium of an offer that is not its first audio, in order (RFC 3264 section 6).
fn refused_media(offer: &[u8]) -> String {
    let Ok(description) = SessionDescription::parse(offer) else {
        return String::new();
    };
    let medias = description.session.medias.iter();
    let others = medias.skip_while(|media| media.media != "audio").skip(1);
    others
        .map(|media| format!("m={} 0 {} {}\r\n", media.media, media.proto, media.fmt))
        .collect()
}
