//! A value as it stands on the wire, and its pseudonym in the same form: UTF-8, UCS-2, septets packed or not, percent-encoded, TBCD.
//!
//! Base64 and hexadecimal digits are read, what they hold is looked through, and they are written again. Every form of a pseudonym is as
//! long as that of the value, so nothing around it has to change.
use crate::observe::redact::{base64, percent};
use crate::wire::sms::{encode_gsm7, encode_tbcd, encode_ucs2, pack_septets};
use memchr::memmem;

/// A shorter text is looked for only where messages begin: elsewhere it is met by chance.
const ANYWHERE: usize = 8;
/// Fewer characters of base64 hold nothing that is looked for.
const LEAST_BASE64: usize = 12;
const LEAST_HEX: usize = 14;
/// Base64 within base64 is read, and no deeper.
const DEPTH: usize = 2;

/// What may not stand beside a match, or must.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Beside {
    Anything,
    /// No digit of ASCII.
    NoDigit,
    /// One of these before it.
    After(Vec<Vec<u8>>),
}

/// Octets that become others of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Swap {
    from: Vec<u8>,
    to: Vec<u8>,
    /// Bits of the first and of the last octet that belong to it.
    first: u8,
    last: u8,
    beside: Beside,
}

impl Swap {
    fn whole(from: Vec<u8>, to: Vec<u8>, beside: Beside) -> Self {
        Self {
            from,
            to,
            first: 0xff,
            last: 0xff,
            beside,
        }
    }

    /// The octets that are in it whole.
    fn core(&self) -> std::ops::Range<usize> {
        let from = usize::from(self.first != 0xff);
        let to = self.from.len() - usize::from(self.last != 0xff);
        from..to.max(from)
    }

    fn mask(&self, index: usize) -> u8 {
        match index {
            0 => self.first,
            index if index + 1 == self.from.len() => self.last,
            _ => 0xff,
        }
    }

    fn fits(&self, octets: &[u8], at: usize) -> bool {
        let Some(there) = octets.get(at..at + self.from.len()) else {
            return false;
        };
        let edges = [0, self.from.len() - 1];
        let same = |index: &usize| (there[*index] ^ self.from[*index]) & self.mask(*index) == 0;
        if !edges.iter().all(same) {
            return false;
        }
        let digit = |at: Option<usize>| {
            at.and_then(|at| octets.get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        match &self.beside {
            Beside::Anything => true,
            Beside::NoDigit => !digit(at.checked_sub(1)) && !digit(Some(at + self.from.len())),
            Beside::After(leads) => leads.iter().any(|lead| octets[..at].ends_with(lead)),
        }
    }
}

/// Every form of a number.
pub(super) fn of_number(from: &str, to: &str) -> Vec<Swap> {
    let mut swaps = vec![
        Swap::whole(from.into(), to.into(), Beside::NoDigit),
        Swap::whole(encode_ucs2(from), encode_ucs2(to), Beside::Anything),
        Swap::whole(encode_tbcd(from), encode_tbcd(to), Beside::Anything),
    ];
    swaps.extend(packed(from.as_bytes(), to.as_bytes(), None));
    swaps
}

/// Every form of a text.
pub(super) fn of_text(from: &str, to: &str) -> Vec<Swap> {
    let short = from.chars().count() < ANYWHERE;
    // Behind the head of a message, or behind the octet that counts them.
    let beside = |count: usize| match (short, u8::try_from(count)) {
        (false, _) => Beside::Anything,
        (true, Ok(count)) => Beside::After(vec![b"\r\n\r\n".to_vec(), vec![count]]),
        (true, Err(_)) => Beside::After(vec![b"\r\n\r\n".to_vec()]),
    };
    let mut swaps = Vec::new();
    let mut add = |from: Vec<u8>, to: Vec<u8>| {
        let beside = beside(from.len());
        if from.len() == to.len() {
            swaps.push(Swap::whole(from, to, beside));
        }
    };
    add(from.into(), to.into());
    add(
        percent(from.as_bytes(), false).into(),
        percent(to.as_bytes(), false).into(),
    );
    add(encode_ucs2(from), encode_ucs2(to));
    if let (Ok(from), Ok(to)) = (encode_gsm7(from), encode_gsm7(to)) {
        add(from.clone(), to.clone());
        let beside = short.then(|| beside(from.len()));
        swaps.extend(packed(&from, &to, beside));
    }
    swaps
}

/// Packed septets (3GPP TS 23.038 clause 6.1.2.1) beginning at each bit of an octet.
fn packed(from: &[u8], to: &[u8], beside: Option<Beside>) -> Vec<Swap> {
    if from.len() != to.len() {
        return Vec::new();
    }
    let fills = if beside.is_some() { 0..1 } else { 0..8 };
    let full = vec![0x7f; from.len()];
    let all = fills.map(|fill| {
        let mask = pack_septets(&full, fill);
        Swap {
            from: pack_septets(from, fill),
            to: pack_septets(to, fill),
            first: mask.first().copied().unwrap_or(0xff),
            last: mask.last().copied().unwrap_or(0xff),
            beside: beside.clone().unwrap_or(Beside::Anything),
        }
    });
    all.filter(|swap| swap.from.len() > 1 || beside.is_some())
        .collect()
}

/// Longest first, so that what contains another comes first; what does not change anything is left out.
pub(super) fn order(swaps: &mut Vec<Swap>) {
    swaps.retain(|swap| swap.from != swap.to && !swap.core().is_empty());
    swaps.sort_by(|a, b| {
        let length = b.from.len().cmp(&a.from.len());
        length.then_with(|| a.from.cmp(&b.from))
    });
    swaps.dedup();
}

/// Swaps everything that is found.
pub(super) fn apply(swaps: &[Swap], octets: &mut [u8]) -> bool {
    within(swaps, octets, DEPTH)
}

fn within(swaps: &[Swap], octets: &mut [u8], depth: usize) -> bool {
    let before = octets.to_vec();
    let mut done = vec![false; octets.len()];
    for swap in swaps {
        let core = swap.core();
        for found in memmem::find_iter(&before, &swap.from[core.clone()]) {
            let Some(at) = found.checked_sub(core.start) else {
                continue;
            };
            if !swap.fits(&before, at) || done[found..found + core.len()].contains(&true) {
                continue;
            }
            for (index, to) in swap.to.iter().enumerate() {
                let mask = swap.mask(index);
                let octet = &mut octets[at + index];
                *octet = (*octet & !mask) | (to & mask);
            }
            done[found..found + core.len()].fill(true);
        }
    }
    let mut changed = done.contains(&true);
    if depth > 0 {
        for run in runs(&before, is_base64, LEAST_BASE64) {
            changed |= encoded(swaps, &before, &done, run, octets, depth, &BASE64);
        }
        for run in runs(&before, |c| c.is_ascii_hexdigit(), LEAST_HEX) {
            changed |= encoded(swaps, &before, &done, run, octets, depth, &HEX);
        }
    }
    changed
}

/// How octets are written in characters.
struct Writing {
    read: fn(&[u8]) -> Option<Vec<u8>>,
    write: fn(&[u8], &[u8]) -> Vec<u8>,
}

const BASE64: Writing = Writing {
    read: read_base64,
    write: |octets, was| {
        let url = was.iter().any(|c| b"-_".contains(c));
        let text = base64(octets).into_bytes();
        let one = |c| match c {
            b'+' if url => b'-',
            b'/' if url => b'_',
            c => c,
        };
        text.into_iter().map(one).collect()
    },
};
const HEX: Writing = Writing {
    read: read_hex,
    write: |octets, was| {
        let upper = was.iter().any(u8::is_ascii_uppercase);
        let text: String = octets.iter().map(|o| format!("{o:02x}")).collect();
        match upper {
            true => text.to_uppercase().into_bytes(),
            false => text.into_bytes(),
        }
    },
};

/// Reads a run of characters, looks through what they say, and writes it in their place.
fn encoded(
    swaps: &[Swap],
    before: &[u8],
    done: &[bool],
    run: Vec<usize>,
    octets: &mut [u8],
    depth: usize,
    writing: &Writing,
) -> bool {
    if run.iter().any(|at| done[*at]) {
        return false;
    }
    let characters: Vec<u8> = run.iter().map(|at| before[*at]).collect();
    let Some(mut said) = (writing.read)(&characters) else {
        return false;
    };
    if !within(swaps, &mut said, depth - 1) {
        return false;
    }
    for (at, character) in run.iter().zip((writing.write)(&said, &characters)) {
        octets[*at] = character;
    }
    true
}

fn is_base64(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"+/-_".contains(&c)
}

/// Places of characters of one kind that follow one another, line ends between long lines left out.
fn runs(octets: &[u8], kind: impl Fn(u8) -> bool, least: usize) -> Vec<Vec<usize>> {
    /// Shorter lines are no part of encoded octets that go on in the next.
    const LINE: usize = 60;
    let mut found = Vec::new();
    let mut run: Vec<usize> = Vec::new();
    let mut line = 0;
    let mut at = 0;
    while at < octets.len() {
        if kind(octets[at]) {
            run.push(at);
            line += 1;
            at += 1;
            continue;
        }
        let ends = octets[at..].starts_with(b"\r\n") && line >= LINE && line % 4 == 0;
        if ends && octets.get(at + 2).is_some_and(|next| kind(*next)) {
            (at, line) = (at + 2, 0);
            continue;
        }
        found.push(std::mem::take(&mut run));
        (at, line) = (at + 1, 0);
    }
    found.push(run);
    found.retain(|run| run.len() >= least);
    found
}

fn read_base64(characters: &[u8]) -> Option<Vec<u8>> {
    let value = |c: &u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let values: Vec<u8> = characters.iter().map(value).collect::<Option<_>>()?;
    let mut octets = Vec::with_capacity(values.len() * 3 / 4);
    for four in values.chunks(4) {
        let at = |index: usize| u32::from(four.get(index).copied().unwrap_or(0));
        let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        let [_, octets_of @ ..] = bits.to_be_bytes();
        octets.extend_from_slice(&octets_of[..(four.len() * 3 / 4).min(3)]);
    }
    Some(octets)
}

fn read_hex(characters: &[u8]) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    characters.chunks_exact(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swapped(swaps: Vec<Swap>, octets: &[u8]) -> Vec<u8> {
        let (mut swaps, mut octets) = (swaps, octets.to_vec());
        order(&mut swaps);
        apply(&swaps, &mut octets);
        octets
    }

    #[test]
    fn finds_a_number_in_every_form() {
        let (from, to) = ("447700900800", "441234567890");
        let swaps = || of_number(from, to);
        let text = |number: &str| format!("sip:+{number}@x;n=1{number}");
        let expected = format!("sip:+{to}@x;n=1{from}");
        assert_eq!(swapped(swaps(), text(from).as_bytes()), expected.as_bytes());
        let around = |middle: Vec<u8>| [vec![0x91], middle, vec![0]].concat();
        assert_eq!(
            swapped(swaps(), &around(encode_tbcd(from))),
            around(encode_tbcd(to))
        );
        for fill in 0..7 {
            let said = |n: &str| pack_septets(format!("call +{n} now").as_bytes(), fill);
            assert_eq!(swapped(swaps(), &said(from)), said(to), "{fill}");
        }
        let said = |n: &str| format!("Basic {}==", base64(format!("+{n}:p").as_bytes()));
        assert_eq!(swapped(swaps(), said(from).as_bytes()), said(to).as_bytes());
    }

    #[test]
    fn a_short_text_is_found_where_messages_begin_only() {
        let swaps = || of_text("Hi", "Qz");
        assert_eq!(swapped(swaps(), b"Hi: x\r\n\r\nHi"), b"Hi: x\r\n\r\nQz");
        assert_eq!(swapped(swaps(), b"\x00\x02Hi Hi"), b"\x00\x02Qz Hi");
    }
}
