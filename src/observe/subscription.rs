//! Subscriptions as a subscriber sees them (RFC 6665): the SUBSCRIBE or REFER that made one, and the notifications that came of it.
//!
//! Pure views over a [`Trace`]. What a notification says of a conference is merged in `roster.rs`; nothing is judged here.
use super::sip::{Transaction, transactions};
use super::{Direction, Trace};
use crate::wire::sip::SipMessage;

/// The value of an Event header field without parameters; a REFER's is `refer`.
fn package(message: &SipMessage) -> Option<&str> {
    match message.method() {
        Some("REFER") => Some("refer"),
        _ => message
            .header("Event")
            .or_else(|| message.header("o"))
            .and_then(|value| value.split(';').next())
            .map(str::trim),
    }
}

/// A parameter of a header field value.
fn parameter<'m>(value: &'m str, name: &str) -> Option<&'m str> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// One NOTIFY of the system.
#[derive(Debug, Clone)]
pub struct Notification<'t> {
    pub notify: Transaction<'t>,
}

impl<'t> Notification<'t> {
    pub fn message(&self) -> &'t SipMessage {
        self.notify.request.message
    }

    /// Subscription-State without its parameters.
    pub fn state(&self) -> Option<&'t str> {
        let value = self.message().header("Subscription-State")?;
        value.split(';').next().map(str::trim)
    }

    pub fn is_last(&self) -> bool {
        self.state()
            .is_some_and(|state| state.eq_ignore_ascii_case("terminated"))
    }

    /// The reason parameter of Subscription-State.
    pub fn reason(&self) -> Option<&'t str> {
        parameter(self.message().header("Subscription-State")?, "reason")
    }

    /// Status code in the first line of a `message/sipfrag` body (RFC 3420).
    pub fn fragment_status(&self) -> Option<u16> {
        let body = self.message().body_of("message/sipfrag")?;
        let line = body.split(|octet| *octet == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        let code = line.trim().strip_prefix("SIP/2.0 ")?.get(..3)?;
        code.parse().ok().filter(|code| (100..700).contains(code))
    }

    pub fn frames(&self) -> Vec<u32> {
        self.notify.frames()
    }
}

/// What one SUBSCRIBE or REFER of the suite's has brought.
#[derive(Debug, Clone)]
pub struct Subscription<'t> {
    /// The event package, `refer` for a REFER.
    pub package: &'t str,
    /// The first request, SUBSCRIBE or REFER; refreshes are not told apart from it.
    pub request: Transaction<'t>,
    pub notifications: Vec<Notification<'t>>,
}

impl Subscription<'_> {
    /// Frames of the request, its answer and every notification.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames = self.request.frames();
        frames.extend(self.notifications.iter().flat_map(Notification::frames));
        frames
    }

    pub fn last(&self) -> Option<&Notification<'_>> {
        self.notifications.iter().find(|one| one.is_last())
    }
}

/// Every subscription the suite has asked the system for, in order of the requests.
pub fn subscriptions(trace: &Trace) -> Vec<Subscription<'_>> {
    let mut found: Vec<Subscription<'_>> = Vec::new();
    for transaction in transactions(trace) {
        let message = transaction.request.message;
        match (transaction.method, transaction.direction) {
            ("SUBSCRIBE", Direction::ToSystem) if message.to_tag().is_none() => {
                found.extend(begun(transaction));
            }
            ("REFER", Direction::ToSystem) => found.extend(begun(transaction)),
            ("NOTIFY", Direction::FromSystem) => {
                let notify = Notification {
                    notify: transaction,
                };
                if let Some(of) = found.iter_mut().rev().find(|one| belongs(one, message)) {
                    of.notifications.push(notify);
                }
            }
            _ => {}
        }
    }
    found
}

fn begun(request: Transaction<'_>) -> Option<Subscription<'_>> {
    let message = request.request.message;
    Some(Subscription {
        package: package(message)?,
        request,
        notifications: Vec::new(),
    })
}

/// Same dialog, same package; several REFERs of one dialog are told apart by the id, which is their CSeq number (RFC 3515 section 2.4.6).
fn belongs(subscription: &Subscription<'_>, notify: &SipMessage) -> bool {
    let request = subscription.request.request.message;
    let id = notify
        .header("Event")
        .and_then(|value| parameter(value, "id"));
    let number = request.cseq().map(|(number, _)| number.to_string());
    let own = subscription.package != "refer" || id.is_none() || id == number.as_deref();
    request.call_id() == notify.call_id()
        && request.from_tag() == notify.to_tag()
        && package(notify).is_some_and(|name| name.eq_ignore_ascii_case(subscription.package))
        && own
}
