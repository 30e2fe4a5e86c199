//! SDP (RFC 8866) as MSRP needs it (RFC 4975 section 8, RFC 6135), on the grammar of `sdp-types`.
//!
//! `sdp-types` is lenient, so `check` names what RFC 4975 asks of a message media line. Offer and answer rules are not here.
use crate::wire::Malformed;
use sdp_types::{AddrType, Attribute, Connection, Media, MediaType, NetType, Origin, Session};

/// Largest description and most media lines read.
const MAX_OCTETS: usize = 256 * 1024;
const MAX_MEDIA: usize = 256;
/// Most URIs of a path and most media types of a list.
const MAX_LIST: usize = 256;

/// `a=setup` of RFC 4145.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    Active,
    Passive,
    Actpass,
    Holdconn,
}

impl Setup {
    /// The value as it stands in SDP.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Actpass => "actpass",
            Self::Holdconn => "holdconn",
        }
    }
    /// Reads the value, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Passive, Self::Actpass, Self::Holdconn]
            .into_iter()
            .find(|setup| setup.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// One `m=message` section: everything an MSRP endpoint negotiates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageMedia {
    pub port: u16,
    /// `TCP/MSRP` or `TCP/TLS/MSRP`.
    pub protocol: String,
    /// Connection address of the media or session.
    pub address: String,
    /// `a=path`, in order; the last is the endpoint itself.
    pub path: Vec<String>,
    pub accept_types: Vec<String>,
    pub accept_wrapped_types: Vec<String>,
    pub setup: Option<Setup>,
    /// `sendrecv` (default), `sendonly`, `recvonly`, `inactive`.
    pub direction: String,
    pub max_size: Option<u64>,
}

impl MessageMedia {
    /// Whether this end takes messages of that type unwrapped (`*` and `text/*` count).
    pub fn accepts(&self, media_type: &str) -> bool {
        self.accept_types.iter().any(|a| matches(a, media_type))
    }
    /// Whether this end takes that type inside a wrapper type, by `accept-wrapped-types` or by `accept-types`.
    pub fn accepts_wrapped(&self, media_type: &str) -> bool {
        let wrapped = self.accept_wrapped_types.iter();
        wrapped
            .chain(&self.accept_types)
            .any(|a| matches(a, media_type))
    }
}

fn matches(accepted: &str, media_type: &str) -> bool {
    let accepted = accepted.to_ascii_lowercase();
    let media_type = media_type.to_ascii_lowercase();
    match accepted.strip_suffix('*') {
        Some(start) => media_type.starts_with(start),
        None => accepted == media_type,
    }
}

/// A session description: the typed whole of `sdp-types`, and its message media.
#[derive(Debug, Clone)]
pub struct SessionDescription {
    pub session: Session,
    /// One entry per `m=` line: `None` for media other than message.
    pub message_media: Vec<Option<MessageMedia>>,
}

impl SessionDescription {
    pub fn parse(octets: &[u8]) -> Result<Self, Malformed> {
        const CLAUSE: &str = "RFC 8866 section 5";
        if octets.len() > MAX_OCTETS {
            return Err(Malformed::new(MAX_OCTETS, "at most 256 KiB of SDP", CLAUSE));
        }
        let session = Session::parse(octets).map_err(|wrong| {
            // The crate's words may repeat the input, which may be long.
            let words: String = wrong.to_string().chars().take(200).collect();
            Malformed::new(0, format!("a session description ({words})"), CLAUSE)
        })?;
        if session.medias.len() > MAX_MEDIA {
            return Err(Malformed::new(0, "at most 256 media lines", CLAUSE));
        }
        let message_media = session
            .medias
            .iter()
            .map(|media| message_media(&session, media))
            .collect();
        Ok(Self {
            session,
            message_media,
        })
    }
    /// First usable (`port` not 0) `m=message`.
    pub fn message(&self) -> Option<&MessageMedia> {
        self.message_media.iter().flatten().find(|m| m.port != 0)
    }

    /// What RFC 4975 section 8 asks of a message media line and is not there. Empty for a correct description.
    pub fn check(&self) -> Vec<Malformed> {
        let mut wrong = Vec::new();
        for (media, read) in self.session.medias.iter().zip(&self.message_media) {
            let Some(read) = read.as_ref().filter(|m| m.port != 0) else {
                continue;
            };
            let mut missing = |is_wrong: bool, expected: &str, clause| {
                if is_wrong {
                    wrong.push(Malformed::new(0, expected, clause));
                }
            };
            let protocol = read.protocol.to_ascii_uppercase();
            let is_msrp = protocol == "TCP/MSRP" || protocol == "TCP/TLS/MSRP";
            missing(!is_msrp, "TCP/MSRP or TCP/TLS/MSRP", "RFC 4975 section 8.1");
            missing(media.fmt != "*", "the format `*`", "RFC 4975 section 8.1");
            missing(
                read.path.is_empty(),
                "a path attribute",
                "RFC 4975 section 8.2",
            );
            let not_msrp = |uri: &String| {
                let scheme = uri.split(':').next().unwrap_or_default();
                !scheme.eq_ignore_ascii_case("msrp") && !scheme.eq_ignore_ascii_case("msrps")
            };
            missing(
                read.path.iter().any(not_msrp),
                "MSRP URIs in the path",
                "RFC 4975 section 8.2",
            );
            missing(
                read.accept_types.is_empty(),
                "an accept-types attribute",
                "RFC 4975 section 8.6",
            );
            missing(
                read.address.is_empty(),
                "a connection line",
                "RFC 8866 section 5.7",
            );
            let setup = value(media, "setup");
            let unknown = setup.is_some() && read.setup.is_none();
            missing(
                unknown,
                "active, passive, actpass or holdconn",
                "RFC 4145 section 4",
            );
            let size = value(media, "max-size");
            let unknown = size.is_some() && read.max_size.is_none();
            missing(unknown, "a decimal max-size", "RFC 4975 section 8.6");
        }
        wrong
    }
}

fn value<'a>(media: &'a Media, name: &'a str) -> Option<&'a str> {
    media.get_first_attribute_value(name).flatten()
}

fn message_media(session: &Session, media: &Media) -> Option<MessageMedia> {
    if !media.media.eq_ignore_ascii_case("message") {
        return None;
    }
    let connection = media.connections.first().or(session.connection.as_ref());
    let list = |name: &str| -> Vec<String> {
        media
            .get_attribute_values(name)
            .flatten()
            .flat_map(str::split_whitespace)
            .take(MAX_LIST)
            .map(str::to_owned)
            .collect()
    };
    let direction = ["sendrecv", "sendonly", "recvonly", "inactive"]
        .into_iter()
        .find(|name| media.has_attribute(name))
        .or_else(|| {
            ["sendrecv", "sendonly", "recvonly", "inactive"]
                .into_iter()
                .find(|name| session.has_attribute(name))
        });
    let setup =
        value(media, "setup").or_else(|| session.get_first_attribute_value("setup").flatten());
    Some(MessageMedia {
        port: media.port,
        protocol: media.proto.clone(),
        address: connection.map_or_else(String::new, |c| c.connection_address.clone()),
        path: list("path"),
        accept_types: list("accept-types"),
        accept_wrapped_types: list("accept-wrapped-types"),
        setup: setup.and_then(Setup::parse),
        direction: direction.unwrap_or("sendrecv").to_owned(),
        max_size: value(media, "max-size").and_then(|size| size.trim().parse().ok()),
    })
}

/// Writes a description with one `m=message` section. `origin_id`/`version` go to the `o=` line.
/// Empty lists and an empty direction leave their attribute out: deliberate misbehaviour is possible.
pub fn write_message_sdp(origin_id: u64, version: u64, media: &MessageMedia) -> Vec<u8> {
    let family = if media.address.contains(':') {
        AddrType::Ip6
    } else {
        AddrType::Ip4
    };
    let address = &media.address;
    let origin = Origin::new(origin_id, version, NetType::In, family.clone(), address);
    let mut session = Session::new(origin, "-");
    session.set_connection(Connection::new(NetType::In, family, address));
    let mut section = Media::new(
        MediaType::Message,
        media.port,
        sdp_types::TransportProto::Other(media.protocol.clone()),
        "*",
    );
    for (name, list) in [
        ("accept-types", &media.accept_types),
        ("accept-wrapped-types", &media.accept_wrapped_types),
        ("path", &media.path),
    ] {
        if !list.is_empty() {
            section.add_attribute(Attribute::with_value(name, list.join(" ")));
        }
    }
    if let Some(setup) = media.setup {
        section.add_attribute(Attribute::with_value("setup", setup.as_str()));
    }
    if let Some(size) = media.max_size {
        section.add_attribute(Attribute::with_value("max-size", size));
    }
    if !media.direction.is_empty() {
        section.add_attribute(Attribute::new(&media.direction));
    }
    session.add_media(section);
    let mut out = Vec::new();
    // Writing to a Vec cannot fail; an empty description would be noticed by every reader.
    if session.write(&mut out).is_err() {
        out.clear();
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn media() -> MessageMedia {
        MessageMedia {
            port: 2855,
            protocol: "TCP/MSRP".into(),
            address: "192.0.2.7".into(),
            path: vec!["msrp://192.0.2.7:2855/s3cr3t;tcp".into()],
            accept_types: vec!["message/cpim".into()],
            accept_wrapped_types: vec!["text/plain".into(), "message/imdn+xml".into()],
            setup: Some(Setup::Actpass),
            direction: "sendrecv".into(),
            max_size: Some(65536),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for address in ["192.0.2.7", "2001:db8::7"] {
            let media = MessageMedia {
                address: address.into(),
                ..media()
            };
            let octets = write_message_sdp(7, 1, &media);
            let read = SessionDescription::parse(&octets).unwrap();
            assert_eq!(read.message(), Some(&media));
            assert!(read.check().is_empty(), "{:?}", read.check());
        }
    }

    #[test]
    fn writes_the_lines_of_rfc_4975_in_order() {
        let text = String::from_utf8(write_message_sdp(7, 1, &media())).unwrap();
        assert_eq!(
            text,
            "v=0\r\no=- 7 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=message 2855 TCP/MSRP *\r\n\
             a=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain message/imdn+xml\r\n\
             a=path:msrp://192.0.2.7:2855/s3cr3t;tcp\r\na=setup:actpass\r\na=max-size:65536\r\na=sendrecv\r\n"
        );
    }

    fn vector(name: &str) -> SessionDescription {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/vectors/sdp/");
        let octets = std::fs::read(format!("{folder}{name}")).unwrap();
        SessionDescription::parse(&octets).unwrap()
    }

    #[test]
    fn reads_message_media_beside_other_media_and_a_refused_one() {
        let read = vector("audio_and_two_messages.sdp");
        assert_eq!(read.message_media.len(), 3);
        assert!(read.message_media[0].is_none());
        assert_eq!(read.message_media[1].as_ref().unwrap().port, 0);
        let message = read.message().unwrap();
        assert_eq!(message.address, "relay.example.com");
        assert_eq!(message.path.len(), 2);
        assert_eq!(message.direction, "recvonly");
        assert_eq!(
            (message.setup, message.max_size),
            (Some(Setup::Passive), None)
        );
        assert!(message.accepts("text/html") && message.accepts_wrapped("image/png"));
        assert!(!message.accepts("image/png"));
        assert!(read.check().is_empty(), "{:?}", read.check());
    }

    #[test]
    fn names_what_a_message_section_lacks() {
        let clauses: Vec<_> = vector("bare_message.sdp")
            .check()
            .into_iter()
            .map(|wrong| wrong.clause)
            .collect();
        assert_eq!(
            clauses,
            [
                "RFC 4975 section 8.1",
                "RFC 4975 section 8.1",
                "RFC 4975 section 8.2",
                "RFC 4975 section 8.6",
                "RFC 8866 section 5.7",
                "RFC 4145 section 4",
                "RFC 4975 section 8.6",
            ]
        );
    }

    #[test]
    fn refuses_what_is_no_session_description() {
        for wrong in [
            &b""[..],
            b"hello",
            b"v=1\r\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=message x TCP/MSRP *\r\n",
        ] {
            assert!(SessionDescription::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..400), cut in 0usize..400) {
            drop(SessionDescription::parse(&octets).map(|s| s.check()));
            let mut sdp = write_message_sdp(1, 1, &media());
            sdp.truncate(cut);
            sdp.extend(octets.iter().take(8));
            drop(SessionDescription::parse(&sdp).map(|s| s.check()));
        }
    }
}
