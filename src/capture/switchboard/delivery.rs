//! What becomes of a short message: the answer to its submission, its way to the handset, its receipt, its delivery to an ESME.
//!
//! The handset decides; here its decisions are carried out at their times.
use super::{Due, MOST_QUEUED, Switchboard};
use crate::capture::link::key;
use crate::peer::handset::{Acceptance, Outgoing};
use crate::peer::smsc::SmscCommand;
use crate::peer::{FlowId, Input, Machine, Time};
use crate::wire::smpp::{Pdu, ShortMessagePdu};

/// How far a receipt that comes before the answer is ahead of it.
const RECEIPT_AHEAD: Time = Time::from_millis(40);

impl Switchboard {
    pub(super) fn submitted(&mut self, flow: FlowId, pdu: Box<Pdu>) {
        let Some(message) = pdu.short_message() else {
            return;
        };
        let number = message.dest_number();
        let acceptance = match self.numbers.get(&key(&number)) {
            Some(attached) => attached.handset.accepts(message),
            None => {
                self.note(format!("a short message to {number}, which no handset has"));
                Acceptance {
                    answer: Some(0),
                    answer_after: Time::ZERO,
                    reaches: false,
                    receipt: None,
                    unreported: false,
                }
            }
        };
        self.message_id += 1;
        let acceptance = self.receipt_first(message, acceptance);
        let answer = Due::Answer {
            flow,
            pdu,
            message_id: self.message_id,
            acceptance: acceptance.clone(),
        };
        self.later(self.clock.now() + acceptance.answer_after, answer);
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
        let receipt = attached
            .handset
            .receipt(message, self.message_id, status, times);
        self.later(self.clock.now(), Due::Deliver(Box::new(receipt)));
        Acceptance {
            answer_after: accepted.answer_after.max(RECEIPT_AHEAD),
            receipt: None,
            ..accepted
        }
    }

    pub(super) fn happen(&mut self, now: Time, what: Due) {
        match what {
            Due::Answer {
                flow,
                pdu,
                acceptance,
                message_id,
            } => {
                self.answer(now, flow, &pdu, &acceptance, message_id);
                if let Some(message) = pdu.short_message() {
                    self.outcome(now, &pdu, message, &acceptance, message_id);
                }
            }
            Due::Deliver(outgoing) => self.deliver(now, outgoing),
        }
    }

    fn answer(
        &mut self,
        now: Time,
        flow: FlowId,
        pdu: &Pdu,
        acceptance: &Acceptance,
        message_id: u64,
    ) {
        if let (Some(status), Some(link)) = (acceptance.answer, self.links.get_mut(&flow)) {
            let answer = SmscCommand::Answer {
                command: pdu.command,
                sequence: pdu.sequence,
                status,
                message_id: message_id.to_string(),
            };
            link.machine.handle(now, Input::Command(answer));
            self.dirty.push(flow);
        }
    }

    /// The message reaches its handset, and the receipt is on its way.
    fn outcome(
        &mut self,
        now: Time,
        pdu: &Pdu,
        message: &ShortMessagePdu,
        acceptance: &Acceptance,
        message_id: u64,
    ) {
        let Some(attached) = self.numbers.get_mut(&key(&message.dest_number())) else {
            return;
        };
        let mut unreadable = None;
        if acceptance.reaches {
            match attached.handset.arrives(now, message, &pdu.tlvs) {
                Ok(Some(_)) => attached.arrivals.send_modify(|count| *count += 1),
                Ok(None) => {}
                Err(malformed) => unreadable = Some(malformed),
            }
        }
        if acceptance.unreported {
            attached.handset.unreported(message, message_id);
        }
        if let Some((status, after)) = acceptance.receipt {
            let stamp = minute();
            let times = (stamp.as_str(), stamp.as_str());
            let receipt = attached.handset.receipt(message, message_id, status, times);
            self.later(now + after, Due::Deliver(Box::new(receipt)));
        }
        if let Some(malformed) = unreadable {
            let number = message.dest_number();
            self.note(format!("{number} cannot show a short message: {malformed}"));
        }
    }

    /// Reports on short messages whose reports were withheld, by place and TP-ST.
    pub fn report(&mut self, number: &str, reports: &[(usize, u8)]) {
        let stamp = minute();
        let times = (stamp.as_str(), stamp.as_str());
        self.write(number, |handset| handset.report(reports, times));
    }

    fn deliver(&mut self, now: Time, outgoing: Box<Outgoing>) {
        let receiver = self.links.iter_mut().find(|(_, l)| l.machine.receives());
        let Some((id, link)) = receiver else {
            if self.queued.len() < MOST_QUEUED {
                self.queued.push_back(outgoing);
            } else {
                self.note("a delivery was dropped: no ESME has taken any for long".to_owned());
            }
            return;
        };
        let id = *id;
        self.counter += 1;
        let command = SmscCommand::Deliver {
            label: self.counter,
            message: Box::new(outgoing.message),
            tlvs: outgoing.tlvs,
            by_data_sm: outgoing.by_data_sm,
        };
        link.machine.handle(now, Input::Command(command));
        self.dirty.push(id);
    }
}

/// Now as receipts write times: YYMMDDhhmm.
fn minute() -> String {
    jiff::Timestamp::now().strftime("%y%m%d%H%M").to_string()
}
