//! What carries Diameter: TCP, or SCTP where the kernel has it (RFC 6733 section 2.1).
//!
//! One-to-one SCTP sockets connect, read and write as TCP sockets do. The payload protocol identifier stays 0.
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpStream, lookup_host};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DiameterTransport {
    #[default]
    Tcp,
    Sctp,
}

/// A connection or an association with `peer`, given as host:port.
pub async fn connect(peer: &str, transport: DiameterTransport) -> io::Result<TcpStream> {
    match transport {
        DiameterTransport::Tcp => {
            let stream = TcpStream::connect(peer).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
        DiameterTransport::Sctp => {
            let nobody = || io::Error::new(io::ErrorKind::NotFound, format!("{peer}: no address"));
            let address = lookup_host(peer).await?.next().ok_or_else(nobody)?;
            associate(address).await
        }
    }
}

async fn associate(address: SocketAddr) -> io::Result<TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::SCTP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => return Err(error),
        _ => {}
    }
    let stream = TcpStream::from_std(socket.into())?;
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

/// EINPROGRESS of Linux: the association comes up behind our back.
const IN_PROGRESS: i32 = 115;
