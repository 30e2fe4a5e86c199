//! The Diameter side of the exchange: requests of the system, deliveries to it with their correlation ids, and the HSS they are about.
//!
//! With SMS over IP a short message for a handset goes back to the system, which serves it; its receipt tells what became of that. More
//! than 400 lines: requests, deliveries and subscriber data share what is remembered between a message and its answer.
use super::{Asked, Submitted, Switchboard, ToSystem};
use crate::capture::Tap;
use crate::capture::centre::{Centre, Session};
use crate::capture::link::key;
use crate::peer::handset::{Acceptance, Outgoing, SmsHandset};
use crate::peer::home_subscriber_server::{HomeSubscriberServer, Place, SubscriberData, user_of};
use crate::peer::service_centre::{
    Delivery, ServiceCentreCommand, ServiceCentreEvent, Undelivered,
};
use crate::peer::transfer::{self, Taken};
use crate::peer::{FlowId, Input, Machine, Time};
use crate::wire::diameter::{Avp, Command, Message, ResultCode, application, name, result};
use crate::wire::sms::TimeStamp;
use crate::wire::sms::tpdu::{Direction, Inside, Tpdu};
use std::collections::BTreeMap;

/// Submissions whose TP-MR and time stamp are remembered; the oldest gives way.
const MOST_TAKEN: usize = 20_000;
/// Messages of over-IP users whose end is awaited.
const MOST_AWAITED: usize = 20_000;
/// Messages kept for users who were absent.
const MOST_KEPT: usize = 1000;
/// An identity of its form that stands for nobody: no country has the code 000.
const UNKNOWN_IDENTITY: &str = "000000000000001";
/// TP-ST when the system could not deliver: no response from the SME, the service centre has given up.
const UNREACHED: u8 = 0x62;

/// What the Diameter side remembers.
pub(super) struct DiameterSide {
    hss: HomeSubscriberServer,
    over_ip: bool,
    /// Submissions by the number this exchange gave them.
    taken: BTreeMap<u64, Taken>,
    /// Messages sent on to the system, by label.
    awaited: BTreeMap<u64, Submitted>,
    /// Messages to the system under way, by label.
    under_way: BTreeMap<u64, Delivery>,
    /// Messages that found their recipient absent, until he is back (ALR).
    kept: Vec<Delivery>,
    /// Captures of the CPM users whose data the HSS holds, by number.
    subscribers: BTreeMap<String, Tap>,
}

impl DiameterSide {
    pub fn of(config: &Centre) -> Option<Self> {
        let Centre::Diameter(config) = config else {
            return None;
        };
        let (node, centre) = (&config.service_centre.node, &config.service_centre);
        Some(Self {
            hss: HomeSubscriberServer::new(
                &node.origin_host,
                &node.origin_realm,
                &centre.sc_address,
            ),
            over_ip: config.over_ip,
            taken: BTreeMap::new(),
            awaited: BTreeMap::new(),
            under_way: BTreeMap::new(),
            kept: Vec::new(),
            subscribers: BTreeMap::new(),
        })
    }

    /// The HSS knows a handset's number. One over IP has radio coverage too, and so a serving node.
    pub fn introduce(&mut self, number: &str) {
        self.hss.place(number, Place::Served);
    }

    pub fn forget(&mut self, number: &str) {
        self.hss.forget(number);
    }

    /// The capture of a subscriber's test case.
    pub fn tap_of(&self, number: &str) -> Option<&Tap> {
        self.subscribers.get(number)
    }

    /// Numbers a request names, the one it is most about first.
    pub fn named_in(&self, request: &Message) -> Vec<String> {
        let (msisdn, user_name) = user_of(request);
        let by_imsi = user_name.and_then(|imsi| Some(self.hss.of_imsi(&imsi)?.to_owned()));
        let tpdu = request
            .tpdu()
            .filter(|_| request.command == Command::MO_FORWARD);
        let submit = tpdu.and_then(|t| Tpdu::decode(t, Direction::ToCentre, Inside::Data).ok());
        let to = match submit.map(|decoded| decoded.tpdu) {
            Some(Tpdu::Submit(submit)) => submit.destination.text(),
            Some(Tpdu::Command(command)) => command.destination.text(),
            _ => None,
        };
        let named = [to, msisdn, by_imsi].into_iter().flatten();
        named.map(|number| key(&number)).collect()
    }

    fn remember(&mut self, id: u64, taken: Taken) {
        if self.taken.len() >= MOST_TAKEN {
            self.taken.pop_first();
        }
        self.taken.insert(id, taken);
    }
}

impl Switchboard {
    pub(super) fn is_over_ip(&self) -> bool {
        self.diameter.as_ref().is_some_and(|side| side.over_ip)
    }

    /// The HSS holds these data of a CPM user; what passes about them goes into `tap`. False on a carriage without HSS.
    pub fn hold(&mut self, number: &str, tap: Tap, data: SubscriberData) -> bool {
        let Some(side) = &mut self.diameter else {
            return false;
        };
        // He has an IMSI and a serving node as any subscriber.
        side.hss.place(number, Place::Served);
        side.hss.hold(number, data);
        side.subscribers.insert(key(number), tap);
        true
    }

    /// The HSS is done with a CPM user.
    pub fn release(&mut self, number: &str) {
        if let Some(side) = &mut self.diameter {
            side.forget(number);
            side.subscribers.remove(&key(number));
        }
    }

    /// Tells the system what the HSS holds of a user (PNR).
    pub fn push(&mut self, number: &str) {
        let now = self.clock.now();
        let side = self.diameter.as_ref();
        let avps = side.and_then(|side| side.hss.notification(number));
        let link = self
            .links
            .iter_mut()
            .find(|(_, link)| link.session.receives());
        let (Some(avps), Some((id, link))) = (avps, link) else {
            return;
        };
        if let Session::Diameter(machine) = &mut link.session {
            self.counter += 1;
            let push = ServiceCentreCommand::Push {
                label: self.counter,
                concerns: key(number),
                avps,
            };
            machine.handle(now, Input::Command(push));
            self.dirty.push(*id);
            self.settle();
        }
    }

    pub(super) fn service_centre_said(&mut self, id: FlowId, event: ServiceCentreEvent) {
        match event {
            ServiceCentreEvent::Open { host, realm } => {
                self.peer = Some((host, realm));
                self.ready();
            }
            ServiceCentreEvent::Ended => self.tell_bound(),
            ServiceCentreEvent::Concerns { hop_by_hop, number } => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.concerns(hop_by_hop, &number);
                }
            }
            ServiceCentreEvent::Requested(request) => self.requested(id, request),
            ServiceCentreEvent::Delivered { label, .. } => self.over(label, None),
            ServiceCentreEvent::NotDelivered { label, why } => self.over(label, Some(why)),
            ServiceCentreEvent::Trouble(what) => self.note(what),
        }
    }

    fn requested(&mut self, id: FlowId, request: Box<Message>) {
        match (request.application, request.command) {
            (application::SGD, Command::MO_FORWARD) => self.mobile_originated(id, request),
            (application::SGD, Command::MT_FORWARD) => self.mobile_terminated(id, request),
            (_, Command::ALERT_SERVICE_CENTRE) => {
                self.reply(id, request.clone(), SUCCESS, Vec::new());
                self.try_again(&request);
            }
            _ => {
                let side = self.diameter.as_mut();
                let answer = side.and_then(|side| side.hss.answer(&request));
                let unknown = || (ResultCode::Base(result::COMMAND_UNSUPPORTED), Vec::new());
                let (result, avps) = answer.unwrap_or_else(unknown);
                self.reply(id, request, result, avps);
            }
        }
    }

    fn reply(&mut self, id: FlowId, to: Box<Message>, result: ResultCode, avps: Vec<Avp>) {
        let now = self.clock.now();
        if let Some(link) = self.links.get_mut(&id)
            && let Session::Diameter(machine) = &mut link.session
        {
            let answer = ServiceCentreCommand::Answer { to, result, avps };
            machine.handle(now, Input::Command(answer));
            self.dirty.push(id);
        }
    }

    /// RFC 6733 section 7.1.5: the missing AVP goes back as an example, empty.
    fn lacks(&mut self, id: FlowId, request: Box<Message>, what: &str, example: Avp) {
        self.note(format!("{} without {what}", request.name()));
        let failed = Avp::group(name::FAILED_AVP, &[example]);
        let result = ResultCode::Base(result::MISSING_AVP);
        self.reply(id, request, result, vec![failed]);
    }

    /// OFR.
    fn mobile_originated(&mut self, id: FlowId, request: Box<Message>) {
        let (msisdn, _) = user_of(&request);
        let Some(tpdu) = request.tpdu() else {
            let example = Avp::new(name::SM_RP_UI, Vec::new());
            return self.lacks(id, request, "SM-RP-UI", example);
        };
        let Some(from) = msisdn else {
            let example = Avp::group(name::USER_IDENTIFIER, &[]);
            return self.lacks(id, request, "User-Identifier with MSISDN", example);
        };
        let submit = match Tpdu::decode(tpdu, Direction::ToCentre, Inside::Data) {
            Ok(decoded) => decoded.tpdu,
            Err(malformed) => return self.unreadable(id, request, &malformed.to_string()),
        };
        let Tpdu::Submit(submit) = submit else {
            // The service centre takes a command and has nothing to do for it.
            let answer = transfer::submission_answer(0, stamp());
            return self.reply(id, request, answer.0, answer.1);
        };
        match transfer::submission(&from, &submit) {
            Ok(message) => {
                let taken = Taken {
                    reference: submit.reference,
                    time_stamp: stamp(),
                };
                let number = self.message_id + 1;
                if let Some(side) = &mut self.diameter {
                    side.remember(number, taken);
                }
                self.taken(id, Asked::Diameter(request), message, Vec::new());
            }
            Err(malformed) => self.unreadable(id, request, &malformed.to_string()),
        }
    }

    /// TFR: the system delivers to a user whom this node serves as his MME.
    fn mobile_terminated(&mut self, id: FlowId, request: Box<Message>) {
        let side = self.diameter.as_ref();
        let user_name = request.text(name::USER_NAME);
        let number = side
            .and_then(|side| side.hss.of_imsi(user_name?))
            .map(str::to_owned);
        let Some(number) = number else {
            self.note("TFR to a user who is not served here".to_owned());
            let unknown = ResultCode::Experimental {
                vendor: crate::wire::diameter::vendor::TGPP,
                code: result::USER_UNKNOWN,
            };
            return self.reply(id, request, unknown, Vec::new());
        };
        let Some(tpdu) = request.tpdu() else {
            let example = Avp::new(name::SM_RP_UI, Vec::new());
            return self.lacks(id, request, "SM-RP-UI", example);
        };
        match Tpdu::decode(tpdu, Direction::ToStation, Inside::Data).map(|d| d.tpdu) {
            Ok(Tpdu::Deliver(deliver)) => {
                match transfer::arrival(&format!("+{number}"), &deliver) {
                    Ok(message) => {
                        self.taken(id, Asked::Diameter(request), message, Vec::new());
                    }
                    Err(malformed) => self.unreadable(id, request, &malformed.to_string()),
                }
            }
            Ok(_) => {
                let (result, avps) = transfer::delivery_answer(0);
                self.reply(id, request, result, avps);
            }
            Err(malformed) => self.unreadable(id, request, &malformed.to_string()),
        }
    }

    fn unreadable(&mut self, id: FlowId, request: Box<Message>, why: &str) {
        self.note(format!("{} with a malformed TPDU: {why}", request.name()));
        let (result, avps) = transfer::submission_answer(u32::MAX, stamp());
        self.reply(id, request, result, avps);
    }

    /// OFA or TFA. A serving node does not store and forward: it says when the handset cannot be reached.
    pub(super) fn answer_submission(
        &mut self,
        request: &Message,
        submitted: &Submitted,
        status: u32,
    ) {
        let side = self.diameter.as_ref();
        let taken = side.and_then(|side| side.taken.get(&submitted.message_id));
        let reached = submitted.acceptance.reaches || status != 0;
        let (result, avps) = match request.command {
            Command::MT_FORWARD if !reached => transfer::absent(),
            Command::MT_FORWARD => transfer::delivery_answer(status),
            _ => transfer::submission_answer(status, taken.map_or_else(stamp, |t| t.time_stamp)),
        };
        self.reply(submitted.flow, Box::new(request.clone()), result, avps);
    }

    /// A handset's short message, or a report, goes to the system. Gives the label of the last delivery it became.
    pub(super) fn forward(&mut self, now: Time, id: FlowId, waiting: &ToSystem) -> Option<u64> {
        let outgoing = &waiting.outgoing;
        let side = self.diameter.as_ref()?;
        let attached = self.numbers.get(&waiting.owner);
        let behaviour = attached.map(|a| a.handset.behaviour());
        let stray = behaviour.is_some_and(|b| b.unknown_identity);
        let sent = behaviour.and_then(|b| b.time_stamp).unwrap_or_else(stamp);
        let tpdus: Vec<Vec<u8>> = match outgoing.reports {
            Some((about, status)) => {
                let taken = side.taken.get(&about)?;
                let report = transfer::status_report(outgoing, *taken, status, stamp());
                vec![Tpdu::StatusReport(report).encode()]
            }
            None => transfer::delivers(outgoing, sent)
                .into_iter()
                .map(|deliver| Tpdu::Deliver(deliver).encode())
                .collect(),
        };
        let mut last = None;
        for tpdu in tpdus {
            self.counter += 1;
            let delivery = Delivery {
                label: self.counter,
                concerns: waiting.owner.clone(),
                to: key(&outgoing.message.dest),
                tpdu,
                is_report: outgoing.reports.is_some(),
                identity: stray.then(|| UNKNOWN_IDENTITY.to_owned()),
            };
            last = Some(delivery.label);
            self.start(now, id, delivery);
        }
        last
    }

    fn start(&mut self, now: Time, id: FlowId, delivery: Delivery) {
        let Some(Session::Diameter(machine)) = self.links.get_mut(&id).map(|l| &mut l.session)
        else {
            return;
        };
        if let Some(side) = &mut self.diameter {
            side.under_way.insert(delivery.label, delivery.clone());
        }
        let command = ServiceCentreCommand::Deliver(Box::new(delivery));
        machine.handle(now, Input::Command(command));
        self.dirty.push(id);
    }

    /// A short message whose recipient or sender is served by the system goes (back) to it.
    pub(super) fn send_on(&mut self, now: Time, mut submitted: Submitted) {
        let message = &submitted.message;
        // Shown when it is on its way, so that an answer knows where to go; and what is to be reported is known as soon.
        if let Some(attached) = self.numbers.get_mut(&key(&message.dest_number())) {
            if std::mem::take(&mut submitted.acceptance.unreported) {
                attached.handset.unreported(message, submitted.message_id);
            }
            if let Ok(Some(_)) = attached.handset.arrives(now, message, &submitted.tlvs) {
                attached.arrivals.send_modify(|count| *count += 1);
            }
        }
        let (sender, recipient) = (key(&message.source), key(&message.dest_number()));
        let owner = match self.numbers.contains_key(&sender) {
            true => sender,
            false => recipient,
        };
        let outgoing = Outgoing {
            message: message.clone(),
            tlvs: submitted.tlvs.clone(),
            by_data_sm: false,
            reports: None,
        };
        let link = self.links.iter().find(|(_, link)| link.session.receives());
        let Some(id) = link.map(|(id, _)| *id) else {
            self.note("a short message was lost: the system is not connected".to_owned());
            return;
        };
        let label = self.forward(now, id, &ToSystem { owner, outgoing });
        if let (Some(label), Some(side)) = (label, &mut self.diameter)
            && side.awaited.len() < MOST_AWAITED
        {
            side.awaited.insert(label, submitted);
        }
    }

    /// A delivery to the system has ended: with success if there is no reason why not.
    fn over(&mut self, label: u64, why: Option<Undelivered>) {
        let now = self.clock.now();
        let Some(side) = &mut self.diameter else {
            return;
        };
        let delivery = side.under_way.remove(&label);
        let awaited = side.awaited.remove(&label);
        if let (Some(why), Some(delivery)) = (&why, delivery) {
            let code = match why {
                Undelivered::Refused(answer) => answer.result().map(ResultCode::code),
                _ => None,
            };
            let said = match (why, code) {
                (Undelivered::Refused(answer), code) => {
                    format!("{} {}", answer.name(), code.unwrap_or_default())
                }
                (Undelivered::Incomplete(what), _) => format!("SRA without {what}"),
                (Undelivered::Unanswered, _) => "no answer".to_owned(),
            };
            let to = &delivery.to;
            let note = format!("a short message did not reach {to}: {said}");
            if code == Some(result::ABSENT_USER) && side.kept.len() < MOST_KEPT {
                side.kept.push(delivery);
            }
            self.note(note);
        }
        if let Some(submitted) = awaited {
            self.sent_on(now, &submitted, why.is_none());
        }
    }

    /// What became of a message that was sent on is reported to its sender, if he wants to know.
    fn sent_on(&mut self, now: Time, submitted: &Submitted, delivered: bool) {
        let message = &submitted.message;
        let told = submitted.acceptance.receipt;
        let receipt = match delivered {
            true => told,
            false => told.map(|(_, after)| (UNREACHED, after)),
        };
        let recipient = key(&message.dest_number());
        if self.numbers.contains_key(&recipient) {
            let acceptance = Acceptance {
                receipt,
                ..submitted.acceptance.clone()
            };
            self.report_on(now, message, &acceptance, submitted.message_id);
        } else if let Some((status, after)) = receipt {
            let nobody = SmsHandset::new(&message.dest_number(), 0, Default::default());
            let id = submitted.message_id;
            let outgoing = nobody.receipt(message, id, status, ("", ""));
            let owner = key(&message.source);
            let report = super::Due::Deliver(Box::new(ToSystem { owner, outgoing }));
            self.later(now + after, report);
        }
    }

    /// A user is there again: what waited for him goes.
    fn try_again(&mut self, alert: &Message) {
        let now = self.clock.now();
        let (msisdn, _) = user_of(alert);
        let link = self.links.iter().find(|(_, link)| link.session.receives());
        let (Some(id), Some(side)) = (link.map(|(id, _)| *id), &mut self.diameter) else {
            return;
        };
        let here = |delivery: &Delivery| Some(&delivery.to) == msisdn.as_ref();
        let (again, kept) = std::mem::take(&mut side.kept).into_iter().partition(here);
        side.kept = kept;
        let again: Vec<Delivery> = again;
        for delivery in again {
            self.start(now, id, delivery);
        }
    }
}

const SUCCESS: ResultCode = ResultCode::Base(result::SUCCESS);

/// Now as the service centre stamps times, in GMT.
fn stamp() -> TimeStamp {
    TimeStamp::of_instant(crate::capture::calendar::now(), 0).unwrap_or(TimeStamp([0; 7]))
}
