//! Placeholders in requests: `{property}` in text, and whole JSON values that keep their type.
use super::Properties;
use serde_json::Value;

/// Fills placeholders in a path; values are percent-encoded.
pub fn fill_path(path: &str, properties: &Properties) -> String {
    properties
        .iter()
        .fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), &percent_encode(&plain(value)))
        })
}

/// Fills placeholders in a word of a command; one whose property is not set becomes empty.
pub fn fill_word(word: &str, properties: &Properties) -> String {
    let filled = properties
        .iter()
        .fold(word.to_owned(), |word, (name, value)| {
            word.replace(&format!("{{{name}}}"), &plain(value))
        });
    let name = filled
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let unset = name.is_some_and(|name| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
    if unset { String::new() } else { filled }
}

/// Fills an XML document; values are escaped, and a placeholder whose property is not set becomes empty.
pub fn fill_document(text: &str, properties: &Properties) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let word = |name: &str| name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        match after.split_once('}') {
            Some((name, behind)) if word(name) => {
                let value = properties.get(name).map(plain).unwrap_or_default();
                filled.push_str(&escaped(&value));
                rest = behind;
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Fills a body. A string that is one placeholder becomes the property itself, and vanishes if the property is not set.
pub fn fill_body(body: &Value, properties: &Properties) -> Option<Value> {
    match body {
        Value::String(text) => fill_text(text, properties),
        Value::Array(items) => Some(
            items
                .iter()
                .filter_map(|item| fill_body(item, properties))
                .collect(),
        ),
        Value::Object(members) => {
            let filled: serde_json::Map<String, Value> = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), fill_body(value, properties)?)))
                .collect();
            (!filled.is_empty() || members.is_empty()).then_some(Value::Object(filled))
        }
        other => Some(other.clone()),
    }
}

fn fill_text(text: &str, properties: &Properties) -> Option<Value> {
    if let Some(name) = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        && !name.contains(['{', '}'])
    {
        return properties.get(name).cloned();
    }
    Some(Value::String(fill(text, properties)))
}

/// Fills placeholders in a text.
pub fn fill(text: &str, properties: &Properties) -> String {
    properties
        .iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &plain(value))
        })
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|octet| {
            if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                (octet as char).to_string()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_types_and_drops_what_is_not_set() {
        let properties =
            Properties::from([("number".into(), json!("+44")), ("cpm".into(), json!(true))]);
        let body = json!({"cpm": "{cpm}", "pool": "{pool}", "name": "user {number}", "texts": {"invite": "{invite}"}});
        assert_eq!(
            fill_body(&body, &properties).unwrap(),
            json!({"cpm": true, "name": "user +44"})
        );
        let document = "<a b='{cpm}' c='{pool}'>{name}{ x }</a>";
        let named =
            Properties::from([("name".into(), json!("<A&B>")), ("cpm".into(), json!(true))]);
        assert_eq!(
            fill_document(document, &named),
            "<a b='true' c=''>&lt;A&amp;B&gt;{ x }</a>"
        );
        assert_eq!(fill_path("/users/{number}", &properties), "/users/%2B44");
    }
}
