//! The MMTel conference service (CONF) beside a CMMC conference: Alice's CONF conference, what she asks it to include, and what becomes of
//! Carol's CMMC conference. A conference is known to the steps by the capture alone. More than 400 lines: all that is said of the two.
use super::lab::Lab;
use super::mmtel::PRESUMED;
use super::vocabulary::PersonName;
use crate::peer::mmtel_ue::{
    AudioCall, Change, ChangeBy, MediaDirection, MmtelCommand, ReferOrder, SubscriptionOrder,
};
use crate::verdict::conference_scene::{self, OWNER, same_resource};
use crate::verdict::conference_service;
use crate::wire::sip::{BodyPart, DialogName, ReferTo};
use crate::wire::xml::resource_lists::{Entry, ResourceLists};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of a person's call to the factory of CONF.
const CONF: &str = "conf";
/// Content type of URI lists.
const LIST: &str = "application/resource-lists+xml";

/// INVITE to the factory of CONF, and REFER for the other user, who is then there.
#[given(expr = "{person} has a MMTel CONF conference with {person}")]
async fn has_conf(lab: &mut Lab, who: PersonName, with: PersonName, step: &Step) {
    lab.make_conf(&step.value, &who, Vec::new()).await;
    let uri = lab.public_uri(&with);
    lab.refer_conf(&who, format!("<{uri}>"));
    lab.require_joined(&step.value, &with).await;
}

/// 3PTY: the other user is moved from a communication between two by Replaces.
#[given(expr = "{person} has made a MMTel CONF conference of her communication with {person}")]
async fn has_moved(lab: &mut Lab, who: PersonName, with: PersonName, step: &Step) {
    lab.make_conf(&step.value, &who, Vec::new()).await;
    lab.move_call(&who, &with);
    lab.require_joined(&step.value, &with).await;
}

/// A CONF conference that is over again.
#[given(expr = "{person} has had a MMTel CONF conference with {person}")]
async fn has_had_conf(lab: &mut Lab, who: PersonName, with: PersonName, step: &Step) {
    has_conf(lab, who.clone(), with, step).await;
    lab.stimulus(&step.value).await;
    lab.command(&who.0, MmtelCommand::Bye { call: CONF.into() });
    let question = conference_service::conf_left(&who.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// REFER with Replaces of the user's leg, refused.
#[given(expr = "{person} has asked in vain to include her CMMC communication")]
async fn has_asked_in_vain(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.include_cmmc(&who);
    let question = conference_service::in_vain(&who.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// REFER to the CONF focus: the CMMC conference, with Replaces of the user's leg there.
#[when(expr = "{person} asks to include her CMMC communication in the MMTel CONF conference")]
async fn includes_cmmc(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.include_cmmc(&who);
}

/// REFER to the CONF focus: the other user, with Replaces of the dialog with him.
#[when(
    expr = "{person} asks to include her communication with {person} in the MMTel CONF conference"
)]
async fn includes_user(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.move_call(&who, &whom);
}

/// REFER to the CONF focus: the CMMC conference.
#[when(expr = "{person} asks the MMTel CONF conference to call the CMMC conference")]
async fn calls_cmmc(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let room = lab.conference(OWNER);
    lab.refer_conf(&who, format!("<{room}>"));
}

/// REFER to the CONF focus: the CMMC conference by a URI of another domain.
#[when(
    expr = "{person} asks the MMTel CONF conference to call the other URI of the CMMC conference"
)]
async fn calls_alias(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let alias = lab.cmmc_alias();
    lab.refer_conf(&who, format!("<{alias}>"));
}

/// REFER to the CONF focus: a user.
#[when(expr = "{person} asks the MMTel CONF conference to call {person}")]
async fn calls_user(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let uri = lab.public_uri(&whom);
    lab.refer_conf(&who, format!("<{uri}>"));
}

/// REFER to the CONF focus with a list of the CMMC conference and a user (RFC 5368).
#[when(expr = "{person} asks the MMTel CONF conference to call the CMMC conference and {person}")]
async fn calls_list(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let (room, uri) = (lab.conference(OWNER), lab.public_uri(&whom));
    let list = ResourceLists::of(vec![Entry::new(room), Entry::new(uri)]);
    let order = ReferOrder {
        label: "included".into(),
        to_uri: lab.conf(),
        refer_to: vec!["<cid:included@home1.example>".into()],
        extra_headers: headers(&[
            ("Require", "multiple-refer, norefersub"),
            ("Refer-Sub", "false"),
            ("Content-ID", "<included@home1.example>"),
        ]),
        body: Some((LIST.into(), "recipient-list".into(), list.to_octets())),
        ..ReferOrder::default()
    };
    lab.command(&who.0, MmtelCommand::Refer(Box::new(order)));
}

/// INVITE to the factory of CONF with a list of a user and the CMMC conference (RFC 5366).
#[when(expr = "{person} creates a MMTel CONF conference of {person} and the CMMC conference")]
async fn creates_of_both(lab: &mut Lab, who: PersonName, with: PersonName, step: &Step) {
    let (room, uri) = (lab.conference(OWNER), lab.public_uri(&with));
    let list = vec![Entry::new(uri), Entry::new(room)];
    lab.make_conf(&step.value, &who, list).await;
}

/// INVITE to the factory of CONF with a list of one user.
#[when(expr = "{person} creates a MMTel CONF conference of {person}")]
async fn creates_of(lab: &mut Lab, who: PersonName, with: PersonName, step: &Step) {
    let list = vec![Entry::new(lab.public_uri(&with))];
    lab.make_conf(&step.value, &who, list).await;
}

/// REFER to the CMMC focus: the CONF conference.
#[when(expr = "{person} asks the CMMC conference to call the MMTel CONF conference")]
async fn calls_conf(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let (to, conf) = (lab.conference(OWNER), lab.conf());
    lab.refer_to(&who, to, format!("<{conf}>"));
}

/// INVITE to the CMMC conference with isfocus in Contact.
#[when(expr = "{person} asks to join the CMMC conference as a focus")]
async fn joins_as_focus(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let to_uri = lab.conference(OWNER);
    let own = format!("{}-sip", who.0.to_lowercase());
    let stage = lab.stage();
    let number = stage.cast.number(&who.0).to_owned();
    let mut addresses = stage.names.by_address.iter();
    let address = addresses.find(|(_, name)| **name == own);
    let address = address.map(|(address, _)| address.to_string());
    // Where it is in a recording does not matter.
    let recorded = (!stage.is_live()).then(|| "recorded.invalid".to_owned());
    let Some(address) = address.or(recorded) else {
        lab.not_stimulated("an INVITE of a focus");
    };
    let contact = format!("<sip:{number}@{address}>;isfocus");
    let order = AudioCall {
        call: "as-focus".into(),
        to_uri,
        extra_headers: headers(&[("Contact", &contact)]),
        without: vec!["Contact".into()],
        ..AudioCall::default()
    };
    lab.command(&who.0, MmtelCommand::Call(Box::new(order)));
}

/// re-INVITE with sendonly, answered.
#[given(expr = "{person} keeps her CMMC communication on hold")]
async fn keeps_on_hold(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.change_cmmc(&step.value, &who, MediaDirection::SendOnly)
        .await;
    let question = conference_service::held(&who.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// re-INVITE with sendrecv.
#[when(expr = "{person} takes her CMMC communication up again")]
async fn takes_up_again(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.change_cmmc(&step.value, &who, MediaDirection::SendRecv)
        .await;
}

/// SUBSCRIBE to the conference state.
#[when(expr = "{person} asks who is in the CMMC conference")]
async fn asks_who(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let order = SubscriptionOrder::conference("cmmc-state", &lab.conference(OWNER));
    lab.command(&who.0, MmtelCommand::Subscribe(Box::new(order)));
}

/// BYE to the CMMC focus.
#[when(expr = "{person} ends her CMMC communication")]
async fn ends_cmmc(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.conference_call(&who.0);
    lab.command(&who.0, MmtelCommand::Bye { call });
}

/// A refusal, and neither conference in the state of the other.
#[then("the CMMC conference is not part of the MMTel CONF conference")]
async fn cmmc_kept_out(lab: &mut Lab, step: &Step) {
    let question = lab.kept_apart(conference_service::HOLDER);
    lab.never(&step.value, question).await;
}

/// A refusal, and neither conference in the state of the other.
#[then("the MMTel CONF conference is not part of the CMMC conference")]
async fn conf_kept_out(lab: &mut Lab, step: &Step) {
    let question = lab.kept_apart(OWNER);
    lab.never(&step.value, question).await;
}

/// No BYE in the dialogs with both foci.
#[then(expr = "{person} goes on in both conferences")]
async fn in_both(lab: &mut Lab, who: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    let question = conference_service::keeps_both(&who.0, guard);
    lab.never(&step.value, question).await;
}

/// A dialog with the CONF focus, and in the conference state.
#[then(expr = "{person} is a participant of the MMTel CONF conference")]
async fn in_conf(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_service::joined(&who.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The dialog with the CONF focus goes on.
#[then(expr = "{person} stays in the MMTel CONF conference")]
async fn stays(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_service::stays(&who.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// 4xx to the INVITE.
#[then(expr = "{person} is refused as a focus")]
async fn refused_as_focus(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_service::refused_as_focus(&who.0, lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// The offer that ends the hold is answered with media in both directions.
#[then(expr = "the communication of {person} with the CMMC focus is resumed")]
async fn resumed(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_service::resumed(&who.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A conference state told since the stimulus.
#[then(expr = "{person} learns that {person} is in the CMMC conference")]
async fn learns(lab: &mut Lab, who: PersonName, of: PersonName, step: &Step) {
    let question = conference_service::learns(&who.0, &of.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A dialog with the CMMC focus, which has called the user.
#[then(expr = "{person} is added to the CMMC conference by {person}")]
async fn added(lab: &mut Lab, who: PersonName, by: PersonName, step: &Step) {
    let question = conference_service::added(&who.0, &by.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 200 to the BYE, and a conference state without the user.
#[then(expr = "{person} is out of the CMMC conference")]
async fn has_left(lab: &mut Lab, who: PersonName, step: &Step) {
    let question = conference_service::has_left(&who.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

impl Lab {
    async fn change_cmmc(&mut self, sentence: &str, who: &PersonName, direction: MediaDirection) {
        self.stimulus(sentence).await;
        let call = self.conference_call(&who.0);
        let change = Change::new(&call, direction, ChangeBy::ReInvite);
        self.command(&who.0, MmtelCommand::Change(Box::new(change)));
    }

    /// The URI of the CONF conference, as the capture has it.
    fn conf(&mut self) -> String {
        let stage = self.stage();
        let uri = conference_service::conf_of(&stage.view(stage.now()));
        match self.or_presumed(uri, || PRESUMED.to_owned()) {
            Some(uri) => uri,
            None => self.not_stimulated("a request for the MMTel CONF conference"),
        }
    }

    /// The CMMC conference by the other domain of the profile.
    fn cmmc_alias(&mut self) -> String {
        let room = self.conference(OWNER);
        let alias = self.conferencing().cmmc_alias.unwrap_or_default();
        match room.split_once('@') {
            Some((user, _)) => format!("{user}@{alias}"),
            None => room,
        }
    }

    /// INVITE to the factory, accepted, and a subscription to the state of what it has made.
    async fn make_conf(&mut self, sentence: &str, who: &PersonName, list: Vec<Entry>) {
        self.stimulus(sentence).await;
        let mut order = AudioCall {
            call: CONF.into(),
            to_uri: self.conferencing().conf_factory.clone(),
            ..AudioCall::default()
        };
        if !list.is_empty() {
            order.extra_headers = headers(&[("Require", "recipient-list-invite")]);
            order.parts = vec![BodyPart {
                headers: headers(&[
                    ("Content-Type", LIST),
                    ("Content-Disposition", "recipient-list"),
                ]),
                content: ResourceLists::of(list).to_octets(),
            }];
        }
        self.command(&who.0, MmtelCommand::Call(Box::new(order)));
        let question = conference_service::conf_made(self.ixit().reaction_seconds);
        self.look_for(&question).await;
        let stage = self.stage();
        let uri = conference_service::conf_of(&stage.view(stage.now()));
        if let Some(uri) = self.or_presumed(uri, || PRESUMED.to_owned()) {
            let order = SubscriptionOrder::conference("conf-state", &uri);
            self.command(&who.0, MmtelCommand::Subscribe(Box::new(order)));
        }
    }

    async fn require_joined(&mut self, sentence: &str, who: &PersonName) {
        let question = conference_service::joined(&who.0, self.ixit().reaction_seconds);
        self.require(sentence, question).await;
    }

    fn refer_conf(&mut self, who: &PersonName, refer_to: String) {
        let to = self.conf();
        self.refer_to(who, to, refer_to);
    }

    fn refer_to(&mut self, who: &PersonName, to_uri: String, refer_to: String) {
        let own = self.public_uri(who);
        let order = ReferOrder {
            label: "included".into(),
            to_uri,
            refer_to: vec![refer_to],
            extra_headers: vec![("Referred-By".to_owned(), format!("<{own}>"))],
            ..ReferOrder::default()
        };
        self.command(&who.0, MmtelCommand::Refer(Box::new(order)));
    }

    /// REFER for the CMMC conference with Replaces of the user's leg. Its names are the focus's: its tag is the to-tag.
    fn include_cmmc(&mut self, who: &PersonName) {
        let room = self.conference(OWNER);
        let stage = self.stage();
        let view = stage.view(stage.now());
        let leg = conference_scene::leg(&view, &who.0);
        let name = leg.and_then(|leg| conference_service::dialog_name(&leg.invite));
        self.refer_with_replaces(who, room, name);
    }

    /// REFER for a user with Replaces of the dialog with him.
    fn move_call(&mut self, who: &PersonName, whom: &PersonName) {
        let uri = self.public_uri(whom);
        let stage = self.stage();
        let view = stage.view(stage.now());
        let mut calls = conference_scene::invites_by(&view, &who.0);
        calls.retain(|call| {
            let asked = call.request.message.uri();
            asked.is_some_and(|asked| same_resource(asked, &uri))
        });
        let call = calls.pop();
        let name = call.and_then(|call| conference_service::dialog_name(&call));
        self.refer_with_replaces(who, uri, name);
    }

    fn refer_with_replaces(&mut self, who: &PersonName, uri: String, name: Option<DialogName>) {
        let Some(name) = self.or_presumed(name, DialogName::default) else {
            self.not_stimulated("a REFER with Replaces");
        };
        let refer_to = ReferTo {
            uri,
            method: None,
            headers: vec![("Replaces".to_owned(), name.value())],
        };
        self.refer_conf(who, refer_to.value());
    }

    /// As long as a refusal may take, and a guard time after it.
    fn kept_apart(&mut self, asker: &str) -> crate::verdict::Question {
        let (reaction, guard) = (self.ixit().reaction_seconds, self.ixit().guard_seconds);
        let codes = self.conferencing().readings.exclusion_codes;
        conference_service::kept_apart(asker, codes, reaction, guard)
    }
}
