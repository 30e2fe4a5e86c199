//! Requests of participants to the focus of a CMMC conference: adding, removing, moving, replacing, lists of users.
use super::lab::Lab;
use super::vocabulary::{PersonName, ReferOption, UriForm};
use crate::peer::mmtel_ue::{Answer, AudioCall, MmtelBehaviour, MmtelCommand, ReferOrder};
use crate::verdict::conference_refer;
use crate::verdict::conference_scene::{self, OWNER};
use crate::wire::sip::{DialogName, ReferTo};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of a call that asks for somebody's place.
const PLACE: &str = "place";

/// The UE answers INVITE with that code.
#[given(expr = "{person} declines invitations with {int}")]
async fn declines(lab: &mut Lab, person: PersonName, code: u16) {
    let behaviour = MmtelBehaviour {
        answer: Answer::Refuse(code),
        ..MmtelBehaviour::default()
    };
    lab.command(&person.0, MmtelCommand::Behave(behaviour));
}

/// REFER with a SIP or a tel URI.
#[when(expr = r"{person} asks the focus to add {person} by his {uri_form}")]
async fn adds_by(lab: &mut Lab, who: PersonName, whom: PersonName, form: UriForm, step: &Step) {
    lab.stimulus(&step.value).await;
    let uri = match form {
        UriForm::Sip => lab.public_uri(&whom),
        UriForm::Tel => format!("tel:{}", lab.stage().cast.number(&whom.0)),
    };
    lab.refer_focus(&who, vec![format!("<{uri}>")], Vec::new());
}

/// REFER with one Refer-To for each.
#[when(expr = "{person} asks the focus to add {person} and {person} by two Refer-To header fields")]
async fn adds_two(lab: &mut Lab, who: PersonName, one: PersonName, other: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let both = [one, other].map(|whom| format!("<{}>", lab.public_uri(&whom)));
    lab.refer_focus(&who, both.to_vec(), Vec::new());
}

/// REFER with a header field that changes what comes of it.
#[when(expr = "{person} asks the focus to add {person} with {refer_option}")]
async fn adds_with(
    lab: &mut Lab,
    who: PersonName,
    whom: PersonName,
    option: ReferOption,
    step: &Step,
) {
    lab.stimulus(&step.value).await;
    let refer_to = vec![format!("<{}>", lab.public_uri(&whom))];
    let (name, value) = option.header();
    let mut headers = vec![(name.to_owned(), value.to_owned())];
    if name == "Refer-Sub" {
        headers.push(("Supported".to_owned(), "norefersub".to_owned()));
    }
    lab.refer_focus(&who, refer_to, headers);
}

/// REFER with method=BYE.
#[when(expr = "{person} asks the focus to remove {person} from the CMMC conference")]
async fn removes(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let uri = lab.public_uri(&whom);
    lab.refer_focus(&who, vec![format!("<{uri};method=BYE>")], Vec::new());
}

/// REFER to the user, with the conference URI in Refer-To.
#[when(expr = "{person} refers {person} to the CMMC conference")]
async fn refers(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let conference = lab.conference(OWNER);
    let order = ReferOrder {
        label: "referred".into(),
        to_uri: lab.public_uri(&whom),
        refer_to: vec![format!("<{conference};method=INVITE>")],
        extra_headers: vec![lab.referred_by(&who)],
        ..ReferOrder::default()
    };
    lab.command(&who.0, MmtelCommand::Refer(Box::new(order)));
}

/// REFER to the focus whose Refer-To names the far end of a call, with Replaces.
#[when(expr = "{person} moves her communication with {person} to the CMMC conference")]
async fn moves(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let stage = lab.stage();
    let view = stage.view(stage.now());
    // The names of the dialog are the far end's: its tag is the to-tag.
    let call = conference_scene::invites_to(&view, &whom.0).pop();
    let name = call.and_then(|call| name_at_callee(&call));
    let Some(name) = lab.or_presumed(name, DialogName::default) else {
        lab.not_stimulated("a REFER with Replaces");
    };
    let refer_to = ReferTo {
        uri: lab.public_uri(&whom),
        method: None,
        headers: vec![("Replaces".to_owned(), name.value())],
    };
    lab.refer_focus(&who, vec![refer_to.value()], Vec::new());
}

/// INVITE to the conference URI with Replaces of somebody's leg.
#[when(expr = "{person} takes the place of {person} in the CMMC conference")]
async fn takes_place(lab: &mut Lab, who: PersonName, of: PersonName, step: &Step) {
    lab.replace_leg(&step.value, &who, &of).await;
}

/// The same, of a leg that has ended.
#[when(expr = "{person} asks for the former place of {person} in the CMMC conference")]
async fn former_place(lab: &mut Lab, who: PersonName, of: PersonName, step: &Step) {
    lab.replace_leg(&step.value, &who, &of).await;
}

/// INVITE with Replaces and early-only of a leg that is confirmed (RFC 3891 section 3).
#[when(expr = "{person} asks for the place of {person} only if it is not taken yet")]
async fn early_place(lab: &mut Lab, who: PersonName, of: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let mut name = lab.leg_name(&of);
    name.early_only = true;
    lab.ask_for_place(&who, &name);
}

/// INVITE with a Join that names no dialog.
#[when(expr = "{person} asks to join somebody who is not in the CMMC conference")]
async fn joins_nobody(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.call_leg(&who, "Join", &nobody());
}

/// INVITE with a Replaces that names no dialog.
#[when(expr = "{person} asks for a place in the CMMC conference that nobody has")]
async fn no_place(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.ask_for_place(&who, &nobody());
}

/// The name of a dialog that there is not.
fn nobody() -> DialogName {
    DialogName {
        call_id: "nobody-has-this-call".into(),
        to_tag: "nobody".into(),
        from_tag: "no-one".into(),
        early_only: false,
    }
}

/// A final 4xx response.
#[then(expr = "the focus refuses the request of {person} with a 4xx response")]
async fn refused(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_refer::refused(&who.0, None, lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// That final response.
#[then(expr = "the focus refuses the request of {person} with {int}")]
async fn refused_with(lab: &mut Lab, who: PersonName, code: u16, step: &Step) {
    let question = conference_refer::refused(&who.0, Some(code), lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// 420 with the option tag in Unsupported.
#[then(expr = "the focus refuses the request of {person} as an extension it does not know")]
async fn refused_as_unknown(lab: &mut Lab, who: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_refer::refused_as_unknown(&who.0, "unheard-of", reaction);
    lab.refusal(&step.value, question).await;
}

/// An INVITE of the focus.
#[then(expr = "the focus invites {person} at the request of {person}")]
async fn invites(lab: &mut Lab, whom: PersonName, by: PersonName, step: &Step) {
    let question = conference_refer::invites(&whom.0, &by.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Either code, and the focus does what it was asked.
#[then(expr = "the request of {person} to add {person} is accepted with 200 or 202")]
async fn accepted_either(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    let (codes, reaction) = (vec![200, 202], lab.ixit().reaction_seconds);
    let question = conference_refer::accepted_with(&who.0, codes, &whom.0, reaction);
    lab.check(&step.value, question).await;
}

/// 200 alone, and the focus does what it was asked.
#[then(expr = "the request of {person} to add {person} is accepted with 200")]
async fn accepted(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    let (codes, reaction) = (vec![200], lab.ixit().reaction_seconds);
    let question = conference_refer::accepted_with(&who.0, codes, &whom.0, reaction);
    lab.check(&step.value, question).await;
}

/// NOTIFY soon, and one that ends the subscription with that status.
#[then(expr = "{person} is told at once, and at the end with {int}")]
async fn told_outcome(lab: &mut Lab, who: PersonName, code: u16, step: &Step) {
    let (at_once, reaction) = (
        lab.conferencing().refer_notify_seconds,
        lab.ixit().reaction_seconds,
    );
    let question = conference_refer::told_of_outcome(&who.0, code, at_once, reaction);
    lab.check(&step.value, question).await;
}

/// Any NOTIFY.
#[then(expr = "{person} is told what becomes of her request")]
async fn told_anything(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_refer::told_anything(&who.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No NOTIFY, or 420.
#[then(expr = "{person} is not told what becomes of her request with {refer_option}")]
async fn not_told(lab: &mut Lab, who: PersonName, option: ReferOption, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = conference_refer::not_told(&who.0, &option.0, reaction, guard);
    lab.never(&step.value, question).await;
}

/// The focus has accepted the INVITE that the REFER has led to.
#[then(expr = "{person} has joined the CMMC conference as {person} has asked him to")]
async fn joined_as_referred(lab: &mut Lab, who: PersonName, by: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_refer::joined_as_referred(&who.0, &by.0, reaction);
    lab.check(&step.value, question).await;
}

/// BYE to the one, 200 to the other.
#[then(expr = "{person} has been removed from the CMMC conference, and {person} is told so")]
async fn removed(lab: &mut Lab, who: PersonName, by: PersonName, step: &Step) {
    let question = conference_refer::removed(&who.0, &by.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Replaces in the INVITE of the focus.
#[then(expr = "the focus invites {person} to replace his communication with {person}")]
async fn invited_to_replace(lab: &mut Lab, who: PersonName, by: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_refer::invited_to_replace(&who.0, &by.0, reaction);
    lab.check(&step.value, question).await;
}

/// 200 to the one, BYE to the other.
#[then(expr = "{person} has taken the place of {person}")]
async fn has_taken_place(lab: &mut Lab, who: PersonName, of: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_refer::has_taken_place(&who.0, &of.0, reaction);
    lab.check(&step.value, question).await;
}

/// That final response to the INVITE with Replaces or Join.
#[then(regex = "^the focus refuses (Alice|Bob|Carol|Dave)'s join with (481|486)$")]
async fn refused_place(lab: &mut Lab, who: String, code: u16, step: &Step) {
    let question = conference_refer::refused_place(&who, vec![code], lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// Either final response to the INVITE with Replaces.
#[then(expr = "the focus refuses {person}'s join with 603 or 481")]
async fn refused_former_place(lab: &mut Lab, who: PersonName, step: &Step) {
    let (codes, reaction) = (vec![603, 481], lab.ixit().reaction_seconds);
    let question = conference_refer::refused_place(&who.0, codes, reaction);
    lab.refusal(&step.value, question).await;
}

/// The dialog of an INVITE as the callee names it.
fn name_at_callee(call: &crate::observe::Transaction) -> Option<DialogName> {
    let answer = conference_scene::accepted(call)?;
    Some(DialogName {
        call_id: answer.message.call_id()?.to_owned(),
        to_tag: answer.message.to_tag()?,
        from_tag: answer.message.from_tag()?,
        early_only: false,
    })
}

impl Lab {
    fn referred_by(&mut self, who: &PersonName) -> (String, String) {
        let own = self.public_uri(who);
        ("Referred-By".to_owned(), format!("<{own}>"))
    }

    /// REFER to the conference URI outside the user's dialog.
    fn refer_focus(
        &mut self,
        who: &PersonName,
        refer_to: Vec<String>,
        mut extra_headers: Vec<(String, String)>,
    ) {
        let to_uri = self.conference(OWNER);
        extra_headers.push(self.referred_by(who));
        let order = ReferOrder {
            label: "asked".into(),
            to_uri,
            refer_to,
            extra_headers,
            ..ReferOrder::default()
        };
        self.command(&who.0, MmtelCommand::Refer(Box::new(order)));
    }

    async fn replace_leg(&mut self, sentence: &str, who: &PersonName, of: &PersonName) {
        self.stimulus(sentence).await;
        let name = self.leg_name(of);
        self.ask_for_place(who, &name);
    }

    /// The name of somebody's leg at the focus.
    fn leg_name(&mut self, of: &PersonName) -> DialogName {
        let stage = self.stage();
        let view = stage.view(stage.now());
        let leg = conference_scene::leg(&view, &of.0);
        let name = leg.and_then(|leg| name_at_callee(&leg.invite));
        match self.or_presumed(name, DialogName::default) {
            Some(name) => name,
            None => self.not_stimulated("an INVITE that names a leg"),
        }
    }

    fn ask_for_place(&mut self, who: &PersonName, name: &DialogName) {
        self.call_leg(who, "Replaces", name);
    }

    /// INVITE to the conference URI that names a leg in this header field.
    fn call_leg(&mut self, who: &PersonName, field: &str, name: &DialogName) {
        let order = AudioCall {
            call: PLACE.into(),
            to_uri: self.conference(OWNER),
            extra_headers: vec![(field.to_owned(), name.value())],
            ..AudioCall::default()
        };
        self.command(&who.0, MmtelCommand::Call(Box::new(order)));
    }
}
