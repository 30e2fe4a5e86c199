//! Sockets that outlive their peer: the users of a load come again with new sessions, at the addresses the system has been told of.
use super::Sockets;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Datagrams that are thrown away when sockets are taken up again.
const STALE: usize = 1000;

/// The sockets of a few people, while nobody uses them. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    sockets: Arc<Mutex<HashMap<String, Sockets>>>,
}

impl Kept {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Sockets>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sockets of somebody, if he has been here. What has come for him since then is nobody's.
    pub fn take(&self, whose: &str) -> Option<Sockets> {
        let sockets = self.all().remove(whose)?;
        let mut octets = [0; 1];
        for socket in [&sockets.udp, &sockets.rtp].into_iter().flatten() {
            let stale = (0..STALE).take_while(|_| socket.try_recv(&mut octets).is_ok());
            let stale = stale.count();
            if stale > 0 {
                tracing::debug!(whose, stale, "datagrams for a session that was over");
            }
        }
        Some(sockets)
    }

    pub(super) fn put(&self, whose: String, sockets: Sockets) {
        self.all().insert(whose, sockets);
    }
}

impl Sockets {
    /// They are kept there when their peer ends.
    pub fn kept_by(self, kept: &Kept, whose: &str) -> Self {
        Self {
            keeper: Some((kept.clone(), whose.to_owned())),
            ..self
        }
    }
}
