//! URIs that are equal and look different (RFC 3261 section 19.1.4, RFC 3966 section 4).
use super::super::dice::Dice;
use crate::wire::sip::SipUri;

/// Another URI that is equal to this one; the same one whenever it is asked for under this seed.
pub(super) fn equal(uri: &str, seed: u64) -> String {
    let mut dice = Dice::of(seed, uri.as_bytes());
    let Ok(parsed) = SipUri::parse(uri) else {
        return uri.to_owned();
    };
    match parsed.scheme.as_str() {
        "sip" | "sips" => sip(uri, &parsed, &mut dice),
        "tel" => tel(uri, &mut dice),
        _ => uri.to_owned(),
    }
}

fn sip(uri: &str, parsed: &SipUri, dice: &mut Dice) -> String {
    let rest = uri.split_once(':').map_or("", |(_, rest)| rest);
    let (userinfo, tail) = match rest.split_once('@') {
        Some((userinfo, tail)) => (Some(userinfo), tail),
        None => (None, rest),
    };
    // Header fields of a URI are its meaning; such a URI stays as it is.
    if parsed.headers.is_some() {
        return uri.to_owned();
    }
    let (host, parameters) = tail.split_once(';').unwrap_or((tail, ""));
    let mut parameters: Vec<&str> = parameters.split(';').filter(|p| !p.is_empty()).collect();
    dice.shuffle(&mut parameters, |parameter| (*parameter).to_owned());
    // Schemes and hosts are equal in any case.
    let mut out = match dice.chance(30) {
        true => dice.case(&parsed.scheme),
        false => parsed.scheme.clone(),
    };
    out.push(':');
    if let Some(userinfo) = userinfo {
        out += &match dice.chance(40) {
            true => escaped(userinfo, dice),
            false => userinfo.to_owned(),
        };
        out.push('@');
    }
    out += &match dice.chance(30) {
        true => dice.case(host),
        false => host.to_owned(),
    };
    for parameter in parameters {
        out.push(';');
        out += parameter;
    }
    out
}

/// One letter or digit as `%HH`: characters that are not reserved are equal to their escapes.
fn escaped(userinfo: &str, dice: &mut Dice) -> String {
    // Neither a password nor an escape that is there is touched.
    let user = userinfo.find([':', '%']).unwrap_or(userinfo.len());
    let places: Vec<usize> = userinfo[..user]
        .bytes()
        .enumerate()
        .filter(|(_, octet)| octet.is_ascii_alphanumeric())
        .map(|(at, _)| at)
        .collect();
    let Some(at) = places.get(dice.below(places.len())).copied() else {
        return userinfo.to_owned();
    };
    let octet = userinfo.as_bytes()[at];
    let escape = match dice.chance(50) {
        true => format!("%{octet:02X}"),
        false => format!("%{octet:02x}"),
    };
    format!("{}{escape}{}", &userinfo[..at], &userinfo[at + 1..])
}

/// Visual separators of a global number, which count for nothing.
fn tel(uri: &str, dice: &mut Dice) -> String {
    let Some((number, rest)) = uri.strip_prefix("tel:+").map(|rest| {
        let end = rest.find(';').unwrap_or(rest.len());
        rest.split_at(end)
    }) else {
        return uri.to_owned();
    };
    if number.len() < 6 || !number.bytes().all(|o| o.is_ascii_digit()) || !dice.chance(40) {
        return uri.to_owned();
    }
    let at = 2 + dice.below(number.len() - 4);
    let separator = dice.pick(&["-", "."]);
    format!("tel:+{}{separator}{}{rest}", &number[..at], &number[at..])
}
