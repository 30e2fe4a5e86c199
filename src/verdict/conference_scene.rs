//! What the judges of CMMC conferences look up in a trace: the conference, who joins it how, who is asked for what, and its rosters.
//!
//! Everything is found by identities on the wire and at the UEs' side of the network. Carol is whose conference it is, unless a sentence
//! says otherwise.
use super::scene::{first, originator};
use super::{Judgement, View};
use crate::observe::{
    Direction, RosterStep, SipFact, Subscription, Transaction, conference_subscriptions, history,
    subscriptions, transactions,
};
use crate::wire::sip::{NameAddr, SipMessage, SipUri, number_of};
use crate::wire::xml::conference_info::User;

/// Whose conference a sentence means that names nobody.
pub const OWNER: &str = "Carol";

/// Two URIs of one resource: user and host are the same, whatever the parameters.
pub fn same_resource(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (SipUri::parse(one.trim()), SipUri::parse(other.trim())) else {
        return false;
    };
    one.user_decoded() == other.user_decoded() && one.host.eq_ignore_ascii_case(&other.host)
}

/// The first Contact of a message.
pub fn contact(message: &SipMessage) -> Option<NameAddr> {
    let values = message.values("Contact");
    NameAddr::parse(values.first()?).ok()
}

pub fn says_focus(message: &SipMessage) -> bool {
    contact(message).is_some_and(|contact| contact.has_param("isfocus"))
}

fn begins_dialog(transaction: &Transaction) -> bool {
    transaction.method == "INVITE" && transaction.request.message.to_tag().is_none()
}

/// INVITEs of a person's UE that begin a dialog.
pub fn invites_by<'t>(view: &View<'t>, who: &str) -> Vec<Transaction<'t>> {
    let number = view.cast.number(who);
    let mut found = transactions(view.trace);
    found.retain(|one| {
        begins_dialog(one)
            && one.direction == Direction::ToSystem
            && originator(one.request.message).as_deref() == Some(number)
    });
    found
}

/// INVITEs that reach a person's UE and begin a dialog.
pub fn invites_to<'t>(view: &View<'t>, who: &str) -> Vec<Transaction<'t>> {
    let number = view.cast.number(who);
    let mut found = transactions(view.trace);
    found.retain(|one| {
        begins_dialog(one)
            && one.direction == Direction::FromSystem
            && one.request.message.uri().and_then(number_of).as_deref() == Some(number)
    });
    found
}

/// The latest of them since the stimulus.
pub fn new_invite_to<'t>(view: &View<'t>, who: &str) -> Option<Transaction<'t>> {
    invites_to(view, who)
        .into_iter()
        .rfind(|one| is_new(view, one))
}

pub fn is_new(view: &View, transaction: &Transaction) -> bool {
    first(transaction.request.frames()) > view.before_stimulus
}

pub fn accepted<'t>(transaction: &Transaction<'t>) -> Option<SipFact<'t>> {
    transaction
        .final_response()
        .filter(|response| response.status() < 300)
}

/// The URI by which conferences are made: what is called first that is no user.
pub fn factory(view: &View) -> Option<String> {
    transactions(view.trace).into_iter().find_map(|one| {
        let uri = one.request.message.uri()?;
        let asked = begins_dialog(&one) && one.direction == Direction::ToSystem;
        (asked && number_of(uri).is_none()).then(|| uri.to_owned())
    })
}

/// The INVITEs by which a person has asked the factory for a conference.
pub fn creations<'t>(view: &View<'t>, who: &str) -> Vec<Transaction<'t>> {
    let factory = factory(view).unwrap_or_default();
    let mut found = invites_by(view, who);
    found.retain(|one| {
        one.request
            .message
            .uri()
            .is_some_and(|uri| same_resource(uri, &factory))
    });
    found
}

/// The URI of the latest conference that a person has made.
pub fn conference_of(view: &View, who: &str) -> Option<String> {
    let created = creations(view, who).into_iter().rev();
    let mut uris = created
        .filter_map(|one| contact(accepted(&one)?.message))
        .map(|contact| contact.uri.as_str().to_owned());
    uris.next()
}

/// A person's INVITE dialog with the focus, tried or there.
#[derive(Debug, Clone)]
pub struct Leg<'t> {
    pub invite: Transaction<'t>,
    /// The user has called the focus, and not the focus the user.
    pub dialed_in: bool,
    /// The first BYE of either side.
    pub bye: Option<Transaction<'t>>,
}

impl Leg<'_> {
    /// Accepted and acknowledged, and nobody has ended it.
    pub fn is_up(&self) -> bool {
        accepted(&self.invite).is_some() && self.invite.ack().is_some() && self.bye.is_none()
    }

    pub fn frames(&self) -> Vec<u32> {
        let mut frames = self.invite.frames();
        frames.extend(self.bye.iter().flat_map(Transaction::frames));
        frames
    }
}

/// All dialogs between a person and the focus of a conference, in order.
pub fn legs<'t>(view: &View<'t>, who: &str, conference: &str) -> Vec<Leg<'t>> {
    let made = |one: &Transaction| {
        let contact = accepted(one).and_then(|response| contact(response.message));
        contact.is_some_and(|contact| same_resource(contact.uri.as_str(), conference))
    };
    let asked = |one: &Transaction| {
        let uri = one.request.message.uri();
        uri.is_some_and(|uri| same_resource(uri, conference))
    };
    let mut found: Vec<Transaction> = invites_by(view, who);
    found.retain(|one| asked(one) || made(one));
    let mut invited = invites_to(view, who);
    invited.retain(|one| is_of_conference(one.request.message, conference));
    found.extend(invited);
    found.sort_by_key(|one| first(one.request.frames()));
    found
        .into_iter()
        .map(|invite| Leg {
            dialed_in: invite.direction == Direction::ToSystem,
            bye: bye_of(view, &invite),
            invite,
        })
        .collect()
}

/// An INVITE of the conference itself: its Contact says so, or who sends it.
fn is_of_conference(message: &SipMessage, conference: &str) -> bool {
    let names = ["Contact", "P-Asserted-Identity", "From"];
    names.iter().any(|name| {
        message.values(name).iter().any(|value| {
            NameAddr::parse(value).is_ok_and(|one| same_resource(one.uri.as_str(), conference))
        })
    })
}

/// The latest dialog of a person with the focus of Carol's conference.
pub fn leg<'t>(view: &View<'t>, who: &str) -> Option<Leg<'t>> {
    legs(view, who, &conference_of(view, OWNER)?).pop()
}

/// The first BYE in the dialog of an INVITE, seen at the UE that has it.
pub fn bye_of<'t>(view: &View<'t>, invite: &Transaction) -> Option<Transaction<'t>> {
    let mut byes = within(view, invite).into_iter();
    byes.find(|one| one.method == "BYE")
}

/// Requests within the dialog of an INVITE.
pub fn within<'t>(view: &View<'t>, invite: &Transaction) -> Vec<Transaction<'t>> {
    let Some(response) = accepted(invite) else {
        return Vec::new();
    };
    let near = invite.request.message;
    let tags = (near.from_tag(), response.message.to_tag());
    let mut found = transactions(view.trace);
    found.retain(|one| {
        let message = one.request.message;
        let these = match one.direction == invite.direction {
            true => (message.from_tag(), message.to_tag()),
            false => (message.to_tag(), message.from_tag()),
        };
        message.call_id() == near.call_id()
            && these == tags
            && first(one.request.frames()) > first(invite.request.frames())
    });
    found
}

/// The REFER a person has sent since the stimulus, and what came of it.
pub fn refer_by<'t>(view: &View<'t>, who: &str) -> Option<Subscription<'t>> {
    let number = view.cast.number(who);
    subscriptions(view.trace).into_iter().rfind(|one| {
        one.package == "refer"
            && is_new(view, &one.request)
            && originator(one.request.request.message).as_deref() == Some(number)
    })
}

/// A person's subscriptions to the state of a conference.
pub fn followed<'t>(view: &View<'t>, who: &str) -> Vec<Subscription<'t>> {
    let number = view.cast.number(who);
    let mut found = conference_subscriptions(view.trace);
    found.retain(|one| originator(one.request.request.message).as_deref() == Some(number));
    found
}

/// What a person has been told of the conference, by the latest subscription that has brought anything.
pub fn told<'t>(view: &View<'t>, who: &str) -> Vec<RosterStep<'t>> {
    let histories = followed(view, who);
    let mut histories = histories.iter().rev().map(history);
    histories
        .find(|steps| !steps.is_empty())
        .unwrap_or_default()
}

/// The user of a roster who is that person, by the number in any of its URIs.
pub fn is_person(view: &View, user: &User, who: &str) -> bool {
    let number = view.cast.number(who);
    let endpoints = user.endpoints.iter().map(|endpoint| &endpoint.entity);
    let mut uris = std::iter::once(&user.entity)
        .chain(&user.associated_aors)
        .chain(endpoints);
    !number.is_empty() && uris.any(|uri| number_of(uri).as_deref() == Some(number))
}

/// Asks about what a person was told, and says what is missing if nothing was.
pub fn about_state(
    view: &View,
    who: &str,
    judge: impl FnOnce(&[RosterStep]) -> Judgement,
) -> Judgement {
    match &told(view, who)[..] {
        [] => Judgement::unproven(format!("{who} has not been told the state of a conference")),
        steps => judge(steps),
    }
}
