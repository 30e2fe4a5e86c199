//! The ESME's connection to the SMSC: TCP, or TLS whose certificate is verified against a CA of the operator's.
//!
//! Nothing is trusted but that CA: the operating system's certificates have no say in a link between two of an operator's machines.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Command line of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TlsArguments {
    /// Binds inside TLS; the SMSC's certificate must come from a CA in this PEM file
    #[arg(long, value_name = "FILE", requires = "smsc")]
    pub smpp_tls_ca: Option<PathBuf>,
    /// Name in the SMSC's certificate, if it is not the host of --smsc
    #[arg(long, value_name = "NAME", requires = "smpp_tls_ca")]
    pub smpp_tls_name: Option<String>,
}

/// How the SMSC is known; clones share the configuration.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tls").field(&self.name).finish()
    }
}

/// A connection, whatever it is inside.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

pub type Stream = Box<dyn Socket>;

impl Tls {
    /// `None` if TLS is not asked for. An error says which argument is wrong.
    pub fn new(arguments: &TlsArguments, smsc: &str) -> Result<Option<Self>, String> {
        let Some(file) = &arguments.smpp_tls_ca else {
            return Ok(None);
        };
        let roots =
            roots(file).map_err(|what| format!("--smpp-tls-ca {}: {what}", file.display()))?;
        let host = smsc.rsplit_once(':').map_or(smsc, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = arguments.smpp_tls_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| format!("{name}: {error}; give --smpp-tls-name"))?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Some(Self { connector, name }))
    }
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("no certificate in it; give a PEM file (BEGIN CERTIFICATE)".to_owned());
    }
    Ok(roots)
}

pub(super) async fn connect(smsc: &str, tls: Option<&Tls>) -> io::Result<Stream> {
    let stream = TcpStream::connect(smsc).await?;
    stream.set_nodelay(true)?;
    let Some(Tls { connector, name }) = tls else {
        return Ok(Box::new(stream));
    };
    Ok(Box::new(connector.connect(name.clone(), stream).await?))
}
