//! What the system was told of users, as a recording of its provisioning interface shows it.
use crate::observe::{Fact, Observation};
use crate::sut::provision::{Properties, Provisioner};
use crate::wire::http::StartLine;
use serde_json::Value;

/// One request about a user that prepares him.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub at: u64,
    pub frame: u32,
    pub method: String,
    pub path: String,
    pub body: Value,
}

/// Every request of a recording of the provisioning interface, in order.
pub fn told(observations: &[Observation]) -> Vec<Told> {
    let request = |seen: &Observation| {
        let Fact::Http(message) = &seen.fact else {
            return None;
        };
        let StartLine::Request { method, target } = &message.start else {
            return None;
        };
        Some(Told {
            at: seen.at,
            frame: seen.frames.first().copied().unwrap_or(0),
            method: method.clone(),
            path: target.clone(),
            body: serde_json::from_slice(&message.body).unwrap_or(Value::Null),
        })
    };
    observations.iter().filter_map(request).collect()
}

/// How numbers of people begin who take no part in a scenario and are in no recording: of a country code that nobody has.
pub const NOBODY: &str = "+9990000000";

/// Whether the latest request about a user before a time is what a scenario would have told.
pub fn is_told(
    provisioner: &Provisioner,
    told: &[Told],
    properties: &Properties,
    before: u64,
) -> Result<(), String> {
    let number = properties.get("number").and_then(Value::as_str);
    if number.is_some_and(|number| number.starts_with(NOBODY)) {
        return Ok(());
    }
    if let Some(roster) = provisioner.roster() {
        return roster.verify(properties).map_err(|error| error.to_string());
    }
    let Some((method, path, wanted)) = provisioner.user_request(properties) else {
        return Err(
            "nothing in a recording says what users are like here; list them in provisioning.prepared_users of the profile"
                .to_owned(),
        );
    };
    let mut about = told.iter().filter(|one| one.at <= before);
    let Some(last) = about.rfind(|one| one.path == path && one.method == method) else {
        let plain = properties.keys().all(|name| name == "number");
        return match plain {
            // Somebody of whom nothing has to be known.
            true => Ok(()),
            false => Err(format!(
                "the recording has no {method} {path} before that; record the provisioning interface too, or list users in provisioning.prepared_users"
            )),
        };
    };
    match difference(&wanted, &last.body, "") {
        None => Ok(()),
        Some(place) => Err(format!(
            "{place} was not told as the scenario has it (frame {})",
            last.frame
        )),
    }
}

/// The last request about somebody before a time, where it says more than his number.
pub(super) fn told_otherwise<'a>(
    provisioner: &Provisioner,
    told: &'a [Told],
    number: &str,
    before: u64,
) -> Option<&'a Told> {
    let plain = Properties::from([("number".to_owned(), number.into())]);
    let (method, _, wanted) = provisioner.user_request(&plain)?;
    let mut about = told.iter().filter(|one| one.at <= before);
    let last = about.rfind(|one| one.method == method && one.is_about(number))?;
    difference(&wanted, &last.body, "").map(|_| last)
}

/// Members that name a terminal or a pool are the recording's own.
const OWN: [&str; 2] = ["contact", "pool"];

/// The first member that differs.
fn difference(wanted: &Value, seen: &Value, place: &str) -> Option<String> {
    match (wanted, seen) {
        (Value::Object(wanted), Value::Object(seen)) => {
            let names = wanted.keys().chain(seen.keys());
            for name in names {
                if OWN.contains(&name.as_str()) {
                    continue;
                }
                let below = format!("{place}/{name}");
                let (one, other) = (wanted.get(name), seen.get(name));
                let found = difference(
                    one.unwrap_or(&Value::Null),
                    other.unwrap_or(&Value::Null),
                    &below,
                );
                if found.is_some() {
                    return found;
                }
            }
            None
        }
        (one, other) if crate::sut::provision::known::same(one, other) => None,
        _ => Some(place.to_owned()),
    }
}

impl Told {
    /// The path names this number, as it is or percent-encoded.
    pub fn is_about(&self, number: &str) -> bool {
        let digits = number.trim_start_matches('+');
        let last = self.path.rsplit('/').next().unwrap_or_default();
        let last = last.trim_start_matches("%2B").trim_start_matches('+');
        last == digits
    }
}

/// A body without the recording's own members, so that equal ones are the same text.
pub fn signature(body: &Value) -> String {
    match body {
        Value::Object(members) => {
            let mut all: Vec<String> = members
                .iter()
                .filter(|(name, value)| !OWN.contains(&name.as_str()) && !value.is_null())
                .map(|(name, value)| format!("{name}:{}", signature(value)))
                .collect();
            all.sort_unstable();
            format!("{{{}}}", all.join(","))
        }
        Value::Number(number) => number
            .as_f64()
            .map_or(number.to_string(), |one| one.to_string()),
        other => other.to_string(),
    }
}
