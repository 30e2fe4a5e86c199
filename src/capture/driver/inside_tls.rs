//! Connections of SIP inside TLS: the machine sees what TLS protects, the recording what was on the wire.
use super::Driver;
use crate::capture::Event;
use crate::capture::secured::Secured;
use crate::peer::{Channel, FlowId, Input, Machine};
use std::io;

impl<M: Machine + Send + 'static> Driver<M> {
    /// The connection stands; the machine is told when the handshake is over.
    pub(super) async fn begin_tls(&mut self, id: FlowId, dialled: bool) {
        let (Some(tls), Some(flow)) = (&self.sockets.tls, self.flows.get(&id)) else {
            return;
        };
        match Secured::new(tls, dialled, flow.remote.ip()) {
            Ok(mut secured) => {
                let hello = secured.outgoing();
                self.secured.insert(id, secured);
                self.write_raw(id, hello);
            }
            Err(error) => self.give_up(id, dialled, &error.to_string()).await,
        }
    }

    pub(super) async fn inside_tls(&mut self, id: FlowId, octets: Vec<u8>) {
        let (Some(secured), Some(flow)) = (self.secured.get_mut(&id), self.flows.get(&id)) else {
            return;
        };
        // Before it is recorded: what opens these octets has to stand before them in the capture.
        let received = secured.received(&octets);
        let known = secured.is_known();
        let (local, remote) = (flow.local, flow.remote);
        self.record(Channel::Sip, false, local, remote, Event::Data(octets));
        self.write_raw(id, received.answer);
        if received.ready {
            self.give(Input::Opened {
                flow: id,
                channel: Channel::Sip,
                local,
                remote,
            })
            .await;
        }
        if !received.plain.is_empty() {
            let octets = received.plain;
            self.give(Input::Octets { flow: id, octets }).await;
        }
        if let Some(error) = received.broken {
            self.give_up(id, known, &error).await;
        }
    }

    /// Nothing can be said inside this connection any more.
    async fn give_up(&mut self, id: FlowId, known: bool, error: &str) {
        self.secured.remove(&id);
        if let Some(flow) = self.flows.remove(&id) {
            let error = io::Error::other(format!("TLS: {error}"));
            tracing::warn!(remote = %flow.remote, %error, "connection given up");
            self.tap.unanswered(flow.remote, &error);
            self.finish(id, flow);
            if known {
                self.give(Input::Closed { flow: id }).await;
            }
        }
    }

    /// TLS ends before its connection does, so that nobody takes a cut for an end (RFC 8446 section 6.1).
    pub(super) fn say_goodbye(&mut self, id: FlowId) {
        if let Some(mut secured) = self.secured.remove(&id) {
            let octets = secured.goodbye();
            self.write_raw(id, octets);
        }
    }
}
