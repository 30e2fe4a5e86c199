//! Access networks of UEs (3GPP TS 24.229 clause 7.2A.4, RFC 7315 section 5.4): what a UE says of the one it is on.
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::mmtel_ue::MmtelCommand;
use cucumber::gherkin::Step;
use cucumber::{Parameter, given};
use std::convert::Infallible;
use std::str::FromStr;

/// Names of the features, and the values of P-Access-Network-Info that stand for them; cell numbers are our own.
const NETWORKS: [(&str, &[&str]); 12] = [
    (
        "E-UTRAN",
        &["3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101000700a1b2c"],
    ),
    (
        "NR",
        &["3GPP-NR-FDD;utran-cell-id-3gpp=00101000007000a1b2c3"],
    ),
    (
        "UTRAN",
        &["3GPP-UTRAN-TDD;utran-cell-id-3gpp=001010007000a1b2"],
    ),
    ("cdma2000 1x", &["3GPP2-1X;ci-3gpp2=1234abcd0fe021"]),
    (
        "HRPD",
        &["3GPP2-1X-HRPD;ci-3gpp2=\"00112233445566778899aabbccddeeff40\""],
    ),
    ("WLAN", &["IEEE-802.11n;i-wlan-node-id=02005e10aa01"]),
    (
        "VDSL",
        &["VDSL;dsl-location=\"lab-dslam-3\";network-provided"],
    ),
    ("DOCSIS", &["DOCSIS;network-provided"]),
    ("DVB-RCS2", &["DVB-RCS2;dvb-rcs2-node-id=\"12-34-567\""]),
    (
        "two access networks",
        &[
            "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=00101000700a1b2c, IEEE-802.3ab;eth-location=\"lab-port-7\";network-provided",
        ],
    ),
    ("an unknown access network", &["FOO-BAR;x=1"]),
    ("an access network that she does not name", &[]),
];

/// An access network by its name in the features.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "access",
    regex = "E-UTRAN|NR|UTRAN|cdma2000 1x|HRPD|WLAN|VDSL|DOCSIS|DVB-RCS2|two access networks|an unknown access network|an access network that she does not name"
)]
pub struct AccessName(pub String);

impl FromStr for AccessName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl AccessName {
    /// Values of P-Access-Network-Info.
    fn values(&self) -> Vec<String> {
        let found = NETWORKS.iter().find(|(name, _)| *name == self.0);
        found.map_or_else(Vec::new, |(_, values)| {
            values.iter().map(|value| (*value).to_owned()).collect()
        })
    }
}

/// What the UE says of its access, at its registration and ever after.
#[given(expr = "{person} is on {access}")]
async fn is_on(lab: &mut Lab, person: PersonName, access: AccessName, step: &Step) {
    lab.stimulus(&step.value).await;
    lab.command(&person.0, MmtelCommand::Access(access.values()));
    lab.say_access(&step.value, &person).await;
}
