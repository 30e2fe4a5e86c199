//! Subscriptions of an MMTel UE: those it asks for by SUBSCRIBE (RFC 6665), and those a REFER of its own makes (RFC 3515).
//!
//! What a NOTIFY says is read from the recording; here it is answered, and kept only whether the subscription lives.
use super::compose;
use super::order::{ReferOrder, SubscriptionOrder};
use super::{MAX_KEPT, MmtelEvent, MmtelUe, Use};
use crate::peer::Time;
use crate::peer::dialog::Dialog;
use crate::peer::transaction::ServerId;
use crate::wire::sip::SipMessage;

/// Number of a usage within its UE.
pub(super) type UsageId = u64;

#[derive(Debug)]
pub(super) struct Usage {
    label: String,
    /// SUBSCRIBE, not REFER.
    subscription: bool,
    event: String,
    call_id: String,
    local_tag: String,
    pub(super) request: SipMessage,
    pub(super) dialog: Option<Dialog>,
    over: bool,
}

impl MmtelUe {
    fn add_usage(&mut self, usage: Usage) -> UsageId {
        if self.usages.len() >= MAX_KEPT {
            self.usages.pop_first();
        }
        let id = self.next_usage;
        self.next_usage += 1;
        self.usages.insert(id, usage);
        id
    }

    fn start_usage(
        &mut self,
        now: Time,
        label: &str,
        event: &str,
        request: SipMessage,
        hop: crate::peer::transaction::Hop,
    ) {
        let id = self.next_usage;
        let subscription = request.method() == Some("SUBSCRIBE");
        let (_, sent) = self.send_request(now, request, hop, Use::Usage(id));
        self.add_usage(Usage {
            label: label.to_owned(),
            subscription,
            event: event.to_owned(),
            call_id: sent.call_id().unwrap_or_default().to_owned(),
            local_tag: sent.from_tag().unwrap_or_default(),
            request: sent,
            dialog: None,
            over: false,
        });
    }

    pub(super) fn subscribe(&mut self, now: Time, order: &SubscriptionOrder) {
        let mut request = self.fresh("SUBSCRIBE", &order.to_uri, true).request();
        request.push("Contact", compose::contact(&self.config));
        request.push("Event", &order.event);
        request.push("Accept", &order.accept);
        if let Some(seconds) = order.expires {
            request.push("Expires", seconds.to_string());
        }
        compose::add_access(&self.config, &mut request);
        for (name, value) in &order.extra_headers {
            request.push(name, value);
        }
        let hop = self.hop_to_system();
        self.start_usage(now, &order.label, &order.event, request, hop);
    }

    pub(super) fn live_subscriptions(&self) -> Vec<String> {
        let live = self.usages.values();
        live.filter(|usage| usage.subscription && !usage.over && usage.dialog.is_some())
            .map(|usage| usage.label.clone())
            .collect()
    }

    pub(super) fn unsubscribe(&mut self, now: Time, label: &str) {
        let usages = self.usages.iter_mut().rev();
        let mut named = usages.filter(|(_, usage)| usage.subscription && usage.label == label);
        let found = named.find_map(|(id, usage)| {
            let event = usage.event.clone();
            let dialog = usage.dialog.as_mut()?;
            Some((*id, dialog.request("SUBSCRIBE"), dialog.next_hop(), event))
        });
        let Some((id, mut request, next, event)) = found else {
            self.problem(format!("no subscription is named {label}"));
            return;
        };
        request.push("Contact", compose::contact(&self.config));
        request.push("Event", event);
        request.push("Expires", "0");
        compose::add_access(&self.config, &mut request);
        let hop = self.hop_to(&next);
        self.send_request(now, request, hop, Use::Usage(id));
    }

    /// A REFER of ours, in a dialog of its own or in that of a call.
    pub(super) fn refer(&mut self, now: Time, order: &ReferOrder) {
        let within = match &order.within {
            Some(label) => match self.call_named(label) {
                Some(id) => Some(id),
                None => return,
            },
            None => None,
        };
        let dialog = within
            .and_then(|id| self.calls.get_mut(&id))
            .and_then(|call| call.dialog.as_mut());
        let (mut request, next) = match dialog {
            Some(dialog) => (dialog.request("REFER"), Some(dialog.next_hop())),
            None => (self.fresh("REFER", &order.to_uri, true).request(), None),
        };
        request.push("Contact", compose::contact(&self.config));
        for target in &order.refer_to {
            request.push("Refer-To", target);
        }
        let public = self.config.public_uri();
        request.push("Referred-By", format!("<{public}>"));
        compose::add_access(&self.config, &mut request);
        request.push("Accept", "message/sipfrag");
        for name in &order.without {
            request.remove(name);
        }
        for (name, value) in &order.extra_headers {
            request.push(name, value);
        }
        if let Some((content_type, disposition, octets)) = &order.body {
            request.push("Content-Disposition", disposition);
            request.set_body(content_type, octets.clone());
        }
        let hop = match next {
            Some(next) => self.hop_to(&next),
            None => self.hop_to_system(),
        };
        self.start_usage(now, &order.label, "refer", request, hop);
    }

    pub(super) fn usage_response(&mut self, id: UsageId, method: &str, response: &SipMessage) {
        let code = response.status().unwrap_or(0);
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        if code >= 300 {
            usage.over = usage.dialog.is_none();
        } else if usage.dialog.is_none() {
            usage.dialog = Dialog::of_response(&usage.request, response);
        } else if method == "SUBSCRIBE" {
            usage.over = true;
        }
        let (label, method) = (usage.label.clone(), method.to_owned());
        self.tell(MmtelEvent::Answered {
            label,
            method,
            code,
        });
    }

    /// A NOTIFY belongs to the usage whose Call-ID and tag it has: it may come before the 2xx to SUBSCRIBE (RFC 6665 section 4.1.2.4).
    pub(super) fn notified(&mut self, now: Time, server: &ServerId, request: &SipMessage) {
        let (call_id, local) = (request.call_id().unwrap_or_default(), request.to_tag());
        let mut usages = self.usages.values_mut().rev();
        let usage = usages
            .find(|usage| usage.call_id == call_id && Some(&usage.local_tag) == local.as_ref());
        let Some(usage) = usage else {
            self.answer(now, server, request, 481);
            return;
        };
        let state = request.header("Subscription-State").unwrap_or_default();
        if state
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("terminated")
        {
            usage.over = true;
        }
        self.answer_plain(now, server, request);
    }
}
