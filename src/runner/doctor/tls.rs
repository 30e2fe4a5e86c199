//! What a broken handshake of TLS says of the profile: whose certificate is wrong, and which key mends it.
use crate::sut::Profile;
use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// In words, with the key of the profile; `None` if it is nothing that certificates explain.
pub(super) fn doubt(error: &io::Error, to: SocketAddr, profile: &Profile) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let tls = profile.sip.tls.clone().unwrap_or_default();
    let shown = |file: Option<&Path>| file.unwrap_or(Path::new("")).display().to_string();
    let (ours, ca) = (shown(tls.certificate.as_deref()), shown(tls.ca.as_deref()));
    Some(match error {
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => format!(
            "sip.address: the certificate that the system presents has expired; have it renewed by the CA of {ca} (sip.tls.ca)"
        ),
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!(
            "sip.tls.server_name: the certificate that the system presents is not for {}; write a name that stands in it, or have one issued for that",
            tls.server_name.unwrap_or_else(|| to.ip().to_string())
        ),
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => {
            format!(
                "sip.tls.ca: {ca} does not hold the CA that issued the certificate of the system; write a file that does"
            )
        }
        Error::InvalidCertificate(what) => format!(
            "sip.tls.ca: the certificate that the system presents is refused ({what:?}); have another issued by the CA of {ca}"
        ),
        Error::AlertReceived(AlertDescription::CertificateExpired) => {
            format!("sip.tls.certificate: the system says that {ours} has expired; make a new one")
        }
        Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied),
        ) => format!(
            "sip.tls.certificate: the system refuses {ours} ({alert:?}); does the system trust the CA that issued it?"
        ),
        _ => {
            tracing::debug!(source = ?error.source(), "not a matter of certificates");
            return None;
        }
    })
}
