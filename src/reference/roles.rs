//! The roles of the IMS core beside the IP-SM-GW, each with an SIP address of its own: S-CSCF, MMTel AS, and the foci behind the domains of
//! conferences. Any of them can be a foreign product instead, named on the command line.
use super::conference_focus::policy::CmmcPolicy;
use super::conference_focus::{Focus, FocusConfig};
use super::conference_service;
use super::edge::Edge;
use super::faults::InForce;
use super::mmtel_as::MmtelAs;
use super::proxy::Proxy;
use super::s_cscf::{AuthenticationArguments, Destinations, SCscf};
use super::user_agent::tls::SipTls;
use super::ut::Store;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Domain of CMMC conferences and of their factory.
pub const CMMC_DOMAIN: &str = "cmmc.home1.example";
/// Another domain of CMMC conferences, which does not say what it is.
pub const CMMC_ALIAS_DOMAIN: &str = "rooms.example";
/// Domain of the MMTel CONF factory.
pub const CONF_FACTORY_DOMAIN: &str = "conf-factory.home1.example";
/// Far less than the five seconds of RFC 4575 section 3.9, so that runs are short.
const NOTIFY_INTERVAL_SECONDS: f64 = 0.2;
/// Domain of MMTel CONF conferences.
pub const CONF_DOMAIN: &str = "conf.home1.example";

/// Command line arguments of the roles.
#[derive(Debug, Clone, clap::Args)]
pub struct RoleArguments {
    /// Domain of the users of the S-CSCF
    #[arg(long, value_name = "DOMAIN", default_value = "home1.example")]
    pub home_domain: String,
    /// MMTel AS to send requests past instead of our own, by UDP
    #[arg(long, value_name = "IP:PORT")]
    pub mmtel_as: Option<SocketAddr>,
    /// CMMC focus to use instead of our own, by UDP
    #[arg(long, value_name = "IP:PORT")]
    pub cmmc_focus: Option<SocketAddr>,
    /// MMTel CONF conference service to use instead of our own, by UDP
    #[arg(long, value_name = "IP:PORT")]
    pub conference_service: Option<SocketAddr>,
    /// Barring of either direction keeps its user out of CMMC conferences in both
    #[arg(long)]
    pub blanket_barring: bool,
    /// Least time between two notifications of conference state to a subscriber (RFC 4575 section 3.9 has 5)
    #[arg(long, value_name = "SECONDS", default_value_t = NOTIFY_INTERVAL_SECONDS, value_parser = interval)]
    pub notify_interval: f64,
    /// Sends requests for a domain to an address; may be given again
    #[arg(long, value_name = "DOMAIN=IP:PORT", value_parser = route)]
    pub route: Vec<(String, SocketAddr)>,
    #[command(flatten)]
    pub authentication: AuthenticationArguments,
}

impl Default for RoleArguments {
    fn default() -> Self {
        Self {
            home_domain: "home1.example".into(),
            mmtel_as: None,
            cmmc_focus: None,
            conference_service: None,
            blanket_barring: false,
            notify_interval: NOTIFY_INTERVAL_SECONDS,
            route: Vec::new(),
            authentication: AuthenticationArguments::default(),
        }
    }
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    match (0.0..=3600.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("0 to 3600 seconds are wanted".to_owned()),
    }
}

fn route(text: &str) -> Result<(String, SocketAddr), String> {
    let (domain, address) = text.split_once('=').ok_or("DOMAIN=IP:PORT is wanted")?;
    let address = address
        .parse()
        .map_err(|error| format!("{address}: {error}"))?;
    Ok((domain.to_owned(), address))
}

/// The running roles.
pub struct Roles {
    s_cscf: SCscf,
    mmtel_as: MmtelAs,
    /// Unless a foreign one is used.
    cmmc: Option<(Focus, Arc<CmmcPolicy>)>,
    /// Unless a foreign one is used.
    conference_service: Option<Focus>,
    /// Addresses in use, ours or foreign, for the ready line.
    in_use: Vec<(&'static str, SocketAddr)>,
}

impl Roles {
    /// Binds all addresses, then starts every role with those of the others.
    pub async fn start(
        arguments: &RoleArguments,
        ip: IpAddr,
        documents: Store,
        tls: Option<SipTls>,
        (faults, edge): (InForce, Edge),
    ) -> Result<Self, io::Error> {
        // Between the roles there is UDP: inside one machine it needs no protection.
        let core = Proxy::bind_with(ip, tls, edge.clone()).await?;
        let server = Proxy::bind(ip, edge.clone()).await?;
        let mmtel_as = MmtelAs::start(server, documents, arguments.blanket_barring, faults);
        let server = arguments.mmtel_as.unwrap_or(mmtel_as.address());
        let destinations = Destinations::default();
        let mut in_use = vec![("core", core.address()), ("mmtel_as", server)];
        let cmmc = match arguments.cmmc_focus {
            Some(_) => None,
            None => {
                let interval = Duration::from_secs_f64(arguments.notify_interval);
                Some(cmmc_focus((ip, edge.clone()), core.address(), interval, faults).await?)
            }
        };
        if let Some((focus, _)) = &cmmc {
            let focus = focus.clone();
            mmtel_as.tell_of_moves(Box::new(move |user| focus.send_away(user)));
        }
        let own = cmmc.as_ref().map(|(focus, _)| focus.sip_address());
        if let Some(address) = arguments.cmmc_focus.or(own) {
            destinations.set(CMMC_DOMAIN, address);
            destinations.set(CMMC_ALIAS_DOMAIN, address);
            in_use.push(("cmmc_focus", address));
        }
        let conference_service = match arguments.conference_service {
            Some(_) => None,
            None => {
                let (factory, conferences) = (CONF_FACTORY_DOMAIN, CONF_DOMAIN);
                let config = focus_config((ip, edge), core.address());
                let started =
                    conference_service::start(config, factory, conferences, not_of_cmmc(faults));
                Some(started.await?)
            }
        };
        let own = conference_service.as_ref().map(Focus::sip_address);
        if let Some(address) = arguments.conference_service.or(own) {
            destinations.set(CONF_FACTORY_DOMAIN, address);
            destinations.set(CONF_DOMAIN, address);
            in_use.push(("conference_service", address));
        }
        for (domain, address) in &arguments.route {
            destinations.set(domain, *address);
        }
        let s_cscf = SCscf::start(
            core,
            &arguments.home_domain,
            Some(server),
            destinations,
            &arguments.authentication,
            faults,
        );
        Ok(Self {
            s_cscf,
            mmtel_as,
            cmmc,
            conference_service,
            in_use,
        })
    }

    /// Names and addresses of the ready line.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        self.in_use
            .iter()
            .map(|(name, address)| (*name, address.to_string()))
    }

    /// Where users and foci send their requests.
    pub fn core(&self) -> SocketAddr {
        self.s_cscf.address()
    }

    pub fn mmtel_as(&self) -> &MmtelAs {
        &self.mmtel_as
    }

    /// Who may create conferences at our CMMC focus; nobody decides that here if a foreign focus is used.
    pub fn cmmc_policy(&self) -> Option<&Arc<CmmcPolicy>> {
        self.cmmc.as_ref().map(|(_, policy)| policy)
    }

    /// Closes every socket and joins every task.
    pub async fn stop(&self) {
        if let Some((focus, _)) = &self.cmmc {
            focus.clone().stop().await;
        }
        if let Some(focus) = &self.conference_service {
            focus.clone().stop().await;
        }
        self.s_cscf.stop().await;
        self.mmtel_as.stop().await;
    }
}

/// Faults of the CMMC focus are not those of the other service, whose focus is the same engine.
fn not_of_cmmc(faults: InForce) -> InForce {
    let of_cmmc = |row: &str| row.starts_with("CM-") || row.starts_with("CF-");
    InForce(faults.0.filter(|fault| !of_cmmc(fault.requirement())))
}

fn focus_config((ip, edge): (IpAddr, Edge), core: SocketAddr) -> FocusConfig {
    FocusConfig {
        edge,
        outbound: Some(core),
        ..FocusConfig::new(ip)
    }
}

/// The CMMC focus, which dials out through the S-CSCF.
async fn cmmc_focus(
    place: (IpAddr, Edge),
    core: SocketAddr,
    notify_interval: Duration,
    faults: InForce,
) -> Result<(Focus, Arc<CmmcPolicy>), io::Error> {
    let policy = CmmcPolicy::new(CMMC_DOMAIN).known_at(CMMC_ALIAS_DOMAIN, faults);
    let policy = Arc::new(policy);
    let config = FocusConfig {
        notify_interval,
        ..focus_config(place, core)
    };
    let focus = Focus::start(config, policy.clone(), faults).await?;
    Ok((focus, policy))
}
