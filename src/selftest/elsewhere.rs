//! What mistakes in a profile lead to: servers of another kind, ports of others, certificates of the past.
#![allow(clippy::unwrap_used)]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// What mistakes lead to.
pub struct Elsewhere {
    http: String,
    conflict: String,
    late: String,
    taken: TcpListener,
}

impl Elsewhere {
    pub fn start() -> Self {
        Self {
            http: server("404 Not Found", "404 Not Found", "2026"),
            conflict: server("204 No Content", "409 Conflict", ""),
            late: server("204 No Content", "204 No Content", "2020"),
            taken: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        }
    }

    pub fn named(&self, text: &str, folder: &Path) -> String {
        let taken = self.taken.local_addr().unwrap().port().to_string();
        text.replace("{http}", &self.http)
            .replace("{conflict}", &self.conflict)
            .replace("{late}", &self.late)
            .replace("{taken}", &taken)
            .replace("{folder}", &folder.display().to_string())
    }
}

/// An HTTP server that answers everything at once, and requests about subscribers otherwise; with the date of a year, if there is one.
fn server(everything: &'static str, subscribers: &'static str, year: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = vec![0; 65536];
            let count = stream.read(&mut asked).unwrap_or(0);
            let asked = String::from_utf8_lossy(&asked[..count]);
            let status = match asked.contains("/subscribers/") {
                true => subscribers,
                false => everything,
            };
            let date = match year {
                "" => String::new(),
                year => format!("Date: Fri, 20 Nov {year} 12:00:00 GMT\r\n"),
            };
            let head = format!("HTTP/1.1 {status}\r\n{date}Connection: close\r\n");
            let length = match status.starts_with("204") {
                true => "",
                false => "Content-Length: 0\r\n",
            };
            stream
                .write_all(format!("{head}{length}\r\n").as_bytes())
                .ok();
        }
    });
    address
}

/// `ca.pem`, and what it has issued to the suite for a time long past: `smsc.pem`, `smsc.key`.
pub fn expired(folder: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
    leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    std::fs::write(folder.join("smsc.pem"), leaf.pem()).unwrap();
    std::fs::write(folder.join("smsc.key"), key.serialize_pem()).unwrap();
}
