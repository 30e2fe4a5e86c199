//! One ladder as a person reads it, and what must not change it.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::observe::sample::{ALICE, BOB, RUN, Run};

fn names(run: &Run) -> Names {
    let ends = run.ends();
    let by_address = [
        (ends.alice, "alice-sip"),
        (ends.alice_msrp, "alice-msrp"),
        (ends.gateway, "gateway-sip"),
        (ends.gateway_msrp, "gateway-msrp"),
        (ends.smsc, "smsc-smpp"),
    ];
    Names {
        by_address: by_address.map(|(at, name)| (at, name.to_owned())).into(),
        by_number: [(ALICE, "alice"), (BOB, "bob")]
            .map(|(number, name)| (number.to_owned(), name.to_owned()))
            .into(),
        system: "gateway".to_owned(),
        ..Names::default()
    }
}

#[test]
fn shows_a_session_as_a_person_tells_it() {
    insta::assert_snapshot!(ladder(&RUN.trace(), &names(&RUN)), @r###"
[1] Alice invites Bob
  isc
    alice -> gateway  INVITE tel:«bob» «call-1» «tag-1»
        From: <tel:«alice»>
        To: <tel:«bob»>
        P-Asserted-Identity: <tel:«alice»>
        Conversation-ID: «conversation-1»
        Contribution-ID: «contribution-1»
        Contact: +g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session"
        SDP message TCP/MSRP msrp://«alice-msrp»/«session-1»;tcp setup actpass accept message/cpim wrapped text/plain
    gateway -> alice  180 Ringing to INVITE «call-1» «tag-1» «tag-2» (repeated)
  smpp
    gateway -> smsc  submit_sm «number-1» -> «bob» => ok «sms-1»
        asks for a receipt
        gsm7 "«alice» wants to chat"
[2] Bob accepts
  isc
    gateway -> alice  200 OK to INVITE «call-1» «tag-1» «tag-2»
        SDP message TCP/MSRP msrp://«gateway-msrp»/«session-2»;tcp setup actpass accept message/cpim wrapped text/plain
    alice -> gateway  ACK sip:gateway@127.0.0.1 «call-1» «tag-1» «tag-2»
  msrp
    alice -> gateway  connects
    alice -> gateway  SEND «message-1» empty => 200
  smpp
    smsc -> gateway  deliver_sm «bob» -> «number-1» => ok
        asks for a receipt
        gsm7 "yes"
[3] Alice writes
  msrp
    alice -> gateway  SEND «message-2» 1-3/5 more follows => 200
        3 octets
    alice -> gateway  SEND «message-2» 4-5/5 => 200
        2 octets
  smpp
    gateway -> smsc  submit_sm «number-1» -> «bob» => 0x00000058
        gsm7 part 2 of 2 "lo"
    gateway -> smsc  submit_sm «number-1» -> «bob» => ok
        gsm7 part 1 of 2 "Hel"
[4] Bob leaves
  isc
    gateway -> alice  BYE sip:alice@«alice-sip» «call-1» «tag-2» «tag-1»
        Reason: SIP;cause=200
    alice -> gateway  200 OK to BYE «call-1» «tag-2» «tag-1»
"###);
}

#[test]
fn does_not_change_with_identifiers_ports_races_and_slowness() {
    let other = Run {
        id: "0c9e",
        port: 31_000,
        smpp_first: true,
        slow: true,
    };
    let expected = ladder(&RUN.trace(), &names(&RUN));
    similar_asserts(&ladder(&other.trace(), &names(&other)), &expected);
}

fn similar_asserts(one: &str, other: &str) {
    let difference = similar::TextDiff::from_lines(one, other);
    assert!(one == other, "{}", difference.unified_diff());
}

#[test]
fn shows_copies_sent_at_once_as_repeated() {
    let text = ladder(&RUN.trace(), &names(&RUN));
    assert!(text.contains("180 Ringing to INVITE «call-1» «tag-1» «tag-2» (repeated)"));
    assert_eq!(text.matches("180 Ringing").count(), 1);
}

#[test]
fn keeps_words_and_masks_only_what_a_run_made_up() {
    let names = names(&RUN);
    let mut masks = masks::Masks::new(&names);
    let words = masks.words("call +447700900001 or +447700900777 at 20:30, PIN 1234567");
    assert_eq!(words, "call «alice» or «number-1» at 20:30, PIN 1234567");
    assert_eq!(masks.words("or 447700900777"), "or «number-1» without +");
    let field = masks.field("<sip:b0e67d03-22aa@127.0.0.1:20000;transport=udp>");
    assert_eq!(field, "<sip:«id-1»@«alice-sip»;transport=udp>");
    let icsi = "urn%3Aurn-7%3A3gpp-service.ims.icsi.oma.cpm.session";
    assert_eq!(masks.field(icsi), icsi);
}
