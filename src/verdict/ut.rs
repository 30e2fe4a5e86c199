//! Ut: what the XCAP server answers to a user's client (3GPP TS 24.623, RFC 4825).
//!
//! Exchanges are found by the identity in their address; a challenge and the request it answers are no exchange of their own, except where
//! authentication is what is asked about.
use super::scene::first;
use super::{Judgement, Question, View};
use crate::observe::{HttpExchange, http_exchanges};
use crate::wire::sip::number_of;

/// The user an exchange is about.
fn user(exchange: &HttpExchange) -> Option<String> {
    let (_, rest) = exchange.request.target()?.split_once("/users/")?;
    let user = rest.split('/').next()?;
    let user = user.replace("%3A", ":").replace("%3a", ":");
    number_of(&user.replace("%40", "@").replace("%2B", "+"))
}

/// Exchanges about a person since the stimulus, without those that were challenged.
pub fn exchanges<'t>(view: &View<'t>, who: &str) -> Vec<HttpExchange<'t>> {
    let number = view.cast.number(who);
    let mut found = http_exchanges(view.trace);
    found.retain(|exchange| {
        first(&exchange.frames) > view.before_stimulus
            && exchange.status() != 401
            && user(exchange).as_deref() == Some(number)
    });
    found
}

/// A change the person has asked for was acknowledged.
pub fn acknowledged(who: &str, seconds: f64) -> Question {
    let person = who.to_owned();
    let expected = format!("the server acknowledges what {who} configures");
    Question::eventually(expected, seconds, move |view| {
        let changes = exchanges(view, &person);
        let change = changes
            .into_iter()
            .rfind(|exchange| exchange.request.method() != Some("GET"));
        match change {
            Some(change) if (200..300).contains(&change.status()) => {
                Judgement::holds(change.describe(), change.frames)
            }
            Some(change) => Judgement::unproven(change.describe()),
            None => Judgement::unproven("no change was asked for"),
        }
    })
}
