//! Bodies that say the same in another form: SDP with lines that nobody needs, XML, multipart with another boundary, CPIM with another order.
use super::super::dice::Dice;
use super::text::{cut, is_token};
use super::xml;
use crate::wire::sip::multipart_parts;

/// Levels of bodies in bodies that are looked into.
const DEEPEST: usize = 4;

/// Another form of a body and its Content-Type; `None` where there is none.
pub(super) fn vary(
    content_type: &str,
    content: &[u8],
    seed: u64,
    dice: &mut Dice,
) -> Option<(String, Vec<u8>)> {
    inner(content_type, content, seed, dice, DEEPEST)
}

fn inner(
    content_type: &str,
    content: &[u8],
    seed: u64,
    dice: &mut Dice,
    depth: usize,
) -> Option<(String, Vec<u8>)> {
    let kind = cut(content_type, ';').first()?.to_ascii_lowercase();
    if depth == 0 {
        return None;
    }
    let kept = |octets| Some((content_type.to_owned(), octets));
    match kind.as_str() {
        "application/sdp" => kept(sdp(std::str::from_utf8(content).ok()?, seed)),
        "message/cpim" => kept(cpim(std::str::from_utf8(content).ok()?, dice)?),
        _ if kind.starts_with("multipart/") => multipart(content_type, content, seed, dice, depth),
        _ if kind.ends_with("+xml") => kept(xml::vary(std::str::from_utf8(content).ok()?, dice)?),
        _ => None,
    }
}

/// RFC 8866 section 5: attributes in another order, unknown attributes and bandwidth types, which are ignored. Drawn from the description
/// itself: the same version of it has the same octets (RFC 3264 section 8).
fn sdp(text: &str, seed: u64) -> Vec<u8> {
    let mut dice = Dice::of(seed, text.as_bytes());
    let mut sections: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    let mut out = String::new();
    for (at, section) in sections.into_iter().enumerate() {
        let (mut attributes, mut lines): (Vec<&str>, Vec<&str>) =
            section.into_iter().partition(|line| line.starts_with("a="));
        let first_behind = |lines: &[&str], of: &[char]| {
            lines
                .iter()
                .position(|line| line.starts_with(of))
                .unwrap_or(lines.len())
        };
        if dice.chance(40) {
            let before: &[char] = if at == 0 { &['t'] } else { &['k'] };
            let place = first_behind(&lines, before);
            lines.insert(place, "b=X-VARIED:128");
        }
        if dice.chance(30) && !lines.iter().any(|line| line.starts_with("i=")) {
            let before: &[char] = if at == 0 {
                &['u', 'e', 'p', 'c', 'b', 't']
            } else {
                &['c', 'b', 'k']
            };
            let place = first_behind(&lines, before);
            lines.insert(place, "i=said in other words");
        }
        if dice.chance(50) {
            attributes.push("a=x-varied:a;b, c=d");
        }
        if dice.chance(60) {
            // Those of one name keep their order: formats and candidates have a preference.
            dice.shuffle(&mut attributes, |line| {
                line.split(':').next().unwrap_or_default().to_owned()
            });
        }
        for line in lines.iter().chain(&attributes) {
            out += line;
            out += "\r\n";
        }
    }
    out.into_bytes()
}

/// RFC 3862 section 2.2: header fields in any order, and a namespace of our own with a header field that nobody knows.
fn cpim(text: &str, dice: &mut Dice) -> Option<Vec<u8>> {
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    // What stands behind a namespace may need it.
    if lines.iter().any(|line| line.starts_with("NS:")) {
        return None;
    }
    if dice.chance(60) {
        dice.shuffle(&mut lines, |line| {
            line.split(':').next().unwrap_or_default().to_owned()
        });
    }
    if dice.chance(40) {
        lines.insert(0, "NS: varied <urn:x-varied>");
        lines.push("varied.Note: as you like it");
    }
    Some(format!("{}\r\n\r\n{rest}", lines.join("\r\n")).into_bytes())
}

fn multipart(
    content_type: &str,
    content: &[u8],
    seed: u64,
    dice: &mut Dice,
    depth: usize,
) -> Option<(String, Vec<u8>)> {
    let parts = multipart_parts(content_type, content).ok()?;
    let boundary = format!("=_varied.{:x}", dice.below(usize::MAX));
    if memchr::memmem::find(content, boundary.as_bytes()).is_some() {
        return None;
    }
    let mut out = match dice.chance(30) {
        // RFC 2046 section 5.1.1: what stands before the first boundary is ignored.
        true => b"A preamble for nobody.\r\n".to_vec(),
        false => Vec::new(),
    };
    for part in parts {
        let (mut headers, mut content) = (part.headers, part.content);
        let named = |name: &str| {
            let is = |(n, _): &(String, String)| n.eq_ignore_ascii_case(name);
            headers.iter().position(is)
        };
        let sized = named("Content-Length").is_some();
        if let (Some(at), false) = (named("Content-Type"), sized)
            && let Some((kind, other)) = inner(&headers[at].1, &content, seed, dice, depth - 1)
        {
            headers[at].1 = kind;
            content = other;
        }
        dice.shuffle(&mut headers, |(name, _)| name.to_ascii_lowercase());
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        for (name, value) in headers {
            let line = format!("{}: {value}\r\n", dice.case(&name));
            out.extend_from_slice(line.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&content);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let mut pieces: Vec<String> = Vec::new();
    for piece in cut(content_type, ';') {
        let is_boundary = piece
            .split_once('=')
            .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
        pieces.push(match is_boundary {
            true if is_token(&boundary) => format!("boundary={boundary}"),
            true => format!("boundary=\"{boundary}\""),
            false => piece.to_owned(),
        });
    }
    Some((pieces.join(";"), out))
}
