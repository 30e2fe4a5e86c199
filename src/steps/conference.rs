//! The CMMC conference: who creates it, joins, leaves, hears it; what its focus says of itself.
use super::lab::Lab;
use super::vocabulary::{Is, PersonName, PersonNames};
use crate::peer::mmtel_ue::{
    AudioCall, Change, ChangeBy, MediaDirection, MmtelCommand, PlainRequest,
};
use crate::verdict::conference_scene::OWNER;
use crate::verdict::{Question, conference, conference_audio, participation};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of a call to the factory beside the one by which Carol has her conference.
const CREATED: &str = "created";
/// Label of a call to a conference that is not Carol's.
const ELSEWHERE: &str = "elsewhere";

/// Whether the operator has subscribed the user to CMMC.
#[given(expr = "{person} {is} a CMMC service subscriber")]
async fn cmmc_subscriber(lab: &mut Lab, person: PersonName, is: Is) {
    lab.property(&person.0, "cmmc_subscriber", is.0);
}

/// INVITE to the factory, accepted.
#[given(expr = "{person} has created a CMMC conference")]
async fn has_created(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.ask_factory(&step.value, &person).await;
    let reaction = lab.ixit().reaction_seconds;
    let question = conference::own_conference(&person.0, reaction);
    lab.require(&step.value, question).await;
}

/// re-INVITE with sendonly, answered.
#[given(expr = "{person} has held her communication with the CMMC focus")]
async fn has_held(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.change_direction(&step.value, &person, MediaDirection::SendOnly)
        .await;
    let question = lab.silence(&person);
    lab.require(&step.value, question).await;
}

/// BYE, answered, and told to those who follow the conference.
#[given(expr = "{person} has left the CMMC conference")]
async fn has_left(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.leave(&step.value, &person).await;
    let reaction = lab.ixit().reaction_seconds;
    let question = conference::leg_is_down(&person.0, reaction);
    lab.require(&step.value, question).await;
    let question = participation::has_gone(&person.0, reaction);
    lab.require(&step.value, question).await;
}

/// INVITE to the factory.
#[when(expr = "{person} asks for a new CMMC conference")]
async fn asks_for_conference(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.ask_factory(&step.value, &person).await;
}

/// INVITE to the URI that the factory has given somebody.
#[when(expr = "{person} asks to join the CMMC conference that {person} has created")]
async fn joins_created(lab: &mut Lab, person: PersonName, owner: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let to_uri = lab.conference(&owner.0);
    let order = AudioCall {
        call: ELSEWHERE.into(),
        to_uri,
        ..AudioCall::default()
    };
    lab.command(&person.0, MmtelCommand::Call(Box::new(order)));
}

/// BYE of the user.
#[when(expr = "{person} leaves the CMMC conference")]
async fn leaves(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.leave(&step.value, &person).await;
}

/// re-INVITE with sendonly (RFC 3264 section 8.4).
#[when(expr = "{person} holds her communication with the CMMC focus")]
async fn holds(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.change_direction(&step.value, &person, MediaDirection::SendOnly)
        .await;
}

/// re-INVITE with sendrecv.
#[when(expr = "{person} resumes her communication with the CMMC focus")]
async fn resumes(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.change_direction(&step.value, &person, MediaDirection::SendRecv)
        .await;
}

/// OPTIONS for the conference URI, outside dialogs.
#[when(expr = "{person} asks for the capabilities of the CMMC conference")]
async fn asks_capabilities(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let request = PlainRequest {
        label: "capabilities".into(),
        method: "OPTIONS".into(),
        to_uri: lab.conference(OWNER),
        ..PlainRequest::default()
    };
    lab.command(&person.0, MmtelCommand::Request(Box::new(request)));
}

/// One Contact in all responses, one entity in all states.
#[then(expr = "one focus anchors the CMMC conference of {people}")]
async fn one_focus(lab: &mut Lab, people: PersonNames, step: &Step) {
    let question = conference::one_focus(people.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The BYE is accepted and the state of the conference follows.
#[then(expr = "the focus has shown {person} that {person} was there, and that she is gone")]
async fn shown(lab: &mut Lab, to: PersonName, who: PersonName, step: &Step) {
    let question = conference::maintained(&who.0, &to.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RTP of the focus where the UE has asked for it.
#[then(expr = "{person} hears the CMMC conference")]
async fn hears(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference_audio::hears(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RTP of the focus again, of one that was heard before.
#[then(expr = "{person} hears the CMMC conference again")]
async fn hears_again(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference_audio::hears_again(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The hold is accepted, and no RTP comes any more.
#[then(expr = "{person} does not hear the CMMC conference any more")]
async fn does_not_hear(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = lab.silence(&person);
    lab.never(&step.value, question).await;
}

/// A final 4xx or 6xx response of the factory.
#[then(expr = "{person} is refused a CMMC conference")]
async fn refused_conference(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::refused_conference(&person.0, lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// 200 with a new conference URI and isfocus.
#[then(expr = "{person} has a CMMC conference of her own")]
async fn own_conference(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::own_conference(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 200 with a URI other than the factory's.
#[then(expr = "{person} is given a CMMC conference")]
async fn given_conference(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::given_conference(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Two conference URIs.
#[then(expr = "the CMMC conferences of {person} and {person} are two")]
async fn two_conferences(lab: &mut Lab, one: PersonName, other: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference::two_conferences(&one.0, &other.0, reaction);
    lab.check(&step.value, question).await;
}

/// The URI leads to the focus that gave it.
#[then(expr = "{person} is in the CMMC conference that {person} has created")]
async fn in_conference_of(lab: &mut Lab, person: PersonName, owner: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference::is_in_conference_of(&person.0, &owner.0, reaction);
    lab.check(&step.value, question).await;
}

/// isfocus in the 200 to the INVITE.
#[then(expr = "{person} learns that she has joined a conference")]
async fn learns_of_focus(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::learns_of_focus(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Conference URI and isfocus in the INVITE of the focus.
#[then(expr = "{person} learns from his invitation that it is to the CMMC conference")]
async fn invited_by_focus(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::invited_by_focus(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// isfocus in the 200 to OPTIONS.
#[then(expr = "{person} learns that a focus has answered")]
async fn reveals_focus(lab: &mut Lab, _person: PersonName, step: &Step) {
    let question = conference::reveals_focus(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// BYE of the focus.
#[then(expr = "the communication of {person} with the CMMC focus is ended")]
async fn leg_ended(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::leg_ended(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No BYE.
#[then(expr = "the communication of {person} with the CMMC focus goes on")]
async fn leg_goes_on(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = conference::leg_goes_on(&person.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

impl Lab {
    fn silence(&mut self, person: &PersonName) -> Question {
        let ixit = self.ixit();
        conference_audio::silent(&person.0, ixit.allowance_seconds, ixit.guard_seconds)
    }

    /// The URI of the conference factory.
    pub(super) fn factory_uri(&mut self) -> String {
        self.conferencing().cmmc_factory.clone()
    }

    async fn ask_factory(&mut self, sentence: &str, person: &PersonName) {
        self.stimulus(sentence).await;
        let order = AudioCall {
            call: CREATED.into(),
            to_uri: self.factory_uri(),
            ..AudioCall::default()
        };
        self.command(&person.0, MmtelCommand::Call(Box::new(order)));
    }

    async fn leave(&mut self, sentence: &str, person: &PersonName) {
        self.stimulus(sentence).await;
        let call = self.conference_call(&person.0);
        self.command(&person.0, MmtelCommand::Bye { call });
    }

    async fn change_direction(
        &mut self,
        sentence: &str,
        person: &PersonName,
        direction: MediaDirection,
    ) {
        self.stimulus(sentence).await;
        let call = self.conference_call(&person.0);
        let change = Change::new(&call, direction, ChangeBy::ReInvite);
        self.command(&person.0, MmtelCommand::Change(Box::new(change)));
    }
}
