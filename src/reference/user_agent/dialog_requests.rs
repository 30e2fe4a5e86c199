//! Requests we send in a dialog (RFC 3261 section 12.2.1): their header fields, route set and next hop.
use super::agent::RequestError;
use super::client::Waiter;
use super::dialogs::DialogState;
use super::message::{complete, socket_address, uri_transport};
use super::request::{Body, HeaderList};
use super::state::{Effect, State};
use super::transport::RequestRoute;
use crate::wire::sip::{NameAddr, SipMessage};
use std::sync::Arc;
use tokio::time::Instant;

impl State {
    /// A request in a dialog (RFC 3261 section 12.2.1.1); BYE removes the dialog.
    pub(super) fn send_in_dialog(
        &mut self,
        id: u64,
        method: &str,
        headers: &HeaderList,
        body: Option<&Body>,
        waiter: Waiter,
        now: Instant,
    ) -> Result<(), RequestError> {
        let product = self.config.product.clone();
        let dialog = self.dialogs.get_mut(&id).ok_or(RequestError::NoDialog)?;
        dialog.local_cseq += 1;
        let cseq = dialog.local_cseq;
        let mut request = dialog.request(method, cseq);
        let route = dialog.next_hop();
        if matches!(method, "INVITE" | "UPDATE")
            && !headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case("Contact"))
        {
            request.push("Contact", &dialog.contact);
        }
        complete(&mut request, headers, body, product.as_deref());
        if method == "BYE" {
            self.leave_dialog(id, now);
        }
        self.start_client(request, route, waiter, now);
        Ok(())
    }

    /// The dialog is over for us, but a BYE of the peer that crosses ours is still answered 200.
    fn leave_dialog(&mut self, id: u64, now: Instant) {
        while let Some((until, _)) = self.left_until.front()
            && *until <= now
        {
            if let Some((_, key)) = self.left_until.pop_front() {
                self.left.remove(&key);
            }
        }
        if let Some(dialog) = self.remove_dialog(id) {
            let until = now + self.config.timers.transaction_timeout();
            self.left.insert(dialog.key.clone());
            self.left_until.push_back((until, dialog.key));
        }
    }

    /// A BYE that does not end the dialog here (a deliberate fault needs to send another).
    pub(super) fn send_bye_and_stay(
        &mut self,
        id: u64,
        waiter: Waiter,
        now: Instant,
    ) -> Result<(), RequestError> {
        let product = self.config.product.clone();
        let dialog = self.dialogs.get_mut(&id).ok_or(RequestError::NoDialog)?;
        dialog.local_cseq += 1;
        let mut request = dialog.request("BYE", dialog.local_cseq);
        let route = dialog.next_hop();
        complete(&mut request, &HeaderList::new(), None, product.as_deref());
        self.start_client(request, route, waiter, now);
        Ok(())
    }

    /// Ends a dialog nobody waits for any more.
    pub(super) fn end_with_bye(&mut self, id: u64, now: Instant) {
        let none = HeaderList::new();
        if let Err(error) = self.send_in_dialog(id, "BYE", &none, None, Waiter::Nobody, now) {
            tracing::trace!(%error, "dialog was over already");
        }
    }

    /// The ACK to a 2xx of our own re-INVITE.
    pub(super) fn ack_in_dialog(&mut self, id: u64, cseq: u32) -> Option<Arc<[u8]>> {
        let dialog = self.dialogs.get(&id)?;
        let mut ack = dialog.request("ACK", cseq);
        let route = dialog.next_hop();
        let branch = format!("z9hG4bK{}", self.tokens.short());
        ack.push_front("Via", self.own_via(route.transport, &branch));
        ack.push("Content-Length", "0");
        let octets: Arc<[u8]> = ack.to_octets().into();
        self.effects
            .push(Effect::Request(route, Arc::clone(&octets)));
        Some(octets)
    }
}

impl DialogState {
    fn request(&self, method: &str, cseq: u32) -> SipMessage {
        // A first route without `lr` is a strict router: it is the Request-URI and the target goes last (RFC 3261 section 12.2.1.1).
        let strict = self.routes.first().and_then(|route| {
            let address = NameAddr::parse(route).ok()?;
            (!address.uri.has_param("lr")).then(|| address.uri.as_str().to_string())
        });
        let target = strict.as_deref().unwrap_or(&self.remote_target);
        let mut request = SipMessage::request(method, target);
        let skip = usize::from(strict.is_some());
        for route in self.routes.iter().skip(skip) {
            request.push("Route", route);
        }
        if strict.is_some() {
            request.push("Route", format!("<{}>", self.remote_target));
        }
        request.push("Max-Forwards", "70");
        request.push("From", &self.local);
        request.push("To", &self.remote);
        request.push("Call-ID", &self.key.0);
        request.push("CSeq", format!("{cseq} {method}"));
        request
    }

    /// The first route or the remote target; names that are no addresses lead back to where the INVITE came from.
    fn next_hop(&self) -> RequestRoute {
        let first = self
            .routes
            .first()
            .and_then(|route| NameAddr::parse(route).ok())
            .map(|address| address.uri.as_str().to_string());
        let uri = first.as_deref().unwrap_or(&self.remote_target);
        // Without a transport parameter the transport of the INVITE is used: a peer that speaks TCP to us may have no UDP socket.
        let transport = uri_transport(uri).unwrap_or(self.origin.transport);
        let target = socket_address(uri).unwrap_or(self.origin.source);
        let flow = self
            .origin
            .transport
            .is_reliable()
            .then_some(self.origin.source);
        RequestRoute {
            transport,
            target,
            flow,
        }
    }
}
