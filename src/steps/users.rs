//! Who takes part: CPM users, SMS users, and what the operator's configuration says of them.
use super::course::Act;
use super::lab::Lab;
use super::phone::Phone;
use super::stage::{Means, Peer, Stage, User};
use super::vocabulary::{Is, PersonName};
use crate::capture::{Endpoint, Sockets};
use crate::peer::behaviour::HandsetBehaviour;
use crate::peer::home_subscriber_server::SubscriberData;
use crate::peer::ue::{Registration, Ue, UeCommand, UeConfig, UeEvent};
use crate::sut::Ixit;
use crate::sut::profile::{Carriage, InUse};
use crate::sut::provision::{Properties, known};
use crate::verdict::{Person, Reason};
use cucumber::given;
use serde_json::Value;
use std::net::SocketAddr;

/// A CPM user with a UE of its own, known to the system.
#[given(expr = "{person} is a CPM user")]
async fn cpm_user(lab: &mut Lab, person: PersonName) {
    lab.introduce_cpm_user(&person).await;
}

/// Somebody behind the SMSC with a handset and nothing else.
#[given(expr = "{person} can be reached by SMS only")]
async fn sms_user(lab: &mut Lab, person: PersonName) {
    lab.introduce_sms_user(&person).await;
}

/// A CPM user of the terminating network with a handset, and his preference.
#[given(expr = "{person} is a CPM user who wants his chats as SMS")]
async fn wants_chats_as_sms(lab: &mut Lab, person: PersonName) {
    lab.property(&person.0, "cpm", true);
    lab.property(&person.0, "chats_as_sms", true);
}

/// The same without the preference.
#[given(expr = "{person} is a CPM user who does not want his chats as SMS")]
async fn wants_no_chats_as_sms(lab: &mut Lab, person: PersonName) {
    lab.property(&person.0, "cpm", true);
    lab.property(&person.0, "chats_as_sms", false);
}

/// Authorisation for the interworking service, as the subscriber data says.
#[given(expr = "{person} {is} authorised for the interworking service")]
async fn authorised(lab: &mut Lab, person: PersonName, is: Is) {
    lab.property(&person.0, "interworking_authorised", is.0);
}

/// The operator's policy on anonymity.
#[given(expr = "anonymous invitations from {person} {is} allowed")]
async fn anonymity(lab: &mut Lab, person: PersonName, is: Is) {
    lab.property(&person.0, "anonymity_allowed", is.0);
}

/// T_ans is one the suite can wait for.
#[given("the time to answer is short")]
async fn short_time(lab: &mut Lab) {
    let seconds = lab.stage().facility.profile.ixit.short_answer_seconds;
    lab.cpm_property("answer_seconds", seconds);
}

/// How long a registration lasts where nothing is said of its end, 3GPP TS 24.229 clause 5.1.1.2.
pub const REGISTRATION_SECONDS: u32 = 600_000;

impl Lab {
    pub(super) fn introduce(&mut self, person: &PersonName, means: Means, properties: Properties) {
        let stage = self.stage();
        let number = stage.user_number(person.index());
        stage
            .names
            .by_number
            .insert(number.clone(), person.0.to_lowercase());
        stage.cast.add(Person {
            name: person.0.clone(),
            number,
            display_name: person.0.clone(),
        });
        stage.users.insert(
            person.0.clone(),
            User {
                means,
                terminal: None,
                properties,
                registration: None,
                unprepared: true,
            },
        );
    }

    /// A UE of the person, and the contact it is reached at.
    async fn terminal(&mut self, person: &PersonName) -> (Peer<UeCommand, UeEvent>, String) {
        if !self.stage().is_live() {
            return (
                Peer::Recorded,
                self.stage().recorded_contact(person, "msrp"),
            );
        }
        let facility = self.stage().facility.clone();
        let number = self.stage().user_number(person.index());
        let sip = &facility.profile.sip;
        let interface = if sip.reference_point == "gm" {
            "gm"
        } else {
            "isc"
        };
        let kept = self.stage().kept(&person.0);
        let listed = self.stage().listed(person.index());
        let bound = match (kept, listed.and_then(|user| user.contact)) {
            (_, Some(contact)) => Sockets::bind_at(contact, interface).await,
            (Some(kept), None) => Ok(self.stage().keeping(kept, &person.0)),
            (None, None) => {
                let bound = Sockets::bind(sip.local_ip, interface).await;
                bound.map(|sockets| self.stage().keeping(sockets, &person.0))
            }
        };
        let sockets = match bound {
            Ok(sockets) => sockets.inside(facility.sip_tls.as_ref()),
            Err(error) => self.broken(Reason::Capture, error.to_string()),
        };
        let (sip_at, msrp_at) = (sockets.sip(), sockets.msrp());
        let system = self.proxy_or(facility.system);
        let mut config = UeConfig::new(&person.0, &number, sip_at, msrp_at, system);
        config.gm = self.attachment(&number);
        config.transport = facility.transport;
        config.behaviour = facility.terminal();
        config.domain = sip.domain.clone();
        config.epoch_seconds = epoch_seconds();
        config.seed = self.stage().seed(person.index());
        let contact = format!(
            "sip:{};transport={}",
            sockets.sip(),
            facility.transport.parameter()
        );
        self.stage()
            .has_ends(person, [sockets.sip(), sockets.msrp()], "msrp");
        let tap = self.stage().tap.clone();
        let endpoint = Endpoint::start_at(Ue::new(config), sockets, tap, facility.clock);
        (Peer::Running(endpoint), contact)
    }

    pub async fn introduce_cpm_user(&mut self, person: &PersonName) {
        let (endpoint, contact) = self.terminal(person).await;
        let facility = self.stage().facility.clone();
        let number = self.stage().user_number(person.index());
        let properties = cpm_properties(
            &facility.profile.ixit,
            &number,
            &contact,
            &facility.profile.numbers.pool,
        );
        self.introduce(person, Means::Cpm(endpoint), properties);
        self.user(&person.0).registration = self.own_registration();
    }

    async fn introduce_sms_user(&mut self, person: &PersonName) {
        let stage = self.stage();
        let number = stage.user_number(person.index());
        let behaviour = stage.facility.handset();
        let handset = stage.phone(&person.0, &number, behaviour);
        let over_ip = stage.facility.profile.carriage() == Carriage::SmsOverIp;
        let mut properties = Properties::from([("number".to_owned(), number.into())]);
        if !over_ip {
            return self.introduce(person, Means::Sms(handset), properties);
        }
        let (endpoint, contact) = self.terminal(person).await;
        if let Peer::Running(endpoint) = &endpoint {
            handset.over_ip(endpoint.commands.clone());
        }
        // Instant messages for him go by the service centre, as for the users of the other carriages.
        properties.insert("encapsulated_delivery".to_owned(), false.into());
        properties.insert("contact".to_owned(), contact.into());
        self.introduce(person, Means::Sms(handset), properties);
        let user = self.user(&person.0);
        user.terminal = Some(endpoint);
        user.registration = Some(Registration {
            smsip: true,
            cpm: false,
            msisdn_less: false,
            expires: REGISTRATION_SECONDS,
        });
    }

    /// The service centre that the HSS holds of users: that of the profile.
    pub fn hss_service_centre(&mut self) -> Option<String> {
        match self.stage().facility.profile.in_use()? {
            InUse::Smpp(_) => None,
            InUse::Sgd(sgd) | InUse::SmsOverIp(sgd) => {
                let held = sgd.hss_sc_address.as_ref();
                Some(held.unwrap_or(&sgd.sc_address).clone())
            }
        }
    }

    /// What the HSS holds of a CPM user; a carriage without HSS has nobody to tell.
    pub fn hss_data(&mut self, person: &str, data: SubscriberData) {
        if self.is_planning() {
            return;
        }
        let number = self.user(person).properties.get("number").cloned();
        let Some(Value::String(number)) = number else {
            return;
        };
        let stage = self.stage();
        match &stage.facility.exchange {
            Some(exchange) => {
                exchange.hold(&number, stage.tap.clone(), data);
            }
            None => self.find(person, Act::Hold(Box::new(data))),
        }
    }

    /// Sets a property of every CPM user of the scenario (what the operator configures for originators).
    pub fn cpm_property(&mut self, property: &str, value: impl Into<Value> + Clone) {
        let names: Vec<String> = self
            .stage()
            .users
            .iter()
            .filter(|(_, user)| matches!(user.means, Means::Cpm(_)))
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self.property(&name, property, value.clone());
        }
    }
}

impl Stage {
    /// A handset at a number, if somebody can be there.
    pub(super) fn phone(&self, owner: &str, number: &str, behaviour: HandsetBehaviour) -> Phone {
        match self.facility.exchange.as_ref().filter(|_| self.is_live()) {
            Some(exchange) => Phone::attached(exchange.attach(number, self.tap.clone(), behaviour)),
            None => Phone::recorded(owner, behaviour, self.script.clone()),
        }
    }

    /// Where the terminal of a person is: SIP, and MSRP or RTP.
    pub(super) fn has_ends(&mut self, person: &PersonName, ends: [SocketAddr; 2], media: &str) {
        let name = person.0.to_lowercase();
        let [sip, other] = ends;
        let by_address = &mut self.names.by_address;
        by_address.insert(sip, format!("{name}-sip"));
        by_address.insert(other, format!("{name}-{media}"));
    }

    /// Contact of a terminal that is only in a recording.
    pub(super) fn recorded_contact(&mut self, person: &PersonName, media: &str) -> String {
        let Some(ends) = self.course.ends(&person.0) else {
            return "sip:recorded.invalid".to_owned();
        };
        self.has_ends(person, ends, media);
        let transport = self.facility.transport.parameter();
        format!("sip:{};transport={transport}", ends[0])
    }
}

/// The wall clock when the UE starts, for the DateTime of its messages.
fn epoch_seconds() -> i64 {
    crate::capture::calendar::now().as_second()
}

/// What the profile's values make of an ordinary CPM user.
fn cpm_properties(ixit: &Ixit, number: &str, contact: &str, pool: &str) -> Properties {
    let mut properties = known::ordinary(ixit);
    properties.extend([
        ("number".to_owned(), number.into()),
        ("cpm".to_owned(), true.into()),
        ("contact".to_owned(), contact.into()),
        ("pool".to_owned(), pool.into()),
    ]);
    properties
}
