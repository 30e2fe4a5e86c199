//! XML that says the same (XML 1.0 section 3.1, Namespaces in XML 1.0 section 6): another prefix, attributes in another order and quotes,
//! white space in tags, empty elements in either form, comments.
use super::super::dice::Dice;

/// One piece of a document.
enum Piece<'a> {
    Text(&'a str),
    /// Declarations, comments, instructions: as they are.
    Other(&'a str),
    Open {
        name: &'a str,
        attributes: Vec<(&'a str, &'a str)>,
        empty: bool,
    },
    Close(&'a str),
}

/// The document in another form; `None` if it is not one that can be rewritten.
pub(super) fn vary(text: &str, dice: &mut Dice) -> Option<Vec<u8>> {
    roxmltree::Document::parse(text.trim()).ok()?;
    let pieces = read(text)?;
    let prefix = prefix(&pieces, dice);
    let named = |name: &str| match prefix {
        Some(prefix) if !name.contains(':') => format!("{prefix}:{name}"),
        _ => name.to_owned(),
    };
    let spaced = dice.chance(50);
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    for piece in pieces {
        match piece {
            Piece::Text(text) | Piece::Other(text) => out += text,
            Piece::Close(name) => {
                depth = depth.saturating_sub(1);
                out += &format!("</{}{}>", named(name), gap(spaced, "", dice));
            }
            Piece::Open {
                name,
                mut attributes,
                empty,
            } => {
                if depth == 0 && dice.chance(20) {
                    out += "<!-- said in other words -->";
                }
                out += &format!("<{}", named(name));
                dice.shuffle(&mut attributes, |(name, _)| (*name).to_owned());
                for (attribute, value) in attributes {
                    let attribute = match (attribute, prefix) {
                        ("xmlns", Some(prefix)) => format!("xmlns:{prefix}"),
                        _ => attribute.to_owned(),
                    };
                    let quote = quote(value, dice);
                    out += &format!(
                        "{}{attribute}={quote}{value}{quote}",
                        gap(spaced, " ", dice)
                    );
                }
                out += gap(spaced, "", dice);
                match (empty, dice.chance(50)) {
                    (true, true) => out += "/>",
                    (true, false) => out += &format!("></{}>", named(name)),
                    (false, _) => {
                        out.push('>');
                        depth += 1;
                    }
                }
            }
        }
    }
    // What cannot be read back is better not sent.
    roxmltree::Document::parse(out.trim()).ok()?;
    Some(out.into_bytes())
}

/// A prefix for the default namespace, where it is declared at the root and nowhere else.
fn prefix(pieces: &[Piece<'_>], dice: &mut Dice) -> Option<&'static str> {
    let mut tags = pieces.iter().filter_map(|piece| match piece {
        Piece::Open {
            name, attributes, ..
        } => Some((*name, attributes)),
        _ => None,
    });
    let declares =
        |attributes: &Vec<(&str, &str)>| attributes.iter().any(|(name, _)| *name == "xmlns");
    let (name, at_root) = tags.next()?;
    if name.contains(':') || !declares(at_root) || tags.any(|(_, attributes)| declares(attributes))
    {
        return None;
    }
    match dice.below(3) {
        0 => Some("v4r"),
        1 => Some("_"),
        _ => None,
    }
}

fn gap<'a>(spaced: bool, least: &'a str, dice: &mut Dice) -> &'a str {
    match spaced && dice.chance(50) {
        true => dice.pick(&[" ", "\n", "\t "]),
        false => least,
    }
}

fn quote(value: &str, dice: &mut Dice) -> char {
    match (value.contains('\''), value.contains('"')) {
        (false, false) if dice.chance(50) => '\'',
        (_, true) => '\'',
        _ => '"',
    }
}

fn read(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(open) = rest.find('<') else {
            pieces.push(Piece::Text(rest));
            break;
        };
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
            rest = &rest[open..];
        }
        let end = match rest {
            _ if rest.starts_with("<!--") => rest.find("-->")? + 3,
            _ if rest.starts_with("<![CDATA[") => rest.find("]]>")? + 3,
            _ if rest.starts_with("<!") => return None,
            _ if rest.starts_with("<?") => rest.find("?>")? + 2,
            _ => end_of_tag(rest)?,
        };
        let (tag, behind) = rest.split_at(end);
        pieces.push(match tag.as_bytes().get(1)? {
            b'!' | b'?' => Piece::Other(tag),
            b'/' => Piece::Close(tag[2..tag.len() - 1].trim()),
            _ => opened(&tag[1..tag.len() - 1])?,
        });
        rest = behind;
    }
    Some(pieces)
}

/// Behind the `>` that stands in no attribute value.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn opened(tag: &str) -> Option<Piece<'_>> {
    let (tag, empty) = match tag.strip_suffix('/') {
        Some(tag) => (tag, true),
        None => (tag, false),
    };
    let (name, mut rest) = match tag.find(char::is_whitespace) {
        Some(at) => (&tag[..at], tag[at..].trim()),
        None => (tag, ""),
    };
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let (attribute, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|c| ['"', '\''].contains(c))?;
        let (value, behind) = behind[1..].split_once(quote)?;
        attributes.push((attribute.trim(), value));
        rest = behind.trim_start();
    }
    Some(Piece::Open {
        name,
        attributes,
        empty,
    })
}
