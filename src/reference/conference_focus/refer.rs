//! REFER to the focus (RFC 4579 sections 5.5, 5.10 and 5.11): invite somebody, move a call in, remove somebody, or a list of such
//! (RFC 5368); and the NOTIFYs about how it goes (RFC 3515, RFC 7647), unless they are not wanted (RFC 4488, RFC 7614).
use super::super::faults::{Fault, InForce};
use super::super::user_agent::{Body, HeaderList, ServerRequest};
use super::conference::Conference;
use super::departures;
use super::dialing::{Invitation, Report};
use super::dialog::{Key, Shared};
use super::engine::{Engine, locked};
use super::policy::{About, Refusal, Requester, Target, bare, identity, is_focus};
use super::uri_list;
use crate::wire::sip::{ReferTo, SipMessage, SipUri};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How long the subscription of a REFER lasts at most.
pub(super) const EXPIRES: u32 = 180;

/// What is asked for.
enum Errand {
    Invite(Vec<Invitation>),
    /// The leg to be ended.
    Remove(u64),
    /// Nobody of that name is there.
    Nobody,
}

/// A REFER, who sent it and what it is about.
struct Asked<'a> {
    requester: Requester<'a>,
    about: About<'a>,
    refer: &'a ReferTo,
    message: &'a Arc<SipMessage>,
}

impl<'a> Asked<'a> {
    fn target<'b>(&self, uri: &'b str) -> Target<'b>
    where
        'a: 'b,
    {
        Target {
            uri,
            replaces: self.refer.header("Replaces"),
            is_focus: None,
            listed: false,
        }
    }
}

/// The errand of a REFER that is taken on.
struct Taken {
    conference: String,
    errand: Errand,
    telling: Telling,
}

/// How whoever sends a REFER learns what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By NOTIFYs at once (RFC 3515).
    Implicit,
    /// By those of a subscription that he makes himself (RFC 7614 section 4).
    Explicit,
    /// Not at all (RFC 4488, RFC 7614 section 5).
    Not,
}

fn has_tag(request: &SipMessage, field: &str, tag: &str) -> bool {
    request
        .values(field)
        .iter()
        .any(|value| value.eq_ignore_ascii_case(tag))
}

/// Whether the referrer wants NOTIFYs, and which.
fn telling(request: &SipMessage, faults: InForce) -> Telling {
    mark!("CF-10");
    if faults.is(Fault::NotifiesDespiteReferSub) {
        return Telling::Implicit;
    }
    if has_tag(request, "Require", "explicitsub") {
        return Telling::Explicit;
    }
    let refuses = request
        .header("Refer-Sub")
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("false"));
    let unwanted = refuses
        || has_tag(request, "Require", "nosub")
        || has_tag(request, "Require", "multiple-refer");
    match unwanted {
        true => Telling::Not,
        false => Telling::Implicit,
    }
}

/// The one Refer-To there must be (RFC 3515 section 2.4.2).
fn refer_to(request: &SipMessage, faults: InForce) -> Result<ReferTo, Refusal> {
    mark!("CF-07");
    let values = request.values("Refer-To");
    let value = match values.as_slice() {
        [value] => value,
        [value, _] if faults.is(Fault::SecondReferToOverlooked) => value,
        _ => return Err(Refusal::new(400, "Not Exactly One Refer-To")),
    };
    ReferTo::parse(value).map_err(|_| Refusal::new(400, "Malformed Refer-To"))
}

impl Engine {
    /// REFER, in a dialog or not.
    pub(super) fn refer(
        self: &Arc<Self>,
        request: ServerRequest,
        dialog: Option<(String, Shared)>,
    ) {
        mark!("CF-07");
        let uri = match &dialog {
            Some((conference, _)) => conference.clone(),
            None => self.asked(&request.request),
        };
        let key = dialog
            .as_ref()
            .map(|(_, dialog)| locked(dialog).key.clone());
        let taken = match self.take_on(&request, uri, key) {
            Ok(taken) => taken,
            Err(refusal) => {
                return request.respond(refusal.code, &refusal.reason, &refusal.headers, None);
            }
        };
        let mut headers: HeaderList = vec![("Contact".to_owned(), self.contact(&taken.conference))];
        let mut event = "refer".to_owned();
        let mut task = None;
        let report = match taken.telling {
            Telling::Implicit => {
                let dialog = match dialog {
                    Some((_, dialog)) => {
                        // RFC 3515 section 2.4.6: several REFERs of one dialog are told apart by their numbers.
                        let number = request.request.cseq().map_or(0, |(number, _)| number);
                        event = format!("refer;id={number}");
                        dialog
                    }
                    None => locked(&self.state).new_dialog(&taken.conference, &request),
                };
                let (report, reports) = mpsc::unbounded_channel();
                let contact = self.contact(&taken.conference);
                task = Some(notify(Arc::clone(self), dialog, event, contact, reports));
                Some(report)
            }
            Telling::Explicit => {
                let (report, reports) = mpsc::unbounded_channel();
                let at = self.keep_events(reports);
                headers.push(("Refer-Events-At".to_owned(), format!("<{at}>")));
                Some(report)
            }
            Telling::Not => {
                headers.push(("Refer-Sub".to_owned(), "false".to_owned()));
                None
            }
        };
        let (code, reason) = departures::refer_status(self.faults);
        request.respond(code, reason, &headers, None);
        if let Some(task) = task {
            self.spawn(task);
        }
        self.run_errand(taken.conference, taken.errand, report);
    }

    fn take_on(
        self: &Arc<Self>,
        request: &ServerRequest,
        uri: String,
        key: Option<Key>,
    ) -> Result<Taken, Refusal> {
        let message = Arc::new(request.request.clone());
        let refer = refer_to(&message, self.faults)?;
        let listed = has_tag(&message, "Require", "multiple-refer");
        let scheme = refer
            .uri
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let fits = match scheme.as_str() {
            "cid" => listed,
            "tel" => !self.faults.is(Fault::TelUriRefused),
            "sip" | "sips" => true,
            _ => false,
        };
        if !fits {
            return Err(Refusal::new(416, "Unsupported URI Scheme"));
        }
        let mut state = locked(&self.state);
        let conference = state.live(&uri).ok_or_else(Refusal::not_found)?;
        let who = conference.sender(key.as_ref(), identity(&message));
        let requester = Requester {
            identity: &who,
            request: &message,
            is_focus: is_focus(&message),
        };
        if conference.frozen {
            return Err(Refusal::forbidden());
        }
        let about = conference.about(&who);
        let asked = Asked {
            requester,
            about,
            refer: &refer,
            message: &message,
        };
        let errand = match refer.method.as_deref() {
            _ if scheme == "cid" => self.list_errand(&asked)?,
            None | Some("INVITE") => self.invitation_errand(&asked)?,
            Some("BYE") => self.removal_errand(&asked, conference)?,
            Some(_) => return Err(Refusal::forbidden()),
        };
        Ok(Taken {
            conference: uri,
            errand,
            telling: telling(&message, self.faults),
        })
    }

    /// Everybody of a list is to be invited (RFC 5368).
    fn list_errand(&self, asked: &Asked<'_>) -> Result<Errand, Refusal> {
        if !self.policy.takes_lists() {
            let refusal = Refusal::new(420, "Bad Extension");
            return Err(refusal.with("Unsupported", "multiple-refer"));
        }
        if !asked.about.requester_participates {
            return Err(Refusal::forbidden());
        }
        let who = asked.requester.identity;
        let invitations = uri_list::invitations(asked.message, who, self.faults)?;
        Ok(Errand::Invite(invitations))
    }

    /// Somebody is to be invited.
    fn invitation_errand(&self, asked: &Asked<'_>) -> Result<Errand, Refusal> {
        let refer = asked.refer;
        mark!("CF-03");
        let allowed =
            self.policy
                .may_invite(asked.requester, asked.about, asked.target(&refer.uri));
        if !self.faults.is(Fault::AddsForAnybody) {
            allowed?;
        }
        SipUri::parse(&refer.uri).map_err(|_| Refusal::new(400, "Malformed Refer-To"))?;
        Ok(Errand::Invite(vec![Invitation {
            uri: refer.uri.clone(),
            replaces: refer.header("Replaces").map(str::to_owned),
            referred_by: asked.message.header("Referred-By").map(str::to_owned),
            requester: asked.requester.identity.to_owned(),
            request: Arc::clone(asked.message),
            history: None,
            listed: false,
        }]))
    }

    /// Somebody is to be sent away.
    fn removal_errand(
        &self,
        asked: &Asked<'_>,
        conference: &Conference,
    ) -> Result<Errand, Refusal> {
        mark!("CF-12");
        let user = bare(&asked.refer.uri);
        mark!("CF-03");
        let allowed = self
            .policy
            .may_remove(asked.requester, asked.about, asked.target(&user));
        if !self.faults.is(Fault::RemovesForAnybody) {
            allowed?;
        }
        let leg = conference.legs.iter().find(|leg| {
            leg.is_connected() && (leg.is_of(&user) || leg.shown.eq_ignore_ascii_case(&user))
        });
        Ok(leg.map_or(Errand::Nobody, |leg| Errand::Remove(leg.id)))
    }

    fn run_errand(self: &Arc<Self>, conference: String, errand: Errand, report: Option<Report>) {
        match errand {
            Errand::Invite(invitations) => {
                for invitation in invitations {
                    self.spawn(super::dialing::invite(
                        Arc::clone(self),
                        conference.clone(),
                        invitation,
                        report.clone(),
                    ));
                }
            }
            Errand::Remove(id) => self.spawn(remove(Arc::clone(self), conference, id, report)),
            Errand::Nobody => {
                if let Some(report) = report
                    && report.send((404, "Not Found".to_owned())).is_err()
                {
                    tracing::trace!("nobody wants to know");
                }
            }
        }
    }
}

/// Sends somebody away and tells what he said to it.
pub(super) async fn remove(engine: Arc<Engine>, uri: String, id: u64, report: Option<Report>) {
    mark!("CF-12");
    let dialog = {
        let mut state = locked(&engine.state);
        let conference = state.live(&uri);
        conference.and_then(|conference| {
            let leg = conference.leg(id)?;
            let dialog = leg.dialog.take()?;
            leg.status = "disconnecting";
            Some(dialog)
        })
    };
    let (code, text) = match dialog {
        None => (404, "Not Found".to_owned()),
        Some(_) if engine.faults.is(Fault::RemovalWithoutBye) => {
            engine.removed(&uri, id);
            (200, "OK".to_owned())
        }
        Some(dialog) => {
            let answer = engine.post(&dialog, "BYE", &HeaderList::new(), None);
            // The media is gone at once, whatever the answer.
            let answer = answer.await;
            engine.removed(&uri, id);
            match answer {
                Ok(answer) => (
                    answer.status().unwrap_or(500),
                    super::dialing::reason_phrase(&answer),
                ),
                Err(_) => (408, "Request Timeout".to_owned()),
            }
        }
    };
    if let Some(report) = report
        && report.send((code, text)).is_err()
    {
        tracing::trace!("nobody wants to know");
    }
}

impl Engine {
    fn removed(self: &Arc<Self>, uri: &str, id: u64) {
        {
            let mut state = locked(&self.state);
            if let Some(leg) = state.live(uri).and_then(|conference| conference.leg(id)) {
                leg.status = "connected";
            }
        }
        self.over(uri, id, "booted", None);
    }
}

/// Tells the referrer how it goes, from 100 to the final response.
pub(super) async fn notify(
    engine: Arc<Engine>,
    dialog: Shared,
    event: String,
    contact: String,
    mut reports: mpsc::UnboundedReceiver<(u16, String)>,
) {
    mark!("CF-09");
    let mut next = Some((100, "Trying".to_owned()));
    while let Some((code, text)) = next {
        let over = code >= 200;
        if over && engine.faults.is(Fault::OutcomeNotTold) {
            return;
        }
        if !over && engine.faults.is(Fault::NoImmediateNotification) {
            next = reports.recv().await;
            continue;
        }
        let state = if over {
            "terminated;reason=noresource".to_owned()
        } else {
            format!("active;expires={EXPIRES}")
        };
        let headers = vec![
            ("Event".to_owned(), event.clone()),
            ("Subscription-State".to_owned(), state),
            ("Contact".to_owned(), contact.clone()),
        ];
        let body = Body {
            content_type: "message/sipfrag;version=2.0".to_owned(),
            octets: format!("SIP/2.0 {code} {text}\r\n").into_bytes(),
        };
        let answer = engine.post(&dialog, "NOTIFY", &headers, Some(body)).await;
        let refused = !matches!(&answer, Ok(response) if response.status() < Some(300));
        if over || refused {
            return;
        }
        next = reports
            .recv()
            .await
            .or(Some((503, "Service Unavailable".to_owned())));
    }
}
