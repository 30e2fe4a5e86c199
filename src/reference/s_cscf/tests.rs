//! The way of requests through S-CSCF and MMTel AS, seen from UDP sockets at Gm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use crate::reference::roles::{RoleArguments, Roles};
use crate::wire::sip::{SipMessage, SipUri};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

pub(in crate::reference) struct Terminal {
    pub(in crate::reference) socket: UdpSocket,
    pub(in crate::reference) identity: String,
    core: SocketAddr,
    pub(in crate::reference) service_route: String,
}

fn text(method: &str, uri: &str, headers: &[String], body: &str) -> Vec<u8> {
    let mut message = SipMessage::request(method, uri);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        message.push(name, value);
    }
    message.push("Content-Length", body.len().to_string());
    message.body = body.as_bytes().to_vec();
    message.to_octets()
}

impl Terminal {
    pub(in crate::reference) async fn new(core: SocketAddr, user: &str) -> Self {
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            identity: format!("sip:{user}@home1.example"),
            core,
            service_route: String::new(),
        }
    }

    pub(in crate::reference) fn contact(&self) -> String {
        format!("<sip:ue@{}>", self.socket.local_addr().unwrap())
    }

    pub(in crate::reference) async fn send(
        &self,
        method: &str,
        uri: &str,
        to: &str,
        extra: &[&str],
    ) {
        let at = self.socket.local_addr().unwrap();
        let mut headers = vec![
            format!("Via: SIP/2.0/UDP {at};branch=z9hG4bK{method}{}", at.port()),
            "Max-Forwards: 70".to_owned(),
            format!("From: <{}>;tag=f", self.identity),
            format!("To: {to}"),
            format!("Call-ID: call-{}", at.port()),
            format!("CSeq: 1 {}", if method == "ACK" { "ACK" } else { method }),
            format!("Contact: {}", self.contact()),
        ];
        headers.extend(extra.iter().map(|header| (*header).to_owned()));
        let octets = text(method, uri, &headers, "");
        self.socket.send_to(&octets, self.core).await.unwrap();
    }

    pub(in crate::reference) async fn receive(&self) -> (SipMessage, SocketAddr) {
        let mut buffer = vec![0; 65_536];
        let arrived = self.socket.recv_from(&mut buffer);
        let arrived = tokio::time::timeout(Duration::from_secs(3), arrived).await;
        let (length, source) = arrived.expect("nothing arrives").unwrap();
        (SipMessage::parse(&buffer[..length]).unwrap(), source)
    }

    pub(in crate::reference) async fn status(&self) -> (u16, SipMessage) {
        let (message, _) = self.receive().await;
        (message.status().unwrap(), message)
    }

    pub(in crate::reference) async fn register(&mut self) {
        let to = format!("<{}>", self.identity);
        self.send("REGISTER", "sip:home1.example", &to, &["Expires: 3600"])
            .await;
        let (code, response) = self.status().await;
        assert_eq!(code, 200);
        self.service_route = response.header("Service-Route").unwrap().to_owned();
    }

    pub(in crate::reference) async fn answer(
        &self,
        request: &SipMessage,
        code: u16,
        to: SocketAddr,
    ) {
        let mut response = SipMessage::response(code, "Any");
        for name in ["Via", "Record-Route", "From"] {
            for value in request.headers_named(name) {
                response.push(name, value);
            }
        }
        response.push("To", format!("{};tag=t", request.header("To").unwrap()));
        for name in ["Call-ID", "CSeq"] {
            response.push(name, request.header(name).unwrap());
        }
        response.push("Contact", self.contact());
        response.push("Content-Length", "0");
        self.socket
            .send_to(&response.to_octets(), to)
            .await
            .unwrap();
    }
}

async fn roles(arguments: RoleArguments) -> Roles {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Roles::start(&arguments, ip, Default::default(), None, Default::default())
        .await
        .unwrap()
}

async fn pair(roles: &Roles) -> (Terminal, Terminal) {
    let mut alice = Terminal::new(roles.core(), "alice").await;
    let mut bob = Terminal::new(roles.core(), "bob").await;
    alice.register().await;
    bob.register().await;
    (alice, bob)
}

#[tokio::test]
async fn an_invitation_passes_both_application_servers_and_a_dialog_follows_its_route() {
    let roles = roles(RoleArguments::default()).await;
    let (alice, bob) = pair(&roles).await;
    let route = format!("Route: {}", alice.service_route);
    let asserted = format!("P-Asserted-Identity: <{}>", alice.identity);
    let to = format!("<{}>", bob.identity);
    alice
        .send("INVITE", &bob.identity, &to, &[&route, &asserted])
        .await;
    assert_eq!(alice.status().await.0, 100);
    let (invite, from) = bob.receive().await;
    assert_eq!(
        invite.uri().unwrap(),
        bob.contact().trim_matches(['<', '>'])
    );
    assert!(!invite.has_header("P-Served-User") && !invite.has_header("Route"));
    assert_eq!(invite.values("Record-Route").len(), 2);
    // S-CSCF, AS, S-CSCF, AS, S-CSCF, and Alice's own.
    assert_eq!(invite.values("Via").len(), 6);
    assert_eq!(invite.header("Max-Forwards"), Some("65"));
    bob.answer(&invite, 180, from).await;
    assert_eq!(alice.status().await.0, 180);
    bob.answer(&invite, 200, from).await;
    let (code, answer) = alice.status().await;
    assert_eq!((code, answer.values("Via").len()), (200, 1));
    let mut routes = answer.values("Record-Route");
    routes.reverse();
    let route = format!("Route: {}", routes.join(", "));
    let to = format!("{to};tag=t");
    let remote = answer.address("Contact").unwrap().uri;
    alice.send("ACK", remote.as_str(), &to, &[&route]).await;
    assert_eq!(bob.receive().await.0.method(), Some("ACK"));
    alice.send("BYE", remote.as_str(), &to, &[&route]).await;
    let (bye, from) = bob.receive().await;
    assert_eq!(bye.method(), Some("BYE"));
    bob.answer(&bye, 200, from).await;
    assert_eq!(alice.status().await.0, 200);
    roles.stop().await;
}

#[tokio::test]
async fn a_cancelled_invitation_is_cancelled_at_the_far_end() {
    let roles = roles(RoleArguments::default()).await;
    let (alice, bob) = pair(&roles).await;
    let to = format!("<{}>", bob.identity);
    // Without a Route: known by the address it has registered.
    alice.send("INVITE", &bob.identity, &to, &[]).await;
    assert_eq!(alice.status().await.0, 100);
    let (invite, from) = bob.receive().await;
    let asserted = invite.address("P-Asserted-Identity").unwrap();
    assert_eq!(asserted.uri.as_str(), alice.identity);
    bob.answer(&invite, 180, from).await;
    assert_eq!(alice.status().await.0, 180);
    let at = alice.socket.local_addr().unwrap();
    let headers = [
        format!("Via: SIP/2.0/UDP {at};branch=z9hG4bKINVITE{}", at.port()),
        format!("From: <{}>;tag=f", alice.identity),
        format!("To: {to}"),
        format!("Call-ID: call-{}", at.port()),
        "CSeq: 1 CANCEL".to_owned(),
    ];
    let cancel = text("CANCEL", &bob.identity, &headers, "");
    alice.socket.send_to(&cancel, roles.core()).await.unwrap();
    assert_eq!(alice.status().await.0, 200);
    let (cancel, from_cancel) = bob.receive().await;
    assert_eq!(cancel.method(), Some("CANCEL"));
    bob.answer(&cancel, 200, from_cancel).await;
    bob.answer(&invite, 487, from).await;
    assert_eq!(bob.receive().await.0.method(), Some("ACK"));
    assert_eq!(alice.status().await.0, 487);
    roles.stop().await;
}

#[tokio::test]
async fn domains_of_conferences_lead_to_their_focus_and_unknown_users_to_480() {
    let focus = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = focus.local_addr().unwrap();
    let roles = roles(RoleArguments {
        cmmc_focus: Some(address),
        route: vec![("tester.example".into(), address)],
        ..RoleArguments::default()
    })
    .await;
    let mut alice = Terminal::new(roles.core(), "alice").await;
    alice.register().await;
    for uri in ["sip:room-1@cmmc.home1.example", "sip:any@tester.example"] {
        alice.send("OPTIONS", uri, &format!("<{uri}>"), &[]).await;
        let mut buffer = vec![0; 65_536];
        let (length, from) = focus.recv_from(&mut buffer).await.unwrap();
        let options = SipMessage::parse(&buffer[..length]).unwrap();
        assert_eq!(options.uri(), Some(uri));
        let far = Terminal {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            identity: SipUri::parse(uri).unwrap().to_string(),
            core: roles.core(),
            service_route: String::new(),
        };
        far.answer(&options, 486, from).await;
        assert_eq!(alice.status().await.0, 486);
        alice.socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        alice.register().await;
    }
    let nobody = "sip:nobody@home1.example";
    alice
        .send("MESSAGE", nobody, &format!("<{nobody}>"), &[])
        .await;
    assert_eq!(alice.status().await.0, 480);
    roles.stop().await;
}
