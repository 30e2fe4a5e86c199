//! A refusal on the wire, in its three forms (3GPP TS 24.628): the response alone, with an announcement as early media before it, or an
//! answer by the application server itself, the announcement, and BYE.
//!
//! The announcement is silence: its description is there, its media are not. A 2xx is not sent again by itself: who repeats the INVITE
//! has not got it (RFC 6026 leaves the transaction in place), and the next hop is the same core network.
use super::{Refusal, Shape};
use crate::reference::proxy::{Decision, Proxy, Response, next_hop};
use crate::reference::user_agent::Body;
use crate::wire::sip::SipMessage;
use std::time::Duration;

/// Carries a refusal out. Requests that open no dialog have no announcement.
pub(super) fn carry_out(refusal: Refusal, request: &SipMessage, proxy: &Proxy) -> Decision {
    let shape = match request.method() {
        Some("INVITE") => refusal.shape,
        _ => Shape::Plain,
    };
    match shape {
        Shape::Plain => Decision::Respond(vec![last(&refusal, Duration::ZERO)]),
        Shape::EarlyAnnouncement => {
            mark!("CB-12");
            let mut early = with_media(Response::new(183, "Session Progress"), request, proxy);
            if refusal.early_media_header {
                early = early.with("P-Early-Media", "sendonly");
            }
            Decision::Respond(vec![early, last(&refusal, refusal.announcement)])
        }
        Shape::AnsweredAnnouncement => {
            mark!("CB-12");
            let tag = proxy.token();
            let mut answer = with_media(Response::new(200, "OK"), request, proxy);
            answer.to_tag = Some(tag.clone());
            end_later(refusal, bye(request, &tag), proxy.clone());
            Decision::Respond(vec![answer])
        }
    }
}

fn last(refusal: &Refusal, after: Duration) -> Response {
    let mut response = Response::new(refusal.code, refusal.reason);
    if let Some(reason) = &refusal.reason_header {
        response = response.with("Reason", reason);
    }
    response.after = after;
    response
}

/// With Contact and a description of media that only go to the caller.
fn with_media(response: Response, request: &SipMessage, proxy: &Proxy) -> Response {
    let local = proxy.address();
    let ip = local.ip();
    let kind = if ip.is_ipv6() { "IP6" } else { "IP4" };
    let mut description =
        format!("v=0\r\no=announcement 1 1 IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\n");
    let offer = request.body_of("application/sdp").unwrap_or_default();
    let offer = String::from_utf8_lossy(&offer).into_owned();
    for line in offer.lines().filter_map(|line| line.strip_prefix("m=")) {
        let words: Vec<&str> = line.split(' ').collect();
        let [media, _, protocol, formats @ ..] = words.as_slice() else {
            continue;
        };
        let port = if *media == "audio" { 9 } else { 0 };
        description.push_str(&format!(
            "m={media} {port} {protocol} {}\r\na=sendonly\r\n",
            formats.join(" ")
        ));
    }
    let mut response = response.with("Contact", format!("<sip:{local}>"));
    response.body = Some(Body {
        content_type: "application/sdp".into(),
        octets: description.into_bytes(),
    });
    response
}

/// The BYE of the answered announcement, from the called side of the dialog (RFC 3261 section 12.1.1).
fn bye(invite: &SipMessage, tag: &str) -> SipMessage {
    let target = invite.address("Contact").map(|contact| contact.uri);
    let target = target
        .map(|uri| uri.as_str().to_owned())
        .unwrap_or_default();
    let mut bye = SipMessage::request("BYE", &target);
    bye.push("Max-Forwards", "70");
    for route in invite.values("Record-Route") {
        bye.push("Route", route);
    }
    let to = invite.header("To").unwrap_or_default();
    bye.push("From", format!("{to};tag={tag}"));
    bye.push("To", invite.header("From").unwrap_or_default());
    bye.push("Call-ID", invite.call_id().unwrap_or_default());
    bye.push("CSeq", "1 BYE");
    bye
}

fn end_later(refusal: Refusal, mut bye: SipMessage, proxy: Proxy) {
    if let Some(reason) = &refusal.reason_header {
        bye.push("Reason", reason);
    }
    bye.push("Content-Length", "0");
    let Some(hop) = next_hop(&bye, |_| None) else {
        tracing::info!("no way to end an announcement");
        return;
    };
    let announcement = refusal.announcement;
    proxy.clone().spawn(async move {
        tokio::time::sleep(announcement).await;
        if let Err(error) = proxy.request(bye, hop).await {
            tracing::info!(%error, "the end of an announcement was not acknowledged");
        }
    });
}
