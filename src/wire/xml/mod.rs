//! XML bodies: documents read with roxmltree into types, types written with quick-xml. Prefixes never matter, namespaces do.

pub mod conference_info;
pub mod diversion;
pub mod resource_lists;
pub mod simservs;
mod tree;
pub mod xcap_error;

/// Octets of one document.
const LIMIT: usize = 256 * 1024;
