//! How far a registration has come: the demand for a longer interval is not the last word on it. (A challenge is none either; `observe`
//! sees to that.)
use super::{Judgement, Reason};
use crate::observe::Transaction;

/// The state of the latest REGISTER of a user.
pub(super) fn state(register: &Transaction<'_>) -> Judgement {
    let frames = register.frames();
    match register.final_status() {
        Some(200..=299) => Judgement::holds("accepted", frames),
        Some(code @ (401 | 407)) => {
            let what = format!("{code} again after credentials were given");
            Judgement::broken(Reason::Unexpected, what, frames)
        }
        Some(423) => Judgement::awaited("the registrar wants a longer interval"),
        Some(code) => Judgement::broken(Reason::Unexpected, code.to_string(), frames),
        None => Judgement::awaited("no final response, or one that only asks who it is"),
    }
}
