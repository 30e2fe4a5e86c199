//! SCTP of the kernel under Diameter (RFC 6733 section 2.1), where there is any.
//!
//! One-to-one sockets: they listen, accept, read and write as TCP sockets do, so that everything above stays as it is. The payload protocol
//! identifier stays 0, which RFC 6733 leaves to a receiver to take; setting it needs a socket option that safe Rust does not offer.
//! Captures show the octets as TCP segments.
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;

/// Listens for associations; `Unsupported` where the kernel has no SCTP.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::SCTP),
    )
    .map_err(|error| io::Error::new(io::ErrorKind::Unsupported, error))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
