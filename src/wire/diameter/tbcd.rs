//! Numbers in telephony binary coded decimal, as E.164 AVPs carry them: no type-of-number octet (3GPP TS 29.329 clause 6.3.2).
use crate::wire::Malformed;

const CLAUSE: &str = "3GPP TS 29.338 clause 5.3.3.2";
const DIGITS: [char; 15] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'a', 'b', 'c',
];
/// More digits than any numbering plan has.
const LONGEST: usize = 32;

/// `None` if a character is no digit or there are too many. A `+` does not belong here.
pub fn encode_tbcd(digits: &str) -> Option<Vec<u8>> {
    let codes: Vec<u8> = digits
        .chars()
        .map(|digit| {
            let place = DIGITS.iter().position(|known| *known == digit)?;
            u8::try_from(place).ok()
        })
        .collect::<Option<_>>()?;
    if codes.len() > LONGEST {
        return None;
    }
    let octet = |pair: &[u8]| pair[0] | pair.get(1).copied().unwrap_or(0x0f) << 4;
    Some(codes.chunks(2).map(octet).collect())
}

/// The filler may stand only in the high half of the last octet.
pub fn decode_tbcd(octets: &[u8]) -> Result<String, Malformed> {
    if octets.len() > LONGEST / 2 {
        let expected = format!("at most {LONGEST} digits");
        return Err(Malformed::new(0, expected, CLAUSE));
    }
    let mut digits = String::new();
    for (at, octet) in octets.iter().enumerate() {
        let last = at + 1 == octets.len();
        for (half, code) in [octet & 0x0f, octet >> 4].into_iter().enumerate() {
            match DIGITS.get(usize::from(code)) {
                Some(digit) => digits.push(*digit),
                None if last && half == 1 => {}
                None => {
                    return Err(Malformed::new(
                        at,
                        "a digit, filler only at the end",
                        CLAUSE,
                    ));
                }
            }
        }
    }
    Ok(digits)
}
