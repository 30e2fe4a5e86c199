//! The SDP side of one MSRP session: our offer, our answer, and what both together mean (RFC 3264, RFC 4975 section 8, RFC 6135).
//!
//! Decides who opens the connection and to where. It opens none, and it does not run the session.
use std::net::{IpAddr, SocketAddr};

use crate::peer::message_session::{MsrpBehaviour, SessionConfig};
use crate::wire::msrp::MsrpUri;
use crate::wire::sdp::{MessageMedia, SessionDescription, Setup, write_message_sdp};

/// Our side of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    listener: SocketAddr,
    session_id: String,
    accept_types: Vec<String>,
    accept_wrapped_types: Vec<String>,
    setup: Option<Setup>,
    origin_id: u64,
    version: u64,
}

/// What offer and answer agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub remote_path: Vec<String>,
    /// We open the connection.
    pub connects: bool,
    /// Where to; `None` if the other side named no address we can reach without a resolver.
    pub remote: Option<SocketAddr>,
}

impl LocalMedia {
    /// `setup` is `actpass`, `active` or `passive`; anything else leaves the attribute out.
    pub fn new(
        listener: SocketAddr,
        session_id: String,
        accept_types: &[String],
        setup: &str,
        origin_id: u64,
    ) -> Self {
        Self {
            listener,
            session_id,
            accept_types: accept_types.to_vec(),
            accept_wrapped_types: vec!["text/plain".to_owned(), "message/imdn+xml".to_owned()],
            setup: match setup {
                "actpass" => Some(Setup::Actpass),
                "active" => Some(Setup::Active),
                "passive" => Some(Setup::Passive),
                "holdconn" => Some(Setup::Holdconn),
                _ => None,
            },
            origin_id,
            version: 1,
        }
    }

    /// Our `a=path` (one URI: we use no relay).
    pub fn path(&self) -> String {
        format!("msrp://{}/{};tcp", self.listener, self.session_id)
    }

    /// The offer, the same every time: a repetition changes nothing (RFC 3264 section 8).
    pub fn offer(&self) -> Vec<u8> {
        self.describe(self.setup)
    }

    /// Our description as last sent, for a repetition within the session.
    pub fn repeat(&self) -> Vec<u8> {
        self.describe(self.setup)
    }

    /// The answer to an offer, and what it means. `Err` says why there is none (488).
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Vec<u8>, Agreed), String> {
        let media = message_of(offer)?;
        let speaks_cpim_or_text = media.accept_types.iter().any(|accepted| {
            accepted == "*"
                || accepted.eq_ignore_ascii_case("message/cpim")
                || accepted.eq_ignore_ascii_case("text/plain")
        });
        if !speaks_cpim_or_text {
            return Err("the offer accepts neither message/cpim nor text/plain".to_owned());
        }
        let prefers_passive = self.setup == Some(Setup::Passive);
        self.setup = match media.setup {
            Some(Setup::Actpass) if prefers_passive => Some(Setup::Passive),
            Some(Setup::Actpass | Setup::Passive) => Some(Setup::Active),
            Some(Setup::Active) => Some(Setup::Passive),
            Some(Setup::Holdconn) => Some(Setup::Holdconn),
            None => None,
        };
        let agreed = Agreed {
            connects: self.setup == Some(Setup::Active),
            remote: address_of(&media),
            remote_path: media.path,
        };
        Ok((self.describe(self.setup), agreed))
    }

    /// What an answer to our offer means (RFC 6135 section 4.2, RFC 4975 section 5.4). `Err` says why it is unusable.
    pub fn conclude(&self, answer: &[u8]) -> Result<Agreed, String> {
        let media = message_of(answer)?;
        let connects = match (self.setup, media.setup) {
            (Some(Setup::Holdconn), _) | (_, Some(Setup::Holdconn)) => false,
            (_, Some(Setup::Active)) => false,
            (_, Some(Setup::Passive)) => true,
            // Without a usable a=setup in the answer RFC 4975 section 5.4 holds: the offerer opens the connection.
            _ => true,
        };
        Ok(Agreed {
            connects,
            remote: address_of(&media),
            remote_path: media.path,
        })
    }

    pub fn session_config(
        &self,
        agreed: &Agreed,
        seed: u64,
        behaviour: MsrpBehaviour,
    ) -> SessionConfig {
        SessionConfig {
            local_path: self.path(),
            remote_path: agreed.remote_path.clone(),
            connects: agreed.connects,
            accept_types: self.accept_types.clone(),
            accept_wrapped_types: self.accept_wrapped_types.clone(),
            seed,
            behaviour,
        }
    }

    fn describe(&self, setup: Option<Setup>) -> Vec<u8> {
        let media = MessageMedia {
            port: self.listener.port(),
            protocol: "TCP/MSRP".to_owned(),
            address: self.listener.ip().to_string(),
            path: vec![self.path()],
            accept_types: self.accept_types.clone(),
            accept_wrapped_types: self.accept_wrapped_types.clone(),
            setup,
            direction: "sendrecv".to_owned(),
            max_size: None,
        };
        write_message_sdp(self.origin_id, self.version, &media)
    }
}

fn message_of(octets: &[u8]) -> Result<MessageMedia, String> {
    let description = SessionDescription::parse(octets).map_err(|error| error.to_string())?;
    let media = description
        .message()
        .ok_or("no usable m=message in the description")?;
    if media.path.is_empty() {
        return Err("m=message without a=path (RFC 4975 section 8.2)".to_owned());
    }
    Ok(media.clone())
}

/// RFC 4975 section 5.4 connects to the first URI of the path; its host may be a name, then `c=` and `m=` stand in.
fn address_of(media: &MessageMedia) -> Option<SocketAddr> {
    let uri = media
        .path
        .first()
        .and_then(|text| MsrpUri::parse(text).ok())?;
    let host = uri.host.trim_matches(['[', ']']);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, uri.port.unwrap_or(2855)));
    }
    let ip = media.address.parse::<IpAddr>().ok()?;
    Some(SocketAddr::new(ip, media.port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn local(setup: &str) -> LocalMedia {
        let listener = "127.0.0.1:2855".parse().unwrap();
        LocalMedia::new(
            listener,
            "ours".to_owned(),
            &["message/cpim".to_owned()],
            setup,
            1,
        )
    }

    fn theirs(setup: Option<Setup>, path: &str) -> Vec<u8> {
        let media = MessageMedia {
            port: 7777,
            protocol: "TCP/MSRP".to_owned(),
            address: "127.0.0.9".to_owned(),
            path: vec![path.to_owned()],
            accept_types: vec!["message/cpim".to_owned()],
            accept_wrapped_types: Vec::new(),
            setup,
            direction: "sendrecv".to_owned(),
            max_size: None,
        };
        write_message_sdp(2, 1, &media)
    }

    const PATH: &str = "msrp://127.0.0.9:7654/theirs;tcp";

    #[test]
    fn who_opens_the_connection_follows_from_both_setups() {
        for (ours, answered, we_connect) in [
            ("actpass", Some(Setup::Active), false),
            ("actpass", Some(Setup::Passive), true),
            ("actpass", None, true),
            ("active", Some(Setup::Passive), true),
            ("passive", Some(Setup::Active), false),
            ("passive", None, true),
            ("", None, true),
            ("actpass", Some(Setup::Holdconn), false),
        ] {
            let agreed = local(ours).conclude(&theirs(answered, PATH)).unwrap();
            assert_eq!(agreed.connects, we_connect, "{ours} {answered:?}");
        }
    }

    #[test]
    fn an_answer_complements_the_setup_of_its_offer() {
        for (ours, offered, answer, we_connect) in [
            ("actpass", Some(Setup::Actpass), "a=setup:active", true),
            ("passive", Some(Setup::Actpass), "a=setup:passive", false),
            ("actpass", Some(Setup::Active), "a=setup:passive", false),
            ("actpass", Some(Setup::Passive), "a=setup:active", true),
            ("actpass", None, "", false),
        ] {
            let (sdp, agreed) = local(ours).answer(&theirs(offered, PATH)).unwrap();
            let sdp = String::from_utf8(sdp).unwrap();
            assert_eq!(agreed.connects, we_connect, "{ours} {offered:?}");
            assert!(sdp.contains(answer), "{sdp}");
            assert_eq!(sdp.contains("a=setup"), !answer.is_empty());
        }
    }

    #[test]
    fn the_path_says_where_to_connect_and_the_connection_line_where_it_is_a_name() {
        let agreed = local("actpass").conclude(&theirs(None, PATH)).unwrap();
        assert_eq!(agreed.remote, Some("127.0.0.9:7654".parse().unwrap()));
        let named = theirs(None, "msrp://gw.example:7654/theirs;tcp");
        let agreed = local("actpass").conclude(&named).unwrap();
        assert_eq!(agreed.remote, Some("127.0.0.9:7777".parse().unwrap()));
    }

    #[test]
    fn a_repeated_description_is_the_same() {
        let media = local("actpass");
        assert_eq!(media.offer(), media.repeat());
    }
}
