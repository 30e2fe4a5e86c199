//! An MMTel UE that is referred (RFC 3515, RFC 4488): it calls whom it is told to, and reports by NOTIFY how that went.
use super::call::CallId;
use super::compose;
use super::{AudioCall, MAX_KEPT, MmtelUe, Use};
use crate::peer::Time;
use crate::peer::dialog::{Dialog, reason, response_to};
use crate::peer::transaction::ServerId;
use crate::wire::sip::{NameAddr, SipMessage, unescape};

/// A REFER that is being followed.
#[derive(Debug)]
pub(super) struct Referral {
    /// The dialog of its own; `None` if it came in that of a call.
    dialog: Option<Dialog>,
    within: Option<CallId>,
    /// The call it has led to.
    call: CallId,
    /// No subscription (RFC 4488).
    silent: bool,
    reported: u16,
}

impl MmtelUe {
    pub(super) fn referred(
        &mut self,
        now: Time,
        server: &ServerId,
        request: &SipMessage,
        within: Option<CallId>,
    ) {
        if let Some(code) = self.refuses_refer() {
            self.answer(now, server, request, code);
            return;
        }
        let targets: Vec<&str> = request.headers_named("Refer-To").collect();
        let target = match targets.as_slice() {
            [one] => NameAddr::parse(one).ok(),
            _ => None,
        };
        let Some(target) = target else {
            // RFC 3515 section 2.4.2: exactly one Refer-To.
            self.answer(now, server, request, 400);
            return;
        };
        let silent = request
            .header("Refer-Sub")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
        let tag = self.ids.tag();
        let mut response = response_to(request, 202, Some(&tag));
        for value in request.headers_named("Record-Route") {
            response.push("Record-Route", value);
        }
        response.push("Contact", compose::contact(&self.config));
        compose::add_access(&self.config, &mut response);
        if silent {
            response.push("Refer-Sub", "false");
        }
        self.reply(now, server, response);
        let dialog = match within {
            Some(_) => None,
            None => Dialog::of_request(request, &tag),
        };
        let order = self.order_of(&target, request);
        let call = self.next_call;
        if self.referrals.len() >= MAX_KEPT {
            self.referrals.remove(0);
        }
        self.referrals.push(Referral {
            dialog,
            within,
            call,
            silent,
            reported: 0,
        });
        self.referral_progress(now, call, 100);
        self.call(now, order);
    }

    /// The call that a Refer-To asks for, with the header fields its URI carries.
    fn order_of(&self, target: &NameAddr, request: &SipMessage) -> AudioCall {
        let uri = target.uri.as_str();
        let bare = uri.split('?').next().unwrap_or_default();
        // The method is said by a URI parameter; it is none of the address (RFC 3261 section 19.1.1).
        let mut parts = bare.split(';');
        let start = parts.next().unwrap_or_default().to_owned();
        let kept = parts.filter(|part| !part.to_ascii_lowercase().starts_with("method="));
        let to_uri = kept.fold(start, |uri, part| format!("{uri};{part}"));
        let headers = target.uri.headers.as_deref().unwrap_or_default();
        let mut extra_headers: Vec<(String, String)> = headers
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| !name.eq_ignore_ascii_case("body"))
            .map(|(name, value)| (name.to_owned(), unescape(value)))
            .collect();
        if let Some(by) = request.header("Referred-By") {
            extra_headers.push(("Referred-By".to_owned(), by.to_owned()));
        }
        AudioCall {
            call: format!("referred-{}", self.referrals.len() + 1),
            to_uri,
            extra_headers,
            ..AudioCall::default()
        }
    }

    /// Tells the one who has referred us how the call goes: 100 at once, and its final response (RFC 3515 section 2.4.5).
    pub(super) fn referral_progress(&mut self, now: Time, call: CallId, code: u16) {
        let found = self.referrals.iter_mut().find(|one| one.call == call);
        let Some(referral) = found else {
            return;
        };
        let told = referral.reported >= 200 || (code < 200 && referral.reported != 0);
        if referral.silent || told {
            return;
        }
        referral.reported = code;
        let within = referral.within;
        let own = referral.dialog.as_mut();
        let dialog = match within {
            Some(id) => self
                .calls
                .get_mut(&id)
                .and_then(|call| call.dialog.as_mut()),
            None => own,
        };
        let Some(dialog) = dialog else {
            return;
        };
        let mut notify = dialog.request("NOTIFY");
        let next = dialog.next_hop();
        let state = match code {
            ..=199 => "active;expires=60",
            _ => "terminated;reason=noresource",
        };
        notify.push("Contact", compose::contact(&self.config));
        notify.push("Event", "refer");
        notify.push("Subscription-State", state);
        compose::add_access(&self.config, &mut notify);
        let line = format!("SIP/2.0 {code} {}\r\n", reason(code));
        notify.set_body("message/sipfrag;version=2.0", line);
        let hop = self.hop_to(&next);
        self.send_request(now, notify, hop, Use::Plain("referral".to_owned()));
    }
}
