//! FLOOR 5: facts to findings. One file per subject, the requirement register, the verdict lattice. Pure.
pub mod acceptance;
pub mod cast;
pub mod chat;
pub mod chat_coding;
pub mod chat_content;
pub mod chat_from_sms;
pub mod finding;
pub mod invitation;
pub mod lattice;
pub mod levels;
pub mod pager;
pub mod question;
pub mod register;
pub mod scene;
pub mod session_description;
pub mod session_number;
pub mod short_message;
pub mod teardown;
pub mod transport_level;
pub mod waiting;

pub use cast::{Cast, Person};
pub use finding::Finding;
pub use lattice::{Reason, Verdict};
pub use question::{Judgement, Patience, Question, View};
pub use register::{Register, Requirement};
