//! Unguessable identifiers: tags, branches, Call-IDs, MSRP session ids. SipHash under a key from the operating system, over a counter.
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(in crate::reference) struct Tokens {
    high: RandomState,
    low: RandomState,
    count: AtomicU64,
}

impl Tokens {
    /// 128 bits in hexadecimal.
    pub(in crate::reference) fn long(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!(
            "{:016x}{:016x}",
            self.high.hash_one(("high", count)),
            self.low.hash_one(("low", count))
        )
    }

    /// 64 bits in hexadecimal (RFC 3261 section 19.3 asks for 32 at least).
    pub(in crate::reference) fn short(&self) -> String {
        format!("{:016x}", self.number())
    }

    pub(in crate::reference) fn number(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.high.hash_one(("number", count))
    }
}
