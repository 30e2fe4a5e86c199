//! Whom this S-CSCF believes (3GPP TS 24.229 clause 5.4.1.2, TS 33.203): HTTP Digest or IMS AKA on request, else everybody.
//!
//! All subscribers have one password or one key. Nonces are kept until they are old, with how often they have been used, so that nothing is
//! believed twice.
use super::user_key;
use crate::reference::proxy::{Decision, Response};
use crate::wire::authentication::{
    AkaChallenge, Algorithm, Answering, Autn, Challenge, Credentials, Key, Milenage, Qop,
    akav2_password,
};
use crate::wire::sip::SipMessage;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Nonces kept; beyond them the old ones go.
const MOST_NONCES: usize = 100_000;
/// The separation bit of TS 33.102 annex H is for EPS; IMS leaves it unset.
const AMF: [u8; 2] = [0; 2];
/// TS 33.102 annex C.1.2: IND has five bits here.
const ONE_SEQ: u64 = 1 << 5;
/// Where the sequence numbers of a subscriber begin.
const FIRST_SQN: u64 = 1000 * ONE_SEQ;

/// What subscribers are challenged with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scheme {
    /// Digest with SHA-256 and with MD5 (RFC 8760)
    Digest,
    DigestMd5,
    DigestSha256,
    /// IMS AKA with AKAv1-MD5 (RFC 3310)
    Aka,
    /// IMS AKA with AKAv2-MD5 (RFC 4169)
    Akav2,
}

impl Scheme {
    /// Most preferred first.
    fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Digest => &[Algorithm::Sha256, Algorithm::Md5],
            Self::DigestMd5 => &[Algorithm::Md5],
            Self::DigestSha256 => &[Algorithm::Sha256],
            Self::Aka => &[Algorithm::AkaV1Md5],
            Self::Akav2 => &[Algorithm::AkaV2Md5],
        }
    }
}

/// Command line arguments of authentication.
#[derive(Debug, Clone, clap::Args)]
pub struct AuthenticationArguments {
    /// Asks UEs that register at the S-CSCF who they are
    #[arg(long, value_name = "SCHEME", value_enum)]
    pub authentication: Option<Scheme>,
    /// Realm of its challenges; the home domain if absent
    #[arg(long, value_name = "REALM")]
    pub authentication_realm: Option<String>,
    /// Password of every subscriber
    #[arg(long, value_name = "X", default_value = "secret")]
    pub subscriber_password: String,
    /// K of every subscriber, 32 hexadecimal digits; the default is that of 3GPP TS 35.208 test set 1
    #[arg(long, value_name = "HEX", value_parser = key, default_value = "465b5ce8b199b49faa5f0a2ee238a6bc")]
    pub subscriber_k: Key,
    /// OPc of every subscriber, likewise
    #[arg(long, value_name = "HEX", value_parser = key, default_value = "cd63cb71954a9f4e48a5994e37a02baf")]
    pub subscriber_opc: Key,
    /// With Digest, challenges requests that begin something as well (407), and not only REGISTER
    #[arg(long)]
    pub challenge_requests: bool,
    /// For how many seconds a nonce is good
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub nonce_seconds: u64,
    /// Registrations briefer than this get 423
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub min_expires: u64,
}

impl Default for AuthenticationArguments {
    fn default() -> Self {
        Self {
            authentication: None,
            authentication_realm: None,
            subscriber_password: "secret".into(),
            subscriber_k: [0; 16],
            subscriber_opc: [0; 16],
            challenge_requests: false,
            nonce_seconds: 600,
            min_expires: 0,
        }
    }
}

fn key(text: &str) -> Result<Key, String> {
    let value = u128::from_str_radix(text, 16).ok();
    let value = value.filter(|_| text.len() == 32);
    value
        .map(u128::to_be_bytes)
        .ok_or_else(|| "32 hexadecimal digits are wanted".to_owned())
}

/// A nonce that has been given out.
#[derive(Debug, Clone)]
struct Nonce {
    private_identity: String,
    /// What the response has to be made with.
    password: Vec<u8>,
    rand: Option<Key>,
    until: Instant,
    /// The nonce count used last.
    used: u32,
}

/// What Proxy-Authorization or Authorization is worth.
enum Worth {
    Believed,
    /// Challenged anew, `stale` if the password at least was right.
    Challenged {
        stale: bool,
    },
    Refused,
}

pub(super) struct Authentication {
    scheme: Scheme,
    realm: String,
    password: Vec<u8>,
    milenage: Milenage,
    nonce_lifetime: Duration,
    challenge_requests: bool,
    nonces: Mutex<HashMap<String, Nonce>>,
    /// The last sequence number of every private identity.
    sequence: Mutex<HashMap<String, u64>>,
}

impl Authentication {
    pub(super) fn new(arguments: &AuthenticationArguments, home: &str) -> Option<Self> {
        let realm = arguments.authentication_realm.as_deref().unwrap_or(home);
        Some(Self {
            scheme: arguments.authentication?,
            realm: realm.to_owned(),
            password: arguments.subscriber_password.clone().into_bytes(),
            milenage: Milenage::new(&arguments.subscriber_k, arguments.subscriber_opc),
            nonce_lifetime: Duration::from_secs(arguments.nonce_seconds),
            challenge_requests: arguments.challenge_requests,
            nonces: Mutex::default(),
            sequence: Mutex::default(),
        })
    }

    fn nonces(&self) -> MutexGuard<'_, HashMap<String, Nonce>> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of a REGISTER of this identity; `None` if it is believed.
    pub(super) fn register(&self, request: &SipMessage, identity: &str) -> Option<Decision> {
        self.ask(request, Some(identity), "Authorization")
    }

    /// What becomes of a request that begins something; `None` if it is believed, or nobody asks.
    pub(super) fn request(&self, request: &SipMessage) -> Option<Decision> {
        // TS 33.203 clause 6.1: IMS AKA is for REGISTER only.
        let aka = self.scheme.algorithms().iter().any(|one| one.is_aka());
        match self.challenge_requests && !aka {
            true => self.ask(request, None, "Proxy-Authorization"),
            false => None,
        }
    }

    fn ask(&self, request: &SipMessage, identity: Option<&str>, name: &str) -> Option<Decision> {
        let given: Vec<Credentials> = request
            .headers_named(name)
            .filter_map(Credentials::parse)
            .filter(|one| one.realm == self.realm)
            .collect();
        // The first REGISTER names its sender and answers nothing.
        let first = given.first();
        let impi = match (first, identity) {
            (Some(given), _) => given.username.clone(),
            (None, Some(identity)) => user_key(identity),
            (None, None) => String::new(),
        };
        let own = |identity: &str| same_user(&impi, identity);
        if first.is_some() && identity.is_some_and(|identity| !own(identity)) {
            return Some(Decision::respond(403, "Forbidden"));
        }
        let answered = first.filter(|given| !given.nonce.is_empty());
        let worth = answered.map_or(Worth::Challenged { stale: false }, |given| {
            self.worth(given, request)
        });
        match worth {
            Worth::Believed => None,
            Worth::Refused => Some(Decision::respond(403, "Forbidden")),
            Worth::Challenged { stale } => Some(self.challenged(&impi, name, stale)),
        }
    }

    fn challenged(&self, impi: &str, name: &str, stale: bool) -> Decision {
        let (mut response, asks) = match name {
            "Authorization" => (Response::new(401, "Unauthorized"), "WWW-Authenticate"),
            _ => (
                Response::new(407, "Proxy Authentication Required"),
                "Proxy-Authenticate",
            ),
        };
        for algorithm in self.scheme.algorithms() {
            let challenge = Challenge {
                realm: self.realm.clone(),
                nonce: self.nonce(*algorithm, impi),
                algorithm: *algorithm,
                qop: vec![Qop::Auth],
                opaque: None,
                stale,
            };
            response = response.with(asks, challenge.to_value());
        }
        Decision::Respond(vec![response])
    }

    /// A new nonce; with AKA a new authentication vector.
    fn nonce(&self, algorithm: Algorithm, impi: &str) -> String {
        let random: Key = std::array::from_fn(|_| fastrand::u8(..));
        let (nonce, password, rand) = if algorithm.is_aka() {
            let autn = Autn::new(&self.milenage, &random, self.next_sqn(impi), AMF);
            let vector = self.milenage.vector(&random);
            let password = match algorithm {
                Algorithm::AkaV2Md5 => akav2_password(&vector),
                _ => vector.res.to_vec(),
            };
            let nonce = AkaChallenge { rand: random, autn }.to_nonce();
            (nonce, password, Some(random))
        } else {
            let nonce = random.iter().map(|octet| format!("{octet:02x}")).collect();
            (nonce, self.password.clone(), None)
        };
        let now = Instant::now();
        let mut nonces = self.nonces();
        if nonces.len() >= MOST_NONCES {
            nonces.retain(|_, nonce| nonce.until > now);
        }
        nonces.insert(
            nonce.clone(),
            Nonce {
                private_identity: impi.to_owned(),
                password,
                rand,
                until: now + self.nonce_lifetime,
                used: 0,
            },
        );
        nonce
    }

    fn next_sqn(&self, impi: &str) -> u64 {
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        let sqn = sequence.entry(impi.to_owned()).or_insert(FIRST_SQN);
        *sqn += ONE_SEQ;
        *sqn
    }

    fn worth(&self, given: &Credentials, request: &SipMessage) -> Worth {
        let fresh = Worth::Challenged { stale: false };
        if !self.scheme.algorithms().contains(&given.algorithm) {
            return fresh;
        }
        let asked = Answering {
            method: request.method().unwrap_or_default(),
            uri: &given.uri,
            body: &request.body,
        };
        let mut nonces = self.nonces();
        let known = nonces
            .get_mut(&given.nonce)
            .filter(|nonce| nonce.private_identity == given.username || nonce.rand.is_none());
        let Some(nonce) = known else {
            // A nonce nobody remembers: right with the password, and so only old.
            let right = given.response == given.expected(&self.password, asked);
            return Worth::Challenged {
                stale: right && !given.algorithm.is_aka(),
            };
        };
        if let (Some(auts), Some(rand)) = (given.auts, nonce.rand) {
            return match auts.open(&self.milenage, &rand) {
                Some(sqn) => {
                    let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
                    sequence.insert(given.username.clone(), sqn);
                    fresh
                }
                None => Worth::Refused,
            };
        }
        if given.response != given.expected(&nonce.password, asked) {
            return fresh;
        }
        let count = given
            .qop
            .as_ref()
            .and_then(|(_, _, nc)| u32::from_str_radix(nc, 16).ok());
        match count.filter(|count| *count > nonce.used && nonce.until > Instant::now()) {
            Some(count) => {
                nonce.used = count;
                Worth::Believed
            }
            None => Worth::Challenged { stale: true },
        }
    }
}

/// Private and public identity are of one subscriber: the former is the latter without scheme, `+` or not.
fn same_user(private: &str, public: &str) -> bool {
    let bare = |text: &str| {
        let user = text.split('@').next().unwrap_or_default();
        user.trim_start_matches('+').to_owned()
    };
    bare(private) == bare(&user_key(public))
}
