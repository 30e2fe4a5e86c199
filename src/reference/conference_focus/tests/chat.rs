//! Messages in a conference over MSRP (RFC 7701), with clients that speak raw MSRP over TCP.
use super::phone::{FACTORY, Phone, focus};
use crate::wire::cpim::CpimMessage;
use crate::wire::msrp::{Framer, MsrpMessage};
use crate::wire::sdp::SessionDescription;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);
const GUARD: Duration = Duration::from_millis(200);

/// The message session of a phone.
struct Chat {
    stream: TcpStream,
    framer: Framer,
    own: String,
    focus: String,
    sent: u32,
}

impl Chat {
    /// Joins with messages beside audio, or with messages alone, and opens the session.
    async fn join(phone: &mut Phone, uri: &str, audio: bool) -> (Self, String) {
        let own = format!("msrp://127.0.0.1:9/{};tcp", phone.name);
        let mut sdp = String::from_utf8(phone.sdp("sendrecv")).unwrap();
        if !audio {
            sdp.truncate(sdp.find("m=audio").unwrap());
        }
        sdp.push_str(&format!(
            "m=message 9 TCP/MSRP *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\na=path:{own}\r\n\
             a=setup:active\r\na=chatroom\r\n"
        ));
        let mut invite = phone.request("INVITE", uri);
        invite.set_body("application/sdp", sdp);
        let answer = phone.ask(invite).await;
        assert_eq!(answer.status(), Some(200));
        phone.remote = answer.header("To").unwrap().to_owned();
        phone.target = answer.address("Contact").unwrap().uri.as_str().to_owned();
        phone.acknowledge().await;
        assert!(String::from_utf8_lossy(&answer.body).contains("a=chatroom:private-messages"));
        let description = SessionDescription::parse(&answer.body).unwrap();
        let media = description.message_media.iter().flatten().next().unwrap();
        let stream = TcpStream::connect(("127.0.0.1", media.port)).await.unwrap();
        let mut chat = Self {
            stream,
            framer: Framer::default(),
            own,
            focus: media.path[0].clone(),
            sent: 0,
        };
        assert_eq!(chat.send(None).await, Some(200));
        (chat, phone.target.clone())
    }

    /// SEND; the code of the response.
    async fn send(&mut self, content: Option<(&str, &[u8])>) -> Option<u16> {
        self.sent += 1;
        let mut send = MsrpMessage::request(&format!("t{:07}", self.sent), "SEND");
        send.push("To-Path", &self.focus);
        send.push("From-Path", &self.own);
        send.push("Message-ID", format!("m{}", self.sent));
        if let Some((kind, body)) = content {
            send.push("Byte-Range", format!("1-{0}/{0}", body.len()));
            send.set_body(kind, body);
        }
        self.stream.write_all(&send.to_octets()).await.unwrap();
        self.next().await.status()
    }

    /// A chat message in somebody's name.
    async fn says(&mut self, from: &str, to: &str, text: &str) -> Option<u16> {
        let cpim = CpimMessage {
            headers: vec![
                ("From".into(), format!("<{from}>")),
                ("To".into(), format!("<{to}>")),
            ],
            content_headers: vec![("Content-Type".into(), "text/plain".into())],
            content: text.into(),
        };
        self.send(Some(("message/cpim", &cpim.to_octets()))).await
    }

    async fn next(&mut self) -> MsrpMessage {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return MsrpMessage::parse(&frame.unwrap()).unwrap();
            }
            let read = timeout(SOON, self.stream.read(&mut buffer)).await;
            let length = read.expect("no MSRP message").unwrap();
            assert!(length > 0, "the connection is closed");
            self.framer.push(&buffer[..length]);
        }
    }

    async fn hears(&mut self) -> CpimMessage {
        CpimMessage::parse(&self.next().await.body.unwrap()).unwrap()
    }

    async fn hears_nothing(&mut self) -> bool {
        timeout(GUARD, self.next()).await.is_err()
    }
}

#[tokio::test]
async fn what_one_sends_the_others_get_and_only_in_the_name_of_the_sender() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut alice = Phone::new("alice", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    let mut dave = Phone::new("dave", &focus).await;
    let (mut with_carol, room) = Chat::join(&mut carol, FACTORY, true).await;
    let (mut with_alice, _) = Chat::join(&mut alice, &room, true).await;
    let (mut with_bob, _) = Chat::join(&mut bob, &room, false).await;
    dave.join(&room).await;
    assert_eq!(
        with_alice.says(&alice.identity(), &room, "hello").await,
        Some(200)
    );
    for chat in [&mut with_carol, &mut with_bob] {
        let heard = chat.hears().await;
        assert_eq!(heard.content, b"hello");
        let from = format!("<{}>", alice.identity());
        assert_eq!(heard.header("From"), Some(from.as_str()));
    }
    // Who has audio alone gets it as MESSAGE; without a core there is no way to him but his dialog, and none is tried.
    assert!(with_alice.hears_nothing().await);
    let in_her_name = with_bob.says(&alice.identity(), &room, "no").await;
    assert_eq!(in_her_name, Some(403));
    let bare = with_bob.send(Some(("text/plain", b"no"))).await;
    assert_eq!(bare, Some(415));
    let (own, hers) = (bob.identity(), carol.identity());
    let to_nobody = with_bob.says(&own, "sip:x@home1.example", "no").await;
    assert_eq!(to_nobody, Some(404));
    let private = with_bob.says(&own, &hers, "psst").await;
    assert_eq!(private, Some(200));
    assert_eq!(with_carol.hears().await.content, b"psst");
    assert!(with_alice.hears_nothing().await);
    focus.stop().await;
}

#[tokio::test]
async fn the_state_shows_messages_and_a_session_ends_with_its_leg() {
    let focus = focus().await;
    let mut carol = Phone::new("carol", &focus).await;
    let mut bob = Phone::new("bob", &focus).await;
    let (mut with_carol, room) = Chat::join(&mut carol, FACTORY, true).await;
    let subscribe = [("Event", "conference")];
    carol.in_dialog("SUBSCRIBE", &subscribe).await;
    let (mut with_bob, _) = Chat::join(&mut bob, &room, false).await;
    let (_, user) = carol.roster(&bob.identity(), "connected").await;
    let kinds: Vec<_> = user.endpoints[0]
        .media
        .iter()
        .map(|media| media.kind.as_deref())
        .collect();
    assert_eq!(kinds, [Some("message")]);
    assert_eq!(bob.in_dialog("BYE", &[]).await.status(), Some(200));
    carol.roster(&bob.identity(), "disconnected").await;
    let sent = with_carol.says(&carol.identity(), &room, "gone?").await;
    assert_eq!(sent, Some(200));
    let mut rest = [0; 16];
    let closed = timeout(SOON, with_bob.stream.read(&mut rest)).await;
    assert!(matches!(closed, Ok(Ok(0) | Err(_))));
    focus.stop().await;
}
