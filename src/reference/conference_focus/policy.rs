//! What a conference service decides for itself, so that services may share one focus engine: who may create, join, be invited, be
//! removed, subscribe, and what a conference is called.
//!
//! The engine asks before it acts; a refusal is sent as it stands. `CmmcPolicy` is that of CMMC.
use super::users::Users;
use crate::reference::faults::{Fault, InForce};
use crate::wire::sip::{NameAddr, SipMessage, SipUri};
use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// A final response that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
}

impl Refusal {
    pub fn new(code: u16, reason: &str) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            headers: Vec::new(),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// 404: there is no such conference.
    pub fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 403, what TS 24.147 clause 5.3.2.2 suggests for what policy does not allow.
    pub fn forbidden() -> Self {
        Self::new(403, "Forbidden")
    }
}

/// The names a service goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `Server` and `User-Agent`.
    pub product: String,
    /// The URI that makes a conference of each INVITE to it.
    pub factory: String,
    /// Host of conference URIs.
    pub conference_host: String,
    /// First letters of the user part of conference URIs.
    pub conference_prefix: String,
    /// `<subject>` of conference state documents.
    pub subject: String,
    /// Header parameters of Contact beside `isfocus`, each with its semicolon.
    pub contact_parameters: String,
}

/// Who asks for something.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// Asserted identity, or the From URI where none was asserted, without parameters.
    pub identity: &'a str,
    pub request: &'a SipMessage,
    /// The Contact of the request says `isfocus`.
    pub is_focus: bool,
}

/// What the engine knows of the conference concerned.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub conference: &'a str,
    pub creator: &'a str,
    /// The requester has a leg in it that is neither being set up nor over.
    pub requester_participates: bool,
    /// Endpoints that are not disconnected.
    pub size: usize,
}

/// Who is to be invited or removed.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub uri: &'a str,
    /// The dialog to be replaced, as the escaped header field of the URI names it.
    pub replaces: Option<&'a str>,
    /// What an OPTIONS to the URI said, where `probes` wanted one: `Some(true)` for a focus.
    pub is_focus: Option<bool>,
    /// Named in a URI list: a refusal makes that entry fail, not the request.
    pub listed: bool,
}

/// The decisions of a conference service. What has a default here is what RFC 4579 and TS 24.147 have for any focus.
pub trait Policy: Send + Sync + 'static {
    fn service(&self) -> &Service;

    /// INVITE to the factory URI.
    fn may_create(&self, who: Requester<'_>) -> Result<(), Refusal> {
        not_a_focus(who)
    }

    /// INVITE to a conference URI, with or without Join or Replaces.
    fn may_join(&self, who: Requester<'_>, about: About<'_>) -> Result<(), Refusal> {
        let _ = about;
        not_a_focus(who)
    }

    /// REFER that asks the focus to invite, and every entry of a URI list. Asked again with the probe's result where one was made.
    fn may_invite(
        &self,
        who: Requester<'_>,
        about: About<'_>,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        let _ = (who, target);
        participates(about)
    }

    /// REFER with `method=BYE`.
    fn may_remove(
        &self,
        who: Requester<'_>,
        about: About<'_>,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        let own = target.uri.eq_ignore_ascii_case(who.identity);
        if own || about.creator.eq_ignore_ascii_case(who.identity) {
            Ok(())
        } else {
            Err(Refusal::forbidden())
        }
    }

    /// SUBSCRIBE to the conference package.
    fn may_subscribe(&self, who: Requester<'_>, about: About<'_>) -> Result<(), Refusal> {
        let _ = who;
        participates(about)
    }

    /// MESSAGE to the conference.
    fn may_distribute(&self, who: Requester<'_>, about: About<'_>) -> Result<(), Refusal> {
        let _ = who;
        participates(about)
    }

    /// The URI of the conference that is meant by another of its URIs.
    fn conference_meant(&self, uri: String) -> String {
        uri
    }

    /// Whether the target is asked by OPTIONS whether it is a focus before it is invited.
    fn probes(&self, target: Target<'_>) -> bool {
        let _ = target;
        false
    }

    /// Whether the leg may stay whose invited party answered with this 2xx; otherwise it gets BYE at once and counts as failed.
    fn may_remain(&self, answer: &SipMessage) -> bool {
        let _ = answer;
        true
    }

    /// Hides from whom it calls (RFC 4579 section 5.2 allows it): no `isfocus` in the Contact of its INVITEs.
    fn hides_from_called(&self) -> bool {
        false
    }

    /// Whether this user has permitted to be invited, where the operator asks for permissions (RFC 5360).
    fn permits(&self, uri: &str) -> bool {
        let _ = uri;
        true
    }

    /// URI lists in creating INVITEs and in REFER; otherwise they are refused with 420.
    fn takes_lists(&self) -> bool {
        true
    }

    /// RFC 4579 section 5.12: the conference ends when its creator leaves.
    fn ends_with_creator(&self) -> bool {
        true
    }
}

fn not_a_focus(who: Requester<'_>) -> Result<(), Refusal> {
    if who.is_focus {
        Err(Refusal::forbidden())
    } else {
        Ok(())
    }
}

fn participates(about: About<'_>) -> Result<(), Refusal> {
    if about.requester_participates {
        Ok(())
    } else {
        Err(Refusal::forbidden())
    }
}

/// CMMC: subscribers of the service create, whoever is not a focus joins, participants invite and look.
pub struct CmmcPolicy {
    service: Service,
    /// Users who are not CMMC service subscribers.
    without: RwLock<HashSet<String>>,
    /// Another host of its conference URIs.
    alias: Option<String>,
    faults: InForce,
    /// What the operator says of users.
    users: Users,
}

impl CmmcPolicy {
    /// For conferences at this host, made through `sip:factory@host`.
    pub fn new(host: &str) -> Self {
        Self {
            service: Service {
                product: "cmmc-focus".to_owned(),
                factory: format!("sip:factory@{host}"),
                conference_host: host.to_owned(),
                conference_prefix: "room-".to_owned(),
                subject: "CMMC conference".to_owned(),
                contact_parameters:
                    ";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel\"".to_owned(),
            },
            without: RwLock::default(),
            alias: None,
            faults: InForce::default(),
            users: Users::default(),
        }
    }

    /// Takes requests for its conferences at another host too, and departs as told.
    pub fn known_at(mut self, host: &str, faults: InForce) -> Self {
        self.alias = Some(host.to_owned());
        self.faults = faults;
        self
    }

    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Subscribes a user to CMMC or takes the subscription away; everybody has it at first.
    pub fn set_subscriber(&self, identity: &str, subscribed: bool) {
        let mut without = self.without.write().unwrap_or_else(PoisonError::into_inner);
        let identity = identity.to_ascii_lowercase();
        if subscribed {
            without.remove(&identity);
        } else {
            without.insert(identity);
        }
    }
}

impl Policy for CmmcPolicy {
    fn service(&self) -> &Service {
        &self.service
    }

    fn may_create(&self, who: Requester<'_>) -> Result<(), Refusal> {
        mark!("CM-03");
        let without = self.without.read().unwrap_or_else(PoisonError::into_inner);
        let subscriber = self.users.of(who.identity).subscriber;
        if !subscriber || without.contains(&who.identity.to_ascii_lowercase()) {
            return Err(Refusal::forbidden());
        }
        not_a_focus(who)
    }

    fn may_join(&self, who: Requester<'_>, about: About<'_>) -> Result<(), Refusal> {
        mark!("CX-08");
        let _ = about;
        if self.faults.is(Fault::CmmcTakesFocus) {
            return Ok(());
        }
        not_a_focus(who)
    }

    fn conference_meant(&self, uri: String) -> String {
        let host = &self.service.conference_host;
        match (uri.rsplit_once('@'), &self.alias) {
            (Some((user, at)), Some(alias)) if at == alias => format!("{user}@{host}"),
            _ => uri,
        }
    }

    fn permits(&self, uri: &str) -> bool {
        self.users.of(uri).permits_invitations
    }
}

/// Whether a Contact says `isfocus`.
pub fn is_focus(message: &SipMessage) -> bool {
    message
        .values("Contact")
        .iter()
        .filter_map(|contact| NameAddr::parse(contact).ok())
        .any(|contact| contact.has_param("isfocus"))
}

/// The asserted identity of a request's sender (a SIP URI before a tel URI), else the URI of From; without parameters.
pub fn identity(request: &SipMessage) -> String {
    let asserted: Vec<SipUri> = request
        .values("P-Asserted-Identity")
        .into_iter()
        .filter_map(|value| NameAddr::parse(value).ok())
        .map(|address| address.uri)
        .collect();
    let chosen = asserted
        .iter()
        .find(|uri| uri.scheme.starts_with("sip"))
        .or(asserted.first());
    match (chosen, request.address("From")) {
        (Some(uri), _) => bare(uri.as_str()),
        (None, Some(from)) => bare(from.uri.as_str()),
        (None, None) => String::new(),
    }
}

/// A URI without parameters and header fields, in the form that equal ones share.
pub fn bare(uri: &str) -> String {
    let parsed = SipUri::parse(uri).map(|uri| uri.canonical());
    let uri = parsed.as_deref().unwrap_or(uri);
    let end = uri.find([';', '?']).unwrap_or(uri.len());
    let uri = &uri[..end];
    match uri.rsplit_once('@') {
        Some((user, host)) => format!("{user}@{}", host.to_ascii_lowercase()),
        None => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_asserted_sip_identity_before_others() {
        let mut request = SipMessage::request("INVITE", "sip:factory@cmmc.home1.example");
        request.push("From", "<sip:anonymous@anonymous.invalid>;tag=a");
        assert_eq!(identity(&request), "sip:anonymous@anonymous.invalid");
        request.push(
            "P-Asserted-Identity",
            "<tel:+15550100001>, \"A\" <sip:alice@HOME1.example;user=phone>",
        );
        assert_eq!(identity(&request), "sip:alice@home1.example");
    }

    #[test]
    fn lets_subscribers_create_and_keeps_other_foci_out() {
        let policy = CmmcPolicy::new("cmmc.home1.example");
        let request = SipMessage::request("INVITE", "sip:factory@cmmc.home1.example");
        let who = Requester {
            identity: "sip:alice@home1.example",
            request: &request,
            is_focus: false,
        };
        assert!(policy.may_create(who).is_ok());
        let focus = Requester {
            is_focus: true,
            ..who
        };
        assert_eq!(policy.may_create(focus), Err(Refusal::forbidden()));
        policy.set_subscriber("sip:Alice@home1.example", false);
        assert_eq!(policy.may_create(who), Err(Refusal::forbidden()));
    }
}
