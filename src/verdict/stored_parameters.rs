//! CPM parameters that SMS cannot carry: what comes back with an SMS user's answer, in notifications, in responses and in a session.
//!
//! One row asks whether something comes back at all, another which value, another whether its octets are the same: each judge leaves
//! alone what another row decides. More than 400 lines, because it has a short judge for each of many rows.
use super::scene::{first, frames_of, pager_text, seconds};
use super::told::notification_in;
use super::{Judgement, Question, Reason, View};
use crate::observe::{self, Direction, SipFact, Transaction};
use crate::wire::sip::{SipMessage, number_of};

pub const CONVERSATION: &str = "Conversation-ID";
pub const CONTRIBUTION: &str = "Contribution-ID";
pub const REPLIED_TO: &str = "InReplyTo-Contribution-ID";

impl<'a> View<'a> {
    /// The latest SIP MESSAGE of a CPM user with that text.
    fn asked(&self, text: &str) -> Option<Transaction<'a>> {
        self.questions()
            .into_iter()
            .rfind(|message| pager_text(message.request.message) == text)
    }

    /// All SIP MESSAGEs of CPM users, oldest first.
    fn questions(&self) -> Vec<Transaction<'a>> {
        let mut found = observe::messages(self.trace);
        found.retain(|message| message.direction != Direction::FromSystem);
        found
    }

    /// SIP MESSAGEs from the system since the stimulus that carry a text of an SMS user.
    fn answers(&self) -> Vec<Transaction<'a>> {
        let mut found = self.new_pager_messages();
        found.retain(|message| notification_in(message.request.message).is_none());
        found
    }

    fn answer(&self, text: &str) -> Option<Transaction<'a>> {
        let mut answers = self.answers();
        answers.retain(|message| pager_text(message.request.message).contains(text));
        answers.into_iter().next()
    }
}

fn value<'m>(message: &'m SipMessage, name: &str) -> Option<&'m str> {
    message.header(name).map(str::trim)
}

/// The two values an answer brings back, and the two it should.
struct Pair<'a> {
    asked: Transaction<'a>,
    answer: Transaction<'a>,
}

impl Pair<'_> {
    fn frames(&self) -> Vec<u32> {
        frames_of(&[self.asked.request, self.answer.request])
    }

    /// The kept value and what came back of it.
    fn conversation(&self) -> (Option<&str>, Option<&str>) {
        let (asked, answer) = (self.asked.request.message, self.answer.request.message);
        (value(asked, CONVERSATION), value(answer, CONVERSATION))
    }

    fn contribution(&self) -> (Option<&str>, Option<&str>) {
        let (asked, answer) = (self.asked.request.message, self.answer.request.message);
        (value(asked, CONTRIBUTION), value(answer, REPLIED_TO))
    }

    fn shown(&self) -> String {
        let word = |value: Option<&str>| value.unwrap_or("absent").to_owned();
        format!(
            "{CONVERSATION} {}, {REPLIED_TO} {}",
            word(self.conversation().1),
            word(self.contribution().1)
        )
    }
}

/// Applies a judge to an answer and the message it answers. That it arrives at all is another row's business.
fn about(
    view: &View,
    answer: &str,
    asked: &str,
    judge: impl FnOnce(&Pair) -> Judgement,
) -> Judgement {
    let Some(asked) = view.asked(asked) else {
        return Judgement::unproven(format!("no SIP MESSAGE {asked:?} of a CPM user"));
    };
    match view.answer(answer) {
        Some(answer) => judge(&Pair { asked, answer }),
        None => Judgement::unproven(format!("{answer:?} does not arrive as a SIP MESSAGE")),
    }
}

fn question(
    expected: String,
    reaction: f64,
    (answer, asked): (&str, &str),
    judge: impl Fn(&View, &Pair) -> Judgement + Send + Sync + 'static,
) -> Question {
    let (answer, asked) = (answer.to_owned(), asked.to_owned());
    Question::eventually(expected, reaction, move |view| {
        about(view, &answer, &asked, |pair| judge(view, pair))
    })
}

/// What came back, if anything: equal, differing, or absent.
fn equal((kept, back): (Option<&str>, Option<&str>)) -> Option<bool> {
    back.map(|back| kept == Some(back))
}

/// Something of what was kept comes back.
//= PAR-01 type=test
//= PAR-11 type=test
pub fn belongs(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("the parameters of {asked:?} come back");
    question(expected, reaction, (answer, asked), |_, pair| {
        let (conversation, contribution) = (equal(pair.conversation()), equal(pair.contribution()));
        match (conversation, contribution) {
            (Some(true), _) | (_, Some(true)) => Judgement::holds(pair.shown(), pair.frames()),
            (None, None) => Judgement::unproven("no parameter comes back"),
            _ => Judgement::broken(Reason::WrongValue, pair.shown(), pair.frames()),
        }
    })
}

/// Nothing of what was kept comes back.
//= PAR-11 type=test
pub fn no_longer_belongs(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("no parameter of {asked:?} comes back");
    question(expected, reaction, (answer, asked), |_, pair| {
        let back = [pair.conversation(), pair.contribution()].map(equal);
        match back.contains(&Some(true)) {
            true => Judgement::broken(Reason::Unexpected, pair.shown(), pair.frames()),
            false => Judgement::holds(pair.shown(), pair.frames()),
        }
    })
}

/// The parameter is there. Its value is another row's business.
//= PAR-02 type=test
pub fn carries(answer: &str, user: &str, header: &'static str, reaction: f64) -> Question {
    let (answer, user) = (answer.to_owned(), user.to_owned());
    let expected = format!("the answer to {user} has the header field {header}");
    Question::eventually(expected, reaction, move |view| {
        let Some(answer) = view.answer(&answer) else {
            return Judgement::unproven("no answer arrives as a SIP MESSAGE");
        };
        let frames = answer.request.frames();
        match value(answer.request.message, header) {
            Some(value) => Judgement::holds(format!("{header}: {value}"), frames),
            None => Judgement::broken(Reason::Missing, format!("no {header}"), frames),
        }
    })
}

//= PAR-03 type=test
pub fn same_conversation(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("{CONVERSATION} of {asked:?}");
    question(expected, reaction, (answer, asked), |_, pair| {
        value_judgement(CONVERSATION, pair.conversation(), pair)
    })
}

/// Octet for octet is another row's business, and so is that it comes back at all.
fn value_judgement(
    name: &str,
    (kept, back): (Option<&str>, Option<&str>),
    pair: &Pair,
) -> Judgement {
    let (Some(kept), Some(back)) = (kept, back) else {
        return Judgement::unproven(format!("no {name} to compare"));
    };
    let observed = format!("{back}, kept {kept}");
    match (kept == back, plain(kept) == plain(back)) {
        (true, _) => Judgement::holds(observed, pair.frames()),
        (false, true) => Judgement::unproven(format!("{observed}: another form of the same")),
        (false, false) => Judgement::broken(Reason::WrongValue, observed, pair.frames()),
    }
}

/// What is left of a value when its form is taken away.
fn plain(value: &str) -> String {
    let letters = value.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_ascii_lowercase()
}

//= PAR-05 type=test
pub fn replies_to(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("{REPLIED_TO} is the {CONTRIBUTION} of {asked:?}");
    question(expected, reaction, (answer, asked), |_, pair| {
        value_judgement(REPLIED_TO, pair.contribution(), pair)
    })
}

/// Unlike every other Contribution-ID of the capture, in every answer since the stimulus; `count` of them are expected.
//= PAR-04 type=test
pub fn contribution_ids_differ(count: usize, reaction: f64) -> Question {
    let expected = format!("{count} answers, each with a {CONTRIBUTION} of its own");
    Question::eventually(expected, reaction, move |view| {
        let (answers, questions) = (view.answers(), view.questions());
        let mut seen: Vec<&str> = questions
            .iter()
            .filter_map(|message| value(message.request.message, CONTRIBUTION))
            .collect();
        let mut frames = Vec::new();
        for answer in &answers {
            frames.extend_from_slice(answer.request.frames());
            let Some(own) = value(answer.request.message, CONTRIBUTION) else {
                let observed = format!("no {CONTRIBUTION}");
                return Judgement::broken(Reason::Missing, observed, answer.request.frames());
            };
            if seen.contains(&own) {
                let observed = format!("{own} for a second time");
                return Judgement::broken(Reason::WrongValue, observed, answer.request.frames());
            }
            seen.push(own);
        }
        match answers.len() {
            enough if enough >= count => Judgement::holds(format!("{enough} answers"), frames),
            fewer => Judgement::unproven(format!("{fewer} answers so far")),
        }
    })
}

/// Octet by octet. A value that is another one altogether is another row's business.
//= PAR-06 type=test
pub fn unchanged(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("{CONVERSATION} and {REPLIED_TO} octet by octet as sent");
    question(expected, reaction, (answer, asked), |_, pair| {
        let values = [pair.conversation(), pair.contribution()];
        let changed = values.iter().any(|(kept, back)| {
            kept != back
                && matches!((kept, back), (Some(kept), Some(back)) if plain(kept) == plain(back))
        });
        match values.iter().all(|(kept, back)| kept == back) {
            true => Judgement::holds(pair.shown(), pair.frames()),
            false if changed => Judgement::broken(Reason::WrongValue, pair.shown(), pair.frames()),
            false => Judgement::unproven(format!("other values come back: {}", pair.shown())),
        }
    })
}

/// A 2xx to the SIP MESSAGE in question.
//= PAR-10 type=test
pub fn taken(reaction: f64) -> Question {
    let taken = super::pager::taken(reaction);
    Question::eventually(taken.expected.clone(), reaction, move |view| {
        taken.ask(view)
    })
}

/// Conversation-ID and Contribution-ID of its own, and nothing it replies to.
//= PAR-10 type=test
pub fn own_identifiers(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    let expected = format!("{CONVERSATION} and {CONTRIBUTION}, and no {REPLIED_TO}");
    Question::eventually(expected, reaction, move |view| {
        let Some(answer) = view.answer(&text) else {
            return Judgement::unproven("no SIP MESSAGE with that text");
        };
        let message = answer.request.message;
        let frames = answer.request.frames();
        let absent = [CONVERSATION, CONTRIBUTION]
            .into_iter()
            .find(|name| value(message, name).is_none_or(str::is_empty));
        match (absent, value(message, REPLIED_TO)) {
            (Some(name), _) => Judgement::broken(Reason::Missing, format!("no {name}"), frames),
            (None, Some(invented)) => Judgement::broken(
                Reason::Unexpected,
                format!("{REPLIED_TO}: {invented}"),
                frames,
            ),
            (None, None) => Judgement::holds("both, and nothing replied to", frames),
        }
    })
}

/// The header fields that the profile lists come back as they were sent.
//= PAR-12 type=test
pub fn service_identifier_back(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("the header fields listed as cpm.echo_headers as {asked:?} had them");
    question(expected, reaction, (answer, asked), |view, pair| {
        let mut sent = 0;
        for name in &view.ixit.echo_headers {
            let kept = pair.asked.request.message.header(name);
            let back = pair.answer.request.message.header(name);
            sent += usize::from(kept.is_some());
            if kept != back {
                let observed = format!("{name}: {}", back.unwrap_or("absent"));
                return Judgement::broken(Reason::WrongValue, observed, pair.frames());
            }
        }
        match sent {
            0 => Judgement::unproven("no such header field was sent"),
            _ => Judgement::holds(format!("{sent} header fields unchanged"), pair.frames()),
        }
    })
}

/// The values of this CPM user's message, and not those of another's. Any third value is another row's business.
//= PAR-13 type=test
pub fn of_no_other(answer: &str, asked: &str, reaction: f64) -> Question {
    let expected = format!("the parameters of {asked:?} and of no other message");
    question(expected, reaction, (answer, asked), |view, pair| {
        let back = [pair.conversation().1, pair.contribution().1];
        let others = view.questions();
        let stray = others
            .iter()
            .filter(|other| first(other.request.frames()) != first(pair.asked.request.frames()))
            .find(|other| {
                let message = other.request.message;
                let own = [value(message, CONVERSATION), value(message, CONTRIBUTION)];
                own.iter()
                    .zip(&back)
                    .any(|(own, back)| own.is_some() && own == back)
            });
        if let Some(stray) = stray {
            let frames = [pair.frames(), stray.request.frames().to_vec()].concat();
            return Judgement::broken(Reason::WrongValue, pair.shown(), frames);
        }
        match [pair.conversation(), pair.contribution()].map(equal) {
            [Some(true), Some(true)] => Judgement::holds(pair.shown(), pair.frames()),
            _ => Judgement::unproven(format!("other values come back: {}", pair.shown())),
        }
    })
}

/// Which parameters of `original` a message contradicts.
fn contradictions(original: &SipMessage, other: &SipMessage) -> Option<String> {
    [CONVERSATION, CONTRIBUTION].into_iter().find_map(|name| {
        let (kept, back) = (value(original, name), value(other, name)?);
        (kept != Some(back)).then(|| format!("{name} {back}, kept {}", kept.unwrap_or("none")))
    })
}

fn uncontradicted(original: SipFact, others: &[SipFact]) -> Judgement {
    let wrong = others
        .iter()
        .find_map(|other| Some((other, contradictions(original.message, other.message)?)));
    match wrong {
        Some((other, observed)) => {
            Judgement::broken(Reason::WrongValue, observed, frames_of(&[original, *other]))
        }
        None => Judgement::holds(
            "equal or absent",
            [frames_of(&[original]), frames_of(others)].concat(),
        ),
    }
}

/// The requests of the system in the session carry the invitation's parameters or none.
//= PAR-07 type=test
pub fn session_keeps_parameters(reaction: f64) -> Question {
    let expected = "the BYE, and whatever the gateway sends in the session, carries no other value";
    Question::eventually(expected, reaction, |view| {
        let Some(call) = view.invitation() else {
            return Judgement::unproven("no invitation");
        };
        if !call
            .byes
            .iter()
            .any(|bye| bye.direction == Direction::FromSystem)
        {
            return Judgement::unproven("no BYE from the system");
        }
        let sent: Vec<SipFact> = call
            .byes
            .iter()
            .chain(&call.requests)
            .filter(|request| request.direction == Direction::FromSystem)
            .map(|request| request.request)
            .collect();
        uncontradicted(call.invitation.request, &sent)
    })
}

/// The responses to the invitation, once there is a final one.
//= PAR-08 type=test
pub fn responses_to_invitation(reaction: f64) -> Question {
    let expected = "every response carries the value of the request or none";
    Question::eventually(expected, reaction, |view| match view.invitation() {
        Some(call) => responses(&call.invitation),
        None => Judgement::unproven("no invitation"),
    })
}

//= PAR-08 type=test
pub fn responses_to_message(text: &str, reaction: f64) -> Question {
    let text = text.to_owned();
    let expected = "every response carries the value of the request or none";
    Question::eventually(expected, reaction, move |view| match view.asked(&text) {
        Some(message) => responses(&message),
        None => Judgement::unproven("no such SIP MESSAGE"),
    })
}

fn responses(transaction: &Transaction) -> Judgement {
    match transaction.final_response() {
        Some(_) => uncontradicted(transaction.request, &transaction.responses),
        None => Judgement::unproven("no final response"),
    }
}

/// Notifications about a message carry its parameters or none.
//= PAR-09 type=test
pub fn notification_parameters(user: &str, text: &str, reaction: f64, guard: f64) -> Question {
    let (user, text) = (user.to_owned(), text.to_owned());
    let expected = "the notification carries the values of the message or none";
    Question::eventually(expected, reaction + guard, move |view| {
        let Some(asked) = view.asked(&text) else {
            return Judgement::unproven("no such SIP MESSAGE");
        };
        let notifications: Vec<Transaction> = view
            .new_pager_messages()
            .into_iter()
            .filter(|message| notification_in(message.request.message).is_some())
            .filter(|message| {
                let to = message.request.message.uri().and_then(number_of);
                to.is_none_or(|to| to == view.cast.number(&user))
            })
            .collect();
        match notifications.first() {
            Some(one) if seconds(one.request.at(), view.now) >= guard => {
                let facts: Vec<SipFact> = notifications.iter().map(|one| one.request).collect();
                uncontradicted(asked.request, &facts)
            }
            Some(_) => Judgement::unproven("one so far"),
            None => Judgement::unproven("no notification"),
        }
    })
}
