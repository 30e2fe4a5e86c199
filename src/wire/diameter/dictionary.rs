//! Commands, applications, AVP definitions and result codes: RFC 6733, 3GPP TS 29.338 clauses 5.3.3, 6.3.3 and 7, TS 29.329, TS 29.173.

/// Command code with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Command(pub u32);

impl Command {
    pub const CAPABILITIES_EXCHANGE: Self = Self(257);
    pub const DEVICE_WATCHDOG: Self = Self(280);
    pub const DISCONNECT_PEER: Self = Self(282);
    pub const MO_FORWARD: Self = Self(8_388_645);
    pub const MT_FORWARD: Self = Self(8_388_646);
    pub const SEND_ROUTING_INFO: Self = Self(8_388_647);
    /// Of Sh (3GPP TS 29.329).
    pub const USER_DATA: Self = Self(306);
    pub const PROFILE_UPDATE: Self = Self(307);
    pub const SUBSCRIBE_NOTIFICATIONS: Self = Self(308);
    pub const PUSH_NOTIFICATION: Self = Self(309);
    pub const ALERT_SERVICE_CENTRE: Self = Self(8_388_648);
    pub const REPORT_DELIVERY: Self = Self(8_388_649);

    /// `OFR`, `OFA`, … or the number of a command that is not known here.
    pub fn name(self, request: bool) -> String {
        let stem = match self {
            Self::CAPABILITIES_EXCHANGE => "CE",
            Self::DEVICE_WATCHDOG => "DW",
            Self::DISCONNECT_PEER => "DP",
            Self::USER_DATA => "UD",
            Self::PROFILE_UPDATE => "PU",
            Self::SUBSCRIBE_NOTIFICATIONS => "SN",
            Self::PUSH_NOTIFICATION => "PN",
            Self::MO_FORWARD => "OF",
            Self::MT_FORWARD => "TF",
            Self::SEND_ROUTING_INFO => "SR",
            Self::ALERT_SERVICE_CENTRE => "AL",
            Self::REPORT_DELIVERY => "RD",
            Self(code) => {
                let kind = if request { "request" } else { "answer" };
                return format!("{kind} {code}");
            }
        };
        format!("{stem}{}", if request { 'R' } else { 'A' })
    }
}

/// Code, vendor (0 = IETF) and whether the M bit is set when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    pub code: u32,
    pub vendor: u32,
    pub mandatory: bool,
}

const fn ietf(code: u32) -> Definition {
    Definition {
        code,
        vendor: 0,
        mandatory: true,
    }
}

const fn ietf_optional(code: u32) -> Definition {
    Definition {
        code,
        vendor: 0,
        mandatory: false,
    }
}

const fn tgpp(code: u32) -> Definition {
    Definition {
        code,
        vendor: vendor::TGPP,
        mandatory: true,
    }
}

const fn tgpp_optional(code: u32) -> Definition {
    Definition {
        code,
        vendor: vendor::TGPP,
        mandatory: false,
    }
}

pub mod vendor {
    pub const TGPP: u32 = 10_415;
}

pub mod application {
    pub const BASE: u32 = 0;
    pub const SH: u32 = 16_777_217;
    pub const S6C: u32 = 16_777_312;
    pub const SGD: u32 = 16_777_313;
    pub const RELAY: u32 = 0xffff_ffff;
}

/// Result-Code and Experimental-Result-Code values.
pub mod result {
    pub const SUCCESS: u32 = 2001;
    pub const COMMAND_UNSUPPORTED: u32 = 3001;
    pub const UNABLE_TO_DELIVER: u32 = 3002;
    pub const TOO_BUSY: u32 = 3004;
    pub const APPLICATION_UNSUPPORTED: u32 = 3007;
    pub const UNKNOWN_SESSION_ID: u32 = 5002;
    pub const MISSING_AVP: u32 = 5005;
    pub const INVALID_AVP_VALUE: u32 = 5004;
    pub const NO_COMMON_APPLICATION: u32 = 5010;
    pub const UNABLE_TO_COMPLY: u32 = 5012;
    /// Of vendor 3GPP from here on (3GPP TS 29.338 clause 7.3).
    pub const USER_UNKNOWN: u32 = 5001;
    pub const ABSENT_USER: u32 = 5550;
    pub const USER_BUSY_FOR_MT_SMS: u32 = 5551;
    pub const FACILITY_NOT_SUPPORTED: u32 = 5552;
    pub const ILLEGAL_USER: u32 = 5553;
    pub const ILLEGAL_EQUIPMENT: u32 = 5554;
    pub const SM_DELIVERY_FAILURE: u32 = 5555;
    pub const SERVICE_NOT_SUBSCRIBED: u32 = 5556;
    pub const SERVICE_BARRED: u32 = 5557;
    pub const MWD_LIST_FULL: u32 = 5558;
}

/// AVPs by name.
pub mod name {
    use super::{Definition, ietf, ietf_optional, tgpp, tgpp_optional};

    pub const USER_NAME: Definition = ietf(1);
    pub const HOST_IP_ADDRESS: Definition = ietf(257);
    pub const AUTH_APPLICATION_ID: Definition = ietf(258);
    pub const VENDOR_SPECIFIC_APPLICATION_ID: Definition = ietf(260);
    pub const SESSION_ID: Definition = ietf(263);
    pub const ORIGIN_HOST: Definition = ietf(264);
    pub const SUPPORTED_VENDOR_ID: Definition = ietf(265);
    pub const VENDOR_ID: Definition = ietf(266);
    pub const FIRMWARE_REVISION: Definition = ietf_optional(267);
    pub const RESULT_CODE: Definition = ietf(268);
    pub const PRODUCT_NAME: Definition = ietf_optional(269);
    pub const DISCONNECT_CAUSE: Definition = ietf(273);
    pub const AUTH_SESSION_STATE: Definition = ietf(277);
    pub const ORIGIN_STATE_ID: Definition = ietf(278);
    pub const FAILED_AVP: Definition = ietf(279);
    pub const ERROR_MESSAGE: Definition = ietf_optional(281);
    pub const ROUTE_RECORD: Definition = ietf(282);
    pub const DESTINATION_REALM: Definition = ietf(283);
    pub const PROXY_INFO: Definition = ietf(284);
    pub const DESTINATION_HOST: Definition = ietf(293);
    pub const ORIGIN_REALM: Definition = ietf(296);
    pub const EXPERIMENTAL_RESULT: Definition = ietf(297);
    pub const EXPERIMENTAL_RESULT_CODE: Definition = ietf(298);
    pub const INBAND_SECURITY_ID: Definition = ietf(299);

    pub const SUPPORTED_FEATURES: Definition = tgpp_optional(628);
    pub const FEATURE_LIST_ID: Definition = tgpp_optional(629);
    pub const FEATURE_LIST: Definition = tgpp_optional(630);
    pub const USER_IDENTITY: Definition = tgpp(700);
    pub const SH_USER_DATA: Definition = tgpp(702);
    pub const DATA_REFERENCE: Definition = tgpp(703);
    pub const MSISDN: Definition = tgpp(701);
    pub const SGSN_NUMBER: Definition = tgpp(1489);
    pub const MME_NUMBER_FOR_MT_SMS: Definition = tgpp(1645);
    pub const LMSI: Definition = tgpp(2400);
    pub const SERVING_NODE: Definition = tgpp(2401);
    pub const MME_NAME: Definition = tgpp(2402);
    pub const MSC_NUMBER: Definition = tgpp(2403);
    pub const ADDITIONAL_SERVING_NODE: Definition = tgpp(2406);
    pub const MME_REALM: Definition = tgpp(2408);
    pub const SGSN_NAME: Definition = tgpp(2409);
    pub const SGSN_REALM: Definition = tgpp(2410);
    pub const IP_SM_GW_NUMBER: Definition = tgpp(3100);
    pub const IP_SM_GW_NAME: Definition = tgpp(3101);
    pub const USER_IDENTIFIER: Definition = tgpp(3102);
    pub const EXTERNAL_IDENTIFIER: Definition = tgpp(3111);
    pub const IP_SM_GW_REALM: Definition = tgpp(3112);
    pub const SC_ADDRESS: Definition = tgpp(3300);
    pub const SM_RP_UI: Definition = tgpp(3301);
    pub const TFR_FLAGS: Definition = tgpp(3302);
    pub const SM_DELIVERY_FAILURE_CAUSE: Definition = tgpp(3303);
    pub const SM_ENUMERATED_DELIVERY_FAILURE_CAUSE: Definition = tgpp(3304);
    pub const SM_DIAGNOSTIC_INFO: Definition = tgpp(3305);
    pub const SM_DELIVERY_TIMER: Definition = tgpp(3306);
    pub const SM_DELIVERY_START_TIME: Definition = tgpp(3307);
    pub const SM_RP_MTI: Definition = tgpp(3308);
    pub const SM_RP_SMEA: Definition = tgpp(3309);
    pub const SRR_FLAGS: Definition = tgpp(3310);
    pub const SM_DELIVERY_NOT_INTENDED: Definition = tgpp(3311);
    pub const MWD_STATUS: Definition = tgpp(3312);
    pub const MME_ABSENT_USER_DIAGNOSTIC_SM: Definition = tgpp(3313);
    pub const MSC_ABSENT_USER_DIAGNOSTIC_SM: Definition = tgpp(3314);
    pub const SGSN_ABSENT_USER_DIAGNOSTIC_SM: Definition = tgpp(3315);
    pub const SM_DELIVERY_OUTCOME: Definition = tgpp(3316);
    pub const MME_SM_DELIVERY_OUTCOME: Definition = tgpp(3317);
    pub const MSC_SM_DELIVERY_OUTCOME: Definition = tgpp(3318);
    pub const SGSN_SM_DELIVERY_OUTCOME: Definition = tgpp(3319);
    pub const IP_SM_GW_SM_DELIVERY_OUTCOME: Definition = tgpp(3320);
    pub const SM_DELIVERY_CAUSE: Definition = tgpp(3321);
    pub const ABSENT_USER_DIAGNOSTIC_SM: Definition = tgpp(3322);
    pub const RDR_FLAGS: Definition = tgpp_optional(3323);
    pub const SMSMI_CORRELATION_ID: Definition = tgpp_optional(3324);
    pub const HSS_ID: Definition = tgpp_optional(3325);
    pub const ORIGINATING_SIP_URI: Definition = tgpp_optional(3326);
    pub const DESTINATION_SIP_URI: Definition = tgpp_optional(3327);
    pub const OFR_FLAGS: Definition = tgpp_optional(3328);
    pub const MAXIMUM_UE_AVAILABILITY_TIME: Definition = tgpp_optional(3329);
    pub const MAXIMUM_RETRANSMISSION_TIME: Definition = tgpp_optional(3330);
    pub const REQUESTED_RETRANSMISSION_TIME: Definition = tgpp_optional(3331);
    pub const SMS_GMSC_ADDRESS: Definition = tgpp_optional(3332);
    pub const SMS_GMSC_ALERT_EVENT: Definition = tgpp_optional(3333);
    pub const IP_SM_GW_SBI_SUPPORT: Definition = tgpp_optional(3348);
}
