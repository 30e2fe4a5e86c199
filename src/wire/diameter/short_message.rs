//! The groups and values of SGd and S6c, 3GPP TS 29.338 clauses 5.3.3 and 6.3.3, and their readers on a message.
//!
//! Numbers are digits without `+`. What a group holds beside the fields here is kept in `others` and printed behind them.
use super::{Avp, Definition, Message, decode_tbcd, encode_tbcd, name};

/// SM-Enumerated-Delivery-Failure-Cause values.
pub mod failure_cause {
    pub const MEMORY_CAPACITY_EXCEEDED: u32 = 0;
    pub const EQUIPMENT_PROTOCOL_ERROR: u32 = 1;
    pub const EQUIPMENT_NOT_SM_EQUIPPED: u32 = 2;
    pub const UNKNOWN_SERVICE_CENTRE: u32 = 3;
    pub const SC_CONGESTION: u32 = 4;
    pub const INVALID_SME_ADDRESS: u32 = 5;
    pub const USER_NOT_SC_USER: u32 = 6;
}

/// User-Identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserIdentifier {
    /// IMSI.
    pub user_name: Option<String>,
    pub msisdn: Option<String>,
    pub others: Vec<Avp>,
}

/// Serving-Node and Additional-Serving-Node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServingNode {
    pub ip_sm_gw_number: Option<String>,
    pub ip_sm_gw_name: Option<String>,
    pub ip_sm_gw_realm: Option<String>,
    pub mme_name: Option<String>,
    pub mme_realm: Option<String>,
    pub mme_number: Option<String>,
    pub msc_number: Option<String>,
    pub sgsn_name: Option<String>,
    pub sgsn_realm: Option<String>,
    pub sgsn_number: Option<String>,
    pub others: Vec<Avp>,
}

/// SM-Delivery-Failure-Cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// Of `failure_cause`.
    pub cause: u32,
    /// SMS-DELIVER-REPORT or SMS-SUBMIT-REPORT.
    pub diagnostic: Option<Vec<u8>>,
}

/// Whose outcome a member of SM-Delivery-Outcome tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeOf {
    Mme,
    Msc,
    Sgsn,
    IpSmGw,
}

/// One member of SM-Delivery-Outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryOutcome {
    pub of: OutcomeOf,
    /// SM-Delivery-Cause: 0 memory exceeded, 1 absent, 2 success.
    pub cause: Option<u32>,
    pub absent_diagnostic: Option<u32>,
}

/// Members of a group, taken out by name.
struct Members(Vec<Avp>);

impl Members {
    fn of(avp: &Avp) -> Option<Self> {
        avp.members().ok().map(Self)
    }

    fn take(&mut self, definition: Definition) -> Option<Avp> {
        let at = self.0.iter().position(|avp| avp.is(definition))?;
        Some(self.0.remove(at))
    }

    fn text(&mut self, definition: Definition) -> Option<String> {
        Some(self.take(definition)?.as_text().ok()?.to_owned())
    }

    fn digits(&mut self, definition: Definition) -> Option<String> {
        decode_tbcd(&self.take(definition)?.data).ok()
    }

    fn number(&mut self, definition: Definition) -> Option<u32> {
        self.take(definition)?.as_number().ok()
    }
}

fn text(definition: Definition, text: Option<&String>) -> Option<Avp> {
    Some(Avp::text(definition, text?))
}

/// `None` also for what cannot be written as digits.
fn digits(definition: Definition, digits: Option<&String>) -> Option<Avp> {
    Some(Avp::new(definition, encode_tbcd(digits?)?))
}

impl UserIdentifier {
    pub fn read(avp: &Avp) -> Option<Self> {
        let mut members = Members::of(avp)?;
        Some(Self {
            user_name: members.text(name::USER_NAME),
            msisdn: members.digits(name::MSISDN),
            others: members.0,
        })
    }

    pub fn to_avp(&self) -> Avp {
        let own = [
            text(name::USER_NAME, self.user_name.as_ref()),
            digits(name::MSISDN, self.msisdn.as_ref()),
        ];
        let others = self.others.iter().cloned();
        let members: Vec<Avp> = own.into_iter().flatten().chain(others).collect();
        Avp::group(name::USER_IDENTIFIER, &members)
    }
}

impl ServingNode {
    pub fn read(avp: &Avp) -> Option<Self> {
        let mut members = Members::of(avp)?;
        Some(Self {
            ip_sm_gw_number: members.digits(name::IP_SM_GW_NUMBER),
            ip_sm_gw_name: members.text(name::IP_SM_GW_NAME),
            ip_sm_gw_realm: members.text(name::IP_SM_GW_REALM),
            mme_name: members.text(name::MME_NAME),
            mme_realm: members.text(name::MME_REALM),
            mme_number: members.digits(name::MME_NUMBER_FOR_MT_SMS),
            msc_number: members.digits(name::MSC_NUMBER),
            sgsn_name: members.text(name::SGSN_NAME),
            sgsn_realm: members.text(name::SGSN_REALM),
            sgsn_number: members.digits(name::SGSN_NUMBER),
            others: members.0,
        })
    }

    /// `definition` is Serving-Node or Additional-Serving-Node.
    pub fn to_avp(&self, definition: Definition) -> Avp {
        let own = [
            digits(name::IP_SM_GW_NUMBER, self.ip_sm_gw_number.as_ref()),
            text(name::IP_SM_GW_NAME, self.ip_sm_gw_name.as_ref()),
            text(name::IP_SM_GW_REALM, self.ip_sm_gw_realm.as_ref()),
            text(name::MME_NAME, self.mme_name.as_ref()),
            text(name::MME_REALM, self.mme_realm.as_ref()),
            digits(name::MME_NUMBER_FOR_MT_SMS, self.mme_number.as_ref()),
            digits(name::MSC_NUMBER, self.msc_number.as_ref()),
            text(name::SGSN_NAME, self.sgsn_name.as_ref()),
            text(name::SGSN_REALM, self.sgsn_realm.as_ref()),
            digits(name::SGSN_NUMBER, self.sgsn_number.as_ref()),
        ];
        let others = self.others.iter().cloned();
        let members: Vec<Avp> = own.into_iter().flatten().chain(others).collect();
        Avp::group(definition, &members)
    }
}

impl DeliveryFailure {
    pub fn read(avp: &Avp) -> Option<Self> {
        let mut members = Members::of(avp)?;
        Some(Self {
            cause: members.number(name::SM_ENUMERATED_DELIVERY_FAILURE_CAUSE)?,
            diagnostic: members.take(name::SM_DIAGNOSTIC_INFO).map(|avp| avp.data),
        })
    }

    pub fn to_avp(&self) -> Avp {
        let cause = Avp::number(name::SM_ENUMERATED_DELIVERY_FAILURE_CAUSE, self.cause);
        let diagnostic = self.diagnostic.as_ref();
        let diagnostic = diagnostic.map(|tpdu| Avp::new(name::SM_DIAGNOSTIC_INFO, tpdu.clone()));
        let members: Vec<Avp> = std::iter::once(cause).chain(diagnostic).collect();
        Avp::group(name::SM_DELIVERY_FAILURE_CAUSE, &members)
    }
}

impl OutcomeOf {
    const ALL: [Self; 4] = [Self::Mme, Self::Msc, Self::Sgsn, Self::IpSmGw];

    fn definition(self) -> Definition {
        match self {
            Self::Mme => name::MME_SM_DELIVERY_OUTCOME,
            Self::Msc => name::MSC_SM_DELIVERY_OUTCOME,
            Self::Sgsn => name::SGSN_SM_DELIVERY_OUTCOME,
            Self::IpSmGw => name::IP_SM_GW_SM_DELIVERY_OUTCOME,
        }
    }
}

impl DeliveryOutcome {
    /// All members of an SM-Delivery-Outcome.
    pub fn read(avp: &Avp) -> Vec<Self> {
        let Ok(members) = avp.members() else {
            return Vec::new();
        };
        let one = |avp: &Avp| {
            let of = OutcomeOf::ALL
                .into_iter()
                .find(|of| avp.is(of.definition()))?;
            let mut members = Members::of(avp)?;
            Some(Self {
                of,
                cause: members.number(name::SM_DELIVERY_CAUSE),
                absent_diagnostic: members.number(name::ABSENT_USER_DIAGNOSTIC_SM),
            })
        };
        members.iter().filter_map(one).collect()
    }

    /// An SM-Delivery-Outcome of these members.
    pub fn to_avp(outcomes: &[Self]) -> Avp {
        let one = |outcome: &Self| {
            let cause = outcome
                .cause
                .map(|n| Avp::number(name::SM_DELIVERY_CAUSE, n));
            let absent = outcome.absent_diagnostic;
            let absent = absent.map(|n| Avp::number(name::ABSENT_USER_DIAGNOSTIC_SM, n));
            let members: Vec<Avp> = cause.into_iter().chain(absent).collect();
            Avp::group(outcome.of.definition(), &members)
        };
        let members: Vec<Avp> = outcomes.iter().map(one).collect();
        Avp::group(name::SM_DELIVERY_OUTCOME, &members)
    }
}

impl Message {
    /// Digits of an E.164 AVP such as SC-Address or MSISDN.
    pub fn digits(&self, definition: Definition) -> Option<String> {
        decode_tbcd(&self.find(definition)?.data).ok()
    }

    /// SM-RP-UI: the TPDU.
    pub fn tpdu(&self) -> Option<&[u8]> {
        Some(&self.find(name::SM_RP_UI)?.data)
    }

    pub fn user_identifier(&self) -> Option<UserIdentifier> {
        UserIdentifier::read(self.find(name::USER_IDENTIFIER)?)
    }

    pub fn serving_node(&self) -> Option<ServingNode> {
        ServingNode::read(self.find(name::SERVING_NODE)?)
    }

    pub fn delivery_failure(&self) -> Option<DeliveryFailure> {
        DeliveryFailure::read(self.find(name::SM_DELIVERY_FAILURE_CAUSE)?)
    }

    pub fn delivery_outcomes(&self) -> Vec<DeliveryOutcome> {
        self.find(name::SM_DELIVERY_OUTCOME)
            .map_or_else(Vec::new, DeliveryOutcome::read)
    }
}
