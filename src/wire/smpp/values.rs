//! Command ids, statuses and TLV tags of SMPP 3.4 sections 5.1.2.1, 5.1.3 and 5.3.2.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandId(pub u32);

impl CommandId {
    pub const BIND_RECEIVER: Self = Self(0x01);
    pub const BIND_TRANSMITTER: Self = Self(0x02);
    pub const QUERY_SM: Self = Self(0x03);
    pub const SUBMIT_SM: Self = Self(0x04);
    pub const DELIVER_SM: Self = Self(0x05);
    pub const UNBIND: Self = Self(0x06);
    pub const REPLACE_SM: Self = Self(0x07);
    pub const CANCEL_SM: Self = Self(0x08);
    pub const BIND_TRANSCEIVER: Self = Self(0x09);
    pub const OUTBIND: Self = Self(0x0b);
    pub const ENQUIRE_LINK: Self = Self(0x15);
    pub const SUBMIT_MULTI: Self = Self(0x21);
    pub const ALERT_NOTIFICATION: Self = Self(0x102);
    pub const DATA_SM: Self = Self(0x103);
    pub const GENERIC_NACK: Self = Self(0x8000_0000);

    pub fn is_response(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }
    pub fn response(self) -> Self {
        Self(self.0 | 0x8000_0000)
    }
    /// The command a response answers; a request is its own.
    pub fn request(self) -> Self {
        Self(self.0 & 0x7fff_ffff)
    }
    /// `submit_sm`, `deliver_sm_resp`, ... or `command 0x…` if unknown.
    pub fn name(self) -> String {
        if self == Self::GENERIC_NACK {
            return "generic_nack".to_owned();
        }
        let request = match self.request() {
            Self::BIND_RECEIVER => "bind_receiver",
            Self::BIND_TRANSMITTER => "bind_transmitter",
            Self::QUERY_SM => "query_sm",
            Self::SUBMIT_SM => "submit_sm",
            Self::DELIVER_SM => "deliver_sm",
            Self::UNBIND => "unbind",
            Self::REPLACE_SM => "replace_sm",
            Self::CANCEL_SM => "cancel_sm",
            Self::BIND_TRANSCEIVER => "bind_transceiver",
            Self::OUTBIND => "outbind",
            Self::ENQUIRE_LINK => "enquire_link",
            Self::SUBMIT_MULTI => "submit_multi",
            Self::ALERT_NOTIFICATION => "alert_notification",
            Self::DATA_SM => "data_sm",
            _ => return format!("command 0x{:08x}", self.0),
        };
        if self.is_response() {
            format!("{request}_resp")
        } else {
            request.to_owned()
        }
    }
}

/// command_status values.
pub mod status {
    pub const OK: u32 = 0;
    pub const INVALID_MESSAGE_LENGTH: u32 = 0x01;
    pub const INVALID_COMMAND_LENGTH: u32 = 0x02;
    pub const INVALID_COMMAND_ID: u32 = 0x03;
    pub const INCORRECT_BIND_STATUS: u32 = 0x04;
    pub const ALREADY_BOUND: u32 = 0x05;
    pub const SYSTEM_ERROR: u32 = 0x08;
    pub const INVALID_SOURCE: u32 = 0x0a;
    pub const INVALID_DESTINATION: u32 = 0x0b;
    pub const BIND_FAILED: u32 = 0x0d;
    pub const INVALID_PASSWORD: u32 = 0x0e;
    pub const INVALID_SYSTEM_ID: u32 = 0x0f;
    pub const QUEUE_FULL: u32 = 0x14;
    pub const SUBMIT_FAILED: u32 = 0x45;
    pub const THROTTLED: u32 = 0x58;
    pub const RECEIVER_TEMPORARY: u32 = 0x64;
    pub const RECEIVER_PERMANENT: u32 = 0x65;
    pub const RECEIVER_REJECT: u32 = 0x66;
}

/// TLV tags.
pub mod tag {
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
    pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
    pub const SAR_REFERENCE: u16 = 0x020c;
    pub const SAR_TOTAL: u16 = 0x020e;
    pub const SAR_SEQUENCE: u16 = 0x020f;
    pub const SC_INTERFACE_VERSION: u16 = 0x0210;
    pub const NETWORK_ERROR_CODE: u16 = 0x0423;
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    pub const MORE_MESSAGES_TO_SEND: u16 = 0x0426;
    pub const MESSAGE_STATE: u16 = 0x0427;
}
