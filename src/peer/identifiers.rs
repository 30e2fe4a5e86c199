//! Identifiers a UE invents: Call-ID, tags, branches, MSRP session ids, message ids, CPM Conversation-ID and Contribution-ID.
//!
//! Everything comes from one seed, so a seed reproduces a run. No identifier is remembered here and none is checked.

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The identifier source of one UE.
#[derive(Debug, Clone)]
pub struct Identifiers {
    random: fastrand::Rng,
}

impl Identifiers {
    pub fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// `length` letters and digits, nearly 6 bits each.
    pub fn token(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(ALPHANUMERIC[self.random.usize(..ALPHANUMERIC.len())]))
            .collect()
    }

    fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| self.random.digit(16)).collect()
    }

    /// RFC 3261 section 8.1.1.4.
    pub fn call_id(&mut self) -> String {
        self.token(24)
    }

    /// RFC 3261 section 19.3 asks for at least 32 bits.
    pub fn tag(&mut self) -> String {
        self.token(10)
    }

    /// With the magic cookie of RFC 3261 section 8.1.1.7.
    pub fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.token(18))
    }

    /// RFC 4975 section 14.1 asks for at least 80 bits; this has 142.
    pub fn session_id(&mut self) -> String {
        self.token(24)
    }

    /// MSRP Message-ID or imdn.Message-ID.
    pub fn message_id(&mut self) -> String {
        self.token(20)
    }

    /// 32 hexadecimal digits, as seen in the field.
    pub fn conversation_id(&mut self) -> String {
        self.hex(32)
    }

    /// 40 hexadecimal digits, as seen in the field.
    pub fn contribution_id(&mut self) -> String {
        self.hex(40)
    }

    /// A number for the `o=` line of SDP or a seed of a part of the UE.
    pub fn number(&mut self) -> u64 {
        u64::from(self.random.u32(1..))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_seed_gives_the_same_identifiers_again() {
        let mut first = Identifiers::new(7);
        let mut second = Identifiers::new(7);
        assert_eq!(first.call_id(), second.call_id());
        assert_eq!(first.branch(), second.branch());
        assert_ne!(first.tag(), first.tag());
    }

    #[test]
    fn branches_start_with_the_magic_cookie() {
        assert!(Identifiers::new(1).branch().starts_with("z9hG4bK"));
    }

    #[test]
    fn cpm_identifiers_have_the_observed_forms() {
        let mut ids = Identifiers::new(1);
        let (conversation, contribution) = (ids.conversation_id(), ids.contribution_id());
        assert_eq!((conversation.len(), contribution.len()), (32, 40));
        assert!(conversation.chars().all(|c| c.is_ascii_hexdigit()));
    }
}
