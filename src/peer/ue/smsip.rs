//! The UE as sender and receiver of short messages over IP (3GPP TS 24.341 clauses 5.3.1 and 5.3.2): RP messages in SIP MESSAGE.
//!
//! Submits one RP-DATA at a time, as 3GPP TS 24.011 clause 6.2 has it, confirms what is delivered, and says when memory is available
//! again. Bodies are binary as they are (RFC 3261 section 7.4.1); base64 is never used.
use std::collections::VecDeque;

use super::compose::Identity;
use super::msisdn_less::{self, DUMMY};
use super::{Ue, UeEvent, Use};
use crate::peer::Time;
use crate::peer::behaviour::ReportOrder;
use crate::peer::transaction::ServerId;
use crate::wire::sip::{NameAddr, SipMessage};
use crate::wire::sms::rp::{RpBody, RpMessage};
use crate::wire::sms::tpdu::{DeliverReport, Direction, Parameters, Submit, Tpdu, Unread};
use crate::wire::sms::{Address, DataCoding, ReferenceWidth, RpAddress, TpUserData, split_text};

/// Media type of an encapsulated short message, 3GPP TS 24.341 clause 5.3.
pub(super) const ENCAPSULATED: &str = "application/vnd.3gpp.sms";
/// TP-FCS "unspecified error cause", 3GPP TS 23.040 clause 9.2.3.22.
const UNSPECIFIED: u8 = 0xff;

/// A short message to be submitted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShortMessageOrder {
    /// `+E.164`, digits or a SIP URI without a number; empty answers the sender of the last one received.
    pub to: String,
    pub text: String,
    /// Asks for a status report (TP-SRR).
    pub status_report: bool,
}

/// What a UE knows of its short messages.
#[derive(Debug, Default)]
pub(super) struct ShortMessages {
    /// RP message reference used last.
    reference: u8,
    /// TP message reference used last.
    tp_reference: u8,
    /// Parts that wait until the one before is reported, and the SIP URI of a recipient without a number.
    waiting: VecDeque<(Tpdu, Option<String>)>,
    /// RP message reference of the submission under way.
    under_way: Option<u8>,
    last_sender: Option<String>,
}

impl ShortMessages {
    fn next_reference(&mut self) -> u8 {
        self.reference = self.reference.wrapping_add(1);
        self.reference
    }
}

impl Ue {
    pub(super) fn submit_short_message(&mut self, now: Time, order: &ShortMessageOrder) {
        let to = match order.to.as_str() {
            "" => self.short_messages.last_sender.clone(),
            to => Some(to.to_owned()),
        };
        let Some(to) = to else {
            return self.problem("no short message has come that could be answered".to_owned());
        };
        let (to, uri) = match to.starts_with("sip:") {
            true => (DUMMY.to_owned(), Some(to)),
            false => (to, None),
        };
        let messages = &mut self.short_messages;
        let reference = u16::from(messages.tp_reference.wrapping_add(1));
        let Some(segments) = split_text(&order.text, reference, ReferenceWidth::Eight) else {
            return self.problem("the short message needs more than 255 parts".to_owned());
        };
        for segment in segments {
            messages.tp_reference = messages.tp_reference.wrapping_add(1);
            let submit = Submit::new(
                messages.tp_reference,
                Address::of_number(&to),
                DataCoding::of(segment.coding),
                TpUserData::of_segment(&segment),
            );
            let submit = Tpdu::Submit(Submit {
                status_report: order.status_report,
                ..submit
            });
            messages.waiting.push_back((submit, uri.clone()));
        }
        self.submit_next(now);
    }

    pub(super) fn submit_written(&mut self, now: Time, written: Vec<Submit>) {
        let messages = &mut self.short_messages;
        for mut submit in written {
            messages.tp_reference = messages.tp_reference.wrapping_add(1);
            submit.reference = messages.tp_reference;
            messages.waiting.push_back((Tpdu::Submit(submit), None));
        }
        self.submit_next(now);
    }

    fn submit_next(&mut self, now: Time) {
        if self.short_messages.under_way.is_some() {
            return;
        }
        let Some((tpdu, uri)) = self.short_messages.waiting.pop_front() else {
            return;
        };
        let reference = self.short_messages.next_reference();
        self.short_messages.under_way = Some(reference);
        let centre = RpAddress::of_number(&self.config.service_centre);
        let message = RpMessage::data(Direction::ToCentre, reference, centre, &tpdu);
        let psi = self.service_centre_psi();
        let mut request = self.encapsulating(&psi, &message, None);
        if let Some(uri) = uri {
            msisdn_less::address_to(&mut request, &message, &uri);
        }
        let hop = self.hop_to_system();
        self.send_request(now, request, hop, Use::Plain(message.name().to_owned()));
    }

    /// RP-SMMA, 3GPP TS 24.341 clause 5.3.2.5.
    pub(super) fn memory_available(&mut self, now: Time) {
        let reference = self.short_messages.next_reference();
        let message = RpMessage::new(Direction::ToCentre, reference, RpBody::MemoryAvailable);
        let psi = self.service_centre_psi();
        self.send_encapsulated(now, &psi, &message, None);
    }

    fn service_centre_psi(&self) -> String {
        let config = &self.config;
        format!("sip:{}@{};user=phone", config.service_centre, config.domain)
    }

    fn send_encapsulated(
        &mut self,
        now: Time,
        to: &str,
        message: &RpMessage,
        in_reply_to: Option<&str>,
    ) {
        let request = self.encapsulating(to, message, in_reply_to);
        let hop = self.hop_to_system();
        self.send_request(now, request, hop, Use::Plain(message.name().to_owned()));
    }

    fn encapsulating(
        &mut self,
        to: &str,
        message: &RpMessage,
        in_reply_to: Option<&str>,
    ) -> SipMessage {
        let (tag, call_id) = (self.ids.tag(), self.ids.call_id());
        let config = &self.config;
        let identity = Identity { config };
        let mut request = SipMessage::request("MESSAGE", to);
        request.push("Max-Forwards", "70");
        let from = format!("<{}>;tag={tag}", identity.public_uri());
        request.push("From", from);
        request.push("To", format!("<{to}>"));
        request.push("Call-ID", call_id);
        request.push("CSeq", "1 MESSAGE");
        request.push("P-Asserted-Identity", identity.asserted());
        if let Some(call_id) = in_reply_to {
            request.push("In-Reply-To", call_id);
        }
        request.set_body(ENCAPSULATED, message.encode());
        request
    }

    /// A MESSAGE that encapsulates a short message: answered first, then reported on, unless the behaviour wants it otherwise.
    pub(super) fn encapsulated_received(
        &mut self,
        now: Time,
        server: &ServerId,
        request: &SipMessage,
    ) {
        let code = self.config.behaviour.message_answer.unwrap_or(200);
        let body = request.body_of(ENCAPSULATED).unwrap_or_default();
        let message = RpMessage::decode(&body).ok();
        let order = self.config.behaviour.short_messages.report;
        let report = message
            .as_ref()
            .filter(|_| (200..300).contains(&code) && order != ReportOrder::Never)
            .filter(|message| matches!(message.body, RpBody::Data { .. }))
            .map(|message| self.delivery_report(message.reference));
        let gateway = request
            .values("P-Asserted-Identity")
            .first()
            .copied()
            .or_else(|| request.header("From"))
            .and_then(|value| NameAddr::parse(value).ok())
            .map_or_else(String::new, |address| address.uri.as_str().to_owned());
        let report = report.map(|report| (report, request.call_id().map(str::to_owned)));
        if order == ReportOrder::BeforeAnswer
            && let Some((report, call_id)) = &report
        {
            self.send_encapsulated(now, &gateway, report, call_id.as_deref());
        }
        self.answer(now, server, request, code);
        if order == ReportOrder::AfterAnswer
            && let Some((report, call_id)) = &report
        {
            self.send_encapsulated(now, &gateway, report, call_id.as_deref());
        }
        match message {
            Some(message) => self.relayed(now, &message),
            None => self.problem("a MESSAGE whose body is no RP message".to_owned()),
        }
    }

    fn delivery_report(&self, reference: u8) -> RpMessage {
        let behaviour = &self.config.behaviour.short_messages;
        let reference = reference.wrapping_add(u8::from(behaviour.wrong_reference));
        let report = |failure_cause| {
            Tpdu::DeliverReport(DeliverReport {
                failure_cause,
                parameters: Parameters::default(),
                unread: Unread::default(),
            })
        };
        match behaviour.refuse {
            Some(cause) => {
                let inside = report(Some(UNSPECIFIED));
                RpMessage::error(Direction::ToCentre, reference, cause, Some(&inside))
            }
            None => RpMessage::ack(Direction::ToCentre, reference, Some(&report(None))),
        }
    }

    /// What an RP message from the network means for us.
    fn relayed(&mut self, now: Time, message: &RpMessage) {
        match &message.body {
            RpBody::Data { .. } => {
                let decoded = message.tpdu().and_then(Result::ok).map(|found| found.tpdu);
                if let Some(Tpdu::Deliver(deliver)) = decoded {
                    let from = deliver.originator.text().unwrap_or_default();
                    let text = deliver.user_data.text(deliver.data_coding).ok().flatten();
                    self.short_messages.last_sender = Some(from.clone());
                    self.tell(UeEvent::ShortMessageReceived { from, text });
                }
            }
            RpBody::Ack { .. } | RpBody::Error { .. } => {
                if self.short_messages.under_way != Some(message.reference) {
                    return;
                }
                self.short_messages.under_way = None;
                if message.cause().is_some() {
                    self.short_messages.waiting.clear();
                }
                self.tell(UeEvent::ShortMessageReported {
                    cause: message.cause(),
                });
                self.submit_next(now);
            }
            RpBody::MemoryAvailable => {}
        }
    }
}
