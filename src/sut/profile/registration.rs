//! How UEs at Gm register, and what they prove with that they are who they say.
use super::Sip;
use crate::peer::attachment::Gm;
use crate::peer::authentication::{self, Subscription, Usim};
use crate::sut::secret::Secret;
use crate::wire::authentication::{Algorithm, Key, Milenage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Registration with the home network (3GPP TS 24.229 clause 5.1.1). Either `password` or `key` is given, for all test users alike or, with
/// `{number}` and `{digits}`, for each his own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Address and port of the P-CSCF or registrar, or `{core}`; absent = where the requests go in any case: `conferencing.core` for MMTel
    /// users, `sip.address` for others.
    #[serde(default)]
    pub address: Option<String>,
    /// Private user identity (IMPI); `{number}` stands for the user's number, `{digits}` for the same without `+`.
    pub private_identity: String,
    /// The only realm whose challenges are answered; absent = any.
    #[serde(default)]
    pub realm: Option<String>,
    /// Password of Digest.
    #[serde(default)]
    pub password: Option<Secret>,
    /// What the USIM of a user shares with the home network (IMS AKA).
    #[serde(default)]
    pub key: Option<SharedKey>,
    /// The only algorithm that is answered: `MD5`, `SHA-256`, `SHA-512-256`, `AKAv1-MD5` or `AKAv2-MD5`; absent = the strongest that is
    /// offered.
    #[serde(default)]
    pub algorithm: Option<String>,
    /// For how many seconds to register; absent = 600000.
    #[serde(default)]
    pub expires: Option<u32>,
}

/// Milenage (3GPP TS 35.206): 32 hexadecimal digits each. `op` or `opc` is given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedKey {
    pub k: Secret,
    #[serde(default)]
    pub op: Option<Secret>,
    #[serde(default)]
    pub opc: Option<Secret>,
}

impl SharedKey {
    fn usim(&self) -> Result<Usim, String> {
        let key = "sip.registration.key";
        let k = hexadecimal(&format!("{key}.k"), &self.k)?;
        let opc = match (&self.op, &self.opc) {
            (None, Some(opc)) => hexadecimal(&format!("{key}.opc"), opc)?,
            (Some(op), None) => {
                let op = hexadecimal(&format!("{key}.op"), op)?;
                Milenage::with_op(&k, &op).opc()
            }
            _ => {
                return Err(format!(
                    "{key}: write op, which is the operator's, or opc, which is made of it for one k"
                ));
            }
        };
        Ok(Usim { k, opc, sqn: 0 })
    }
}

fn hexadecimal(key: &str, secret: &Secret) -> Result<Key, String> {
    let digits = secret.expose();
    let fits = digits.len() == 32 && digits.bytes().all(|octet| octet.is_ascii_hexdigit());
    let value = u128::from_str_radix(digits, 16).ok().filter(|_| fits);
    let value = value.ok_or_else(|| format!("{key}: it is not 32 hexadecimal digits"))?;
    Ok(value.to_be_bytes())
}

impl Registration {
    /// What the UE of a user is given.
    pub fn of(&self, number: &str) -> Result<Gm, String> {
        let digits = number.trim_start_matches('+');
        let own = |text: &str| text.replace("{number}", number).replace("{digits}", digits);
        let secret = match (&self.password, &self.key) {
            (Some(password), None) => authentication::Secret::Password(own(password.expose())),
            (None, Some(key)) => authentication::Secret::Usim(key.usim()?),
            _ => {
                return Err(
                    "sip.registration: write password for Digest, or key for IMS AKA".to_owned(),
                );
            }
        };
        let algorithm = match &self.algorithm {
            None => None,
            Some(name) => Some(self.algorithm_named(name)?),
        };
        Ok(Gm {
            subscription: Subscription {
                private_identity: own(&self.private_identity),
                realm: self.realm.clone(),
                secret,
                algorithm,
            },
            expires: self.expires,
        })
    }

    fn algorithm_named(&self, name: &str) -> Result<Algorithm, String> {
        let fits = |one: &Algorithm| one.is_aka() == self.key.is_some();
        let fitting = Algorithm::ALL.into_iter().filter(fits);
        let names: Vec<&str> = fitting.map(Algorithm::name).collect();
        Algorithm::named(name).filter(fits).ok_or_else(|| {
            let with = if self.key.is_some() {
                "key"
            } else {
                "password"
            };
            format!(
                "sip.registration.algorithm: with {with} it is one of {}, and not `{name}`",
                names.join(", ")
            )
        })
    }
}

/// What is wrong with it.
pub(super) fn problems(sip: &Sip) -> Vec<String> {
    let Some(registration) = &sip.registration else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if sip.reference_point != "gm" {
        found.push(format!(
            "sip.registration: UEs register at Gm, and sip.reference_point says {}; write gm there, or leave registration out",
            sip.reference_point
        ));
    }
    if let Some(address) = &registration.address {
        found.extend(super::check::address("sip.registration.address", address));
    }
    if registration.expires == Some(0) {
        found.push(
            "sip.registration.expires: 0 ends a registration; write the seconds one is to last"
                .to_owned(),
        );
    }
    found.extend(registration.of("+1").err());
    found
}
