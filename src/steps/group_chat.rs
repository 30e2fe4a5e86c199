//! Group chats: their focus is played by the UE of the person who has invited.
use super::lab::Lab;
use super::vocabulary::{Is, PersonName, Word};
use crate::peer::ue::{ChatText, Invitation, Participant, UeCommand};
use crate::verdict::chat;
use crate::verdict::group_chat::{self, Handled};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of the call by which the focus has invited.
const GROUP: &str = "group";
/// OMA CPM's service of group sessions.
const GROUP_SERVICE: &str = "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group";

/// Invited by a focus, accepted (by the SMS user, if he is asked), connected.
#[given(expr = "{person} has a group chat with {person}")]
async fn has_group_chat(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = lab.group_invitation(&callee);
    lab.establish(&step.value, &caller, &callee, order).await;
}

/// An invitation by a focus that takes the place of the chat there is.
#[given(expr = "{person} has extended her chat with {person} to a group chat")]
async fn has_extended(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        replaces: Some(callee.0.clone()),
        ..lab.group_invitation(&callee)
    };
    lab.establish(&step.value, &caller, &callee, order).await;
}

/// The operator's template for group chats.
#[given(expr = "the operator's text for group chats of {person} is {string}")]
async fn group_text(lab: &mut Lab, person: PersonName, text: String) {
    lab.property(&person.0, "group_invite_text", text);
}

/// The operator's policy on changes of group chats.
#[given(expr = "SMS users {is} to be told of changes in {person}'s group chats")]
async fn told_of_changes(lab: &mut Lab, is: Is, person: PersonName) {
    lab.property(&person.0, "tell_changes", is.0);
}

/// A text of a participant that has become a short message.
#[given(expr = "{person} has received {person}'s {string} from {person}'s group chat")]
async fn has_received(
    lab: &mut Lab,
    callee: PersonName,
    writer: PersonName,
    text: String,
    focus: PersonName,
    step: &Step,
) {
    lab.write_in_group(&step.value, &writer, &text, &focus)
        .await;
    let question = chat::reached(&text, &callee.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// A participant that the SMS user has been told of.
#[given(expr = "{person} has joined {person}'s group chat")]
async fn has_joined(lab: &mut Lab, person: PersonName, focus: PersonName, step: &Step) {
    lab.change(&step.value, &person, &focus, true).await;
    let patience = lab.change_patience();
    let question = group_chat::told_of(&person.0, "Bob", patience);
    lab.require(&step.value, question).await;
}

/// An INVITE whose Session-Replaces names the chat there is.
#[when(expr = "{person} extends her chat with {person} to a group chat")]
async fn extends(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        replaces: Some(callee.0.clone()),
        ..lab.group_invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// The service identifier of group sessions, and no isfocus in the Contact.
#[when(expr = "{person} invites {person} by the group session service")]
async fn invites_by_service(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        service: Some(GROUP_SERVICE.into()),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// A SEND of the focus with the participant in CPIM From.
#[when(expr = "{person} writes {string} in {person}'s group chat")]
async fn writes(lab: &mut Lab, writer: PersonName, text: String, focus: PersonName, step: &Step) {
    lab.write_in_group(&step.value, &writer, &text, &focus)
        .await;
}

/// NOTIFY of the conference state (RFC 4575): a user is connected.
#[when(expr = "{person} joins {person}'s group chat")]
async fn joins(lab: &mut Lab, person: PersonName, focus: PersonName, step: &Step) {
    lab.change(&step.value, &person, &focus, true).await;
}

/// NOTIFY of the conference state (RFC 4575): a user is disconnected.
#[when(expr = "{person} leaves {person}'s group chat")]
async fn leaves(lab: &mut Lab, person: PersonName, focus: PersonName, step: &Step) {
    lab.change(&step.value, &person, &focus, false).await;
}

/// As many notifications, without waiting.
#[when(expr = "{int} participants join {person}'s group chat at once")]
async fn many_join(lab: &mut Lab, count: usize, focus: PersonName, step: &Step) {
    let domain = lab.stage().facility.profile.sip.domain.clone();
    let changes = (1..=count).map(|number| Participant {
        uri: format!("sip:participant-{number}@{domain}"),
        display_name: format!("P{number}"),
        connected: true,
    });
    let changes = changes.collect();
    lab.stimulus(&step.value).await;
    let call = GROUP.to_owned();
    lab.order(&focus.0, UeCommand::TellChanges { call, changes });
}

/// 2xx where the policy is to accept.
#[then("the invitation is accepted as any other")]
async fn accepted(lab: &mut Lab, step: &Step) {
    let question = group_chat::handled(Handled::Accepted, "Bob", lab.ixit().reaction_seconds);
    lab.acceptance(&step.value, question).await;
}

/// An inviting message where the policy is to ask.
#[then(expr = "{person} is asked as for any other")]
async fn asked(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = group_chat::handled(Handled::Asked, &person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A final non-2xx response where the policy is to reject.
#[then("the invitation is refused as any other")]
async fn refused(lab: &mut Lab, step: &Step) {
    let question = group_chat::handled(Handled::Refused, "Bob", lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// The whole text of the inviting message of a group chat.
#[then(expr = "{person} reads the group text {string}")]
async fn reads_group_text(lab: &mut Lab, _person: PersonName, text: String, step: &Step) {
    let question = group_chat::group_text_reads(&text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The operator's three words stand in the text.
#[then("the invitation to the group chat explains how to accept, reject and end")]
async fn explains(lab: &mut Lab, step: &Step) {
    let words = [Word::Accept, Word::Reject, Word::Leave].map(|word| lab.word(word));
    let question = group_chat::group_text_explains(words.to_vec(), lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The text for group chats, or an assigned number where the caller's own is configured.
#[then(expr = "the inviting message is one to a group chat with the text {string}")]
async fn invites_to_group(lab: &mut Lab, text: String, step: &Step) {
    let question = group_chat::invites_to_group(&text, "Alice", lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A SEND in the session with the focus, and nowhere else.
#[then(expr = "{string} reaches {person}'s group chat with {person} only")]
async fn reaches_group(
    lab: &mut Lab,
    text: String,
    _focus: PersonName,
    _sms_user: PersonName,
    step: &Step,
) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = group_chat::reaches_group_only(&text, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Sender of the first short message since.
#[then(expr = "the next short message to {person} does not come from {person}'s own number")]
async fn not_from_own(lab: &mut Lab, person: PersonName, user: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = group_chat::not_from_own_number(&person.0, &user.0, reaction);
    lab.check(&step.value, question).await;
}

/// Acknowledged on the SMS leg, and in the chat.
#[then(expr = "{person}'s reply {string} comes back to the gateway and reaches {person}")]
async fn comes_back(
    lab: &mut Lab,
    person: PersonName,
    text: String,
    _user: PersonName,
    step: &Step,
) {
    let question = group_chat::comes_back(&text, &person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 2xx to the replacing INVITE, and no short message before it.
#[then(expr = "the group chat takes its place without asking {person}")]
async fn replaces(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = group_chat::replaces_without_asking(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// BYE in the dialog of the chat between two.
#[then("the gateway ends the chat that was extended")]
async fn ends_extended(lab: &mut Lab, step: &Step) {
    let question = group_chat::ends_the_extended(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The writer's number or name stands before the text.
#[then(expr = "{person} sees that {person} wrote {string}")]
async fn sees_writer(
    lab: &mut Lab,
    person: PersonName,
    writer: PersonName,
    text: String,
    step: &Step,
) {
    let reaction = lab.ixit().reaction_seconds;
    let question = group_chat::shows_writer(&writer.0, &text, &person.0, reaction);
    lab.check(&step.value, question).await;
}

/// A short message that has the participant's number or name.
#[then(expr = "{person} is told that something has changed about {person}")]
async fn told(lab: &mut Lab, person: PersonName, about: PersonName, step: &Step) {
    let patience = lab.change_patience();
    let question = group_chat::told_of(&about.0, &person.0, patience);
    lab.check(&step.value, question).await;
}

/// No short message until changes are no longer collected.
#[then(expr = "{person} is told of no change")]
async fn not_told(lab: &mut Lab, person: PersonName, step: &Step) {
    let seconds = lab.ixit().change_interval_seconds + lab.ixit().guard_seconds;
    lab.never(&step.value, group_chat::told_of_nothing(&person.0, seconds))
        .await;
}

/// At most as many as the profile says.
#[then(expr = "{person} is told of it in few short messages")]
async fn told_in_few(lab: &mut Lab, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let wait = ixit.change_interval_seconds + ixit.guard_seconds;
    let patience = lab.change_patience();
    let question = group_chat::told_in_few(ixit.changes_at_most, &person.0, wait, patience);
    lab.check(&step.value, question).await;
}

impl Lab {
    fn group_invitation(&mut self, callee: &PersonName) -> Invitation {
        Invitation {
            call: GROUP.into(),
            group: true,
            ..self.invitation(callee)
        }
    }

    /// Changes are collected before they are told.
    fn change_patience(&mut self) -> f64 {
        let ixit = self.ixit();
        ixit.change_interval_seconds + ixit.guard_seconds + ixit.reaction_seconds
    }

    async fn write_in_group(
        &mut self,
        sentence: &str,
        writer: &PersonName,
        text: &str,
        focus: &PersonName,
    ) {
        self.stimulus(sentence).await;
        let number = self.stage().cast.number(&writer.0).to_owned();
        let message = ChatText {
            from: Some(format!("tel:{number}")),
            ..ChatText::plain(text)
        };
        self.write(focus, &PersonName(GROUP.into()), message);
    }

    async fn change(
        &mut self,
        sentence: &str,
        person: &PersonName,
        focus: &PersonName,
        connected: bool,
    ) {
        self.stimulus(sentence).await;
        let number = self.stage().cast.number(&person.0).to_owned();
        let change = Participant {
            uri: format!("tel:{number}"),
            display_name: person.0.clone(),
            connected,
        };
        let (call, changes) = (GROUP.to_owned(), vec![change]);
        self.order(&focus.0, UeCommand::TellChanges { call, changes });
    }
}
