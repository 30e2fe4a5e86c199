//! Delivery receipts, SMPP 3.4 Appendix B and TLVs 001E and 0427.
//!
//! Reads both forms and writes the text. Which message a receipt is about is for the receiver to find out.
use super::pdu::{find_tlv, latin1};
use super::{ShortMessagePdu, Tlv, tag};

/// message_state, SMPP 3.4 section 5.2.28.
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

impl MessageState {
    const ALL: [(u8, &'static str, Self); 8] = [
        (1, "ENROUTE", Self::Enroute),
        (2, "DELIVRD", Self::Delivered),
        (3, "EXPIRED", Self::Expired),
        (4, "DELETED", Self::Deleted),
        (5, "UNDELIV", Self::Undeliverable),
        (6, "ACCEPTD", Self::Accepted),
        (7, "UNKNOWN", Self::Unknown),
        (8, "REJECTD", Self::Rejected),
    ];

    /// Value of the message_state TLV.
    pub fn code(self) -> u8 {
        self.row().0
    }
    /// `stat` of the receipt text.
    pub fn stat(self) -> &'static str {
        self.row().1
    }
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().find(|r| r.0 == code).map(|r| r.2)
    }
    pub fn from_stat(stat: &str) -> Option<Self> {
        let matches = |r: &&(u8, &str, Self)| r.1.eq_ignore_ascii_case(stat);
        Self::ALL.iter().find(matches).map(|r| r.2)
    }
    fn row(self) -> (u8, &'static str, Self) {
        let found = Self::ALL.iter().find(|r| r.2 == self);
        found.copied().unwrap_or(Self::ALL[6])
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub message_id: String,
    pub state: MessageState,
    pub error: String,
}

impl Receipt {
    /// From TLVs where present, else from the text. `None` if esm_class names no receipt (or intermediate notification), or if either
    /// the message id or the state is nowhere.
    pub fn read(message: &ShortMessagePdu, tlvs: &[Tlv]) -> Option<Self> {
        if !message.is_receipt() && message.esm_class & 0x3c != 0x20 {
            return None;
        }
        let mut text = message.short_message.as_slice();
        if text.is_empty() {
            text = find_tlv(tlvs, tag::MESSAGE_PAYLOAD).unwrap_or(&[]);
        }
        let text = latin1(text);
        let id = find_tlv(tlvs, tag::RECEIPTED_MESSAGE_ID)
            .map(|value| latin1(value.split(|octet| *octet == 0).next().unwrap_or(&[])));
        let state = match find_tlv(tlvs, tag::MESSAGE_STATE) {
            Some(&[code]) => MessageState::from_code(code),
            _ => None,
        };
        Some(Self {
            message_id: id.or_else(|| field(&text, "id:"))?,
            state: state.or_else(|| MessageState::from_stat(&field(&text, "stat:")?))?,
            error: field(&text, "err:").unwrap_or_default(),
        })
    }

    /// The Appendix B text; `submitted`/`done` as YYMMDDhhmm. Of `text` the first 20 characters are shown.
    pub fn text(&self, submitted: &str, done: &str, text: &str) -> String {
        let delivered = u8::from(self.state == MessageState::Delivered);
        let shown: String = text.chars().take(20).collect();
        format!(
            "id:{} sub:001 dlvrd:{delivered:03} submit date:{submitted} done date:{done} stat:{} err:{} text:{shown}",
            self.message_id,
            self.state.stat(),
            self.error,
        )
    }
}

/// The word after the first `key` that begins the text or follows a space.
fn field(text: &str, key: &str) -> Option<String> {
    let mut from = 0;
    while let Some(found) = text.get(from..)?.to_ascii_lowercase().find(key) {
        let at = from + found;
        from = at + key.len();
        if at == 0 || text.as_bytes().get(at - 1) == Some(&b' ') {
            let word = text.get(from..)?.split(' ').next()?;
            return (!word.is_empty()).then(|| word.to_owned());
        }
    }
    None
}
