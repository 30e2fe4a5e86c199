//! How SIP leaves and enters a UE: the way to an address, Via, new client transactions, octets on sockets and connections.
use std::net::{IpAddr, SocketAddr};

use super::flows::Way;
use super::{MAX_USES, Ue, Use, compose};
use crate::peer::authentication::Met;
use crate::peer::transaction::{ClientId, Hop};
use crate::peer::{Channel, FlowId, Output, Time};
use crate::wire::sip::{Frame, SipMessage, SipUri};

impl Ue {
    pub(super) fn hop_to_system(&self) -> Hop {
        self.hop_at(self.config.system, None, None)
    }

    /// The way to a URI: its address, or the system where it is a name. Its transport parameter counts; without one we stay on
    /// the configured transport, because a peer set to TCP is there to test TCP.
    pub(super) fn hop_to(&self, uri: &str) -> Hop {
        let parsed = SipUri::parse(uri).ok();
        let transport = parsed.as_ref().and_then(|u| u.param("transport"));
        let scheme = parsed.as_ref().map(|u| u.scheme.as_str());
        let address = parsed.as_ref().and_then(|u| {
            let ip: IpAddr = u.host.trim_matches(['[', ']']).parse().ok()?;
            Some(SocketAddr::new(
                ip,
                u.port.unwrap_or(self.config.transport.port()),
            ))
        });
        self.hop_at(address.unwrap_or(self.config.system), scheme, transport)
    }

    fn hop_at(&self, address: SocketAddr, scheme: Option<&str>, transport: Option<&str>) -> Hop {
        let connects = self.config.transport.connects_to(scheme, transport);
        if connects {
            Hop::Connection(address)
        } else {
            Hop::Datagram(address)
        }
    }

    /// A Via of ours with a new branch.
    pub(super) fn via(&mut self, hop: Hop) -> String {
        let transport = self.config.transport.token_over(hop.reliable());
        let (sip, branch) = (self.config.sip, self.ids.branch());
        format!("SIP/2.0/{transport} {sip};branch={branch};rport")
    }

    /// Sends a new request; gives it back as it was before any damage.
    pub(super) fn send_request(
        &mut self,
        now: Time,
        mut request: SipMessage,
        hop: Hop,
        used: Use,
    ) -> (ClientId, SipMessage) {
        self.attach(&mut request);
        self.launch(now, request, hop, used, Met::default())
    }

    /// The same with a request that is complete, having met these challenges.
    pub(super) fn launch(
        &mut self,
        now: Time,
        mut request: SipMessage,
        hop: Hop,
        used: Use,
        met: Met,
    ) -> (ClientId, SipMessage) {
        let via = self.via(hop);
        request.push_front("Via", via);
        if request.header("Content-Length").is_none() {
            request.push("Content-Length", "0");
        }
        let sent = request.clone();
        if let Some(malformation) = self.config.behaviour.malformed {
            compose::damage(&mut request, malformation);
        }
        let copies = match &used {
            Use::Invite(id) => self
                .calls
                .get(id)
                .and_then(|call| call.invitation.as_ref())
                .map_or(0, |invitation| invitation.duplicates),
            _ => self.config.behaviour.duplicate_requests,
        };
        let method = request.method().unwrap_or_default().to_owned();
        let octets = request.to_octets();
        let client = self.transactions.request(now, request, hop);
        if self.uses.len() >= MAX_USES {
            self.uses.pop_first();
        }
        self.uses.insert(client.clone(), (method, used));
        if let Some(attachment) = &mut self.attachment {
            attachment.sent(client.clone(), &sent, hop, met);
        }
        for _ in 0..copies {
            self.pump(now);
            self.emit(hop, octets.clone());
        }
        (client, sent)
    }

    pub(super) fn emit(&mut self, hop: Hop, octets: Vec<u8>) {
        let remote = match hop {
            Hop::Datagram(to) => {
                self.outputs.push_back(Output::Datagram { to, octets });
                return;
            }
            Hop::Flow(flow, _) if self.sip_flows.is_open(flow) => {
                self.outputs.push_back(Output::Octets { flow, octets });
                return;
            }
            Hop::Flow(_, remote) | Hop::Connection(remote) => remote,
        };
        match self.sip_flows.way_to(remote, &octets) {
            Way::Send(flow) => self.outputs.push_back(Output::Octets { flow, octets }),
            Way::Kept => {}
            Way::Dial => {
                let flow = self.new_flow();
                self.sip_flows.dial(flow, remote, octets);
                self.outputs.push_back(Output::Connect {
                    flow,
                    channel: Channel::Sip,
                    to: remote,
                });
            }
        }
    }

    pub(super) fn sip_octets(&mut self, now: Time, flow: FlowId, octets: &[u8]) {
        let Some((remote, frames)) = self.sip_flows.octets(flow, octets) else {
            return;
        };
        for frame in frames {
            match frame {
                Ok(Frame::Message(octets)) => {
                    self.sip_message(now, &octets, Hop::Flow(flow, remote));
                }
                Ok(Frame::Ping) => self.outputs.push_back(Output::Octets {
                    flow,
                    octets: b"\r\n".to_vec(),
                }),
                Ok(Frame::Pong) => {}
                Err(error) => {
                    self.problem(format!("a SIP connection cannot be framed: {error}"));
                    self.outputs.push_back(Output::Close { flow, abort: true });
                    self.sip_flows.closed(flow);
                }
            }
        }
    }
}
