//! What can be said of the values of a profile without asking anybody: each mistake with its key and how it is mended.
use super::{Conferencing, InUse, Profile, secret};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Digits of a number that the suite appends, and with them the most numbers of a range.
const APPENDED: usize = 5;
const POOL_AT_MOST: u32 = 100_000;
/// E.164: digits of a number.
const DIGITS_AT_MOST: usize = 15;

/// The mistakes of a profile.
pub(super) fn problems(profile: &Profile) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(sip(profile));
    found.extend(super::registration::problems(&profile.sip));
    found.extend(short_messages(profile));
    found.extend(profile.provisioning.problems());
    found.extend(profile.provisioning.secret_problems(&profile.secrets));
    let start = profile.start.as_ref();
    found.extend(start.and_then(|start| {
        secret::problem_of_command("start.command", &start.command, &profile.secrets)
    }));
    let arguments = profile.in_use().map(InUse::start_arguments);
    if arguments.is_some_and(|words| words.iter().any(|word| word.contains("{secret."))) {
        found.push(format!(
            "short_messages.{}.start_arguments: secrets do not stand on command lines; name them in start.command, as a shell has them in its environment",
            profile.carriage().name()
        ));
    }
    found.extend(numbers(profile));
    if let Some(conferencing) = &profile.conferencing {
        found.extend(conferences(conferencing));
    }
    found.extend(times(profile));
    found
}

fn sip(profile: &Profile) -> Vec<String> {
    let sip = &profile.sip;
    let mut found = Vec::new();
    found.extend(address("sip.address", &sip.address));
    if !["udp", "tcp", "tls"].contains(&sip.transport.as_str()) {
        let said = &sip.transport;
        found.push(format!(
            "sip.transport: `{said}` is none; write udp, tcp or tls"
        ));
    }
    if !["isc", "gm"].contains(&sip.reference_point.as_str()) {
        let said = &sip.reference_point;
        found.push(format!(
            "sip.reference_point: `{said}` is none; write isc or gm"
        ));
    }
    if sip.local_ip.is_unspecified() {
        found.push(format!(
            "sip.local_ip: {} is every address and none; write the one at which the system reaches this machine",
            sip.local_ip
        ));
    }
    if let Ok(system) = sip.address.parse::<SocketAddr>()
        && system.is_ipv4() != sip.local_ip.is_ipv4()
    {
        found.push(format!(
            "sip.local_ip: {} cannot reach sip.address {system}; both have to be IPv4, or both IPv6",
            sip.local_ip
        ));
    }
    let host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if sip.domain.is_empty() || !sip.domain.chars().all(host) {
        found.push(format!(
            "sip.domain: `{}` is no domain name; write one like ims.example",
            sip.domain
        ));
    }
    found
}

fn short_messages(profile: &Profile) -> Vec<String> {
    let mut found = Vec::new();
    let messages = &profile.short_messages;
    if let Some(to) = messages
        .smpp
        .as_ref()
        .and_then(|smpp| smpp.connect.as_ref())
    {
        found.extend(address("short_messages.smpp.connect", to));
    }
    let diameter = [
        ("sgd", &messages.sgd),
        ("sms-over-ip", &messages.sms_over_ip),
    ];
    for (name, sgd) in diameter {
        let Some(sgd) = sgd else { continue };
        let key = |key: &str| format!("short_messages.{name}.{key}");
        if let Some(to) = &sgd.connect {
            found.extend(address(&key("connect"), to));
        }
        found.extend(number(&key("sc_address"), &sgd.sc_address, 0));
        let identity = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == ':')
        };
        for (field, text) in [
            ("origin_host", Some(&sgd.origin_host)),
            ("origin_realm", Some(&sgd.origin_realm)),
            ("system_host", sgd.system_host.as_ref()),
            ("system_realm", sgd.system_realm.as_ref()),
        ] {
            if let Some(text) = text.filter(|text| !identity(text)) {
                found.push(format!(
                    "{}: `{text}` is no Diameter identity; write a domain name like sc.ims.example",
                    key(field)
                ));
            }
        }
    }
    if let Some(InUse::Smpp(smpp)) = profile.in_use()
        && smpp.password.expose() == "CHANGE-ME"
    {
        found.push("short_messages.smpp.password: it still says CHANGE-ME; write what the system binds with".to_owned());
    }
    found
}

fn numbers(profile: &Profile) -> Vec<String> {
    let numbers = &profile.numbers;
    let mut found = Vec::new();
    found.extend(number("numbers.users", &numbers.users, APPENDED));
    found.extend(number("numbers.sessions", &numbers.sessions, APPENDED));
    let (users, sessions) = (&numbers.users, &numbers.sessions);
    if users.starts_with(sessions.as_str()) || sessions.starts_with(users.as_str()) {
        found.push(format!(
            "numbers.sessions: {sessions} and numbers.users {users} are one range, so that users and sessions would have the same numbers; write two"
        ));
    }
    if !(1..=POOL_AT_MOST).contains(&numbers.pool_size) {
        found.push(format!(
            "numbers.pool_size: {} is out of range; write 1 to {POOL_AT_MOST}",
            numbers.pool_size
        ));
    }
    found
}

fn conferences(conferencing: &Conferencing) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(address("conferencing.core", &conferencing.core));
    found.extend(url("conferencing.ut", &conferencing.ut));
    for (key, uri) in [
        ("conferencing.cmmc_factory", &conferencing.cmmc_factory),
        ("conferencing.conf_factory", &conferencing.conf_factory),
    ] {
        if !(uri.starts_with("sip:") || uri.starts_with("sips:") || uri.starts_with("tel:")) {
            found.push(format!(
                "{key}: `{uri}` is no SIP URI; write one like sip:factory@ims.example"
            ));
        }
    }
    found
}

/// Limits that can never hold.
fn times(profile: &Profile) -> Vec<String> {
    let ixit = &profile.ixit;
    let mut times = vec![
        ("ixit.reaction_seconds", ixit.reaction_seconds),
        ("ixit.guard_seconds", ixit.guard_seconds),
        ("ixit.answer_seconds", ixit.answer_seconds),
        ("ixit.short_answer_seconds", ixit.short_answer_seconds),
        ("ixit.bye_seconds", ixit.bye_seconds),
    ];
    match profile.in_use() {
        Some(InUse::Smpp(smpp)) => times.push((
            "short_messages.smpp.bound_within_seconds",
            smpp.bound_within_seconds,
        )),
        Some(InUse::Sgd(sgd)) => {
            times.push((
                "short_messages.sgd.ready_within_seconds",
                sgd.ready_within_seconds,
            ));
        }
        Some(InUse::SmsOverIp(sgd)) => times.push((
            "short_messages.sms-over-ip.ready_within_seconds",
            sgd.ready_within_seconds,
        )),
        None => {}
    }
    let wrong = |(_, seconds): &(&str, f64)| !(seconds.is_finite() && *seconds > 0.0);
    times
        .into_iter()
        .filter(wrong)
        .map(|(key, seconds)| format!("{key}: {seconds} is no time to wait; write seconds above 0"))
        .collect()
}

/// An IP address and port, or a placeholder for one.
pub(super) fn address(key: &str, text: &str) -> Option<String> {
    if text.starts_with('{') {
        return None;
    }
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => Some(format!(
            "{key}: {text} has port 0; write the port of the system"
        )),
        Ok(_) => None,
        Err(_) if text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()) => Some(format!(
            "{key}: {text} has no port; write {text}:5060, or whatever its port is"
        )),
        Err(_) => match in_brackets(text) {
            Some(meant) => Some(format!(
                "{key}: an IPv6 address before a port stands in brackets; write {meant}"
            )),
            None => Some(format!(
                "{key}: `{text}` is no IP address and port; write one like 192.0.2.20:5060 or [2001:db8::1]:5060"
            )),
        },
    }
}

/// `2001:db8::1:5060` as it was most likely meant.
fn in_brackets(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let host: Ipv6Addr = host.trim_matches(['[', ']']).parse().ok()?;
    port.parse::<u16>().ok()?;
    Some(format!("[{host}]:{port}"))
}

pub(super) fn url(key: &str, text: &str) -> Option<String> {
    if text.starts_with('{') {
        return None;
    }
    let rest = text.strip_prefix("http://");
    let host = rest.and_then(|rest| rest.split('/').next());
    match host {
        Some(host) if host.matches(':').count() > 1 && !host.starts_with('[') => {
            let meant = in_brackets(host).unwrap_or_else(|| format!("[{host}]"));
            Some(format!(
                "{key}: an IPv6 address stands in brackets; write http://{meant}"
            ))
        }
        Some(host) if !host.is_empty() => None,
        _ => Some(format!(
            "{key}: `{text}` is no http URL; write one like http://192.0.2.20:8080"
        )),
    }
}

pub(super) fn number(key: &str, text: &str, appended: usize) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let wrong = digits.is_empty()
        || digits.len() + appended > DIGITS_AT_MOST
        || !digits.bytes().all(|octet| octet.is_ascii_digit());
    let more = match appended {
        0 => String::new(),
        many => format!(", to which the suite appends {many}"),
    };
    wrong
        .then(|| format!("{key}: `{text}` is no E.164 number; write + and digits, in quotes{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_and_says_what_is_wrong_with_others() {
        for good in ["192.0.2.1:5060", "[2001:db8::1]:5060", "{sip}"] {
            assert_eq!(address("k", good), None);
        }
        for (bad, what) in [
            ("2001:db8::1:5060", "write [2001:db8::1]:5060"),
            ("192.0.2.1", "has no port"),
            ("192.0.2.1:0", "port 0"),
            ("gateway", "no IP address and port"),
        ] {
            let said = address("k", bad).unwrap_or_default();
            assert!(said.contains(what), "{said}");
        }
        assert!(url("k", "http://192.0.2.1:80/x").is_none());
        assert!(
            url("k", "http://2001:db8::1:80")
                .is_some_and(|t| t.contains("http://[2001:db8::1]:80"))
        );
    }
}
