//! Delivery receipts, SMPP 3.4 Appendix B and TLVs 001E and 0427.
use super::{ShortMessagePdu, Tlv};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    Enroute,
    Delivered,
    Expired,
    Deleted,
    Undeliverable,
    Accepted,
    Unknown,
    Rejected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub message_id: String,
    pub state: MessageState,
    pub error: String,
}

impl Receipt {
    /// From TLVs where present, else from the text.
    pub fn read(message: &ShortMessagePdu, tlvs: &[Tlv]) -> Option<Self> {
        let _ = (message, tlvs);
        todo!()
    }
    /// The Appendix B text; `submitted`/`done` as YYMMDDhhmm.
    pub fn text(&self, submitted: &str, done: &str, text: &str) -> String {
        let _ = (submitted, done, text);
        todo!()
    }
}
