//! What those are told who follow the state of a CMMC conference.
use super::lab::Lab;
use super::vocabulary::{PersonName, PersonNames};
use crate::peer::mmtel_ue::{AudioCall, MmtelCommand, SubscriptionOrder};
use crate::verdict::conference_scene::OWNER;
use crate::verdict::conference_state::{self, Way};
use crate::verdict::{Reason, conference};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// SUBSCRIBE, and a first notification.
#[given(expr = "{person} follows the state of the CMMC conference")]
async fn follows(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.follow(&step.value, &person).await;
    let (own, reaction) = (vec![person.0.clone()], lab.ixit().reaction_seconds);
    let question = conference_state::told_full_state(&person.0, own, reaction);
    lab.require(&step.value, question).await;
}

/// INVITE with Privacy: id, accepted.
#[given(expr = "{person} participates in the CMMC conference anonymously")]
async fn participates_anonymously(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.join_anonymously(&step.value, &person).await;
    let question = conference::leg_is_up(&person.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// INVITE with Privacy: id.
#[when(expr = "{person} asks to join the CMMC conference anonymously")]
async fn joins_anonymously(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.join_anonymously(&step.value, &person).await;
}

/// SUBSCRIBE to the conference event package.
#[when(expr = "{person} begins to follow the state of the CMMC conference")]
async fn begins_to_follow(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.follow(&step.value, &person).await;
}

/// BYE of who has created it, which ends it by the policy of factories.
#[when("the CMMC conference ends")]
async fn conference_ends(lab: &mut Lab, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.conference_call(OWNER);
    lab.command(OWNER, MmtelCommand::Bye { call });
}

/// The first notification, of full state.
#[then(
    expr = "{person} is told the full state of the CMMC conference, with herself and {person} in it"
)]
async fn told_full(lab: &mut Lab, person: PersonName, other: PersonName, step: &Step) {
    let people = vec![person.0.clone(), other.0];
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::told_full_state(&person.0, people, reaction);
    lab.check(&step.value, question).await;
}

/// Subscription-State: terminated;reason=noresource.
#[then(expr = "the last notification of {person} says that there is no conference any more")]
async fn told_end(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference_state::told_the_end(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The versions of all documents of one subscription, in order.
#[then(expr = "the versions of the state that {person} has been told fit each other")]
async fn versions(lab: &mut Lab, person: PersonName, step: &Step) {
    // The first one, two who have joined, one who has left; a focus may put two of them into one.
    let question = conference_state::versions_fit(&person.0, 3, lab.ixit().guard_seconds);
    lab.check(&step.value, question).await;
}

/// The nine words for the status of an endpoint.
#[then(
    expr = "every status in the state that {person} has been told is one of RFC 4575, {person}'s too"
)]
async fn statuses(lab: &mut Lab, person: PersonName, whom: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::statuses_known(&person.0, &whom.0, reaction);
    lab.check(&step.value, question).await;
}

/// `joining-method` or `disconnection-method`.
#[then(
    regex = r"^(Alice|Bob|Carol|Dave) is told that (Alice|Bob|Carol|Dave) (?:has|was) (dialed-in|dialed-out|departed|booted|failed|busy)$"
)]
async fn told_way(lab: &mut Lab, person: String, whom: String, word: String, step: &Step) {
    let Some(way) = Way::of(&word) else {
        lab.broken(Reason::Config, format!("{word} is no word of RFC 4575"));
    };
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::told_way(&person, &whom, way, reaction);
    lab.check(&step.value, question).await;
}

/// `disconnection-info/reason`.
#[then(expr = "{person} is told the reason SIP;cause={int} for {person}")]
async fn told_reason(lab: &mut Lab, person: PersonName, cause: u16, whom: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::told_reason(&person.0, &whom.0, cause, reaction);
    lab.check(&step.value, question).await;
}

/// Entities below .invalid, as many as anonymous participants, and no number of theirs.
#[then(expr = "{person} is told of a participant who cannot be told to be {person}")]
async fn told_of_one(lab: &mut Lab, person: PersonName, who: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::told_anonymously(&person.0, vec![who.0], reaction);
    lab.check(&step.value, question).await;
}

/// The same, of several.
#[then(expr = "{person} is told of participants who cannot be told to be {people}")]
async fn told_of_many(lab: &mut Lab, person: PersonName, who: PersonNames, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_state::told_anonymously(&person.0, who.0, reaction);
    lab.check(&step.value, question).await;
}

/// The profile's interval between notifications to one subscriber.
#[then(
    expr = "{person} is told of {person} no sooner than the interval between notifications allows"
)]
async fn paced(lab: &mut Lab, person: PersonName, whom: PersonName, step: &Step) {
    let interval = lab.conferencing().notify_interval_seconds;
    let ixit = lab.ixit();
    let tolerance = ixit.allowance_seconds.min(interval / 2.0);
    let patience = interval + ixit.reaction_seconds;
    let question = conference_state::paced(&person.0, &whom.0, interval, tolerance, patience);
    lab.check(&step.value, question).await;
}

impl Lab {
    async fn follow(&mut self, sentence: &str, person: &PersonName) {
        self.stimulus(sentence).await;
        let uri = self.conference(OWNER);
        let order = SubscriptionOrder::conference("state", &uri);
        self.command(&person.0, MmtelCommand::Subscribe(Box::new(order)));
    }

    async fn join_anonymously(&mut self, sentence: &str, person: &PersonName) {
        self.stimulus(sentence).await;
        let order = AudioCall {
            call: "anonymous".into(),
            to_uri: self.conference(OWNER),
            privacy: Some("id".into()),
            ..AudioCall::default()
        };
        self.command(&person.0, MmtelCommand::Call(Box::new(order)));
    }
}
