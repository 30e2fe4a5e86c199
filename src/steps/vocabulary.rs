//! Parameter types of the sentences: people, outcomes, treatments.
use crate::peer::ue::PagerMessage;
use crate::verdict::levels::Form;
use cucumber::Parameter;
use std::convert::Infallible;
use std::str::FromStr;

/// A person of the features, always in the same role: Alice acts, Bob is the far end, Carol a third, Dave the control.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(name = "person", regex = "Alice|Bob|Carol|Dave")]
pub struct PersonName(pub String);

impl FromStr for PersonName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl PersonName {
    /// Place of the person among the numbers of a test case.
    pub fn index(&self) -> usize {
        ["Alice", "Bob", "Carol", "Dave"]
            .iter()
            .position(|name| *name == self.0)
            .unwrap_or(9)
    }
}

/// What a policy wants done with invitations, OMA-RD-CPM-V1_0 CPM-IWF-008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "treatment",
    regex = "accepted on his behalf|accepted on the recipient's behalf|rejected|converted"
)]
pub enum Treatment {
    Accepted,
    Rejected,
    Converted,
}

impl FromStr for Treatment {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rejected" => Ok(Self::Rejected),
            "converted" => Ok(Self::Converted),
            _ => Ok(Self::Accepted),
        }
    }
}

impl Treatment {
    /// The provider policy that stands for it.
    pub fn policy(self) -> &'static str {
        match self {
            Self::Accepted => "auto-accept",
            Self::Rejected => "forbid",
            Self::Converted => "ask",
        }
    }
}

/// What became of an invitation that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "outcome", regex = "accepted|converted to an inviting message")]
pub enum Outcome {
    Accepted,
    Converted,
}

impl FromStr for Outcome {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "accepted" => Self::Accepted,
            _ => Self::Converted,
        })
    }
}

/// A word of the operator that the SMS user sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "answer",
    regex = "an acceptance|a rejection|the word for leaving"
)]
pub enum Word {
    Accept,
    Reject,
    Leave,
}

impl FromStr for Word {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "an acceptance" => Self::Accept,
            "a rejection" => Self::Reject,
            _ => Self::Leave,
        })
    }
}

/// `is` or `is not`, `are` or `are not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "is", regex = "is|is not|are|are not")]
pub struct Is(pub bool);

impl FromStr for Is {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(!text.ends_with("not")))
    }
}

/// What a pager-mode message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "content",
    regex = "plain text|wrapped plain text|a web page|a wrapped web page|a wrapped picture|a contact card"
)]
pub enum ContentKind {
    Plain,
    WrappedPlain,
    Html,
    WrappedHtml,
    WrappedPicture,
    ContactCard,
}

impl FromStr for ContentKind {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "plain text" => Self::Plain,
            "wrapped plain text" => Self::WrappedPlain,
            "a web page" => Self::Html,
            "a wrapped web page" => Self::WrappedHtml,
            "a wrapped picture" => Self::WrappedPicture,
            _ => Self::ContactCard,
        })
    }
}

impl ContentKind {
    /// The message with its text given that form.
    pub fn message(self, message: PagerMessage) -> PagerMessage {
        let bare = |kind: &str| PagerMessage {
            content_type: kind.to_owned(),
            ..message.clone()
        };
        let wrapped = |kind: &str| PagerMessage {
            wrapped_type: Some(kind.to_owned()),
            ..message.clone()
        };
        match self {
            Self::Plain => bare("text/plain;charset=UTF-8"),
            Self::WrappedPlain => message,
            Self::Html => bare("text/html;charset=UTF-8"),
            Self::ContactCard => bare("text/vcard;charset=UTF-8"),
            Self::WrappedHtml => wrapped("text/html;charset=UTF-8"),
            Self::WrappedPicture => wrapped("image/png"),
        }
    }
}

/// What a terminal is registered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "capabilities",
    regex = "CPM and SMS over IP|CPM only|SMS over IP only"
)]
pub enum Capabilities {
    Cpm,
    SmsOverIp,
    Both,
}

impl FromStr for Capabilities {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "CPM only" => Self::Cpm,
            "SMS over IP only" => Self::SmsOverIp,
            _ => Self::Both,
        })
    }
}

impl Capabilities {
    pub fn cpm(self) -> bool {
        self != Self::SmsOverIp
    }

    pub fn smsip(self) -> bool {
        self != Self::Cpm
    }
}

/// Levels of interworking, 3GPP TS 23.204 clause 6.8.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "level",
    regex = "transport level only|service level only|both levels|neither level|transport level|service level"
)]
pub enum LevelName {
    Transport,
    Service,
    Both,
    Neither,
}

impl FromStr for LevelName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "transport level only" | "transport level" => Self::Transport,
            "service level only" | "service level" => Self::Service,
            "both levels" => Self::Both,
            _ => Self::Neither,
        })
    }
}

impl LevelName {
    pub fn transport(self) -> bool {
        matches!(self, Self::Transport | Self::Both)
    }

    pub fn service(self) -> bool {
        matches!(self, Self::Service | Self::Both)
    }

    /// The operator's policy that stands for it.
    pub fn policy(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            _ => "service",
        }
    }
}

/// The form a short message takes towards a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "form",
    regex = "as an encapsulated short message|as an instant message"
)]
pub struct FormName(pub Form);

impl FromStr for FormName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(match text {
            "as an instant message" => Form::InstantMessage,
            _ => Form::Encapsulated,
        }))
    }
}

/// What a CPM user wants to be told about a message of hers, in MSRP (RFC 4975) and in CPIM (RFC 5438).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(
    name = "wish",
    regex = "no report|a success report|a failure report|success and failure reports|a delivery notification|a failure notification|delivery and failure notifications|a display notification|every notification|a success report and a delivery notification|reports of every kind"
)]
pub struct Wish {
    pub success_report: bool,
    pub failure_report: bool,
    /// Value of imdn.Disposition-Notification.
    pub notification: Option<&'static str>,
}

impl FromStr for Wish {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        const BOTH: &str = "positive-delivery, negative-delivery";
        let (success_report, failure_report, notification) = match text {
            "a success report" => (true, false, None),
            "a failure report" => (false, true, None),
            "success and failure reports" => (true, true, None),
            "a delivery notification" => (false, false, Some("positive-delivery")),
            "a failure notification" => (false, false, Some("negative-delivery")),
            "delivery and failure notifications" => (false, false, Some(BOTH)),
            "a display notification" => (false, false, Some("display")),
            "every notification" => (
                false,
                false,
                Some("positive-delivery, negative-delivery, display"),
            ),
            "a success report and a delivery notification" => {
                (true, false, Some("positive-delivery"))
            }
            "reports of every kind" => (true, true, Some(BOTH)),
            _ => (false, false, None),
        };
        Ok(Self {
            success_report,
            failure_report,
            notification,
        })
    }
}

/// A value of TP-ST in hexadecimal digits (3GPP TS 23.040 clause 9.2.3.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "status", regex = "[0-9A-F][0-9A-F]")]
pub struct TpStatus(pub u8);

impl FromStr for TpStatus {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u8::from_str_radix(text, 16).map(Self)
    }
}

/// Several persons: `Alice and Bob`, `Alice, Bob and Carol`.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "people",
    regex = "(?:Alice|Bob|Carol|Dave)(?:, (?:Alice|Bob|Carol|Dave))* and (?:Alice|Bob|Carol|Dave)"
)]
pub struct PersonNames(pub Vec<String>);

impl FromStr for PersonNames {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let text = text.replace(" and ", ", ");
        Ok(Self(text.split(", ").map(str::to_owned).collect()))
    }
}

/// The form of the URI by which a user is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "uri_form", regex = "SIP URI|tel URI")]
pub enum UriForm {
    Sip,
    Tel,
}

impl FromStr for UriForm {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "tel URI" => Self::Tel,
            _ => Self::Sip,
        })
    }
}

/// A header field of REFER that changes what comes of it (RFC 4488, RFC 7614), or one that requires what nobody has.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "refer_option",
    regex = "Refer-Sub: false|Require: nosub|Require: explicitsub|Require: unheard-of"
)]
pub struct ReferOption(pub String);

impl FromStr for ReferOption {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl ReferOption {
    /// Name and value of the header field.
    pub fn header(&self) -> (&str, &str) {
        self.0.split_once(": ").unwrap_or((&self.0, ""))
    }
}
