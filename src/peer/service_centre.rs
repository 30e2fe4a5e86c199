//! The service centre's side of one Diameter connection to an IP-SM-GW: SMS-GMSC, SMS-IWMSC and the forwarding HSS in one node.
//!
//! A short message to the system goes as 3GPP TS 23.204 clause 6.14 has it: the SMS-GMSC asks where the recipient is served (SRR), the
//! HSS - this same node - forwards the query to the IP-SM-GW, and the TFR carries the correlation id that its answer gave. Messages
//! between the same two numbers go one after the other, as a service centre serves one recipient; others do not wait for them.
//! Requests of the system become events; `ServiceCentreCommand::Answer` says what the answer is. More than 400 lines: a delivery has
//! four ways to end, and each has its place here.
use super::diameter_node::{DiameterNode, NodeCommand, NodeConfig, NodeEvent};
use super::{Input, Machine, Output, Time};
use crate::wire::diameter::{
    Avp, Command, Message, ResultCode, ServingNode, application, encode_tbcd, name,
};
use std::collections::{BTreeMap, VecDeque};

/// Short messages that wait for others between the same numbers.
const MOST_QUEUED: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCentreConfig {
    pub node: NodeConfig,
    /// E.164 address of the service centre, digits.
    pub sc_address: String,
    /// Diameter identity of the system where it is not the peer itself.
    pub system_host: Option<String>,
    pub system_realm: Option<String>,
}

/// A short message on its way to the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Comes back with what became of it.
    pub label: u64,
    /// The number whose test case it belongs to.
    pub concerns: String,
    /// MSISDN digits of the recipient.
    pub to: String,
    pub tpdu: Vec<u8>,
    /// It is an SMS-STATUS-REPORT.
    pub is_report: bool,
    /// In the place of what the routing query gives, if not that.
    pub identity: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceCentreCommand {
    Deliver(Box<Delivery>),
    Answer {
        to: Box<Message>,
        result: ResultCode,
        avps: Vec<Avp>,
    },
    /// PNR with these AVPs: subscriber data have changed.
    Push {
        label: u64,
        concerns: String,
        avps: Vec<Avp>,
    },
    /// Ends the connection in order.
    Disconnect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceCentreEvent {
    Open {
        host: String,
        realm: String,
    },
    Ended,
    /// The next request leaves under this Hop-by-Hop identifier and belongs to that number.
    Concerns {
        hop_by_hop: u32,
        number: String,
    },
    /// A request of the system that awaits its `ServiceCentreCommand::Answer`.
    Requested(Box<Message>),
    /// TFA of success.
    Delivered {
        label: u64,
        answer: Box<Message>,
    },
    /// The routing query or the delivery was refused or not answered.
    NotDelivered {
        label: u64,
        why: Undelivered,
    },
    Trouble(String),
}

/// Why a short message did not reach the system's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// The answer that said so.
    Refused(Box<Message>),
    /// No answer came in time, or the connection is gone.
    Unanswered,
    /// The SRA lacks this.
    Incomplete(&'static str),
}

/// Where a delivery stands.
#[derive(Debug)]
enum Stage {
    Routing,
    Forwarding,
}

#[derive(Debug)]
pub struct ServiceCentre {
    config: ServiceCentreConfig,
    node: DiameterNode,
    /// What was sent and awaits its answer, by label.
    under_way: BTreeMap<u64, (Stage, Delivery)>,
    /// What waits for the one under way between the same two numbers; a key stands as long as one is under way.
    lanes: BTreeMap<(String, String), VecDeque<Delivery>>,
    queued: usize,
    /// Notifications under way, by label, and the number each belongs to.
    pushed: BTreeMap<u64, String>,
    outputs: VecDeque<Output<ServiceCentreEvent>>,
}

impl ServiceCentre {
    /// `initiator`: this side has dialled.
    pub fn new(config: ServiceCentreConfig, initiator: bool) -> Self {
        Self {
            node: DiameterNode::new(config.node.clone(), initiator),
            config,
            under_way: BTreeMap::new(),
            lanes: BTreeMap::new(),
            queued: 0,
            pushed: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Capabilities are exchanged: messages can go both ways.
    pub fn is_open(&self) -> bool {
        self.node.is_open()
    }

    fn event(&mut self, event: ServiceCentreEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn deliver(&mut self, now: Time, delivery: Delivery) {
        let lane = (delivery.concerns.clone(), delivery.to.clone());
        match self.lanes.get_mut(&lane) {
            Some(_) if self.queued >= MOST_QUEUED => {
                let (label, why) = (delivery.label, Undelivered::Unanswered);
                self.event(ServiceCentreEvent::NotDelivered { label, why });
            }
            Some(waiting) => {
                waiting.push_back(delivery);
                self.queued += 1;
            }
            None => {
                self.lanes.insert(lane, VecDeque::new());
                self.ask_routing(now, delivery);
            }
        }
    }

    /// Host and realm requests to the system go to, as far as they are known before it says.
    fn system(&self) -> (Option<String>, Option<String>) {
        let (host, realm) = self.node.peer().cloned().unzip();
        let known = &self.config;
        (
            known.system_host.clone().or(host),
            known.system_realm.clone().or(realm),
        )
    }

    fn ask_routing(&mut self, now: Time, delivery: Delivery) {
        let (host, realm) = self.system();
        let mut avps = destination(host.as_deref(), realm.as_deref());
        avps.extend(digits(name::MSISDN, &delivery.to));
        avps.extend(digits(name::SC_ADDRESS, &self.config.sc_address));
        avps.push(Avp::number(name::SM_RP_MTI, delivery.is_report.into()));
        // SM-RP-PRI: the query is answered whatever the service centre is waiting for.
        avps.push(Avp::number(name::SRR_FLAGS, 0b10));
        let command = NodeCommand::Request {
            label: delivery.label,
            application: application::S6C,
            command: Command::SEND_ROUTING_INFO,
            avps,
        };
        let label = delivery.label;
        self.under_way.insert(label, (Stage::Routing, delivery));
        self.node(now, Input::Command(command));
    }

    /// TP-MMS (bit 2, 0 = more messages wait) and the flag beside it, by what waits for the same recipient.
    fn tell_of_more(&self, delivery: &mut Delivery) -> bool {
        let lane = (delivery.concerns.clone(), delivery.to.clone());
        let more = self
            .lanes
            .get(&lane)
            .is_some_and(|waiting| !waiting.is_empty());
        if let Some(first) = delivery.tpdu.first_mut() {
            *first = *first & !0x04 | if more { 0 } else { 0x04 };
        }
        more
    }

    fn forward(&mut self, now: Time, routing: &Message, mut delivery: Delivery) {
        let Some(user_name) = routing.text(name::USER_NAME) else {
            let why = Undelivered::Incomplete("User-Name");
            self.over(now, &delivery, Err(why));
            return;
        };
        let node = routing.serving_node();
        if node.is_none() {
            let why = Undelivered::Incomplete("Serving-Node");
            self.over(now, &delivery, Err(why));
            return;
        }
        let more = self.tell_of_more(&mut delivery);
        let ServingNode {
            ip_sm_gw_name,
            ip_sm_gw_realm,
            ..
        } = node.unwrap_or_default();
        let text = |wanted| routing.text(wanted).map(str::to_owned);
        let known = &self.config;
        let host = ip_sm_gw_name.or(known.system_host.clone());
        let realm = ip_sm_gw_realm.or(known.system_realm.clone());
        let host = host.or_else(|| text(name::ORIGIN_HOST));
        let realm = realm.or_else(|| text(name::ORIGIN_REALM));
        let mut avps = destination(host.as_deref(), realm.as_deref());
        let user_name = delivery.identity.as_deref().unwrap_or(user_name);
        avps.push(Avp::text(name::USER_NAME, user_name));
        avps.extend(digits(name::SC_ADDRESS, &known.sc_address));
        avps.push(Avp::new(name::SM_RP_UI, delivery.tpdu.clone()));
        avps.push(Avp::number(name::TFR_FLAGS, more.into()));
        let command = NodeCommand::Request {
            label: delivery.label,
            application: application::SGD,
            command: Command::MT_FORWARD,
            avps,
        };
        let label = delivery.label;
        self.under_way.insert(label, (Stage::Forwarding, delivery));
        self.node(now, Input::Command(command));
    }

    /// A delivery is over: its result is told, and the next between the same numbers goes.
    fn over(&mut self, now: Time, delivery: &Delivery, result: Result<Box<Message>, Undelivered>) {
        let label = delivery.label;
        self.event(match result {
            Ok(answer) => ServiceCentreEvent::Delivered { label, answer },
            Err(why) => ServiceCentreEvent::NotDelivered { label, why },
        });
        let lane = (delivery.concerns.clone(), delivery.to.clone());
        match self.lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(next) => {
                self.queued -= 1;
                self.ask_routing(now, next);
            }
            None => drop(self.lanes.remove(&lane)),
        }
    }

    fn answered(&mut self, now: Time, label: u64, answer: Box<Message>) {
        let Some((stage, delivery)) = self.under_way.remove(&label) else {
            return;
        };
        let success = answer.result().is_some_and(ResultCode::is_success);
        match (stage, success) {
            (Stage::Routing, true) => self.forward(now, &answer, delivery),
            (Stage::Forwarding, true) => self.over(now, &delivery, Ok(answer)),
            (_, false) => self.over(now, &delivery, Err(Undelivered::Refused(answer))),
        }
    }

    fn push(&mut self, now: Time, label: u64, concerns: String, told: Vec<Avp>) {
        let (host, realm) = self.system();
        let mut avps = destination(host.as_deref(), realm.as_deref());
        avps.extend(told);
        let command = NodeCommand::Request {
            label,
            application: application::SH,
            command: Command::PUSH_NOTIFICATION,
            avps,
        };
        self.pushed.insert(label, concerns);
        self.node(now, Input::Command(command));
    }

    /// Gives the node its input and takes what it says.
    fn node(&mut self, now: Time, input: Input<NodeCommand>) {
        self.node.handle(now, input);
        while let Some(output) = self.node.poll() {
            let event = match output {
                Output::Event(event) => event,
                Output::Datagram { to, octets } => {
                    self.outputs.push_back(Output::Datagram { to, octets });
                    continue;
                }
                Output::Media { to, octets } => {
                    self.outputs.push_back(Output::Media { to, octets });
                    continue;
                }
                Output::Connect { flow, channel, to } => {
                    let connect = Output::Connect { flow, channel, to };
                    self.outputs.push_back(connect);
                    continue;
                }
                Output::Octets { flow, octets } => {
                    self.outputs.push_back(Output::Octets { flow, octets });
                    continue;
                }
                Output::Close { flow, abort } => {
                    self.outputs.push_back(Output::Close { flow, abort });
                    continue;
                }
            };
            self.node_says(now, event);
        }
    }

    fn node_says(&mut self, now: Time, event: NodeEvent) {
        match event {
            NodeEvent::Open { host, realm } => {
                self.event(ServiceCentreEvent::Open { host, realm });
            }
            NodeEvent::Ended => self.event(ServiceCentreEvent::Ended),
            NodeEvent::Numbered { label, hop_by_hop } => {
                let delivery = self.under_way.get(&label);
                let number = delivery.map(|(_, delivery)| &delivery.concerns);
                let number = number.or_else(|| self.pushed.get(&label)).cloned();
                if let Some(number) = number {
                    self.event(ServiceCentreEvent::Concerns { hop_by_hop, number });
                }
            }
            NodeEvent::Requested(request) => self.event(ServiceCentreEvent::Requested(request)),
            NodeEvent::Answered { label, answer } => {
                if self.pushed.remove(&label).is_none() {
                    self.answered(now, label, answer);
                } else if !answer.result().is_some_and(ResultCode::is_success) {
                    let what = "the system refused a notification of subscriber data".to_owned();
                    self.event(ServiceCentreEvent::Trouble(what));
                }
            }
            NodeEvent::Unanswered { label } => {
                self.pushed.remove(&label);
                if let Some((_, delivery)) = self.under_way.remove(&label) {
                    self.over(now, &delivery, Err(Undelivered::Unanswered));
                }
            }
            NodeEvent::Trouble(what) => self.event(ServiceCentreEvent::Trouble(what)),
        }
    }
}

fn destination(host: Option<&str>, realm: Option<&str>) -> Vec<Avp> {
    let host = host.map(|host| Avp::text(name::DESTINATION_HOST, host));
    let realm = realm.map(|realm| Avp::text(name::DESTINATION_REALM, realm));
    host.into_iter().chain(realm).collect()
}

/// `None` for what cannot be written as digits.
fn digits(definition: crate::wire::diameter::Definition, number: &str) -> Option<Avp> {
    Some(Avp::new(definition, encode_tbcd(number)?))
}

impl Machine for ServiceCentre {
    type Command = ServiceCentreCommand;
    type Event = ServiceCentreEvent;

    fn handle(&mut self, now: Time, input: Input<ServiceCentreCommand>) {
        let input = match input {
            Input::Command(ServiceCentreCommand::Deliver(delivery)) => {
                return self.deliver(now, *delivery);
            }
            Input::Command(ServiceCentreCommand::Answer { to, result, avps }) => {
                Input::Command(NodeCommand::Answer { to, result, avps })
            }
            Input::Command(ServiceCentreCommand::Push {
                label,
                concerns,
                avps,
            }) => return self.push(now, label, concerns, avps),
            Input::Command(ServiceCentreCommand::Disconnect) => {
                Input::Command(NodeCommand::Disconnect)
            }
            Input::Datagram { from, octets } => Input::Datagram { from, octets },
            Input::Media { from, octets } => Input::Media { from, octets },
            Input::Opened {
                flow,
                channel,
                local,
                remote,
            } => Input::Opened {
                flow,
                channel,
                local,
                remote,
            },
            Input::Octets { flow, octets } => Input::Octets { flow, octets },
            Input::Closed { flow } => Input::Closed { flow },
            Input::Wake => Input::Wake,
        };
        self.node(now, input);
    }

    fn poll(&mut self) -> Option<Output<ServiceCentreEvent>> {
        self.outputs.pop_front()
    }

    fn wake_at(&self) -> Option<Time> {
        self.node.wake_at()
    }
}

#[cfg(test)]
#[path = "service_centre_tests.rs"]
mod tests;
