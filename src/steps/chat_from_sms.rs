//! Short messages on their way into a chat: bursts, parts, other senders, and what the CPM user's client makes of them.
use super::chat_content::burst;
use super::lab::Lab;
use super::policy::LONG_TEXT;
use super::stage::Means;
use super::vocabulary::PersonName;
use crate::peer::behaviour::{Segmentation, UeBehaviour};
use crate::peer::ue::UeCommand;
use crate::verdict::{chat_from_sms, session_number, teardown};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// MSRP status code of every response of the client.
#[given(expr = "{person}'s client answers chat messages with {int}")]
async fn client_refuses(lab: &mut Lab, user: PersonName, code: u16) {
    lab.adjust_client(&user, |client| client.msrp.answer_code = Some(code));
}

/// The time to answer a SEND is one the suite can wait for.
#[given("the time to take a chat message is short")]
async fn short_response(lab: &mut Lab) {
    let seconds = lab.ixit().message_response_seconds;
    lab.cpm_property("message_response_seconds", seconds);
}

/// No MSRP response at all.
#[given(expr = "{person}'s client answers no chat message")]
async fn client_is_silent(lab: &mut Lab, user: PersonName) {
    lab.adjust_client(&user, |client| client.msrp.silent = true);
}

/// T_reasm is one the suite can wait for.
#[given("the time for putting parts together is short")]
async fn short_reassembly(lab: &mut Lab) {
    let seconds = lab.ixit().short_reassembly_seconds;
    lab.cpm_property("reassembly_seconds", seconds);
}

/// BYE of the CPM user, answered, and the closing message if there is one.
#[given(expr = "{person} has ended her chat session with {person}")]
async fn has_ended(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = callee.0.clone();
    lab.order(&caller.0, UeCommand::Bye { call });
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    lab.require(&step.value, teardown::ended(reaction)).await;
    lab.await_fact(teardown::closing_message_received(&callee.0, guard))
        .await;
}

/// Short messages that follow each other without waiting.
#[when(expr = "{person} answers with {int} short messages")]
async fn answers_many(lab: &mut Lab, person: PersonName, count: usize, step: &Step) {
    lab.stimulus(&step.value).await;
    if let Means::Sms(handset) = &lab.user(&person.0).means {
        burst(count).iter().for_each(|text| handset.answer(text));
    }
}

/// A concatenated short message; each part is sent by the service centre as the sentence says.
#[when(
    regex = r"^(Bob|Carol) answers with a long message whose parts come (in order|in another order|twice each|under a 16-bit reference)$"
)]
async fn answers_in_parts(lab: &mut Lab, person: String, order: String, step: &Step) {
    lab.adjust_handset(&PersonName(person.clone()), |handset| {
        match order.as_str() {
            "in another order" => handset.parts_out_of_order = true,
            "twice each" => handset.deliver_duplicates = 1,
            "under a 16-bit reference" => handset.segmentation = Segmentation::Header16,
            _ => {}
        }
    });
    lab.answer_by_sms(&step.value, &PersonName(person), LONG_TEXT)
        .await;
}

/// A concatenated short message without its second part.
#[when(expr = "{person} answers with a long message of which a part is lost")]
async fn answers_with_a_gap(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.adjust_handset(&person, |handset| handset.lost_part = Some(2));
    lab.answer_by_sms(&step.value, &person, LONG_TEXT).await;
}

/// A short message to the number of a session, whoever it is for.
#[when(
    expr = "{person} sends the short message {string} to the number of {person}'s chat with {person}"
)]
async fn sends_to_number(
    lab: &mut Lab,
    sender: PersonName,
    text: String,
    user: PersonName,
    sms_user: PersonName,
    step: &Step,
) {
    let stage = lab.stage();
    let view = stage.view(stage.now());
    let number = session_number::of_session(&view, &user.0, &sms_user.0);
    let Some(number) = number else {
        lab.not_stimulated("a short message to the number of the chat")
    };
    lab.stimulus(&step.value).await;
    if let Means::Sms(handset) = &lab.user(&sender.0).means {
        handset.send(&number, &text);
    }
}

/// imdn.Message-ID of every chat message of the burst.
#[then(expr = "each of the {int} messages reaches {person} with an identifier of its own")]
async fn identifiers(lab: &mut Lab, count: usize, _user: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = chat_from_sms::identifiers_differ(&burst(count), reaction);
    lab.check(&step.value, question).await;
}

/// The response of the SMS leg, after 200 to the SEND.
#[then(expr = "{person}'s answer is acknowledged once {person}'s client has taken it")]
async fn acknowledged(lab: &mut Lab, person: PersonName, _user: PersonName, step: &Step) {
    let limit = lab.ixit().acknowledge_seconds;
    let question = chat_from_sms::acknowledged_once_taken(&person.0, limit);
    lab.check(&step.value, question).await;
}

/// An error on the SMS leg, after an error of the SEND or its silence.
#[then(expr = "{person}'s answer is not acknowledged as delivered")]
async fn not_delivered(lab: &mut Lab, person: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let limit = ixit.acknowledge_seconds + ixit.message_response_seconds;
    lab.refusal(&step.value, chat_from_sms::not_delivered(&person.0, limit))
        .await;
}

/// One chat message with the whole text.
#[then(expr = "that long message reaches {person} in one piece")]
async fn reaches_whole(lab: &mut Lab, _user: PersonName, step: &Step) {
    let (reaction, guard) = (lab.ixit().reaction_seconds, lab.ixit().guard_seconds);
    let question = chat_from_sms::reaches_in_one_piece(LONG_TEXT, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Neither chat content nor a SIP MESSAGE until T_reasm and the guard time have passed.
#[then(expr = "nothing of it reaches {person}, also when that time has passed")]
async fn reaches_not(lab: &mut Lab, _user: PersonName, step: &Step) {
    let seconds = lab.ixit().short_reassembly_seconds + lab.ixit().guard_seconds;
    lab.never(&step.value, chat_from_sms::nothing_of_it("Bob", seconds))
        .await;
}

/// No chat content with that text over the guard time.
#[then(expr = "{string} from {person} does not enter {person}'s chat with {person}")]
async fn stays_out(
    lab: &mut Lab,
    text: String,
    sender: PersonName,
    _user: PersonName,
    _sms_user: PersonName,
    step: &Step,
) {
    let guard = lab.ixit().guard_seconds;
    lab.never(
        &step.value,
        chat_from_sms::stays_out(&text, &sender.0, guard),
    )
    .await;
}

impl Lab {
    /// What a CPM user's client does otherwise from now on.
    pub fn adjust_client(&mut self, user: &PersonName, change: impl FnOnce(&mut UeBehaviour)) {
        let mut behaviour = self.stage().facility.terminal();
        change(&mut behaviour);
        self.order(&user.0, UeCommand::Behave(behaviour));
    }
}
