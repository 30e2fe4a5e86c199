//! TLS of SIP at the suite's end (RFC 3261 section 26.3.1, RFC 5922), without sockets: the driver gives it what arrived and gets what leaves.
//!
//! So the capture has the octets that were on the wire, and the secrets that open them stand before them in it as a decryption secrets
//! block. Sessions are not resumed: every connection shows its certificates.
use super::tls::{certificates, name, roots, secret};
use super::{CaptureError, Tap};
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, Connection, Error, KeyLog, ServerConfig, ServerConnection,
};

/// What the suite presents and trusts in TLS of SIP; clones are the same.
#[derive(Debug, Clone)]
pub struct SipTls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// What the system's certificate must be for; absent = the address that is dialled.
    name: Option<ServerName<'static>>,
}

impl SipTls {
    /// `certificate` with its `key` is presented to whom we dial and to who dials; `ca` holds the CAs of the system's. All files are PEM.
    pub fn new(
        certificate: &Path,
        key: &Path,
        ca: &Path,
        server_name: Option<&str>,
    ) -> Result<Self, CaptureError> {
        Self::read(certificate, key, ca, server_name).map_err(|error| match error {
            CaptureError::Tls { key, what } => CaptureError::SipTls { key, what },
            error => error,
        })
    }

    fn read(
        certificate: &Path,
        key: &Path,
        ca: &Path,
        server_name: Option<&str>,
    ) -> Result<Self, CaptureError> {
        let chain = certificates("certificate", certificate)?;
        let secret = secret(key)?;
        let roots = Arc::new(roots(ca)?);
        let provider = Arc::new(ring::default_provider());
        let unfit = |error: Error| {
            let what = format!(
                "{}: does not go with `certificate`: {error}; give the key of it",
                key.display()
            );
            CaptureError::tls("key", what)
        };
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(chain.clone(), secret.clone_key())
            .map_err(unfit)?;
        client.resumption = Resumption::disabled();
        let clients = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|error| CaptureError::tls("ca", error.to_string()))?;
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, secret)
            .map_err(unfit)?;
        server.send_tls13_tickets = 0;
        Ok(Self {
            client: Arc::new(client),
            server: Arc::new(server),
            name: name(server_name)?,
        })
    }

    /// The same, with the secrets of its connections written into a capture.
    pub(super) fn telling(&self, tap: &Tap) -> Self {
        let keys: Arc<dyn KeyLog> = Arc::new(Keys(tap.clone()));
        let (mut client, mut server) = ((*self.client).clone(), (*self.server).clone());
        client.key_log = keys.clone();
        server.key_log = keys;
        Self {
            client: Arc::new(client),
            server: Arc::new(server),
            name: self.name.clone(),
        }
    }

    pub(super) fn connector(&self) -> TlsConnector {
        TlsConnector::from(self.client.clone())
    }

    /// What the certificate of whoever is at that address must be for.
    pub(super) fn name_of(&self, ip: IpAddr) -> ServerName<'static> {
        self.name.clone().unwrap_or_else(|| ServerName::from(ip))
    }
}

/// Into the capture, as the lines of a key log.
#[derive(Debug)]
struct Keys(Tap);

impl KeyLog for Keys {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |octets: &[u8]| -> String {
            octets.iter().map(|octet| format!("{octet:02x}")).collect()
        };
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        self.0.secret(&line);
    }
}

/// What came of octets that arrived.
pub(super) struct Received {
    pub plain: Vec<u8>,
    /// To be sent in return.
    pub answer: Vec<u8>,
    /// The handshake is over with this.
    pub ready: bool,
    pub broken: Option<String>,
}

/// One connection inside TLS.
pub(super) struct Secured {
    connection: Connection,
    ready: bool,
    dialled: bool,
}

impl Secured {
    pub fn new(tls: &SipTls, dialled: bool, remote: IpAddr) -> Result<Self, Error> {
        let mut connection: Connection = match dialled {
            true => ClientConnection::new(tls.client.clone(), tls.name_of(remote))?.into(),
            false => ServerConnection::new(tls.server.clone())?.into(),
        };
        connection.set_buffer_limit(None);
        Ok(Self {
            connection,
            ready: false,
            dialled,
        })
    }

    /// Whether the machine knows of this connection: it dialled it, or was told when the handshake was over.
    pub fn is_known(&self) -> bool {
        self.ready || self.dialled
    }

    pub fn received(&mut self, mut octets: &[u8]) -> Received {
        let (mut plain, mut broken) = (Vec::new(), None);
        while !octets.is_empty() && broken.is_none() {
            match self.connection.read_tls(&mut octets) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => broken = Some(error.to_string()),
            }
            match self.connection.process_new_packets() {
                // It ends with "would block" where there is no more, which is no error.
                Ok(_) => drop(self.connection.reader().read_to_end(&mut plain)),
                Err(error) => broken = Some(error.to_string()),
            }
        }
        let before = self.ready;
        self.ready |= broken.is_none() && !self.connection.is_handshaking();
        Received {
            plain,
            answer: self.outgoing(),
            ready: self.ready && !before,
            broken,
        }
    }

    pub fn sealed(&mut self, octets: &[u8]) -> Vec<u8> {
        if let Err(error) = self.connection.writer().write_all(octets) {
            tracing::warn!(%error, "octets did not get into TLS");
        }
        self.outgoing()
    }

    /// What is to be sent before the connection is closed.
    pub fn goodbye(&mut self) -> Vec<u8> {
        self.connection.send_close_notify();
        self.outgoing()
    }

    pub fn outgoing(&mut self) -> Vec<u8> {
        let mut octets = Vec::new();
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut octets).is_err() {
                break;
            }
        }
        octets
    }
}
