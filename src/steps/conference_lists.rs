//! Lists of users for a CMMC conference (RFC 5366, RFC 5364, RFC 5360).
use super::lab::Lab;
use super::vocabulary::{PersonName, PersonNames};
use crate::peer::mmtel_ue::{AudioCall, Change, ChangeBy, MediaDirection, MmtelCommand};
use crate::verdict::conference_lists;
use crate::verdict::conference_scene::OWNER;
use crate::wire::sip::BodyPart;
use crate::wire::xml::resource_lists::{CopyControl, Entry, RESOURCE_LISTS, ResourceLists};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};

/// Label of a call with a list of users.
const LISTED: &str = "listed";
/// Option tag of RFC 5366.
const LIST_INVITE: &str = "recipient-list-invite";

/// The operator's consent framework (RFC 5360) has no permission of the user.
#[given(expr = "{person} has not permitted the focus to invite him")]
async fn not_permitted(lab: &mut Lab, person: PersonName) {
    lab.property(&person.0, "cmmc_permission", false);
}

/// INVITE to the factory with SDP and a list of URIs.
#[when(expr = "{person} creates a CMMC conference with a list of {people}")]
async fn creates_with(lab: &mut Lab, who: PersonName, people: PersonNames, step: &Step) {
    lab.stimulus(&step.value).await;
    let entries = people.0.iter().map(|name| lab.entry(name, "to")).collect();
    lab.create_with_list(&who, entries);
}

/// The same, with copy control for each.
#[when(expr = "{person} creates a CMMC conference with this list")]
async fn creates_with_this(lab: &mut Lab, who: PersonName, step: &Step) {
    lab.stimulus(&step.value).await;
    let rows = step
        .table
        .iter()
        .flat_map(|table| table.rows.iter().skip(1));
    let pairs: Vec<(String, String)> = rows
        .filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone())))
        .collect();
    let entries = pairs
        .iter()
        .map(|(name, control)| lab.entry(name, control))
        .collect();
    lab.create_with_list(&who, entries);
}

/// re-INVITE with a list of URIs.
#[when(expr = "{person} sends the focus a list of {people} within her dialog")]
async fn list_within(lab: &mut Lab, who: PersonName, people: PersonNames, step: &Step) {
    lab.stimulus(&step.value).await;
    let entries = people.0.iter().map(|name| lab.entry(name, "to")).collect();
    let call = lab.conference_call(&who.0);
    let change = Change {
        parts: vec![list_part(entries)],
        extra_headers: vec![("Require".to_owned(), LIST_INVITE.to_owned())],
        ..Change::new(&call, MediaDirection::SendRecv, ChangeBy::ReInvite)
    };
    lab.command(&who.0, MmtelCommand::Change(Box::new(change)));
}

/// 200 to Carol, INVITEs to the others.
#[then(expr = "the focus invites {people} to the new conference")]
async fn all_invited(lab: &mut Lab, people: PersonNames, step: &Step) {
    let question = conference_lists::all_invited(OWNER, people.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 200, and somebody of the list is invited.
#[then(expr = "the focus takes {person}'s list")]
async fn list_taken(lab: &mut Lab, by: PersonName, step: &Step) {
    let question = conference_lists::list_taken(&by.0, lab.ixit().reaction_seconds);
    lab.check(&step.value, question).await;
}

/// 420 with Unsupported: recipient-list-invite.
#[then("the focus refuses the list as an extension it does not support there")]
async fn list_refused(lab: &mut Lab, step: &Step) {
    let question = conference_lists::list_refused_within(OWNER, lab.ixit().reaction_seconds);
    lab.refusal(&step.value, question).await;
}

/// The body of disposition recipient-list-history.
#[then(expr = "the list that {person} gets has {person} but not {person}")]
async fn list_has_not(
    lab: &mut Lab,
    who: PersonName,
    these: PersonName,
    not: PersonName,
    step: &Step,
) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_lists::list_has(&who.0, vec![these.0], vec![not.0], reaction);
    lab.check(&step.value, question).await;
}

/// The same, of everybody.
#[then(expr = "the list that {person} gets has {people}")]
async fn list_has(lab: &mut Lab, who: PersonName, these: PersonNames, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_lists::list_has(&who.0, these.0, Vec::new(), reaction);
    lab.check(&step.value, question).await;
}

/// The namespace of copyControl attributes.
#[then(expr = "the copy control in the list that {person} gets is in the namespace of RFC 5364")]
async fn copy_control(lab: &mut Lab, who: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_lists::copy_control_in_small_letters(&who.0, reaction);
    lab.check(&step.value, question).await;
}

/// 470 with Permission-Missing.
#[then(expr = "the focus refuses {person}'s list with 470 for want of {person}'s permission")]
async fn refused_for_permission(lab: &mut Lab, by: PersonName, of: PersonName, step: &Step) {
    let reaction = lab.ixit().reaction_seconds;
    let question = conference_lists::refused_for_permission(&by.0, &of.0, reaction);
    lab.refusal(&step.value, question).await;
}

fn list_part(entries: Vec<Entry>) -> BodyPart {
    let headers = [
        ("Content-Type", RESOURCE_LISTS),
        ("Content-Disposition", "recipient-list"),
    ];
    BodyPart {
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        content: ResourceLists::of(entries).to_octets(),
    }
}

impl Lab {
    /// An entry for a person, with words of RFC 5364: `to`, `cc`, `bcc`, and `anonymize`.
    fn entry(&mut self, name: &str, control: &str) -> Entry {
        let words: Vec<&str> = control.split(',').map(str::trim).collect();
        Entry {
            copy_control: words.iter().find_map(|word| CopyControl::parse(word)),
            anonymize: words.contains(&"anonymize"),
            ..Entry::new(self.public_uri(&PersonName(name.to_owned())))
        }
    }

    fn create_with_list(&mut self, who: &PersonName, entries: Vec<Entry>) {
        let order = AudioCall {
            call: LISTED.into(),
            to_uri: self.factory_uri(),
            parts: vec![list_part(entries)],
            extra_headers: vec![("Require".to_owned(), LIST_INVITE.to_owned())],
            ..AudioCall::default()
        };
        self.command(&who.0, MmtelCommand::Call(Box::new(order)));
    }
}
