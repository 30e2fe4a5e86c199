//! What an MMTel UE is, is told, does by itself, and tells: configuration, commands, behaviour, events.
use crate::peer::attachment::Gm;
use crate::peer::authentication::Refusal;
use crate::peer::ue::{SipTimers, Transport};
use crate::wire::sip::BodyPart;
use std::net::SocketAddr;
use std::time::Duration;

/// Who the UE is and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MmtelConfig {
    /// Display name, e.g. `Alice`.
    pub name: String,
    /// `+` and digits (E.164).
    pub number: String,
    /// Our SIP socket (UDP and TCP).
    pub sip: SocketAddr,
    /// Our RTP socket.
    pub rtp: SocketAddr,
    /// Where requests go: the S-CSCF, because this UE is its own P-CSCF.
    pub system: SocketAddr,
    pub transport: Transport,
    /// Home domain of the public user identity.
    pub domain: String,
    pub seed: u64,
    pub timers: SipTimers,
    pub behaviour: MmtelBehaviour,
    /// Values of P-Access-Network-Info, one header field each; none: no such header field.
    pub access: Vec<String>,
    /// Value of P-Visited-Network-ID at registration; the home domain if absent.
    pub visited_network: Option<String>,
    /// Between two packets of a talker.
    pub talk_interval: Duration,
    /// What a UE registers with that stands before a P-CSCF. Absent: it is its own P-CSCF, and is believed.
    pub gm: Option<Gm>,
}

impl MmtelConfig {
    /// The public user identity.
    pub fn public_uri(&self) -> String {
        format!("sip:{}@{}", self.number, self.domain)
    }
}

/// What a UE does with an INVITE that begins a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 180 and 200.
    Accept,
    /// 180, and 200 after this time.
    AcceptAfter(Duration),
    /// 180 and nothing more.
    Ring,
    /// This final response at once.
    Refuse(u16),
}

/// What a UE does with REFER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefer {
    /// Accepts, does what it is asked, and reports on it.
    Follow,
    Refuse(u16),
}

/// What a UE does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MmtelBehaviour {
    pub answer: Answer,
    pub on_refer: OnRefer,
    /// Answer to a request within a call that would change it (re-INVITE, UPDATE); `None` is 200.
    pub refuse_change: Option<u16>,
    /// Speaks whenever the direction of the media allows it.
    pub talks: bool,
    /// Answers NOTIFY, OPTIONS, MESSAGE with this instead of 200.
    pub refuse_requests: Option<u16>,
    /// Says of itself that it is a focus (RFC 4579 section 5.2): the suite plays a conference.
    pub is_focus: bool,
}

impl Default for MmtelBehaviour {
    fn default() -> Self {
        Self {
            answer: Answer::Accept,
            on_refer: OnRefer::Follow,
            refuse_change: None,
            talks: true,
            refuse_requests: None,
            is_focus: false,
        }
    }
}

/// Directions of RFC 3264 section 5.1, as the UE that says it sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaDirection {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl MediaDirection {
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    pub fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same stream seen from the other end.
    pub fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.name() == name)
    }
}

/// An INVITE for audio.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AudioCall {
    /// Label chosen by the scenario.
    pub call: String,
    /// Request-URI and To.
    pub to_uri: String,
    /// Value of the Privacy header field, e.g. `id`; From becomes anonymous with it.
    pub privacy: Option<String>,
    pub direction: MediaDirection,
    /// Lines of SDP put behind our offer: further media.
    pub more_media: String,
    /// Bodies beside the offer (then multipart/mixed): a URI list with its Content-Disposition.
    pub parts: Vec<BodyPart>,
    /// No SDP offer: the other side makes one in its 2xx.
    pub without_offer: bool,
    /// Appended as they are: Replaces, Join, Require, Referred-By ...
    pub extra_headers: Vec<(String, String)>,
    /// Names of header fields that are left out; `extra_headers` may bring them back.
    pub without: Vec<String>,
}

/// How a call is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeBy {
    ReInvite,
    Update,
}

/// A re-INVITE or UPDATE of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub call: String,
    pub direction: MediaDirection,
    pub by: ChangeBy,
    pub parts: Vec<BodyPart>,
    pub extra_headers: Vec<(String, String)>,
}

impl Change {
    pub fn new(call: &str, direction: MediaDirection, by: ChangeBy) -> Self {
        Self {
            call: call.to_owned(),
            direction,
            by,
            parts: Vec::new(),
            extra_headers: Vec::new(),
        }
    }
}

/// A REFER (RFC 3515).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReferOrder {
    /// Label chosen by the scenario.
    pub label: String,
    /// Request-URI and To where it opens a dialog of its own.
    pub to_uri: String,
    /// Label of the call in whose dialog it is sent instead.
    pub within: Option<String>,
    /// Values of Refer-To, name-addr with angle brackets; normally exactly one.
    pub refer_to: Vec<String>,
    pub extra_headers: Vec<(String, String)>,
    /// Content-Type, Content-Disposition and octets: the URI list of RFC 5368.
    pub body: Option<(String, String, Vec<u8>)>,
    pub without: Vec<String>,
}

/// A SUBSCRIBE (RFC 6665), of the conference package if nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionOrder {
    /// Label chosen by the scenario.
    pub label: String,
    pub to_uri: String,
    pub event: String,
    pub accept: String,
    /// No Expires header field if absent.
    pub expires: Option<u32>,
    pub extra_headers: Vec<(String, String)>,
}

impl SubscriptionOrder {
    /// To the state of a conference (RFC 4575).
    pub fn conference(label: &str, uri: &str) -> Self {
        Self {
            label: label.to_owned(),
            to_uri: uri.to_owned(),
            event: "conference".to_owned(),
            accept: "application/conference-info+xml".to_owned(),
            expires: Some(3600),
            extra_headers: Vec::new(),
        }
    }
}

/// A request outside any dialog that only wants its answer: OPTIONS, MESSAGE, or what a scenario invents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlainRequest {
    pub label: String,
    pub method: String,
    pub to_uri: String,
    pub extra_headers: Vec<(String, String)>,
    /// Content-Type and octets.
    pub body: Option<(String, Vec<u8>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MmtelCommand {
    /// REGISTER; 0 ends the registration.
    Register {
        expires: u32,
    },
    Call(Box<AudioCall>),
    /// CANCEL of a call that has no final response yet.
    Cancel {
        call: String,
    },
    Bye {
        call: String,
    },
    Change(Box<Change>),
    Refer(Box<ReferOrder>),
    Subscribe(Box<SubscriptionOrder>),
    Unsubscribe {
        label: String,
    },
    Request(Box<PlainRequest>),
    /// The access has changed: values of P-Access-Network-Info from now on.
    Access(Vec<String>),
    /// P-Visited-Network-ID of later registrations.
    Visit(Option<String>),
    Behave(MmtelBehaviour),
    /// BYE or CANCEL of every call, Expires: 0 for every subscription.
    EndAll,
    /// Any octets to the system over the UE's SIP transport.
    Raw {
        octets: Vec<u8>,
    },
}

/// What happened at a UE. Steps may wait for these; verdicts never rest on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MmtelEvent {
    /// Final response to REGISTER.
    Registered {
        code: u16,
        /// Why its challenge was not answered.
        refusal: Option<Refusal>,
    },
    /// An INVITE came in; `call` is the label the UE gave it (`incoming-1`, ...).
    Invited {
        call: String,
        from: String,
    },
    Established {
        call: String,
    },
    Refused {
        call: String,
        code: u16,
    },
    Ended {
        call: String,
        by_peer: bool,
    },
    /// Final response to any other request of ours.
    Answered {
        label: String,
        method: String,
        code: u16,
    },
    /// Something the scenario should know and nobody asked for.
    Problem(String),
}
