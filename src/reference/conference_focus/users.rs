//! What the operator says of CMMC users: who is subscribed to the service, and who permits a focus to invite him (RFC 5360).
use std::sync::OnceLock;

/// One user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CmmcUser {
    /// A CMMC service subscriber, 3GPP TR 22.948 clause 3.
    pub subscriber: bool,
    /// The consent framework has his permission to be invited.
    pub permits_invitations: bool,
}

impl Default for CmmcUser {
    fn default() -> Self {
        Self {
            subscriber: true,
            permits_invitations: true,
        }
    }
}

/// Answers for a SIP or tel URI.
pub type UsersOf = Box<dyn Fn(&str) -> CmmcUser + Send + Sync>;

/// All users; everybody is as by default until there is a source.
#[derive(Default)]
pub struct Users {
    source: OnceLock<UsersOf>,
}

impl Users {
    /// From now on what the operator says comes from there; the first source stays.
    pub fn take_from(&self, source: UsersOf) {
        if self.source.set(source).is_err() {
            tracing::error!("the operator's data of CMMC users have a source already");
        }
    }

    pub fn of(&self, uri: &str) -> CmmcUser {
        self.source.get().map(|of| of(uri)).unwrap_or_default()
    }
}
