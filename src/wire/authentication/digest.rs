//! Digest access authentication of HTTP and SIP (RFC 7616, RFC 3261 section 22 and RFC 8760, and RFC 2617 where they say the same): header
//! fields to and from types, and the response of RFC 7616 section 3.4.1. Who is challenged, and with what, is not for a grammar to say.
use super::aka::Auts;
use md5::Digest as _;

/// Which hash, and where the password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Algorithm {
    #[default]
    Md5,
    Sha256,
    Sha512_256,
    /// RFC 3310: the password is RES.
    AkaV1Md5,
    /// RFC 4169: it is made of RES, IK and CK.
    AkaV2Md5,
}

impl Algorithm {
    /// The weakest first.
    pub const ALL: [Self; 5] = [
        Self::Md5,
        Self::Sha256,
        Self::Sha512_256,
        Self::AkaV1Md5,
        Self::AkaV2Md5,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
            Self::AkaV1Md5 => "AKAv1-MD5",
            Self::AkaV2Md5 => "AKAv2-MD5",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|one| one.name().eq_ignore_ascii_case(name))
    }

    /// A key is shared and no password.
    pub fn is_aka(self) -> bool {
        matches!(self, Self::AkaV1Md5 | Self::AkaV2Md5)
    }

    fn hash(self, octets: &[u8]) -> String {
        let hashed = match self {
            Self::Md5 | Self::AkaV1Md5 | Self::AkaV2Md5 => md5::Md5::digest(octets).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(octets).to_vec(),
            Self::Sha512_256 => sha2::Sha512_256::digest(octets).to_vec(),
        };
        hashed.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

/// Quality of protection (RFC 7616 section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    Auth,
    /// With the body.
    AuthInt,
}

impl Qop {
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// `WWW-Authenticate: Digest` and `Proxy-Authenticate: Digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub algorithm: Algorithm,
    /// What is offered; nothing is the way of RFC 2069.
    pub qop: Vec<Qop>,
    pub opaque: Option<String>,
    pub stale: bool,
}

impl Challenge {
    /// `None` for another scheme, another algorithm, or a missing parameter.
    pub fn parse(value: &str) -> Option<Self> {
        let fields = fields(value)?;
        let offered = get(&fields, "qop").unwrap_or_default();
        let offered = |name: Qop| {
            let mut all = offered.split(',');
            all.any(|one| one.trim().eq_ignore_ascii_case(name.name()))
        };
        let qop = [Qop::Auth, Qop::AuthInt];
        Some(Self {
            realm: get(&fields, "realm")?.to_owned(),
            nonce: get(&fields, "nonce")?.to_owned(),
            algorithm: algorithm(&fields)?,
            qop: qop.into_iter().filter(|one| offered(*one)).collect(),
            opaque: get(&fields, "opaque").map(str::to_owned),
            stale: get(&fields, "stale").is_some_and(|one| one.eq_ignore_ascii_case("true")),
        })
    }

    pub fn to_value(&self) -> String {
        let mut value = format!(
            "Digest realm=\"{}\", nonce=\"{}\", algorithm={}",
            quoted(&self.realm),
            self.nonce,
            self.algorithm.name()
        );
        if !self.qop.is_empty() {
            let names: Vec<_> = self.qop.iter().map(|one| one.name()).collect();
            value.push_str(&format!(", qop=\"{}\"", names.join(",")));
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

/// `Authorization: Digest` and `Proxy-Authorization: Digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    pub algorithm: Algorithm,
    /// With cnonce and nc, where it is used.
    pub qop: Option<(Qop, String, String)>,
    pub opaque: Option<String>,
    /// RFC 3310 section 3.4.
    pub auts: Option<Auts>,
}

/// The request that is answered for.
#[derive(Debug, Clone, Copy)]
pub struct Answering<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub body: &'a [u8],
}

impl<'a> Answering<'a> {
    pub fn new(method: &'a str, uri: &'a str) -> Self {
        let body = &[];
        Self { method, uri, body }
    }
}

impl Credentials {
    pub fn parse(value: &str) -> Option<Self> {
        let fields = fields(value)?;
        let own = |name| get(&fields, name).map(str::to_owned);
        let qop = match get(&fields, "qop") {
            Some(name) => {
                let all = [Qop::Auth, Qop::AuthInt];
                let known = all
                    .into_iter()
                    .find(|one| one.name().eq_ignore_ascii_case(name))?;
                Some((known, own("cnonce")?, own("nc")?))
            }
            None => None,
        };
        let auts = match get(&fields, "auts") {
            Some(auts) => Some(Auts::parse(auts)?),
            None => None,
        };
        Some(Self {
            username: own("username")?,
            realm: own("realm")?,
            nonce: own("nonce")?,
            uri: own("uri")?,
            response: own("response")?,
            algorithm: algorithm(&fields)?,
            qop,
            opaque: own("opaque"),
            auts,
        })
    }

    /// The answer to a challenge, for the `count`th time that its nonce is used. Integrity is protected only where nothing else is offered.
    pub fn answer(
        challenge: &Challenge,
        (username, password): (&str, &[u8]),
        request: Answering,
        (cnonce, count): (&str, u32),
    ) -> Self {
        let qop = challenge.qop.iter().find(|one| **one == Qop::Auth);
        let qop = qop.or(challenge.qop.first()).copied();
        let mut credentials = Self {
            username: username.to_owned(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: request.uri.to_owned(),
            response: String::new(),
            algorithm: challenge.algorithm,
            qop: qop.map(|qop| (qop, cnonce.to_owned(), format!("{count:08x}"))),
            opaque: challenge.opaque.clone(),
            auts: None,
        };
        credentials.response = credentials.expected(password, request);
        credentials
    }

    /// RFC 7616 section 3.4.1: what `response` must be with that password. The URI that counts is the one in the credentials.
    pub fn expected(&self, password: &[u8], request: Answering) -> String {
        let hash = |text: String| self.algorithm.hash(text.as_bytes());
        let mut secret = format!("{}:{}:", self.username, self.realm).into_bytes();
        secret.extend_from_slice(password);
        let secret = self.algorithm.hash(&secret);
        let mut asked = format!("{}:{}", request.method, self.uri);
        if matches!(self.qop, Some((Qop::AuthInt, ..))) {
            asked.push_str(&format!(":{}", self.algorithm.hash(request.body)));
        }
        let asked = hash(asked);
        let nonce = &self.nonce;
        match &self.qop {
            Some((qop, cnonce, nc)) => {
                let qop = qop.name();
                hash(format!("{secret}:{nonce}:{nc}:{cnonce}:{qop}:{asked}"))
            }
            None => hash(format!("{secret}:{nonce}:{asked}")),
        }
    }

    pub fn to_value(&self) -> String {
        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\", algorithm={}",
            quoted(&self.username),
            quoted(&self.realm),
            self.nonce,
            quoted(&self.uri),
            self.response,
            self.algorithm.name()
        );
        if let Some((qop, cnonce, nc)) = &self.qop {
            let qop = qop.name();
            value.push_str(&format!(", qop={qop}, cnonce=\"{cnonce}\", nc={nc}"));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque=\"{opaque}\""));
        }
        if let Some(auts) = &self.auts {
            value.push_str(&format!(", auts=\"{}\"", auts.to_value()));
        }
        value
    }
}

/// RFC 7616 section 3.3: MD5 where nothing is said.
fn algorithm(fields: &[(String, String)]) -> Option<Algorithm> {
    get(fields, "algorithm").map_or(Some(Algorithm::Md5), Algorithm::named)
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The nonce for the next request, if `Authentication-Info` gives one (RFC 7616 section 3.5).
pub fn next_nonce(authentication_info: &str) -> Option<String> {
    let fields = fields(&format!("Digest {authentication_info}"))?;
    get(&fields, "nextnonce").map(str::to_owned)
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
#[path = "digest_tests.rs"]
mod tests;
