//! Which requirements the reference has carried out: every `mark!("POL-01")` in its sources says that what follows is how it meets the
//! requirement, and counts when that is executed.
//!
//! The provisioning interface tells it (`GET /v1/requirements`), and `run --executed` takes it test case by test case, so that a
//! self-test can hold what was executed against what was judged. It is one count for a process: who wants it for one test case lets
//! nothing else run.
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often each requirement was carried out.
pub type Executed = BTreeMap<&'static str, u64>;

static EXECUTED: Mutex<Executed> = Mutex::new(Executed::new());

pub(super) fn executed(requirement: &'static str) {
    let mut all = EXECUTED.lock().unwrap_or_else(PoisonError::into_inner);
    *all.entry(requirement).or_default() += 1;
}

/// What was executed since the process began or since this was asked last.
pub fn take() -> Executed {
    std::mem::take(&mut *EXECUTED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What was executed since the process began or since [`take`].
pub fn so_far() -> Executed {
    EXECUTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Here the reference carries out a requirement of the register.
macro_rules! mark {
    ($requirement:literal) => {
        $crate::reference::marks::executed($requirement)
    };
}
