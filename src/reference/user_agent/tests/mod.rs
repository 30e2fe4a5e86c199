//! Tests over loopback with clients written on `wire` alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod client;
mod dialogs;
mod msrp;
mod torture;
mod transactions;
