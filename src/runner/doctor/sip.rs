//! SIP OPTIONS to an address of the profile: any response at all shows that SIP is spoken there.
use super::{LIMIT, tls};
use crate::capture::{SipTls, ask_tcp, ask_tls, ask_udp};
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
    /// Plain SIP was answered with a record of TLS.
    Tls,
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
    (transport, sip_tls): (Transport, Option<&SipTls>),
) -> Result<String, String> {
    let to: SocketAddr = address
        .parse()
        .map_err(|_| format!("{key}: `{address}` is no IP address and port"))?;
    let began = Instant::now();
    let heard = ask(to, profile, transport, sip_tls).await;
    let over = transport.parameter();
    if let Heard::Sip(status) = heard {
        let took = began.elapsed().as_millis();
        return Ok(format!(
            "{to} answers OPTIONS over {over} with {status} after {took} ms"
        ));
    }
    if let Heard::Broken(error) = &heard
        && let Some(doubt) = tls::doubt(error, to, profile)
    {
        return Err(doubt);
    }
    // The port of something else tells more than that SIP is not there.
    let others: &[Transport] = match transport {
        Transport::Udp => &[Transport::Tcp],
        Transport::Tcp => &[Transport::Udp],
        Transport::Tls => &[Transport::Tcp, Transport::Udp],
    };
    let (mut http, mut inside_tls) = (matches!(heard, Heard::Http), matches!(heard, Heard::Tls));
    for other in others {
        let right = other.parameter();
        match ask(to, profile, *other, None).await {
            Heard::Sip(_) if !inside_tls => {
                return Err(format!(
                    "sip.transport: the system takes SIP over {right} and not over {over}; write transport: {right}"
                ));
            }
            Heard::Http => http = true,
            Heard::Tls => inside_tls = true,
            _ => {}
        }
    }
    if inside_tls && transport != Transport::Tls {
        return Err(format!(
            "sip.transport: the system takes TLS and no plain SIP over {over}; write transport: tls, and the certificates into sip.tls"
        ));
    }
    if http {
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

async fn ask(
    to: SocketAddr,
    profile: &Profile,
    transport: Transport,
    sip_tls: Option<&SipTls>,
) -> Heard {
    let from = profile.sip.local_ip;
    let name = transport.token();
    let question = |own: SocketAddr| request(to, own, name, &profile.sip.domain).to_octets();
    let answer = match (transport, sip_tls) {
        (Transport::Udp, _) => ask_udp(from, to, question, LIMIT).await,
        (Transport::Tls, Some(tls)) => ask_tls(tls, from, to, question, LIMIT).await,
        (Transport::Tcp | Transport::Tls, _) => ask_tcp(Some(from), to, question, LIMIT).await,
    };
    match answer {
        Err(error) => Heard::Broken(error),
        Ok(None) => Heard::Silence,
        Ok(Some(octets)) if octets.starts_with(b"HTTP/") => Heard::Http,
        // An alert, version 3.
        Ok(Some(octets)) if octets.starts_with(&[21, 3]) => Heard::Tls,
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
