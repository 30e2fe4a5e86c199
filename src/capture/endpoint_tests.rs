//! A small machine on real sockets: order, recording, time and the ways an endpoint ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::super::driver::ACCEPTED_FROM;
use super::*;
use crate::peer::{Channel, FlowId, Input, Output, Time};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// Says back what it hears, in capitals on datagrams, and tells every input as an event.
#[derive(Default)]
struct Echo {
    outputs: VecDeque<Output<String>>,
    wake: Option<Time>,
}

enum Order {
    Dial(SocketAddr),
    Say(SocketAddr, &'static str),
    Wake(Time),
    Close(u64, bool),
    Panic,
}

impl Machine for Echo {
    type Command = Order;
    type Event = String;
    fn handle(&mut self, now: Time, input: Input<Order>) {
        let event = match input {
            Input::Datagram { from, octets } => {
                let octets = octets.to_ascii_uppercase();
                self.outputs
                    .push_back(Output::Datagram { to: from, octets });
                "datagram".to_owned()
            }
            Input::Media { .. } => "media".to_owned(),
            Input::Opened { flow, channel, .. } => {
                let octets = b"hello".to_vec();
                self.outputs.push_back(Output::Octets { flow, octets });
                format!("opened {channel:?}")
            }
            Input::Octets { octets, .. } => String::from_utf8_lossy(&octets).into_owned(),
            Input::Closed { flow } => format!("closed {}", flow.0),
            Input::Command(Order::Dial(to)) => {
                let (flow, channel) = (FlowId(7), Channel::Msrp);
                let connect = Output::Connect { flow, channel, to };
                self.outputs.push_back(connect);
                "dialling".to_owned()
            }
            Input::Command(Order::Say(to, text)) => {
                let octets = text.as_bytes().to_vec();
                self.outputs.push_back(Output::Datagram { to, octets });
                "said".to_owned()
            }
            Input::Command(Order::Wake(after)) => {
                self.wake = Some(now + after);
                "waiting".to_owned()
            }
            Input::Command(Order::Close(flow, abort)) => {
                let flow = FlowId(flow);
                self.outputs.push_back(Output::Close { flow, abort });
                "closing".to_owned()
            }
            Input::Command(Order::Panic) => panic!("the machine broke"),
            Input::Wake => {
                self.wake = None;
                "woken".to_owned()
            }
        };
        self.outputs.push_back(Output::Event(event));
    }
    fn poll(&mut self) -> Option<Output<String>> {
        self.outputs.pop_front()
    }
    fn wake_at(&self) -> Option<Time> {
        self.wake
    }
}

const LOOPBACK: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn start() -> (Endpoint<Order, String>, SocketAddr, SocketAddr, Tap) {
    let sockets = Sockets::bind(LOOPBACK, "isc").await.unwrap();
    let (sip, msrp) = (sockets.sip(), sockets.msrp());
    assert_eq!(
        sip.port(),
        sockets
            .sip_tcp
            .as_ref()
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    );
    let tap = Tap::new();
    (
        Endpoint::start(Echo::default(), sockets, tap.clone()),
        sip,
        msrp,
        tap,
    )
}

#[tokio::test]
async fn answers_datagrams_and_records_both() {
    let (mut echo, sip, _, tap) = start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let before = tap.len();
    socket.send_to(b"ping", sip).await.unwrap();
    let mut buffer = [0; 100];
    let (count, from) = socket.recv_from(&mut buffer).await.unwrap();
    assert_eq!((&buffer[..count], from), (b"PING".as_slice(), sip));
    assert_eq!(echo.events.recv().await.unwrap(), "datagram");
    tap.changed(before).await;
    let octets = tap.octets_from(before);
    let position = |text: &[u8]| octets.windows(4).position(|w| w == text);
    assert!(position(b"ping").unwrap() < position(b"PING").unwrap());
    echo.stop().await.unwrap();
}

#[tokio::test]
async fn carries_streams_both_ways_and_tells_the_end() {
    let (mut echo, _, msrp, tap) = start().await;
    let mut stream = TcpStream::connect(msrp).await.unwrap();
    assert_eq!(echo.events.recv().await.unwrap(), "opened Msrp");
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"hello");
    stream.write_all(b"to the machine").await.unwrap();
    assert_eq!(echo.events.recv().await.unwrap(), "to the machine");
    drop(stream);
    assert_eq!(
        echo.events.recv().await.unwrap(),
        format!("closed {ACCEPTED_FROM}")
    );
    echo.stop().await.unwrap();
    let octets = tap.octets_from(0);
    assert!(octets.windows(14).any(|w| w == b"to the machine"));
}

#[tokio::test]
async fn dials_and_resets_on_abort() {
    let (mut echo, _, _, _) = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    echo.commands
        .send(Order::Dial(listener.local_addr().unwrap()))
        .unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut buffer = [0; 5];
    stream.read_exact(&mut buffer).await.unwrap();
    echo.commands.send(Order::Close(7, true)).unwrap();
    let error = stream.read(&mut buffer).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(echo.events.recv().await.unwrap(), "dialling");
    echo.stop().await.unwrap();
}

#[tokio::test]
async fn tells_a_refused_connection_as_closed() {
    let (mut echo, _, _, _) = start().await;
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    echo.commands.send(Order::Dial(free)).unwrap();
    assert_eq!(echo.events.recv().await.unwrap(), "dialling");
    assert_eq!(echo.events.recv().await.unwrap(), "closed 7");
    echo.stop().await.unwrap();
}

#[tokio::test]
async fn wakes_the_machine_when_it_asked_to_be() {
    let (mut echo, _, _, _) = start().await;
    echo.commands
        .send(Order::Wake(Duration::from_millis(20)))
        .unwrap();
    assert_eq!(echo.events.recv().await.unwrap(), "waiting");
    assert_eq!(echo.events.recv().await.unwrap(), "woken");
    echo.stop().await.unwrap();
}

#[tokio::test]
async fn does_what_was_ordered_before_the_stop() {
    let (echo, _, _, _) = start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    echo.commands
        .send(Order::Say(socket.local_addr().unwrap(), "farewell"))
        .unwrap();
    echo.stop().await.unwrap();
    let mut buffer = [0; 100];
    let (count, _) = socket.recv_from(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"farewell");
}

#[tokio::test]
async fn reports_a_panic_of_the_machine() {
    let (mut echo, _, _, _) = start().await;
    echo.commands.send(Order::Panic).unwrap();
    assert_eq!(echo.events.recv().await, None);
    match echo.stop().await {
        Err(CaptureError::PeerPanicked(text)) => assert_eq!(text, "the machine broke"),
        other => panic!("{other:?}"),
    }
}
