//! When two ways of writing mean one thing: what a scenario wants of a message, and what a terminal of another make has put there.
//!
//! Identifiers that a terminal chooses for itself (ids of rules and tuples, Content-ID, parameters of URIs that only route) never count.
use crate::verdict::conference_scene::same_resource;
use crate::wire::sip::{DialogName, NameAddr, ReferTo, SipMessage, SipUri, number_of};
use crate::wire::xml::diversion::Diversion;
use crate::wire::xml::resource_lists::{RESOURCE_LISTS, ResourceLists};
use crate::wire::xml::simservs::{
    Barring, Condition, Except, Identity, MEDIA_TYPE, Rule, SimServs,
};
use roxmltree::{Document, Node};

/// Two URIs of one user or resource. A user is his number; a number dialed (`tel`, or `user=phone`) is wanted as one where it is wanted so.
pub fn target(wanted: &str, found: &str) -> bool {
    if let (Some(one), Some(other)) = (number_of(wanted), number_of(found)) {
        return one == other && (!is_dialed(wanted) || is_dialed(found));
    }
    same_resource(wanted, found) || plain(wanted) == plain(found)
}

fn is_dialed(uri: &str) -> bool {
    SipUri::parse(uri.trim())
        .is_ok_and(|uri| uri.scheme == "tel" || uri.param("user") == Some("phone"))
}

/// Two values of Refer-To: target, method, and header fields of the URI.
pub fn reference(wanted: &str, found: &str) -> bool {
    let (Ok(wanted), Ok(found)) = (ReferTo::parse(wanted), ReferTo::parse(found)) else {
        return plain(wanted) == plain(found);
    };
    let list = |refer: &ReferTo| refer.uri.to_ascii_lowercase().starts_with("cid:");
    let method = |refer: &ReferTo| refer.method.clone().unwrap_or_else(|| "INVITE".to_owned());
    let target = match (list(&wanted), list(&found)) {
        (true, true) => true,
        (false, false) => target(&wanted.uri, &found.uri),
        _ => false,
    };
    let field = |(name, value): &(String, String)| {
        found
            .headers
            .iter()
            .any(|(other, held)| other.eq_ignore_ascii_case(name) && same_value(name, value, held))
    };
    target
        && method(&wanted) == method(&found)
        && wanted.headers.len() == found.headers.len()
        && wanted.headers.iter().all(field)
}

/// Whether a message has a header field with every value of this one.
pub fn has(message: &SipMessage, name: &str, wanted: &str) -> bool {
    let mut one = SipMessage::request("X", "sip:x");
    one.push(name, wanted);
    let held = message.values(name);
    let values = one.values(name);
    values
        .iter()
        .all(|value| held.iter().any(|other| same_value(name, value, other)))
}

/// Two values of a header field.
pub fn same_value(name: &str, wanted: &str, found: &str) -> bool {
    let is = |names: &[&str]| names.iter().any(|one| name.eq_ignore_ascii_case(one));
    if is(&["Replaces", "Join", "Target-Dialog"])
        && let (Ok(one), Ok(other)) = (DialogName::parse(wanted), DialogName::parse(found))
    {
        return one == other;
    }
    if is(&["Referred-By"])
        && let (Ok(one), Ok(other)) = (NameAddr::parse(wanted), NameAddr::parse(found))
    {
        return target(one.uri.as_str(), other.uri.as_str());
    }
    if is(&["Contact"]) {
        // Where a terminal is reached is its own.
        return wanted.contains("isfocus") == found.contains("isfocus");
    }
    if is(&["Expires"]) {
        // How long is the terminal's choice; whether it is for no time at all is not.
        return (wanted.trim() == "0") == (found.trim() == "0");
    }
    plain(wanted) == plain(found)
}

/// Without white space, in small letters.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace());
    kept.flat_map(char::to_lowercase).collect()
}

/// Two bodies of one media type say the same; `at` is the time of the one that was found, seconds since the Unix epoch.
pub fn content(media_type: &str, wanted: &[u8], found: &[u8], at: i64) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if wanted == found {
        return true;
    }
    match media_type.to_ascii_lowercase().as_str() {
        RESOURCE_LISTS => {
            let read = |octets: &[u8]| ResourceLists::parse(octets).ok();
            read(wanted)
                .zip(read(found))
                .is_some_and(|(one, other)| lists(&one, &other))
                // What is about the lists themselves is not seen in their entries.
                && (read(wanted).is_some_and(|one| !one.flat().is_empty())
                    || element(wanted) == element(found))
        }
        MEDIA_TYPE => {
            let read = |octets: &[u8]| SimServs::parse(octets).ok();
            read(wanted)
                .zip(read(found))
                .is_some_and(|(one, other)| services(&one, &other, at))
        }
        "application/pidf+xml" => {
            activities(wanted).is_some_and(|one| Some(one) == activities(found))
        }
        other if other.ends_with("xml") => {
            element(wanted).is_some_and(|one| Some(one) == element(found))
        }
        _ => false,
    }
}

fn lists(wanted: &ResourceLists, found: &ResourceLists) -> bool {
    let (wanted, mut found) = (wanted.flat(), found.flat());
    wanted.len() == found.len()
        && wanted.into_iter().all(|entry| {
            let place = found.iter().position(|other| {
                target(&entry.uri, &other.uri)
                    && entry.copy_control == other.copy_control
                    && entry.anonymize == other.anonymize
            });
            place.map(|place| found.swap_remove(place)).is_some()
        })
}

/// The activities that a presence document publishes (RFC 4480 section 3.2), in order.
fn activities(octets: &[u8]) -> Option<Vec<String>> {
    let text = std::str::from_utf8(octets).ok()?;
    let document = Document::parse(text).ok()?;
    let of = document.descendants();
    let of = of.filter(|node| node.tag_name().name() == "activities");
    let mut names: Vec<String> = of
        .flat_map(|node| node.children())
        .filter(Node::is_element)
        .map(|node| node.tag_name().name().to_owned())
        .collect();
    names.sort();
    Some(names)
}

/// An element whatever its prefixes and the white space between elements, as text.
fn element(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?;
    let document = Document::parse(text).ok()?;
    let mut out = String::new();
    write(document.root_element(), &mut out);
    Some(out)
}

fn write(node: Node, out: &mut String) {
    if node.is_text() {
        out.push_str(node.text().unwrap_or_default().trim());
    }
    if !node.is_element() {
        return;
    }
    let name = node.tag_name();
    out.push_str(&format!(
        "<{}|{}",
        name.namespace().unwrap_or_default(),
        name.name()
    ));
    let mut attributes: Vec<String> = node
        .attributes()
        .map(|one| format!(" {}={:?}", one.name(), one.value()))
        .collect();
    attributes.sort();
    out.extend(attributes);
    out.push('>');
    for child in node.children() {
        write(child, out);
    }
    out.push_str("</>");
}

/// Two documents have the same effect. A service that is not there is one without rules.
pub fn services(wanted: &SimServs, found: &SimServs, at: i64) -> bool {
    let SimServs {
        incoming,
        outgoing,
        diversion,
    } = wanted;
    service(incoming.as_ref(), found.incoming.as_ref(), at)
        && service(outgoing.as_ref(), found.outgoing.as_ref(), at)
        && diverted(diversion.as_ref(), found.diversion.as_ref())
}

fn diverted(wanted: Option<&Diversion>, found: Option<&Diversion>) -> bool {
    let (Some(wanted), Some(found)) = (wanted, found) else {
        return wanted.is_none() && found.is_none();
    };
    let Diversion { active, target: to } = wanted;
    let to = to.as_deref().unwrap_or_default();
    *active == found.active && target(to, found.target.as_deref().unwrap_or_default())
}

fn service(wanted: Option<&Barring>, found: Option<&Barring>, at: i64) -> bool {
    let none = Barring::default();
    let (wanted, found) = (wanted.unwrap_or(&none), found.unwrap_or(&none));
    let Barring { active, rules } = wanted;
    let alike = rules.len() == found.rules.len();
    let mut pairs = rules.iter().zip(&found.rules);
    (rules.is_empty() || *active == found.active)
        && alike
        && pairs.all(|(one, other)| rule(one, other, at))
}

fn rule(wanted: &Rule, found: &Rule, at: i64) -> bool {
    let Rule {
        id: _, // The terminal's choice.
        conditions,
        allow,
    } = wanted;
    let mut left: Vec<&Condition> = found.conditions.iter().collect();
    *allow == found.allow
        && conditions.len() == left.len()
        && conditions.iter().all(|one| {
            let place = left.iter().position(|other| condition(one, other, at));
            place.map(|place| left.swap_remove(place)).is_some()
        })
}

fn condition(wanted: &Condition, found: &Condition, at: i64) -> bool {
    match (wanted, found) {
        (Condition::Validity(one), Condition::Validity(other)) => {
            phases(one, now()) == phases(other, at)
        }
        (Condition::Identity(one), Condition::Identity(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|member| other.iter().any(|held| identity(member, held)))
        }
        _ => wanted == found,
    }
}

/// What a scenario says of times it says at the moment it is played.
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Of each window whether it is over, open, or to come.
fn phases(windows: &[(String, String)], at: i64) -> Vec<std::cmp::Ordering> {
    let time = |text: &str| text.parse().map(|t: jiff::Timestamp| t.as_second());
    let phase = |(from, until): &(String, String)| {
        let after = time(until).is_ok_and(|until| until < at);
        let before = time(from).is_ok_and(|from| from > at);
        after.cmp(&before)
    };
    windows.iter().map(phase).collect()
}

fn identity(wanted: &Identity, found: &Identity) -> bool {
    match (wanted, found) {
        (Identity::One(one), Identity::One(other)) => target(one, other),
        (
            Identity::Many { domain, except },
            Identity::Many {
                domain: other,
                except: others,
            },
        ) => {
            let name = |domain: &Option<String>| domain.as_deref().map(plain);
            let excepted = |one: &Except, other: &Except| match (one, other) {
                (Except::Id(one), Except::Id(other)) => target(one, other),
                _ => one == other,
            };
            name(domain) == name(other)
                && except.len() == others.len()
                && except
                    .iter()
                    .all(|one| others.iter().any(|other| excepted(one, other)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_however_it_is_written() {
        assert!(target(
            "sip:+447@a.example",
            "sip:+4-4-7@b.example;user=phone"
        ));
        assert!(target("tel:+447", "sip:+447@a.example;user=phone"));
        assert!(!target("tel:+447", "sip:+447@a.example"));
        assert!(target("sip:room@a.example", "sip:room@A.example;gr=1"));
        assert!(!target("sip:room@a.example", "sip:other@a.example"));
        assert!(target("urn:service:sos", "urn:service:SOS"));
    }

    #[test]
    fn references_are_compared_by_what_they_ask_for() {
        let wanted = "<sip:+447@a.example?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>";
        let found = "<sip:+447@a.example;method=INVITE?Replaces=a%3bfrom-tag%3dc%3bto-tag%3db>";
        assert!(reference(wanted, found));
        assert!(!reference(wanted, "<sip:+447@a.example>"));
        assert!(!reference(
            "<sip:+447@a.example>",
            "<sip:+447@a.example;method=BYE>"
        ));
        assert!(reference("<cid:list@one>", "<cid:other@two>"));
    }

    #[test]
    fn documents_are_compared_by_effect() {
        let document = |id: &str, conditions: Vec<Condition>| SimServs {
            incoming: Some(Barring {
                active: true,
                rules: vec![Rule::barring(id, conditions)],
            }),
            ..SimServs::default()
        };
        let anonymous = || vec![Condition::Anonymous];
        let empty = SimServs::default();
        assert!(services(
            &document("a", anonymous()),
            &document("b", anonymous()),
            0
        ));
        assert!(!services(
            &document("a", anonymous()),
            &document("a", vec![]),
            0
        ));
        assert!(!services(&document("a", anonymous()), &empty, 0));
        let written = document("a", anonymous()).to_octets();
        assert!(content(
            MEDIA_TYPE,
            &document("c", anonymous()).to_octets(),
            &written,
            0
        ));
        assert!(!content(MEDIA_TYPE, &empty.to_octets(), &written, 0));
    }

    #[test]
    fn windows_are_compared_by_where_they_lie() {
        let window = |at: i64, from: i64, until: i64| {
            let time = |offset| jiff::Timestamp::from_second(at + offset).map(|t| t.to_string());
            let pair = (
                time(from).unwrap_or_default(),
                time(until).unwrap_or_default(),
            );
            Condition::Validity(vec![pair])
        };
        let then = 1_700_000_000;
        assert!(condition(
            &window(now(), -60, 60),
            &window(then, -600, 600),
            then
        ));
        assert!(!condition(
            &window(now(), -60, 60),
            &window(then, 60, 600),
            then
        ));
    }
}
