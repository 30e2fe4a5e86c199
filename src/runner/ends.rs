//! From a profile to who is who in a recording.
use crate::observe::Ends;
use crate::peer::ue::SERVICE_CENTRE;
use crate::sut::Profile;
use crate::sut::profile::{InUse, SmppRole, Way};
use std::net::{IpAddr, SocketAddr};

/// What the profile tells of the system's addresses and identities. A placeholder of a system that was not started, and a name that would
/// have to be resolved, tell nothing.
pub fn ends_of(profile: &Profile) -> Ends {
    let mut ends = Ends {
        default_alphabet: profile.default_alphabet(),
        system_prefixes: vec![profile.numbers.sessions.clone()],
        plan: Some(profile.numbers.users.clone()),
        ..Ends::default()
    };
    if let Some(address) = address(&profile.sip.address, 5060) {
        let point = profile.sip.reference_point.clone();
        ends.sip.push((address, point));
    }
    for way in &profile.provisioning.ways {
        if let Way::Http(http) = way {
            ends.provisioning.extend(of_url(&http.base));
        }
    }
    if let Some(conferencing) = &profile.conferencing {
        if let Some(address) = address(&conferencing.core, 5060) {
            ends.sip.push((address, "gm".to_owned()));
        }
        let nodes = conferencing.nodes.iter();
        let nodes = nodes.filter_map(|node| address(node, 5060));
        ends.sip.extend(nodes.map(|node| (node, "gm".to_owned())));
        ends.ut.extend(of_url(&conferencing.ut));
        for factory in [&conferencing.cmmc_factory, &conferencing.conf_factory] {
            ends.system_identities.push(factory.clone());
        }
    }
    match profile.in_use() {
        Some(InUse::Smpp(smpp)) => {
            ends.system_is_message_centre = smpp.role == SmppRole::Esme;
            // What terminals submit short messages over IP to.
            ends.system_identities.push(SERVICE_CENTRE.to_owned());
        }
        Some(InUse::Sgd(sgd) | InUse::SmsOverIp(sgd)) => {
            ends.peer_hosts.push(sgd.origin_host.clone());
            ends.system_identities.push(sgd.sc_address.clone());
            ends.system_identities.extend(sgd.hss_sc_address.clone());
        }
        None => {}
    }
    ends
}

/// `host:port` or a host alone, of which only addresses are understood.
fn address(text: &str, port: u16) -> Option<SocketAddr> {
    let text = text.trim();
    let host = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    text.parse()
        .ok()
        .or_else(|| Some(SocketAddr::new(host(text)?, port)))
}

fn of_url(url: &str) -> Option<SocketAddr> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit('@').next()?;
    address(authority, if scheme == "https" { 443 } else { 80 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_addresses_and_urls() {
        let at = |text: &str| text.parse::<SocketAddr>().ok();
        assert_eq!(address("192.0.2.1:5070", 5060), at("192.0.2.1:5070"));
        assert_eq!(address("2001:db8::1", 5060), at("[2001:db8::1]:5060"));
        assert_eq!(address("{sip}", 5060), None);
        assert_eq!(of_url("http://192.0.2.1:8080/v1/x"), at("192.0.2.1:8080"));
        assert_eq!(of_url("https://[2001:db8::1]"), at("[2001:db8::1]:443"));
    }
}
