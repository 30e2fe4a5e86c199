//! Where the domains are that are no users': the foci, and whatever the command line adds.
use crate::reference::proxy::NextHop;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// Addresses by domain; clones are the same table.
#[derive(Debug, Clone, Default)]
pub struct Destinations(Arc<RwLock<HashMap<String, SocketAddr>>>);

impl Destinations {
    /// Requests for this domain go there.
    pub fn set(&self, domain: &str, address: SocketAddr) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(domain.to_ascii_lowercase(), address);
    }

    /// The address of a domain.
    pub fn of(&self, domain: &str) -> Option<NextHop> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = table.get(&domain.to_ascii_lowercase());
        found.map(|address| NextHop::udp(*address))
    }
}
