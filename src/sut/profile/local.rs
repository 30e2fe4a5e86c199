//! The suite's own address: another one than the profile names can be asked for, of IPv6 for one.
use super::Profile;
use std::net::{IpAddr, SocketAddr, UdpSocket};

impl Profile {
    /// The profile with another local address, if one is asked for. What the suite listens on at the former address moves with it.
    pub fn at(mut self, asked: Option<IpAddr>) -> Self {
        let Some(asked) = asked else {
            return self;
        };
        let former = std::mem::replace(&mut self.sip.local_ip, asked);
        let moved = |listen: &mut SocketAddr| {
            if listen.ip() == former {
                listen.set_ip(asked);
            }
        };
        let messages = &mut self.short_messages;
        if let Some(smpp) = &mut messages.smpp {
            moved(&mut smpp.listen);
        }
        for sgd in messages.sgd.iter_mut().chain(&mut messages.sms_over_ip) {
            moved(&mut sgd.listen);
        }
        self
    }

    /// Whether the suite can be at that address, before anything is started that relies on it.
    pub fn stands(&self) -> Result<(), String> {
        let ip = self.sip.local_ip;
        match UdpSocket::bind((ip, 0)) {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, %ip, "not an address of this machine");
                let fix = match ip.is_ipv6() && ip.is_loopback() {
                    true => {
                        "switch IPv6 on (sysctl net.ipv6.conf.lo.disable_ipv6=0), or write an IPv4 address"
                    }
                    false => "write the one at which the system reaches it",
                };
                Err(format!(
                    "sip.local_ip: {ip} is no address of this machine; {fix}"
                ))
            }
        }
    }
}
