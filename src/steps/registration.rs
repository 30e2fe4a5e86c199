//! UEs at Gm: what they register with, as the profile says, and where.
use super::lab::Lab;
use super::users::REGISTRATION_SECONDS;
use crate::peer::attachment::Gm;
use crate::peer::ue::Registration;
use crate::verdict::Reason;
use std::net::SocketAddr;

impl Lab {
    /// What the UE of a user registers with; nothing where nobody asks who he is.
    pub(super) fn attachment(&mut self, number: &str) -> Option<Gm> {
        let registration = self.stage().facility.profile.sip.registration.clone()?;
        match registration.of(number) {
            Ok(gm) => Some(gm),
            Err(cause) => self.broken(Reason::Config, cause),
        }
    }

    /// Where the requests of a UE go: to its P-CSCF, if the profile names one.
    pub(super) fn proxy_or(&mut self, otherwise: SocketAddr) -> SocketAddr {
        let sip = &self.stage().facility.profile.sip;
        let own = sip
            .registration
            .as_ref()
            .and_then(|own| own.address.clone());
        match own.map(|address| (address.parse(), address)) {
            None => otherwise,
            Some((Ok(address), _)) => address,
            Some((Err(_), address)) => self.broken(
                Reason::Config,
                format!("sip.registration.address: {address}"),
            ),
        }
    }

    /// The registration of a CPM user, where it is his UE that registers.
    pub(super) fn own_registration(&mut self) -> Option<Registration> {
        let registers = self.stage().facility.profile.sip.registration.is_some();
        registers.then_some(Registration {
            smsip: false,
            cpm: true,
            msisdn_less: false,
            expires: REGISTRATION_SECONDS,
        })
    }
}
