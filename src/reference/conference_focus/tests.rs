//! The focus over loopback sockets, with phones that speak raw SIP and RTP and no core in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod chat;
mod phone;
mod scenarios;
