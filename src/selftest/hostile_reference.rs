//! Self-test: the reference implementation holds against clients that mean it ill: it closes what never becomes a message, refuses what
//! is too large, keeps to its limits, and answers others all the while. And what it answers to each of the torture messages. More than
//! 400 lines: every kind of ill will has its client here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod third_party;

use ims_conformance::reference::user_agent::{Incoming, SipTimers, UserAgent, UserAgentConfig};
use ims_conformance::wire::sip::{Frame, Framer, SipMessage};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use third_party::Reference;

/// What nobody waits longer for than on the busiest machine.
const LIMIT: Duration = Duration::from_secs(20);
const MOST_KILOBYTES: usize = 400 * 1024;

fn options(from: SocketAddr, transport: &str, id: &str) -> Vec<u8> {
    let text = format!(
        "OPTIONS sip:a@h.example SIP/2.0\r\nVia: SIP/2.0/{transport} {from};rport;branch=z9hG4bK{id}\r\n\
         From: <sip:p@h.example>;tag=p\r\nTo: <sip:a@h.example>\r\nCall-ID: {id}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    text.into_bytes()
}

fn connected(to: &str) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Everything that is said until the other side closes; fails if it never does.
fn until_closed(mut stream: &TcpStream) -> Vec<u8> {
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return heard,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return heard,
            Err(error) => panic!("the connection stays open: {error}"),
        }
    }
}

/// Sends octets, also where the other side closes before it has them all, and hears what it says.
fn said_to(to: &str, octets: &[u8]) -> String {
    let mut stream = connected(to);
    stream.write_all(octets).ok();
    String::from_utf8_lossy(&until_closed(&stream)).into_owned()
}

/// Asks over UDP until `done`, and demands every answer.
fn honest_client(sip: &str, done: &AtomicBool) -> usize {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let mut buffer = [0; 4096];
    let mut asked = 0;
    while !done.load(Ordering::Acquire) {
        let id = format!("honest-{asked}");
        let request = options(socket.local_addr().unwrap(), "UDP", &id);
        let begun = Instant::now();
        loop {
            assert!(
                begun.elapsed() < LIMIT,
                "request {asked} of an honest client is not answered"
            );
            // As RFC 3261 has it: a datagram may be lost in a flood, so it is sent again.
            socket.send_to(&request, sip).unwrap();
            let Ok(length) = socket.recv(&mut buffer) else {
                continue;
            };
            let read = SipMessage::parse(&buffer[..length]).unwrap();
            if read.call_id() == Some(&id) {
                // The S-CSCF knows nobody, and says so.
                assert!(read.status().is_some_and(|code| code >= 200));
                break;
            }
        }
        asked += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    asked
}

fn flood(sip: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = socket.local_addr().unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..6000 {
        let noise: Vec<u8> = (0..random.usize(..1200)).map(|_| random.u8(..)).collect();
        let mut request = options(own, "UDP", &format!("flood-{round}"));
        // Large ones, so that what is remembered of them counts.
        let padding = b"X: "
            .iter()
            .copied()
            .chain(std::iter::repeat_n(b'x', 4_000));
        let padding: Vec<u8> = padding.chain(*b"\r\n").collect();
        request.splice(33..33, padding);
        for datagram in [&noise, &request] {
            socket.send_to(datagram, sip).ok();
        }
    }
}

fn peak_kilobytes(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn answers_others_while_it_is_flooded_and_refuses_what_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let reference = Reference::start(&[], &folder.path().join("reference.log"));
    let done = Arc::new(AtomicBool::new(false));
    let sip = reference.sip.clone();
    let honest = [sip.clone(), reference.core.clone()].map(|to| {
        let done = Arc::clone(&done);
        std::thread::spawn(move || honest_client(&to, &done))
    });
    let floods =
        [sip.clone(), reference.core.clone()].map(|to| std::thread::spawn(move || flood(&to)));
    let idle: Vec<TcpStream> = (0..300).map(|_| connected(&sip)).collect();
    let mut slow: Vec<TcpStream> = (0..50).map(|_| connected(&sip)).collect();
    slow.iter_mut()
        .for_each(|stream| stream.write_all(b"OPTIONS sip:a SIP/2.0\r\nX: ").unwrap());

    let heard = said_to(&sip, &b"nothing of SIP\r\n\r\n".repeat(10));
    assert!(!heard.starts_with("SIP/2.0 2"), "{heard}");
    said_to(
        &sip,
        &[b"OPTIONS sip:a SIP/2.0\r\n".to_vec(), vec![b'x'; 200_000]].concat(),
    );
    said_to(
        &sip,
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n",
    );
    let stream = connected(&sip);
    let large = options(stream.local_addr().unwrap(), "TCP", "large");
    let large = String::from_utf8(large).unwrap();
    let large = large.replace("Length: 0", "Length: 1000000") + &"x".repeat(1_000_000);
    (&stream).write_all(large.as_bytes()).ok();
    let heard = until_closed(&stream);
    assert!(
        heard.starts_with(b"SIP/2.0 513 "),
        "{}",
        String::from_utf8_lossy(&heard)
    );

    let ut = reference
        .ut
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let provisioning = reference
        .provisioning
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    for http in [&ut, &provisioning] {
        let heard = said_to(http, b"\x16\x03\x01nothing of HTTP\r\n\r\n");
        assert!(
            heard.is_empty() || heard.starts_with("HTTP/1.1 400"),
            "{heard}"
        );
        let heard = said_to(
            http,
            &[b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 300_000]].concat(),
        );
        assert!(
            heard.is_empty() || heard.starts_with("HTTP/1.1 4"),
            "{heard}"
        );
    }
    let put = "PUT /simservs.ngn.etsi.org/users/sip:a@h/simservs.xml HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ";
    let heard = said_to(
        &ut,
        format!("{put}1000000\r\n\r\n{}", "x".repeat(1_000_000)).as_bytes(),
    );
    assert!(
        heard.is_empty() || heard.starts_with("HTTP/1.1 413"),
        "{heard}"
    );

    floods.into_iter().for_each(|flood| flood.join().unwrap());
    done.store(true, Ordering::Release);
    let answered: Vec<usize> = honest
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    // How many is a matter of the machine: a datagram that a flood has pushed out costs a second.
    assert!(answered.iter().all(|count| *count > 0), "{answered:?}");
    let peak = peak_kilobytes(reference.pid());
    assert!(peak < MOST_KILOBYTES, "{peak} kB");
    drop((idle, slow));
    reference.end();
}

/// A user agent whose times are short, and which takes few connections.
fn hasty() -> UserAgentConfig {
    let mut config = UserAgentConfig {
        timers: SipTimers {
            t1: Duration::from_millis(5),
            ..SipTimers::default()
        },
        max_connections: 8,
        ..UserAgentConfig::default()
    };
    config.msrp.unbound_idle = Duration::from_millis(300);
    config.msrp.max_connections = 8;
    config
}

/// Octet after octet until the other side closes.
fn dripped(to: SocketAddr, octets: &[u8]) -> usize {
    let mut stream = TcpStream::connect(to).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(40)))
        .unwrap();
    let begun = Instant::now();
    for (count, octet) in octets.iter().cycle().enumerate() {
        assert!(begun.elapsed() < LIMIT, "{to} takes octets for ever");
        let read = stream
            .write_all(&[*octet])
            .and_then(|()| stream.read(&mut [0; 16]));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(1..) => {}
            _ => return count,
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread")]
async fn closes_connections_that_drip_and_takes_no_more_than_its_number() {
    let (agent, _incoming) = UserAgent::start(hasty()).await.unwrap();
    let (sip, msrp) = (agent.sip_address(), agent.msrp_address());
    let drips = [
        (
            sip,
            b"OPTIONS sip:a@h SIP/2.0\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                .as_slice(),
        ),
        (
            msrp,
            b"MSRP abcd SEND\r\nTo-Path: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ),
    ];
    let threads = drips.map(|(to, octets)| std::thread::spawn(move || dripped(to, octets)));
    let silent = TcpStream::connect(sip).unwrap();
    silent.set_read_timeout(Some(LIMIT)).unwrap();
    tokio::task::spawn_blocking(move || {
        assert!(until_closed(&silent).is_empty());
        let counts = threads.map(|thread| thread.join().unwrap());
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        for to in [sip, msrp] {
            let many: Vec<TcpStream> = (0..40).map(|_| connected(&to.to_string())).collect();
            let closed = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for stream in &many {
                    scope.spawn(|| {
                        until_closed(stream);
                        closed.fetch_add(1, Ordering::AcqRel);
                    });
                }
            });
            assert_eq!(closed.load(Ordering::Acquire), many.len());
        }
    })
    .await
    .unwrap();
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lets_go_of_a_peer_that_never_reads() {
    let (agent, _incoming) = UserAgent::start(hasty()).await.unwrap();
    let to = agent.sip_address();
    tokio::task::spawn_blocking(move || {
        let mut stream = connected(&to.to_string());
        stream
            .set_write_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        let own = stream.local_addr().unwrap();
        let begun = Instant::now();
        for round in 0.. {
            assert!(begun.elapsed() < LIMIT, "{round} answers that nobody reads");
            let requests: Vec<u8> = (0..100)
                .flat_map(|part| options(own, "TCP", &format!("deaf-{round}-{part}")))
                .collect();
            if stream.write_all(&requests).is_err() {
                break;
            }
        }
    })
    .await
    .unwrap();
    agent.stop().await;
}

/// Declines every INVITE and takes every other request.
async fn owner(mut incoming: tokio::sync::mpsc::Receiver<Incoming>) {
    while let Some(incoming) = incoming.recv().await {
        match incoming {
            Incoming::Invite(invite) => invite.reject(603, "Decline", &vec![], None),
            Incoming::Request(request) => request.respond(200, "OK", &vec![], None),
            _ => {}
        }
    }
}

/// The final response to these octets in a datagram; 0 if there is none before that to the next request.
async fn reaction(octets: &[u8], wanted: u16) -> u16 {
    let mut config = UserAgentConfig::default();
    config.allow.push("REGISTER".into());
    let (agent, incoming) = UserAgent::start(config).await.unwrap();
    tokio::spawn(owner(incoming));
    // Answers go to the port that the Via names.
    let via = SipMessage::parse(octets)
        .ok()
        .and_then(|message| message.via());
    let port = via.and_then(|via| via.port).unwrap_or(5060);
    let socket = tokio::net::UdpSocket::bind(("127.0.0.77", port))
        .await
        .unwrap();
    let to = agent.sip_address();
    socket.send_to(octets, to).await.unwrap();
    let next = options(socket.local_addr().unwrap(), "UDP", "next");
    socket.send_to(&next, to).await.unwrap();
    let heard = async {
        let mut buffer = vec![0; 65_536];
        loop {
            let length = socket.recv(&mut buffer).await.unwrap();
            let read = SipMessage::parse(&buffer[..length]).unwrap();
            let code = read.status().unwrap_or_default();
            if read.call_id() == Some("next") {
                if wanted == 0 {
                    return 0;
                }
            } else if code >= 200 {
                return code;
            }
        }
    };
    let code = tokio::time::timeout(Duration::from_secs(5), heard).await;
    agent.stop().await;
    code.unwrap_or_default()
}

#[tokio::test]
async fn reacts_to_every_torture_message_as_the_index_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/sip");
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in index.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let wanted = fields[4].parse().unwrap_or_default();
        let octets = std::fs::read(folder.join(format!("{}.sip", fields[0]))).unwrap();
        let got = reaction(&octets, wanted).await;
        if got != wanted {
            wrong.push(format!("{}: {wanted} expected, {got} answered", fields[0]));
        }
        count += 1;
    }
    assert!(count >= 68);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pings and requests in one segment, cut anywhere.
#[tokio::test]
async fn answers_requests_that_come_in_any_pieces() {
    let (agent, incoming) = UserAgent::start(UserAgentConfig::default()).await.unwrap();
    tokio::spawn(owner(incoming));
    let to = agent.sip_address();
    let answers = tokio::task::spawn_blocking(move || {
        let mut stream = connected(&to.to_string());
        stream.set_nodelay(true).unwrap();
        let own = stream.local_addr().unwrap();
        let octets: Vec<u8> = (0..8)
            .flat_map(|id| {
                [
                    b"\r\n\r\n".to_vec(),
                    options(own, "TCP", &format!("piece-{id}")),
                ]
                .concat()
            })
            .collect();
        for (place, piece) in octets.chunks(61).enumerate() {
            stream.write_all(piece).unwrap();
            if place % 8 == 0 {
                std::thread::yield_now();
            }
        }
        let (mut framer, mut buffer, mut answers) = (Framer::default(), [0; 4096], 0);
        while answers < 8 {
            let length = stream.read(&mut buffer).unwrap();
            assert!(length > 0);
            framer.push(&buffer[..length]);
            while let Some(frame) = framer.next_frame() {
                answers += usize::from(matches!(frame.unwrap(), Frame::Message(_)));
            }
        }
        answers
    });
    assert_eq!(answers.await.unwrap(), 8);
    agent.stop().await;
}
