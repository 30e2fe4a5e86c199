//! HTTP on Ut in a ladder: one entry per request with its response at the end of it, and the document that went over.
use super::masks::Masks;
use crate::wire::http::HttpMessage;
use crate::wire::sip::number_of;

/// A request (or a response nobody asked for), with the response it got.
pub fn lines(
    message: &HttpMessage,
    answer: Option<&HttpMessage>,
    masks: &mut Masks<'_>,
) -> Vec<String> {
    let mut first = match (message.method(), message.target()) {
        (Some(method), Some(target)) => {
            let target = target.replace("%3A", ":").replace("%40", "@");
            format!("{method} {}", masks.words(&target))
        }
        _ => format!("{} to no request", message.status().unwrap_or_default()),
    };
    if let Some(code) = answer.and_then(HttpMessage::status) {
        first.push_str(&format!(" => {code}"));
    }
    let mut lines = vec![first];
    for name in ["If-Match", "If-None-Match"] {
        if let Some(value) = message.header(name) {
            lines.push(format!("{name}: {}", masks.name("version", value)));
        }
    }
    for side in [Some(message), answer].into_iter().flatten() {
        if let Some(value) = side.header("ETag") {
            lines.push(format!("ETag: {}", masks.name("version", value)));
        }
        if side.header("Authorization").is_some() {
            lines.push("with credentials".to_owned());
        }
        if !side.body.is_empty() {
            let media_type = side.media_type().unwrap_or_default();
            lines.push(format!("{media_type} {}", one_line(side, masks)));
        }
    }
    lines
}

/// A document without what is between its elements for the eye; times of the moment are not shown.
fn one_line(message: &HttpMessage, masks: &mut Masks<'_>) -> String {
    let text = String::from_utf8_lossy(&message.body);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut text = words.join(" ").replace("> <", "><");
    for element in ["from", "until"] {
        let (open, close) = (format!("<cp:{element}>"), format!("</cp:{element}>"));
        let mut rest = std::mem::take(&mut text);
        while let Some((before, after)) = rest.split_once(&open) {
            let Some((_, after)) = after.split_once(&close) else {
                break;
            };
            text.push_str(&format!("{before}{open}«time»{close}"));
            rest = after.to_owned();
        }
        text.push_str(&rest);
    }
    masks.words(&text)
}

/// The number of the user a request is about.
pub fn user(message: &HttpMessage) -> Option<String> {
    let target = message.target()?;
    let (_, rest) = target.split_once("/users/")?;
    let user = rest.split('/').next()?;
    number_of(
        &user
            .replace("%3A", ":")
            .replace("%40", "@")
            .replace("%2B", "+"),
    )
}
