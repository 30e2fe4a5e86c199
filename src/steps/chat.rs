//! Chat sessions and what is said in them.
use super::lab::Lab;
use super::policy::LONG_TEXT;
use super::stage::Means;
use super::vocabulary::{PersonName, Word};
use crate::peer::ue::{ChatText, Invitation, UeCommand};
use crate::verdict::{Question, chat, invitation, routing, scene, short_message};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Invited, accepted (by the SMS user, if he is asked), connected.
#[given(expr = "{person} has a chat session with {person}")]
async fn has_session(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = lab.invitation(&callee);
    lab.establish(&step.value, &caller, &callee, order).await;
}

/// The same with `Privacy: id`.
#[given(expr = "{person} has an anonymous chat session with {person}")]
async fn has_anonymous_session(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        privacy: Some("id".into()),
        ..lab.invitation(&callee)
    };
    lab.establish(&step.value, &caller, &callee, order).await;
}

/// A chat message that has become a short message.
#[given(expr = "{person} has received {person}'s message {string}")]
async fn has_received(
    lab: &mut Lab,
    callee: PersonName,
    caller: PersonName,
    text: String,
    step: &Step,
) {
    lab.say(&step.value, &caller, &callee, &text).await;
    let question = chat::reached(&text, &callee.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// An MSRP SEND with message/cpim in the session with that SMS user.
#[when(expr = "{person} sends {person} the message {string}")]
async fn sends(lab: &mut Lab, caller: PersonName, callee: PersonName, text: String, step: &Step) {
    lab.say(&step.value, &caller, &callee, &text).await;
}

/// The same with a text that fits no single short message.
#[when(expr = "{person} sends {person} a long message")]
async fn sends_long(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.say(&step.value, &caller, &callee, LONG_TEXT).await;
}

/// A short message to a CPM user's own number, outside any chat.
#[when(expr = "{person} sends {person} the short message {string}")]
async fn sends_short_message(
    lab: &mut Lab,
    sender: PersonName,
    user: PersonName,
    text: String,
    step: &Step,
) {
    lab.send_short_message(&step.value, &sender, &user, &text)
        .await;
}

/// One short message with equal text, and no second.
#[then(expr = "{person} receives {string} once")]
async fn receives_once(lab: &mut Lab, person: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        chat::delivered_once(&text, &person.0, ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

/// The same for the long text.
#[then(expr = "{person} receives that long message once")]
async fn receives_long_once(lab: &mut Lab, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        chat::delivered_once(
            LONG_TEXT,
            &person.0,
            ixit.reaction_seconds,
            ixit.guard_seconds,
        ),
    )
    .await;
}

/// Destination and sender of the short message, where the CPM user has two sessions.
#[then(expr = "{string} reaches {person} only, from the number of his chat session")]
async fn reaches_sms_user_only(lab: &mut Lab, text: String, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let others = lab.other_sms_users(&person);
    lab.check(
        &step.value,
        chat::delivered_only_to(
            &text,
            "Alice",
            &person.0,
            others,
            ixit.reaction_seconds,
            ixit.guard_seconds,
        ),
    )
    .await;
}

/// No header field of the CPIM wrapper in the text.
#[then(expr = "{person} sees nothing of the wrapping of {string}")]
async fn sees_no_wrapping(lab: &mut Lab, person: PersonName, _text: String, step: &Step) {
    let question = chat::nothing_of_the_wrapping(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Exactly one chat message with equal text in the session of the two.
#[then(expr = "{string} reaches {person} once in her chat session with {person}")]
async fn reaches_once(
    lab: &mut Lab,
    text: String,
    user: PersonName,
    sms_user: PersonName,
    step: &Step,
) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = chat::arrives_once(&text, &user.0, &sms_user.0, reaction, guard);
    lab.check(&step.value, question).await;
}

/// A chat message with equal text in the session of the two.
#[then(expr = "{string} reaches {person} in her chat session with {person}")]
async fn reaches(lab: &mut Lab, text: String, user: PersonName, sms_user: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = chat::arrives(&text, &user.0, &sms_user.0, reaction, guard);
    lab.check(&step.value, question).await;
}

/// In the session of the two, and not as a SIP MESSAGE.
#[then(
    expr = "{string} reaches {person} in her chat session with {person}, not as a message of its own"
)]
async fn reaches_in_chat(
    lab: &mut Lab,
    text: String,
    user: PersonName,
    sms_user: PersonName,
    step: &Step,
) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        chat::arrives_in_chat(
            &text,
            &user.0,
            &sms_user.0,
            ixit.reaction_seconds,
            ixit.guard_seconds,
        ),
    )
    .await;
}

/// In the session of the two, and in no other session.
#[then(expr = "{string} reaches {person} in her chat session with {person} only")]
async fn reaches_only(
    lab: &mut Lab,
    text: String,
    user: PersonName,
    sms_user: PersonName,
    step: &Step,
) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        chat::arrives_in_no_other_chat(
            &text,
            &user.0,
            &sms_user.0,
            ixit.reaction_seconds,
            ixit.guard_seconds,
        ),
    )
    .await;
}

/// Content type of the chat message.
#[then(expr = "{string} reaches {person} as CPIM-wrapped plain text")]
async fn reaches_as_cpim(lab: &mut Lab, _text: String, user: PersonName, step: &Step) {
    let question = chat::cpim_wrapped_plain_text(&user.0, "Bob", lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// CPIM From and To.
#[then(expr = "{string} names {person} as sender and {person} as recipient")]
async fn names(lab: &mut Lab, _text: String, sms_user: PersonName, user: PersonName, step: &Step) {
    let question =
        chat::names_sender_and_recipient(&sms_user.0, &user.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// CPIM DateTime against TP-SCTS.
#[then(expr = "{string} carries the time stamp of the service centre")]
async fn carries_time_stamp(lab: &mut Lab, text: String, step: &Step) {
    let question = routing::carries_time_stamp(&text, "Bob", lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// A SIP MESSAGE to a CPM user.
#[then(expr = "{person} receives the message {string}")]
async fn receives_message(lab: &mut Lab, user: PersonName, text: String, step: &Step) {
    let question = chat::arrives_as_message(&text, &user.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Neither a SIP MESSAGE nor chat content over the guard time.
#[then(expr = "{person} receives no message")]
async fn receives_nothing(lab: &mut Lab, user: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(
        &step.value,
        chat::does_not_arrive(None, "Bob", &user.0, guard),
    )
    .await;
}

/// The operator's word does not appear on the CPM side.
#[then(expr = "the acceptance does not reach {person} as chat content")]
async fn acceptance_does_not_reach(lab: &mut Lab, user: PersonName, step: &Step) {
    let (word, guard) = (lab.word(Word::Accept), lab.ixit().guard_seconds);
    lab.never(
        &step.value,
        chat::acceptance_does_not_arrive(&word, "Bob", &user.0, guard),
    )
    .await;
}

/// The operator's word does not appear on the CPM side.
#[then(expr = "the word for leaving does not reach {person} as chat content")]
async fn leaving_does_not_reach(lab: &mut Lab, user: PersonName, step: &Step) {
    let (word, guard) = (lab.word(Word::Leave), lab.ixit().guard_seconds);
    lab.never(
        &step.value,
        chat::does_not_arrive(Some(&word), "Bob", &user.0, guard),
    )
    .await;
}

impl Lab {
    /// A short message to somebody's own number.
    pub async fn send_short_message(
        &mut self,
        sentence: &str,
        sender: &PersonName,
        user: &PersonName,
        text: &str,
    ) {
        self.stimulus(sentence).await;
        let number = self.stage().cast.number(&user.0).to_owned();
        self.handset(sender).send(&number, text);
    }

    /// Brings a chat session about: the SMS user accepts if he is asked.
    pub async fn establish(
        &mut self,
        sentence: &str,
        caller: &PersonName,
        callee: &PersonName,
        order: Invitation,
    ) {
        self.invite(sentence, caller, order).await;
        let reaction = self.ixit().reaction_seconds;
        self.require(sentence, asked_or_accepted(&callee.0, reaction))
            .await;
        let stage = self.stage();
        let accepted = stage
            .view(stage.now())
            .invitation()
            .is_some_and(|call| call.accepted().is_some());
        if !accepted {
            let word = self.word(Word::Accept);
            self.answer_by_sms(&format!("{} accepts", callee.0), callee, &word)
                .await;
        }
        self.require(
            sentence,
            invitation::session_stands(&caller.0, &callee.0, reaction),
        )
        .await;
    }

    /// One chat message as the CPM user's client sends it.
    pub async fn say(
        &mut self,
        sentence: &str,
        caller: &PersonName,
        callee: &PersonName,
        text: &str,
    ) {
        self.stimulus(sentence).await;
        self.write(caller, callee, ChatText::plain(text));
    }

    /// A chat message in whatever form, in the session with that SMS user.
    pub fn write(&mut self, caller: &PersonName, callee: &PersonName, message: ChatText) {
        let call = callee.0.clone();
        self.order(&caller.0, UeCommand::Send { call, message });
    }

    fn other_sms_users(&mut self, person: &PersonName) -> Vec<String> {
        let users = &self.stage().users;
        users
            .iter()
            .filter(|(name, user)| **name != person.0 && matches!(user.means, Means::Sms(_)))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// Either the inviting message has come, or the invitation is accepted already.
fn asked_or_accepted(callee: &str, reaction: f64) -> Question {
    let callee = callee.to_owned();
    let asked = short_message::inviting_message_received(&callee, reaction);
    Question::eventually(
        format!("{callee} is asked, or the invitation is accepted"),
        reaction,
        move |view| match view.invitation() {
            Some(call) => match call.accepted() {
                Some(response) => {
                    crate::verdict::Judgement::holds("accepted", scene::frames_of(&[response]))
                }
                None => asked.ask(view),
            },
            None => asked.ask(view),
        },
    )
}
