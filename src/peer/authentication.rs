//! How a UE says who it is: answers to Digest challenges of registrars and proxies (RFC 3261 section 22, RFC 8760), with a password or with
//! what a USIM holds (RFC 3310, RFC 4169, 3GPP TS 33.203).
//!
//! It keeps what it was challenged with, so that later requests bring credentials of their own accord.
use super::identifiers::Identifiers;
use crate::wire::authentication::{
    AkaChallenge, Algorithm, Answering, Auts, Challenge, Credentials, Key, Milenage,
    akav2_password, next_nonce,
};
use crate::wire::sip::SipMessage;

/// Challenges answered for one request: 407 of a proxy after 401 of a registrar, stale nonces, AUTS.
const MAX_ATTEMPTS: usize = 5;
/// Bits of IND in SQN, 3GPP TS 33.102 annex C.3.
const INDEX_BITS: u32 = 5;
/// Delta of the same annex: how far SEQ may jump.
const FURTHEST: u64 = 1 << 28;

/// Who somebody is to the network, and how he proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// IMPI, the user name of Digest.
    pub private_identity: String,
    /// The only realm whose challenges are answered; any if absent.
    pub realm: Option<String>,
    pub secret: Secret,
    /// The only algorithm that is answered; else the strongest that is offered.
    pub algorithm: Option<Algorithm>,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Password(String),
    Usim(Usim),
}

/// What a USIM is personalised with, and where its sequence numbers stand.
#[derive(Clone, PartialEq, Eq)]
pub struct Usim {
    pub k: Key,
    pub opc: Key,
    /// The highest sequence number that has been accepted so far.
    pub sqn: u64,
}

/// Secrets stand in no log.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Usim(_) => "Usim",
        })
    }
}

/// Why a challenge is not answered. Nothing of it is the system's failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "the credentials of {0} are wrong: the challenge of {1} came again after they were given"
    )]
    Wrong(String, String),
    #[error("the challenge is of the realm {0}, and the credentials are for {1}")]
    ForeignRealm(String, String),
    #[error("no challenge can be answered with what there is; offered: {0}")]
    Unsuitable(String),
    #[error("the AUTN of the challenge is not made with K and OPc of {0}")]
    Forged(String),
    #[error("challenged once too often")]
    TooOften,
}

/// The challenges that one request has met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    answered: Vec<(bool, String)>,
    resynchronising: bool,
}

/// A challenge that has been answered.
#[derive(Debug)]
struct Held {
    proxy: bool,
    challenge: Challenge,
    password: Vec<u8>,
    count: u32,
}

#[derive(Debug)]
pub struct Authenticator {
    subscription: Subscription,
    /// The highest SEQ accepted for every IND.
    accepted: [u64; 1 << INDEX_BITS],
    held: Vec<Held>,
}

impl Authenticator {
    pub fn new(subscription: Subscription) -> Self {
        let sqn = match &subscription.secret {
            Secret::Usim(usim) => usim.sqn,
            Secret::Password(_) => 0,
        };
        Self {
            subscription,
            accepted: [sqn >> INDEX_BITS; 1 << INDEX_BITS],
            held: Vec::new(),
        }
    }

    /// What the first REGISTER says of its sender before anybody has asked (3GPP TS 24.229 clauses 5.1.1.2.2 and 5.1.1.2.3).
    pub fn introduce(&self, register: &mut SipMessage, home_domain: &str) {
        let impi = &self.subscription.private_identity;
        let realm = self.subscription.realm.as_deref().unwrap_or(home_domain);
        let uri = register.uri().unwrap_or_default();
        let value = format!(
            "Digest username=\"{impi}\", realm=\"{realm}\", nonce=\"\", uri=\"{uri}\", response=\"\""
        );
        register.push("Authorization", value);
    }

    /// Credentials for a request that nobody has challenged yet, where its kind has been challenged before.
    pub fn prepare(&mut self, request: &mut SipMessage, ids: &mut Identifiers) {
        let register = request.method() == Some("REGISTER");
        for at in 0..self.held.len() {
            if self.held[at].proxy != register {
                self.add(request, at, None, ids);
            }
        }
    }

    /// The request again, with an answer to the challenge in a 401 or 407; `sent` is as it left.
    pub fn answer(
        &mut self,
        sent: &SipMessage,
        response: &SipMessage,
        met: &mut Met,
        ids: &mut Identifiers,
    ) -> Result<SipMessage, Refusal> {
        let proxy = response.status() == Some(407);
        let challenges = self.suitable(response, proxy)?;
        if met.answered.len() >= MAX_ATTEMPTS {
            return Err(Refusal::TooOften);
        }
        let mut again = sent.clone();
        again.remove("Via");
        let (number, method) = sent.cseq().unwrap_or((1, ""));
        again.set("CSeq", format!("{} {method}", number + 1));
        keep_other_realms(&mut again, answers(proxy), &challenges);
        for challenge in challenges {
            let name = (proxy, challenge.realm.clone());
            let known = met.answered.contains(&name);
            if known && !challenge.stale && !met.resynchronising {
                let impi = self.subscription.private_identity.clone();
                return Err(Refusal::Wrong(impi, challenge.realm));
            }
            let (password, auts) = self.password(&challenge)?;
            met.resynchronising = auts.is_some();
            met.answered.push(name);
            let same = |held: &Held| held.proxy == proxy && held.challenge.realm == challenge.realm;
            self.held.retain(|held| !same(held));
            self.held.push(Held {
                proxy,
                challenge,
                password,
                count: 0,
            });
            self.add(&mut again, self.held.len() - 1, auts, ids);
            if auts.is_some() {
                // It is answered with a new challenge, and good for nothing else.
                self.held.pop();
            }
        }
        Ok(again)
    }

    /// A nonce that the system wants used next (RFC 7616 section 3.5).
    pub fn accepted(&mut self, response: &SipMessage) {
        let register = response.cseq().is_some_and(|(_, of)| of == "REGISTER");
        let next = response.header("Authentication-Info").and_then(next_nonce);
        let held = self.held.iter_mut().find(|held| held.proxy != register);
        if let (Some(next), Some(held)) = (next, held)
            && !held.challenge.algorithm.is_aka()
        {
            held.challenge.nonce = next;
            held.count = 0;
        }
    }

    /// The strongest challenge of every realm that can be answered.
    fn suitable(&self, response: &SipMessage, proxy: bool) -> Result<Vec<Challenge>, Refusal> {
        let own = &self.subscription;
        let name = match proxy {
            true => "Proxy-Authenticate",
            false => "WWW-Authenticate",
        };
        let all: Vec<&str> = response.headers_named(name).collect();
        let usim = matches!(own.secret, Secret::Usim(_));
        let mut suitable: Vec<Challenge> = all
            .iter()
            .filter_map(|value| Challenge::parse(value))
            .filter(|one| one.algorithm.is_aka() == usim)
            .filter(|one| own.algorithm.is_none_or(|only| only == one.algorithm))
            .collect();
        let Some(first) = suitable.first().map(|one| one.realm.clone()) else {
            return Err(Refusal::Unsuitable(match all.is_empty() {
                true => format!("no {name}"),
                false => all.join("; "),
            }));
        };
        if let Some(realm) = &own.realm {
            suitable.retain(|one| one.realm == *realm);
            if suitable.is_empty() {
                return Err(Refusal::ForeignRealm(first, realm.clone()));
            }
        }
        // A registrar wants one answer, every proxy its own.
        if !proxy {
            let realm = suitable.first().map(|one| one.realm.clone());
            suitable.retain(|one| Some(&one.realm) == realm.as_ref());
        }
        suitable.sort_by_key(|one| std::cmp::Reverse(one.algorithm));
        let mut realms = std::collections::BTreeSet::new();
        suitable.retain(|one| realms.insert(one.realm.clone()));
        Ok(suitable)
    }

    /// The password for a challenge; none and AUTS if its sequence number is out of range.
    fn password(&mut self, challenge: &Challenge) -> Result<(Vec<u8>, Option<Auts>), Refusal> {
        let usim = match &self.subscription.secret {
            Secret::Password(password) => return Ok((password.clone().into_bytes(), None)),
            Secret::Usim(usim) => usim.clone(),
        };
        let forged = || Refusal::Forged(self.subscription.private_identity.clone());
        let AkaChallenge { rand, autn } =
            AkaChallenge::of_nonce(&challenge.nonce).ok_or_else(forged)?;
        let milenage = Milenage::new(&usim.k, usim.opc);
        let sqn = autn.open(&milenage, &rand).ok_or_else(forged)?;
        if let Err(highest) = self.accept(sqn) {
            return Ok((Vec::new(), Some(Auts::new(&milenage, &rand, highest))));
        }
        let vector = milenage.vector(&rand);
        let password = match challenge.algorithm {
            Algorithm::AkaV2Md5 => akav2_password(&vector),
            _ => vector.res.to_vec(),
        };
        Ok((password, None))
    }

    /// 3GPP TS 33.102 annex C.2.2; the highest number accepted so far if this one is not in range.
    fn accept(&mut self, sqn: u64) -> Result<(), u64> {
        let (seq, index) = (sqn >> INDEX_BITS, sqn & ((1 << INDEX_BITS) - 1));
        let slot = usize::try_from(index).unwrap_or(0);
        let indexed = self.accepted.iter().zip(0u64..);
        let highest = indexed.map(|(seq, index)| seq << INDEX_BITS | index).max();
        let highest = highest.unwrap_or(0);
        let before = highest >> INDEX_BITS;
        // A USIM that has accepted nothing yet takes up wherever the network stands.
        let too_far = before > 0 && seq > before && seq - before > FURTHEST;
        if seq <= self.accepted[slot] || too_far {
            return Err(highest);
        }
        self.accepted[slot] = seq;
        Ok(())
    }

    fn add(
        &mut self,
        request: &mut SipMessage,
        at: usize,
        auts: Option<Auts>,
        ids: &mut Identifiers,
    ) {
        let held = &mut self.held[at];
        held.count += 1;
        let asked = Answering {
            method: request.method().unwrap_or_default(),
            uri: request.uri().unwrap_or_default(),
            body: &request.body,
        };
        let who = (
            self.subscription.private_identity.as_str(),
            held.password.as_slice(),
        );
        let cnonce = ids.token(16);
        let mut credentials =
            Credentials::answer(&held.challenge, who, asked, (&cnonce, held.count));
        credentials.auts = auts;
        request.push(answers(held.proxy), credentials.to_value());
    }
}

/// What was said to others stays; what has been refused does not, nor what was said before anybody asked.
fn keep_other_realms(request: &mut SipMessage, name: &str, challenges: &[Challenge]) {
    let other = |value: &str| {
        let given = Credentials::parse(value)?;
        let asked = challenges.iter().any(|one| one.realm == given.realm);
        (!asked && !given.nonce.is_empty()).then(|| value.to_owned())
    };
    let kept: Vec<String> = request.headers_named(name).filter_map(other).collect();
    request.remove(name);
    for value in kept {
        request.push(name, value);
    }
}

/// Where the answer stands.
fn answers(proxy: bool) -> &'static str {
    match proxy {
        true => "Proxy-Authorization",
        false => "Authorization",
    }
}

/// An ACK brings the credentials of its INVITE (RFC 3261 section 22.1).
pub fn copy_credentials(invite: &SipMessage, ack: &mut SipMessage) {
    for name in ["Authorization", "Proxy-Authorization"] {
        for value in invite.headers_named(name) {
            ack.push(name, value);
        }
    }
}

#[cfg(test)]
#[path = "authentication_tests.rs"]
mod tests;
