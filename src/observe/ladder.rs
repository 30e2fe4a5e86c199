//! The masked text ladder of a test case.
use super::Trace;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Names a scenario gives to what differs from run to run.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Who has this address: `alice`, `gateway`, `smsc`. A SIP or MSRP address of one person may have the same name.
    pub by_address: BTreeMap<SocketAddr, String>,
    /// Whose number this is (`+` and digits): `alice`, `bob`. Other numbers become `«number-1»`.
    pub by_number: BTreeMap<String, String>,
    /// Any other text to be replaced wherever it occurs (domain, host name, generated words), longest first.
    pub by_text: BTreeMap<String, String>,
}

/// The trace as text that is the same for every run in which the same things happened.
pub fn ladder(trace: &Trace, names: &Names) -> String {
    let _ = (trace, names);
    todo!()
}
