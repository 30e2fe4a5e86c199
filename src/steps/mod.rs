//! FLOOR 6: sentences to actions and questions.
//!
//! One file per subject; a sentence is one function of at most 15 lines that does something through the [`Lab`] or asks something of the
//! capture. Judging is `verdict`'s business: a `Then` only says which question is meant.
mod access;
mod barring;
mod barring_readings;
mod barring_rules;
mod chat;
mod chat_coding;
mod chat_content;
mod chat_from_sms;
mod conference;
mod conference_barring;
mod conference_lists;
mod conference_refer;
mod conference_service;
mod conference_state;
mod delivery_report;
mod feature_tag;
mod group_chat;
mod home_subscriber;
mod invitation;
mod inviting_message;
mod lab;
pub mod locate;
mod mmtel;
mod msisdn_less;
mod number;
mod pager;
mod planning;
mod policy;
mod registration;
mod reporting;
mod routing;
mod sentences;
mod services;
mod session_description;
mod smsip;
mod stage;
mod stored_parameters;
mod teardown;
mod teardown_faults;
mod to_cpm;
mod users;
mod ut;
mod ut_ways;
mod vocabulary;
mod watch;

pub use lab::{Lab, Stop};
pub use planning::stage as set_stage;
pub use sentences::{Sentence, catalogue as sentence_catalogue, find};
pub use stage::{Asked, CaseSetup, Ending, Facility, Stage};
