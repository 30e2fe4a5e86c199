//! The header fields of one message: one run of octets, and where in it every field, its name and its value lie. Reading a message copies
//! its octets once and nothing field by field; what is added later, and values that are folded or no UTF-8, lie behind what came.
//! It keeps and finds header fields; what they mean is asked elsewhere.
use super::grammar;

/// One header field as sent. `value` is unfolded and trimmed (lossy UTF-8); `raw` is the field exactly as on the wire, line end included.
/// A line without a colon has an empty name and the whole line as value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: &'a str,
    pub raw: &'a [u8],
}

/// From one offset to another. A head is no longer than 64 KiB, so that 32 bits hold every offset there is.
#[derive(Debug, Clone, Copy)]
struct Span(u32, u32);

impl Span {
    fn new(from: usize, to: usize) -> Self {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self(offset(from), offset(to))
    }
    fn of(self, octets: &[u8]) -> &[u8] {
        octets
            .get(self.0 as usize..self.1 as usize)
            .unwrap_or_default()
    }
    /// Names and values are UTF-8 by the time they are noted.
    fn text(self, octets: &[u8]) -> &str {
        std::str::from_utf8(self.of(octets)).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
struct Field {
    /// What [`key`] says of the name.
    key: u32,
    name: Span,
    value: Span,
    raw: Span,
}

impl Field {
    fn is_named(&self, wanted: u32, name: &str, octets: &[u8]) -> bool {
        self.key == wanted && grammar::same_octets(self.name.of(octets), name.as_bytes())
    }
}

/// Most names that differ differ in this: length, first, middle and last letter, of the long form and whatever the case.
fn key(name: &[u8]) -> u32 {
    let octets = grammar::long_octets(name);
    let (Some(first), Some(last)) = (octets.first(), octets.last()) else {
        return 0;
    };
    let middle = octets[octets.len() / 2];
    let length = u8::try_from(octets.len()).unwrap_or(u8::MAX);
    u32::from_be_bytes([length, first | 0x20, middle | 0x20, last | 0x20])
}

#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    octets: Vec<u8>,
    list: Vec<Field>,
}

impl Fields {
    /// None yet, of a message that came as these octets.
    pub fn within(octets: &[u8]) -> Self {
        /// Few messages of IMS have more.
        const USUAL: usize = 24;
        Self {
            octets: octets.to_vec(),
            list: Vec::with_capacity(USUAL),
        }
    }

    /// The first so many octets of the message as it came.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// A field whose name and value lie in the octets as they shall be read.
    pub fn lies(&mut self, raw: [usize; 2], name_ends: usize, value: [usize; 2]) {
        let name = Span::new(raw[0], name_ends);
        self.list.push(Field {
            key: key(name.of(&self.octets)),
            name,
            value: Span::new(value[0], value[1]),
            raw: Span::new(raw[0], raw[1]),
        });
    }

    /// A field that lies in the octets, but is not read as it lies.
    pub fn reads(&mut self, raw: [usize; 2], name: &str, value: &str) {
        let field = Field {
            key: key(name.as_bytes()),
            name: self.write(name),
            value: self.write(value),
            raw: Span::new(raw[0], raw[1]),
        };
        self.list.push(field);
    }

    fn write(&mut self, text: &str) -> Span {
        let from = self.octets.len();
        self.octets.extend_from_slice(text.as_bytes());
        Span::new(from, self.octets.len())
    }

    /// Puts a field of our own before the one at this place.
    pub fn insert(&mut self, place: usize, name: &str, value: &str) {
        let raw = self.write(name);
        self.write(": ");
        let value = self.write(value);
        let end = self.write("\r\n");
        let (name_text, value_text) = (raw.text(&self.octets), value.text(&self.octets));
        let name_ends = raw.0 as usize + name_text.trim_end().len();
        let lead = value_text.len() - value_text.trim_start().len();
        let from = value.0 as usize + lead;
        let field = Field {
            key: key(name_text.trim_end().as_bytes()),
            name: Span::new(raw.0 as usize, name_ends),
            value: Span::new(from, from + value_text.trim().len()),
            raw: Span(raw.0, end.1),
        };
        self.list.insert(place.min(self.list.len()), field);
    }

    pub fn remove(&mut self, place: usize) {
        if place < self.list.len() {
            self.list.remove(place);
        }
    }

    pub fn remove_named(&mut self, name: &str) {
        let (wanted, octets) = (key(name.as_bytes()), &self.octets);
        let is_named = |field: &Field| field.is_named(wanted, name, octets);
        self.list.retain(|field| !is_named(field));
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Header<'_>> + DoubleEndedIterator {
        self.list.iter().map(|field| self.header(field))
    }

    fn header(&self, field: &Field) -> Header<'_> {
        Header {
            name: field.name.text(&self.octets),
            value: field.value.text(&self.octets),
            raw: field.raw.of(&self.octets),
        }
    }

    /// Places of the fields of that name.
    pub fn places<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let wanted = key(name.as_bytes());
        let fields = self.list.iter().enumerate();
        fields
            .filter(move |(_, field)| field.is_named(wanted, name, &self.octets))
            .map(|(place, _)| place)
    }

    pub fn place(&self, name: &str) -> Option<usize> {
        self.places(name).next()
    }

    /// The value at a place that [`Self::places`] gave.
    pub fn value(&self, place: usize) -> &str {
        let field = self.list.get(place);
        field.map_or("", |field| field.value.text(&self.octets))
    }

    /// Where the field at a place began in the octets that came.
    pub fn offset(&self, place: usize) -> usize {
        self.list.get(place).map_or(0, |field| field.raw.0 as usize)
    }

    /// All of them as they are sent.
    pub fn print(&self, out: &mut Vec<u8>) {
        for field in &self.list {
            out.extend_from_slice(field.raw.of(&self.octets));
        }
    }

    /// Octets that [`Self::print`] writes.
    pub fn size(&self) -> usize {
        let size = |field: &Field| (field.raw.1 - field.raw.0) as usize;
        self.list.iter().map(size).sum()
    }
}
