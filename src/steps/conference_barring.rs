//! Communication Barring and CMMC conferences: who is kept out of them, and who learns of it.
//!
//! Also the conference that the suite plays itself, so that an application server can be tried with invitations that the focus of a system
//! under test need not be able to make: a UE that says of itself that it is a focus (RFC 4579 section 5.2).
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::mmtel_ue::{AudioCall, MmtelBehaviour, MmtelCommand, ReferOrder};
use crate::sut::profile::BarringElement;
use crate::verdict::conference_barring::{self, RefusedBy};
use crate::verdict::conference_scene::{self, OWNER};
use crate::wire::sip::DialogName;
use crate::wire::xml::resource_lists::{Entry, RESOURCE_LISTS, ResourceLists};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of the call of a conference that the suite plays.
const DIALED_OUT: &str = "dialed-out";
/// Label of a call that names somebody's leg.
const BESIDE: &str = "beside";
/// Label of an emergency call.
const EMERGENCY: &str = "emergency";
/// RFC 5031 section 4.2.
const SOS: &str = "urn:service:sos";

/// A registered UE whose Contact has isfocus.
#[given(expr = "{person} is the focus of another conference")]
async fn plays_focus(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.introduce_mmtel_users(&step.value, std::slice::from_ref(&person))
        .await;
    let behaviour = MmtelBehaviour {
        is_focus: true,
        ..MmtelBehaviour::default()
    };
    lab.command(&person.0, MmtelCommand::Behave(behaviour));
}

/// INVITE with isfocus in Contact.
#[when(expr = "the conference of {person} calls {person}")]
async fn conference_calls(lab: &mut Lab, by: PersonName, whom: PersonName, step: &Step) {
    lab.dial_out(&step.value, &by, &whom, None).await;
}

/// The same, with Privacy: id.
#[when(expr = "the conference of {person} calls {person} anonymously")]
async fn conference_calls_anonymously(
    lab: &mut Lab,
    by: PersonName,
    whom: PersonName,
    step: &Step,
) {
    let privacy = Some("id".to_owned());
    lab.dial_out(&step.value, &by, &whom, privacy).await;
}

/// INVITE to the conference URI with Join of somebody's leg (RFC 3911).
#[when(expr = "{person} asks to join {person} in the CMMC conference")]
async fn joins_leg(lab: &mut Lab, who: PersonName, beside: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let stage = lab.stage();
    let leg = conference_scene::leg(&stage.view(stage.now()), &beside.0);
    let answer = leg.and_then(|leg| {
        let answer = conference_scene::accepted(&leg.invite)?.message;
        Some(DialogName {
            call_id: answer.call_id()?.to_owned(),
            to_tag: answer.to_tag()?,
            from_tag: answer.from_tag()?,
            early_only: false,
        })
    });
    let Some(name) = lab.or_presumed(answer, DialogName::default) else {
        lab.not_stimulated("an INVITE with Join");
    };
    let order = AudioCall {
        call: BESIDE.into(),
        to_uri: lab.conference(OWNER),
        extra_headers: vec![("Join".to_owned(), name.value())],
        ..AudioCall::default()
    };
    lab.command(&who.0, MmtelCommand::Call(Box::new(order)));
}

/// REFER to the conference URI with a list of URIs (RFC 5368), and no subscription (RFC 4488).
#[when(expr = "{person} asks the focus to add a list of {person} and {person}")]
async fn adds_list(
    lab: &mut Lab,
    who: PersonName,
    one: PersonName,
    other: PersonName,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let entries = [one, other].map(|person| Entry::new(lab.public_uri(&person)));
    let list = ResourceLists::of(entries.to_vec());
    let headers = [
        ("Require", "multiple-refer, norefersub"),
        ("Refer-Sub", "false"),
    ];
    let own = lab.public_uri(&who);
    let mut extra_headers = headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    extra_headers.push(("Referred-By".to_owned(), format!("<{own}>")));
    let order = ReferOrder {
        label: "listed".into(),
        to_uri: lab.conference(OWNER),
        refer_to: vec!["<cid:list@suite.example>".to_owned()],
        extra_headers,
        body: Some((
            RESOURCE_LISTS.to_owned(),
            "recipient-list".to_owned(),
            list.to_octets(),
        )),
        ..ReferOrder::default()
    };
    lab.command(&who.0, MmtelCommand::Refer(Box::new(order)));
}

/// INVITE to urn:service:sos.
#[when(expr = "{person} makes an emergency call")]
async fn emergency(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.call(&person, EMERGENCY, SOS);
}

/// The INVITE of the user is refused, by 603 or by the policy of the focus, and the state of the conference does not have him.
#[then(expr = "{person} is kept out of the CMMC conference by barring")]
async fn kept_out(lab: &mut Lab, person: PersonName, step: &Step) {
    let question =
        conference_barring::kept_out(&person.0, lab.refused_by(), lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// The INVITE to the factory is refused, by 603 or by the policy of the focus.
#[then(expr = "{person} is refused a new CMMC conference by barring")]
async fn refused_new(lab: &mut Lab, person: PersonName, step: &Step) {
    let question =
        conference_barring::refused_new(&person.0, lab.refused_by(), lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// No INVITE at the terminal, and not in the state of the conference.
#[then(expr = "{person} is not called and is not a participant of the CMMC conference")]
async fn not_added(lab: &mut Lab, person: PersonName, step: &Step) {
    let question =
        conference_barring::not_added(&person.0, lab.refused_by(), lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// A last notification with 603; where the state lists the user, he has failed.
#[then(expr = "{person} is told that {person} was not added because of barring")]
async fn told_why(lab: &mut Lab, who: PersonName, added: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_barring::told_why(&who.0, &added.0, lab.refused_by(), reaction);
    lab.refusal(&step.value, question).await;
}

/// A dialog of the one with the focus; no INVITE at the other's terminal, and not in the state.
#[then(expr = "the focus has {person} but not {person} in the conference of Carol")]
async fn has_only(lab: &mut Lab, present: PersonName, absent: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = conference_barring::has_only(&present.0, &absent.0, reaction, guard);
    lab.never(&step.value, question).await;
}

/// A dialog of each with the focus.
#[then(expr = "the focus has both {person} and {person} in the conference of Carol")]
async fn has_both(lab: &mut Lab, one: PersonName, other: PersonName, step: &Step) {
    let people = vec![one.0, other.0];
    let question = conference_barring::has_all(people, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No INVITE at the terminal, and no BYE of the call there is.
#[then(expr = "{person} is not called and his communication with {person} goes on")]
async fn not_replaced(lab: &mut Lab, who: PersonName, other: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    let question = conference_barring::not_replaced(&who.0, &other.0, guard);
    lab.never(&step.value, question).await;
}

/// 603 for the conference that the suite plays, and no INVITE at any terminal.
#[then(expr = "the call of the conference of {person} is refused as barred")]
async fn conference_refused(lab: &mut Lab, by: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    let question = conference_barring::conference_refused(&by.0, 603, guard);
    lab.never(&step.value, question).await;
}

/// 433 for the conference that the suite plays, and no INVITE at any terminal.
#[then(expr = "the call of the conference of {person} is refused for its anonymity")]
async fn conference_refused_anonymous(lab: &mut Lab, by: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    let question = conference_barring::conference_refused(&by.0, 433, guard);
    lab.never(&step.value, question).await;
}

/// INVITE at the terminal.
#[then(expr = "the call of the conference of {person} reaches {person}")]
async fn conference_reaches(lab: &mut Lab, by: PersonName, who: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_barring::conference_reaches(&by.0, &who.0, reaction);
    lab.check(&step.value, question).await;
}

/// A dialog with the focus, or a refusal of the REFER, or one in its last notification.
#[then(expr = "{person} is added to the CMMC conference, or {person} is told that he is not")]
async fn added_or_told(lab: &mut Lab, who: PersonName, by: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_barring::added_or_told(&who.0, &by.0, reaction);
    lab.check(&step.value, question).await;
}

/// A final response other than 603.
#[then(expr = "the emergency call of {person} is not refused as barred")]
async fn emergency_not_barred(lab: &mut Lab, who: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_barring::emergency_not_barred(&who.0, reaction);
    lab.check(&step.value, question).await;
}

impl Lab {
    /// Who refuses what barring prohibits, as the profile has it.
    pub(super) fn refused_by(&mut self) -> RefusedBy {
        match self.conferencing().readings.barring_refused_by {
            BarringElement::Any => RefusedBy::Any,
            BarringElement::ApplicationServer => RefusedBy::ApplicationServer,
        }
    }

    async fn dial_out(
        &mut self,
        sentence: &str,
        by: &PersonName,
        whom: &PersonName,
        privacy: Option<String>,
    ) {
        self.stimulus(sentence).await;
        let order = AudioCall {
            call: DIALED_OUT.into(),
            to_uri: self.public_uri(whom),
            privacy,
            ..AudioCall::default()
        };
        self.command(&by.0, MmtelCommand::Call(Box::new(order)));
    }
}
