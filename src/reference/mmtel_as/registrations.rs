//! What third-party REGISTER requests (3GPP TS 24.229 clause 5.4.1.7) say of the users.
use crate::wire::sip::{SipMessage, SipUri, number_of};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A user's registration as the S-CSCF has told it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// P-Visited-Network-ID, without quotes.
    pub visited_network: Option<String>,
    pub access_network: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Registrations(Mutex<HashMap<String, Registration>>);

impl Registrations {
    /// Notes what a third-party REGISTER says.
    pub(super) fn third_party(&self, register: &SipMessage) {
        let Some(user) = register.address("To") else {
            return;
        };
        let value = |name: &str| register.header(name).map(|v| v.trim().to_owned());
        let ends = value("Expires").as_deref() == Some("0");
        let user = user_key(user.uri.as_str());
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ends {
            table.remove(&user);
            return;
        }
        let visited = value("P-Visited-Network-ID");
        let registration = Registration {
            visited_network: visited.map(|network| network.trim_matches('"').to_owned()),
            access_network: value("P-Access-Network-Info"),
        };
        table.insert(user, registration);
    }

    pub(super) fn of(&self, user: &str) -> Option<Registration> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.get(&user_key(user)).cloned()
    }
}

/// One key for all URIs of a user: the number, else user and host.
pub(super) fn user_key(uri: &str) -> String {
    if let Some(number) = number_of(uri) {
        return number;
    }
    match SipUri::parse(uri) {
        Ok(uri) => {
            let user = uri.user_decoded().unwrap_or_default();
            format!("{user}@{}", uri.host.to_ascii_lowercase())
        }
        Err(_) => uri.to_owned(),
    }
}
