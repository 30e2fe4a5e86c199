//! A little ESME for the tests of the exchange, written on `wire` alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::{Exchange, SOON};
use crate::wire::smpp::{Bind, BindKind, Body, CommandId, Framer, Pdu, ShortMessagePdu, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One ESME connection.
pub struct Esme {
    pub stream: TcpStream,
    framer: Framer,
    pub sequence: u32,
}

impl Esme {
    pub async fn connect(exchange: &Exchange) -> Self {
        let stream = TcpStream::connect(exchange.address()).await.unwrap();
        Self {
            stream,
            framer: Framer::default(),
            sequence: 0,
        }
    }

    pub async fn bound(exchange: &Exchange, kind: BindKind) -> Self {
        let mut esme = Self::connect(exchange).await;
        esme.bind(kind, "secret").await;
        assert_eq!(esme.read().await.status, status::OK);
        esme
    }

    pub async fn bind(&mut self, kind: BindKind, password: &str) {
        let command = match kind {
            BindKind::Receiver => CommandId::BIND_RECEIVER,
            BindKind::Transmitter => CommandId::BIND_TRANSMITTER,
            BindKind::Transceiver => CommandId::BIND_TRANSCEIVER,
        };
        let bind = Bind {
            system_id: "ipsmgw".to_owned(),
            password: password.to_owned(),
            interface_version: 0x34,
            ..Bind::default()
        };
        self.ask(command, Body::Bind(kind, bind)).await;
    }

    pub async fn ask(&mut self, command: CommandId, body: Body) -> u32 {
        self.sequence += 1;
        let pdu = Pdu::new(command, 0, self.sequence, body);
        self.stream.write_all(&pdu.to_octets()).await.unwrap();
        self.sequence
    }

    pub async fn submit(&mut self, from: &str, to: &str, text: &str, receipt: u8) -> u32 {
        let message = ShortMessagePdu {
            source_ton: 1,
            source_npi: 1,
            source: from.trim_start_matches('+').to_owned(),
            dest_ton: 1,
            dest_npi: 1,
            dest: to.trim_start_matches('+').to_owned(),
            registered_delivery: receipt,
            short_message: text.as_bytes().to_vec(),
            ..ShortMessagePdu::default()
        };
        let body = Body::ShortMessage(Box::new(message));
        self.ask(CommandId::SUBMIT_SM, body).await
    }

    pub async fn read(&mut self) -> Pdu {
        loop {
            if let Some(frame) = self.framer.next_frame() {
                return Pdu::parse(&frame.unwrap()).unwrap();
            }
            let mut buffer = [0; 4096];
            let read = timeout(SOON, self.stream.read(&mut buffer)).await;
            let count = read.expect("the SMSC says nothing").unwrap();
            assert!(count > 0, "the SMSC closed");
            self.framer.push(&buffer[..count]);
        }
    }

    /// Reads a deliver_sm and answers it.
    pub async fn take(&mut self) -> Pdu {
        let pdu = self.read().await;
        let body = Body::MessageId(Some(String::new()));
        let answer = Pdu::new(pdu.command.response(), 0, pdu.sequence, body);
        self.stream.write_all(&answer.to_octets()).await.unwrap();
        pdu
    }
}
