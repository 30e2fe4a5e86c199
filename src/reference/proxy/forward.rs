//! Request forwarding (RFC 3261 sections 16.4 and 16.6): whose Route value it is, where the next hop is, what is written into the copy.
use super::Forward;
use crate::reference::user_agent::Transport;
use crate::reference::user_agent::transport::RequestRoute;
use crate::reference::user_agent::via::Via;
use crate::wire::sip::{NameAddr, SipMessage, SipUri};
use std::net::SocketAddr;

/// Methods that make dialogs, and so record their route.
const DIALOG_METHODS: [&str; 3] = ["INVITE", "SUBSCRIBE", "REFER"];

/// An address and the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextHop {
    pub address: SocketAddr,
    pub transport: Transport,
    /// TCP: a connection of the same peer, should the address refuse connections.
    pub flow: Option<SocketAddr>,
}

impl NextHop {
    /// By UDP.
    pub fn udp(address: SocketAddr) -> Self {
        Self {
            address,
            transport: Transport::Udp,
            flow: None,
        }
    }

    /// The address of a URI whose host is an address, by the transport it asks for.
    pub fn of_uri(uri: &SipUri) -> Option<Self> {
        let host = uri.host.trim_start_matches('[').trim_end_matches(']');
        let address = SocketAddr::new(host.parse().ok()?, uri.port.unwrap_or(5060));
        Some(Self {
            transport: Transport::of_uri(uri).unwrap_or(Transport::Udp),
            ..Self::udp(address)
        })
    }
}

impl From<NextHop> for RequestRoute {
    fn from(hop: NextHop) -> Self {
        RequestRoute {
            transport: hop.transport,
            target: hop.address,
            flow: hop.flow,
        }
    }
}

/// Whether a Route value names the proxy at this address.
pub fn is_own(uri: &SipUri, local: SocketAddr) -> bool {
    NextHop::of_uri(uri).is_some_and(|hop| hop.address == local)
}

/// Where the topmost Route value leads, or else the Request-URI; `resolve` knows hosts that are no addresses.
pub fn next_hop(
    request: &SipMessage,
    resolve: impl Fn(&SipUri) -> Option<NextHop>,
) -> Option<NextHop> {
    let uri = match request.values("Route").first() {
        Some(route) => NameAddr::parse(route).ok()?.uri,
        None => SipUri::parse(request.uri()?).ok()?,
    };
    NextHop::of_uri(&uri).or_else(|| resolve(&uri))
}

/// Takes the topmost Route value away if it names the proxy at this address.
pub(super) fn take_own_route(request: &mut SipMessage, local: SocketAddr) -> Option<SipUri> {
    let routes: Vec<String> = request
        .values("Route")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let own = NameAddr::parse(routes.first()?).ok()?.uri;
    if !is_own(&own, local) {
        return None;
    }
    // A request of two users of ours has us twice in its route set, once for each: the way round through ourselves is left out.
    let again = |route: &String| {
        NameAddr::parse(route)
            .is_ok_and(|again| again.uri.user.is_none() && is_own(&again.uri, local))
    };
    let rest: Vec<String> = routes[1..]
        .iter()
        .skip_while(|r| again(r))
        .cloned()
        .collect();
    if rest.is_empty() {
        request.remove("Route");
    } else {
        request.set("Route", rest.join(", "));
    }
    Some(own)
}

/// What every forwarded copy carries: the Via above it completed, one hop less, and our Record-Route if asked for.
pub(super) fn prepare(forward: &mut Forward, source: SocketAddr, local: SocketAddr) {
    let request = &mut forward.request;
    stamp(request, source);
    let hops = request
        .header("Max-Forwards")
        .and_then(|value| value.trim().parse::<u32>().ok())
        .unwrap_or(71);
    request.set("Max-Forwards", hops.saturating_sub(1).to_string());
    let dialog = DIALOG_METHODS.contains(&request.method().unwrap_or_default());
    if forward.record_route && dialog {
        request.push_front("Record-Route", format!("<sip:{local};lr>"));
    }
    if !request.has_header("Content-Length") {
        request.push("Content-Length", request.body.len().to_string());
    }
}

/// Writes `received` and `rport` into the topmost Via (RFC 3261 section 18.2.1, RFC 3581).
fn stamp(request: &mut SipMessage, source: SocketAddr) {
    let vias: Vec<String> = request
        .values("Via")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let Some((first, rest)) = vias.split_first() else {
        return;
    };
    let stamped = Via::stamped(first, source);
    if stamped == *first {
        return;
    }
    request.remove("Via");
    for via in rest.iter().rev() {
        request.push_front("Via", via);
    }
    request.push_front("Via", stamped);
}

/// A response as it goes on: without the topmost Via, which was ours.
pub(super) fn response_upstream(response: &SipMessage) -> SipMessage {
    let vias: Vec<String> = response
        .values("Via")
        .into_iter()
        .skip(1)
        .map(str::to_owned)
        .collect();
    let mut upstream = response.clone();
    upstream.remove("Via");
    for via in vias.iter().rev() {
        upstream.push_front("Via", via);
    }
    if !upstream.has_header("Content-Length") {
        upstream.push("Content-Length", upstream.body.len().to_string());
    }
    upstream
}
