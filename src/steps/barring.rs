//! Communication Barring as users have it invoked: programmes, rules for callers and called, and conditions.
//!
//! What a user configures is added to what he has configured before; "not invoked" takes the programme's rules away again.
use super::lab::Lab;
use super::mmtel::PRESUMED;
use super::vocabulary::PersonName;
use crate::verdict::conference_scene;
use crate::wire::xml::diversion::Diversion;
use crate::wire::xml::simservs::{Barring, Condition, Except, Identity, Rule, SimServs};
use cucumber::{Parameter, gherkin, given, when};
use std::convert::Infallible;
use std::str::FromStr;

/// A barring programme: which of the two services, and its rule.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "programme",
    regex = "ICB while roaming|ICB of the CMMC conference|ICB|OCB of international communications except to the home country|OCB of international communications|OCB of CMMC conferences|OCB of the CMMC conference|OCB|ACR|ICB and OCB|OCB and ICB|CB"
)]
pub struct Programme(pub String);

impl FromStr for Programme {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// One rule of a programme.
struct Part {
    incoming: bool,
    rule: Rule,
}

impl Part {
    fn new(incoming: bool, id: &str, conditions: Vec<Condition>) -> Self {
        Self {
            incoming,
            rule: Rule::barring(id, conditions),
        }
    }
}

/// Ids of rules are those that operators use.
const ALL_INCOMING: &str = "call-barring-all-incoming";
const ALL_OUTGOING: &str = "call-barring-all-outgoing-call";

impl Programme {
    fn parts(&self, lab: &mut Lab) -> Vec<Part> {
        let all_incoming = || Part::new(true, ALL_INCOMING, vec![]);
        let all_outgoing = || Part::new(false, ALL_OUTGOING, vec![]);
        let international = "call-barring-outgoing-international";
        match self.0.as_str() {
            "ICB" => vec![all_incoming()],
            "OCB" => vec![all_outgoing()],
            "ACR" => vec![Part::new(
                true,
                "call-barring-anonymous-incoming",
                vec![Condition::Anonymous],
            )],
            "ICB while roaming" => vec![Part::new(
                true,
                "call-barring-incoming-in-roaming",
                vec![Condition::Roaming],
            )],
            "OCB of international communications" => vec![Part::new(
                false,
                international,
                vec![Condition::International],
            )],
            "OCB of international communications except to the home country" => vec![Part::new(
                false,
                "call-barring-outgoing-internationalExHC",
                vec![Condition::InternationalExHc],
            )],
            "OCB of CMMC conferences" => {
                let domain = lab.cmmc_domain();
                let identity = vec![everybody_of(&domain, Vec::new())];
                vec![Part::new(
                    false,
                    "ocb-cmmc",
                    vec![Condition::Identity(identity)],
                )]
            }
            "ICB of the CMMC conference" | "OCB of the CMMC conference" => {
                let identity = vec![Identity::One(lab.conference_identity())];
                let incoming = self.0.starts_with("ICB");
                let id = if incoming {
                    "icb-conference"
                } else {
                    "ocb-conference"
                };
                vec![Part::new(incoming, id, vec![Condition::Identity(identity)])]
            }
            _ => vec![all_incoming(), all_outgoing()],
        }
    }
}

fn service(document: &mut SimServs, incoming: bool) -> &mut Barring {
    let service = if incoming {
        &mut document.incoming
    } else {
        &mut document.outgoing
    };
    service.get_or_insert_default()
}

/// A rule of that id replaces the one there is.
fn put(document: &mut SimServs, incoming: bool, rule: Rule) {
    let rules = &mut service(document, incoming).rules;
    rules.retain(|one| one.id != rule.id);
    rules.push(rule);
}

/// A barring programme is in force, by the rules that the user's document has (3GPP TS 24.611 clause 4.9).
#[given(expr = "{programme} is invoked for {person}")]
async fn invoked(lab: &mut Lab, programme: Programme, person: PersonName) {
    let parts = programme.parts(lab);
    let sentence = format!("{} is invoked for {}", programme.0, person.0);
    lab.configure(&person, &sentence, |document| {
        for part in parts {
            put(document, part.incoming, part.rule);
        }
    })
    .await;
}

/// The rules of the programme are not in the user's document, which is there all the same.
#[given(expr = "{programme} is not invoked for {person}")]
async fn not_invoked(lab: &mut Lab, programme: Programme, person: PersonName) {
    let parts = programme.parts(lab);
    let sentence = format!("{} is not invoked for {}", programme.0, person.0);
    lab.configure(&person, &sentence, |document| {
        for part in parts {
            let rules = &mut service(document, part.incoming).rules;
            rules.retain(|rule| rule.id != part.rule.id);
        }
    })
    .await;
}

/// Someone changes what is configured while the scenario goes on.
#[when(expr = "{person} invokes {programme}")]
async fn invokes(lab: &mut Lab, person: PersonName, programme: Programme) {
    let parts = programme.parts(lab);
    let sentence = format!("{} invokes {}", person.0, programme.0);
    lab.stimulus(&sentence).await;
    lab.configure(&person, &sentence, |document| {
        for part in parts {
            put(document, part.incoming, part.rule);
        }
    })
    .await;
}

/// Communication Barring is switched off with the attribute `active`; its rules stay in the document.
#[given(expr = "{programme} of {person} is deactivated")]
async fn deactivated(lab: &mut Lab, programme: Programme, person: PersonName) {
    let parts = programme.parts(lab);
    let sentence = format!("{} of {} is deactivated", programme.0, person.0);
    lab.configure(&person, &sentence, |document| {
        for part in parts {
            service(document, part.incoming).active = false;
        }
    })
    .await;
}

/// The attribute `active` is set again.
#[given(expr = "{programme} of {person} is activated again")]
async fn activated(lab: &mut Lab, programme: Programme, person: PersonName) {
    let parts = programme.parts(lab);
    let sentence = format!("{} of {} is activated again", programme.0, person.0);
    lab.configure(&person, &sentence, |document| {
        for part in parts {
            service(document, part.incoming).active = true;
        }
    })
    .await;
}

/// The rule of a programme is kept and switched off by the condition `rule-deactivated`.
#[given(expr = "the rule of {programme} of {person} is deactivated")]
async fn rule_deactivated(lab: &mut Lab, programme: Programme, person: PersonName) {
    let parts = programme.parts(lab);
    let sentence = format!("the rule of {} of {} is deactivated", programme.0, person.0);
    lab.configure(&person, &sentence, |document| {
        for mut part in parts {
            part.rule.conditions.insert(0, Condition::RuleDeactivated);
            put(document, part.incoming, part.rule);
        }
    })
    .await;
}

/// A rule without conditions.
#[given(
    regex = r"^(incoming communications to|outgoing communications of) (Alice|Bob|Carol|Dave) are always barred$"
)]
async fn always_barred(lab: &mut Lab, way: String, person: String) {
    lab.rule(&way, &person, "always barred", Vec::new(), false)
        .await;
}

/// A rule for identities: a person, everybody, a domain, with exceptions.
#[given(
    regex = r"^(incoming communications to|outgoing communications of) (Alice|Bob|Carol|Dave) are (barred|allowed) (?:from|to) (.+)$"
)]
async fn barred_for(lab: &mut Lab, way: String, person: String, fate: String, who: String) {
    let conditions = vec![lab.identity_condition(&who)];
    let what = format!("{fate} for {who}");
    lab.rule(&way, &person, &what, conditions, fate == "allowed")
        .await;
}

/// A rule for all the conditions of the table, each by its name in the service configuration.
#[given(
    regex = r"^(incoming communications to|outgoing communications of) (Alice|Bob|Carol|Dave) are (barred|allowed) when$"
)]
async fn barred_when(
    lab: &mut Lab,
    way: String,
    person: String,
    fate: String,
    step: &gherkin::Step,
) {
    let rows = step.table.iter().flat_map(|table| table.rows.clone());
    let mut conditions = Vec::new();
    for row in rows {
        let value = row.get(1).cloned().unwrap_or_default();
        let name = row.first().cloned().unwrap_or_default();
        conditions.push(lab.condition(&name, &value));
    }
    let what = format!("{fate} when");
    lab.rule(&way, &person, &what, conditions, fate == "allowed")
        .await;
}

/// Communication forwarding unconditional (3GPP TS 24.604), configured beside what is barred.
#[given(expr = "communications to {person} are diverted to {person}")]
async fn diverted(lab: &mut Lab, person: PersonName, target: PersonName) {
    let sentence = format!(
        "communications to {} are diverted to {}",
        person.0, target.0
    );
    let target = lab.public_identity(&target.0);
    lab.configure(&person, &sentence, |document| {
        document.diversion = Some(Diversion::unconditional(target));
    })
    .await;
}

fn everybody_of(domain: &str, except: Vec<Except>) -> Identity {
    Identity::Many {
        domain: Some(domain.to_owned()),
        except,
    }
}

impl Lab {
    /// One more rule of a person, behind those there are.
    async fn rule(
        &mut self,
        way: &str,
        person: &str,
        what: &str,
        conditions: Vec<Condition>,
        allow: bool,
    ) {
        let incoming = way.starts_with("incoming");
        let sentence = format!("{way} {person} are {what}");
        let person = PersonName(person.to_owned());
        self.configure(&person, &sentence, |document| {
            let rules = &mut service(document, incoming).rules;
            let id = format!("rule-{}", rules.len() + 1);
            rules.push(Rule {
                id,
                conditions,
                allow: Some(allow),
            });
        })
        .await;
    }

    fn cmmc_domain(&mut self) -> String {
        let conferencing = &self.stage().facility.profile.conferencing;
        let conferencing = conferencing.as_ref();
        conferencing.map_or_else(String::new, |section| section.cmmc_domain.clone())
    }

    /// The URI of Carol's conference, without parameters.
    fn conference_identity(&mut self) -> String {
        let stage = self.stage();
        let now = stage.now();
        let uri = conference_scene::conference_of(&stage.view(now), conference_scene::OWNER);
        match self.or_presumed(uri, || PRESUMED.to_owned()) {
            Some(uri) => uri.split(';').next().unwrap_or_default().to_owned(),
            None => self.not_stimulated("a conference whose URI is known"),
        }
    }

    /// The public user identity of a person of the scenario.
    pub fn public_identity(&mut self, person: &str) -> String {
        let index = PersonName(person.to_owned()).index();
        let stage = self.stage();
        let domain = &stage.facility.profile.sip.domain;
        format!("sip:{}@{domain}", stage.user_number(index))
    }

    fn identity_condition(&mut self, who: &str) -> Condition {
        let domain = self.stage().facility.profile.sip.domain.clone();
        let (who, but) = who.split_once(" but ").unwrap_or((who, ""));
        let except = match but {
            "" => Vec::new(),
            person => vec![Except::Id(self.public_identity(person))],
        };
        let identity = match who {
            "anonymous callers" => return Condition::Anonymous,
            "everybody" => Identity::Many {
                domain: None,
                except,
            },
            "everybody of the home domain" => everybody_of(&domain, except),
            "everybody of another domain" => everybody_of("visited1.example", except),
            "CMMC conferences" => everybody_of(&self.cmmc_domain(), except),
            "the CMMC conference" => Identity::One(self.conference_identity()),
            person => Identity::One(self.public_identity(person)),
        };
        Condition::Identity(vec![identity])
    }

    fn condition(&mut self, name: &str, value: &str) -> Condition {
        match name {
            "rule-deactivated" => Condition::RuleDeactivated,
            "identity" => self.identity_condition(value),
            "other-identity" => Condition::OtherIdentity,
            "anonymous" => Condition::Anonymous,
            "request-name" => Condition::RequestName(value.to_owned()),
            "presence-status" => Condition::PresenceStatus(value.to_owned()),
            "validity" => Condition::Validity(windows(value)),
            "sphere" => Condition::Sphere(value.to_owned()),
            "media" => Condition::Media(value.to_owned()),
            "communication-diverted" => Condition::CommunicationDiverted,
            "roaming" => Condition::Roaming,
            "international" => Condition::International,
            "international-exHC" => Condition::InternationalExHc,
            other => Condition::Unknown(other.to_owned()),
        }
    }
}

/// Times around this moment, RFC 4745 section 7.4.
fn windows(value: &str) -> Vec<(String, String)> {
    let (hour, now) = (3600, crate::capture::calendar::now().as_second());
    let at = |offset: i64| {
        let time = jiff::Timestamp::from_second(now + offset);
        time.map(|time| time.to_string()).unwrap_or_default()
    };
    let window = |from: i64, until: i64| (at(from), at(until));
    match value {
        "in an hour" => vec![window(hour, 2 * hour)],
        "until just now" => vec![window(-hour, -1)],
        "then or now" => vec![window(-2 * hour, -hour), window(-hour, hour)],
        _ => vec![window(-hour, hour)],
    }
}
