//! What becomes of a short message: the answer to its submission, its way to the handset, its receipt, its delivery to the system.
//!
//! The handset decides; here its decisions are carried out at their times.
use super::{Asked, Due, MOST_QUEUED, Submitted, Switchboard, ToSystem};
use crate::capture::centre::Session;
use crate::capture::link::key;
use crate::peer::handset::Acceptance;
use crate::peer::smsc::SmscCommand;
use crate::peer::{FlowId, Input, Machine, Time};
use crate::wire::diameter::Command;
use crate::wire::smpp::{Pdu, ShortMessagePdu, Tlv};

/// How far a receipt that comes before the answer is ahead of it.
const RECEIPT_AHEAD: Time = Time::from_millis(40);

impl Switchboard {
    pub(super) fn submitted(&mut self, flow: FlowId, pdu: Pdu) {
        let Some(message) = pdu.short_message().cloned() else {
            return;
        };
        let asked = Asked::Smpp {
            command: pdu.command,
            sequence: pdu.sequence,
        };
        self.taken(flow, asked, message, pdu.tlvs);
    }

    /// A short message for a handset has come: when it is answered, and how. Gives the number it got.
    pub(super) fn taken(
        &mut self,
        flow: FlowId,
        asked: Asked,
        message: ShortMessagePdu,
        tlvs: Vec<Tlv>,
    ) -> u64 {
        let number = message.dest_number();
        let acceptance = match self.numbers.get(&key(&number)) {
            Some(attached) => attached.handset.accepts(&message),
            None => self.accepts_for_others(&message),
        };
        self.message_id += 1;
        let acceptance = self.receipt_first(&message, acceptance);
        let answer_after = acceptance.answer_after;
        let submitted = Submitted {
            flow,
            asked,
            message,
            tlvs,
            acceptance,
            message_id: self.message_id,
        };
        self.later(
            self.clock.now() + answer_after,
            Due::Answer(Box::new(submitted)),
        );
        self.message_id
    }

    /// What becomes of a short message to a number without handset: over IP it goes to the system, elsewhere it is lost.
    fn accepts_for_others(&mut self, message: &ShortMessagePdu) -> Acceptance {
        let onwards = self.is_over_ip();
        if !onwards {
            let number = message.dest_number();
            self.note(format!("a short message to {number}, which no handset has"));
        }
        let wanted = onwards && message.registered_delivery & 0x03 != 0;
        Acceptance {
            answer: Some(0),
            answer_after: Time::ZERO,
            reaches: onwards,
            receipt: wanted.then_some((0, Time::ZERO)),
            unreported: false,
        }
    }

    /// Sends the receipt at once and the answer after it, if the handset's behaviour is so.
    fn receipt_first(&mut self, message: &ShortMessagePdu, accepted: Acceptance) -> Acceptance {
        let attached = self.numbers.get(&key(&message.dest_number()));
        let hasty = attached.filter(|a| a.handset.behaviour().receipt_before_answer);
        let (Some(attached), Some((status, _))) = (hasty, accepted.receipt) else {
            return accepted;
        };
        let stamp = minute();
        let times = (stamp.as_str(), stamp.as_str());
        let outgoing = attached
            .handset
            .receipt(message, self.message_id, status, times);
        let owner = key(&message.dest_number());
        let receipt = ToSystem { owner, outgoing };
        self.later(self.clock.now(), Due::Deliver(Box::new(receipt)));
        Acceptance {
            answer_after: accepted.answer_after.max(RECEIPT_AHEAD),
            receipt: None,
            ..accepted
        }
    }

    pub(super) fn happen(&mut self, now: Time, what: Due) {
        match what {
            Due::Answer(submitted) => {
                self.answer(now, &submitted);
                self.outcome(now, *submitted);
            }
            Due::Deliver(outgoing) => self.deliver(now, outgoing),
        }
    }

    fn answer(&mut self, now: Time, submitted: &Submitted) {
        let Some(status) = submitted.acceptance.answer else {
            return;
        };
        let Some(link) = self.links.get_mut(&submitted.flow) else {
            return;
        };
        match (&mut link.session, &submitted.asked) {
            (Session::Smpp(machine), Asked::Smpp { command, sequence }) => {
                let answer = SmscCommand::Answer {
                    command: *command,
                    sequence: *sequence,
                    status,
                    message_id: submitted.message_id.to_string(),
                };
                machine.handle(now, Input::Command(answer));
                self.dirty.push(submitted.flow);
            }
            (_, Asked::Diameter(request)) => self.answer_submission(request, submitted, status),
            (Session::Diameter(_), Asked::Smpp { .. }) => {}
        }
    }

    /// The message reaches its handset, and the receipt is on its way.
    fn outcome(&mut self, now: Time, submitted: Submitted) {
        // What the system delivers to the handset's serving node has come by the system already.
        let onwards = self.is_over_ip() && !is_delivery(&submitted.asked);
        if submitted.acceptance.reaches && onwards {
            self.send_on(now, submitted);
            return;
        }
        let (message, acceptance) = (&submitted.message, &submitted.acceptance);
        let Some(attached) = self.numbers.get_mut(&key(&message.dest_number())) else {
            return;
        };
        let mut unreadable = None;
        if acceptance.reaches {
            match attached.handset.arrives(now, message, &submitted.tlvs) {
                Ok(Some(_)) => attached.arrivals.send_modify(|count| *count += 1),
                Ok(None) => {}
                Err(malformed) => unreadable = Some(malformed),
            }
        }
        if let Some(malformed) = unreadable {
            let number = message.dest_number();
            self.note(format!("{number} cannot show a short message: {malformed}"));
        }
        self.report_on(now, message, acceptance, submitted.message_id);
    }

    /// The receipt of a message goes, or is kept until it is ordered.
    pub(super) fn report_on(
        &mut self,
        now: Time,
        message: &ShortMessagePdu,
        acceptance: &Acceptance,
        message_id: u64,
    ) {
        let owner = key(&message.dest_number());
        let Some(attached) = self.numbers.get_mut(&owner) else {
            return;
        };
        if acceptance.unreported {
            attached.handset.unreported(message, message_id);
        }
        if let Some((status, after)) = acceptance.receipt {
            let stamp = minute();
            let times = (stamp.as_str(), stamp.as_str());
            let outgoing = attached.handset.receipt(message, message_id, status, times);
            let receipt = ToSystem { owner, outgoing };
            self.later(now + after, Due::Deliver(Box::new(receipt)));
        }
    }

    /// Reports on short messages whose reports were withheld, by place and TP-ST.
    pub fn report(&mut self, number: &str, reports: &[(usize, u8)]) {
        let stamp = minute();
        let times = (stamp.as_str(), stamp.as_str());
        self.write(number, |handset| handset.report(reports, times));
    }

    fn deliver(&mut self, now: Time, waiting: Box<ToSystem>) {
        let receiver = self.links.iter_mut().find(|(_, l)| l.session.receives());
        let Some((id, link)) = receiver else {
            if self.queued.len() < MOST_QUEUED {
                self.queued.push_back(waiting);
            } else {
                self.note("a delivery was dropped: the system has taken none for long".to_owned());
            }
            return;
        };
        let id = *id;
        match &mut link.session {
            Session::Smpp(machine) => {
                self.counter += 1;
                let outgoing = waiting.outgoing;
                let command = SmscCommand::Deliver {
                    label: self.counter,
                    message: Box::new(outgoing.message),
                    tlvs: outgoing.tlvs,
                    by_data_sm: outgoing.by_data_sm,
                };
                machine.handle(now, Input::Command(command));
                self.dirty.push(id);
            }
            Session::Diameter(_) => drop(self.forward(now, id, &waiting)),
        }
    }
}

/// The system brought it to the serving node of the handset (TFR), and to no service centre.
fn is_delivery(asked: &Asked) -> bool {
    matches!(asked, Asked::Diameter(request) if request.command == Command::MT_FORWARD)
}

/// Now as receipts write times: YYMMDDhhmm.
fn minute() -> String {
    crate::capture::calendar::now()
        .strftime("%y%m%d%H%M")
        .to_string()
}
