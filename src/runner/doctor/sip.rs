//! SIP OPTIONS to an address of the profile: any response at all shows that SIP is spoken there.
use super::LIMIT;
use crate::capture::{ask_tcp, ask_udp};
use crate::peer::ue::Transport;
use crate::sut::Profile;
use crate::wire::sip::SipMessage;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

/// What an address was found to be.
enum Heard {
    Sip(u16),
    Http,
    /// Octets of nothing we know, or a connection that was closed at once.
    Other,
    Silence,
    Broken(io::Error),
}

/// Asks there; says what answers, or what is wrong with the value of `key`.
pub(super) async fn options(
    key: &str,
    address: &str,
    profile: &Profile,
    transport: Transport,
) -> Result<String, String> {
    let to: SocketAddr = address
        .parse()
        .map_err(|_| format!("{key}: `{address}` is no IP address and port"))?;
    let began = Instant::now();
    let heard = ask(to, profile, transport).await;
    let (over, other) = match transport {
        Transport::Udp => ("udp", Transport::Tcp),
        Transport::Tcp => ("tcp", Transport::Udp),
    };
    if let Heard::Sip(status) = heard {
        let took = began.elapsed().as_millis();
        return Ok(format!(
            "{to} answers OPTIONS over {over} with {status} after {took} ms"
        ));
    }
    // The port of something else tells more than that SIP is not there.
    let beside = match ask(to, profile, other).await {
        Heard::Sip(_) => {
            let right = if over == "udp" { "tcp" } else { "udp" };
            return Err(format!(
                "sip.transport: {to} ({key}) takes SIP over {right} and not over {over}; write transport: {right}"
            ));
        }
        beside => beside,
    };
    if matches!(heard, Heard::Http) || matches!(beside, Heard::Http) {
        return Err(format!(
            "{key}: {to} speaks HTTP and not SIP; has it been swapped with the port of provisioning.http.base or conferencing.ut?"
        ));
    }
    Err(match heard {
        Heard::Broken(error) if error.kind() == ErrorKind::AddrNotAvailable => format!(
            "sip.local_ip: {} is no address of this machine; write the one at which the system reaches it",
            profile.sip.local_ip
        ),
        Heard::Broken(error) => format!(
            "{key}: nothing takes SIP over {over} at {to} ({}); is the system started, and is this its SIP port?",
            plain(&error)
        ),
        Heard::Silence => format!(
            "{key}: {to} does not answer SIP OPTIONS over {over} within {} s; is this its SIP address, and can it reach {} (sip.local_ip)? A system that never answers OPTIONS is run with --unchecked",
            LIMIT.as_secs(),
            profile.sip.local_ip
        ),
        _ => format!(
            "{key}: what answers at {to} over {over} is no SIP; is this the system's SIP port?"
        ),
    })
}

/// An error of the machine without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

async fn ask(to: SocketAddr, profile: &Profile, transport: Transport) -> Heard {
    let from = profile.sip.local_ip;
    let name = match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let question = |own: SocketAddr| request(to, own, name, &profile.sip.domain).to_octets();
    let answer = match transport {
        Transport::Udp => ask_udp(from, to, question, LIMIT).await,
        Transport::Tcp => ask_tcp(Some(from), to, question, LIMIT).await,
    };
    match answer {
        Err(error) => Heard::Broken(error),
        Ok(None) => Heard::Silence,
        Ok(Some(octets)) if octets.starts_with(b"HTTP/") => Heard::Http,
        Ok(Some(octets)) => {
            let message = SipMessage::parse(&octets).ok();
            let status = message.and_then(|message| message.status());
            status.map_or(Heard::Other, Heard::Sip)
        }
    }
}

/// RFC 3261 section 11.1.
pub(super) fn request(
    to: SocketAddr,
    own: SocketAddr,
    transport: &str,
    domain: &str,
) -> SipMessage {
    let tag = fastrand::u64(..);
    let mut request = SipMessage::request("OPTIONS", &format!("sip:{to}"));
    request.push(
        "Via",
        format!("SIP/2.0/{transport} {own};branch=z9hG4bK{tag:016x};rport"),
    );
    request.push("Max-Forwards", "70");
    request.push("From", format!("<sip:doctor@{domain}>;tag={tag:x}"));
    request.push("To", format!("<sip:{to}>"));
    request.push("Call-ID", format!("{tag:x}@{}", own.ip()));
    request.push("CSeq", "1 OPTIONS");
    request.push("Contact", format!("<sip:doctor@{own}>"));
    request.push("Accept", "application/sdp");
    request.push("Content-Length", "0");
    request
}
