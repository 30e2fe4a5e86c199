//! The sockets of one peer: UDP and TCP for SIP on one port number, TCP for MSRP.
use super::{Kept, SipTls};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use tokio::net::{TcpListener, UdpSocket};

/// How often a port number is drawn until it is free on UDP and TCP, and fresh.
const ATTEMPTS: usize = 64;
/// So many of the last port numbers are not given out again; fewer than the operating system has to give.
const REMEMBERED: usize = 8192;

/// Ports that peers have had in this process. The system under test may go on speaking to a peer that has gone, and what it says must
/// not reach the next one.
static WORN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// Whether nobody has had that port lately; from now on somebody has.
fn fresh(port: u16) -> bool {
    let mut worn = WORN.lock().unwrap_or_else(PoisonError::into_inner);
    let worn = worn.get_or_insert_default();
    if worn.len() >= REMEMBERED {
        worn.clear();
    }
    worn.insert(port)
}

async fn fresh_listener(ip: IpAddr) -> io::Result<TcpListener> {
    for _ in 0..ATTEMPTS {
        let listener = TcpListener::bind((ip, 0)).await?;
        if fresh(listener.local_addr()?.port()) {
            return Ok(listener);
        }
    }
    TcpListener::bind((ip, 0)).await
}

/// An even port, as RFC 3550 section 11 wants it for RTP.
async fn fresh_media_socket(ip: IpAddr) -> io::Result<UdpSocket> {
    for _ in 0..ATTEMPTS {
        let socket = UdpSocket::bind((ip, 0)).await?;
        let port = socket.local_addr()?.port();
        if port.is_multiple_of(2) && fresh(port) {
            return Ok(socket);
        }
    }
    UdpSocket::bind((ip, 0)).await
}

/// What one machine listens on. `sip_interface` is the reference point its SIP is on: `isc` or `gm`.
#[derive(Debug)]
pub struct Sockets {
    pub udp: Option<UdpSocket>,
    pub sip_tcp: Option<TcpListener>,
    pub msrp_tcp: Option<TcpListener>,
    /// Media of audio calls.
    pub rtp: Option<UdpSocket>,
    pub sip_interface: &'static str,
    /// Connections of SIP are inside TLS, those that are opened and those that are taken.
    pub tls: Option<SipTls>,
    /// The operating system picked the ports, so that nobody waits for one of them.
    pub picked: bool,
    /// Who takes them when their peer has ended, and for whom.
    pub keeper: Option<(Kept, String)>,
}

impl Sockets {
    /// Ports are picked by the operating system; SIP has the same one on UDP and TCP.
    pub async fn bind(ip: IpAddr, sip_interface: &'static str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let listener = fresh_listener(ip).await?;
            match UdpSocket::bind(listener.local_addr()?).await {
                Ok(udp) => {
                    return Ok(Self {
                        udp: Some(udp),
                        sip_tcp: Some(listener),
                        msrp_tcp: Some(fresh_listener(ip).await?),
                        rtp: None,
                        sip_interface,
                        tls: None,
                        picked: true,
                        keeper: None,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// SIP at an address that the system was told beforehand.
    pub async fn bind_at(sip: SocketAddr, sip_interface: &'static str) -> io::Result<Self> {
        Ok(Self {
            udp: Some(UdpSocket::bind(sip).await?),
            sip_tcp: Some(TcpListener::bind(sip).await?),
            msrp_tcp: Some(fresh_listener(sip.ip()).await?),
            rtp: None,
            sip_interface,
            tls: None,
            picked: false,
            keeper: None,
        })
    }

    /// The same for a UE of audio calls: RTP instead of MSRP.
    pub async fn bind_audio(ip: IpAddr, sip_interface: &'static str) -> io::Result<Self> {
        let mut sockets = Self::bind(ip, sip_interface).await?;
        sockets.msrp_tcp = None;
        sockets.rtp = Some(fresh_media_socket(ip).await?);
        Ok(sockets)
    }

    /// The same sockets with SIP inside TLS, if there is TLS.
    pub fn inside(self, tls: Option<&SipTls>) -> Self {
        Self {
            tls: tls.cloned(),
            ..self
        }
    }

    /// Address of RTP; `0.0.0.0:0` if these sockets carry none.
    pub fn rtp(&self) -> SocketAddr {
        let socket = self.rtp.as_ref();
        socket.and_then(|s| s.local_addr().ok()).unwrap_or(NOWHERE)
    }

    /// Address of SIP; `0.0.0.0:0` if these sockets carry none.
    pub fn sip(&self) -> SocketAddr {
        let tcp = self.sip_tcp.as_ref().and_then(|l| l.local_addr().ok());
        let udp = self.udp.as_ref().and_then(|u| u.local_addr().ok());
        udp.or(tcp).unwrap_or(NOWHERE)
    }

    /// Address of MSRP; `0.0.0.0:0` if these sockets carry none.
    pub fn msrp(&self) -> SocketAddr {
        let listener = self.msrp_tcp.as_ref();
        listener
            .and_then(|l| l.local_addr().ok())
            .unwrap_or(NOWHERE)
    }
}

const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
