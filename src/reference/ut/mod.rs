//! The Ut server of the reference: XCAP (RFC 4825) over HTTP for the simservs and resource-lists of every user.
//!
//! Other roles read what users have configured through a [`Store`] handle, in the process, so that a change that has been acknowledged
//! is in force at the next initial request. How requests of that interface come in is not their business.

pub mod store;

pub use store::Store;
