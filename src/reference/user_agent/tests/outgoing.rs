//! INVITE as UAC, and dialogs made by SUBSCRIBE: two user agents of the reference build with each other.
use super::super::*;
use super::client::*;
use crate::wire::sip::SipMessage;
use tokio::sync::mpsc;

struct Pair {
    caller: UserAgent,
    callee: UserAgent,
    incoming: mpsc::Receiver<Incoming>,
}

async fn pair() -> Pair {
    let (caller, _) = start().await;
    let config = UserAgentConfig {
        allow: ["INVITE", "ACK", "CANCEL", "BYE", "UPDATE", "SUBSCRIBE"]
            .map(String::from)
            .to_vec(),
        ..quick()
    };
    let (callee, incoming) = UserAgent::start(config).await.unwrap();
    Pair {
        caller,
        callee,
        incoming,
    }
}

fn sdp() -> Body {
    Body {
        content_type: "application/sdp".into(),
        octets: b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_vec(),
    }
}

impl Pair {
    fn message(&self, method: &str) -> SipMessage {
        let uri = format!("sip:room@{}", self.callee.sip_address());
        let mut message = SipMessage::request(method, &uri);
        message.push("From", "<sip:focus@home1.example>");
        message.push("To", format!("<{uri}>"));
        let contact = format!("<sip:focus@{}>;isfocus", self.caller.sip_address());
        message.push("Contact", contact);
        message
    }

    fn invite(&self) -> ClientInvite {
        let mut invite = self.message("INVITE");
        let body = sdp();
        invite.set_body(&body.content_type, body.octets);
        let to = self.callee.sip_address();
        self.caller.invite(invite, to, Transport::Udp, true)
    }
}

#[tokio::test]
async fn makes_a_dialog_of_a_2xx_and_acknowledges_it() {
    let mut pair = pair().await;
    let mut calling = pair.invite();
    let server = next_invite(&mut pair.incoming).await;
    server.provisional(180, "Ringing", &vec![], None);
    while !matches!(calling.next().await, InviteEvent::Provisional(r) if r.status() == Some(180)) {}
    let mut called = server
        .accept(Answer {
            offers_to_owner: true,
            body: Some(sdp()),
            ..Answer::default()
        })
        .unwrap();
    let InviteEvent::Accepted(_, mut dialog) = calling.outcome().await else {
        panic!("not accepted");
    };
    assert!(matches!(
        next_event(&mut called).await,
        DialogEvent::Confirmed(_)
    ));
    let asked = dialog.control.clone();
    let asked = tokio::spawn(async move { asked.offer("INVITE", &vec![], Some(sdp())).await });
    let DialogEvent::Offer(offer) = next_event(&mut called).await else {
        panic!("no offer");
    };
    offer.accept(&vec![], Some(sdp()));
    assert_eq!(asked.await.unwrap().unwrap().status(), Some(200));
    assert!(matches!(
        next_event(&mut called).await,
        DialogEvent::Confirmed(_)
    ));
    let asked = called.control.clone();
    let asked = tokio::spawn(async move { asked.offer("UPDATE", &vec![], Some(sdp())).await });
    match next_event(&mut dialog).await {
        DialogEvent::Offer(offer) => offer.reject(488, "Not Acceptable Here", &vec![]),
        _ => panic!("no offer"),
    }
    assert_eq!(asked.await.unwrap().unwrap().status(), Some(488));
    let ended = called.control.clone();
    let ended = tokio::spawn(async move { ended.bye(&vec![]).await });
    match next_event(&mut dialog).await {
        DialogEvent::Bye(bye) => bye.respond(200, "OK", &vec![], None),
        _ => panic!("no BYE"),
    }
    assert_eq!(ended.await.unwrap().unwrap().status(), Some(200));
    assert_eq!(pair.caller.dialogs() + pair.callee.dialogs(), 0);
}

#[tokio::test]
async fn cancels_an_invite_that_nobody_waits_for() {
    let mut pair = pair().await;
    let calling = pair.invite();
    let server = next_invite(&mut pair.incoming).await;
    drop(calling);
    server.cancelled().await;
    assert_eq!(pair.callee.dialogs(), 0);
}

#[tokio::test]
async fn tells_a_refusal() {
    let mut pair = pair().await;
    let mut calling = pair.invite();
    let server = next_invite(&mut pair.incoming).await;
    server.reject(603, "Decline", &vec![], None);
    match calling.outcome().await {
        InviteEvent::Refused(response) => assert_eq!(response.status(), Some(603)),
        _ => panic!("not refused"),
    }
}

#[tokio::test]
async fn makes_a_dialog_of_a_subscription() {
    let mut pair = pair().await;
    let mut subscribe = pair.message("SUBSCRIBE");
    subscribe.push("Event", "conference");
    let (caller, to) = (pair.caller.clone(), pair.callee.sip_address());
    let asked = tokio::spawn(async move { caller.request(subscribe, to, Transport::Udp).await });
    let request = next_request(&mut pair.incoming).await;
    let answer = Answer {
        contact: "<sip:room@conf.home1.example>;isfocus".into(),
        headers: vec![("Expires".into(), "3600".into())],
        ..Answer::default()
    };
    let dialog = request.establish(answer).unwrap();
    let response = asked.await.unwrap().unwrap();
    assert_eq!(response.status(), Some(200));
    assert_eq!(
        response.header("Contact"),
        Some("<sip:room@conf.home1.example>;isfocus")
    );
    assert!(dialog.control.is_alive());
    drop(dialog);
    assert_eq!(pair.callee.dialogs(), 0);
}
