//! INVITE to the focus: a conference made through the factory URI, or joined by its own, also with Join (RFC 3911) or in place of
//! another endpoint with Replaces (RFC 3891). More than 400 lines, because all ways in are checked one after the other before any of them
//! seats a leg.
use super::super::faults::{Fault, InForce};
use super::super::user_agent::{Body, ServerInvite};
use super::conference::{Conference, Leg};
use super::departures;
use super::dialing::Invitation;
use super::dialog::{Dialog, Key, contact_uri};
use super::engine::{Engine, locked};
use super::media::MediaLeg;
use super::offer::{self, Ends, Origin, Streams};
use super::policy::{Refusal, Requester, bare, identity, is_focus};
use super::uri_list;
use crate::wire::sip::{DialogName, SipMessage};
use std::sync::Arc;

/// A leg that may be seated, and what is to be said and done then.
struct Admitted {
    conference: String,
    leg: Leg,
    description: Vec<u8>,
    /// The leg this one takes the place of.
    replaced: Option<u64>,
    listed: Vec<Invitation>,
}

impl Engine {
    /// INVITE outside dialogs.
    pub(super) fn join(self: &Arc<Self>, invite: ServerInvite) {
        let request = Arc::new(invite.request.clone());
        let admitted = match self.admit(&invite, &request) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                return invite.reject(refusal.code, &refusal.reason, &refusal.headers, None);
            }
        };
        let Admitted {
            conference,
            leg,
            description,
            replaced,
            mut listed,
        } = admitted;
        let mut headers = self.session_headers(&conference);
        let hides = match leg.creator {
            true => Fault::FactoryWithoutIsfocus,
            false => Fault::HidesOnDialIn,
        };
        let over = |kind: &str| {
            let said = request.values("P-Access-Network-Info");
            said.iter().any(|value| value.starts_with(kind))
        };
        mark!("AI-01");
        let hidden = !leg.creator && over("DVB") && self.faults.is(Fault::FocusHiddenOverSatellite);
        mark!("AI-09");
        if leg.creator && over("IEEE-802.11") && self.faults.is(Fault::ProgressOverWlan) {
            invite.provisional(183, "Session Progress", &headers, None);
        }
        if self.faults.is(hides) || hidden {
            departures::hide(&mut headers);
        }
        mark!("CF-16");
        if self.faults.is(Fault::ListIgnored) {
            listed.clear();
        }
        let body = Body {
            content_type: "application/sdp".to_owned(),
            octets: description,
        };
        mark!("CF-02");
        let accepted = invite.accept_alone(200, &headers, Some(body));
        self.seat(&conference, leg, replaced, accepted);
        if accepted {
            for invitation in listed {
                let task =
                    super::dialing::invite(Arc::clone(self), conference.clone(), invitation, None);
                self.spawn(task);
            }
        }
    }

    fn admit(
        self: &Arc<Self>,
        invite: &ServerInvite,
        request: &Arc<SipMessage>,
    ) -> Result<Admitted, Refusal> {
        let who = identity(request);
        let requester = Requester {
            identity: &who,
            request,
            is_focus: is_focus(request),
        };
        let offer = request.body_of("application/sdp");
        let unusable = || Refusal::new(488, "Not Acceptable Here");
        let streams = match &offer {
            Some(octets) => Some(Streams::read(octets).ok_or_else(unusable)?),
            None => None,
        };
        let target = self.asked(request);
        let factory = target.eq_ignore_ascii_case(&self.policy.service().factory);
        let listed = uri_list::of_invite(self, request, &who, factory)?;
        self.check_permissions(&listed)?;
        let (uri, replaced) = if factory {
            mark!("CM-03");
            let created = self.policy.may_create(requester);
            if !self.faults.is(Fault::CreatesForAnybody) {
                created?;
            }
            (self.create(&who)?, None)
        } else {
            let replaced = self.admit_to(&target, requester)?;
            (target, replaced)
        };
        let mut state = locked(&self.state);
        let id = state.next_id();
        let dialog = Dialog::of_server(request, &invite.to_tag, invite.source, invite.transport);
        let key = dialog.key.clone();
        let dialog = state.keep(&uri, dialog);
        let conference = state.live(&uri).ok_or_else(Refusal::not_found)?;
        let mut leg = self.new_leg(conference, id, request, &who)?;
        leg.dialog = Some(dialog);
        leg.key = Some(key);
        leg.creator = factory;
        let description = match &streams {
            Some(streams) => {
                leg.hear(streams);
                self.converse(&uri, &mut leg, streams.messages.as_ref());
                offer::answer(streams, self.ends(&leg))
            }
            None => {
                leg.offered = true;
                offer::offer(self.ends(&leg))
            }
        };
        Ok(Admitted {
            conference: uri,
            leg,
            description,
            replaced,
            listed,
        })
    }

    /// A conference of its own for an INVITE to the factory.
    fn create(&self, who: &str) -> Result<String, Refusal> {
        mark!("CF-02");
        let service = self.policy.service();
        let token: String = self.agent.token().chars().take(16).collect();
        let (prefix, host) = (&service.conference_prefix, &service.conference_host);
        let uri = format!("sip:{prefix}{token}@{host}");
        let mut state = locked(&self.state);
        if state.conferences.len() >= self.config.max_conferences {
            return Err(Refusal::new(486, "Busy Here"));
        }
        mark!("CF-02");
        if self.faults.is(Fault::OneConferenceForTenNumbers)
            && let Some(other) = state.of_neighbour(who)
        {
            return Ok(other);
        }
        let conference = Conference::new(uri.clone(), who.to_owned());
        state.conferences.insert(uri.clone(), conference);
        Ok(uri)
    }

    /// RFC 5360 section 5.9.3: nobody is invited as long as a permission is missing.
    fn check_permissions(&self, listed: &[Invitation]) -> Result<(), Refusal> {
        mark!("CF-20");
        let unasked = self.faults.is(Fault::PermissionNotAsked);
        let lacking = |one: &&Invitation| !unasked && !self.policy.permits(&one.uri);
        let missing: Vec<String> = listed
            .iter()
            .filter(lacking)
            .map(|one| format!("<{}>", one.uri))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Refusal::new(470, "Consent Needed").with("Permission-Missing", missing.join(", ")))
    }

    /// Whether this conference takes the caller, and the leg that a Replaces puts out.
    fn admit_to(&self, uri: &str, requester: Requester<'_>) -> Result<Option<u64>, Refusal> {
        let mut state = locked(&self.state);
        let conference = state.live(uri).ok_or_else(Refusal::not_found)?;
        let about = conference.about(requester.identity);
        self.policy.may_join(requester, about)?;
        mark!("CF-02");
        if conference.subscriptions.is_empty() && self.faults.is(Fault::UnfollowedConferenceClosed)
        {
            return Err(Refusal::forbidden());
        }
        mark!("CF-03");
        if about.size >= self.config.max_participants {
            return Err(Refusal::new(486, "Busy Here"));
        }
        let request = requester.request;
        mark!("CF-11");
        let referred = request.has_header("Referred-By");
        if referred && self.faults.is(Fault::ReferredJoinsRefused) {
            return Err(Refusal::forbidden());
        }
        if request.has_header("Replaces") || request.has_header("Join") {
            mark!("CF-15");
        }
        match (request.header("Replaces"), request.header("Join")) {
            (Some(_), Some(_)) => Err(Refusal::new(400, "Both Replaces and Join")),
            (Some(replaces), None) => match replaced(conference, replaces, self.faults) {
                Err(refusal)
                    if refusal.code != 486 && self.faults.is(Fault::ReplacesWithoutMatch) =>
                {
                    Ok(None)
                }
                replaced => replaced.map(Some),
            },
            (None, Some(join)) => {
                let name = named(join)?;
                match conference.leg_of(&key_of(&name)) {
                    Some(leg) if !leg.is_over() => Ok(None),
                    Some(_) => Err(Refusal::new(603, "Declined")),
                    None if self.faults.is(Fault::JoinWithoutMatch) => Ok(None),
                    None => Err(no_such_dialog()),
                }
            }
            (None, None) => Ok(None),
        }
    }

    /// The leg of a caller, its media open and its dialog still missing.
    fn new_leg(
        &self,
        conference: &mut Conference,
        id: u64,
        request: &SipMessage,
        who: &str,
    ) -> Result<Leg, Refusal> {
        let contact = contact_uri(request).unwrap_or_default();
        mark!("CF-26");
        let private = wants_privacy(request) && !self.faults.is(Fault::AnonymousShown);
        let (shown, endpoint) = if private {
            if self.faults.is(Fault::OneAliasForAll) {
                conference.aliases = 0;
            }
            let alias = conference.alias();
            (alias.clone(), alias)
        } else {
            (who.to_owned(), bare(&contact))
        };
        let mut leg = Leg::new(id, who, &shown, &endpoint, "dialed-in");
        let mixer = Arc::clone(&conference.mixer);
        leg.media = Some(self.open_media(id, mixer)?);
        leg.status = "connected";
        leg.joined = Some(super::now());
        Ok(leg)
    }

    /// Our ends of the streams of a leg.
    pub(super) fn ends<'a>(&self, leg: &'a Leg) -> Ends<'a> {
        let port = self.agent.msrp_address().port();
        let path = leg.messages.as_ref().map(|messages| messages.local_path());
        Ends {
            ip: self.config.listen,
            port: leg.media.as_ref().map_or(0, |media| media.port),
            msrp: path.map(|path| (port, path)),
            origin: leg.origin,
        }
    }

    pub(super) fn open_media(
        &self,
        id: u64,
        mixer: Arc<super::media::Mixer>,
    ) -> Result<MediaLeg, Refusal> {
        MediaLeg::open(self.config.listen, id, mixer, self.faults).map_err(|error| {
            tracing::warn!(%error, "no socket for media");
            Refusal::new(503, "Service Unavailable")
        })
    }

    fn seat(self: &Arc<Self>, uri: &str, mut leg: Leg, replaced: Option<u64>, accepted: bool) {
        let mut leaving = None;
        let empty = {
            let mut state = locked(&self.state);
            let Some(conference) = state.live(uri) else {
                return;
            };
            if accepted {
                if let Some(old) = replaced.and_then(|id| conference.leg(id)) {
                    leg.creator |= std::mem::take(&mut old.creator);
                    leaving = Some(old.id);
                }
                let shown = leg.shown.clone();
                conference.seat(leg);
                conference.changed(&shown);
            }
            conference.legs.is_empty()
        };
        if let Some(old) = leaving.filter(|_| !self.faults.is(Fault::ReplacedLegKept)) {
            mark!("CF-15");
            self.dismiss(uri, old, "departed", None);
        }
        if empty {
            self.end_conference(uri);
        }
    }

    /// The ACK of a 2xx of ours; it may carry the answer to an offer of ours.
    pub(super) fn acknowledged(self: &Arc<Self>, ack: &SipMessage) {
        let key = (
            ack.call_id().unwrap_or_default().to_owned(),
            ack.to_tag().unwrap_or_default(),
            ack.from_tag().unwrap_or_default(),
        );
        let answer = ack.body_of("application/sdp");
        let answer = answer.and_then(|octets| Streams::read(&octets));
        let mut state = locked(&self.state);
        let found = state.conferences.values_mut().find_map(|conference| {
            let leg = conference.leg_of(&key)?;
            Some((leg.id, leg.shown.clone(), conference))
        });
        if let Some((id, shown, conference)) = found
            && let Some(leg) = conference.leg(id)
            && leg.offered
            && let Some(streams) = answer
        {
            leg.offered = false;
            leg.hear(&streams);
            conference.changed(&shown);
        }
    }

    /// RFC 3261 section 13.3.1.4: a session whose 2xx is never acknowledged is ended.
    pub(super) fn unacknowledged(self: &Arc<Self>, request: &SipMessage) {
        let call_id = request.call_id().unwrap_or_default();
        let from_tag = request.from_tag().unwrap_or_default();
        let found = locked(&self.state)
            .conferences
            .values()
            .find_map(|conference| {
                let leg = conference.legs.iter().find(|leg| {
                    !leg.is_over()
                        && leg
                            .key
                            .as_ref()
                            .is_some_and(|k| k.0 == call_id && k.2 == from_tag)
                })?;
                Some((conference.uri.clone(), leg.id))
            });
        if let Some((uri, id)) = found {
            self.dismiss(&uri, id, "failed", None);
        }
    }
}

impl Leg {
    pub(super) fn new(
        id: u64,
        identity: &str,
        shown: &str,
        endpoint: &str,
        joining_method: &'static str,
    ) -> Self {
        Self {
            id,
            identity: identity.to_owned(),
            asserted: None,
            shown: shown.to_owned(),
            endpoint: endpoint.to_owned(),
            dialog: None,
            key: None,
            inviting: None,
            status: "pending",
            joining_method,
            joined: None,
            referred_by: None,
            disconnection: None,
            media: None,
            speaks: false,
            messages: None,
            direction: "sendrecv",
            origin: Origin {
                id: u64::from(fastrand::u32(1..)),
                version: 1,
            },
            offered: false,
            creator: false,
        }
    }

    /// Takes over what the peer says of its audio.
    pub(super) fn hear(&mut self, streams: &Streams) {
        self.speaks = streams.audio.is_some();
        let Some(audio) = &streams.audio else {
            return;
        };
        self.direction = audio.direction;
        if let Some(media) = &self.media {
            media.set(audio.flow());
        }
        if self.is_connected() {
            self.status = if audio.holds() {
                "on-hold"
            } else {
                "connected"
            };
        }
    }
}

/// Privacy (RFC 3323) that hides who asks for it.
pub(super) fn wants_privacy(request: &SipMessage) -> bool {
    request
        .headers_named("Privacy")
        .flat_map(|value| value.split([';', ',']))
        .any(|value| ["id", "header", "user"].contains(&value.trim().to_lowercase().as_str()))
}

fn named(text: &str) -> Result<DialogName, Refusal> {
    DialogName::parse(text).map_err(|_| Refusal::new(400, "Malformed Name Of A Dialog"))
}

/// RFC 3891 section 3: the to-tag is ours, the from-tag the peer's.
fn key_of(name: &DialogName) -> Key {
    (
        name.call_id.clone(),
        name.to_tag.clone(),
        name.from_tag.clone(),
    )
}

fn no_such_dialog() -> Refusal {
    Refusal::new(481, "Call/Transaction Does Not Exist")
}

fn replaced(conference: &mut Conference, text: &str, faults: InForce) -> Result<u64, Refusal> {
    mark!("CF-15");
    let name = named(text)?;
    match conference.leg_of(&key_of(&name)) {
        None => Err(no_such_dialog()),
        Some(leg) if leg.is_over() => Err(Refusal::new(603, "Declined")),
        Some(_) if name.early_only && !faults.is(Fault::EarlyOnlyIgnored) => {
            Err(Refusal::new(486, "Busy Here"))
        }
        Some(leg) => Ok(leg.id),
    }
}
