//! Conformance test suite and harness for IMS messaging and conferencing.
//!
//! A system under test (a CPM to SMS interworking function, IP-SM-GW) stands between peers that this crate plays: CPM users with their
//! UEs on one side, a message centre with SMS users behind it on the other. Everything that crosses the wire is recorded; every `Then` of
//! a feature is a question to that recording. For running it, see `README.md`; for writing test cases, `features/README.md`.
//!
//! # The floors
//!
//! Data flows upwards only: stimulus, wire, capture, facts, findings, verdict, report. A module names no module of a higher floor, and a
//! self-test (`src/selftest/floors.rs`) reads the sources to see that it stays so.
//!
//! | floor | module | from what to what | I/O |
//! |---|---|---|---|
//! | 1 | [`wire`] | octets to messages and back: SIP, SDP, MSRP, CPIM, SMPP, short message contents | none |
//! | 2 | [`peer`] | time and octets in, octets and events out: UE, message centre, handset, and their misbehaviour | none |
//! | 3 | [`capture`] | sockets, clock, and the recording of every octet as pcapng | all of it |
//! | 4 | [`observe`] | recorded octets to ordered facts, calls, chats, short messages, and the ladder | none |
//! | 5 | [`verdict`] | facts to findings; the requirement register; the order of verdicts | none |
//! | 5 | [`sut`] | the system under test as data: profile, start, provisioning | HTTP, a process |
//! | 6 | [`steps`] | sentences of the features to orders and questions | through the floors below |
//! | 7 | [`runner`] | lint, select, run, judge again, `run.json` | files |
//! | 8 | [`report`] | `run.json` to documents | none |
//! | 9 | [`cli`] | arguments and exit codes | terminal |
//!
//! [`mod@reference`] stands beside the floors: an IP-SM-GW of our own, run as a process of its own and reached over sockets like any other
//! system. It shares [`wire`] with the harness and nothing else, so that one misreading of a clause cannot make both sides agree.
//!
//! # From `When Alice invites Bob to a chat session` to the finding
//!
//! 1. `steps::invitation::invites` makes an [`Invitation`](peer::ue::Invitation) of the sentence.
//! 2. [`Lab::stimulus`](steps::Lab::stimulus) tells the system what has changed about its users, lets the line fall silent and marks the
//!    capture with the sentence.
//! 3. [`Lab::order`](steps::Lab::order) hands a [`UeCommand`](peer::ue::UeCommand) to the [`Endpoint`](capture::Endpoint) of Alice, a task
//!    that owns her sockets.
//! 4. [`Machine::handle`](peer::Machine::handle) of her [`Ue`](peer::ue::Ue) gets the order and the time, and puts out the INVITE; it knows no
//!    socket and no clock.
//! 5. [`SipMessage::to_octets`](wire::sip::SipMessage::to_octets) writes it.
//! 6. [`Tap::record`](capture::Tap::record) appends it to the pcapng of the test case on its way to the socket; the response on its way in,
//!    before any parser has seen it.
//! 7. [`Observer::feed`](observe::Observer::feed) reads the pcapng as it grows and adds to the [`Trace`](observe::Trace) of facts.
//! 8. [`observe::calls`] views the trace as calls: the INVITE, its responses, its ACK.
//! 9. [`acceptance::accepted`](verdict::acceptance::accepted), the judge behind `Then the invitation is accepted`, looks at the call through
//!    a [`View`](verdict::View) and answers with a [`Judgement`](verdict::Judgement).
//! 10. [`Question::finding`](verdict::Question::finding) makes a [`Finding`](verdict::Finding) of it: expected, observed, and the frames that
//!     show it. Without a frame it is no pass.
//! 11. `runner::judge::conclude` puts every question again to the finished capture file, takes the worst verdict and fills
//!     the [`CaseRecord`](runner::record::CaseRecord).
//! 12. [`report::render`] turns the [`RunRecord`](runner::record::RunRecord) into HTML, JUnit, CTRF or Markdown, and nothing else is needed
//!     for that.
//!
//! Steps 7 to 10 are repeated while the capture grows, until the answer is final or the patience of the question, a named timer of the
//! profile, is at its end. A capture that lies on a disk takes the same way from step 7 on.
//!
//! # Three kinds of trouble that never mix
//!
//! | what | type | becomes |
//! |---|---|---|
//! | malformed octets | [`wire::Malformed`] | a fact about a frame |
//! | the suite broke | one error enum per floor | *error* |
//! | the system deviated | [`verdict::Finding`], a value | *fail* |
pub mod wire;

pub mod peer;

pub mod capture;

pub mod observe;

pub mod sut;
pub mod verdict;

pub mod steps;

pub mod runner;

pub mod report;

pub mod cli;

pub mod reference;
