//! Which carriage an exchange speaks, and one connection's session of either: what both have in common.
use crate::peer::service_centre::{
    ServiceCentre, ServiceCentreCommand, ServiceCentreConfig, ServiceCentreEvent,
};
use crate::peer::smsc::{Smsc, SmscCommand, SmscConfig, SmscEvent};
use crate::peer::{Channel, FlowId, Input, Machine, Output, Time};
use std::net::SocketAddr;

/// What the exchange is to the system.
#[derive(Debug, Clone)]
pub enum Centre {
    /// A message centre that the system binds to.
    Smpp(Box<SmscConfig>),
    /// Service centre and HSS in one Diameter node.
    Diameter(Box<DiameterCentre>),
}

#[derive(Debug, Clone)]
pub struct DiameterCentre {
    /// Where it listens; port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// Over SCTP instead of TCP.
    pub sctp: bool,
    pub service_centre: ServiceCentreConfig,
    /// SMS users are SMSIP UEs: short messages reach them and come from them through the system.
    pub over_ip: bool,
}

impl From<SmscConfig> for Centre {
    fn from(config: SmscConfig) -> Self {
        Self::Smpp(Box::new(config))
    }
}

impl Centre {
    pub(super) fn listen(&self) -> SocketAddr {
        match self {
            Self::Smpp(config) => config.listen,
            Self::Diameter(config) => config.listen,
        }
    }

    pub(super) fn is_over_sctp(&self) -> bool {
        matches!(self, Self::Diameter(config) if config.sctp)
    }

    pub(super) fn channel(&self) -> Channel {
        match self {
            Self::Smpp(_) => Channel::Smpp,
            Self::Diameter(_) => Channel::Diameter,
        }
    }

    /// As captures name the reference point.
    pub(super) fn interface(&self) -> &'static str {
        match self {
            Self::Smpp(_) => "smpp",
            Self::Diameter(_) => "sgd",
        }
    }

    pub(super) fn session(&self, dialled: bool) -> Session {
        match self {
            Self::Smpp(config) => Session::Smpp(Box::new(Smsc::new((**config).clone()))),
            Self::Diameter(config) => {
                let centre = ServiceCentre::new(config.service_centre.clone(), dialled);
                Session::Diameter(Box::new(centre))
            }
        }
    }
}

/// The session on one connection.
pub(super) enum Session {
    Smpp(Box<Smsc>),
    Diameter(Box<ServiceCentre>),
}

pub(super) enum SessionEvent {
    Smpp(SmscEvent),
    Diameter(ServiceCentreEvent),
}

/// What the sockets tell a session.
pub(super) enum Signal {
    Opened {
        flow: FlowId,
        channel: Channel,
        local: SocketAddr,
        remote: SocketAddr,
    },
    Octets {
        flow: FlowId,
        octets: Vec<u8>,
    },
    Closed {
        flow: FlowId,
    },
    Wake,
}

impl Signal {
    fn input<C>(self) -> Input<C> {
        match self {
            Self::Opened {
                flow,
                channel,
                local,
                remote,
            } => Input::Opened {
                flow,
                channel,
                local,
                remote,
            },
            Self::Octets { flow, octets } => Input::Octets { flow, octets },
            Self::Closed { flow } => Input::Closed { flow },
            Self::Wake => Input::Wake,
        }
    }
}

impl Session {
    pub fn signal(&mut self, now: Time, signal: Signal) {
        match self {
            Self::Smpp(machine) => machine.handle(now, signal.input()),
            Self::Diameter(machine) => machine.handle(now, signal.input()),
        }
    }

    pub fn poll(&mut self) -> Option<Output<SessionEvent>> {
        match self {
            Self::Smpp(machine) => machine.poll().map(|o| said(o, SessionEvent::Smpp)),
            Self::Diameter(machine) => machine.poll().map(|o| said(o, SessionEvent::Diameter)),
        }
    }

    pub fn wake_at(&self) -> Option<Time> {
        match self {
            Self::Smpp(machine) => machine.wake_at(),
            Self::Diameter(machine) => machine.wake_at(),
        }
    }

    /// Ends the session in order.
    pub fn part(&mut self, now: Time) {
        match self {
            Self::Smpp(machine) => machine.handle(now, Input::Command(SmscCommand::Unbind)),
            Self::Diameter(machine) => {
                machine.handle(now, Input::Command(ServiceCentreCommand::Disconnect));
            }
        }
    }

    /// Short messages can be sent to the system here.
    pub fn receives(&self) -> bool {
        match self {
            Self::Smpp(machine) => machine.receives(),
            Self::Diameter(machine) => machine.is_open(),
        }
    }

    /// The system can submit here.
    pub fn transmits(&self) -> bool {
        match self {
            Self::Smpp(machine) => machine.transmits(),
            Self::Diameter(machine) => machine.is_open(),
        }
    }
}

fn said<A, B>(output: Output<A>, wrap: impl FnOnce(A) -> B) -> Output<B> {
    match output {
        Output::Datagram { to, octets } => Output::Datagram { to, octets },
        Output::Media { to, octets } => Output::Media { to, octets },
        Output::Connect { flow, channel, to } => Output::Connect { flow, channel, to },
        Output::Octets { flow, octets } => Output::Octets { flow, octets },
        Output::Close { flow, abort } => Output::Close { flow, abort },
        Output::Event(event) => Output::Event(wrap(event)),
    }
}
