//! The suite's ends of TLS, from the files that the profile names.
use crate::capture::{CaptureError, SipTls, Tls};
use crate::peer::ue::Transport;
use crate::sut::Profile;
use crate::sut::profile::{Smpp, SmppRole};
use std::path::PathBuf;

/// TLS of SIP, if that is its transport.
pub(super) fn of_sip(
    profile: &Profile,
    transport: Transport,
) -> Result<Option<SipTls>, CaptureError> {
    if transport != Transport::Tls {
        return Ok(None);
    }
    let tls = profile.sip.tls.clone().unwrap_or_default();
    let needed = |key, value: Option<PathBuf>| {
        let what = "not set, and SIP over TLS needs it; add a PEM file".to_owned();
        value.ok_or(CaptureError::SipTls { key, what })
    };
    let certificate = needed("certificate", tls.certificate)?;
    let key = needed("key", tls.key)?;
    let ca = needed("ca", tls.ca)?;
    SipTls::new(&certificate, &key, &ca, tls.server_name.as_deref()).map(Some)
}

/// The suite's end of TLS on the SMPP connection, if there is TLS.
pub(super) fn of_smpp(smpp: &Smpp) -> Result<Option<Tls>, CaptureError> {
    let Some(tls) = &smpp.tls else {
        return Ok(None);
    };
    let role = match smpp.role {
        SmppRole::MessageCentre => "message-centre",
        SmppRole::Esme => "esme",
    };
    let needed = |key, value: &Option<PathBuf>| {
        let missing = format!("not set, and `role: {role}` needs it; add a PEM file");
        value.clone().ok_or(CaptureError::tls(key, missing))
    };
    let useless = |key, set: bool| {
        let what = format!("means nothing with `role: {role}`; leave it out");
        if set {
            Err(CaptureError::tls(key, what))
        } else {
            Ok(())
        }
    };
    let ours = match smpp.role {
        SmppRole::MessageCentre => {
            useless("ca", tls.ca.is_some())?;
            useless("server_name", tls.server_name.is_some())?;
            let certificate = needed("certificate", &tls.certificate)?;
            Tls::presents(&certificate, &needed("key", &tls.key)?)?
        }
        SmppRole::Esme => {
            useless("certificate", tls.certificate.is_some())?;
            useless("key", tls.key.is_some())?;
            Tls::verifies(&needed("ca", &tls.ca)?, tls.server_name.as_deref())?
        }
    };
    Ok(Some(ours))
}
