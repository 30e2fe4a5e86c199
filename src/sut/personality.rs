//! `fixtures/personalities.yaml`: ways in which all peers of a run depart from the plainest behaviour, each with what the standards say
//! of it. Legal ones must leave the verdicts of a correct system as they are.
use super::{SutError, yaml};
use crate::peer::behaviour::{Bystander, HandsetBehaviour, ReceiptId, Segmentation, UeBehaviour};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// What a standard says of a behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Legality {
    /// Allowed; no verdict on a correct system changes.
    Legal,
    /// Not written, but met in the field; a system should live through it, verdicts may change.
    Tolerated,
    /// Forbidden; the system must live through it, and what it cannot do for it is not held against it.
    Illegal,
}

impl Legality {
    pub fn name(self) -> &'static str {
        match self {
            Self::Legal => "legal",
            Self::Tolerated => "tolerated",
            Self::Illegal => "illegal",
        }
    }
}

/// One personality.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Personality {
    /// For `run --personality`.
    pub name: String,
    /// What the peers do, in one line.
    pub what: String,
    pub legality: Legality,
    /// Where it is allowed or forbidden.
    pub clause: String,
    /// Message centre and handsets.
    #[serde(default)]
    pub sms: SmsManners,
    /// CPM users' terminals.
    #[serde(default)]
    pub ue: UeManners,
    /// Carriages it means something on; all when empty.
    #[serde(default)]
    pub carriages: Vec<String>,
    /// Test cases whose verdict it changes or that cannot be had with it, with the reason.
    #[serde(default)]
    pub except: Vec<Exception>,
}

/// Why the verdict of some test cases is another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub cases: Vec<String>,
    pub why: String,
}

/// What message centre and handsets do; what is left out they do as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SmsManners {
    /// Submissions are answered this much later.
    pub answer_delay_ms: u64,
    /// Submissions are not answered at all.
    pub unanswered: bool,
    /// Time between the answer and the status report.
    pub receipt_delay_ms: u64,
    /// The status report comes first.
    pub receipt_before_answer: bool,
    /// Status reports come by data_sm.
    pub receipt_by_data_sm: bool,
    /// Status reports say everything in their text.
    pub receipt_without_tlvs: bool,
    /// How a status report writes the message id.
    pub receipt_id: Option<ReceiptForm>,
    /// Every delivery comes this many times more.
    pub duplicates: u8,
    /// How parts say which part they are.
    pub segmentation: Option<Parts>,
    /// The last part comes first.
    pub parts_out_of_order: bool,
    /// This part never comes.
    pub lost_part: Option<u8>,
    /// Parts in different alphabets.
    pub mixed_alphabets: bool,
    /// Somebody else writes to the same number.
    pub bystander: Option<Other>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptForm {
    Hexadecimal,
    Padded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Parts {
    Header16,
    Sar,
    Payload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Other {
    SameReference,
    Service,
}

/// What CPM users' terminals do; what is left out they do as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UeManners {
    /// Every response leaves this much later.
    pub response_delay_ms: u64,
    /// ACK of a 2xx leaves this much later.
    pub ack_delay_ms: u64,
    /// No ACK of a 2xx.
    pub withhold_ack: bool,
    /// Extra copies of every request outside INVITE.
    pub duplicate_requests: u8,
    /// Extra copies of every response.
    pub duplicate_responses: u8,
    /// `a=setup` of offers.
    pub setup: Option<String>,
    /// Session-Expires of invitations; 0 = none.
    pub session_expires: Option<u32>,
    /// Reliable provisional responses are not supported.
    pub no_reliable_provisionals: bool,
    /// No MSRP connection is made.
    pub withhold_media: bool,
    pub msrp: MsrpManners,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MsrpManners {
    /// Responses and reports leave this much later.
    pub answer_delay_ms: u64,
    /// Messages leave in chunks of so many octets.
    pub chunk_octets: Option<usize>,
    /// No request is answered.
    pub silent: bool,
    /// The connection is reset when the first SEND arrives.
    pub reset_on_first_send: bool,
    /// Every SEND leaves twice.
    pub duplicate_send: bool,
    /// The end-line of SEND has another transaction id.
    pub malformed_end_line: bool,
    /// The Byte-Range of SEND is wrong.
    pub wrong_byte_range: bool,
}

fn milliseconds(count: u64, usual: Duration) -> Duration {
    match count {
        0 => usual,
        count => Duration::from_millis(count),
    }
}

impl SmsManners {
    /// The behaviour of a handset with these manners.
    pub fn behaviour(&self) -> HandsetBehaviour {
        let usual = HandsetBehaviour::default();
        HandsetBehaviour {
            submit_delay: milliseconds(self.answer_delay_ms, usual.submit_delay),
            submit_unanswered: self.unanswered,
            receipt_delay: milliseconds(self.receipt_delay_ms, usual.receipt_delay),
            receipt_before_answer: self.receipt_before_answer,
            receipt_by_data_sm: self.receipt_by_data_sm,
            receipt_without_tlvs: self.receipt_without_tlvs,
            receipt_id: match self.receipt_id {
                None => usual.receipt_id,
                Some(ReceiptForm::Hexadecimal) => ReceiptId::Hexadecimal,
                Some(ReceiptForm::Padded) => ReceiptId::Padded,
            },
            deliver_duplicates: self.duplicates,
            segmentation: match self.segmentation {
                None => usual.segmentation,
                Some(Parts::Header16) => Segmentation::Header16,
                Some(Parts::Sar) => Segmentation::Sar,
                Some(Parts::Payload) => Segmentation::Payload,
            },
            parts_out_of_order: self.parts_out_of_order,
            lost_part: self.lost_part,
            mixed_alphabets: self.mixed_alphabets,
            bystander: self.bystander.map(|other| match other {
                Other::SameReference => Bystander::SameReference,
                Other::Service => Bystander::Service,
            }),
            ..usual
        }
    }
}

impl UeManners {
    /// The behaviour of a terminal with these manners.
    pub fn behaviour(&self) -> UeBehaviour {
        let mut behaviour = UeBehaviour::default();
        behaviour.response_delay = milliseconds(self.response_delay_ms, behaviour.response_delay);
        behaviour.ack_delay = milliseconds(self.ack_delay_ms, behaviour.ack_delay);
        behaviour.withhold_ack = self.withhold_ack;
        behaviour.duplicate_requests = self.duplicate_requests;
        behaviour.duplicate_responses = self.duplicate_responses;
        behaviour.withhold_media = self.withhold_media;
        if let Some(setup) = &self.setup {
            behaviour.setup.clone_from(setup);
        }
        if let Some(seconds) = self.session_expires {
            behaviour.session_expires = (seconds > 0).then_some(seconds);
        }
        behaviour.reliable_provisionals = !self.no_reliable_provisionals;
        let msrp = &self.msrp;
        let delay = Duration::from_millis(msrp.answer_delay_ms);
        behaviour.msrp.answer_delay = (msrp.answer_delay_ms > 0).then_some(delay);
        behaviour.msrp.chunk_octets = msrp.chunk_octets;
        behaviour.msrp.silent = msrp.silent;
        behaviour.msrp.reset_on_first_send = msrp.reset_on_first_send;
        behaviour.msrp.duplicate_send = msrp.duplicate_send;
        behaviour.msrp.malformed_end_line = msrp.malformed_end_line;
        behaviour.msrp.wrong_byte_range = msrp.wrong_byte_range;
        behaviour
    }
}

/// All personalities.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Personalities(pub Vec<Personality>);

impl Personalities {
    pub fn load(fixtures: &Path) -> Result<Self, SutError> {
        let path = fixtures.join("personalities.yaml");
        let fail = |message: String| SutError::Profile {
            path: path.display().to_string(),
            message,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?;
        yaml::from_str(&text).map(Self).map_err(fail)
    }

    pub fn named(self, name: &str) -> Result<Personality, SutError> {
        let names: Vec<String> = self.0.iter().map(|p| p.name.clone()).collect();
        let found = self.0.into_iter().find(|p| p.name == name);
        found.ok_or_else(|| SutError::Profile {
            path: "fixtures/personalities.yaml".to_owned(),
            message: format!(
                "there is no personality `{name}`; there are {}",
                names.join(", ")
            ),
        })
    }

    /// What is wrong with the list, in words: a name given twice, no effect, an exception for a test case there is not.
    pub fn problems(&self, cases: &[String]) -> Vec<String> {
        let mut problems = Vec::new();
        for (index, one) in self.0.iter().enumerate() {
            let name = &one.name;
            if self.0.iter().take(index).any(|other| other.name == *name) {
                problems.push(format!("personality {name} is in the list twice"));
            }
            let plain = SmsManners::default() == one.sms && UeManners::default() == one.ue;
            if plain {
                problems.push(format!("personality {name} changes nothing"));
            }
            for exception in &one.except {
                let unknown = exception.cases.iter().filter(|case| !cases.contains(case));
                problems.extend(unknown.map(|case| {
                    format!("personality {name} excepts {case}, which is no test case")
                }));
                if exception.why.is_empty() {
                    problems.push(format!("personality {name} excepts without a reason"));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample(text: &str) -> Personality {
        let head = "name: a\nwhat: b\nlegality: legal\nclause: c\n";
        yaml::from_str(&format!("{head}{text}")).unwrap()
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let plain = sample("");
        assert_eq!(plain.sms.behaviour(), HandsetBehaviour::default());
        assert_eq!(plain.ue.behaviour(), UeBehaviour::default());
        let problems = Personalities(vec![plain.clone(), plain]).problems(&[]);
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn manners_become_behaviour() {
        let one = sample(
            "sms: { answer_delay_ms: 300, segmentation: sar }\nue: { session_expires: 0, msrp: { chunk_octets: 7 } }",
        );
        assert_eq!(one.sms.behaviour().submit_delay, Duration::from_millis(300));
        assert_eq!(one.sms.behaviour().segmentation, Segmentation::Sar);
        assert_eq!(one.ue.behaviour().session_expires, None);
        assert_eq!(one.ue.behaviour().msrp.chunk_octets, Some(7));
    }

    #[test]
    fn exceptions_name_test_cases() {
        let one = sample("ue: { setup: active }\nexcept: [{ cases: [TC-A], why: '' }]");
        assert_eq!(Personalities(vec![one]).problems(&[]).len(), 2);
    }
}
