//! XML bodies: documents read with roxmltree into types, types written with quick-xml. Prefixes never matter, namespaces do.

pub mod simservs;
pub mod xcap_error;
