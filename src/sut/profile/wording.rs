//! What the operator lets his users read and write: words that count as answers, and texts of messages.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The operator's words; the first of each list is the one the SMS user sends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub accept: Vec<String>,
    pub reject: Vec<String>,
    pub leave: Vec<String>,
}

/// The operator's texts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub invite: String,
    /// The part of the inviting text that says it is an invitation to a chat session (INV-05).
    pub invite_marker: String,
    pub group_invite: String,
    /// What stands before a text from a group chat (GRP-06); `{sender}` is filled in by the system.
    pub group_prefix: String,
    /// Who has joined or left a group chat (GRP-07); `{participants}` is filled in by the system.
    pub joined: String,
    pub left: String,
    pub closing: String,
    pub help: String,
    pub anonymous_name: String,
}
