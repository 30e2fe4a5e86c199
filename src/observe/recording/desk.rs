//! Whether a message is wanted, and which conversation gets it.
use super::super::connection::Given;
use super::super::dissect::{Cut, Protocol, rtp_fact, sip_fact};
use super::super::{Direction, Fact, FrameInfo, Note, Observation};
use super::ends::{self, Ends};
use super::glimpse::{self, Glimpse};
use super::groups::{Groups, Kept};
use super::keys::{Identity, Keys, Kind, digest, key};
use super::recent::Recent;
use super::streams::{Frame, Stream};
use super::{Conversation, Interest, Summary};
use crate::wire::diameter::{self, decode_tbcd, name};
use crate::wire::sip::SipMessage;
use crate::wire::sms::tpdu;
use std::net::SocketAddr;

pub struct Desk<'i> {
    pub groups: Groups,
    pub prefixes: Vec<Vec<u8>>,
    pub ends: Ends,
    pub interest: Interest<'i>,
    pub recent: Recent,
    pub summary: Summary,
}

/// What a message of a connection is kept as.
struct Placed {
    fact: Fact,
    frames: Vec<u32>,
    from: SocketAddr,
    to: SocketAddr,
    direction: Direction,
    interface: String,
}

impl Desk<'_> {
    pub fn close(&mut self, now: Option<u64>, each: &mut dyn FnMut(Conversation)) {
        let summary = &mut self.summary;
        let mut counted = |conversation| {
            summary.conversations += 1;
            each(conversation);
        };
        self.groups.close(now, &mut counted, &self.ends);
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

    fn place(
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
        let (id, key) = found.or_else(of_address).unzip();
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

    fn smpp(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
        let Fact::Smpp(pdu) = &placed.fact else {
            return;
        };
        if pdu.command.is_response() {
            let key = stream.answered(placed.to, pdu.sequence);
            let id = key.and_then(|key| self.groups.at(key));
            self.place(stream, id, placed, by, false);
            return;
        }
        let (octets, number) = (pdu.to_octets(), pdu.sequence);
        let asked = Asked {
            protocol: Protocol::Smpp,
            octets: &octets,
            number,
            fill: &|keys| glimpse::smpp_keys(&octets, keys),
        };
        let id = self.request(stream, &asked, (placed.from, placed.to));
        self.place(stream, id, placed, by, false);
    }

    fn diameter(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
        let Fact::Diameter(message) = &placed.fact else {
            return;
        };
        let (octets, number) = (message.to_octets(), message.hop_by_hop);
        let named = identities_of(message);
        let fill = |keys: &mut Keys<'_>| {
            for identity in &named {
                keys.user(Some(*identity));
            }
            if let Some(id) = message.text(name::SESSION_ID) {
                keys.push(Kind::Session, ends::session_key(id));
            }
        };
        if message.is_request() {
            let asked = Asked {
                protocol: Protocol::Diameter,
                octets: &octets,
                number,
                fill: &fill,
            };
            let id = self.request(stream, &asked, (placed.from, placed.to));
            self.place(stream, id, placed, by, false);
            return;
        }
        let key = stream.answered(placed.to, number);
        let Some((_, key)) = key.and_then(|key| Some((self.groups.at(key)?, key))) else {
            self.summary.screened += 1;
            return;
        };
        // An answer may name the user another way, by which later requests know him.
        let mut keys = Keys::with_names(&self.prefixes);
        keys.push(Kind::Session, key);
        fill(&mut keys);
        let (id, _) = self.groups.join(&mut keys);
        self.place(stream, Some(id), placed, by, false);
    }

    fn http(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
        let Fact::Http(message) = &placed.fact else {
            return;
        };
        let (Some(method), Some(target)) = (message.method(), message.target()) else {
            let asked = stream.answered_in_order(placed.to);
            let found = asked
                .and_then(|(key, is_provisioning)| Some((self.groups.at(key)?, is_provisioning)));
            let (id, is_provisioning) = found.unzip();
            self.place(stream, id, placed, by, is_provisioning.unwrap_or(false));
            return;
        };
        let is_provisioning = self.ends.is_provisioning(placed.from, placed.to);
        let mut keys = Keys::with_names(&self.prefixes);
        glimpse::http_keys(target, &message.headers, &mut keys);
        let glimpse = Glimpse {
            protocol: Protocol::Http,
            method: method.as_bytes(),
            target: target.as_bytes(),
            octets: &message.body,
            from: placed.from,
            to: placed.to,
        };
        let names_somebody = keys.iter().next().is_some();
        if !names_somebody || !self.is_wanted(self.groups.find(&keys), Some(glimpse)) {
            stream.ask_in_order(placed.from, None, is_provisioning);
            self.summary.screened += 1;
            return;
        }
        let (id, _) = self.groups.join(&mut keys);
        let key = self.own_key(&keys, id);
        stream.ask_in_order(placed.from, key, is_provisioning);
        self.place(stream, Some(id), placed, by, is_provisioning);
    }

    /// A request on a connection that many share, whose answer tells only its number.
    fn request(
        &mut self,
        stream: &mut Stream,
        asked: &Asked<'_>,
        (from, to): (SocketAddr, SocketAddr),
    ) -> Option<u32> {
        let mut keys = Keys::new(&self.prefixes);
        (asked.fill)(&mut keys);
        let glimpse = Glimpse {
            protocol: asked.protocol,
            method: b"",
            target: b"",
            octets: asked.octets,
            from,
            to,
        };
        let names_somebody = keys.iter().next().is_some();
        if !names_somebody || !self.is_wanted(self.groups.find(&keys), Some(glimpse)) {
            stream.ask(from, asked.number, None);
            return None;
        }
        let mut keys = Keys::with_names(&self.prefixes);
        (asked.fill)(&mut keys);
        let (id, _) = self.groups.join(&mut keys);
        let key = self.own_key(&keys, id);
        stream.key = key;
        stream.ask(from, asked.number, key);
        Some(id)
    }

    /// A key by which the group is found again, whatever it grows to.
    fn own_key(&self, keys: &Keys<'_>, id: u32) -> Option<u64> {
        keys.iter()
            .map(|(key, _)| key)
            .find(|key| self.groups.at(*key) == Some(id))
    }
}

/// A request as its protocol tells it.
struct Asked<'a> {
    protocol: Protocol,
    octets: &'a [u8],
    number: u32,
    fill: &'a dyn Fn(&mut Keys<'_>),
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

/// Users that a Diameter message names: subscriber, IMSI, and the address inside the short message.
fn identities_of(message: &diameter::Message) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut digits = |text: Option<String>| {
        found.extend(text.and_then(|text| Identity::of_digits(text.as_bytes())))
    };
    digits(message.text(name::USER_NAME).map(str::to_owned));
    digits(message.digits(name::MSISDN));
    if let Some(user) = message.user_identifier() {
        digits(user.user_name);
        digits(user.msisdn);
    }
    let of_sh = message
        .find(name::USER_IDENTITY)
        .and_then(|avp| avp.members().ok());
    for avp in of_sh.iter().flatten() {
        if avp.is(name::MSISDN) {
            digits(decode_tbcd(&avp.data).ok());
        }
    }
    let way = match message.command {
        diameter::Command::MO_FORWARD => tpdu::Direction::ToCentre,
        _ => tpdu::Direction::ToStation,
    };
    let decoded = message
        .tpdu()
        .and_then(|octets| tpdu::Tpdu::decode(octets, way, tpdu::Inside::Data).ok());
    digits(match decoded.map(|decoded| decoded.tpdu) {
        Some(tpdu::Tpdu::Submit(submit)) => submit.destination.text(),
        Some(tpdu::Tpdu::Command(command)) => command.destination.text(),
        Some(tpdu::Tpdu::Deliver(deliver)) => deliver.originator.text(),
        Some(tpdu::Tpdu::StatusReport(report)) => report.recipient.text(),
        _ => None,
    });
    for uri in [name::ORIGINATING_SIP_URI, name::DESTINATION_SIP_URI] {
        found.extend(
            message
                .text(uri)
                .and_then(|uri| Identity::of_uri(uri.as_bytes())),
        );
    }
    found
}
