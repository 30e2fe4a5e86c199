//! Delivery reports: what a CPM user asks for, what the service centre says and when, and what she is told.
//!
//! More than 400 lines, because the same is said of chat messages, pager messages, parts and many messages.
use super::lab::Lab;
use super::vocabulary::{PersonName, TpStatus, Wish};
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::ue::UeCommand;
use crate::verdict::{chat, delivery_report, status_report};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Needs three parts in every alphabet of short messages.
const THREE_PARTS: &str = "This message is long enough for three parts. It goes on and on, says nothing new, and says it again: the \
service centre is to report on each part, and the sender of the message is to be told once. Whoever has read this far knows that the \
third part is still to come, because two parts of a short message hold three hundred and six characters of the default alphabet. Here \
is the rest of it.";

/// The service centre has nothing to tell until it is said what.
#[given(expr = "the service centre has yet to report on short messages to {person}")]
async fn yet_to_report(lab: &mut Lab, person: PersonName) {
    let handset = lab.handset_of(&person);
    handset.behave(HandsetBehaviour {
        receipt: None,
        ..HandsetBehaviour::default()
    });
}

/// T_dr is one the suite can wait for.
#[given("the time to wait for status reports is short")]
async fn short_time(lab: &mut Lab) {
    let seconds = lab.ixit().short_report_seconds;
    lab.cpm_property("report_seconds", seconds);
}

/// An MSRP SEND with Success-Report, Failure-Report and imdn.Disposition-Notification as wanted.
#[when(expr = "{person} sends {person} the message {string} asking for {wish}")]
async fn sends(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    wish: Wish,
    step: &Step,
) {
    lab.ask_in_chat(&step.value, &user, &to, &[text], wish)
        .await;
}

/// The same, and it has become a short message.
#[given(expr = "{person} has sent {person} the message {string} asking for {wish}")]
async fn has_sent(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    wish: Wish,
    step: &Step,
) {
    lab.ask_in_chat(&step.value, &user, &to, std::slice::from_ref(&text), wish)
        .await;
    lab.has_reached(&step.value, &text, &to).await;
}

/// The same with a text of three parts.
#[given(expr = "{person} has sent {person} a message of three parts asking for {wish}")]
async fn has_sent_parts(lab: &mut Lab, user: PersonName, to: PersonName, wish: Wish, step: &Step) {
    lab.ask_in_chat(&step.value, &user, &to, &[THREE_PARTS.to_owned()], wish)
        .await;
    lab.has_reached(&step.value, THREE_PARTS, &to).await;
}

/// Many at once, each with a text of its own.
#[given(expr = "{person} has sent {person} {int} messages asking for {wish}")]
async fn has_sent_many(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    count: usize,
    wish: Wish,
    step: &Step,
) {
    let texts = lab.new_texts(count);
    lab.ask_in_chat(&step.value, &user, &to, &texts, wish).await;
    lab.all_submitted(&to).await;
}

/// A SIP MESSAGE with imdn.Disposition-Notification as wanted.
#[when(expr = "{person} sends {person} the pager message {string} asking for {wish}")]
async fn sends_pager(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    wish: Wish,
    step: &Step,
) {
    lab.ask_by_pager(&step.value, &user, &to, &text, wish).await;
}

/// The same, and it has become a short message.
#[given(expr = "{person} has sent {person} the pager message {string} asking for {wish}")]
async fn has_sent_pager(
    lab: &mut Lab,
    user: PersonName,
    to: PersonName,
    text: String,
    wish: Wish,
    step: &Step,
) {
    lab.ask_by_pager(&step.value, &user, &to, &text, wish).await;
    lab.has_reached(&step.value, &text, &to).await;
}

/// TP-ST of a status report on the latest short message; the message state of SMPP that is nearest to it.
#[when(expr = "the service centre reports status {status}")]
async fn reports(lab: &mut Lab, status: TpStatus, step: &Step) {
    lab.report_on_latest(&step.value, &[status]).await;
}

/// Two reports on one short message.
#[when(expr = "the service centre reports status {status} and then {status}")]
async fn reports_twice(lab: &mut Lab, earlier: TpStatus, later: TpStatus, step: &Step) {
    lab.report_on_latest(&step.value, &[earlier, later]).await;
}

/// A report on the first of the short messages that wait for one.
#[when(expr = "the service centre reports status {status} on the first of them")]
async fn reports_on_first(lab: &mut Lab, status: TpStatus, step: &Step) {
    lab.report(&step.value, vec![(0, status.0)]).await;
}

/// One report on each part, in the order of the parts and with a little time between them.
#[when(expr = "the service centre reports status {status}, {status} and {status} on its parts")]
async fn reports_on_parts(
    lab: &mut Lab,
    first: TpStatus,
    second: TpStatus,
    third: TpStatus,
    step: &Step,
) {
    lab.report_on_parts(&step.value, [first, second, third])
        .await;
}

/// A status report when T_dr is over.
#[when(expr = "the service centre reports status {status} too late")]
async fn reports_too_late(lab: &mut Lab, status: TpStatus, step: &Step) {
    let ixit = lab.ixit();
    let wait = ixit.short_report_seconds + ixit.allowance_seconds;
    lab.let_pass(wait).await;
    lab.report_on_latest(&step.value, &[status]).await;
}

/// Every value of TP-ST on one of the messages.
#[when("the service centre reports every value of the status once")]
async fn reports_everything(lab: &mut Lab, step: &Step) {
    let reports = (0..=u8::MAX).map(|status| (usize::from(status), status));
    lab.report(&step.value, reports.collect()).await;
}

/// The last message first; every third one has expired.
#[when("the service centre reports on them from the last to the first")]
async fn reports_backwards(lab: &mut Lab, step: &Step) {
    let reports = lab.backwards();
    lab.report(&step.value, reports).await;
}

/// The same, and the CPM user has been told of each.
#[given("the service centre has reported on them from the last to the first")]
async fn has_reported_backwards(lab: &mut Lab, step: &Step) {
    let reports = lab.backwards();
    lab.report(&step.value, reports).await;
    let question = lab.each_told();
    lab.require(&step.value, question).await;
}

/// A notification (RFC 5438) in the chat.
#[when(expr = "{person} notifies {person} in the chat that his message was displayed")]
async fn notifies(lab: &mut Lab, user: PersonName, to: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let message = lab.notification_of_display(&to);
    let call = to.0;
    lab.order(&user.0, UeCommand::Send { call, message });
    lab.sent("the notification", |view| {
        !view.reports_by_users().is_empty()
    })
    .await;
}

/// An MSRP REPORT on the last message received.
#[when(expr = "{person} reports to {person} by MSRP that his message was received")]
async fn reports_by_msrp(lab: &mut Lab, user: PersonName, to: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.order(&user.0, UeCommand::Report { call: to.0 });
    lab.sent("the REPORT", |view| !view.reports_by_users().is_empty())
        .await;
}

/// A short message of the SMS user that has arrived in the chat.
#[given(expr = "{person} has answered {string} in the chat with {person}")]
async fn has_answered(
    lab: &mut Lab,
    sms_user: PersonName,
    text: String,
    user: PersonName,
    step: &Step,
) {
    lab.answer_by_sms(&step.value, &sms_user, &text).await;
    let reaction = lab.ixit().reaction_seconds;
    let question = chat::arrives(&text, &user.0, &sms_user.0, reaction, 0.0);
    lab.require(&step.value, question).await;
}

/// TP-SRR, registered_delivery of SMPP.
#[then(expr = "the short message to {person} requests a status report")]
async fn requests(lab: &mut Lab, to: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = delivery_report::requests_status_report(&to.0, true, reaction);
    lab.check(&step.value, question).await;
}

/// The same, not set.
#[then(expr = "the short message to {person} requests no status report")]
async fn requests_none(lab: &mut Lab, to: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = delivery_report::requests_status_report(&to.0, false, reaction);
    lab.check(&step.value, question).await;
}

/// By MSRP REPORT or by notification.
#[then(expr = "{person} is told that {string} was delivered")]
async fn told_delivered(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let question = delivery_report::told(&text, true, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// The same with a failure.
#[then(expr = "{person} is told that {string} was not delivered")]
async fn told_failed(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let question = delivery_report::told(&text, false, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// Neither REPORT nor notification over the guard time, and over T_dr where that is short.
#[then(expr = "{person} is told nothing of {string}")]
async fn told_nothing(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let watch = lab.ixit().guard_seconds + lab.report_wait();
    lab.never(&step.value, delivery_report::told_nothing(&text, watch))
        .await;
}

/// The same of the long message.
#[then(expr = "{person} is told nothing of the message of three parts")]
async fn told_nothing_of_parts(lab: &mut Lab, _user: PersonName, step: &Step) {
    let guard = lab.ixit().guard_seconds;
    let question = delivery_report::told_nothing(THREE_PARTS, guard);
    lab.never(&step.value, question).await;
}

/// Once in each form that was asked for, and not before the last part is reported.
#[then(expr = "{person} is told once that the message of three parts was delivered")]
async fn told_once(lab: &mut Lab, _user: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = status_report::told_once(THREE_PARTS, true, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Once in each form that was asked for.
#[then(expr = "{person} is told once that the message of three parts was not delivered")]
async fn told_once_of_failure(lab: &mut Lab, _user: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = status_report::told_once(THREE_PARTS, false, reaction, guard);
    lab.check(&step.value, question).await;
}

/// RFC 4975 section 7.1.2: one REPORT with Message-ID, whole Byte-Range, Status 000 200.
#[then(expr = "{person} receives one success report over the whole of {string}")]
async fn success_report(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = delivery_report::success_report_once(&text, reaction, guard);
    lab.check(&step.value, question).await;
}

/// message/imdn+xml in message/cpim by MSRP SEND.
#[then(expr = "{person} receives a notification of {string} in the chat and no MSRP REPORT")]
async fn notified_in_chat(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = delivery_report::notified_in_chat(&text, reaction, guard);
    lab.check(&step.value, question).await;
}

/// Delivered, failed with the code of a REPORT, or nothing: table 4.6 of the requirement catalogue.
#[then(expr = "{person} is told of {string} what status {status} means")]
async fn told_what_it_means(
    lab: &mut Lab,
    _user: PersonName,
    text: String,
    status: TpStatus,
    step: &Step,
) {
    let ixit = lab.ixit();
    let (reaction, guard) = (ixit.reaction_seconds, ixit.guard_seconds);
    let question = status_report::told_what_it_means(&text, status.0, reaction, guard);
    lab.check(&step.value, question).await;
}

/// The same of each of many messages.
#[then(expr = "{person} is told of each message what its status means")]
async fn told_of_each(lab: &mut Lab, _user: PersonName, step: &Step) {
    let question = lab.each_told();
    lab.check(&step.value, question).await;
}

/// One SIP MESSAGE with message/imdn+xml.
#[then(expr = "{person} receives one SIP MESSAGE that notifies her of a delivery")]
async fn one_notification(lab: &mut Lab, _user: PersonName, step: &Step) {
    let ixit = lab.ixit();
    let question = delivery_report::one_notification(ixit.reaction_seconds, ixit.guard_seconds);
    lab.check(&step.value, question).await;
}

/// message-id of the notification.
#[then(expr = "the notification to {person} names the message {string}")]
async fn names(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let question = delivery_report::notification_names(&text, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No notification says displayed over the guard time.
#[then(expr = "{person} is never told that {string} was displayed")]
async fn never_displayed(lab: &mut Lab, _user: PersonName, text: String, step: &Step) {
    let question = delivery_report::never_displayed(&text, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// No short message on account of the report.
#[then(expr = "{person} is sent nothing of the report")]
async fn not_shown(lab: &mut Lab, to: PersonName, step: &Step) {
    let question = delivery_report::not_shown(&to.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}
