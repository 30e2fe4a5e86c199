//! The sockets of one peer: UDP and TCP for SIP on one port number, TCP for MSRP.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, UdpSocket};

/// How often a port number is drawn until it is free on UDP and TCP.
const ATTEMPTS: usize = 64;

/// What one machine listens on. `sip_interface` is the reference point its SIP is on: `isc` or `gm`.
#[derive(Debug)]
pub struct Sockets {
    pub udp: Option<UdpSocket>,
    pub sip_tcp: Option<TcpListener>,
    pub msrp_tcp: Option<TcpListener>,
    pub sip_interface: &'static str,
}

impl Sockets {
    /// Ports are picked by the operating system; SIP has the same one on UDP and TCP.
    pub async fn bind(ip: IpAddr, sip_interface: &'static str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..ATTEMPTS {
            let listener = TcpListener::bind((ip, 0)).await?;
            match UdpSocket::bind(listener.local_addr()?).await {
                Ok(udp) => {
                    return Ok(Self {
                        udp: Some(udp),
                        sip_tcp: Some(listener),
                        msrp_tcp: Some(TcpListener::bind((ip, 0)).await?),
                        sip_interface,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
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
