//! Where in a recording is what an MMTel UE would have been told to send.
//! More than 400 lines: every order, and everything it asks of its request.
use super::asked_of::{headers_differ, left_out, offer, parts_differ, private};
use super::{Located, Place, same};
use crate::observe::{Direction, Fact, Transaction, transactions};
use crate::peer::mmtel_ue::{
    AudioCall, Change, ChangeBy, MmtelBehaviour, MmtelCommand, PlainRequest, ReferOrder,
    SubscriptionOrder,
};
use crate::verdict::scene::{first, originator};
use crate::wire::sip::{BodyPart, SipMessage};

const ACCESS: &str = "P-Access-Network-Info";
const VISITED: &str = "P-Visited-Network-ID";

/// What a UE was told of itself before; it says so in requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stance {
    /// Values of P-Access-Network-Info; absent: whatever it has.
    pub access: Option<Vec<String>>,
    /// Network it visits; absent: it is at home.
    pub visited: Option<String>,
    pub behaviour: MmtelBehaviour,
}

impl Stance {
    /// Keeps what a command says of the UE itself.
    pub fn keep(&mut self, command: &MmtelCommand) {
        match command {
            MmtelCommand::Access(values) => self.access = Some(values.clone()),
            MmtelCommand::Visit(network) => self.visited.clone_from(network),
            MmtelCommand::Behave(behaviour) => self.behaviour = behaviour.clone(),
            MmtelCommand::Register { .. }
            | MmtelCommand::Call(_)
            | MmtelCommand::Cancel { .. }
            | MmtelCommand::Bye { .. }
            | MmtelCommand::Change(_)
            | MmtelCommand::Refer(_)
            | MmtelCommand::Subscribe(_)
            | MmtelCommand::Unsubscribe { .. }
            | MmtelCommand::Request(_)
            | MmtelCommand::EndAll
            | MmtelCommand::Raw { .. } => {}
        }
    }
}

/// How far a request is what is wanted.
enum Fit {
    Yes,
    /// It is about the same, but for this.
    But(String),
    No,
}

impl Fit {
    fn of(differences: impl IntoIterator<Item = Option<String>>) -> Self {
        match differences.into_iter().flatten().next() {
            None => Self::Yes,
            Some(difference) => Self::But(difference),
        }
    }
}

/// Looks for what a command would have put on the wire.
pub fn mmtel(command: &MmtelCommand, who: &str, stance: &Stance, place: &Place) -> Located {
    let ue = Ue { who, stance, place };
    match command {
        MmtelCommand::Register { expires } => {
            let wanted = match expires {
                0 => format!("a REGISTER of {who} that ends the registration"),
                _ => format!("a REGISTER of {who}"),
            };
            ue.find(wanted, None, |one| ue.registers(one, *expires))
        }
        MmtelCommand::Call(order) => ue.call(order),
        MmtelCommand::Cancel { call } | MmtelCommand::Bye { call } => ue.hang_up(call),
        MmtelCommand::Change(change) => ue.change(change),
        MmtelCommand::Refer(order) => ue.refer(order),
        MmtelCommand::Subscribe(order) => ue.subscribe(order),
        MmtelCommand::Unsubscribe { label } => {
            let wanted = format!("a SUBSCRIBE of {who} that ends a subscription");
            let call_id = ue.call_id(label);
            ue.find(wanted, None, |one| {
                let message = one.request.message;
                let within = one.method == "SUBSCRIBE" && message.call_id() == Some(&call_id);
                match within && message.header("Expires") == Some("0") {
                    true => Fit::Yes,
                    false => Fit::No,
                }
            })
        }
        MmtelCommand::Request(order) => ue.plain(order),
        MmtelCommand::Raw { octets } => ue.raw(octets),
        // What it says of itself is looked for in what it sends; ending everything is no stimulus.
        MmtelCommand::Access(_)
        | MmtelCommand::Visit(_)
        | MmtelCommand::Behave(_)
        | MmtelCommand::EndAll => Located::Nothing,
    }
}

/// One UE at one place of a recording.
struct Ue<'a> {
    who: &'a str,
    stance: &'a Stance,
    place: &'a Place<'a>,
}

impl Ue<'_> {
    fn number(&self) -> &str {
        self.place.cast.number(self.who)
    }

    /// The first request that fits; else what the nearest one lacks.
    fn find(
        &self,
        wanted: String,
        label: Option<&str>,
        fits: impl Fn(&Transaction) -> Fit,
    ) -> Located {
        let mut near = None;
        for one in &transactions(self.place.trace) {
            let is_new = first(one.request.frames()) > self.place.after;
            if !is_new || one.direction == Direction::FromSystem {
                continue;
            }
            match fits(one) {
                Fit::No => {}
                Fit::But(lacks) => near = near.or(Some((first(one.request.frames()), lacks))),
                Fit::Yes => {
                    let message = one.request.message;
                    return Located::Found {
                        frames: one.request.frames().to_vec(),
                        at: one.request.at(),
                        call_id: message.call_id().map(str::to_owned),
                        label: label.map(str::to_owned),
                    };
                }
            }
        }
        Located::absent(match near {
            Some((frame, lacks)) => format!("{wanted}; that of frame {frame} {lacks}"),
            None => wanted,
        })
    }

    /// A label of the scenario, or a Call-ID itself; the UE's own labels of calls that came in count from the beginning.
    fn call_id(&self, label: &str) -> String {
        let known = self
            .place
            .labels
            .get(&(self.who.to_owned(), label.to_owned()));
        known
            .cloned()
            .or_else(|| self.incoming(label))
            .unwrap_or_else(|| label.to_owned())
    }

    fn incoming(&self, label: &str) -> Option<String> {
        let count: usize = label.strip_prefix("incoming-")?.parse().ok()?;
        let all = transactions(self.place.trace);
        let mut calls = all.iter().filter(|one| self.is_called(one));
        let call = calls.nth(count.checked_sub(1)?)?;
        call.request.message.call_id().map(str::to_owned)
    }

    fn is_called(&self, one: &Transaction) -> bool {
        let message = one.request.message;
        one.method == "INVITE"
            && one.direction == Direction::FromSystem
            && message.to_tag().is_none()
            && message
                .uri()
                .is_some_and(|uri| same::target(self.number(), uri) || self.is_own(uri))
    }

    fn is_own(&self, uri: &str) -> bool {
        crate::wire::sip::number_of(uri).as_deref() == Some(self.number())
    }

    /// Sent by this user outside any dialog, for that target.
    fn asks(&self, one: &Transaction, method: &str, to_uri: &str) -> bool {
        let message = one.request.message;
        one.method == method
            && message.to_tag().is_none()
            && self.sends(message)
            && message.uri().is_some_and(|uri| same::target(to_uri, uri))
    }

    /// Whoever hides in From is still asserted; whoever is not asserted stands in From, or is known by his Contact.
    fn sends(&self, message: &SipMessage) -> bool {
        let by = originator(message).or_else(|| {
            let contact = message.address("Contact")?;
            crate::wire::sip::number_of(contact.uri.as_str())
        });
        by.as_deref() == Some(self.number())
    }

    fn registers(&self, one: &Transaction, expires: u32) -> Fit {
        let message = one.request.message;
        let own = message
            .address("To")
            .is_some_and(|to| self.is_own(to.uri.as_str()));
        if one.method != "REGISTER" || !own {
            return Fit::No;
        }
        let contact = message.address("Contact");
        let said = contact
            .as_ref()
            .and_then(|contact| contact.param("expires"));
        let ends = said.or_else(|| message.header("Expires")).map(str::trim) == Some("0");
        if ends != (expires == 0) {
            return Fit::No;
        }
        Fit::of([self.visits(message), self.access(message)])
    }

    fn visits(&self, message: &SipMessage) -> Option<String> {
        let named = message.header(VISITED).unwrap_or_default();
        let named = named.trim_matches('"');
        let wanted = self.stance.visited.as_deref();
        let held = match wanted {
            Some(network) => named.eq_ignore_ascii_case(network),
            None => named.is_empty() || self.is_home(message, named),
        };
        let wanted = wanted.unwrap_or("the home network");
        (!held).then(|| format!("names the visited network {named:?}, not {wanted}"))
    }

    /// The registrar's domain is in it, as in the names of networks of 3GPP TS 24.229 clause 7.2A.2.
    fn is_home(&self, message: &SipMessage, named: &str) -> bool {
        let domain = message.uri().unwrap_or_default();
        let domain = domain.split_once(':').map_or(domain, |(_, rest)| rest);
        let named = named.to_ascii_lowercase();
        named.contains(&domain.to_ascii_lowercase())
    }

    /// The same access technologies; cells are the terminal's own.
    fn access(&self, message: &SipMessage) -> Option<String> {
        let wanted = self.stance.access.as_ref()?;
        let kind = |value: &str| {
            let kind = value.split(';').next().unwrap_or_default();
            kind.trim().to_ascii_lowercase()
        };
        let mut wanted: Vec<String> = wanted.iter().map(|value| kind(value)).collect();
        let mut held: Vec<String> = message.values(ACCESS).into_iter().map(kind).collect();
        wanted.sort();
        held.sort();
        (wanted != held).then(|| {
            format!(
                "has {ACCESS} {:?}, not {:?}",
                held.join(", "),
                wanted.join(", ")
            )
        })
    }

    fn call(&self, order: &AudioCall) -> Located {
        let AudioCall {
            call,
            to_uri,
            privacy,
            direction,
            more_media,
            parts,
            without_offer,
            extra_headers,
            without,
        } = order;
        let wanted = format!("an INVITE of {} for {to_uri}", self.who);
        self.find(wanted, Some(call), |one| {
            let message = one.request.message;
            if !self.asks(one, "INVITE", to_uri) {
                return Fit::No;
            }
            let is_focus = message
                .header("Contact")
                .is_some_and(|contact| contact.contains("isfocus"));
            let asked = |(name, value): &(String, String)| {
                name.eq_ignore_ascii_case("Contact") && value.contains("isfocus")
            };
            let wanted = self.stance.behaviour.is_focus || extra_headers.iter().any(asked);
            let focus = (is_focus != wanted).then(|| {
                let is = if is_focus { "a" } else { "no" };
                format!("is of {is} focus")
            });
            Fit::of([
                private(message, privacy.as_deref(), without),
                offer(one, direction.name(), more_media, !without_offer),
                parts_differ(one, parts),
                headers_differ(message, extra_headers),
                left_out(message, without, extra_headers),
                focus,
                self.access(message),
            ])
        })
    }

    /// BYE, CANCEL, or a refusal, as the state of the call has it.
    fn hang_up(&self, call: &str) -> Located {
        let call_id = self.call_id(call);
        let wanted = format!("a BYE or CANCEL of {} in the dialog {call_id}", self.who);
        let ended = self.find(wanted, None, |one| {
            let within = one.request.message.call_id() == Some(&call_id);
            match within && matches!(one.method, "BYE" | "CANCEL") {
                true => Fit::Yes,
                false => Fit::No,
            }
        });
        let all = transactions(self.place.trace);
        let declined = all.iter().find_map(|one| {
            let own = one.request.message.call_id() == Some(&call_id) && self.is_called(one);
            let refusal = one
                .final_response()
                .filter(|answer| own && answer.status() >= 300)?;
            (first(refusal.frames()) > self.place.after).then_some(refusal)
        });
        match (ended, declined) {
            (Located::Absent { .. }, Some(refusal)) => Located::Found {
                frames: refusal.frames().to_vec(),
                at: refusal.at(),
                call_id: Some(call_id),
                label: None,
            },
            (ended, _) => ended,
        }
    }

    fn change(&self, change: &Change) -> Located {
        let Change {
            call,
            direction,
            by,
            parts,
            extra_headers,
        } = change;
        let call_id = self.call_id(call);
        let method = match by {
            ChangeBy::ReInvite => "INVITE",
            ChangeBy::Update => "UPDATE",
        };
        let wanted = format!("a {method} of {} within the dialog {call_id}", self.who);
        self.find(wanted, None, |one| {
            let message = one.request.message;
            let within = message.call_id() == Some(&call_id) && message.to_tag().is_some();
            if one.method != method || !within {
                return Fit::No;
            }
            Fit::of([
                offer(one, direction.name(), "", true),
                parts_differ(one, parts),
                headers_differ(message, extra_headers),
                self.access(message),
            ])
        })
    }

    fn refer(&self, order: &ReferOrder) -> Located {
        let ReferOrder {
            label,
            to_uri,
            within,
            refer_to,
            extra_headers,
            body,
            without,
        } = order;
        let call_id = within.as_deref().map(|label| self.call_id(label));
        let wanted = format!("a REFER of {} to {}", self.who, refer_to.join(", "));
        self.find(wanted, Some(label), |one| {
            let message = one.request.message;
            let place = match &call_id {
                Some(call_id) => {
                    one.method == "REFER"
                        && message.to_tag().is_some()
                        && message.call_id() == Some(call_id)
                }
                None => self.asks(one, "REFER", to_uri),
            };
            if !place {
                return Fit::No;
            }
            let held: Vec<&str> = message.headers_named("Refer-To").collect();
            let same = held.len() == refer_to.len()
                && refer_to
                    .iter()
                    .zip(&held)
                    .all(|(wanted, held)| same::reference(wanted, held));
            let refers = (!same).then(|| format!("has Refer-To {:?}", held.join(", ")));
            let listed = body
                .as_ref()
                .map(|(content_type, disposition, octets)| BodyPart {
                    headers: vec![
                        ("Content-Type".to_owned(), content_type.clone()),
                        ("Content-Disposition".to_owned(), disposition.clone()),
                    ],
                    content: octets.clone(),
                });
            Fit::of([
                refers,
                parts_differ(one, listed.as_slice()),
                headers_differ(message, extra_headers),
                left_out(message, without, extra_headers),
                self.access(message),
            ])
        })
    }

    fn subscribe(&self, order: &SubscriptionOrder) -> Located {
        let SubscriptionOrder {
            label,
            to_uri,
            event,
            accept,
            expires,
            extra_headers,
        } = order;
        let wanted = format!("a SUBSCRIBE of {} to {event} of {to_uri}", self.who);
        self.find(wanted, Some(label), |one| {
            let message = one.request.message;
            let package = message.header("Event").unwrap_or_default();
            let package = package.split(';').next().unwrap_or_default().trim();
            if !self.asks(one, "SUBSCRIBE", to_uri) || !package.eq_ignore_ascii_case(event) {
                return Fit::No;
            }
            let held = message.header("Expires").map(str::trim);
            let lasts = match (expires, held) {
                (None, held) => held.is_none(),
                (Some(0), held) => held == Some("0"),
                // Without the header field the package's own time counts (RFC 6665 section 4.1.2.1).
                (Some(_), held) => held != Some("0"),
            };
            // A terminal that names nothing takes the package's own type (RFC 6665 section 8.4).
            let takes = accept.is_empty()
                || !message.has_header("Accept")
                || same::has(message, "Accept", accept);
            Fit::of([
                (!lasts).then(|| format!("has Expires {held:?}")),
                (!takes).then(|| format!("does not accept {accept}")),
                headers_differ(message, extra_headers),
                self.access(message),
            ])
        })
    }

    fn plain(&self, order: &PlainRequest) -> Located {
        let PlainRequest {
            label,
            method,
            to_uri,
            extra_headers,
            body,
        } = order;
        let wanted = format!("{method} of {} for {to_uri}", self.who);
        self.find(wanted, Some(label), |one| {
            let message = one.request.message;
            if !self.asks(one, method, to_uri) {
                return Fit::No;
            }
            let part = body.as_ref().map(|(content_type, octets)| BodyPart {
                headers: vec![("Content-Type".to_owned(), content_type.clone())],
                content: octets.clone(),
            });
            Fit::of([
                parts_differ(one, part.as_slice()),
                headers_differ(message, extra_headers),
                self.access(message),
            ])
        })
    }

    /// The same octets.
    fn raw(&self, octets: &[u8]) -> Located {
        let facts = self.place.trace.facts.iter();
        let sent = facts.filter(|seen| {
            let is_new = first(&seen.frames) > self.place.after;
            is_new && seen.direction != Direction::FromSystem
        });
        let same = |fact: &Fact| match fact {
            Fact::Sip(message) => message.to_octets() == octets,
            Fact::Malformed { octets: held, .. } => held == octets,
            _ => false,
        };
        for seen in sent {
            if same(&seen.fact) {
                return Located::Found {
                    frames: seen.frames.clone(),
                    at: seen.at,
                    call_id: None,
                    label: None,
                };
            }
        }
        Located::absent(format!(
            "{} octets of {}'s own making",
            octets.len(),
            self.who
        ))
    }
}
