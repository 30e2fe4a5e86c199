//! The messages RFC 4475 and RFC 5118 describe, judged by the state alone.
use super::super::config::UserAgentConfig;
use super::super::message::Origin;
use super::super::state::{Effect, State};
use super::super::{SipTimers, Transport};
use crate::wire::sip::SipMessage;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::time::Instant;

/// The code of the first final response to the message in this file; 0 for none.
fn code(octets: &[u8]) -> u16 {
    let Ok(message) = SipMessage::parse(octets) else {
        return 0;
    };
    let config = UserAgentConfig {
        timers: SipTimers::default(),
        ..UserAgentConfig::default()
    };
    let local = "127.0.0.1:5060".parse().unwrap();
    let mut state = State::new(Arc::new(config), local, Arc::default());
    if message.is_request() {
        let origin = Origin {
            transport: Transport::Udp,
            source: "127.0.0.1:4000".parse().unwrap(),
        };
        state.server_request(message, origin, Instant::now());
    } else {
        state.client_response(message, Instant::now());
    }
    let mut sent = state.effects.iter().filter_map(|effect| match effect {
        Effect::Respond(_, octets) => SipMessage::parse(octets).ok()?.status(),
        _ => None,
    });
    sent.find(|code| *code >= 200).unwrap_or(0)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/sip")
}

#[test]
fn refuses_what_the_torture_tests_want_refused() {
    for (name, wanted) in [
        ("content_length_larger_than_body", 400),
        ("negative_content_length", 400),
        ("overlarge_request_scalars", 400),
        ("unterminated_quote", 400),
        ("request_uri_in_brackets", 400),
        ("request_uri_with_space", 400),
        ("headers_in_request_uri", 400),
        ("unknown_sip_version", 505),
        ("cseq_method_differs", 400),
        ("missing_mandatory_fields", 400),
        ("unknown_uri_scheme", 416),
        ("known_but_atypical_scheme", 416),
        ("unknown_require", 420),
        ("single_fields_repeated", 400),
        ("conflicting_content_lengths", 400),
        ("max_forwards_zero", 200),
        ("wide_range_of_characters", 501),
        ("response_with_broadcast_via", 0),
        // Well-formed, but of a dialog nobody knows.
        ("short_tortuous_invite", 481),
        // Without Contact there can be no dialog of RFC 3261.
        ("rfc_2543_syntax", 400),
        // Waits for its owner.
        ("cpm_invitation", 0),
    ] {
        let octets = std::fs::read(folder().join(format!("{name}.sip"))).unwrap();
        assert_eq!(code(&octets), wanted, "{name}");
    }
}

#[test]
fn survives_every_vector_and_every_prefix_of_it() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        for length in (0..=octets.len()).step_by(7) {
            code(&octets[..length]);
        }
    }
}
