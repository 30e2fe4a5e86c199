//! Inviting, answering, cancelling, and what becomes of the invitation.
use super::lab::Lab;
use super::stage::Means;
use super::vocabulary::{Outcome, PersonName, Word};
use crate::peer::ue::{Invitation, UeCommand};
use crate::sut::Ixit;
use crate::verdict::{Question, Reason, acceptance, invitation, short_message, waiting};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// One CPM Session Invitation towards an SMS user.
#[given(expr = "{person} has invited {person} to a chat session")]
#[when(expr = "{person} invites {person} to a chat session")]
async fn invites(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = lab.invitation(&callee);
    lab.invite(&step.value, &caller, order).await;
}

/// The same with `Privacy: id` (RFC 3323, RFC 3325).
#[when(expr = "{person} invites {person} to a chat session anonymously")]
async fn invites_anonymously(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        privacy: Some("id".into()),
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// An invitation by a group focus on behalf of the caller.
#[given(expr = "{person} has invited {person} to a group chat")]
#[when(expr = "{person} invites {person} to a group chat")]
async fn invites_to_group_chat(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        group: true,
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// An invitation whose target no short message can reach.
#[when(expr = "{person} invites an address without a telephone number to a chat session")]
async fn invites_address(lab: &mut Lab, caller: PersonName, step: &Step) {
    let domain = lab.stage().facility.profile.sip.domain.clone();
    let order = Invitation {
        call: "nobody".into(),
        to_uri: format!("sip:somebody@{domain}"),
        ..Invitation::default()
    };
    lab.invite(&step.value, &caller, order).await;
}

/// The INVITE and three retransmissions of it.
#[when(expr = "{person}'s invitation to {person} arrives four times")]
async fn arrives_four_times(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let order = Invitation {
        duplicates: 3,
        ..lab.invitation(&callee)
    };
    lab.invite(&step.value, &caller, order).await;
}

/// CANCEL of the invitation that waits.
#[given(expr = "{person} has cancelled the invitation")]
#[when(expr = "{person} cancels the invitation")]
async fn cancels(lab: &mut Lab, caller: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let call = lab.stage().call.clone();
    lab.order(&caller.0, UeCommand::Cancel { call });
    if step.keyword.trim() != "When" {
        let question = waiting::cancelled(lab.ixit().reaction_seconds);
        lab.require(&step.value, question).await;
    }
}

/// The inviting message is on the SMS user's handset.
#[given(expr = "{person} has received the inviting message")]
async fn has_received(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = short_message::inviting_message_received(&callee.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// A short message with one of the operator's words, to the number the last short message came from.
#[when(expr = "{person} answers with {answer}")]
async fn answers_with(lab: &mut Lab, callee: PersonName, word: Word, step: &Step) {
    let text = lab.word(word);
    lab.answer_by_sms(&step.value, &callee, &text).await;
}

/// A short message with any text, to the number the last short message came from.
#[when(expr = "{person} answers {string}")]
async fn answers(lab: &mut Lab, callee: PersonName, text: String, step: &Step) {
    lab.answer_by_sms(&step.value, &callee, &text).await;
}

/// The acceptance has led to a chat session.
#[given(expr = "{person} has accepted the invitation")]
async fn has_accepted(lab: &mut Lab, callee: PersonName, step: &Step) {
    let text = lab.word(Word::Accept);
    lab.answer_by_sms(&step.value, &callee, &text).await;
    let question = invitation::session_stands("Alice", &callee.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// T_ans has passed and the invitation was refused.
#[given(expr = "{person}'s invitation has ended without an answer")]
async fn has_ended(lab: &mut Lab, _caller: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let question = invitation::refused(
        ixit.short_answer_seconds + ixit.answer_tolerance_seconds + ixit.reaction_seconds,
    );
    lab.require(&step.value, question).await;
}

/// Half of T_ans, counted from the inviting message.
#[given("half the time to answer has passed")]
async fn half_the_time(lab: &mut Lab, step: &Step) {
    let question = short_message::inviting_message_received("Bob", lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
    let half = lab.ixit().short_answer_seconds / 2.0;
    lab.let_pass(half).await;
}

/// What became of the invitation.
#[then(expr = "the invitation is {outcome}")]
async fn becomes(lab: &mut Lab, outcome: Outcome, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = match outcome {
        Outcome::Accepted => acceptance::accepted(reaction),
        Outcome::Converted => invitation::converted(reaction),
    };
    lab.check(&step.value, question).await;
}

/// One final response, not a 2xx.
#[then("the invitation is refused")]
async fn refused(lab: &mut Lab, step: &Step) {
    let question = invitation::refused(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// The refusal is error information: 4xx or 6xx.
#[then("the invitation is refused with an error")]
async fn refused_with_error(lab: &mut Lab, step: &Step) {
    let question = invitation::refused_with_error(lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// A refusal with one of the codes the profile takes for a decline.
#[then("the invitation is declined")]
async fn declined(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let question = invitation::refused_with_code(&ixit.decline_codes, ixit.reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// A refusal with one of the codes the profile takes for no answer.
#[then("the invitation is refused as unanswered")]
async fn refused_as_unanswered(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let patience =
        ixit.short_answer_seconds + ixit.answer_tolerance_seconds + ixit.reaction_seconds;
    lab.refusal(
        &step.value,
        invitation::refused_with_code(&ixit.no_answer_codes, patience),
    )
    .await;
}

/// T_ans, within the profile's tolerance.
#[then("the invitation is refused when the time to answer has passed")]
async fn refused_in_time(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let tolerance = ixit.answer_tolerance_seconds + ixit.allowance_seconds;
    lab.refusal(
        &step.value,
        waiting::refused_after(ixit.short_answer_seconds, tolerance, ixit.reaction_seconds),
    )
    .await;
}

/// T_ans counts from the invitation, whatever the SMS user has sent since.
#[then("the time to answer is not extended")]
async fn not_extended(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let tolerance = ixit.answer_tolerance_seconds + ixit.allowance_seconds;
    lab.check(
        &step.value,
        waiting::time_not_restarted(ixit.short_answer_seconds, tolerance, ixit.reaction_seconds),
    )
    .await;
}

/// A refusal that follows the failed submission.
#[then(expr = "the invitation is refused because {person} cannot be asked")]
async fn refused_after_failure(lab: &mut Lab, callee: PersonName, step: &Step) {
    let question = invitation::refused_after_failure(&callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The INVITE with Privacy is taken up.
#[then("the wish to stay unnamed is understood")]
async fn privacy_understood(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        invitation::privacy_understood(ixit.reaction_seconds, ixit.guard_seconds),
    )
    .await;
}

/// No final response over the guard time.
#[then("the invitation is neither accepted nor refused")]
async fn undecided(lab: &mut Lab, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.wait_for_inviting_message().await;
    lab.never(&step.value, waiting::undecided(guard)).await;
}

/// A provisional response follows the INVITE at once.
#[then("the invitation is being tried at once")]
async fn tried_at_once(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    lab.check(
        &step.value,
        waiting::tried_at_once(ixit.trying_seconds, ixit.allowance_seconds),
    )
    .await;
}

/// Provisional responses other than 100 come often enough until the final response.
#[then("the invitation is kept alive until it is answered")]
async fn kept_alive(lab: &mut Lab, step: &Step) {
    let ixit = lab.ixit();
    let patience =
        ixit.short_answer_seconds + ixit.answer_tolerance_seconds + ixit.reaction_seconds;
    lab.check(
        &step.value,
        waiting::kept_alive(
            ixit.provisional_interval_seconds,
            ixit.allowance_seconds,
            patience,
        ),
    )
    .await;
}

/// 200 to CANCEL, 487 to INVITE.
#[then("the invitation ends as cancelled")]
async fn ends_as_cancelled(lab: &mut Lab, step: &Step) {
    let question = waiting::cancelled(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Neither an INVITE from the system, nor a late 2xx, nor chat content.
#[then("no chat session starts")]
async fn no_session(lab: &mut Lab, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    lab.never(&step.value, waiting::no_session_starts(guard))
        .await;
}

/// 2xx, ACK, and a message connection that works.
#[then(expr = "the chat session between {person} and {person} starts")]
async fn session_starts(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let question = invitation::session_stands(&caller.0, &callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// RFC 3261 section 13.3.1.4 and RFC 4975 section 8 on the 2xx.
#[then(expr = "the acceptance answers {person}'s offer of a chat")]
async fn answers_offer(lab: &mut Lab, _caller: PersonName, step: &Step) {
    let question = acceptance::answers_offer(lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Warning 399 with a number of OMA practice.
#[then(regex = r"^the refusal carries a warning that starts with (119|127)$")]
async fn warning(lab: &mut Lab, number: String, step: &Step) {
    let number = if number == "119" { "119" } else { "127" };
    let question = invitation::warning(number, lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

impl Lab {
    pub fn ixit(&mut self) -> Ixit {
        self.stage().facility.profile.ixit.clone()
    }

    /// The operator's word that the SMS user sends.
    pub fn word(&mut self, word: Word) -> String {
        let words = self.ixit().words;
        let list = match word {
            Word::Accept => words.accept,
            Word::Reject => words.reject,
            Word::Leave => words.leave,
        };
        match list.into_iter().next() {
            Some(text) => text,
            None => self.broken(Reason::Config, "ixit.words has an empty list"),
        }
    }

    /// An ordinary invitation to an SMS user; its label is his name.
    pub fn invitation(&mut self, callee: &PersonName) -> Invitation {
        let number = self.stage().cast.number(&callee.0).to_owned();
        Invitation {
            call: callee.0.clone(),
            to_uri: format!("tel:{number}"),
            ..Invitation::default()
        }
    }

    pub async fn invite(&mut self, sentence: &str, caller: &PersonName, order: Invitation) {
        self.stimulus(sentence).await;
        self.stage().call = order.call.clone();
        self.stage()
            .calls
            .push((caller.0.clone(), order.call.clone()));
        self.order(&caller.0, UeCommand::Invite(Box::new(order)));
        self.sent("the INVITE", |view| view.has_new_invitation())
            .await;
    }

    /// A short message to the number the last short message came from.
    pub async fn answer_by_sms(&mut self, sentence: &str, callee: &PersonName, text: &str) {
        self.stimulus(sentence).await;
        match &self.user(&callee.0).means {
            Means::Sms(handset) => handset.answer(text),
            Means::Cpm(_) | Means::Mmtel(_) => self.broken(
                Reason::Config,
                format!("{} has no handset in this scenario", callee.0),
            ),
        }
        let name = callee.0.clone();
        self.sent("the short message", move |view| {
            !view.short_messages_from(&name).is_empty()
        })
        .await;
    }

    /// Gives the inviting message its time before "nothing happens" is timed; without one the judge says so.
    pub async fn wait_for_inviting_message(&mut self) {
        let reaction = self.ixit().reaction_seconds;
        self.await_fact(short_message::inviting_message_received("Bob", reaction))
            .await;
    }

    /// Waits for something without judging it.
    pub async fn await_fact(&mut self, question: Question) {
        self.look_for(&question).await;
    }
}
