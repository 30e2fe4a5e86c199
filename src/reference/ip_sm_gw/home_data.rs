//! Subscriber data of the HSS: read when a user registers or is provisioned, and kept (3GPP TS 23.204 clauses 5.2.3 and 6.1).

use super::{Gateway, write_locked};
use crate::reference::faults::Fault;

/// Reads what the HSS holds about the user and keeps it until the next time.
pub async fn read(gateway: &Gateway, number: &str) {
    mark!("AUT-09");
    let Some(link) = &gateway.link else {
        return;
    };
    if let Some(data) = link.subscriber_data(number).await {
        write_locked(&gateway.subscribers).keep(number, data);
    }
}

/// Reads it again although nothing was registered (only under a fault).
pub async fn read_at_attempt(gateway: &Gateway, number: &str) {
    if gateway.faults.is(Fault::RefetchesHssData) {
        read(gateway, number).await;
    }
}
