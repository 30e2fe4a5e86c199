//! Wire mutation: one element of what the reference sends is deleted, altered, doubled, put in another order or held back, every time it
//! is sent. Most of this is wrong, and a suite that judges an element notices.
//!
//! A mutation is written `OPERATION:KIND:MESSAGE:NAME`, as in `delete:header:INVITE:P-Asserted-Identity`, `alter:param:200-INVITE:Contact;isfocus`,
//! `delay:message:NOTIFY`, `delete:tlv:submit_sm:0204`, `alter:tpdu:OFR:TP-MR`. `elements` gives what of a message can stand there.
mod links;
mod short_messages;
mod sip;

use std::str::FromStr;
use std::time::Duration;

/// How long a message is held back: behind what is sent at once after it, before anybody sends anything again.
pub(super) const DELAY: Duration = Duration::from_millis(300);

/// What is done to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Delete,
    Alter,
    Duplicate,
    Delay,
    Reorder,
}

impl Operation {
    pub const ALL: [Self; 5] = [
        Self::Delete,
        Self::Alter,
        Self::Duplicate,
        Self::Delay,
        Self::Reorder,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Alter => "alter",
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
        }
    }

    /// Whether it means anything for elements of this kind.
    pub fn fits(self, kind: Kind) -> bool {
        match kind {
            Kind::Message => matches!(self, Self::Delete | Self::Duplicate | Self::Delay),
            Kind::Header => !matches!(self, Self::Delay),
            // They have their places and cannot be left out.
            Kind::Pdu | Kind::Tpdu => self == Self::Alter,
            _ => matches!(self, Self::Delete | Self::Alter | Self::Duplicate),
        }
    }
}

/// What kind of element it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A whole message of any protocol.
    Message,
    /// A SIP header field.
    Header,
    /// A parameter of a SIP header field: `Contact;isfocus`.
    Param,
    /// A SIP body, or a part of one, by its media type.
    Body,
    /// A line of SDP, by its beginning: `a=path`, `m=message`.
    Sdp,
    /// An attribute of XML, or an element where there is a `<`: `state`, `<display-text`.
    Xml,
    /// A header field of CPIM, in a SIP body or an MSRP message.
    Cpim,
    /// A header field of MSRP.
    Msrp,
    /// An optional parameter of SMPP, by its tag.
    Tlv,
    /// A mandatory field of submit_sm, by its name: `source_addr`.
    Pdu,
    /// An AVP of Diameter, by its code.
    Avp,
    /// A field of a TPDU or of the RP message around it, in a SIP body or an AVP: `TP-MR`, `RP-OA`.
    Tpdu,
}

impl Kind {
    const ALL: [(Self, &'static str); 12] = [
        (Self::Message, "message"),
        (Self::Header, "header"),
        (Self::Param, "param"),
        (Self::Body, "body"),
        (Self::Sdp, "sdp"),
        (Self::Xml, "xml"),
        (Self::Cpim, "cpim"),
        (Self::Msrp, "msrp"),
        (Self::Tlv, "tlv"),
        (Self::Pdu, "pdu"),
        (Self::Avp, "avp"),
        (Self::Tpdu, "tpdu"),
    ];

    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }
}

/// One element of what is sent: its kind, the messages it stands in, and its name in them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    pub kind: Kind,
    /// `INVITE`, `200-INVITE`, `SEND`, `submit_sm`, or the name of a Diameter command.
    pub message: String,
    /// Empty for a whole message.
    pub name: String,
}

/// A mutation in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    pub operation: Operation,
    pub element: Element,
}

impl std::fmt::Display for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Element {
            kind,
            message,
            name,
        } = &self.element;
        write!(f, "{}:{}:{message}", self.operation.name(), kind.name())?;
        match name.is_empty() {
            true => Ok(()),
            false => write!(f, ":{name}"),
        }
    }
}

impl FromStr for Mutation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.splitn(4, ':');
        let mut next = || words.next().unwrap_or_default();
        let (operation, kind, message, name) = (next(), next(), next(), next());
        let all = Operation::ALL.into_iter();
        let operation = all
            .clone()
            .find(|one| one.name() == operation)
            .ok_or_else(|| {
                let names: Vec<&str> = all.map(Operation::name).collect();
                format!(
                    "`{operation}` is no operation; it is one of {}",
                    names.join(", ")
                )
            })?;
        let kind = Kind::ALL
            .iter()
            .find(|(_, one)| *one == kind)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| {
                let names: Vec<&str> = Kind::ALL.iter().map(|(_, name)| *name).collect();
                format!(
                    "`{kind}` is no kind of element; it is one of {}",
                    names.join(", ")
                )
            })?;
        if message.is_empty() || (name.is_empty() != (kind == Kind::Message)) {
            return Err("OPERATION:KIND:MESSAGE:NAME is wanted, as in delete:header:INVITE:Privacy; a whole message has no NAME".to_owned());
        }
        if !operation.fits(kind) {
            return Err(format!(
                "{} means nothing for {}",
                operation.name(),
                kind.name()
            ));
        }
        let (message, name) = (message.to_owned(), name.to_owned());
        Ok(Self {
            operation,
            element: Element {
                kind,
                message,
                name,
            },
        })
    }
}

pub use links::{elements_of_diameter, elements_of_msrp, elements_of_smpp};
pub use sip::elements_of_sip;

impl Mutation {
    /// What leaves in the place of one SIP message: nothing, it, or two, and whether later.
    pub(super) fn sip(&self, octets: &[u8]) -> Option<(Vec<Vec<u8>>, Duration)> {
        sip::mutate(self, octets)
    }

    pub(super) fn msrp(&self, octets: &[u8]) -> Option<Vec<u8>> {
        links::msrp(self, octets)
    }

    pub(super) fn smpp(&self, octets: &[u8]) -> Option<Vec<u8>> {
        links::smpp(self, octets)
    }

    pub(super) fn diameter(&self, octets: &[u8]) -> Option<Vec<u8>> {
        links::diameter(self, octets)
    }

    /// Does to the items of a list, by their names, what the operation says; false if none has the name.
    fn on_list<T: Clone>(
        &self,
        items: &mut Vec<T>,
        named: impl Fn(&T) -> bool,
        alter: impl Fn(&mut T),
    ) -> bool {
        let places: Vec<usize> = (0..items.len())
            .filter(|at| items.get(*at).is_some_and(&named))
            .collect();
        match (self.operation, places.as_slice()) {
            (_, []) => return false,
            (Operation::Delete, _) => items.retain(|item| !named(item)),
            (Operation::Alter, places) => {
                for at in places {
                    alter(&mut items[*at]);
                }
            }
            (Operation::Duplicate | Operation::Delay, [.., last]) => {
                items.insert(*last, items[*last].clone());
            }
            (Operation::Reorder, [first, .., last]) => items.swap(*first, *last),
            (Operation::Reorder, [_]) => return false,
        }
        true
    }
}

/// Header fields of a CPIM message by their names: those of the message, and those of its content behind the first empty line.
fn names_of_cpim(content: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(content);
    let names = cpim_lines(&text).filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn cpim_lines(text: &str) -> impl Iterator<Item = &str> {
    let head = text.splitn(3, "\r\n\r\n").take(2);
    head.flat_map(|block| block.split("\r\n"))
}

/// A CPIM message of which one header field is different.
fn cpim(mutation: &Mutation, content: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let head: usize = text
        .splitn(3, "\r\n\r\n")
        .take(2)
        .map(|block| block.len() + 4)
        .sum();
    let (head, body) = text.split_at_checked(head)?;
    let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
    let named = |line: &String| line.split_once(':').is_some_and(|(one, _)| one == name);
    let done = mutation.on_list(&mut lines, named, |line| *line = altered(line));
    done.then(|| format!("{}{body}", lines.join("\r\n")).into_bytes())
}

/// Nothing, or the same twice.
fn whole(operation: Operation, octets: &[u8]) -> Vec<u8> {
    match operation {
        Operation::Delete => Vec::new(),
        Operation::Duplicate => octets.repeat(2),
        _ => octets.to_vec(),
    }
}

/// A text that is another one of the same length and kind: its last digit, or else its last letter, is the next one.
fn altered(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = chars
        .iter()
        .rposition(char::is_ascii_digit)
        .or_else(|| chars.iter().rposition(char::is_ascii_alphabetic));
    match place {
        Some(at) => {
            chars[at] = match chars[at] {
                '9' => '0',
                'z' => 'a',
                'Z' => 'A',
                c => char::from_u32(u32::from(c) + 1).unwrap_or('x'),
            };
            chars.into_iter().collect()
        }
        None => format!("{text}x"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::sip::SipMessage;

    #[test]
    fn is_written_as_it_is_read() {
        for text in [
            "delete:header:INVITE:P-Asserted-Identity",
            "alter:param:200-INVITE:Contact;isfocus",
            "delay:message:NOTIFY",
            "duplicate:tlv:submit_sm:0204",
        ] {
            assert_eq!(text.parse::<Mutation>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "delete",
            "lose:header:INVITE:To",
            "delete:thing:INVITE:To",
            "delete:header:INVITE",
            "delete:message:INVITE:To",
            "delay:header:INVITE:To",
        ] {
            assert!(wrong.parse::<Mutation>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn changes_that_element_and_nothing_else() {
        let mut message = SipMessage::response(200, "OK");
        message.push("CSeq", "1 INVITE");
        message.push("Contact", "<sip:a@h>;isfocus;expires=60");
        message.push("Warning", "399 h \"127 x\"");
        message.set_body(
            "application/sdp",
            "v=0\r\nm=audio 1 RTP/AVP 0\r\na=sendrecv\r\n",
        );
        let octets = message.to_octets();
        let mutated = |text: &str| {
            let mutation: Mutation = text.parse().unwrap();
            let (out, _) = mutation.sip(&octets)?;
            let out = out.first().map(|octets| SipMessage::parse(octets).unwrap());
            Some(out)
        };
        let contact = |text| {
            mutated(text)
                .unwrap()
                .unwrap()
                .header("Contact")
                .map(str::to_owned)
        };
        assert_eq!(contact("delete:header:200-INVITE:Contact"), None);
        assert_eq!(
            contact("delete:param:200-INVITE:Contact;isfocus").unwrap(),
            "<sip:a@h>;expires=60"
        );
        assert_eq!(
            contact("alter:param:200-INVITE:Contact;expires").unwrap(),
            "<sip:a@h>;isfocus;expires=61"
        );
        assert_eq!(mutated("delete:message:200-INVITE").unwrap(), None);
        assert_eq!(mutated("delete:header:180-INVITE:Contact"), None);
        let without = mutated("delete:sdp:200-INVITE:a=sendrecv")
            .unwrap()
            .unwrap();
        assert_eq!(without.body, b"v=0\r\nm=audio 1 RTP/AVP 0\r\n");
        assert_eq!(without.header("Content-Length"), Some("26"));
        let names: Vec<String> = elements_of_sip(&message)
            .into_iter()
            .map(|e| format!("{}:{}", e.kind.name(), e.name))
            .collect();
        for name in [
            "header:Contact",
            "param:Contact;isfocus",
            "sdp:a=sendrecv",
            "message:",
        ] {
            assert!(names.iter().any(|one| one == name), "{name} {names:?}");
        }
    }
}
