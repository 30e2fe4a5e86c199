//! MMTel users: how they come to be, their calls, and the CMMC conference they join.
use super::course::Act;
use super::lab::Lab;
use super::stage::{Means, Peer, Stage};
use super::vocabulary::PersonName;
use crate::capture::{Endpoint, Sockets};
use crate::observe::SipFact;
use crate::peer::mmtel_ue::{
    AudioCall, MmtelBehaviour, MmtelCommand, MmtelConfig, MmtelEvent, MmtelUe, ReferOrder,
    SubscriptionOrder,
};
use crate::peer::ue::SipTimers;
use crate::sut::profile::Conferencing;
use crate::sut::provision::Properties;
use crate::verdict::conference_scene::{self, OWNER, conference_of};
use crate::verdict::{Reason, conference, conference_state, participation};
use crate::wire::sip::NameAddr;
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use std::net::SocketAddr;
use std::time::Duration;

/// How long a registration lasts where nothing is said of its end, 3GPP TS 24.229 clause 5.1.1.2.
pub(super) const REGISTRATION_SECONDS: u32 = 600_000;
/// A conference of which nothing is known but that there is one.
pub(super) const PRESUMED: &str = "sip:presumed@presumed.invalid";
/// Label of a person's call to the conference.
const JOINED: &str = "cmmc";

/// A user of multimedia telephony with a UE, registered.
#[given(expr = "{person} is a MMTel user")]
async fn mmtel_user(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.introduce_mmtel_users(&step.value, &[person]).await;
}

/// Users of multimedia telephony with a UE each, registered.
#[given(expr = "{person} and {person} are MMTel users")]
async fn two_mmtel_users(lab: &mut Lab, a: PersonName, b: PersonName, step: &Step) {
    lab.introduce_mmtel_users(&step.value, &[a, b]).await;
}

/// Users of multimedia telephony with a UE each, registered.
#[given(expr = "{person}, {person} and {person} are MMTel users")]
async fn three_mmtel_users(
    lab: &mut Lab,
    a: PersonName,
    b: PersonName,
    c: PersonName,
    step: &Step,
) {
    lab.introduce_mmtel_users(&step.value, &[a, b, c]).await;
}

/// Users of multimedia telephony with a UE each, registered.
#[given(expr = "{person}, {person}, {person} and {person} are MMTel users")]
async fn four_mmtel_users(
    lab: &mut Lab,
    a: PersonName,
    b: PersonName,
    c: PersonName,
    d: PersonName,
    step: &Step,
) {
    lab.introduce_mmtel_users(&step.value, &[a, b, c, d]).await;
}

/// INVITE to the factory, accepted; who has it follows its state, so that others see who is in it.
#[given(expr = "{person} has a CMMC conference")]
async fn has_conference(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let factory = lab.conferencing().cmmc_factory.clone();
    lab.call(&person, JOINED, &factory);
    let reaction = lab.ixit().reaction_seconds;
    let made = conference::own_conference(&person.0, reaction);
    lab.require(&step.value, made).await;
    lab.follow_conference(&person);
    let told = conference_state::told_full_state(&person.0, vec![person.0.clone()], reaction);
    lab.require(&step.value, told).await;
}

/// A confirmed dialog with the focus, and listed as connected.
#[given(expr = "{person} participates in the CMMC conference")]
async fn participates(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.join(&step.value, &person).await;
    let question = participation::takes_part(&person.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// A call between two users, established.
#[given(expr = "{person} has a communication with {person}")]
async fn has_communication(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let to = lab.public_uri(&callee);
    lab.call(&caller, &callee.0, &to);
    let question = participation::talk(&caller.0, &callee.0, lab.ixit().reaction_seconds);
    lab.require(&step.value, question).await;
}

/// INVITE to the conference URI.
#[when(expr = "{person} asks to join the CMMC conference")]
async fn asks_to_join(lab: &mut Lab, person: PersonName, step: &Step) {
    lab.join(&step.value, &person).await;
}

/// INVITE to a user.
#[when(expr = "{person} calls {person}")]
async fn calls(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let to = lab.public_uri(&callee);
    lab.call(&caller, &callee.0, &to);
}

/// REFER to the conference URI, with the user in Refer-To (RFC 4579 section 5.5).
#[when(expr = "{person} adds {person} to the CMMC conference")]
async fn adds(lab: &mut Lab, who: PersonName, whom: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let order = ReferOrder {
        label: "added".into(),
        to_uri: lab.conference(OWNER),
        refer_to: vec![format!("<{}>", lab.public_uri(&whom))],
        ..ReferOrder::default()
    };
    lab.command(&who.0, MmtelCommand::Refer(Box::new(order)));
}

/// Dialog with the focus, and connected in the conference state that another participant is told.
#[then(expr = "{person} is a participant of the CMMC conference")]
async fn is_participant(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = participation::takes_part(&person.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// No dialog with the focus, and not connected in the conference state.
#[then(expr = "{person} is not a participant of the CMMC conference")]
async fn is_no_participant(lab: &mut Lab, person: PersonName, step: &Step) {
    let question = participation::takes_no_part(&person.0, lab.ixit().guard_seconds);
    lab.never(&step.value, question).await;
}

/// A confirmed dialog at either end.
#[then(expr = "{person} has a communication with {person}")]
async fn talk(lab: &mut Lab, caller: PersonName, callee: PersonName, step: &Step) {
    let question = participation::talk(&caller.0, &callee.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

impl Lab {
    /// What the profile says of conferences.
    pub(super) fn conferencing(&mut self) -> Conferencing {
        match &self.stage().facility.profile.conferencing {
            Some(conferencing) => conferencing.clone(),
            None => self.broken(Reason::Config, "the profile does not describe conferencing"),
        }
    }

    /// Orders something of a MMTel user's UE.
    pub(super) fn command(&mut self, name: &str, command: MmtelCommand) {
        if self.is_planning() {
            return;
        }
        let command = match self.stage().is_live() {
            true => command,
            false => return self.find(name, Act::Mmtel(command)),
        };
        let sent = match &self.user(name).means {
            Means::Mmtel(peer) => peer.order(command),
            _ => self.broken(Reason::Config, format!("{name} is no MMTel user here")),
        };
        if !sent {
            self.broken(Reason::Peer, format!("the UE of {name} has stopped"));
        }
    }

    /// The public user identity of a person.
    pub(super) fn public_uri(&mut self, person: &PersonName) -> String {
        let stage = self.stage();
        let number = stage.cast.number(&person.0);
        format!("sip:{number}@{}", stage.facility.profile.sip.domain)
    }

    /// The URI of the latest CMMC conference that somebody has made, as the capture has it.
    pub(super) fn conference(&mut self, owner: &str) -> String {
        let stage = self.stage();
        let uri = conference_of(&stage.view(stage.now()), owner);
        match self.or_presumed(uri, || PRESUMED.to_owned()) {
            Some(uri) => uri,
            None => self.not_stimulated(&format!("a request for {owner}'s conference")),
        }
    }

    /// What a recording would say, where everything is presumed to be in it.
    pub(super) fn or_presumed<T>(
        &mut self,
        found: Option<T>,
        presumed: impl FnOnce() -> T,
    ) -> Option<T> {
        match self.stage().course.presumes() {
            true => found.or_else(|| Some(presumed())),
            false => found,
        }
    }

    /// Names a person's dialog with the focus of the CMMC conference to his UE.
    pub(super) fn conference_call(&mut self, who: &str) -> String {
        let stage = self.stage();
        let view = stage.view(stage.now());
        let leg = conference_scene::leg(&view, who);
        let call_id = leg.and_then(|leg| leg.invite.request.message.call_id());
        let call_id = call_id.map(str::to_owned);
        match self.or_presumed(call_id, || "presumed".to_owned()) {
            Some(call_id) => call_id,
            None => self.not_stimulated(&format!("a request in {who}'s dialog with the focus")),
        }
    }

    /// An INVITE for audio.
    pub(super) fn call(&mut self, who: &PersonName, label: &str, to_uri: &str) {
        let order = AudioCall {
            call: label.to_owned(),
            to_uri: to_uri.to_owned(),
            ..AudioCall::default()
        };
        self.command(&who.0, MmtelCommand::Call(Box::new(order)));
    }

    async fn join(&mut self, sentence: &str, person: &PersonName) {
        self.stimulus(sentence).await;
        let conference = self.conference(OWNER);
        self.call(person, JOINED, &conference);
    }

    fn follow_conference(&mut self, person: &PersonName) {
        let uri = self.conference(&person.0);
        let order = SubscriptionOrder::conference("state", &uri);
        self.command(&person.0, MmtelCommand::Subscribe(Box::new(order)));
    }

    pub(super) async fn introduce_mmtel_users(&mut self, sentence: &str, people: &[PersonName]) {
        if !self.is_planning() {
            self.stimulus(sentence).await;
        }
        for person in people {
            self.introduce_mmtel_user(sentence, person).await;
            let expires = REGISTRATION_SECONDS;
            self.command(&person.0, MmtelCommand::Register { expires });
        }
        for person in people {
            let reaction = self.ixit().reaction_seconds;
            let question = participation::registered(&person.0, reaction);
            self.require(sentence, question).await;
        }
    }

    /// A registration with what the UE says of itself now.
    pub(super) async fn say_access(&mut self, sentence: &str, person: &PersonName) {
        let expires = REGISTRATION_SECONDS;
        self.command(&person.0, MmtelCommand::Register { expires });
        let reaction = self.ixit().reaction_seconds;
        let question = participation::registered(&person.0, reaction);
        self.require(sentence, question).await;
    }

    async fn introduce_mmtel_user(&mut self, sentence: &str, person: &PersonName) {
        let conferencing = self.conferencing();
        let Ok(core) = conferencing.core.parse() else {
            let core = &conferencing.core;
            self.broken(Reason::Config, format!("conferencing.core: {core}"));
        };
        let core = self.proxy_or(core);
        let stage = self.stage();
        stage.names.system = "core".into();
        stage.names.by_address.insert(core, "core-sip".into());
        let peer = match stage.is_live() {
            true => self.start_mmtel_ue(person, &conferencing, core).await,
            false => {
                stage.recorded_contact(person, "rtp");
                Peer::Recorded
            }
        };
        let facility = self.stage().facility.clone();
        let number = self.stage().user_number(person.index());
        let properties = Properties::from([("number".to_owned(), number.into())]);
        self.introduce(person, Means::Mmtel(peer), properties);
        // The IP-SM-GW needs to know nothing of him.
        let has_documents = facility.provisioner.puts_documents();
        self.user(&person.0).unprepared = has_documents;
        if has_documents && !self.is_planning() {
            // Before he changes them himself.
            self.prepare(sentence).await;
        }
    }

    async fn start_mmtel_ue(
        &mut self,
        person: &PersonName,
        conferencing: &Conferencing,
        core: SocketAddr,
    ) -> Peer<MmtelCommand, MmtelEvent> {
        let facility = self.stage().facility.clone();
        let sip = &facility.profile.sip;
        let bound = match self.stage().kept(&person.0) {
            Some(kept) => Ok(kept),
            None => Sockets::bind_audio(sip.local_ip, "gm").await,
        };
        let sockets = match bound {
            Ok(sockets) => {
                let sockets = self.stage().keeping(sockets, &person.0);
                sockets.inside(facility.sip_tls.as_ref())
            }
            Err(error) => self.broken(Reason::Capture, error.to_string()),
        };
        let number = self.stage().user_number(person.index());
        let gm = self.attachment(&number);
        let stage = self.stage();
        let config = MmtelConfig {
            name: person.0.clone(),
            number: number.clone(),
            sip: sockets.sip(),
            rtp: sockets.rtp(),
            system: core,
            transport: facility.transport,
            domain: sip.domain.clone(),
            seed: stage.seed(person.index()),
            timers: SipTimers::default(),
            behaviour: MmtelBehaviour::default(),
            access: stage.setup.access.clone(),
            visited_network: None,
            talk_interval: Duration::from_secs_f64(conferencing.talk_interval_seconds),
            gm,
        };
        stage.has_ends(person, [config.sip, config.rtp], "rtp");
        let endpoint = Endpoint::start_at(
            MmtelUe::new(config),
            sockets,
            stage.tap.clone(),
            facility.clock,
        );
        Peer::Running(endpoint)
    }
}

impl Stage {
    /// Stable names for the conference URIs of the capture, in the order in which they come up.
    pub(super) fn name_conferences(&mut self) {
        // Equal URIs may look different (RFC 3261 section 19.1.4): one name for all forms, and ladders show the plainest.
        let mut users: Vec<(String, String)> = Vec::new();
        for fact in self.trace().facts.iter().filter_map(SipFact::of) {
            for value in fact.message.values("Contact") {
                let Ok(contact) = NameAddr::parse(value) else {
                    continue;
                };
                let names = (contact.uri.user_decoded(), contact.uri.user.clone());
                if let ((Some(plain), Some(written)), true) = (names, contact.has_param("isfocus"))
                    && !users.contains(&(plain.clone(), written.clone()))
                {
                    users.push((plain, written));
                }
            }
        }
        let mut all: Vec<String> = Vec::new();
        for (plain, written) in users {
            let place = all.iter().position(|one| *one == plain);
            let place = place.unwrap_or_else(|| {
                all.push(plain.clone());
                all.len() - 1
            });
            let name = format!("conference-{}", place + 1);
            self.names.by_text.insert(written, name.clone());
            self.names.by_text.insert(plain, name);
        }
    }
}
