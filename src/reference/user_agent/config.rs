//! Settings of the user agent: addresses, timers and the limits that keep it bounded. No behaviour.
use crate::reference::edge::Edge;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Stands for every option tag, where a user agent is to take extensions that it does not know (a deliberate fault).
pub const ANY_EXTENSION: &str = "*";

/// Transport protocol of a SIP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// Token of the Via header field.
    pub fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// Whether it delivers what it takes, so that nothing is sent again.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// The one a URI asks for: by its scheme, or by its parameter.
    pub fn of_uri(uri: &crate::wire::sip::SipUri) -> Option<Self> {
        if uri.scheme == "sips" {
            return Some(Self::Tls);
        }
        match uri.param("transport")?.to_ascii_lowercase().as_str() {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}

/// Base timer values of RFC 3261 section 17.1.1.1 and table 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipTimers {
    pub t1: Duration,
    pub t2: Duration,
    pub t4: Duration,
}

impl Default for SipTimers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl SipTimers {
    /// Timers B, F, H, J, L and M: 64 times T1.
    pub fn transaction_timeout(&self) -> Duration {
        self.t1 * 64
    }
}

/// Everything a user agent is started with.
#[derive(Debug, Clone)]
pub struct UserAgentConfig {
    /// Address both SIP (UDP and TCP, one port) and MSRP (another port) listen on; ports are picked by the system.
    pub ip: IpAddr,
    /// The TCP listener takes TLS, and connections can be opened inside TLS.
    pub tls: Option<super::tls::SipTls>,
    /// `Server` of responses and `User-Agent` of requests.
    pub product: Option<String>,
    /// Methods named in `Allow`; requests of other known methods get 405, of unknown ones 501.
    pub allow: Vec<String>,
    /// Option tags understood in `Require`; all others get 420, unless one of these is `ANY_EXTENSION`.
    pub supported: Vec<String>,
    /// Media types in the `Accept` of OPTIONS responses.
    pub accept: Vec<String>,
    /// Further header fields of OPTIONS responses, e.g. Contact with feature tags.
    pub options_headers: super::request::HeaderList,
    pub timers: SipTimers,
    /// Smallest session interval accepted (RFC 4028 section 5); smaller ones get 422.
    pub min_session_expires: u32,
    /// Refuses `Max-Forwards: 0` with 483 although we are the final destination (RFC 4475 section 3.3.11 wants it processed).
    pub refuse_zero_max_forwards: bool,
    /// Gives a cancelled INVITE no 487, against RFC 3261 section 9.2 (a deliberate fault); its owner still learns of the CANCEL.
    pub cancelled_invite_unanswered: bool,
    /// Gives no answer to a BYE for a dialog that a BYE of ours has just ended (a deliberate fault).
    pub crossing_bye_unanswered: bool,
    /// The caller keeps the dialogs himself: every request but CANCEL and every ACK of a 2xx comes to him, OPTIONS too.
    pub caller_keeps_dialogs: bool,
    pub max_transactions: usize,
    /// Octets of the requests whose transactions are remembered; with more the next ones get 503.
    pub max_transaction_octets: usize,
    pub max_dialogs: usize,
    pub max_connections: usize,
    /// A SIP TCP connection with no traffic for this long is closed.
    pub connection_idle: Duration,
    /// SIP messages over this size are refused with 513.
    pub max_message_octets: usize,
    /// Requests over this size go by TCP even where UDP was asked for, and by UDP again if the target refuses TCP
    /// (RFC 3261 section 18.1.1).
    pub max_datagram_request_octets: usize,
    pub msrp: super::msrp::MsrpConfig,
    /// What happens to what is sent.
    pub edge: Edge,
}

impl Default for UserAgentConfig {
    fn default() -> Self {
        Self {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: None,
            product: None,
            allow: [
                "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "MESSAGE", "UPDATE",
            ]
            .map(String::from)
            .to_vec(),
            supported: vec!["timer".into()],
            accept: vec!["application/sdp".into(), "text/plain".into()],
            options_headers: Vec::new(),
            timers: SipTimers::default(),
            min_session_expires: 90,
            refuse_zero_max_forwards: false,
            cancelled_invite_unanswered: false,
            crossing_bye_unanswered: false,
            caller_keeps_dialogs: false,
            max_transactions: 50_000,
            max_transaction_octets: 64 * 1024 * 1024,
            max_dialogs: 20_000,
            max_connections: 2_000,
            connection_idle: Duration::from_secs(600),
            max_message_octets: 256 * 1024,
            max_datagram_request_octets: 1300,
            msrp: super::msrp::MsrpConfig::default(),
            edge: Edge::Plain,
        }
    }
}
