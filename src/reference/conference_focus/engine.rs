//! What the parts of a focus share: its conferences and their dialogs, the way requests leave, and where each arriving one goes.
use super::super::faults::{Fault, InForce};
use super::super::user_agent::{
    Body, HeaderList, Incoming, RequestError, ServerRequest, Transport, UserAgent,
};
use super::FocusConfig;
use super::conference::Conference;
use super::dialog::{Dialog, Key, Shared};
use super::policy::{Policy, Refusal, bare};
use super::refer_events::Events;
use super::subscription::Subscription;
use crate::wire::sip::{SipMessage, number_of};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// A panic in one conference must not take the focus with it, so a poisoned lock is used on.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything the focus remembers.
#[derive(Default)]
pub(super) struct State {
    /// By URI.
    pub(super) conferences: HashMap<String, Conference>,
    /// Dialogs and the conferences they belong to.
    dialogs: HashMap<Key, (String, Weak<Mutex<Dialog>>)>,
    /// By the URI at which they are told.
    pub(super) refer_events: HashMap<String, Events>,
    last_id: u64,
}

impl State {
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A conference that is not over.
    pub(super) fn live(&mut self, uri: &str) -> Option<&mut Conference> {
        self.conferences.get_mut(uri).filter(|c| !c.ended)
    }

    /// A conference of somebody else whose number differs in the last digit only (for a fault).
    pub(super) fn of_neighbour(&self, who: &str) -> Option<String> {
        let ten = |identity: &str| {
            let number = number_of(identity)?;
            number.get(..number.len() - 1).map(str::to_owned)
        };
        let ours = ten(who)?;
        let neighbours = |one: &&Conference| {
            !one.ended && one.creator != who && ten(&one.creator).as_ref() == Some(&ours)
        };
        let found = self.conferences.iter().find(|(_, one)| neighbours(one));
        found.map(|(uri, _)| uri.clone())
    }

    pub(super) fn subscription(&mut self, uri: &str, id: u64) -> Option<&mut Subscription> {
        let conference = self.conferences.get_mut(uri)?;
        conference.subscriptions.iter_mut().find(|s| s.id == id)
    }

    /// Keeps a dialog of this conference for as long as something uses it.
    pub(super) fn keep(&mut self, uri: &str, dialog: Dialog) -> Shared {
        if self.dialogs.len() > 256 && self.dialogs.len().is_power_of_two() {
            self.dialogs
                .retain(|_, (_, dialog)| dialog.strong_count() > 0);
        }
        let key = dialog.key.clone();
        let shared = Arc::new(Mutex::new(dialog));
        let weak = Arc::downgrade(&shared);
        self.dialogs.insert(key, (uri.to_owned(), weak));
        shared
    }

    /// The dialog that our 2xx to this request makes.
    pub(super) fn new_dialog(&mut self, uri: &str, request: &ServerRequest) -> Shared {
        let dialog = Dialog::of_server(
            &request.request,
            &request.to_tag,
            request.source,
            request.transport,
        );
        self.keep(uri, dialog)
    }

    fn dialog_of(&self, request: &SipMessage) -> Option<(String, Shared)> {
        let key = (
            request.call_id().unwrap_or_default().to_owned(),
            request.to_tag().unwrap_or_default(),
            request.from_tag().unwrap_or_default(),
        );
        let (uri, dialog) = self.dialogs.get(&key)?;
        Some((uri.clone(), dialog.upgrade()?))
    }
}

pub(super) struct Engine {
    pub(super) agent: UserAgent,
    pub(super) policy: Arc<dyn Policy>,
    /// What is done wrong on purpose.
    pub(super) faults: InForce,
    pub(super) config: FocusConfig,
    pub(super) state: Mutex<State>,
    outbound: RwLock<Option<SocketAddr>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Engine {
    pub(super) fn new(
        agent: UserAgent,
        policy: Arc<dyn Policy>,
        faults: InForce,
        config: FocusConfig,
    ) -> Arc<Self> {
        Arc::new(Self {
            agent,
            policy,
            faults,
            outbound: RwLock::new(config.outbound),
            config,
            state: Mutex::default(),
            tasks: Mutex::default(),
        })
    }

    pub(super) fn outbound(&self) -> Option<SocketAddr> {
        *self.outbound.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_outbound(&self, outbound: SocketAddr) {
        let mut place = self
            .outbound
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Some(outbound);
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = locked(&self.tasks);
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of the focus ended badly");
            }
        }
        tasks.spawn(task);
    }

    pub(super) async fn stop(&self) {
        let mut tasks = std::mem::take(&mut *locked(&self.tasks));
        tasks.shutdown().await;
        locked(&self.state).conferences.clear();
    }

    /// Contact of the focus in this conference (RFC 4579 section 5).
    pub(super) fn contact(&self, uri: &str) -> String {
        mark!("CF-04");
        format!(
            "<{uri}>;isfocus{}",
            self.policy.service().contact_parameters
        )
    }

    /// Header fields of what makes a session with the focus.
    pub(super) fn session_headers(&self, uri: &str) -> HeaderList {
        let tags = self.option_tags().join(", ");
        [
            ("Contact", self.contact(uri)),
            ("P-Asserted-Identity", format!("<{uri}>")),
            ("Allow", super::METHODS.join(", ")),
            ("Supported", tags),
            ("Allow-Events", "conference".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    pub(super) fn option_tags(&self) -> Vec<&'static str> {
        super::option_tags(self.policy.as_ref())
    }

    /// Sends a request in a dialog; requests leave in the order of these calls.
    pub(super) fn post(
        &self,
        dialog: &Shared,
        method: &str,
        headers: &HeaderList,
        body: Option<Body>,
    ) -> impl Future<Output = Result<SipMessage, RequestError>> + Send + use<> {
        let mut dialog = locked(dialog);
        let mut request = dialog.request(method);
        for (name, value) in headers {
            request.push(name, value);
        }
        if let Some(body) = body {
            request.set_body(&body.content_type, body.octets);
        }
        let (to, transport) = dialog.next_hop(self.outbound());
        self.agent.send(request, to, transport, None)
    }

    /// The ACK of a 2xx to our INVITE.
    pub(super) fn acknowledge(&self, dialog: &Shared) {
        let mut dialog = locked(dialog);
        let mut ack = dialog.request("ACK");
        ack.set("Content-Length", "0");
        let (to, transport) = dialog.next_hop(self.outbound());
        self.agent.acknowledge(ack, to, transport);
    }

    /// Where a request outside dialogs goes, with the route that leads there.
    pub(super) fn way_to(&self, request: &mut SipMessage) -> Option<(SocketAddr, Transport)> {
        if let Some(outbound) = self.outbound() {
            request.push("Route", format!("<sip:{outbound};lr>"));
            return Some((outbound, Transport::Udp));
        }
        let uri = crate::wire::sip::SipUri::parse(request.uri().unwrap_or_default()).ok()?;
        Some((super::dialog::address_of(&uri)?, Transport::Udp))
    }

    /// Takes every request to the part it concerns, in the order of arrival.
    pub(super) async fn serve(
        self: Arc<Self>,
        mut incoming: mpsc::Receiver<Incoming>,
        mut stopping: watch::Receiver<bool>,
    ) {
        loop {
            let arrived = tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                arrived = incoming.recv() => arrived,
            };
            match arrived {
                None => return,
                Some(Incoming::Invite(invite)) => self.join(invite),
                Some(Incoming::Ack(ack)) => self.acknowledged(&ack),
                Some(Incoming::Unacknowledged(request)) => self.unacknowledged(&request),
                Some(Incoming::Request(request)) => self.requested(request),
            }
        }
    }

    fn requested(self: &Arc<Self>, request: ServerRequest) {
        let method = request.request.method().unwrap_or_default().to_owned();
        let dialog = locked(&self.state).dialog_of(&request.request);
        if request.request.to_tag().is_some() {
            let Some((uri, dialog)) = dialog else {
                return request.respond(481, "Call/Transaction Does Not Exist", &vec![], None);
            };
            if !locked(&dialog).take(&request.request) {
                return request.respond(500, "CSeq Out of Order", &vec![], None);
            }
            mark!("CX-11");
            let idle = locked(&self.state).live(&uri).is_some_and(|c| c.frozen);
            if idle && matches!(method.as_str(), "BYE" | "SUBSCRIBE") {
                return request.respond(403, "Forbidden", &vec![], None);
            }
            return match method.as_str() {
                "BYE" => self.left(request, &uri, &dialog),
                "INVITE" | "UPDATE" => self.renegotiate(request, &uri, &dialog),
                "SUBSCRIBE" => self.subscribe(request, Some((uri, dialog))),
                "REFER" => self.refer(request, Some((uri, dialog))),
                "OPTIONS" => self.describe(request, &uri),
                "MESSAGE" => self.distribute(request, &uri),
                _ => request.respond(481, "Call/Transaction Does Not Exist", &vec![], None),
            };
        }
        let uri = self.asked(&request.request);
        mark!("CX-11");
        let idle = locked(&self.state).live(&uri).is_some_and(|c| c.frozen);
        match method.as_str() {
            "SUBSCRIBE" if idle => request.respond(403, "Forbidden", &vec![], None),
            "SUBSCRIBE" => {
                if let Some(request) = self.subscribe_to_refer(request) {
                    self.subscribe(request, None);
                }
            }
            "REFER" => self.refer(request, None),
            "OPTIONS" => self.describe(request, &uri),
            "MESSAGE" => self.distribute(request, &uri),
            _ => request.respond(481, "Call/Transaction Does Not Exist", &vec![], None),
        }
    }

    /// The URI a request is for: the factory, or a conference by the URI it was made under.
    pub(super) fn asked(&self, request: &SipMessage) -> String {
        self.policy
            .conference_meant(bare(request.uri().unwrap_or_default()))
    }

    /// OPTIONS (RFC 4579 section 5.13): what a conference URI is.
    fn describe(&self, request: ServerRequest, uri: &str) {
        mark!("CF-06");
        let factory = uri.eq_ignore_ascii_case(&self.policy.service().factory);
        let known = match locked(&self.state).live(uri) {
            Some(conference) => {
                mark!("CX-11");
                conference.frozen |= self.faults.is(Fault::ProbedFocusIdle);
                true
            }
            None => factory,
        };
        if !known {
            let refusal = Refusal::not_found();
            return request.respond(refusal.code, &refusal.reason, &refusal.headers, None);
        }
        let mut headers = self.session_headers(uri);
        headers.push(("Accept".to_owned(), super::ACCEPT.join(", ")));
        if self.faults.is(Fault::HidesFromOptions) {
            super::departures::hide(&mut headers);
        }
        request.respond(200, "OK", &headers, None);
    }
}
