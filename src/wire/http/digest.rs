//! Digest access authentication (RFC 7616, and RFC 2617 where it says the same): header fields to and from types, and the response of RFC
//! 7616 section 3.4.1. Who is challenged, and with what, is not for a grammar to say.
use md5::Digest as _;

/// Which hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    #[default]
    Md5,
    Sha256,
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Md5, Self::Sha256]
            .into_iter()
            .find(|one| one.name().eq_ignore_ascii_case(name))
    }

    fn hash(self, text: &str) -> String {
        let octets = match self {
            Self::Md5 => md5::Md5::digest(text.as_bytes()).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(text.as_bytes()).to_vec(),
        };
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// `WWW-Authenticate: Digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub algorithm: Algorithm,
    /// qop=auth is offered.
    pub qop_auth: bool,
    pub opaque: Option<String>,
    pub stale: bool,
}

impl Challenge {
    /// `None` for another scheme, another algorithm, or a missing parameter.
    pub fn parse(value: &str) -> Option<Self> {
        let fields = fields(value)?;
        let algorithm = match get(&fields, "algorithm") {
            Some(name) => Algorithm::named(name)?,
            None => Algorithm::Md5,
        };
        let qop = get(&fields, "qop").unwrap_or_default();
        Some(Self {
            realm: get(&fields, "realm")?.to_owned(),
            nonce: get(&fields, "nonce")?.to_owned(),
            algorithm,
            qop_auth: qop.split(',').any(|one| one.trim() == "auth"),
            opaque: get(&fields, "opaque").map(str::to_owned),
            stale: get(&fields, "stale").is_some_and(|one| one.eq_ignore_ascii_case("true")),
        })
    }

    pub fn to_value(&self) -> String {
        let mut value = format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm={}",
            self.realm,
            self.nonce,
            self.algorithm.name()
        );
        if self.qop_auth {
            value.push_str(", qop=\"auth\"");
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if self.stale {
            value.push_str(", stale=true");
        }
        value
    }
}

/// `Authorization: Digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    pub algorithm: Algorithm,
    /// cnonce and nc, where qop is used.
    pub qop: Option<(String, String)>,
    pub opaque: Option<String>,
}

impl Credentials {
    pub fn parse(value: &str) -> Option<Self> {
        let fields = fields(value)?;
        let own = |name| get(&fields, name).map(str::to_owned);
        let qop = match own("qop") {
            Some(_) => Some((own("cnonce")?, own("nc")?)),
            None => None,
        };
        let algorithm = match get(&fields, "algorithm") {
            Some(name) => Algorithm::named(name)?,
            None => Algorithm::Md5,
        };
        Some(Self {
            username: own("username")?,
            realm: own("realm")?,
            nonce: own("nonce")?,
            uri: own("uri")?,
            response: own("response")?,
            algorithm,
            qop,
            opaque: own("opaque"),
        })
    }

    /// The answer to a challenge.
    pub fn answer(
        challenge: &Challenge,
        (username, password): (&str, &str),
        (method, uri): (&str, &str),
        cnonce: &str,
    ) -> Self {
        let mut credentials = Self {
            username: username.to_owned(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: uri.to_owned(),
            response: String::new(),
            algorithm: challenge.algorithm,
            qop: challenge
                .qop_auth
                .then(|| (cnonce.to_owned(), "00000001".to_owned())),
            opaque: challenge.opaque.clone(),
        };
        credentials.response = credentials.expected(password, method);
        credentials
    }

    /// RFC 7616 section 3.4.1: what `response` must be with that password.
    pub fn expected(&self, password: &str, method: &str) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let secret = hash(format!("{}:{}:{password}", self.username, self.realm));
        let request = hash(format!("{method}:{}", self.uri));
        match &self.qop {
            Some((cnonce, nc)) => hash(format!(
                "{secret}:{}:{nc}:{cnonce}:auth:{request}",
                self.nonce
            )),
            None => hash(format!("{secret}:{}:{request}", self.nonce)),
        }
    }

    pub fn to_value(&self) -> String {
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", algorithm={}",
            self.username,
            self.realm,
            self.nonce,
            self.uri.replace('"', "\\\""),
            self.response,
            self.algorithm.name()
        );
        if let Some((cnonce, nc)) = &self.qop {
            value.push_str(&format!(", qop=auth, cnonce=\"{cnonce}\", nc={nc}"));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        value
    }
}

fn get<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let same = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
    fields.iter().find(same).map(|(_, value)| value.as_str())
}

/// `Digest name=value, name="value"`.
fn fields(value: &str) -> Option<Vec<(String, String)>> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = rest.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => {
                let token = after.trim_start();
                let end = token.find(',').unwrap_or(token.len());
                (token[..end].trim().to_owned(), &token[end..])
            }
        };
        fields.push((name.trim().to_owned(), value));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    Some(fields)
}

/// Up to the closing quote, and what comes after it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    /// RFC 7616 section 3.9.1.
    fn example(algorithm: Algorithm) -> (Challenge, &'static str) {
        let value = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
            algorithm.name()
        );
        let challenge = Challenge::parse(&value).unwrap();
        (challenge, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    }

    #[test]
    fn computes_the_responses_of_the_standard() {
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let (challenge, cnonce) = example(algorithm);
            let who = ("Mufasa", "Circle of Life");
            let request = ("GET", "/dir/index.html");
            let answer = Credentials::answer(&challenge, who, request, cnonce);
            assert_eq!(answer.response, response);
            assert_eq!(Credentials::parse(&answer.to_value()), Some(answer));
        }
    }

    #[test]
    fn reads_back_a_challenge() {
        let (challenge, _) = example(Algorithm::Md5);
        assert_eq!(Challenge::parse(&challenge.to_value()), Some(challenge));
        assert_eq!(Challenge::parse("Basic realm=\"x\""), None);
        assert_eq!(Challenge::parse("Digest realm=\"x"), None);
        let quoted = "Digest username=\"a\\\"b\", realm=r, nonce=n, uri=\"/\", response=x";
        assert_eq!(Credentials::parse(quoted).unwrap().username, "a\"b");
    }
}
