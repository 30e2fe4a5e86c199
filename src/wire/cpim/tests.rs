//! What CPIM and IMDN must do, with examples of each case the RFCs describe and with arbitrary octets.
#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/vectors/cpim/",
            $name
        ))
        .as_slice()
    };
}

fn parsed(octets: &[u8]) -> CpimMessage {
    CpimMessage::parse(octets).unwrap()
}

#[test]
fn canonical_objects_print_as_they_came() {
    for octets in [
        vector!("chat-message.cpim"),
        vector!("other-prefix.cpim"),
        vector!("escaped-subject.cpim"),
    ] {
        let printed = parsed(octets).to_octets();
        assert_eq!(
            String::from_utf8_lossy(&printed),
            String::from_utf8_lossy(octets)
        );
    }
}

#[test]
fn reads_a_chat_message() {
    let message = parsed(vector!("chat-message.cpim"));
    assert_eq!(message.header("To"), Some("<tel:+447700900001>"));
    assert_eq!(message.imdn_header("Message-ID"), Some("34jk324j"));
    assert_eq!(
        message.imdn_header("Disposition-Notification"),
        Some("positive-delivery, negative-delivery")
    );
    assert_eq!(message.content_type().as_deref(), Some("text/plain"));
    assert_eq!(message.text().as_deref(), Some("Grüße, 你好"));
}

#[test]
fn reads_the_namespace_line_without_space() {
    let message = parsed(vector!("namespace-without-space.cpim"));
    assert_eq!(message.imdn_header("Message-ID"), Some("5XPH9E8cMLW-BOCq"));
    assert_eq!(message.text().as_deref(), Some("hello"));
}

#[test]
fn follows_the_prefix_that_ns_binds() {
    let message = parsed(vector!("other-prefix.cpim"));
    assert_eq!(message.imdn_header("Message-ID"), Some("this-one"));
    assert_eq!(message.text(), None);
}

#[test]
fn no_ns_line_means_no_imdn_header_field() {
    let message = parsed(b"imdn.Message-ID: a\r\n\r\nContent-Type: text/plain\r\n\r\n");
    assert_eq!(message.imdn_header("Message-ID"), None);
    assert_eq!(message.header("imdn.Message-ID"), Some("a"));
    let default = parsed(b"NS: <urn:ietf:params:imdn>\r\nMessage-ID: a\r\n\r\n\r\n");
    assert_eq!(default.imdn_header("Message-ID"), Some("a"));
}

#[test]
fn leaves_parameters_out_of_a_value() {
    let message = parsed(b"Subject:;lang=fr Objet; d'ici\r\n\r\n\r\n");
    assert_eq!(message.header("Subject"), Some("Objet; d'ici"));
}

#[test]
fn resolves_and_writes_escapes() {
    let message = parsed(vector!("escaped-subject.cpim"));
    assert_eq!(
        message.header("Subject"),
        Some("C:\\new\r\nFrom: <tel:+1> \u{7}")
    );
    let smile = parsed(b"Subject: \\u263A \\ud83d\\ude00 \\\"q\\\"\r\n\r\n\r\n");
    assert_eq!(smile.header("Subject"), Some("\u{263A} \u{1F600} \"q\""));
}

#[test]
fn unfolds_mime_header_fields_of_the_content() {
    let message = parsed(b"To: <a:b>\r\n\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\nx");
    assert_eq!(
        message.content_header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(message.text().as_deref(), Some("x"));
}

#[test]
fn another_charset_is_no_text() {
    for kind in [
        "text/plain;charset=iso-8859-1",
        "text/plain\r\nContent-Transfer-Encoding: base64",
        "image/png",
    ] {
        let octets = format!("To: <a:b>\r\n\r\nContent-Type: {kind}\r\n\r\nx");
        assert_eq!(parsed(octets.as_bytes()).text(), None, "{kind}");
    }
}

#[test]
fn rejects_what_is_no_cpim() {
    for text in [
        "",
        "From: <a:b>\r\n\r\n",
        "From <a:b>\r\n\r\n\r\n",
        "From:<a:b>\r\n\r\n\r\n",
        "Subject: \\x\r\n\r\n\r\n",
        "Subject: \\u12\r\n\r\n\r\n",
        "Subject: \\ud800x\r\n\r\n\r\n",
        "To: <a:b>\r\n\r\n folded\r\n\r\n",
    ] {
        assert!(CpimMessage::parse(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn reads_an_imdn() {
    let imdn = Imdn::parse(vector!("imdn-delivered.xml")).unwrap();
    assert_eq!(
        imdn,
        Imdn {
            message_id: "34jk324j".into(),
            datetime: Some("2008-04-04T12:16:49-05:00".into()),
            recipient_uri: Some("tel:+447700900002".into()),
            original_recipient_uri: Some("im:bob@example.com".into()),
            status: ImdnStatus::Delivered,
        }
    );
}

#[test]
fn reads_an_imdn_by_namespace_not_by_prefix() {
    let imdn = Imdn::parse(vector!("imdn-displayed-prefixed.xml")).unwrap();
    assert_eq!(imdn.message_id, "a&b");
    assert_eq!(imdn.status, ImdnStatus::Displayed);
}

#[test]
fn rejects_what_is_no_imdn() {
    for text in [
        "",
        "<imdn/>",
        "<imdn xmlns='urn:ietf:params:xml:ns:imdn'/>",
        "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>a</message-id></imdn>",
    ] {
        assert!(Imdn::parse(text.as_bytes()).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = CpimMessage::parse(&octets) {
            message.imdn_header("Message-ID");
            message.text();
        }
        Imdn::parse(&octets).ok();
    }

    #[test]
    fn arbitrary_header_lines_never_panic_and_read_the_same_again(text in "((NS|To|a\\.b|Content-Type): ?[\\\\;<> a-z=.u0-9:]{0,20}\r\n){0,4}\r\n(Content-Type: [a-z/;=]{0,9}\r\n)?\r\n.{0,9}") {
        if let Ok(message) = CpimMessage::parse(text.as_bytes()) {
            message.imdn_header("b");
            message.header("To");
            prop_assert_eq!(CpimMessage::parse(&message.to_octets()), Ok(message));
        }
    }

    #[test]
    fn whatever_is_put_into_a_value_comes_back(subject in any::<String>(), content in prop::collection::vec(any::<u8>(), 0..50)) {
        let message = CpimMessage {
            headers: vec![("Subject".into(), subject)],
            content_headers: vec![("Content-Type".into(), "text/plain".into())],
            content,
        };
        prop_assert_eq!(CpimMessage::parse(&message.to_octets()), Ok(message));
    }

    #[test]
    fn an_imdn_written_reads_the_same(id in "[ -~&&[^ ]]{1,20}", uri in prop::option::of("[ -~&&[^ ]]{1,20}"), status in 0usize..8) {
        use ImdnStatus::*;
        let imdn = Imdn {
            message_id: id,
            datetime: None,
            recipient_uri: uri.clone(),
            original_recipient_uri: uri,
            status: [Delivered, Failed, Forbidden, Error, Displayed, Processed, Stored, Other][status],
        };
        prop_assert_eq!(Imdn::parse(&imdn.to_octets()), Ok(imdn));
    }
}
