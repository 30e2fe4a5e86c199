//! What a scenario asks of a UE and what the UE tells it: configuration, commands, events.
//!
//! Plain data. How it is carried out is the business of the machine in `ue.rs`.
use std::net::SocketAddr;
use std::time::Duration;

use super::focus::Participant;
use super::{Registration, ShortMessageOrder};
use crate::peer::attachment::Gm;
use crate::peer::authentication::Refusal;
use crate::peer::behaviour::UeBehaviour;
use crate::wire::sms::tpdu::Submit;

/// Where terminals submit short messages over IP to, where nothing else is said.
pub const SERVICE_CENTRE: &str = "+447700900000";

/// Transport of the SIP signalling of one UE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Everything goes by UDP, also above the 1300 octets of RFC 3261 section 18.1.1: the harness speaks over loopback (MTU 64 KiB), and
    /// a system configured for UDP alone must stay reachable.
    #[default]
    Udp,
    Tcp,
    /// The driver puts every connection of SIP inside TLS.
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
    /// Value of the `transport` URI parameter.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Whether a request to a URI goes over a connection: its scheme and its transport parameter count; without one we stay on this
    /// transport.
    pub fn connects_to(self, scheme: Option<&str>, parameter: Option<&str>) -> bool {
        scheme == Some("sips")
            || parameter.map_or(self != Self::Udp, |name| {
                name.eq_ignore_ascii_case("tcp") || name.eq_ignore_ascii_case("tls")
            })
    }

    /// Token of the Via header field of a request that goes over a connection, or not.
    pub fn token_over(self, connection: bool) -> &'static str {
        match (connection, self) {
            (false, _) => Self::Udp.token(),
            (true, Self::Tls) => Self::Tls.token(),
            (true, _) => Self::Tcp.token(),
        }
    }

    /// The port of a URI that names none (RFC 3261 section 19.1.2).
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 5061,
            _ => 5060,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UeConfig {
    /// Name in the scenario, e.g. `Alice`.
    pub name: String,
    /// `+` and digits (E.164).
    pub number: String,
    /// The subscription has no MSISDN: the UE goes by a SIP URI without a number.
    pub msisdn_less: bool,
    pub display_name: String,
    /// Our SIP socket (UDP and TCP).
    pub sip: SocketAddr,
    /// Our MSRP listener.
    pub msrp: SocketAddr,
    /// Where requests go.
    pub system: SocketAddr,
    pub transport: Transport,
    pub domain: String,
    pub seed: u64,
    pub behaviour: UeBehaviour,
    pub timers: SipTimers,
    /// Number of the service centre short messages over IP are submitted to, `+E.164`.
    pub service_centre: String,
    /// Unix time at the start of the run, for DateTime of CPIM; a fixed value reproduces a run.
    pub epoch_seconds: i64,
    /// What a UE registers with that stands before a P-CSCF. Absent: it stands at ISC, as its own S-CSCF.
    pub gm: Option<Gm>,
}

impl UeConfig {
    /// A well-behaved UE over UDP with the standard's timers; change fields as needed.
    pub fn new(
        name: &str,
        number: &str,
        sip: SocketAddr,
        msrp: SocketAddr,
        system: SocketAddr,
    ) -> Self {
        Self {
            name: name.to_owned(),
            number: number.to_owned(),
            msisdn_less: false,
            display_name: name.to_owned(),
            sip,
            msrp,
            system,
            transport: Transport::Udp,
            domain: "ims.example".to_owned(),
            seed: 1,
            behaviour: UeBehaviour::default(),
            timers: SipTimers::default(),
            service_centre: SERVICE_CENTRE.to_owned(),
            epoch_seconds: 1_767_225_600,
            gm: None,
        }
    }
}

/// Base values of RFC 3261 section 17.1.1.1, table 4.
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UeCommand {
    Invite(Box<Invitation>),
    /// CANCEL of a call that has no final response yet; sent once a provisional response has come (RFC 3261 section 9.1).
    Cancel {
        call: String,
    },
    Bye {
        call: String,
    },
    /// MSRP SEND in that call's session.
    Send {
        call: String,
        message: ChatText,
    },
    /// MSRP REPORT of success on the last message received in that call's session.
    Report {
        call: String,
    },
    Options {
        call: String,
    },
    /// Session refresh now (UPDATE if the other side allows it, else re-INVITE).
    Refresh {
        call: String,
    },
    /// SIP MESSAGE outside a dialog.
    Message(Box<PagerMessage>),
    /// The S-CSCF's third-party REGISTER for this user; at Gm the REGISTER of his own UE.
    Register(Registration),
    /// A short message over IP.
    ShortMessage(Box<ShortMessageOrder>),
    /// Short messages that are written already; their message references are the UE's.
    Submit(Vec<Submit>),
    /// Tells the network that there is memory for short messages again (RP-SMMA).
    MemoryAvailable,
    Behave(UeBehaviour),
    /// Any octets to the system over the UE's SIP transport.
    Raw {
        octets: Vec<u8>,
    },
    /// A SEND for a session that nobody has opened, over a connection of its own to where the call's session is.
    StraySend {
        call: String,
    },
    /// As the focus of a group chat: one notification of the conference state for each of these changes.
    TellChanges {
        call: String,
        changes: Vec<Participant>,
    },
    /// Closes the MSRP connection of a call, leaving the dialog as it is.
    CloseMedia {
        call: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invitation {
    /// Label chosen by the scenario.
    pub call: String,
    /// Request-URI and To.
    pub to_uri: String,
    /// Empty: one is generated.
    pub conversation_id: String,
    /// Empty: one is generated.
    pub contribution_id: String,
    /// Value of the Privacy header field (RFC 3323), e.g. `id`.
    pub privacy: Option<String>,
    /// The caller is a group focus: `isfocus` and the group service identifier.
    pub group: bool,
    /// Label of the call that this one takes the place of (OMA CPM's Session-Replaces with its Contribution-ID).
    pub replaces: Option<String>,
    /// Extra copies of the same INVITE datagram at once.
    pub duplicates: u8,
    /// Appended as they are.
    pub extra_headers: Vec<(String, String)>,
    /// Names of header fields that are left out; `extra_headers` may bring them back.
    pub without: Vec<String>,
    /// Service identifier (ICSI) instead of the one of CPM sessions.
    pub service: Option<String>,
    /// Parameter that stands for the feature tag in Contact and Accept-Contact, instead of the service's own form; empty: none.
    pub feature_tag: Option<String>,
    /// The Contact has no feature tag; Accept-Contact has.
    pub plain_contact: bool,
    /// Two Record-Route header fields, as of proxies before the system; they lead back to this UE.
    pub through_proxies: bool,
    /// Lines of SDP put behind our offer: further media.
    pub more_media: String,
    pub subject: Option<String>,
    /// A first chat message in the INVITE itself: multipart/mixed of message/cpim and the SDP offer.
    pub first_message: Option<String>,
    /// Body instead of our SDP offer: Content-Type and octets; an empty Content-Type sends no body (offer in the 2xx).
    pub body: Option<(String, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatText {
    pub text: String,
    /// `text/plain`, or `message/cpim` which wraps the text as text/plain; empty means `message/cpim`.
    pub content_type: String,
    /// Content-Type inside message/cpim; `None` is text/plain in UTF-8. `message/imdn+xml` sends `text` as an IMDN document.
    pub wrapped_type: Option<String>,
    pub message_id: Option<String>,
    pub success_report: bool,
    /// Value of Failure-Report: `yes`, `no`, `partial`.
    pub failure_report: Option<String>,
    /// Value of the CPIM header field imdn.Disposition-Notification, e.g. `positive-delivery, display`.
    pub imdn: Option<String>,
    pub chunk_octets: Option<usize>,
    /// Ends the message with `#` after its first chunk.
    pub abort: bool,
    /// A SEND without content; everything else is without effect.
    pub bodiless: bool,
    /// URI in the CPIM header field From, as the focus of a group chat passes on what a participant has written; `None` is our own.
    pub from: Option<String>,
}

/// A pager-mode CPM message (SIP MESSAGE outside a dialog).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PagerMessage {
    /// Label chosen by the scenario; events carry it as `call`.
    pub call: String,
    pub to_uri: String,
    pub text: String,
    /// `text/plain`, or `message/cpim` which wraps the text; empty means `message/cpim`.
    pub content_type: String,
    /// Content-Type inside message/cpim; `None` is text/plain in UTF-8.
    pub wrapped_type: Option<String>,
    /// Empty: one is generated.
    pub conversation_id: String,
    /// Empty: one is generated.
    pub contribution_id: String,
    pub in_reply_to_contribution_id: Option<String>,
    /// imdn.Message-ID of the CPIM wrapping; generated when absent.
    pub message_id: Option<String>,
    /// Value of imdn.Disposition-Notification.
    pub imdn: Option<String>,
    pub privacy: Option<String>,
    /// Appended as they are.
    pub extra_headers: Vec<(String, String)>,
    /// Names of header fields that are left out.
    pub without: Vec<String>,
    /// Service identifier (ICSI) instead of the one of pager-mode messages.
    pub service: Option<String>,
    /// Body instead of the text: Content-Type and octets.
    pub body: Option<(String, Vec<u8>)>,
}

/// What happened at a UE. Steps wait for these; verdicts never rest on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UeEvent {
    Provisional {
        call: String,
        code: u16,
    },
    /// Final response to a REGISTER at Gm.
    Registered {
        code: u16,
        /// Why its challenge was not answered.
        refusal: Option<Refusal>,
    },
    /// The 2xx of our INVITE has come (and was acknowledged), or the ACK of our 2xx.
    Established {
        call: String,
    },
    Refused {
        call: String,
        code: u16,
    },
    /// The session is over; `by_peer` tells who ended it.
    Ended {
        call: String,
        by_peer: bool,
    },
    /// An INVITE came in; `call` is the label the UE gave it (`incoming-1`, ...).
    Invited {
        call: String,
        from: String,
    },
    /// The MSRP connection of a call stands and is bound to its session.
    MediaOpened {
        call: String,
    },
    MediaClosed {
        call: String,
    },
    /// A whole chat message came in by MSRP; `text` if it is text.
    MessageReceived {
        call: String,
        message_id: Option<String>,
        content_type: Option<String>,
        content: Vec<u8>,
        text: Option<String>,
    },
    /// Our MSRP message was answered (transaction response of its last chunk).
    MessageAnswered {
        call: String,
        message_id: String,
        code: u16,
    },
    /// An MSRP REPORT came.
    Reported {
        call: String,
        message_id: String,
        code: u16,
    },
    /// A SIP MESSAGE came in (answered already).
    PagerReceived {
        from: String,
        content_type: Option<String>,
        content: Vec<u8>,
        text: Option<String>,
        conversation_id: Option<String>,
        contribution_id: Option<String>,
    },
    /// A short message over IP came in, or a part of one.
    ShortMessageReceived {
        from: String,
        text: Option<String>,
    },
    /// The submit report came: RP-ACK, or the cause of RP-ERROR.
    ShortMessageReported {
        cause: Option<u8>,
    },
    /// Final response to a request that is not INVITE: BYE, MESSAGE, OPTIONS, CANCEL, UPDATE ... (408 for a timeout of our own).
    Answered {
        call: String,
        method: String,
        code: u16,
    },
    /// A response that answers none of our transactions: to raw octets, or too late.
    Unmatched {
        method: String,
        code: u16,
    },
    /// Something the scenario should know and nobody asked for: an unknown label, octets that cannot be read ...
    Problem(String),
}
