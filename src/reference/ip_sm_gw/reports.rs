//! Delivery reports: what the CPM user asked to learn about a chat message, against what the SMSC says (3GPP TS 23.204 clause 6.18).
//!
//! A request in MSRP is answered by REPORT, one in CPIM by an IMDN in the chat (catalogue A10). Failures are told to who did not decline.

use super::relay::ChatMessage;
use super::session::Session;
use super::session_sms;
use super::{Gateway, failure, locked};
use crate::reference::faults::Fault;
use crate::reference::short_message::{Handover, Report, ReportReference, Submission};
use crate::reference::user_agent::msrp::{MsrpControl, MsrpOutgoing, MsrpReceipt};
use crate::wire::cpim::{CpimMessage, Imdn, ImdnStatus};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Reports waited for; the oldest are given up first.
const MOST_EXPECTED: usize = 50_000;

/// What is owed for one chat message.
struct Owed {
    parts: usize,
    done: bool,
    receipt: MsrpReceipt,
    message: ChatMessage,
    control: MsrpControl,
    originator: String,
    sms_user: String,
}

/// Reports owed, by what the report will name.
#[derive(Default)]
pub struct Expected {
    by_id: HashMap<ReportReference, Arc<Mutex<Owed>>>,
    order: VecDeque<ReportReference>,
}

impl Expected {
    fn insert(&mut self, id: ReportReference, owed: Arc<Mutex<Owed>>) {
        if self.by_id.insert(id.clone(), owed).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > MOST_EXPECTED {
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
    }
}

/// Follows one chat message's submissions to their reports.
//= M2S-13
//= DR-07
pub fn expect(
    session: &Session,
    submissions: Vec<Submission>,
    receipt: MsrpReceipt,
    message: &ChatMessage,
    control: &MsrpControl,
) {
    let (gateway, replaced) = (session.gateway.clone(), session.replaced.clone());
    let mut owed = Owed {
        parts: submissions.len(),
        done: false,
        receipt,
        message: message.clone(),
        control: control.clone(),
        originator: session.invitation.sender.uri.clone(),
        sms_user: session.sms_user.clone(),
    };
    tokio::spawn(async move {
        match session_sms::all(submissions).await {
            Ok(ids) => {
                let asked = &owed.message;
                if asked.success_report || asked.positive_delivery || asked.negative_delivery {
                    let owed = Arc::new(Mutex::new(owed));
                    let mut expected = locked(&gateway.reports);
                    for id in ids {
                        expected.insert(id, owed.clone());
                    }
                }
            }
            Err(error) => {
                tracing::info!(%error, "a chat message was not accepted by the SMSC");
                if gateway.faults.is(Fault::RefusalEndsSession) {
                    replaced.notify_one();
                }
                if !gateway.faults.is(Fault::RefusalNotReported) {
                    let code = failure::of_submission(error).code;
                    owed.tell(&gateway, false, code);
                }
            }
        }
    });
}

/// The code a TP-Status stands for (table 4.6 of the catalogue); `None` = nothing to tell yet, or ever.
//= DR-11
fn code_of(status: u8) -> Option<u16> {
    match status {
        0x00 => Some(200),
        // Not confirmed, replaced, reserved; or the service centre still tries.
        0x01..=0x3f => None,
        // Permanent; 46 is the end of the validity period.
        0x40..=0x45 | 0x47..=0x5f => Some(403),
        // Given up.
        0x46 | 0x60..=0xff => Some(408),
    }
}

/// A delivery report arrived.
//= DR-13
pub fn receive(gateway: &Arc<Gateway>, report: Report) {
    report.answer.give(Handover::Taken);
    let Some(code) = code_of(report.status) else {
        return;
    };
    let found = locked(&gateway.reports).by_id.remove(&report.reference);
    let Some(owed) = found else {
        return;
    };
    let mut owed = locked(&owed);
    if code != 200 {
        return owed.tell(gateway, false, code);
    }
    owed.parts = owed.parts.saturating_sub(1);
    if owed.parts == 0 {
        owed.tell(gateway, true, code);
    }
}

impl Owed {
    /// Tells the CPM user once, in the way he asked.
    //= DR-09
    //= DR-10
    //= DR-14
    fn tell(&mut self, gateway: &Gateway, delivered: bool, code: u16) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.receipt.report(code, failure::reason(code));
        let wanted = if delivered {
            self.message.positive_delivery
        } else {
            self.message.negative_delivery
        };
        let Some(id) = self.message.imdn_id.clone().filter(|_| wanted) else {
            return;
        };
        let notification = Imdn {
            message_id: id,
            datetime: Some(jiff::Timestamp::now().to_string()),
            recipient_uri: Some(format!("tel:{}", self.sms_user)),
            original_recipient_uri: None,
            status: if delivered {
                ImdnStatus::Delivered
            } else {
                ImdnStatus::Failed
            },
        };
        let header = |name: &str, value: String| (name.to_owned(), value);
        let wrapped = CpimMessage {
            headers: vec![
                header("From", format!("<tel:{}>", self.sms_user)),
                header("To", format!("<{}>", self.originator)),
                header("NS", "imdn <urn:ietf:params:imdn>".into()),
                header("imdn.Message-ID", gateway.agent.token()),
            ],
            content_headers: vec![
                header("Content-Type", "message/imdn+xml".into()),
                header("Content-Disposition", "notification".into()),
            ],
            content: notification.to_octets(),
        };
        let send = MsrpOutgoing {
            content_type: Some("message/cpim".into()),
            body: wrapped.to_octets(),
            ..MsrpOutgoing::default()
        };
        let control = self.control.clone();
        tokio::spawn(async move {
            if let Err(error) = control.send(send).await {
                tracing::debug!(%error, "a notification did not reach the chat");
            }
        });
    }
}
