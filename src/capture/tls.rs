//! A TCP connection, plain or inside TLS, as two halves that `flow` reads and writes.
//!
//! What passes these halves is what TLS protects: the octets that the tap records, on interface `smpp`, are the decrypted ones, exactly
//! as any parser gets them. The TLS records themselves are not in the capture, nor are the keys to them.
use super::CaptureError;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// A system that opens a connection and says nothing must not hold it for ever.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// The exchange's end of TLS; clones are the same one.
#[derive(Clone)]
pub struct Tls(End);

#[derive(Clone)]
enum End {
    /// Presents a certificate to whoever connects.
    Presents(TlsAcceptor),
    /// Verifies the certificate of whom it connects to; without a name, against the address.
    Verifies(TlsConnector, Option<ServerName<'static>>),
}

impl Tls {
    /// The end that is connected to. Both files are PEM; the certificate may have its chain behind it.
    pub fn presents(certificate: &Path, key: &Path) -> Result<Self, CaptureError> {
        let chain = certificates("certificate", certificate)?;
        let secret = secret(key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|b| b.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|error| {
                let what = format!("does not go with `certificate`: {error}; give the key of it");
                in_file("key", key, &what)
            })?;
        Ok(Self(End::Presents(TlsAcceptor::from(Arc::new(config)))))
    }

    /// The end that connects. `ca` holds the certificates it trusts, in PEM.
    pub fn verifies(ca: &Path, server_name: Option<&str>) -> Result<Self, CaptureError> {
        let roots = roots(ca)?;
        let name = name(server_name)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| in_file("ca", ca, &error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self(End::Verifies(connector, name)))
    }

    /// The handshake on a fresh connection.
    async fn secure(&self, stream: TcpStream) -> io::Result<Stream> {
        let remote = stream.peer_addr()?;
        let stream = stream.into_std()?;
        let socket = stream.try_clone()?;
        let stream = TcpStream::from_std(stream)?;
        let secured = match &self.0 {
            End::Presents(acceptor) => acceptor.accept(stream).await?.into(),
            End::Verifies(connector, name) => {
                let of_address = || ServerName::from(remote.ip());
                let name = name.clone().unwrap_or_else(of_address);
                connector.connect(name, stream).await?.into()
            }
        };
        Ok(Stream::Secured(Box::new(secured), socket))
    }
}

/// A fresh connection made ready: as it is, or inside TLS after the handshake.
pub async fn ready(tls: Option<&Tls>, stream: TcpStream) -> io::Result<Stream> {
    let Some(tls) = tls else {
        return Ok(Stream::Plain(stream));
    };
    let outcome = tokio::time::timeout(HANDSHAKE_LIMIT, tls.secure(stream)).await;
    outcome
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| io::Error::new(error.kind(), format!("TLS handshake failed: {error}")))
}

pub(super) fn secret(key: &Path) -> Result<PrivateKeyDer<'static>, CaptureError> {
    let pem = read("key", key)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let what = format!("no private key in it ({error}); give one in PEM, without password");
        in_file("key", key, &what)
    })
}

pub(super) fn roots(ca: &Path) -> Result<RootCertStore, CaptureError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca", ca)? {
        roots
            .add(certificate)
            .map_err(|error| in_file("ca", ca, &format!("no CA can be made of it: {error}")))?;
    }
    Ok(roots)
}

pub(super) fn name(server_name: Option<&str>) -> Result<Option<ServerName<'static>>, CaptureError> {
    let name = server_name.map(|name| ServerName::try_from(name.to_owned()));
    name.transpose().map_err(|error| {
        let what = format!("{error}; give the DNS name or address in the certificate");
        CaptureError::tls("server_name", what)
    })
}

fn in_file(key: &'static str, path: &Path, what: &str) -> CaptureError {
    CaptureError::tls(key, format!("{}: {what}", path.display()))
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, CaptureError> {
    std::fs::read(path).map_err(|error| {
        let what = format!("{error}; give a PEM file, relative to the folder of the profile");
        in_file(key, path, &what)
    })
}

pub(super) fn certificates(
    key: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, CaptureError> {
    let pem = read(key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(in_file(
            key,
            path,
            "no certificate in it; give it in PEM (BEGIN CERTIFICATE)",
        )),
        Err(error) => Err(in_file(key, path, &format!("no PEM: {error}"))),
    }
}

/// A connection that is ready to carry messages.
#[derive(Debug)]
pub enum Stream {
    Plain(TcpStream),
    /// Beside it the same socket once more, to break it off.
    Secured(Box<TlsStream<TcpStream>>, std::net::TcpStream),
}

pub type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;

pub enum WriteHalf {
    Plain(OwnedWriteHalf),
    Secured(
        tokio::io::WriteHalf<TlsStream<TcpStream>>,
        std::net::TcpStream,
    ),
}

impl Stream {
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Secured(stream, _) => stream.get_ref().0,
        }
    }

    /// Ours and the other side's.
    pub fn ends(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.socket().local_addr()?, self.socket().peer_addr()?))
    }

    pub fn split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Plain(stream) => {
                let (read, write) = stream.into_split();
                (Box::new(read), WriteHalf::Plain(write))
            }
            Self::Secured(stream, socket) => {
                let (read, write) = tokio::io::split(*stream);
                (Box::new(read), WriteHalf::Secured(write, socket))
            }
        }
    }
}

impl WriteHalf {
    pub async fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(octets).await,
            // TLS may keep a part of it until it is told to let go.
            Self::Secured(stream, _) => {
                stream.write_all(octets).await?;
                stream.flush().await
            }
        }
    }

    pub async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Secured(stream, _) => stream.shutdown().await,
        }
    }

    /// Gives the connection up so that the other side gets a reset.
    pub fn reset(self) {
        let lingers = match &self {
            Self::Plain(stream) => stream.as_ref().set_zero_linger(),
            Self::Secured(_, socket) => {
                socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO))
            }
        };
        if let Err(error) = lingers {
            tracing::debug!(%error, "connection closed instead of reset");
        }
        // Dropped without a word otherwise.
        if let Self::Plain(stream) = self {
            stream.forget();
        }
    }
}
