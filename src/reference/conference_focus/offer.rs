//! Session descriptions of the focus (RFC 3264): one audio stream in G.711; other media of an offer are refused with port 0.
use super::g711::Law;
use super::media::Flow;
use crate::wire::sdp::SessionDescription;
use std::net::{IpAddr, SocketAddr};

/// What an offer or answer of the peer says of its audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audio {
    remote: Option<SocketAddr>,
    payload_type: u8,
    law: Law,
    /// As the peer sees it.
    pub(super) direction: &'static str,
    packet_milliseconds: u64,
    /// `m=` of every media line, to be mirrored.
    media: Vec<(String, String, String)>,
    /// Which of them is the audio.
    place: usize,
}

const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];

impl Audio {
    /// The first audio line in use that has G.711; `None` if there is none, or no description at all.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let description = SessionDescription::parse(octets).ok()?;
        let session = &description.session;
        let media: Vec<_> = session
            .medias
            .iter()
            .map(|m| (m.media.to_string(), m.proto.to_string(), m.fmt.clone()))
            .collect();
        let (place, audio, payload_type, law) =
            session.medias.iter().enumerate().find_map(|(place, m)| {
                if m.port == 0 || !m.media.to_string().eq_ignore_ascii_case("audio") {
                    return None;
                }
                let (payload_type, law) = m.fmt.split_whitespace().find_map(|fmt| match fmt {
                    "0" => Some((0, Law::Mu)),
                    "8" => Some((8, Law::A)),
                    _ => None,
                })?;
                Some((place, m, payload_type, law))
            })?;
        let connection = audio.connections.first().or(session.connection.as_ref());
        let ip: Option<IpAddr> = connection.and_then(|c| c.connection_address.parse().ok());
        let direction = DIRECTIONS
            .into_iter()
            .find(|name| audio.has_attribute(name))
            .or_else(|| {
                DIRECTIONS
                    .into_iter()
                    .find(|name| session.has_attribute(name))
            })
            .unwrap_or("sendrecv");
        let packet_milliseconds = audio
            .get_first_attribute_value("ptime")
            .flatten()
            .and_then(|text| text.trim().parse().ok())
            .filter(|ms| (10..=200).contains(ms))
            .unwrap_or(20);
        let usable = ip.filter(|ip| !ip.is_unspecified());
        Some(Self {
            remote: usable.map(|ip| SocketAddr::new(ip, audio.port)),
            payload_type,
            law,
            direction,
            packet_milliseconds,
            media,
            place,
        })
    }

    /// Which way audio goes, as this end then sends and receives it.
    pub(super) fn flow(&self) -> Flow {
        Flow {
            remote: self.remote,
            payload_type: self.payload_type,
            law: self.law,
            sends: matches!(self.direction, "sendrecv" | "recvonly"),
            receives: matches!(self.direction, "sendrecv" | "sendonly"),
            packet_milliseconds: self.packet_milliseconds,
        }
    }

    /// The peer has put the focus on hold (RFC 3264 section 8.4).
    pub(super) fn holds(&self) -> bool {
        matches!(self.direction, "sendonly" | "inactive")
    }
}

/// The answering direction (RFC 3264 section 6.1).
fn mirrored(direction: &str) -> &'static str {
    match direction {
        "sendonly" => "recvonly",
        "recvonly" => "sendonly",
        "inactive" => "inactive",
        _ => "sendrecv",
    }
}

/// The identity and version of the descriptions of one leg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) id: u64,
    pub(super) version: u64,
}

fn head(ip: IpAddr, origin: Origin) -> String {
    let family = if ip.is_ipv6() { "IP6" } else { "IP4" };
    let Origin { id, version } = origin;
    format!("v=0\r\no=- {id} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n")
}

/// The answer to an offer.
pub(super) fn answer(audio: &Audio, ip: IpAddr, port: u16, origin: Origin) -> Vec<u8> {
    let mut out = head(ip, origin);
    for (place, (kind, protocol, formats)) in audio.media.iter().enumerate() {
        if place != audio.place {
            out.push_str(&format!("m={kind} 0 {protocol} {formats}\r\n"));
            continue;
        }
        let (number, name) = match audio.law {
            Law::Mu => (0, "PCMU"),
            Law::A => (8, "PCMA"),
        };
        out.push_str(&format!(
            "m={kind} {port} {protocol} {number}\r\na=rtpmap:{number} {name}/8000\r\na=ptime:{}\r\na={}\r\n",
            audio.packet_milliseconds,
            mirrored(audio.direction)
        ));
    }
    out.into_bytes()
}

/// An offer of our own.
pub(super) fn offer(ip: IpAddr, port: u16, origin: Origin) -> Vec<u8> {
    let head = head(ip, origin);
    format!(
        "{head}m=audio {port} RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=video 4002 RTP/AVP 99\r\nm=audio 4000 RTP/AVP 97 8 0\r\na=rtpmap:97 AMR/8000\r\na=sendonly\r\na=ptime:100\r\n";

    #[test]
    fn answers_audio_and_refuses_the_rest() {
        let audio = Audio::read(OFFER).unwrap();
        assert!(audio.holds());
        let flow = audio.flow();
        assert!(flow.receives && !flow.sends);
        assert_eq!(flow.remote, Some("192.0.2.1:4000".parse().unwrap()));
        let origin = Origin { id: 5, version: 1 };
        let octets = answer(&audio, "127.0.0.1".parse().unwrap(), 5000, origin);
        let text = String::from_utf8(octets.clone()).unwrap();
        assert!(
            text.contains("m=video 0 RTP/AVP 99\r\nm=audio 5000 RTP/AVP 8\r\n"),
            "{text}"
        );
        assert!(text.contains("a=ptime:100\r\na=recvonly\r\n"));
        assert_eq!(Audio::read(&octets).unwrap().direction, "recvonly");
    }

    #[test]
    fn reads_its_own_offer_and_nothing_without_audio() {
        let origin = Origin { id: 5, version: 1 };
        let octets = offer("127.0.0.1".parse().unwrap(), 5000, origin);
        let audio = Audio::read(&octets).unwrap();
        assert!(!audio.holds() && audio.flow().sends);
        assert_eq!(
            Audio::read(b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n"),
            None
        );
    }
}
