//! Ut itself: what a user's client asks the XCAP server, and what it answers (RFC 4825).
use super::lab::Lab;
use super::vocabulary::PersonName;
use crate::peer::xcap_client::{XcapRequest, Xui};
use crate::verdict::ut::{self, Part};
use crate::wire::xml::simservs::{Barring, MEDIA_TYPE, Rule, SimServs};
use crate::wire::xml::xcap_error::Condition;
use cucumber::{then, when};

const ELEMENT: &str = "application/xcap-el+xml";
const ATTRIBUTE: &str = "application/xcap-att+xml";
const LISTS: &str = "application/resource-lists+xml";
const INCOMING: &str = "simservs/incoming-communication-barring";
const RULES: &str = "simservs/incoming-communication-barring/cp:ruleset";

/// GET of the whole document.
#[when(expr = "{person} reads his or her services")]
async fn reads(lab: &mut Lab, person: PersonName) {
    lab.stimulus(&format!("{} reads the services", person.0))
        .await;
    lab.xcap(&person, &XcapRequest::simservs("GET")).await;
}

/// GET with one of the forms of the user's identity in the address.
#[when(expr = "{person} reads the services of the user {string}")]
async fn reads_as(lab: &mut Lab, person: PersonName, form: String) {
    lab.stimulus(&format!("{} reads the services of {form}", person.0))
        .await;
    let mut request = XcapRequest::simservs("GET");
    request.xui = match form.as_str() {
        "sip, percent-encoded" => Xui::SipEncoded,
        "tel" => Xui::Tel,
        _ => Xui::Sip,
    };
    lab.xcap(&person, &request).await;
}

/// GET of a node.
#[when(expr = "{person} reads the node {word} of his or her services")]
async fn reads_node(lab: &mut Lab, person: PersonName, node: String) {
    lab.stimulus(&format!("{} reads a node", person.0)).await;
    let request = XcapRequest::simservs("GET").node(node);
    lab.xcap(&person, &request).await;
}

/// GET of the document and of nodes of it, one after the other.
#[when(expr = "{person} reads his or her services and nodes of them")]
async fn reads_document_and_nodes(lab: &mut Lab, person: PersonName) {
    lab.stimulus(&format!("{} reads document and nodes", person.0))
        .await;
    let document = XcapRequest::simservs("GET");
    for request in [
        document.clone(),
        document.clone().node(INCOMING),
        document.node(format!("{INCOMING}/@active")),
    ] {
        lab.xcap(&person, &request).await;
    }
}

/// A request without credentials.
#[when(expr = "{person} reads his or her services without saying who asks")]
async fn reads_unnamed(lab: &mut Lab, person: PersonName) {
    lab.stimulus(&format!("{} reads without credentials", person.0))
        .await;
    lab.xcap_without_credentials(&person, &XcapRequest::simservs("GET"))
        .await;
}

/// A document in one way of writing namespaces is put and read again.
#[when(expr = "{person} configures barring with {string} and reads it again")]
async fn configures_with(lab: &mut Lab, person: PersonName, manner: String) {
    lab.stimulus(&format!("{} configures with {manner}", person.0))
        .await;
    let text = String::from_utf8_lossy(&sample("first").to_octets()).into_owned();
    let text = match manner.as_str() {
        "a default namespace" => text
            .replace("xmlns:ss=", "xmlns=")
            .replace("<ss:", "<")
            .replace("</ss:", "</"),
        "other prefixes" => text
            .replace("xmlns:ss=", "xmlns:a=")
            .replace("xmlns:cp=", "xmlns:b=")
            .replace("ss:", "a:")
            .replace("cp:", "b:"),
        _ => text,
    };
    let put = XcapRequest::simservs("PUT").body(MEDIA_TYPE, text);
    lab.xcap(&person, &put).await;
    lab.xcap(&person, &XcapRequest::simservs("GET")).await;
}

/// PUT of the whole document under a media type.
#[when(expr = "{person} configures barring as {word}")]
async fn configures_as(lab: &mut Lab, person: PersonName, media_type: String) {
    lab.stimulus(&format!("{} configures as {media_type}", person.0))
        .await;
    let put = XcapRequest::simservs("PUT").body(&media_type, sample("first").to_octets());
    lab.xcap(&person, &put).await;
}

/// PUT with If-Match of the version before the last, or of the last.
#[when(
    regex = r"^(Alice|Bob|Carol|Dave) configures barring, meaning the (version before|present version)$"
)]
async fn configures_version(lab: &mut Lab, person: String, which: String) {
    let person = PersonName(person);
    lab.stimulus(&format!("{} means the {which}", person.0))
        .await;
    let put = XcapRequest::simservs("PUT").body(MEDIA_TYPE, sample("third").to_octets());
    let request = XcapRequest {
        if_match: lab.version(&person, &which),
        ..put
    };
    lab.xcap(&person, &request).await;
}

/// GET with If-None-Match of a version the client has got.
#[when(
    regex = r"^(Alice|Bob|Carol|Dave) reads his or her services, having the (version before|present version)$"
)]
async fn reads_version(lab: &mut Lab, person: String, which: String) {
    let person = PersonName(person);
    lab.stimulus(&format!("{} has the {which}", person.0)).await;
    let request = XcapRequest {
        if_none_match: lab.version(&person, &which),
        ..XcapRequest::simservs("GET")
    };
    lab.xcap(&person, &request).await;
}

/// DELETE of the document, and a GET to see what is left.
#[when(expr = "{person} takes his or her services away and asks for them")]
async fn takes_away(lab: &mut Lab, person: PersonName) {
    lab.stimulus(&format!("{} takes away", person.0)).await;
    lab.xcap(&person, &XcapRequest::simservs("DELETE")).await;
    lab.xcap(&person, &XcapRequest::simservs("GET")).await;
}

/// DELETE where there is nothing.
#[when(expr = "{person} takes his or her services away")]
async fn takes_away_once(lab: &mut Lab, person: PersonName) {
    lab.stimulus(&format!("{} takes away", person.0)).await;
    lab.xcap(&person, &XcapRequest::simservs("DELETE")).await;
}

/// A change that the server must not make, by what is wrong with it.
#[when(expr = "{person} asks for a change that is {string}")]
async fn asks_for(lab: &mut Lab, person: PersonName, fault: String) {
    let Some(request) = wrong(&fault) else {
        lab.not_stimulated("a change of that kind");
    };
    lab.stimulus(&format!("{} asks for a change that is {fault}", person.0))
        .await;
    lab.xcap(&person, &request).await;
}

/// A document that bars incoming communications by one rule.
fn sample(id: &str) -> SimServs {
    SimServs {
        incoming: Some(Barring {
            active: true,
            rules: vec![Rule::barring(id, Vec::new())],
        }),
        ..SimServs::default()
    }
}

fn wrong(fault: &str) -> Option<XcapRequest> {
    let put = || XcapRequest::simservs("PUT");
    let rule = |id: &str| put().node(format!("{RULES}/cp:rule[@id=\"{id}\"]"));
    let element = |id: &str| Rule::barring(id, Vec::new()).to_element();
    let lists = |inner: &str| {
        let namespace = "xmlns=\"urn:ietf:params:xml:ns:resource-lists\"";
        let text = format!("<resource-lists {namespace}>{inner}</resource-lists>");
        XcapRequest::lists("PUT").body(LISTS, text)
    };
    Some(match fault {
        "not UTF-8" => put().body(MEDIA_TYPE, b"<simservs>\xff</simservs>".to_vec()),
        "not well-formed" => put().body(MEDIA_TYPE, "<simservs>"),
        "not of the schema" => put().body(MEDIA_TYPE, "<simservs/>"),
        "no XML element" => rule("new").body(ELEMENT, "no element"),
        "in a parent that is not there" => put()
            .node("simservs/outgoing-communication-barring/cp:ruleset/cp:rule[@id=\"new\"]")
            .body(ELEMENT, element("new")),
        "no value of an attribute" => put()
            .node(format!("{INCOMING}/@active"))
            .body(ATTRIBUTE, "<"),
        "under the id of another rule" => rule("new").body(ELEMENT, element("other")),
        "under the place of another rule" => put()
            .node(format!("{RULES}/cp:rule[9]"))
            .body(ELEMENT, element("other")),
        "to the id by which it is addressed" => put()
            .node(format!(
                "{RULES}/cp:rule[@id=\"call-barring-all-incoming\"]/@id"
            ))
            .body(ATTRIBUTE, "other"),
        "taking the first of two rules away" => {
            XcapRequest::simservs("DELETE").node(format!("{RULES}/cp:rule[1]"))
        }
        "naming one list twice" => lists("<list name=\"a\"/><list name=\"a\"/>"),
        "with a reference that is no URI of the server" => {
            lists("<list name=\"a\"><external anchor=\"not a URI\"/></list>")
        }
        _ => return None,
    })
}

/// The document that comes back says what the last acknowledged one said.
#[then(expr = "{person} gets the services as configured")]
async fn gets_as_configured(lab: &mut Lab, person: PersonName) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let sentence = format!("{} gets the services as configured", person.0);
    lab.check(&sentence, ut::as_configured(&person.0, seconds))
        .await;
}

/// The node that comes back is the one the address names.
#[then(expr = "{person} gets that node")]
async fn gets_node(lab: &mut Lab, person: PersonName) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let sentence = format!("{} gets that node", person.0);
    lab.check(&sentence, ut::node(&person.0, seconds)).await;
}

/// Media types of document, element and attribute, 3GPP TS 24.623 and RFC 4825 section 15.
#[then(expr = "document, element and attribute come under their media types")]
async fn media_types(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let sentence = "document, element and attribute come under their media types";
    lab.check(sentence, ut::media_types(seconds)).await;
}

/// One entity tag for the document and all its nodes, RFC 4825 section 8.5.
#[then(expr = "all of them have one version")]
async fn one_version(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    lab.check("all of them have one version", ut::one_version(seconds))
        .await;
}

/// 401 with a Digest challenge.
#[then(expr = "{person} is asked to say who asks")]
async fn challenged(lab: &mut Lab, person: PersonName) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let sentence = format!("{} is asked to say who asks", person.0);
    lab.refusal(&sentence, ut::challenged(&person.0, seconds))
        .await;
}

/// A new document: 201.
#[then(expr = "the services are new")]
async fn new(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::New, seconds);
    lab.check("the services are new", question).await;
}

/// Any success to a change.
#[then(expr = "the change is made")]
async fn made(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    lab.check("the change is made", ut::made(seconds)).await;
}

/// A document that replaces another: 200.
#[then(expr = "the services are replaced")]
async fn replaced(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::Replaced, seconds);
    lab.check("the services are replaced", question).await;
}

/// 200 to the DELETE and 404 to the GET.
#[then(expr = "the services are gone")]
async fn gone(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    lab.check("the services are gone", ut::gone(seconds)).await;
}

/// 404.
#[then(expr = "there are no services")]
async fn nothing(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::Nothing, seconds);
    lab.refusal("there are no services", question).await;
}

/// 412.
#[then(expr = "the change is refused as meant for another version")]
async fn other_version(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::OtherVersion, seconds);
    let sentence = "the change is refused as meant for another version";
    lab.refusal(sentence, question).await;
}

/// 304.
#[then(expr = "the server says that there is no other version")]
async fn not_modified(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::NotModified, seconds);
    lab.check("the server says that there is no other version", question)
        .await;
}

/// 415.
#[then(expr = "the media type is refused")]
async fn type_refused(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let question = ut::status(Part::MediaType, seconds);
    lab.refusal("the media type is refused", question).await;
}

/// 409 with that error element, RFC 4825 section 11.
#[then(expr = "the change is refused as {word}")]
async fn refused_as(lab: &mut Lab, error: String) {
    let Some(condition) = Condition::from_element(&error) else {
        lab.not_stimulated("an error of that name");
    };
    let seconds = lab.stage().facility.profile.ixit.reaction_seconds;
    let sentence = format!("the change is refused as {error}");
    lab.refusal(&sentence, ut::refused(condition, seconds))
        .await;
}

impl Lab {
    /// A version the person's client has got.
    fn version(&mut self, person: &PersonName, which: &str) -> Option<String> {
        let versions = self.versions(person);
        let last = versions.last().cloned();
        let before = versions
            .iter()
            .rev()
            .find(|tag| Some(*tag) != last.as_ref());
        let wanted = match which {
            "present version" => last,
            _ => before.cloned(),
        };
        if wanted.is_none() {
            self.not_stimulated("a request about a version it has got");
        }
        wanted
    }
}
