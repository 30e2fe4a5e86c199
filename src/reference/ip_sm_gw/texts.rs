//! What the gateway says to the SMS user in a session: invitation, help, closing (3GPP TS 23.204 clauses 6.15.1 step 5 and 6.16.1).
//!
//! The words are the operator's; this only chooses the template, the caller's name and the number.

use super::session::Session;
use super::session_sms::{self, other_number};
use super::templates::{Variables, fill};
use crate::reference::faults::Fault;
use crate::reference::short_message::{OutgoingShortMessage, Submission};
use std::time::Duration;

impl Session {
    /// How the caller is named to the SMS user.
    pub fn caller(&self) -> String {
        mark!("ANO-02");
        mark!("INV-07");
        if self.invitation.sender.anonymous {
            self.settings.anonymous_name.clone()
        } else if self.invitation.group {
            self.invitation.inviter.clone()
        } else {
            self.invitation.sender.number.clone()
        }
    }

    fn variables(&self) -> Variables {
        Variables::new(&self.caller(), &self.settings.keywords)
    }

    /// The inviting message's text.
    pub fn inviting_text(&self) -> String {
        mark!("INV-05");
        mark!("INV-06");
        let faults = self.gateway.faults;
        let mut variables = self.variables();
        let templates = &self.settings.templates;
        if self.invitation.sender.anonymous && faults.is(Fault::LeaksCallerInInvitingMessage) {
            variables.caller = self.invitation.sender.number.clone();
        }
        if faults.is(Fault::InvitationNotMentioned) && !self.invitation.group {
            let rest = templates
                .invite
                .split_once(". ")
                .map_or(templates.invite.as_str(), |(_, rest)| rest);
            return fill(rest, &variables);
        }
        if faults.is(Fault::HardCodedInvitingText) && !self.invitation.group {
            let text = "{caller} invites you to a chat session: {accept}, {reject}, {leave}?";
            return fill(text, &variables);
        }
        if faults.is(Fault::KeywordsNotExplained) && !self.invitation.group {
            variables = variables.without_keywords();
        }
        mark!("GRP-03");
        if self.invitation.group {
            if faults.is(Fault::GroupTextWithoutInviter) {
                variables.caller = "Somebody".into();
            }
            if faults.is(Fault::GroupTextNotUsed) {
                return fill(&templates.invite, &variables);
            }
            return fill(&templates.group_invite, &variables);
        }
        fill(&templates.invite, &variables)
    }

    /// Sends the inviting message, concatenated if it is long.
    pub fn submit_inviting_message(&mut self) -> Vec<Submission> {
        mark!("INV-01");
        mark!("INV-08");
        mark!("INV-09");
        let faults = self.gateway.faults;
        self.references = self.references % 255 + 1;
        let mut to = self.sms_user.clone();
        if faults.is(Fault::InvitingMessageToWrongUser) {
            to = other_number(&to);
        }
        let text = self.inviting_text();
        let Some(mut messages) = session_sms::compose(&text, &self.number, &to, self.references)
        else {
            tracing::warn!("the inviting message needs more than 255 parts and was not sent");
            return Vec::new();
        };
        if faults.is(Fault::ProtocolIdSet) {
            messages.iter_mut().for_each(|m| m.protocol_id = 0x7f);
        }
        if faults.is(Fault::LongTextTruncated) {
            messages.truncate(1);
        }
        if faults.is(Fault::ConcatenationReferenceDiffers) {
            spoil_references(&mut messages);
        }
        if faults.is(Fault::WrongScAddress) {
            session_sms::spoil_service_centre(&mut messages, &self.settings);
        }
        let answer_time = Duration::from_secs_f64(self.settings.answer_seconds);
        for message in &mut messages {
            message.validity = Some(answer_time);
        }
        session_sms::submit(&self.gateway, &self.settings, messages)
    }

    /// A text from a group chat with what says who wrote it.
    pub fn with_writer(&self, text: String, sender: Option<&str>) -> String {
        mark!("GRP-06");
        let faults = self.gateway.faults;
        if !self.invitation.group || faults.is(Fault::GroupSenderNotShown) {
            return text;
        }
        let sender = match sender {
            Some(sender) if !faults.is(Fault::GroupSenderIsInviter) => sender,
            _ => &self.invitation.inviter,
        };
        let prefix = self
            .settings
            .templates
            .group_prefix
            .replacen("{sender}", sender, 1);
        format!("{prefix}{text}")
    }

    pub fn help_text(&self) -> String {
        fill(&self.settings.templates.help, &self.variables())
    }

    /// What a late answer is told; empty for nothing.
    pub fn late_text(&self) -> String {
        fill(&self.settings.templates.late_answer, &self.variables())
    }

    /// Tells the SMS user that the chat has ended, if that is the policy.
    pub fn submit_closing_message(&mut self) -> Vec<Submission> {
        mark!("TD-01");
        mark!("TD-02");
        mark!("TD-03");
        mark!("TD-05");
        let faults = self.gateway.faults;
        let wanted = if self.settings.notify_on_teardown {
            !faults.is(Fault::NoClosingMessage)
        } else {
            faults.is(Fault::ClosingMessageDespitePolicy)
        };
        mark!("TD-12");
        let untold =
            self.settings.recipient_is_cpm_user && faults.is(Fault::TerminatingTeardownSilent);
        if !wanted || untold {
            return Vec::new();
        }
        let text = if faults.is(Fault::ClosingTextHardCoded) {
            "Goodbye.".to_owned()
        } else {
            fill(&self.settings.templates.closing, &self.variables())
        };
        let mut number = self.number.clone();
        if faults.is(Fault::ClosingMessageFromOtherNumber) {
            number = other_number(&number);
        }
        if faults.is(Fault::ClosingWithWrongScAddress) {
            let mut settings = self.settings.clone();
            settings.service_centre = Some(other_number("+000000000000"));
            std::mem::swap(&mut self.settings, &mut settings);
            let submissions = self.submit_from(&number, &text);
            self.settings = settings;
            return submissions;
        }
        self.submit_from(&number, &text)
    }
}

/// Gives every part another reference: octet 3 of the header `05 00 03 rr mm ss`.
fn spoil_references(messages: &mut [OutgoingShortMessage]) {
    for (index, message) in (0u8..=255).zip(messages.iter_mut()) {
        if let Some(reference) = message.header.get_mut(3) {
            *reference = reference.wrapping_add(index);
        }
    }
}
