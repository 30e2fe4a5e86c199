//! What an order says of a text and its wrapping, held against a body.
use crate::wire::cpim::CpimMessage;

/// What an order says of a text and its wrapping.
pub(super) struct Content<'a> {
    pub text: &'a str,
    /// Empty means message/cpim.
    pub content_type: &'a str,
    pub wrapped_type: Option<&'a str>,
    pub message_id: Option<&'a str>,
    pub imdn: Option<&'a str>,
    pub from: Option<&'a str>,
}

fn same_type(one: &str, other: &str) -> bool {
    let bare = |value: &str| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    bare(one).eq_ignore_ascii_case(&bare(other))
}

/// Charset and the like count where an order says them.
fn type_is(wanted: &str, shown: &str) -> bool {
    let strict = |value: &str| value.replace([' ', '"'], "").to_ascii_lowercase();
    match wanted.contains(';') {
        true => strict(wanted) == strict(shown),
        false => same_type(wanted, shown),
    }
}

impl Content<'_> {
    pub fn is(&self, content_type: Option<&str>, body: &[u8]) -> bool {
        let shown = content_type.unwrap_or_default();
        let wanted = match self.content_type {
            "" => "message/cpim",
            given => given,
        };
        if !type_is(wanted, shown) {
            return false;
        }
        if !same_type(wanted, "message/cpim") {
            return body == self.text.as_bytes();
        }
        CpimMessage::parse(body).is_ok_and(|cpim| self.is_wrapped(&cpim))
    }

    fn is_wrapped(&self, cpim: &CpimMessage) -> bool {
        let shown = cpim.content_header("Content-Type").unwrap_or_default();
        let plain = self.wrapped_type.unwrap_or("text/plain");
        let notifies = same_type(plain, "message/imdn+xml");
        let from = cpim.header("From").unwrap_or_default();
        type_is(plain, shown)
            // A notification has ids and times of its own.
            && (notifies || cpim.content == self.text.as_bytes())
            && self.message_id.is_none_or(|id| cpim.imdn_header("Message-ID") == Some(id))
            && self.asks(cpim)
            && self.from.is_none_or(|uri| from.contains(uri))
    }

    /// Which notifications are asked for, in whatever order.
    fn asks(&self, cpim: &CpimMessage) -> bool {
        let list = |value: Option<&str>| {
            let mut all: Vec<String> = value
                .unwrap_or_default()
                .split(',')
                .map(|one| one.trim().to_ascii_lowercase())
                .filter(|one| !one.is_empty())
                .collect();
            all.sort_unstable();
            all
        };
        list(cpim.imdn_header("Disposition-Notification")) == list(self.imdn)
    }
}
