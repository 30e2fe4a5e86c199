//! TLS of SIP connections (RFC 3261 section 26.3.1, RFC 5922): one certificate for both directions, and one CA whose certificates count.
//!
//! Whoever connects must show a certificate of that CA, and so must whom we connect to, for the address that was dialled. Nothing else is
//! trusted: the operating system's certificates have no say between two elements of one network.
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Command line of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SipTlsArguments {
    /// Takes SIP over TLS where it would over TCP, and presents this certificate (PEM, its chain behind it)
    #[arg(
        long,
        value_name = "FILE",
        requires = "sip_tls_key",
        requires = "sip_tls_ca"
    )]
    pub sip_tls_certificate: Option<PathBuf>,
    /// Private key of --sip-tls-certificate
    #[arg(long, value_name = "FILE", requires = "sip_tls_certificate")]
    pub sip_tls_key: Option<PathBuf>,
    /// CA of the other side's certificates
    #[arg(long, value_name = "FILE", requires = "sip_tls_certificate")]
    pub sip_tls_ca: Option<PathBuf>,
}

/// Both ends of TLS; clones share the configuration.
#[derive(Clone)]
pub struct SipTls {
    connector: TlsConnector,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for SipTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SipTls")
    }
}

pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

impl SipTls {
    /// `None` if TLS is not asked for. An error says which argument is wrong.
    pub fn new(arguments: &SipTlsArguments) -> Result<Option<Self>, String> {
        let (Some(certificate), Some(key), Some(ca)) = (
            &arguments.sip_tls_certificate,
            &arguments.sip_tls_key,
            &arguments.sip_tls_ca,
        ) else {
            return Ok(None);
        };
        let of = |argument: &str, file: &Path, what: String| {
            format!("--sip-tls-{argument} {}: {what}", file.display())
        };
        let chain =
            certificates(certificate).map_err(|what| of("certificate", certificate, what))?;
        let secret =
            PrivateKeyDer::from_pem_file(key).map_err(|error| of("key", key, error.to_string()))?;
        let mut roots = RootCertStore::empty();
        for root in certificates(ca).map_err(|what| of("ca", ca, what))? {
            roots
                .add(root)
                .map_err(|error| of("ca", ca, error.to_string()))?;
        }
        let (roots, provider) = (Arc::new(roots), Arc::new(ring::default_provider()));
        let both = |error: tokio_rustls::rustls::Error| of("key", key, error.to_string());
        let client = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(both)?
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(chain.clone(), secret.clone_key())
            .map_err(both)?;
        let clients = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| of("ca", ca, error.to_string()))?;
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(both)?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, secret)
            .map_err(both)?;
        Ok(Some(Self {
            connector: TlsConnector::from(Arc::new(client)),
            acceptor: TlsAcceptor::from(Arc::new(server)),
        }))
    }

    /// The handshake on a connection that we have opened.
    pub(super) async fn dialled(
        &self,
        stream: TcpStream,
        target: SocketAddr,
    ) -> io::Result<(Reader, Writer)> {
        let handshake = self
            .connector
            .connect(ServerName::from(target.ip()), stream);
        in_time(handshake).await
    }

    /// The handshake on one that was opened to us.
    pub(super) async fn accepted(&self, stream: TcpStream) -> io::Result<(Reader, Writer)> {
        in_time(self.acceptor.accept(stream)).await
    }
}

async fn in_time<S: AsyncRead + AsyncWrite + Send + 'static>(
    handshake: impl Future<Output = io::Result<S>>,
) -> io::Result<(Reader, Writer)> {
    let secured = tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await;
    let (reader, writer) = tokio::io::split(secured.map_err(io::Error::from)??);
    Ok((Box::new(reader), Box::new(writer)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("no certificate in it; give a PEM file (BEGIN CERTIFICATE)".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
