//! Dialogs of RFC 3261 section 12, as the caller and as the called side, and responses to requests (section 8.2.6).
//!
//! Owns route set, remote target, tags and CSeq of one dialog. It sends nothing and knows no session; session timers have a file of
//! their own below.
mod session_timer;

pub use session_timer::{MIN_SE, SessionTimer, expires_of};

use crate::wire::sip::{NameAddr, SipMessage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Early,
    Confirmed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
    /// Value of From in our requests, tag included.
    local: String,
    /// Value of To in our requests, tag included.
    remote: String,
    pub local_cseq: u32,
    pub remote_cseq: Option<u32>,
    route_set: Vec<String>,
    pub remote_target: String,
    pub stage: Stage,
    /// RSeq of the last reliable provisional response that was acknowledged (RFC 3262 section 4).
    pub last_rseq: Option<u32>,
}

impl Dialog {
    /// The caller's dialog of a 1xx with To tag or a 2xx to INVITE (section 12.1.2).
    pub fn of_response(invite: &SipMessage, response: &SipMessage) -> Option<Self> {
        let mut dialog = Self {
            call_id: invite.call_id()?.to_owned(),
            local_tag: invite.from_tag()?,
            remote_tag: response.to_tag()?,
            local: invite.header("From")?.to_owned(),
            remote: response.header("To")?.to_owned(),
            local_cseq: invite.cseq()?.0,
            remote_cseq: None,
            route_set: Vec::new(),
            remote_target: invite.uri()?.to_owned(),
            stage: Stage::Early,
            last_rseq: None,
        };
        dialog.take_response(response);
        Some(dialog)
    }

    /// A later response to the same INVITE: a 2xx settles route set and remote target (section 13.2.2.4).
    pub fn take_response(&mut self, response: &SipMessage) {
        self.refresh_target(response);
        if self.stage == Stage::Early {
            self.route_set = owned(response.values("Record-Route"));
            self.route_set.reverse();
        }
        if response
            .status()
            .is_some_and(|code| (200..300).contains(&code))
        {
            self.stage = Stage::Confirmed;
        }
    }

    /// The called side's dialog (section 12.1.1).
    pub fn of_request(invite: &SipMessage, local_tag: &str) -> Option<Self> {
        let mut dialog = Self {
            call_id: invite.call_id()?.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: invite.from_tag().unwrap_or_default(),
            local: format!("{};tag={local_tag}", invite.header("To")?),
            remote: invite.header("From")?.to_owned(),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq()?.0),
            route_set: owned(invite.values("Record-Route")),
            remote_target: String::new(),
            stage: Stage::Early,
            last_rseq: None,
        };
        dialog.refresh_target(invite);
        Some(dialog)
    }

    /// Is this request or response of that dialog? `tag` pairs are (local, remote) as the message shows them.
    pub fn matches(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> bool {
        self.call_id == call_id && self.local_tag == local_tag && self.remote_tag == remote_tag
    }

    /// Target refresh (section 12.2.1.2, 12.2.2): the Contact of the message.
    pub fn refresh_target(&mut self, message: &SipMessage) {
        let contacts = message.values("Contact");
        let target = contacts
            .first()
            .and_then(|text| NameAddr::parse(text).ok())
            .map(|contact| contact.uri.as_str().to_owned());
        if let Some(target) = target {
            self.remote_target = target;
        }
    }

    /// Takes the CSeq of an incoming request. False: out of order, to be answered 500 (section 12.2.2).
    pub fn in_order(&mut self, request: &SipMessage) -> bool {
        let Some((number, _)) = request.cseq() else {
            return false;
        };
        if self.remote_cseq.is_some_and(|last| number < last) {
            return false;
        }
        self.remote_cseq = Some(number);
        true
    }

    /// A request within the dialog, without Via and Content-Length (section 12.2.1.1).
    pub fn request(&mut self, method: &str) -> SipMessage {
        self.local_cseq += 1;
        self.request_with_cseq(method, self.local_cseq)
    }

    /// ACK of a 2xx: the CSeq number of its INVITE (section 13.2.2.4).
    pub fn ack(&self, invite_cseq: u32) -> SipMessage {
        self.request_with_cseq("ACK", invite_cseq)
    }

    fn request_with_cseq(&self, method: &str, number: u32) -> SipMessage {
        let first = self
            .route_set
            .first()
            .and_then(|text| NameAddr::parse(text).ok());
        let strict = first.as_ref().is_some_and(|hop| !hop.uri.has_param("lr"));
        let (uri, routes) = match first {
            Some(hop) if strict => {
                let mut routes = self.route_set[1..].to_vec();
                routes.push(format!("<{}>", self.remote_target));
                (hop.uri.as_str().to_owned(), routes)
            }
            _ => (self.remote_target.clone(), self.route_set.clone()),
        };
        let mut request = SipMessage::request(method, &uri);
        request.push("Max-Forwards", "70");
        for route in routes {
            request.push("Route", route);
        }
        request.push("From", &self.local);
        request.push("To", &self.remote);
        request.push("Call-ID", &self.call_id);
        request.push("CSeq", format!("{number} {method}"));
        request
    }

    /// The other side's address as To shows it, without tag.
    pub fn remote_uri(&self) -> String {
        NameAddr::parse(&self.remote).map_or_else(
            |_| self.remote.clone(),
            |address| address.uri.as_str().to_owned(),
        )
    }

    /// The URI whose host requests are sent to (section 8.1.2).
    pub fn next_hop(&self) -> String {
        self.route_set
            .first()
            .and_then(|text| NameAddr::parse(text).ok())
            .map_or_else(
                || self.remote_target.clone(),
                |hop| hop.uri.as_str().to_owned(),
            )
    }
}

fn owned(values: Vec<&str>) -> Vec<String> {
    values.into_iter().map(str::to_owned).collect()
}

/// A response with the header fields of RFC 3261 section 8.2.6.2. `tag` goes to a To that has none; 100 gets none.
pub fn response_to(request: &SipMessage, code: u16, tag: Option<&str>) -> SipMessage {
    let mut response = SipMessage::response(code, reason(code));
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        for value in request.headers_named(name) {
            let with_tag = tag.filter(|_| name == "To" && code > 100 && request.to_tag().is_none());
            match with_tag {
                Some(tag) => response.push(name, format!("{value};tag={tag}")),
                None => response.push(name, value),
            }
        }
    }
    if code == 100 {
        for value in request.headers_named("Timestamp") {
            response.push("Timestamp", value);
        }
    }
    response
}

/// Reason phrases of RFC 3261 section 21 and its extensions.
pub fn reason(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        415 => "Unsupported Media Type",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        600 => "Busy Everywhere",
        603 => "Decline",
        606 => "Not Acceptable",
        _ => match code / 100 {
            1 => "Session Progress",
            2 => "OK",
            3 => "Redirection",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn invite() -> SipMessage {
        let mut invite = SipMessage::request("INVITE", "sip:b@192.0.2.1");
        invite.push("From", "<sip:a@x>;tag=a");
        invite.push("To", "<sip:b@x>");
        invite.push("Call-ID", "c");
        invite.push("CSeq", "5 INVITE");
        invite.push("Contact", "<sip:a@192.0.2.9>");
        invite
    }

    fn answer(routes: &[&str]) -> SipMessage {
        let mut answer = response_to(&invite(), 200, Some("b"));
        answer.push("Contact", "\"B\" <sip:b@192.0.2.7:5070>;x=y");
        for route in routes {
            answer.push("Record-Route", route);
        }
        answer
    }

    #[test]
    fn requests_of_the_caller_carry_the_tags_and_the_next_cseq() {
        let mut dialog = Dialog::of_response(&invite(), &answer(&[])).unwrap();
        let bye = dialog.request("BYE");
        assert_eq!(bye.uri(), Some("sip:b@192.0.2.7:5070"));
        assert_eq!(bye.from_tag().as_deref(), Some("a"));
        assert_eq!(bye.to_tag().as_deref(), Some("b"));
        assert_eq!(bye.cseq(), Some((6, "BYE")));
        assert_eq!(dialog.ack(5).cseq(), Some((5, "ACK")));
        assert_eq!(dialog.next_hop(), "sip:b@192.0.2.7:5070");
    }

    #[test]
    fn a_strict_router_takes_the_request_uri_and_the_target_goes_last() {
        let routes = ["<sip:p2@192.0.2.2;lr>, <sip:p1@192.0.2.3>"];
        let mut dialog = Dialog::of_response(&invite(), &answer(&routes)).unwrap();
        let bye = dialog.request("BYE");
        assert_eq!(bye.uri(), Some("sip:p1@192.0.2.3"));
        assert_eq!(
            bye.values("Route"),
            ["<sip:p2@192.0.2.2;lr>", "<sip:b@192.0.2.7:5070>"]
        );
    }

    #[test]
    fn the_called_side_keeps_the_order_of_record_route_and_answers_to_the_caller() {
        let mut invite = invite();
        invite.push("Record-Route", "<sip:p1@192.0.2.2;lr>");
        invite.push("Record-Route", "<sip:p2@192.0.2.3;lr>");
        let mut dialog = Dialog::of_request(&invite, "mine").unwrap();
        let bye = dialog.request("BYE");
        assert_eq!(bye.uri(), Some("sip:a@192.0.2.9"));
        assert_eq!(bye.values("Route")[0], "<sip:p1@192.0.2.2;lr>");
        assert_eq!(bye.from_tag().as_deref(), Some("mine"));
        assert!(dialog.matches("c", "mine", "a"));
    }

    #[test]
    fn a_lower_cseq_is_out_of_order() {
        let mut dialog = Dialog::of_request(&invite(), "mine").unwrap();
        let mut later = invite();
        later.set("CSeq", "9 BYE");
        assert!(dialog.in_order(&later));
        later.set("CSeq", "8 BYE");
        assert!(!dialog.in_order(&later));
    }

    #[test]
    fn a_response_copies_via_and_gets_a_tag_only_above_100() {
        let mut invite = invite();
        invite.push("Via", "SIP/2.0/UDP a;branch=z9hG4bK1");
        assert_eq!(response_to(&invite, 100, Some("t")).to_tag(), None);
        let ringing = response_to(&invite, 180, Some("t"));
        assert_eq!(ringing.to_tag().as_deref(), Some("t"));
        assert_eq!(ringing.branch().as_deref(), Some("z9hG4bK1"));
    }
}
