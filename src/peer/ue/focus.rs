//! The UE as the focus of a group chat: it takes subscriptions to the conference state and tells who joins and leaves (RFC 4575).
//!
//! A subscription may come in the dialog of the group chat or in one of its own (RFC 6665 section 4.5.2); without any, changes are told
//! within the dialog of the group chat.
use super::call::CallId;
use super::{Ue, Use};
use crate::peer::Time;
use crate::peer::dialog::{Dialog, Stage, response_to};
use crate::peer::transaction::ServerId;
use crate::wire::sip::SipMessage;

/// Seconds a subscription is granted for.
const EXPIRES: &str = "3600";

/// A user of the conference whose state has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    pub uri: String,
    pub display_name: String,
    pub connected: bool,
}

impl Participant {
    fn element(&self) -> String {
        let status = match self.connected {
            true => "connected",
            false => "disconnected",
        };
        format!(
            "<user entity=\"{uri}\" state=\"full\"><display-text>{name}</display-text>\
             <endpoint entity=\"{uri}\"><status>{status}</status></endpoint></user>",
            uri = self.uri,
            name = self.display_name
        )
    }
}

/// conference-info (RFC 4575 section 5).
fn document(focus: &str, version: u32, users: &[Participant]) -> String {
    let state = if version == 0 { "full" } else { "partial" };
    let users: String = users.iter().map(Participant::element).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" entity=\"{focus}\" \
         state=\"{state}\" version=\"{version}\"><users state=\"{state}\">{users}</users></conference-info>\r\n"
    )
}

impl Ue {
    /// SUBSCRIBE within the dialog of a group chat.
    pub(super) fn subscribed(
        &mut self,
        now: Time,
        server: ServerId,
        request: &SipMessage,
        id: CallId,
    ) {
        let tag = self.ids.tag();
        let mut response = response_to(request, 200, Some(&tag));
        self.complete(&mut response, request);
        response.push("Expires", EXPIRES);
        self.reply(now, server, response);
        let me = self.shown_uri(None);
        let users = [Participant {
            uri: me,
            display_name: self.config.display_name.clone(),
            connected: true,
        }];
        self.notify(now, id, &users);
    }

    /// SUBSCRIBE outside any dialog: for the latest group chat there is.
    pub(super) fn subscribed_apart(&mut self, now: Time, server: ServerId, request: &SipMessage) {
        let group = self.calls.iter_mut().rev().find(|(_, call)| {
            call.dialog.is_some() && call.invitation.as_ref().is_some_and(|i| i.group)
        });
        let tag = self.ids.tag();
        let dialog = Dialog::of_request(request, &tag);
        let (Some((id, call)), Some(mut dialog)) = (group, dialog) else {
            self.answer(now, &server, request, 481);
            return;
        };
        dialog.stage = Stage::Confirmed;
        call.subscription = Some(dialog);
        let id = *id;
        let mut response = response_to(request, 200, Some(&tag));
        self.complete(&mut response, request);
        response.push("Expires", EXPIRES);
        self.reply(now, server, response);
        self.notify(now, id, &[]);
    }

    /// Tells the other side of a group chat who has joined or left.
    pub(super) fn tell_changes(&mut self, now: Time, label: &str, users: &[Participant]) {
        if let Some(id) = self.call_named(label) {
            self.notify(now, id, users);
        }
    }

    fn notify(&mut self, now: Time, id: CallId, users: &[Participant]) {
        let focus = self.shown_uri(None);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let version = call.notified;
        call.notified += 1;
        let label = call.label.clone();
        let Some(dialog) = call.subscription.as_mut().or(call.dialog.as_mut()) else {
            return;
        };
        let mut notify = dialog.request("NOTIFY");
        let next = dialog.next_hop();
        notify.push("Event", "conference");
        notify.push("Subscription-State", format!("active;expires={EXPIRES}"));
        let body = document(&focus, version, users);
        notify.set_body("application/conference-info+xml", body);
        let hop = self.hop_to(&next);
        self.send_request(now, notify, hop, Use::Plain(label));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_document_names_every_user_and_is_well_formed() {
        let users = [Participant {
            uri: "tel:+447700900003".into(),
            display_name: "Carol".into(),
            connected: false,
        }];
        let text = document("sip:focus@ims.example", 1, &users);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let root = parsed.root_element();
        assert_eq!(root.attribute("state"), Some("partial"));
        let user = root
            .descendants()
            .find(|n| n.has_tag_name(("urn:ietf:params:xml:ns:conference-info", "user")));
        assert_eq!(user.unwrap().attribute("entity"), Some("tel:+447700900003"));
    }
}
