//! Whether a message is wanted, and which conversation gets it. More than 400 lines: one way for datagrams, one for each kind of stream.
use super::super::connection::Given;
use super::super::dissect::{Cut, Protocol, rtp_fact, sip_fact};
use super::super::{Direction, Fact, FrameInfo, Note, Observation};
use super::ends::{self, Ends};
use super::glimpse::{self, Glimpse};
use super::groups::{Groups, Kept};
use super::keys::{Keys, Kind, Plan, digest, key};
use super::recent::{Recent, Slot};
use super::streams::{Frame, Stream};
use super::{Conversation, Interest, Summary};
use crate::wire::sip::SipMessage;
use std::net::SocketAddr;

pub struct Desk<'i> {
    pub groups: Groups,
    pub prefixes: Plan,
    pub ends: Ends,
    pub interest: Interest<'i>,
    pub recent: Recent,
    pub summary: Summary,
}

/// What a message of a connection is kept as.
pub struct Placed {
    pub fact: Fact,
    frames: Vec<u32>,
    pub from: SocketAddr,
    pub to: SocketAddr,
    direction: Direction,
    interface: String,
}

impl Desk<'_> {
    /// Hands on what is over at that time; everything where the recording ends.
    pub fn close(&mut self, now: Option<u64>, until: u64, each: &mut dyn FnMut(Conversation)) {
        let summary = &mut self.summary;
        let mut counted = |conversation| {
            summary.conversations += 1;
            each(conversation);
        };
        self.groups.close((now, until), &mut counted, &self.ends);
    }

    /// True if the group is there or the request may be a stimulus.
    pub fn is_wanted(&self, found: Option<u32>, glimpse: Option<Glimpse<'_>>) -> bool {
        found.is_some() || glimpse.is_some_and(|glimpse| (self.interest)(&glimpse))
    }

    // ---- UDP ----

    pub fn datagram(&mut self, frame: Frame, payload: &[u8]) {
        if !glimpse::is_sip(payload) && !self.is_of_sip(&frame) {
            self.media(&frame, payload);
            return;
        }
        if self.ends.is_within(frame.from, frame.to) {
            self.summary.screened += 1;
            return;
        }
        if payload
            .iter()
            .all(|octet| matches!(octet, b'\r' | b'\n' | 0))
        {
            return;
        }
        let mut keys = Keys::new(&self.prefixes);
        glimpse::sip_keys(payload, &mut keys);
        let found = self.groups.find(&keys);
        let glimpse = glimpse::request_line(payload).map(|(method, target)| Glimpse {
            protocol: Protocol::Sip,
            method,
            target,
            octets: payload,
            from: frame.from,
            to: frame.to,
        });
        if !self.is_wanted(found, glimpse) {
            self.summary.screened += 1;
            if frame.own.is_none() {
                let ends = (frame.from, frame.to);
                self.recent
                    .push(frame.number, frame.at, ends, payload, &keys);
            }
            return;
        }
        drop(keys);
        self.sip_datagram(frame, payload);
    }

    /// Not by its octets, but by where it goes or comes from.
    fn is_of_sip(&self, frame: &Frame) -> bool {
        let own = frame.own.as_ref().map(|own| own.interface.as_str());
        let known = |(address, _): &(SocketAddr, String)| {
            ends::matches(*address, frame.from) || ends::matches(*address, frame.to)
        };
        match own {
            Some(interface) => Protocol::of_interface(interface) == Some(Protocol::Sip),
            None => self
                .ends
                .sip
                .iter()
                .any(|one| one.0.port() != 0 && known(one)),
        }
    }

    fn media(&mut self, frame: &Frame, payload: &[u8]) {
        if self.groups.is_empty() || payload.first().is_none_or(|first| first >> 6 != 2) {
            return;
        }
        let found = self
            .groups
            .at_address(frame.to)
            .or_else(|| self.groups.at_address(frame.from));
        let Some(id) = found else {
            return;
        };
        self.summary.kept += 1;
        let order = self.groups.order(frame.number);
        let told = frame.told("rtp", Direction::Unknown);
        let kept = Kept {
            observation: observed(&told, vec![frame.number], "udp", rtp_fact(payload)),
            frames: vec![told],
            octets: payload.len(),
        };
        self.groups.keep(id, order, kept, false);
    }

    fn sip_datagram(&mut self, frame: Frame, payload: &[u8]) {
        let fact = sip_fact(payload);
        let message = match &fact {
            Fact::Sip(message) => Some(message.as_ref()),
            _ => None,
        };
        let (interface, direction) = self.ends.sip(frame.from, frame.to, message);
        let (id, pulled) = self.sip_group(payload, message, direction, frame.at);
        let mut octets = payload.to_vec();
        octets.extend_from_slice(&super::keys::address_key(frame.from).to_le_bytes());
        octets.extend_from_slice(&super::keys::address_key(frame.to).to_le_bytes());
        let told = frame.told(&interface, direction);
        let mut observation = observed(&told, vec![frame.number], "udp", fact);
        observation.retransmission_of = self.groups.first_of(id, digest(0, &octets), frame.number);
        let kept = Kept {
            observation,
            frames: vec![told],
            octets: payload.len(),
        };
        let order = self.groups.order(frame.number);
        self.summary.kept += 1;
        self.groups.keep(id, order, kept, false);
        self.again(pulled);
    }

    /// Reads what had been passed over.
    fn again(&mut self, pulled: Vec<Slot>) {
        for slot in pulled {
            self.summary.screened -= 1;
            let frame = Frame {
                number: slot.number,
                at: slot.at,
                from: slot.from,
                to: slot.to,
                own: None,
            };
            self.sip_datagram(frame, &slot.octets);
        }
    }

    /// The conversation of a message that is kept; what was passed over shortly before and belongs to it too.
    fn sip_group(
        &mut self,
        octets: &[u8],
        message: Option<&SipMessage>,
        direction: Direction,
        at: u64,
    ) -> (u32, Vec<super::recent::Slot>) {
        let mut keys = Keys::with_names(&self.prefixes);
        match message {
            Some(message) => {
                let contact = message.header("Contact");
                glimpse::sip_deep_keys(octets, contact, &message.body, &mut keys);
            }
            None => glimpse::sip_keys(octets, &mut keys),
        }
        let (id, is_grown) = self.groups.join(&mut keys);
        let pulled = match is_grown {
            true => {
                let groups = &self.groups;
                self.recent.take(&keys, at, |key| groups.is_shared(key))
            }
            false => Vec::new(),
        };
        if let Some(message) = message {
            self.dialog(id, message);
            if let Some(sdp) = message.body_of("application/sdp") {
                let of_system = match direction {
                    Direction::FromSystem => Some(true),
                    Direction::ToSystem => Some(false),
                    Direction::Unknown => None,
                };
                let (addresses, paths) = ends::media_of(&sdp);
                let addresses = addresses.into_iter().map(super::keys::address_key);
                self.groups.claim(id, addresses.chain(paths), of_system);
            }
        }
        (id, pulled)
    }

    fn dialog(&mut self, id: u32, message: &SipMessage) {
        let Some((call, (_, method))) = message.call_id().zip(message.cseq()) else {
            return;
        };
        let call = key(Kind::CallId, call.trim().as_bytes());
        match (message.status(), method) {
            (Some(200..=299), "INVITE") => self.groups.dialog(id, call, true),
            (Some(_), "BYE") | (Some(408 | 481), _) => self.groups.dialog(id, call, false),
            _ => {}
        }
    }

    // ---- TCP ----

    /// What a connection gave because of frame `by`.
    pub fn given(&mut self, stream: &mut Stream, given: Given, by: u32) {
        let Given { from, to, cut } = given;
        let (fact, frames) = match cut {
            Cut::Fact { fact, frames } => (fact, frames),
            Cut::Missing(text) => {
                let frame = stream.frames.back().map_or(by, |frame| frame.number);
                let id = stream.key.and_then(|key| self.groups.at(key));
                self.groups.note(id, Note { frame, text });
                return;
            }
        };
        if matches!(fact, Fact::TcpClosed { .. }) {
            stream.is_closed = true;
        }
        let direction = self.ends.told_by(from, to, &fact);
        let placed = Placed {
            interface: interface_of(&fact).to_owned(),
            fact,
            frames,
            from,
            to,
            direction,
        };
        match &placed.fact {
            Fact::Sip(_) => self.sip_of_stream(stream, placed, by),
            Fact::Msrp(_) => self.msrp(stream, placed, by),
            Fact::Smpp(_) => self.smpp(stream, placed, by),
            Fact::Diameter(_) => self.diameter(stream, placed, by),
            Fact::Http(_) => self.http(stream, placed, by),
            Fact::TcpOpened | Fact::TcpClosed { .. } => self.event(stream, placed, by),
            Fact::Malformed { .. } | Fact::SipKeepAlive | Fact::Rtp(_) => {
                let id = stream.key.and_then(|key| self.groups.at(key));
                self.place(stream, id, placed, by, false);
            }
        }
    }

    pub(super) fn place(
        &mut self,
        stream: &Stream,
        id: Option<u32>,
        placed: Placed,
        by: u32,
        is_provisioning: bool,
    ) {
        let Some(id) = id else {
            self.summary.screened += 1;
            return;
        };
        let order = self.groups.order(by);
        if let Some(kept) = kept(stream, placed) {
            self.summary.kept += 1;
            self.groups.keep(id, order, kept, is_provisioning);
        }
    }

    fn sip_of_stream(&mut self, stream: &mut Stream, mut placed: Placed, by: u32) {
        let Fact::Sip(message) = &placed.fact else {
            return;
        };
        if self.ends.is_within(placed.from, placed.to) {
            self.summary.screened += 1;
            return;
        }
        let octets = message.to_octets();
        let mut keys = Keys::new(&self.prefixes);
        glimpse::sip_keys(&octets, &mut keys);
        let found = self.groups.find(&keys);
        let glimpse = glimpse::request_line(&octets).map(|(method, target)| Glimpse {
            protocol: Protocol::Sip,
            method,
            target,
            octets: &octets,
            from: placed.from,
            to: placed.to,
        });
        if !self.is_wanted(found, glimpse) {
            self.summary.screened += 1;
            return;
        }
        drop(keys);
        (placed.interface, placed.direction) = self.ends.sip(placed.from, placed.to, Some(message));
        let at = stream.last;
        let (id, pulled) = self.sip_group(&octets, Some(message), placed.direction, at);
        self.place(stream, Some(id), placed, by, false);
        self.again(pulled);
    }

    fn msrp(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
        let Fact::Msrp(message) = &placed.fact else {
            return;
        };
        let mut keys = Keys::new(&self.prefixes);
        for uri in message.to_path().into_iter().chain(message.from_path()) {
            glimpse::path_key(uri.as_bytes(), &mut keys);
        }
        let found = keys
            .iter()
            .find_map(|(key, _)| Some((self.groups.at(key)?, key)));
        let of_address = || {
            let near = [placed.to, placed.from].map(super::keys::address_key);
            near.into_iter()
                .find_map(|key| Some((self.groups.at(key)?, key)))
        };
        let (mut id, key) = found.or_else(of_address).unzip();
        if let Some(key) = key
            && message.method() == Some("SEND")
        {
            let mut keys = Keys::with_names(&self.prefixes);
            glimpse::writer_keys(message.body.as_deref().unwrap_or_default(), &mut keys);
            if keys.iter().next().is_some() {
                keys.push(Kind::Session, key);
                id = Some(self.groups.join(&mut keys).0);
            }
        }
        stream.key = key.or(stream.key);
        stream.media = key.or(stream.media);
        let stayed = match id {
            Some(_) => std::mem::take(&mut stream.waiting),
            None => Vec::new(),
        };
        for (order, observation, frames) in stayed {
            if let Some(id) = id {
                let kept = Kept {
                    observation,
                    frames,
                    octets: 0,
                };
                self.groups.keep(id, order, kept, false);
            }
        }
        self.place(stream, id, placed, by, false);
    }

    fn event(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
        let near = [placed.to, placed.from].map(super::keys::address_key);
        let is_opened = matches!(placed.fact, Fact::TcpOpened);
        let mut of_address = near
            .into_iter()
            .filter(|key| self.groups.at(*key).is_some());
        let key = stream
            .media
            .filter(|_| !is_opened)
            .or_else(|| of_address.next());
        match key.and_then(|key| self.groups.at(key)) {
            Some(id) => {
                (stream.key, stream.media) = (key, key);
                self.place(stream, Some(id), placed, by, false);
            }
            _ if is_opened => {
                let order = self.groups.order(by);
                if let Some(kept) = kept(stream, placed) {
                    stream.wait(order, kept.observation, kept.frames);
                }
            }
            _ => {}
        }
    }
}

fn interface_of(fact: &Fact) -> &'static str {
    match fact {
        Fact::Sip(_) | Fact::SipKeepAlive => "isc",
        Fact::Msrp(_) | Fact::TcpOpened | Fact::TcpClosed { .. } => "msrp",
        Fact::Smpp(_) => "smpp",
        Fact::Diameter(_) => "sgd",
        Fact::Http(_) => "ut",
        Fact::Rtp(_) => "rtp",
        Fact::Malformed { protocol, .. } => match *protocol {
            "MSRP" => "msrp",
            "SMPP" => "smpp",
            "Diameter" => "sgd",
            "HTTP" => "ut",
            _ => "isc",
        },
    }
}

fn observed(
    told: &FrameInfo,
    frames: Vec<u32>,
    transport: &'static str,
    fact: Fact,
) -> Observation {
    Observation {
        frames,
        at: told.at,
        interface: told.interface.clone(),
        from: told.from,
        to: told.to,
        direction: told.direction,
        transport,
        retransmission_of: None,
        comment: told.comment.clone(),
        fact,
    }
}

/// With the frames it came in; time, interface and comment are those of the last, as everywhere.
fn kept(stream: &Stream, placed: Placed) -> Option<Kept> {
    let Placed {
        fact,
        frames,
        from,
        to,
        direction,
        interface,
    } = placed;
    let of_frame = |number: &u32| {
        let frame = stream.frame(*number)?;
        let way = match (frame.from, frame.to) == (from, to) {
            true => direction,
            // Of a handshake.
            false => Direction::Unknown,
        };
        Some(frame.told(&interface, way))
    };
    let told: Vec<FrameInfo> = frames.iter().filter_map(of_frame).collect();
    let (first, last) = (told.first()?, told.last()?);
    // Of a handshake the first frame tells who dialled; of a message all frames have one direction.
    let direction = first.direction;
    let observation = Observation {
        from,
        to,
        direction,
        ..observed(last, frames, "tcp", fact)
    };
    let octets = told.len() * 1500;
    Some(Kept {
        observation,
        frames: told,
        octets,
    })
}
