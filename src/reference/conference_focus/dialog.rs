//! Dialogs of a focus (RFC 3261 section 12), made by INVITE, SUBSCRIBE or REFER and shared by all that use one.
use super::super::user_agent::Transport;
use crate::wire::sip::{NameAddr, SipMessage, SipUri};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

/// Call-ID, local tag, remote tag.
pub(super) type Key = (String, String, String);
/// A dialog in the hands of its usages.
pub(super) type Shared = Arc<Mutex<Dialog>>;

#[derive(Debug)]
pub(super) struct Dialog {
    pub(super) key: Key,
    /// From of our requests, and To.
    local: String,
    remote: String,
    /// URI of the peer's Contact.
    pub(super) target: String,
    routes: Vec<String>,
    local_cseq: u32,
    remote_cseq: u32,
    /// Where the peer's request came from, or ours went to.
    source: SocketAddr,
    transport: Transport,
}

impl Dialog {
    /// The dialog our response with this tag makes.
    pub(super) fn of_server(
        request: &SipMessage,
        to_tag: &str,
        source: SocketAddr,
        transport: Transport,
    ) -> Self {
        let to = request.header("To").unwrap_or_default();
        Self {
            key: (
                request.call_id().unwrap_or_default().to_owned(),
                to_tag.to_owned(),
                request.from_tag().unwrap_or_default(),
            ),
            local: format!("{to};tag={to_tag}"),
            remote: request.header("From").unwrap_or_default().to_owned(),
            target: contact_uri(request).unwrap_or_default(),
            routes: owned(request.values("Record-Route")),
            local_cseq: 0,
            remote_cseq: request.cseq().map_or(0, |(number, _)| number),
            source,
            transport,
        }
    }

    /// The dialog a 2xx to our INVITE makes.
    pub(super) fn of_client(
        request: &SipMessage,
        response: &SipMessage,
        sent_to: SocketAddr,
        transport: Transport,
    ) -> Self {
        let mut routes = owned(response.values("Record-Route"));
        routes.reverse();
        Self {
            key: (
                request.call_id().unwrap_or_default().to_owned(),
                request.from_tag().unwrap_or_default(),
                response.to_tag().unwrap_or_default(),
            ),
            local: request.header("From").unwrap_or_default().to_owned(),
            remote: response.header("To").unwrap_or_default().to_owned(),
            target: contact_uri(response).unwrap_or_default(),
            routes,
            local_cseq: request.cseq().map_or(0, |(number, _)| number),
            remote_cseq: 0,
            source: sent_to,
            transport,
        }
    }

    /// Whether a request of the peer is in order; its Contact becomes the target where the method refreshes it.
    pub(super) fn take(&mut self, request: &SipMessage) -> bool {
        let number = request.cseq().map_or(0, |(number, _)| number);
        if number < self.remote_cseq {
            return false;
        }
        self.remote_cseq = number;
        let refreshes = matches!(request.method(), Some("INVITE" | "UPDATE" | "SUBSCRIBE"));
        if refreshes && let Some(target) = contact_uri(request) {
            self.target = target;
        }
        true
    }

    /// Our next request; the ACK has the number of the INVITE before it.
    pub(super) fn request(&mut self, method: &str) -> SipMessage {
        if method != "ACK" {
            self.local_cseq += 1;
        }
        let mut request = SipMessage::request(method, &self.target);
        for route in &self.routes {
            request.push("Route", route);
        }
        request.push("Max-Forwards", "70");
        request.push("From", &self.local);
        request.push("To", &self.remote);
        request.push("Call-ID", &self.key.0);
        request.push("CSeq", format!("{} {method}", self.local_cseq));
        request
    }

    /// The first route or the target; a name that is no address leads to the outbound proxy, or back to where the peer's request came
    /// from.
    pub(super) fn next_hop(&self, outbound: Option<SocketAddr>) -> (SocketAddr, Transport) {
        let first = self
            .routes
            .first()
            .and_then(|route| NameAddr::parse(route).ok())
            .map(|address| address.uri);
        let uri = first.or_else(|| SipUri::parse(&self.target).ok());
        let transport = uri
            .as_ref()
            .and_then(transport_of)
            .unwrap_or(self.transport);
        let target = uri.as_ref().and_then(address_of).or(outbound);
        (target.unwrap_or(self.source), transport)
    }
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

/// The URI of the first Contact, as written.
pub(super) fn contact_uri(message: &SipMessage) -> Option<String> {
    let values = message.values("Contact");
    let address = NameAddr::parse(values.first()?).ok()?;
    Some(address.uri.as_str().to_owned())
}

/// The address a URI names by number.
pub(super) fn address_of(uri: &SipUri) -> Option<SocketAddr> {
    let ip: IpAddr = uri.host.parse().ok()?;
    Some(SocketAddr::new(ip, uri.port.unwrap_or(5060)))
}

fn transport_of(uri: &SipUri) -> Option<Transport> {
    Transport::of_uri(uri)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn invite() -> SipMessage {
        let mut invite = SipMessage::request("INVITE", "sip:room-1@cmmc.home1.example");
        invite.push("From", "<sip:alice@home1.example>;tag=a");
        invite.push("To", "<sip:room-1@cmmc.home1.example>");
        invite.push("Call-ID", "c");
        invite.push("CSeq", "7 INVITE");
        invite.push("Contact", "<sip:alice@127.0.0.1:4000>");
        invite.push(
            "Record-Route",
            "<sip:127.0.0.1:5000;lr>, <sip:127.0.0.1:5001;lr>",
        );
        invite
    }

    #[test]
    fn follows_the_recorded_route_from_either_end() {
        let source = "127.0.0.1:9".parse().unwrap();
        let mut dialog = Dialog::of_server(&invite(), "b", source, Transport::Udp);
        let bye = dialog.request("BYE");
        assert_eq!(bye.uri(), Some("sip:alice@127.0.0.1:4000"));
        assert_eq!(
            bye.header("From"),
            Some("<sip:room-1@cmmc.home1.example>;tag=b")
        );
        assert_eq!(dialog.next_hop(None).0.port(), 5000);
        let mut answer = SipMessage::response(200, "OK");
        answer.push("To", "<sip:room-1@cmmc.home1.example>;tag=b");
        answer.push("Contact", "<sip:room-1@cmmc.home1.example>;isfocus");
        answer.push("Record-Route", "<sip:127.0.0.1:5000;lr>");
        answer.push("Record-Route", "<sip:127.0.0.1:5001;lr>");
        let mut client = Dialog::of_client(&invite(), &answer, source, Transport::Udp);
        assert_eq!(client.next_hop(None).0.port(), 5001);
        assert_eq!(client.request("ACK").header("CSeq"), Some("7 ACK"));
        assert_eq!(client.request("BYE").header("CSeq"), Some("8 BYE"));
    }

    #[test]
    fn takes_no_request_with_an_older_number() {
        let source = "127.0.0.1:9".parse().unwrap();
        let mut dialog = Dialog::of_server(&invite(), "b", source, Transport::Udp);
        let mut update = SipMessage::request("UPDATE", "sip:x");
        update.push("CSeq", "8 UPDATE");
        update.push("Contact", "<sip:alice@192.0.2.1>");
        assert!(dialog.take(&update));
        assert_eq!(dialog.target, "sip:alice@192.0.2.1");
        update.set("CSeq", "6 UPDATE");
        assert!(!dialog.take(&update));
    }
}
