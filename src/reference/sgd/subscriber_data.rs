//! What the HSS holds about a CPM user: service centre and authorisation for interworking, read over Sh when the user registers or is
//! provisioned, and kept until then or until the HSS pushes other data (3GPP TS 23.204 clauses 5.2.3 and 6.1, TS 29.328, TS 29.329).
//!
//! The service centre is in SMSRegistrationInfo. Authorisation is transparent data of the service indication below: what an operator puts
//! there is not standardised, so this reads `<interworking authorised="…"/>`.

use super::messages::SH;
use super::services::Pending;
use super::{Node, messages::missing};
use crate::wire::diameter::{
    Avp, Command, Definition, ResultCode, decode_tbcd, encode_tbcd, name, result, vendor,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub const USER_DATA_REQUEST: Command = Command(306);
pub const PUSH_NOTIFICATION: Command = Command(309);
pub const USER_IDENTITY: Definition = of_sh(700);
pub const USER_DATA: Definition = of_sh(702);
const DATA_REFERENCE: Definition = of_sh(703);
const SERVICE_INDICATION: Definition = of_sh(704);
/// Data-Reference values (3GPP TS 29.328 clause 7.6).
const REPOSITORY_DATA: u32 = 0;
const SMS_REGISTRATION_INFO: u32 = 24;
const SERVICE: &str = "sms-interworking";
/// Limit for the HSS; a user it says nothing about in time has no data.
const ASKING: Duration = Duration::from_secs(2);

const fn of_sh(code: u32) -> Definition {
    Definition {
        code,
        vendor: vendor::TGPP,
        mandatory: true,
    }
}

/// What is kept of a user's data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HssData {
    pub service_centre: Option<String>,
    pub authorised: Option<bool>,
}

impl HssData {
    /// Reads Sh-Data; what cannot be read is as if it were not there.
    fn parse(user_data: &[u8]) -> Self {
        let text = String::from_utf8_lossy(user_data);
        let Ok(document) = roxmltree::Document::parse(&text) else {
            tracing::warn!("subscriber data that cannot be read");
            return Self::default();
        };
        let element = |wanted: &str| {
            let mut all = document.descendants();
            all.find(|node| node.tag_name().name() == wanted)
        };
        let centre = element("SC-Address").and_then(|node| node.text());
        let authorised = element("interworking").and_then(|node| node.attribute("authorised"));
        Self {
            service_centre: centre.map(|number| {
                let digits = number.trim().trim_start_matches('+');
                format!("+{digits}")
            }),
            authorised: authorised.and_then(|value| value.parse().ok()),
        }
    }
}

/// Asks the HSS; `None` = it holds nothing or does not say.
pub async fn fetch(node: &Arc<Node>, number: &str) -> Option<HssData> {
    let digits = encode_tbcd(number.trim_start_matches('+'))?;
    let identity = Avp::group(USER_IDENTITY, &[Avp::new(name::MSISDN, digits)]);
    let avps = vec![
        identity,
        Avp::number(DATA_REFERENCE, REPOSITORY_DATA),
        Avp::number(DATA_REFERENCE, SMS_REGISTRATION_INFO),
        Avp::text(SERVICE_INDICATION, SERVICE),
    ];
    let request = node.identity.request(SH, USER_DATA_REQUEST, avps);
    let answer = timeout(ASKING, node.order(request)).await.ok()?.ok()?;
    if !answer.result()?.is_success() {
        return None;
    }
    Some(HssData::parse(&answer.find(USER_DATA)?.data))
}

/// Takes a PNR: the data of a user have changed.
pub fn pushed(pending: Pending) {
    mark!("AUT-09");
    let identity = pending.request.find(USER_IDENTITY);
    let members = identity.and_then(|avp| avp.members().ok());
    let number = members.and_then(|members| {
        let msisdn = members.iter().find(|avp| avp.is(name::MSISDN))?;
        decode_tbcd(&msisdn.data).ok()
    });
    let Some(number) = number else {
        let (result, failed) = missing(USER_IDENTITY);
        return pending.answer(result, failed);
    };
    let Some(data) = pending.request.find(USER_DATA) else {
        let (result, failed) = missing(USER_DATA);
        return pending.answer(result, failed);
    };
    let data = HssData::parse(&data.data);
    let kept = pending.node.hand_over(&format!("+{number}"), data);
    let result = if kept {
        result::SUCCESS
    } else {
        result::UNABLE_TO_COMPLY
    };
    pending.answer(ResultCode::Base(result), Vec::new());
}
