//! Requests on connections that many users share: their answers tell only which request they are for.
use super::super::Fact;
use super::super::dissect::Protocol;
use super::desk::{Desk, Placed};
use super::ends;
use super::glimpse::{self, Glimpse};
use super::keys::{Identity, Keys, Kind};
use super::streams::Stream;
use crate::wire::diameter::{self, decode_tbcd, name};
use crate::wire::sms::tpdu;
use std::net::SocketAddr;

/// A request as its protocol tells it.
struct Asked<'a> {
    protocol: Protocol,
    octets: &'a [u8],
    number: u32,
    fill: &'a dyn Fn(&mut Keys<'_>),
}

impl Desk<'_> {
    pub(super) fn smpp(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
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

    pub(super) fn diameter(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
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

    pub(super) fn http(&mut self, stream: &mut Stream, placed: Placed, by: u32) {
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
