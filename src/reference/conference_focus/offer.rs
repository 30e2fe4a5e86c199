//! Session descriptions of the focus (RFC 3264): one audio stream in G.711 and one of messages over MSRP (RFC 4975, RFC 7701), either or
//! both; other media of an offer are refused with port 0. Offers of our own have audio alone: whoever wants messages as well offers them.
use super::g711::Law;
use super::media::Flow;
use crate::wire::sdp::{MessageMedia, SessionDescription, Setup, write_message_sdp};
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
}

/// What an offer or answer of the peer says of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Messages {
    pub(super) path: Vec<String>,
    setup: Option<Setup>,
}

impl Messages {
    /// We open the connection (RFC 6135).
    pub(super) fn we_connect(&self) -> bool {
        self.setup == Some(Setup::Passive)
    }
}

/// The media of a description that the focus can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Streams {
    pub(super) audio: Option<Audio>,
    pub(super) messages: Option<Messages>,
    /// `m=` of every media line, to be mirrored.
    media: Vec<(String, String, String)>,
    /// Which of them is the audio, and which the messages.
    audio_place: Option<usize>,
    messages_place: Option<usize>,
}

const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/// What a switch distributes is message/cpim (RFC 7701 section 7.1).
fn takes_cpim(media: &MessageMedia) -> bool {
    let usable = media.port != 0 && media.protocol.eq_ignore_ascii_case("TCP/MSRP");
    usable && !media.path.is_empty() && media.accepts("message/cpim")
}

impl Streams {
    /// `None` if there is nothing the focus can use, or no description at all.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let description = SessionDescription::parse(octets).ok()?;
        let lines = description.session.medias.iter();
        let media = lines
            .map(|m| (m.media.to_string(), m.proto.to_string(), m.fmt.clone()))
            .collect();
        let (audio_place, audio) = Audio::of(&description).unzip();
        let mut messages = description.message_media.iter().enumerate();
        let usable = messages.find_map(|(place, media)| {
            let media = media.as_ref().filter(|media| takes_cpim(media))?;
            let (path, setup) = (media.path.clone(), media.setup);
            Some((place, Messages { path, setup }))
        });
        let (messages_place, messages) = usable.unzip();
        (audio.is_some() || messages.is_some()).then_some(Self {
            audio,
            messages,
            media,
            audio_place,
            messages_place,
        })
    }
}

impl Audio {
    /// The first audio line in use that has G.711, and its place.
    fn of(description: &SessionDescription) -> Option<(usize, Self)> {
        let session = &description.session;
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
        let audio = Self {
            remote: usable.map(|ip| SocketAddr::new(ip, audio.port)),
            payload_type,
            law,
            direction,
            packet_milliseconds,
        };
        Some((place, audio))
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

/// Our ends of the streams of one leg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) ip: IpAddr,
    /// Of RTP.
    pub(super) port: u16,
    /// The port of MSRP and our URI, where a session is open.
    pub(super) msrp: Option<(u16, &'a str)>,
    pub(super) origin: Origin,
}

/// The answer to an offer.
pub(super) fn answer(offer: &Streams, ends: Ends<'_>) -> Vec<u8> {
    let mut out = head(ends.ip, ends.origin);
    for (place, (kind, protocol, formats)) in offer.media.iter().enumerate() {
        let line = match (&offer.audio, &offer.messages, ends.msrp) {
            (Some(audio), _, _) if offer.audio_place == Some(place) => {
                audio_line(audio, kind, protocol, ends.port)
            }
            (_, Some(messages), Some(msrp)) if offer.messages_place == Some(place) => {
                message_line(messages, ends.ip, msrp)
            }
            _ => format!("m={kind} 0 {protocol} {formats}\r\n"),
        };
        out.push_str(&line);
    }
    out.into_bytes()
}

fn audio_line(audio: &Audio, kind: &str, protocol: &str, port: u16) -> String {
    let (number, name) = match audio.law {
        Law::Mu => (0, "PCMU"),
        Law::A => (8, "PCMA"),
    };
    format!(
        "m={kind} {port} {protocol} {number}\r\na=rtpmap:{number} {name}/8000\r\na=ptime:{}\r\na={}\r\n",
        audio.packet_milliseconds,
        mirrored(audio.direction)
    )
}

/// The message stream of a chat room, in which messages to one participant alone are carried too (RFC 7701 sections 6.2 and 8.2).
fn message_line(offered: &Messages, ip: IpAddr, (port, path): (u16, &str)) -> String {
    let media = MessageMedia {
        port,
        protocol: "TCP/MSRP".into(),
        address: ip.to_string(),
        path: vec![path.to_owned()],
        accept_types: vec!["message/cpim".into()],
        accept_wrapped_types: vec!["*".into()],
        setup: offered.setup.map(|setup| match setup {
            Setup::Passive => Setup::Active,
            _ => Setup::Passive,
        }),
        direction: "sendrecv".into(),
        max_size: None,
    };
    let whole = String::from_utf8_lossy(&write_message_sdp(0, 0, &media)).into_owned();
    let at = whole.find("m=").unwrap_or(whole.len());
    format!("{}a=chatroom:private-messages\r\n", &whole[at..])
}

/// An offer of our own.
pub(super) fn offer(ends: Ends<'_>) -> Vec<u8> {
    let (head, port) = (head(ends.ip, ends.origin), ends.port);
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

    fn ends(msrp: Option<(u16, &str)>, origin: Origin) -> Ends<'_> {
        Ends {
            ip: "127.0.0.1".parse().unwrap(),
            port: 5000,
            msrp,
            origin,
        }
    }

    #[test]
    fn answers_messages_beside_audio_or_alone() {
        let message = "m=message 2855 TCP/MSRP *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\n\
            a=path:msrp://192.0.2.1:2855/a;tcp\r\na=setup:active\r\n";
        let offer = format!("{}{message}", String::from_utf8_lossy(OFFER));
        let origin = Origin { id: 5, version: 1 };
        let ours = Some((7000, "msrp://127.0.0.1:7000/b;tcp"));
        let streams = Streams::read(offer.as_bytes()).unwrap();
        let text = String::from_utf8(answer(&streams, ends(ours, origin))).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
        let expected = [
            "m=video 0 RTP/AVP 99",
            "m=audio 5000 RTP/AVP 8",
            "m=message 7000 TCP/MSRP *",
        ];
        assert_eq!(lines, expected);
        assert!(
            text.contains("a=setup:passive\r\n")
                && text.contains("a=path:msrp://127.0.0.1:7000/b;tcp")
        );
        let (head, _) = offer.split_once("m=video").unwrap();
        let alone = Streams::read(format!("{head}{message}").as_bytes()).unwrap();
        assert!(alone.audio.is_none() && !alone.messages.unwrap().we_connect());
        let unwrapped = message.replace("message/cpim", "text/plain");
        assert_eq!(Streams::read(format!("{head}{unwrapped}").as_bytes()), None);
    }

    #[test]
    fn answers_audio_and_refuses_the_rest() {
        let streams = Streams::read(OFFER).unwrap();
        let audio = streams.audio.clone().unwrap();
        assert!(audio.holds());
        let flow = audio.flow();
        assert!(flow.receives && !flow.sends);
        assert_eq!(flow.remote, Some("192.0.2.1:4000".parse().unwrap()));
        let origin = Origin { id: 5, version: 1 };
        let octets = answer(&streams, ends(None, origin));
        let text = String::from_utf8(octets.clone()).unwrap();
        assert!(
            text.contains("m=video 0 RTP/AVP 99\r\nm=audio 5000 RTP/AVP 8\r\n"),
            "{text}"
        );
        assert!(text.contains("a=ptime:100\r\na=recvonly\r\n"));
        let read = Streams::read(&octets).unwrap().audio.unwrap();
        assert_eq!(read.direction, "recvonly");
    }

    #[test]
    fn reads_its_own_offer_and_nothing_without_audio() {
        let origin = Origin { id: 5, version: 1 };
        let octets = offer(ends(None, origin));
        let audio = Streams::read(&octets).unwrap().audio.unwrap();
        assert!(!audio.holds() && audio.flow().sends);
        assert_eq!(
            Streams::read(b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n"),
            None
        );
    }
}
