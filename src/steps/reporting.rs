//! What the sentences on delivery reports share: messages that ask for them, and what the service centre is told to report of which.
//!
//! Short messages that request a status report are counted in the capture, as the service centre counts them.
use super::lab::Lab;
use super::phone::Phone;
use super::stage::Means;
use super::vocabulary::{PersonName, TpStatus, Wish};
use crate::observe::{self, Direction};
use crate::peer::ue::{ChatText, PagerMessage, UeCommand};
use crate::verdict::{Question, Reason, View, chat, status_report};
use crate::wire::cpim::{Imdn, ImdnStatus};
use std::collections::HashMap;

/// The SMS user of these scenarios.
const SMS_USER: &str = "Bob";
/// TP-ST of every third message of many: its validity period has expired.
const EXPIRED: u8 = 0x46;

/// What a test case has asked the service centre to report.
#[derive(Debug, Default)]
pub struct Reporting {
    /// Texts of the messages last sent in one go, and how many texts there have been in all.
    texts: Vec<String>,
    count: usize,
    /// Reports ordered on them.
    statuses: Vec<u8>,
    ordered: bool,
    /// How many answers the SMS user has sent in one go.
    pub answers: usize,
}

/// Places of short messages among those that request a status report, by the text of the whole message; the first part counts.
fn places(view: &View) -> HashMap<String, usize> {
    let messages = view.short_messages_to(SMS_USER);
    let mut parts: Vec<(u32, &str)> = messages
        .iter()
        .flat_map(|message| {
            let requesting = message.parts.iter().filter(|part| part.report_requested);
            requesting.map(|part| (part.frame, message.text.as_str()))
        })
        .collect();
    parts.sort_by_key(|(frame, _)| *frame);
    let mut places = HashMap::new();
    for (place, (_, text)) in parts.into_iter().enumerate() {
        places.entry(text.to_owned()).or_insert(place);
    }
    places
}

impl Lab {
    pub fn handset_of(&mut self, person: &PersonName) -> Phone {
        match &self.user(&person.0).means {
            Means::Sms(handset) => handset.clone(),
            Means::Cpm(_) | Means::Mmtel(_) => self.broken(
                Reason::Config,
                format!("{} has no handset in this scenario", person.0),
            ),
        }
    }

    /// Chat messages that ask for what their sender wants to be told.
    pub async fn ask_in_chat(
        &mut self,
        sentence: &str,
        user: &PersonName,
        to: &PersonName,
        texts: &[String],
        wish: Wish,
    ) {
        self.stimulus(sentence).await;
        for text in texts {
            let message = ChatText {
                text: text.clone(),
                success_report: wish.success_report,
                failure_report: (!wish.failure_report).then(|| "no".to_owned()),
                imdn: wish.notification.map(str::to_owned),
                ..ChatText::default()
            };
            let call = to.0.clone();
            self.order(&user.0, UeCommand::Send { call, message });
        }
    }

    /// A pager message that asks for what its sender wants to be told.
    pub async fn ask_by_pager(
        &mut self,
        sentence: &str,
        user: &PersonName,
        to: &PersonName,
        text: &str,
        wish: Wish,
    ) {
        let order = PagerMessage {
            imdn: wish.notification.map(str::to_owned),
            ..self.pager_message(to, text)
        };
        self.send_pager(sentence, user, order).await;
    }

    /// A precondition: the message has become a short message.
    pub async fn has_reached(&mut self, sentence: &str, text: &str, to: &PersonName) {
        let question = chat::reached(text, &to.0, self.ixit().reaction_seconds);
        self.require(sentence, question).await;
    }

    /// Texts of this test case's own for many messages.
    pub fn new_texts(&mut self, count: usize) -> Vec<String> {
        let reporting = &mut self.stage().reporting;
        let first = reporting.count + 1;
        reporting.count += count;
        reporting.texts = (first..first + count)
            .map(|number| format!("Message {number}"))
            .collect();
        reporting.texts.clone()
    }

    /// Waits until the service centre can report on every message sent in this way.
    pub async fn all_submitted(&mut self, to: &PersonName) {
        let (handset, count) = (self.handset_of(to), self.stage().reporting.count);
        self.sent("that many messages", |view| {
            handset.owes_reports(count) && places(view).len() >= count
        })
        .await;
    }

    /// Reports on the latest short message that requests one, one after the other.
    pub async fn report_on_latest(&mut self, sentence: &str, statuses: &[TpStatus]) {
        let stage = self.stage();
        let places = places(&stage.view(stage.now()));
        let latest = places.into_values().max().unwrap_or(0);
        let reports = statuses.iter().map(|status| (latest, status.0)).collect();
        self.report(sentence, reports).await;
    }

    /// Reports by the place of the short message among those that request one.
    pub async fn report(&mut self, sentence: &str, reports: Vec<(usize, u8)>) {
        self.stimulus(sentence).await;
        let reporting = &mut self.stage().reporting;
        reporting.ordered = true;
        reporting.statuses = reports.iter().map(|(_, status)| *status).collect();
        self.handset_of(&PersonName(SMS_USER.to_owned()))
            .report(&reports);
        self.sent("a status report", |view| view.has_new_status_report())
            .await;
    }

    /// One report on each part of the only message; between two there is time for what follows from the first.
    pub async fn report_on_parts(&mut self, sentence: &str, statuses: [TpStatus; 3]) {
        let pause = self.ixit().allowance_seconds;
        let handset = self.handset_of(&PersonName(SMS_USER.to_owned()));
        for (part, status) in statuses.into_iter().enumerate() {
            match part {
                0 => self.report(sentence, vec![(part, status.0)]).await,
                _ => {
                    self.let_pass(pause).await;
                    handset.report(&[(part, status.0)]);
                }
            }
        }
    }

    /// The messages last sent, the last one first; every third one has expired.
    pub fn backwards(&mut self) -> Vec<(usize, u8)> {
        let stage = self.stage();
        let places = places(&stage.view(stage.now()));
        let texts = stage.reporting.texts.iter().enumerate().rev();
        texts
            .filter_map(|(number, text)| {
                let status = if number % 3 == 2 { EXPIRED } else { 0x00 };
                Some((*places.get(text)?, status))
            })
            .collect()
    }

    /// Of each of the messages last sent she is told what was reported of it.
    pub fn each_told(&mut self) -> Question {
        let ixit = self.ixit().clone();
        let reporting = &self.stage().reporting;
        let told =
            |status: &&u8| status_report::meaning(**status) != status_report::Meaning::Nothing;
        let due = reporting.statuses.iter().filter(told).count();
        let texts = reporting.texts.clone();
        status_report::each_told(texts, due, ixit.reaction_seconds, ixit.guard_seconds)
    }

    /// How long a status report might still be waited for, where that is short and none was ordered.
    pub fn report_wait(&mut self) -> f64 {
        let ordered = self.stage().reporting.ordered;
        let short = self
            .stage()
            .users
            .values()
            .any(|user| user.properties.contains_key("report_seconds"));
        match short && !ordered {
            true => self.ixit().short_report_seconds,
            false => 0.0,
        }
    }

    /// A notification that the last chat message of the SMS user was displayed.
    pub fn notification_of_display(&mut self, to: &PersonName) -> ChatText {
        let stage = self.stage();
        let sessions = observe::sessions(stage.trace());
        let last = sessions
            .iter()
            .flat_map(|session| &session.messages)
            .rfind(|message| message.direction == Direction::FromSystem && message.cpim.is_some());
        let message_id = last
            .and_then(|message| message.cpim.as_ref()?.imdn_header("Message-ID"))
            .unwrap_or("unknown")
            .to_owned();
        let notification = Imdn {
            message_id,
            datetime: None,
            recipient_uri: Some(format!("tel:{}", stage.cast.number(&to.0))),
            original_recipient_uri: None,
            status: ImdnStatus::Displayed,
        };
        ChatText {
            text: String::from_utf8_lossy(&notification.to_octets()).into_owned(),
            wrapped_type: Some("message/imdn+xml".to_owned()),
            ..ChatText::default()
        }
    }
}
