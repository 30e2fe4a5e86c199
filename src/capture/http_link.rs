//! A connection on Ut: octets of requests out, octets of responses in, each recorded before anybody reads it.
use super::tap::{Event, Record, Tap};
use crate::wire::http::{Framer, HttpMessage};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const INTERFACE: &str = "ut";
const READ_OCTETS: usize = 64 * 1024;

/// One connection to an HTTP server.
#[derive(Debug)]
pub struct HttpLink {
    stream: TcpStream,
    ends: (SocketAddr, SocketAddr),
    tap: Tap,
    responses: Framer,
}

impl HttpLink {
    pub async fn connect(to: SocketAddr, tap: Tap, limit: Duration) -> io::Result<Self> {
        let connected = timeout(limit, TcpStream::connect(to)).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let stream = connected.inspect_err(|error| tap.unanswered(to, error))?;
        stream.set_nodelay(true)?;
        let ends = (stream.local_addr()?, stream.peer_addr()?);
        let link = Self {
            stream,
            ends,
            tap,
            responses: Framer::default(),
        };
        link.record(true, Event::Opened { dialled: true });
        Ok(link)
    }

    fn record(&self, outbound: bool, event: Event) {
        self.tap.record(Record {
            interface: INTERFACE,
            outbound,
            local: self.ends.0,
            remote: self.ends.1,
            event,
        });
    }

    /// Sends a request and reads its response, all within the limit.
    pub async fn exchange(&mut self, octets: Vec<u8>, limit: Duration) -> io::Result<HttpMessage> {
        self.record(true, Event::Data(octets.clone()));
        timeout(limit, self.exchanged(&octets)).await?
    }

    async fn exchanged(&mut self, octets: &[u8]) -> io::Result<HttpMessage> {
        self.stream.write_all(octets).await?;
        let mut buffer = vec![0; READ_OCTETS];
        loop {
            if let Some(message) = self.responses.next_message() {
                return message.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
            }
            let count = self.stream.read(&mut buffer).await?;
            if count == 0 {
                self.record(false, Event::Closed { reset: false });
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let octets = buffer[..count].to_vec();
            self.record(false, Event::Data(octets.clone()));
            self.responses.push(&octets);
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        self.record(true, Event::Closed { reset: false });
        // The other side may have closed already.
        self.stream.shutdown().await.ok();
    }
}
