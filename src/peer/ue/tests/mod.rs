//! The UE in virtual time, against responses written by hand from wire types and against another UE in memory.
#![allow(clippy::unwrap_used, clippy::panic)]
mod bench;
mod called;
mod calling;
mod pair;
mod variants;
