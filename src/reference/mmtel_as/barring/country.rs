//! Country codes of numbers (Recommendation ITU-T E.164) and of visited networks (3GPP TS 23.003 clause 13).
//!
//! Country codes have one to three digits; which have one or two is listed, all others have three. Of the mobile country codes
//! (Recommendation ITU-T E.212) only those stand here that the test numbers of this reference build need.

const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

const MOBILE_COUNTRIES: &[(&str, &str)] = &[
    ("208", "33"),
    ("222", "39"),
    ("234", "44"),
    ("235", "44"),
    ("244", "358"),
    ("262", "49"),
    ("310", "1"),
    ("311", "1"),
    ("440", "81"),
];

/// The country code of a global number (`+` in front).
pub fn of_number(number: &str) -> Option<&str> {
    let digits = number.strip_prefix('+')?;
    if matches!(digits.as_bytes().first(), Some(b'1' | b'7')) {
        return digits.get(..1);
    }
    let two = digits.get(..2)?;
    if TWO_DIGITS.contains(&two) {
        return Some(two);
    }
    digits.get(..3)
}

/// The country code of a network named as `...mccNNN.3gppnetwork.org`.
pub fn of_network(network: &str) -> Option<&'static str> {
    let code = network
        .split('.')
        .find_map(|label| label.strip_prefix("mcc"))?;
    MOBILE_COUNTRIES
        .iter()
        .find(|(mobile, _)| *mobile == code)
        .map(|(_, country)| *country)
}
