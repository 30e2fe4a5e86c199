//! Whether a user can register, and what his UE and the registrar do not agree about if he cannot.
use super::LIMIT;
use super::sip::plain;
use crate::capture::{Endpoint, Sockets, Tap};
use crate::peer::authentication::Refusal;
use crate::peer::mmtel_ue::{MmtelBehaviour, MmtelCommand, MmtelConfig, MmtelEvent, MmtelUe};
use crate::peer::ue::{SipTimers, Transport};
use crate::runner::facility::Prepared;
use crate::sut::profile::Registration;
use crate::sut::provision::{Occasion, Properties};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// The last digits of the user who registers: no test case has them.
const SOMEBODY: &str = "99998";

/// Registers a user and ends the registration again; nothing where UEs do not register.
pub(super) async fn registration(
    prepared: &Prepared,
    transport: Transport,
) -> Option<Result<String, String>> {
    let profile = &prepared.profile;
    let own = profile.sip.registration.as_ref()?;
    // Of users who are there already, one of them; an operator is not asked for somebody whom no test case has.
    let listed = prepared
        .provisioner
        .roster()
        .and_then(|roster| roster.anybody());
    let number = match listed {
        Some(user) => user.number.clone(),
        None => format!("{}{SOMEBODY}", profile.numbers.users),
    };
    let nobody_prepares = listed.is_some() || prepared.provisioner.operator().is_some();
    let contact = format!("sip:{number}@{}", profile.sip.local_ip);
    let user = Properties::from([
        ("number".to_owned(), number.clone().into()),
        ("cpm".to_owned(), true.into()),
        ("contact".to_owned(), contact.into()),
    ]);
    // Whether users can be prepared is the matter of another check; what a registrar knows it may have been given long ago.
    let known = !nobody_prepares
        && prepared
            .provisioner
            .prepare_user(&user, &Occasion::default())
            .await
            .is_ok();
    let outcome = registered(prepared, own, &number, transport).await;
    if known && let Err(error) = prepared.provisioner.forget_user(&user).await {
        tracing::debug!(%error, "the user who registered could not be taken away");
    }
    Some(outcome)
}

async fn registered(
    prepared: &Prepared,
    own: &Registration,
    number: &str,
    transport: Transport,
) -> Result<String, String> {
    let profile = &prepared.profile;
    let gm = own.of(number)?;
    let (key, address) = match (&own.address, &profile.conferencing) {
        (Some(address), _) => ("sip.registration.address", address),
        (None, Some(conferencing)) => ("conferencing.core", &conferencing.core),
        (None, None) => ("sip.address", &profile.sip.address),
    };
    let to: SocketAddr = address
        .parse()
        .map_err(|_| format!("{key}: `{address}` is no IP address and port"))?;
    let sockets = Sockets::bind_audio(profile.sip.local_ip, "gm").await;
    let sockets = sockets.map_err(|error| {
        let ip = profile.sip.local_ip;
        format!(
            "sip.local_ip: nothing can listen at {ip} ({})",
            plain(&error)
        )
    })?;
    let sockets = sockets.inside(prepared.sip_tls.as_ref());
    let impi = gm.subscription.private_identity.clone();
    let ue = MmtelUe::new(MmtelConfig {
        name: "Doctor".to_owned(),
        number: number.to_owned(),
        sip: sockets.sip(),
        rtp: sockets.rtp(),
        system: to,
        transport,
        domain: profile.sip.domain.clone(),
        seed: fastrand::u64(..),
        timers: SipTimers::default(),
        behaviour: MmtelBehaviour::default(),
        access: Vec::new(),
        visited_network: None,
        talk_interval: Duration::MAX,
        gm: Some(gm),
    });
    let mut endpoint = Endpoint::start(ue, sockets, Tap::new());
    let answer = order(&mut endpoint, 600).await;
    if matches!(answer, Some((200..=299, _))) {
        order(&mut endpoint, 0).await;
    }
    if let Err(error) = endpoint.stop().await {
        tracing::debug!(%error, "the UE that registered has not ended well");
    }
    match answer {
        Some((200..=299, _)) => Ok(format!("{impi} has registered at {to}")),
        Some((code, refusal)) => Err(what_is_wrong(own, to, (number, &impi), code, refusal)),
        None => Err(format!(
            "{key}: {to} does not answer REGISTER within {} s; is it the P-CSCF or registrar of {}? If that is elsewhere, write sip.registration.address",
            LIMIT.as_secs(),
            profile.sip.domain
        )),
    }
}

async fn order(
    endpoint: &mut Endpoint<MmtelCommand, MmtelEvent>,
    expires: u32,
) -> Option<(u16, Option<Refusal>)> {
    let command = MmtelCommand::Register { expires };
    endpoint.commands.send(command).ok()?;
    let answered = async {
        loop {
            if let MmtelEvent::Registered { code, refusal } = endpoint.events.recv().await? {
                return Some((code, refusal));
            }
        }
    };
    timeout(LIMIT, answered).await.ok()?
}

fn what_is_wrong(
    own: &Registration,
    at: SocketAddr,
    (number, impi): (&str, &str),
    code: u16,
    refusal: Option<Refusal>,
) -> String {
    let secret = if own.key.is_some() { "key" } else { "password" };
    let key = format!("sip.registration.{secret}");
    match (refusal, code) {
        (Some(Refusal::Wrong(..)), _) => format!(
            "{key}: {at} asks {impi} again after his answer; write the {secret} that it has of him"
        ),
        (Some(Refusal::Forged(_)), _) => format!(
            "{key}: the challenge of {at} is not made with k and opc of {impi}; write those that the HSS has of him (is op the operator's, and opc that of the subscriber?)"
        ),
        (Some(Refusal::ForeignRealm(theirs, ours)), _) => format!(
            "sip.registration.realm: the profile says {ours}, {at} asks for the realm {theirs}; write that, or leave it out"
        ),
        (Some(Refusal::Unsuitable(offered)), _) => format!(
            "sip.registration: {at} asks for what a {secret} does not answer ({offered}); write password for Digest, key for IMS AKA, and algorithm only if it has to be one"
        ),
        (Some(Refusal::TooOften), _) => {
            format!(
                "sip.registration: {at} asks {impi} again and again; are its nonces good for any time?"
            )
        }
        (None, 403 | 404) => format!(
            "sip.registration.private_identity: {at} answers {code} to {impi}, whose number is {number}; does it know him? Write its own form of private identities, or numbers.users that it serves"
        ),
        (None, 408) => format!(
            "sip.registration.address: nobody takes SIP at {at}; is this the P-CSCF or registrar?"
        ),
        (None, code) => format!(
            "sip.registration: {at} answers {code} to REGISTER; is sip.domain its domain, and is it a P-CSCF or registrar?"
        ),
    }
}
