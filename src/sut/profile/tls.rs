//! TLS of an interface: what the suite presents and what it trusts.
use super::Profile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// TLS of an interface. Files are PEM, named relative to the folder of the profile.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// What the suite presents: as message centre, and in SIP to whom it dials as to who dials. The chain may stand behind it.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// The private key of `certificate`.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// What the suite trusts: as ESME, and in SIP of whom it dials as of who dials.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Name in the certificate of the system; absent = the address that is dialled.
    #[serde(default)]
    pub server_name: Option<String>,
}

impl TlsFiles {
    pub(super) fn relative_to(&mut self, folder: &Path) {
        for file in [&mut self.certificate, &mut self.key, &mut self.ca] {
            *file = file.take().map(|file| folder.join(file));
        }
    }
}

impl Profile {
    /// Files named in a profile are beside it.
    pub(super) fn files_beside(&mut self, folder: &Path) {
        let smpp = self.short_messages.smpp.as_mut();
        let smpp = smpp.and_then(|smpp| smpp.tls.as_mut());
        for tls in self.sip.tls.iter_mut().chain(smpp) {
            tls.relative_to(folder);
        }
    }
}
