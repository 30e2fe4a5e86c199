//! Which of the three outcomes of OMA-RD-CPM-V1_0 CPM-IWF-008 applies to an invitation: accept, reject, or ask the SMS user.
//!
//! The specification leaves the precedence of provider policy and user preference open; the reading implemented here is table A1 of the
//! requirement catalogue. Where the two values come from is the business of `subscribers`.

use super::subscribers::{ProviderPolicy, UserPreference};
use crate::reference::faults::{Fault, InForce};

/// What the gateway does with the invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accept,
    Reject,
    Ask,
}

/// Table A1, then the faults that concern the outcome as a whole.
pub fn outcome(provider: ProviderPolicy, user: UserPreference, faults: InForce) -> Outcome {
    mark!("POL-04");
    if faults.is(Fault::PolicyFixed) {
        return Outcome::Ask;
    }
    match table(provider, user, faults) {
        Outcome::Accept if faults.is(Fault::IgnoreAcceptPolicy) => Outcome::Ask,
        Outcome::Reject if faults.is(Fault::IgnoreRejectPolicy) => Outcome::Accept,
        other => other,
    }
}

/// Provider forbid, then the user's value, then the provider's default.
fn table(provider: ProviderPolicy, user: UserPreference, faults: InForce) -> Outcome {
    mark!("POL-07");
    let preferred = match user {
        UserPreference::Accept => Some(Outcome::Accept),
        UserPreference::Reject => Some(Outcome::Reject),
        UserPreference::Ask => Some(Outcome::Ask),
        UserPreference::Unset => None,
    };
    let default = match provider {
        ProviderPolicy::Forbid => Outcome::Reject,
        ProviderPolicy::AutoAccept
            if preferred.is_none() && faults.is(Fault::AsksDespiteAutoAccept) =>
        {
            Outcome::Ask
        }
        ProviderPolicy::AutoAccept => {
            mark!("POL-05");
            Outcome::Accept
        }
        ProviderPolicy::Ask | ProviderPolicy::None => Outcome::Ask,
    };
    if provider == ProviderPolicy::Forbid && !faults.is(Fault::UserPreferenceOverForbid) {
        return Outcome::Reject;
    }
    if matches!(provider, ProviderPolicy::AutoAccept | ProviderPolicy::Ask)
        && faults.is(Fault::ProviderOverUserPreference)
    {
        return default;
    }
    preferred.unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProviderPolicy as P;
    use UserPreference as U;

    #[test]
    fn all_sixteen_cells_follow_table_a1() {
        let (accept, reject, ask) = (Outcome::Accept, Outcome::Reject, Outcome::Ask);
        let table = [
            (P::Forbid, [reject, reject, reject, reject]),
            (P::AutoAccept, [accept, reject, ask, accept]),
            (P::Ask, [accept, reject, ask, ask]),
            (P::None, [accept, reject, ask, ask]),
        ];
        for (provider, row) in table {
            for (user, expected) in [U::Accept, U::Reject, U::Ask, U::Unset].iter().zip(row) {
                let got = outcome(provider, *user, InForce(None));
                assert_eq!(got, expected, "{provider:?} and {user:?}");
            }
        }
    }

    #[test]
    fn each_fault_breaks_its_own_cell_and_leaves_the_next_alone() {
        let with = |p, u, f| outcome(p, u, InForce(Some(f)));
        assert_eq!(
            with(P::Forbid, U::Accept, Fault::UserPreferenceOverForbid),
            Outcome::Accept
        );
        assert_eq!(
            with(P::Forbid, U::Unset, Fault::UserPreferenceOverForbid),
            Outcome::Reject
        );
        assert_eq!(
            with(P::AutoAccept, U::Reject, Fault::ProviderOverUserPreference),
            Outcome::Accept
        );
        assert_eq!(
            with(P::None, U::Reject, Fault::ProviderOverUserPreference),
            Outcome::Reject
        );
        assert_eq!(
            with(P::AutoAccept, U::Unset, Fault::AsksDespiteAutoAccept),
            Outcome::Ask
        );
        assert_eq!(
            with(P::None, U::Accept, Fault::AsksDespiteAutoAccept),
            Outcome::Accept
        );
        assert_eq!(
            with(P::None, U::Accept, Fault::IgnoreAcceptPolicy),
            Outcome::Ask
        );
        assert_eq!(
            with(P::None, U::Reject, Fault::IgnoreRejectPolicy),
            Outcome::Accept
        );
        assert_eq!(with(P::Forbid, U::Reject, Fault::PolicyFixed), Outcome::Ask);
    }
}
