//! Waiting for a system to bind, or to exchange capabilities, and what may be wrong if it does not.
use crate::capture::Exchange;
use crate::runner::run::RunError;
use crate::sut::Profile;
use crate::sut::profile::{DiameterTransport, InUse, Smpp, TlsFiles};
use crate::wire::smpp::status;
use std::path::Path;
use std::time::Duration;

/// Until short messages can go both ways.
pub(in crate::runner) async fn wait_for_the_system(
    profile: &Profile,
    exchange: &Exchange,
) -> Result<(), RunError> {
    let (seconds, property) = match profile.in_use() {
        Some(InUse::Smpp(smpp)) => {
            dial(smpp.connect.as_ref(), exchange)?;
            (smpp.bound_within_seconds, "bound_within_seconds")
        }
        Some(InUse::Sgd(sgd) | InUse::SmsOverIp(sgd)) => {
            if sgd.transport == DiameterTransport::Sctp && sgd.connect.is_some() {
                let message = "short_messages.sgd.connect: associations of SCTP are opened by the system; leave it out, or say transport: tcp";
                return Err(RunError::NotBound(message.to_owned()));
            }
            dial(sgd.connect.as_ref(), exchange)?;
            (sgd.ready_within_seconds, "ready_within_seconds")
        }
        None => return Ok(()),
    };
    if exchange.bound(Duration::from_secs_f64(seconds)).await {
        return Ok(());
    }
    let address = exchange.address();
    let notes = exchange.take_notes();
    let note = notes.last().map_or("", String::as_str);
    let (who, doubt) = match profile.in_use() {
        Some(InUse::Smpp(smpp)) => (
            format!("no ESME has bound to {address} as {}", smpp.system_id),
            doubt_of_smpp(smpp, note),
        ),
        _ => (
            format!("no Diameter node has exchanged capabilities with {address}"),
            "do the identities fit the profile?".to_owned(),
        ),
    };
    let seen = match note {
        "" => "nobody has tried: is the system told this address?".into(),
        note => format!("{note}: {doubt}"),
    };
    let section = profile.carriage().name();
    Err(RunError::NotBound(format!(
        "{who} within {seconds} s (short_messages.{section}.{property}); {seen}"
    )))
}

/// What may be wrong when nobody has bound, by what was noted last.
fn doubt_of_smpp(smpp: &Smpp, note: &str) -> String {
    let refused = |why: u32| note.ends_with(&format!("status 0x{why:x}"));
    let file = smpp.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
    match (&smpp.connect, &smpp.tls, file) {
        _ if refused(status::INVALID_PASSWORD) => {
            "write what the system binds with as short_messages.smpp.password".to_owned()
        }
        _ if refused(status::INVALID_SYSTEM_ID) => {
            "write what the system binds with as short_messages.smpp.system_id".to_owned()
        }
        (_, _, Some(file)) if note.contains("xpired") => format!(
            "the certificate has expired; make a new one for {} (short_messages.smpp.tls.certificate)",
            file.display()
        ),
        (Some(_), Some(tls), _) if note.contains("xpired") => format!(
            "the certificate of the system has expired; have it renewed by the CA of {:?} (short_messages.smpp.tls.ca)",
            tls.ca.as_deref().unwrap_or(Path::new(""))
        ),
        (Some(to), ..) if note.contains("does not take a connection") => format!(
            "is {to} (short_messages.smpp.connect) the system's message centre, and is it started?"
        ),
        (_, Some(tls), _) => doubt_of_tls(tls),
        _ => "do system_id and password fit the profile?".to_owned(),
    }
}

/// Connects to the system where the profile says that the suite does.
fn dial(to: Option<&String>, exchange: &Exchange) -> Result<(), RunError> {
    if let Some(to) = to {
        let address = to.parse();
        exchange.dial(address.map_err(|_| RunError::Address {
            address: to.clone(),
        })?);
    }
    Ok(())
}

/// What may be wrong when nobody has bound inside TLS.
fn doubt_of_tls(tls: &TlsFiles) -> String {
    let account = "do system_id and password fit the profile";
    match (&tls.certificate, &tls.ca) {
        (Some(file), _) => format!(
            "does the system speak TLS and trust the CA of {} (tls.certificate), and {account}?",
            file.display()
        ),
        (_, Some(file)) => format!(
            "does {} (tls.ca) hold the CA of the system's certificate, and {account}?",
            file.display()
        ),
        _ => format!("{account}?"),
    }
}
