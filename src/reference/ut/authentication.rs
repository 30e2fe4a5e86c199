//! Who asks (3GPP TS 24.623 clause 5.2.2.1 and TS 33.222): HTTP Digest against the password of the server's users.
//!
//! The user name is a public user identity in any form, and he sees and changes what is his. A nonce bears its own time, so that none has
//! to be remembered.
use super::store::identity;
use crate::wire::authentication::{Algorithm, Answering, Challenge, Credentials, Qop};
use sha2::Digest as _;
use std::time::Duration;

/// A nonce is good for that long.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// Whom the server believes.
#[derive(Debug, Clone)]
pub struct Authentication {
    pub realm: String,
    /// The password of every user; `None` = an authentication proxy stands in front, everybody is believed.
    pub password: Option<String>,
    pub algorithm: Algorithm,
    /// What only this server knows.
    secret: String,
}

/// What a request is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// The identity, or nobody where nobody is asked.
    Known(Option<String>),
    Challenged(Challenge),
}

impl Authentication {
    pub fn new(realm: &str, password: Option<&str>, algorithm: Algorithm) -> Self {
        Self {
            realm: realm.to_owned(),
            password: password.map(str::to_owned),
            algorithm,
            secret: format!("{:016x}", fastrand::u64(..)),
        }
    }

    /// Judges the header field Authorization of a request.
    pub fn verify(&self, authorization: Option<&str>, method: &str, target: &str) -> Verified {
        let Some(password) = &self.password else {
            return Verified::Known(None);
        };
        let Some(credentials) = authorization.and_then(Credentials::parse) else {
            return Verified::Challenged(self.challenge(false));
        };
        let right = credentials.realm == self.realm
            && credentials.uri == target
            && credentials.algorithm == self.algorithm
            && credentials.response
                == credentials.expected(password.as_bytes(), Answering::new(method, target));
        if !right {
            return Verified::Challenged(self.challenge(false));
        }
        match self.age(&credentials.nonce) {
            Some(age) if age <= NONCE_LIFETIME => {
                Verified::Known(Some(identity(&with_scheme(&credentials.username))))
            }
            _ => Verified::Challenged(self.challenge(true)),
        }
    }

    fn challenge(&self, stale: bool) -> Challenge {
        Challenge {
            realm: self.realm.clone(),
            nonce: self.nonce(now()),
            algorithm: self.algorithm,
            qop: vec![Qop::Auth],
            opaque: None,
            stale,
        }
    }

    fn nonce(&self, at: Duration) -> String {
        let seconds = format!("{:x}", at.as_secs());
        let seal = sha2::Sha256::digest(format!("{seconds}:{}", self.secret).as_bytes());
        let seal: String = seal[..8]
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        format!("{seconds}-{seal}")
    }

    /// How old a nonce of ours is.
    fn age(&self, nonce: &str) -> Option<Duration> {
        let (seconds, _) = nonce.split_once('-')?;
        let at = Duration::from_secs(u64::from_str_radix(seconds, 16).ok()?);
        (self.nonce(at) == nonce).then(|| now().saturating_sub(at))
    }
}

fn now() -> Duration {
    crate::reference::calendar::since_epoch()
}

/// A private user identity has no scheme.
fn with_scheme(username: &str) -> String {
    match username.split_once(':') {
        Some(_) => username.to_owned(),
        None => format!("sip:{username}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn believes_the_right_answer_to_its_own_challenge_only() {
        let server = Authentication::new("r", Some("secret"), Algorithm::Md5);
        let Verified::Challenged(challenge) = server.verify(None, "GET", "/a") else {
            panic!("believed");
        };
        let answer = |who, password, challenge: &Challenge| {
            let who = (who, str::as_bytes(password));
            let request = Answering::new("GET", "/a");
            let answer = Credentials::answer(challenge, who, request, ("c", 1));
            server.verify(Some(&answer.to_value()), "GET", "/a")
        };
        let known = answer("+4477@x.example", "secret", &challenge);
        assert_eq!(known, Verified::Known(Some("+4477".into())));
        let is_known = |verified| matches!(verified, Verified::Known(_));
        assert!(!is_known(answer("+4477@x.example", "wrong", &challenge)));
        let foreign = Challenge {
            nonce: "5-aa".into(),
            ..challenge
        };
        assert!(!is_known(answer("+4477@x.example", "secret", &foreign)));
        let open = Authentication::new("r", None, Algorithm::Md5);
        assert_eq!(open.verify(None, "GET", "/a"), Verified::Known(None));
    }
}
