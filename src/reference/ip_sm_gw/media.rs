//! The message stream of a chat session: which offers can be used and what is answered (RFC 4975 section 8, RFC 6135, RFC 3264).
//!
//! The gateway speaks MSRP over TCP only, and text only: message/cpim with text/plain inside, or text/plain alone.

use crate::reference::faults::{Fault, InForce};
use crate::reference::user_agent::Body;
use crate::wire::sdp::{MessageMedia, SessionDescription, Setup, write_message_sdp};
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;

/// What an offer allows.
#[derive(Debug, Clone)]
pub struct Offer {
    pub media: MessageMedia,
    /// Chat texts are wrapped in message/cpim.
    pub cpim: bool,
    /// We open the connection (the offer is `setup:passive`).
    pub we_connect: bool,
    /// One entry per `m=` line: the media line to refuse, or `None` for the one accepted.
    refused: Vec<Option<String>>,
}

impl Offer {
    /// The usable part of an offer; `None` is answered 488.
    pub fn read(request: &SipMessage) -> Option<Self> {
        mark!("SDP-05");
        let octets = request.body_of("application/sdp")?;
        let description = SessionDescription::parse(&octets).ok()?;
        let usable = |media: &MessageMedia| {
            media.port != 0
                && media.protocol.eq_ignore_ascii_case("TCP/MSRP")
                && !media.path.is_empty()
                && (takes_cpim_text(media) || takes(&media.accept_types, "text/plain"))
        };
        let chosen = description
            .message_media
            .iter()
            .position(|media| media.as_ref().is_some_and(usable))?;
        let refused = description
            .session
            .medias
            .iter()
            .enumerate()
            .map(|(index, media)| {
                let line = || format!("m={} 0 {} {}\r\n", media.media, media.proto, media.fmt);
                (index != chosen).then(line)
            })
            .collect();
        let media = description.message_media.into_iter().nth(chosen)??;
        Some(Self {
            cpim: takes_cpim_text(&media),
            we_connect: media.setup == Some(Setup::Passive),
            media,
            refused,
        })
    }

    /// The answer, with our path.
    pub fn answer(&self, local: SocketAddr, path: &str, id: u64, faults: InForce) -> Body {
        mark!("SDP-01");
        mark!("SDP-02");
        mark!("SDP-03");
        mark!("SDP-04");
        let accepted = |types: &[&str], offered: &[String]| {
            let kept = types.iter().filter(|t| takes(offered, t));
            kept.map(|t| (*t).to_owned()).collect::<Vec<_>>()
        };
        let wrapped = [
            "text/plain",
            "message/imdn+xml",
            "application/im-iscomposing+xml",
        ];
        let unwrapped = usize::from(faults.is(Fault::WrappedTextNotTaken));
        let media = MessageMedia {
            port: local.port(),
            protocol: "TCP/MSRP".into(),
            address: local.ip().to_string(),
            path: vec![path.to_owned()],
            accept_types: accepted(
                &[
                    "message/cpim",
                    "text/plain",
                    "application/im-iscomposing+xml",
                ],
                &self.media.accept_types,
            ),
            accept_wrapped_types: if self.cpim {
                accepted(&wrapped[unwrapped..], &self.media.accept_wrapped_types)
            } else {
                Vec::new()
            },
            setup: match self.media.setup {
                None => None,
                Some(Setup::Passive) if !faults.is(Fault::SetupAlwaysPassive) => {
                    Some(Setup::Active)
                }
                Some(_) => Some(Setup::Passive),
            },
            direction: match self.media.direction.as_str() {
                "sendonly" => "recvonly".into(),
                "recvonly" => "sendonly".into(),
                same => same.to_owned(),
            },
            max_size: None,
        };
        Body {
            content_type: "application/sdp".into(),
            octets: match write_message_sdp(id, 1, &media) {
                alone if faults.is(Fault::AnswerWithoutRefusedMedia) => alone,
                answer => self.with_refused_media(answer),
            },
        }
    }

    /// An answer has as many `m=` lines as its offer, in the same order (RFC 3264 section 6).
    fn with_refused_media(&self, answer: Vec<u8>) -> Vec<u8> {
        if self.refused.len() <= 1 {
            return answer;
        }
        let text = String::from_utf8_lossy(&answer).into_owned();
        let at = text.find("m=").unwrap_or(text.len());
        let (session, message) = text.split_at(at);
        let mut whole = session.to_owned();
        for line in &self.refused {
            whole.push_str(line.as_deref().unwrap_or(message));
        }
        whole.into_bytes()
    }
}

fn takes_cpim_text(media: &MessageMedia) -> bool {
    takes(&media.accept_types, "message/cpim")
        && (media.accept_wrapped_types.is_empty()
            || takes(&media.accept_wrapped_types, "text/plain"))
}

/// A list of types (with `*` and `text/*`) contains a type. An absent list takes what its parent list takes.
fn takes(list: &[String], wanted: &str) -> bool {
    let kind = wanted.split('/').next().unwrap_or_default();
    list.iter().any(|entry| {
        let entry = entry.trim();
        entry == "*" || entry.eq_ignore_ascii_case(wanted) || entry == format!("{kind}/*")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(media: &str) -> SipMessage {
        let mut request = SipMessage::request("INVITE", "tel:+447700900002");
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}"
        );
        request.set_body("application/sdp", sdp.into_bytes());
        request
    }

    fn message(port: u16, more: &str) -> String {
        format!(
            "m=message {port} TCP/MSRP *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain message/imdn+xml\r\n\
             a=path:msrp://127.0.0.1:{port}/abc;tcp\r\n{more}"
        )
    }

    #[test]
    fn refuses_offers_without_a_usable_message_stream() {
        assert!(Offer::read(&SipMessage::request("INVITE", "tel:+1")).is_none());
        assert!(Offer::read(&request("m=audio 9 RTP/AVP 0\r\n")).is_none());
        assert!(Offer::read(&request(&message(0, ""))).is_none());
        let no_text = message(9, "").replace("text/plain ", "");
        assert!(Offer::read(&request(&no_text)).is_none());
    }

    #[test]
    fn answers_setup_as_rfc_6135_wants_it() {
        for (offered, answered, we_connect) in [
            ("a=setup:actpass\r\n", "a=setup:passive", false),
            ("a=setup:active\r\n", "a=setup:passive", false),
            ("a=setup:passive\r\n", "a=setup:active", true),
        ] {
            let offer = Offer::read(&request(&message(9, offered))).unwrap();
            assert_eq!(offer.we_connect, we_connect);
            let local = "127.0.0.1:2855".parse().unwrap();
            let answer = offer.answer(local, "msrp://127.0.0.1:2855/x;tcp", 7, InForce(None));
            let text = String::from_utf8(answer.octets).unwrap();
            assert!(text.contains(answered), "{text}");
            assert!(text.contains("m=message 2855 TCP/MSRP *"), "{text}");
        }
    }

    #[test]
    fn an_answer_has_the_media_lines_of_its_offer() {
        let both = format!("m=audio 9 RTP/AVP 0\r\n{}", message(9, ""));
        let offer = Offer::read(&request(&both)).unwrap();
        let local = "127.0.0.1:2855".parse().unwrap();
        let answer = offer.answer(local, "msrp://127.0.0.1:2855/x;tcp", 7, InForce(None));
        let text = String::from_utf8(answer.octets).unwrap();
        let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("m=")).collect();
        assert_eq!(lines, ["m=audio 0 RTP/AVP 0", "m=message 2855 TCP/MSRP *"]);
    }
}
