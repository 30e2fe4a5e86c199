//! rsip's typed view of a message: compact names expanded, folding removed, then rsip's own grammar.
//! rsip refuses much that IMS sends (tel: and IPv6 Request-URIs, unknown methods); whoever asks copes with an error. Never send through it:
//! rsip rewrites header fields and destroys binary bodies.
use super::SipMessage;
use super::grammar;
use super::message::StartLine;

pub(super) fn view(message: &SipMessage) -> Result<rsip::SipMessage, rsip::Error> {
    let mut out = match &message.start {
        StartLine::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
        StartLine::Response { code, reason } => format!("SIP/2.0 {code:03} {reason}\r\n"),
    }
    .into_bytes();
    for header in message.headers().filter(|h| !h.name.is_empty()) {
        let line = format!("{}: {}\r\n", grammar::long_name(header.name), header.value);
        out.extend_from_slice(line.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&message.body);
    rsip::SipMessage::try_from(out)
}
