//! Escape sequences in CPIM message header fields (RFC 3862 section 2.3).
//!
//! Control characters and the backslash never stand for themselves; everything else may.

/// The text with its escapes resolved; `None` if one is none of the RFC's.
pub(super) fn resolved(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        plain.push(match rest.next()? {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            quoted @ ('"' | '\'' | '\\') => quoted,
            'u' => {
                let high = code_unit(&mut rest)?;
                let low = match high {
                    0xd800..0xdc00 => {
                        let introduced = rest.next()? == '\\' && rest.next()? == 'u';
                        Some(introduced.then(|| code_unit(&mut rest))??)
                    }
                    _ => None,
                };
                let units = std::iter::once(high).chain(low);
                char::decode_utf16(units).next()?.ok()?
            }
            _ => return None,
        });
    }
    Some(plain)
}

fn code_unit(rest: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut value = 0;
    for _ in 0..4 {
        value = value << 4 | rest.next()?.to_digit(16)? as u16;
    }
    Some(value)
}

/// The text as it may stand in a header field.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
