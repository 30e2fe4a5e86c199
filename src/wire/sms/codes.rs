//! Names of TP-Status (3GPP TS 23.040 clause 9.2.3.15), TP-Failure-Cause (clause 9.2.3.22) and RP-Cause (3GPP TS 24.011 clause 8.2.5.4).
//!
//! Names and classes only; what a receiver does about them is judged elsewhere.

/// What bits 6 and 5 of TP-Status say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusClass {
    Completed,
    /// Temporary, the service centre still tries.
    Trying,
    Permanent,
    /// Temporary, the service centre has given up.
    GaveUp,
    Reserved,
}

/// The class of a TP-Status; reserved values within a class keep it.
pub fn status_class(status: u8) -> StatusClass {
    match status {
        0x00..=0x1f => StatusClass::Completed,
        0x20..=0x3f => StatusClass::Trying,
        0x40..=0x5f => StatusClass::Permanent,
        0x60..=0x7f => StatusClass::GaveUp,
        _ => StatusClass::Reserved,
    }
}

pub fn status_name(status: u8) -> &'static str {
    match status {
        0x00 => "delivered",
        0x01 => "forwarded, delivery unconfirmed",
        0x02 => "replaced by the service centre",
        0x10..=0x1f | 0x30..=0x3f | 0x50..=0x5f | 0x70..=0x7f => "specific to the service centre",
        0x20 | 0x60 => "congestion",
        0x21 | 0x61 => "SME busy",
        0x22 | 0x62 => "no response from SME",
        0x23 | 0x63 => "service rejected",
        0x24 | 0x44 | 0x64 => "quality of service not available",
        0x25 | 0x65 => "error in SME",
        0x40 => "remote procedure error",
        0x41 => "incompatible destination",
        0x42 => "connection rejected by SME",
        0x43 => "not obtainable",
        0x45 => "no interworking available",
        0x46 => "validity period expired",
        0x47 => "deleted by originating SME",
        0x48 => "deleted by service centre administration",
        0x49 => "message does not exist",
        _ => "reserved",
    }
}

pub fn failure_name(cause: u8) -> &'static str {
    match cause {
        0x80 => "telematic interworking not supported",
        0x81 => "short message type 0 not supported",
        0x82 => "cannot replace short message",
        0x8f => "unspecified TP-PID error",
        0x90 => "data coding scheme (alphabet) not supported",
        0x91 => "message class not supported",
        0x9f => "unspecified TP-DCS error",
        0xa0 => "command cannot be actioned",
        0xa1 => "command unsupported",
        0xaf => "unspecified TP-Command error",
        0xb0 => "TPDU not supported",
        0xc0 => "service centre busy",
        0xc1 => "no service centre subscription",
        0xc2 => "service centre system failure",
        0xc3 => "invalid SME address",
        0xc4 => "destination SME barred",
        0xc5 => "duplicate rejected",
        0xc6 => "TP-VPF not supported",
        0xc7 => "TP-VP not supported",
        0xd0 => "(U)SIM SMS storage full",
        0xd1 => "no SMS storage capability in (U)SIM",
        0xd2 => "error in MS",
        0xd3 => "memory capacity exceeded",
        0xd4 => "(U)SIM application toolkit busy",
        0xd5 => "(U)SIM data download error",
        0xe0..=0xfe => "specific to an application",
        0xff => "unspecified error cause",
        _ => "reserved",
    }
}

pub fn cause_name(cause: u8) -> &'static str {
    match cause {
        1 => "unassigned number",
        8 => "operator determined barring",
        10 => "call barred",
        21 => "short message transfer rejected",
        22 => "memory capacity exceeded",
        27 => "destination out of order",
        28 => "unidentified subscriber",
        29 => "facility rejected",
        30 => "unknown subscriber",
        38 => "network out of order",
        41 => "temporary failure",
        42 => "congestion",
        47 => "resources unavailable",
        50 => "requested facility not subscribed",
        69 => "requested facility not implemented",
        81 => "invalid short message transfer reference",
        95 => "semantically incorrect message",
        96 => "invalid mandatory information",
        97 => "message type non-existent",
        98 => "message not compatible with state",
        99 => "information element non-existent",
        111 => "protocol error",
        127 => "interworking",
        _ => "reserved",
    }
}
