//! The documents of the users, by application usage and public user identity: in memory, and in a folder if they are to outlive a crash.
//!
//! A document in a folder is one file. A new one is written beside it, brought to the disk, and put in its place in one step; the folder is
//! brought to the disk after that, and only then is the write acknowledged. So whatever end the process comes to, a file is either the old
//! document or the new one, and what was acknowledged is there. Readers never wait for a disk.
use crate::wire::xml::simservs::SimServs;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// AUID of the simservs documents.
pub const SIMSERVS: &str = "simservs.ngn.etsi.org";
/// AUID of RFC 4826.
pub const RESOURCE_LISTS: &str = "resource-lists";

/// Handle to the documents; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    documents: RwLock<HashMap<Key, Arc<Document>>>,
    /// Held from reading a document to having replaced it.
    writing: Mutex<()>,
    folder: Option<PathBuf>,
    /// A service that was not active is never active again (for a fault).
    stays_inactive: AtomicBool,
}

/// Which document: AUID, user as [`identity`] has it, and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub auid: String,
    pub user: String,
    pub name: String,
}

impl Key {
    pub fn new(auid: &str, user: &str, name: &str) -> Self {
        Self {
            auid: auid.to_owned(),
            user: identity(user),
            name: name.to_owned(),
        }
    }
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub text: String,
    /// Without the quotes.
    pub etag: String,
    /// What a simservs document says.
    pub simservs: Option<Arc<SimServs>>,
}

impl Document {
    fn new(key: &Key, text: String) -> Self {
        let simservs = (key.auid == SIMSERVS)
            .then(|| SimServs::parse(text.as_bytes()).ok())
            .flatten()
            .map(Arc::new);
        Self {
            etag: etag(&text),
            text,
            simservs,
        }
    }
}

impl Document {
    /// Services that were not active before are not active now either, whatever the text says.
    fn stay_inactive(&mut self, before: &Self) {
        let (Some(were), Some(are)) = (&before.simservs, &mut self.simservs) else {
            return;
        };
        let are = Arc::make_mut(are);
        let services = [
            (&were.incoming, &mut are.incoming),
            (&were.outgoing, &mut are.outgoing),
        ];
        for (was, is) in services {
            if let (Some(was), Some(is)) = (was, is) {
                is.active &= was.active;
            }
        }
    }
}

/// A change of one document: the new text, or none to remove it.
pub type Change = Option<String>;

/// What a change leaves and gives, or why it was refused.
type Updated<T, E> = Result<(Option<Arc<Document>>, T), E>;

impl Store {
    /// Documents that live as long as the process.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Documents that outlive it, in this folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let mut documents = HashMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(key) = name.and_then(from_file_name) else {
                continue;
            };
            let text = std::fs::read_to_string(&path)?;
            let document = Document::new(&key, text);
            documents.insert(key, Arc::new(document));
        }
        Ok(Self {
            shared: Arc::new(Shared {
                documents: RwLock::new(documents),
                writing: Mutex::new(()),
                folder: Some(folder.to_owned()),
                stays_inactive: AtomicBool::new(false),
            }),
        })
    }

    /// What the user (any form of his public user identity) has configured of his simulation services; `None` is nothing at all.
    pub fn simservs(&self, user: &str) -> Option<Arc<SimServs>> {
        let key = Key::new(SIMSERVS, user, "simservs.xml");
        self.get(&key)
            .and_then(|document| document.simservs.clone())
    }

    /// Puts a simservs document there as it is, for tests of the roles that read it.
    pub fn put_simservs(&self, user: &str, simservs: &SimServs) -> io::Result<()> {
        let key = Key::new(SIMSERVS, user, "simservs.xml");
        let text = String::from_utf8_lossy(&simservs.to_octets()).into_owned();
        self.update(&key, |_| Ok::<_, ()>((Some(text), ())))
            .map(|_| ())
    }

    /// From now on, no service becomes active that was not.
    pub fn keep_inactive(&self) {
        self.shared.stays_inactive.store(true, Ordering::Relaxed);
    }

    pub fn get(&self, key: &Key) -> Option<Arc<Document>> {
        let documents = self.shared.documents.read();
        let documents = documents.unwrap_or_else(PoisonError::into_inner);
        documents.get(key).cloned()
    }

    /// Replaces a document by what `change` makes of it, with nobody else writing meanwhile. The outer error is that of the disk: then
    /// nothing has changed. The inner one is that of `change`. It blocks while the disk is written.
    pub fn update<T, E>(
        &self,
        key: &Key,
        change: impl FnOnce(Option<&Document>) -> Result<(Change, T), E>,
    ) -> io::Result<Updated<T, E>> {
        let writing = self.shared.writing.lock();
        let _writing = writing.unwrap_or_else(PoisonError::into_inner);
        let before = self.get(key);
        let (text, outcome) = match change(before.as_deref()) {
            Ok(changed) => changed,
            Err(refused) => return Ok(Err(refused)),
        };
        let mut after = text.map(|text| Document::new(key, text));
        mark!("UT-16");
        if self.shared.stays_inactive.load(Ordering::Relaxed)
            && let (Some(before), Some(after)) = (&before, &mut after)
        {
            after.stay_inactive(before);
        }
        let after = after.map(Arc::new);
        if let Some(folder) = &self.shared.folder {
            keep(folder, key, after.as_deref())?;
        }
        let documents = self.shared.documents.write();
        let mut documents = documents.unwrap_or_else(PoisonError::into_inner);
        match &after {
            Some(document) => documents.insert(key.clone(), document.clone()),
            None => documents.remove(key),
        };
        Ok(Ok((after, outcome)))
    }
}

/// One name for all forms of a public user identity: a number, whatever URI it stands in, is the number; anything else is the URI without
/// parameters and with its domain in lower case.
pub fn identity(user: &str) -> String {
    let user = user.trim().trim_matches(['<', '>', '"']);
    let (scheme, rest) = user.split_once(':').unwrap_or(("", user));
    let rest = rest.split([';', '?']).next().unwrap_or_default();
    let (name, host) = rest.split_once('@').unwrap_or((rest, ""));
    let digits: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
        .collect();
    let number = digits.strip_prefix('+').unwrap_or_default();
    if !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit()) {
        return digits;
    }
    let host = host.to_ascii_lowercase();
    let scheme = scheme.to_ascii_lowercase();
    format!("{scheme}:{name}@{host}")
}

/// The same text has the same tag: what a client holds is what there is.
fn etag(text: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest[..12]
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

/// Brings one document to the disk; see the head of this file.
fn keep(folder: &Path, key: &Key, document: Option<&Document>) -> io::Result<()> {
    let path = folder.join(to_file_name(key));
    match document {
        Some(document) => {
            let beside = path.with_extension("new");
            let mut file = File::create(&beside)?;
            file.write_all(document.text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, &path)?;
        }
        None => match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        },
    }
    File::open(folder)?.sync_all()
}

/// `auid!user!name.document`, with everything but letters, digits and a few signs as %XX.
fn to_file_name(key: &Key) -> String {
    let parts = [&key.auid, &key.user, &key.name].map(|part| escaped(part));
    format!("{}.document", parts.join("!"))
}

fn from_file_name(name: &str) -> Option<Key> {
    let mut parts = name.strip_suffix(".document")?.split('!');
    let key = Key {
        auid: unescaped(parts.next()?)?,
        user: unescaped(parts.next()?)?,
        name: unescaped(parts.next()?)?,
    };
    parts.next().is_none().then_some(key)
}

fn escaped(part: &str) -> String {
    let mut out = String::new();
    for octet in part.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'@' | b':' => {
                out.push(char::from(octet));
            }
            _ => out.push_str(&format!("%{octet:02X}")),
        }
    }
    out
}

/// Percent-decoding; `None` where it is not UTF-8 or a % stands alone.
pub fn unescaped(part: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        octets.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::wire::xml::simservs::{Barring, Rule};

    fn barred() -> SimServs {
        SimServs {
            incoming: Some(Barring {
                active: true,
                rules: vec![Rule::barring("all", vec![])],
            }),
            ..SimServs::default()
        }
    }

    #[test]
    fn finds_a_user_under_every_form_of_his_identity() {
        let store = Store::in_memory();
        let user = "sip:+447700900001@home1.example;user=phone";
        assert_eq!(store.simservs(user), None);
        store.put_simservs(user, &barred()).unwrap();
        let read = store.simservs("tel:+44-7700-900001");
        assert_eq!(read.as_deref(), Some(&barred()));
        assert_eq!(store.simservs("sip:+447700900002@home1.example"), None);
        assert_eq!(identity("<sip:Ada@HOME1.example>"), "sip:Ada@home1.example");
    }

    #[test]
    fn keeps_documents_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store
            .put_simservs("sip:a!b/c@x.example", &barred())
            .unwrap();
        store.put_simservs("tel:+1555", &barred()).unwrap();
        let gone = Key::new(SIMSERVS, "tel:+1555", "simservs.xml");
        let removed = store.update(&gone, |_| Ok::<_, ()>((None, ()))).unwrap();
        assert_eq!(removed, Ok((None, ())));
        let again = Store::open(folder.path()).unwrap();
        assert!(again.simservs("sip:a!b/c@x.example").is_some());
        assert!(again.simservs("tel:+1555").is_none());
    }

    #[test]
    fn changes_nothing_when_the_change_is_refused() {
        let store = Store::in_memory();
        store.put_simservs("tel:+1555", &barred()).unwrap();
        let key = Key::new(SIMSERVS, "tel:+1555", "simservs.xml");
        let before = store.get(&key);
        let refused = store
            .update(&key, |_| Err::<(Change, ()), _>("no"))
            .unwrap();
        assert_eq!(refused, Err("no"));
        assert_eq!(store.get(&key), before);
    }
}
