//! Delivery reports: what a CPM user asked to learn about a message, against what the service centre says of its parts (3GPP TS 23.204
//! clauses 6.10 and 6.18).
//!
//! A request in MSRP is answered by REPORT, one in CPIM by a notification in the chat (catalogue A10), one in a pager message by a SIP
//! MESSAGE. Failures are told to who did not decline. What a notification looks like is in `notification`.

use super::notification::{self, Asked};
use super::relay::ChatMessage;
use super::session::Session;
use super::session_sms;
use super::subscribers::Settings;
use super::{Gateway, failure, locked};
use crate::reference::faults::Fault;
use crate::reference::short_message::{Handover, Report, ReportReference, Submission};
use crate::reference::user_agent::msrp::{MsrpControl, MsrpOutgoing, MsrpReceipt};
use crate::wire::cpim::ImdnStatus;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Reports waited for; the oldest are given up first.
const MOST_EXPECTED: usize = 50_000;
/// Reports kept that came before it was known what they are about; the oldest are given up first.
const MOST_EARLY: usize = 1000;

/// What is owed for one message.
struct Owed {
    /// Parts not yet reported as delivered.
    parts: usize,
    done: bool,
    /// T_dr: later reports find nothing.
    until: Instant,
    asked: Asked,
    way: Way,
}

/// How its sender is told.
enum Way {
    Chat {
        receipt: MsrpReceipt,
        control: MsrpControl,
    },
    Pager,
}

/// Reports owed, by what the report will name.
#[derive(Default)]
pub struct Expected {
    by_id: HashMap<ReportReference, Arc<Mutex<Owed>>>,
    order: VecDeque<ReportReference>,
    early: VecDeque<(ReportReference, u8)>,
}

impl Expected {
    /// Gives the status that came before it was waited for, if one did.
    fn insert(&mut self, id: ReportReference, owed: Arc<Mutex<Owed>>) -> Option<u8> {
        if self.by_id.insert(id.clone(), owed).is_none() {
            self.order.push_back(id.clone());
        }
        let now = Instant::now();
        while let Some(oldest) = self.order.front() {
            let over = self
                .by_id
                .get(oldest)
                .is_none_or(|owed| locked(owed).until <= now);
            if !over && self.order.len() <= MOST_EXPECTED {
                break;
            }
            if let Some(oldest) = self.order.pop_front() {
                self.by_id.remove(&oldest);
            }
        }
        let at = self.early.iter().position(|(early, _)| *early == id)?;
        self.early.remove(at).map(|(_, status)| status)
    }

    fn find(&mut self, id: &ReportReference, status: u8) -> Option<Arc<Mutex<Owed>>> {
        let found = self.by_id.get(id).cloned();
        if found.is_none() {
            if self.early.len() >= MOST_EARLY {
                self.early.pop_front();
            }
            self.early.push_back((id.clone(), status));
        } else if code_of(status).is_some() {
            self.by_id.remove(id);
        }
        found
    }

    /// The oldest message of the same chat that waits for a report (only for a fault).
    fn oldest_like(&self, owed: &Arc<Mutex<Owed>>) -> Option<Arc<Mutex<Owed>>> {
        let chat = |owed: &Arc<Mutex<Owed>>| {
            let owed = locked(owed);
            let is_chat = matches!(owed.way, Way::Chat { .. });
            is_chat.then(|| (owed.asked.sender.clone(), owed.asked.sms_user.clone()))
        };
        let this = chat(owed)?;
        let waiting = self.order.iter().filter_map(|id| self.by_id.get(id));
        waiting
            .filter(|other| !locked(other).done)
            .find(|other| chat(other).as_ref() == Some(&this))
            .cloned()
    }
}

/// Follows one chat message's submissions to their reports.
pub fn expect(
    session: &Session,
    submissions: Vec<Submission>,
    receipt: MsrpReceipt,
    message: &ChatMessage,
    control: &MsrpControl,
) {
    mark!("M2S-13");
    mark!("DR-07");
    let (gateway, replaced) = (session.gateway.clone(), session.replaced.clone());
    let owed = Owed {
        parts: submissions.len(),
        done: false,
        until: until(&session.settings),
        asked: Asked::in_chat(message, &session.invitation.sender, &session.sms_user),
        way: Way::Chat {
            receipt,
            control: control.clone(),
        },
    };
    let wanted = message.wants_status_report();
    tokio::spawn(async move {
        let refused = follow(&gateway, submissions, owed, wanted).await;
        if refused && gateway.faults.is(Fault::RefusalEndsSession) {
            // What tells of the refusal goes first.
            tokio::time::sleep(Duration::from_millis(8)).await;
            replaced.notify_one();
        }
    });
}

/// Waits for what the service centre says to each submission, and from then on for its reports; true if it refused one.
async fn follow(
    gateway: &Arc<Gateway>,
    submissions: Vec<Submission>,
    mut owed: Owed,
    wanted: bool,
) -> bool {
    match session_sms::all(submissions).await {
        Ok(ids) if wanted => wait_for(gateway, ids, owed),
        Ok(_) => {}
        Err(error) => {
            tracing::info!(%error, "a chat message was not accepted by the SMSC");
            if !gateway.faults.is(Fault::RefusalNotReported) {
                let code = failure::of_submission(error).code;
                owed.tell(gateway, false, code);
            }
            return true;
        }
    }
    false
}

/// The reports on a pager message that has been taken under these references.
pub fn expect_pager(
    gateway: &Arc<Gateway>,
    references: Vec<ReportReference>,
    settings_until: Instant,
    asked: &Asked,
) {
    mark!("DR-03");
    mark!("DR-05");
    if !asked.wants_status_report() {
        return;
    }
    let owed = Owed {
        parts: references.len(),
        done: false,
        until: settings_until,
        asked: asked.clone(),
        way: Way::Pager,
    };
    wait_for(gateway, references, owed);
}

/// The end of T_dr from now on.
pub fn until(settings: &Settings) -> Instant {
    Instant::now() + Duration::from_secs_f64(settings.report_seconds)
}

fn wait_for(gateway: &Arc<Gateway>, references: Vec<ReportReference>, owed: Owed) {
    let (until, pager) = (owed.until, matches!(owed.way, Way::Pager));
    let owed = Arc::new(Mutex::new(owed));
    let early: Vec<u8> = {
        let mut expected = locked(&gateway.reports);
        let insert = |id| expected.insert(id, owed.clone());
        references.into_iter().filter_map(insert).collect()
    };
    for status in early {
        take(gateway, &owed, status);
    }
    if pager && gateway.faults.is(Fault::FailureWithoutStatusReport) {
        let gateway = gateway.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            locked(&owed).tell(&gateway, false, 408);
        });
    }
}

/// The code a TP-Status stands for (table 4.6 of the catalogue); `None` = nothing to tell yet, or ever.
fn code_of(status: u8) -> Option<u16> {
    mark!("DR-11");
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
pub fn receive(gateway: &Arc<Gateway>, report: Report) {
    mark!("DR-08");
    let refused = gateway.faults.is(Fault::StatusReportRefused);
    report.answer.give(match refused {
        true => Handover::Failed,
        false => Handover::Taken,
    });
    mark!("DR-12");
    let owed = {
        let mut expected = locked(&gateway.reports);
        let named = expected.by_id.get(&report.reference).cloned();
        let in_order = gateway.faults.is(Fault::ReportsInOrderOfMessages);
        let oldest = named.filter(|_| in_order);
        let oldest = oldest.and_then(|named| expected.oldest_like(&named));
        let found = expected.find(&report.reference, report.status);
        oldest.or(found)
    };
    if let Some(owed) = owed {
        take(gateway, &owed, report.status);
    }
}

/// What one part's status makes of the whole message.
fn take(gateway: &Arc<Gateway>, owed: &Mutex<Owed>, status: u8) {
    mark!("DR-13");
    let faults = gateway.faults;
    let mut code = code_of(status);
    if (0x20..0x40).contains(&status) && faults.is(Fault::TemporaryStatusTold) {
        code = Some(408);
    }
    let Some(code) = code else {
        return;
    };
    let mut owed = locked(owed);
    if owed.until <= Instant::now() && !faults.is(Fault::LateStatusReportTold) {
        return;
    }
    if code != 200 {
        owed.asked.failure_unasked =
            faults.is(Fault::FailureToldUnasked) && !owed.asked.negative_delivery;
        return owed.tell(gateway, false, code);
    }
    owed.parts = owed.parts.saturating_sub(1);
    let told = owed.parts == 0 || faults.is(Fault::FirstPartDecides);
    let dropped = matches!(owed.way, Way::Chat { .. }) && faults.is(Fault::ChatDeliveriesUntold);
    if told && !dropped {
        owed.tell(gateway, true, code);
    }
}

impl Owed {
    /// Tells the CPM user once, in the way he asked.
    fn tell(&mut self, gateway: &Arc<Gateway>, delivered: bool, code: u16) {
        mark!("DR-09");
        mark!("DR-10");
        mark!("DR-14");
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let faults = gateway.faults;
        let unasked = !delivered && self.asked.failure_unasked;
        let wanted = match delivered {
            true => self.asked.positive_delivery,
            false => self.asked.negative_delivery || unasked,
        };
        let status = match delivered {
            true => ImdnStatus::Delivered,
            false => ImdnStatus::Failed,
        };
        match &mut self.way {
            Way::Chat { receipt, control } => {
                if faults.is(Fault::ByteRangeOfReportShort) {
                    receipt.shorten();
                }
                match unasked {
                    true => receipt.report_unasked(code, failure::reason(code)),
                    false => drop(receipt.report(code, failure::reason(code))),
                }
                if wanted && faults.is(Fault::NotificationAsReport) {
                    receipt.report_unasked(code, failure::reason(code));
                } else if wanted {
                    notify_in_chat(gateway, &self.asked, status, control.clone());
                }
            }
            Way::Pager if wanted => {
                let (gateway, asked) = (gateway.clone(), self.asked.clone());
                tokio::spawn(async move { notification::reported(&gateway, &asked, status).await });
            }
            Way::Pager => {}
        }
    }
}

fn notify_in_chat(gateway: &Gateway, asked: &Asked, status: ImdnStatus, control: MsrpControl) {
    let Some(wrapped) = notification::wrapped(gateway, asked, status) else {
        return;
    };
    let send = MsrpOutgoing {
        content_type: Some("message/cpim".into()),
        body: wrapped.to_octets(),
        ..MsrpOutgoing::default()
    };
    tokio::spawn(async move {
        if let Err(error) = control.send(send).await {
            tracing::debug!(%error, "a notification did not reach the chat");
        }
    });
}
