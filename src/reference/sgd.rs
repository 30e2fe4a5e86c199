//! The gateway's way to short messages by Diameter: a node that takes the place of an MME on SGd towards the SMS-GMSC/IWMSC, and that of
//! an IP-SM-GW on S6c and Sh towards the HSS (3GPP TS 23.204 clause 5.2.3, TS 29.338, RFC 6733).
//!
//! One connection to one peer (a service centre with HSS, or a relay), dialled by us and dialled again when it is lost.

/// Arguments of the SGd link.
#[derive(Debug, Clone, clap::Args)]
pub struct SgdArguments {
    /// Diameter peer to connect to, as host:port: short messages go over SGd instead of SMPP, routing and subscriber data over S6c and Sh
    #[arg(long, value_name = "ADDR", conflicts_with = "smsc")]
    pub diameter: Option<String>,
    /// Origin-Host of this node
    #[arg(long, value_name = "H", default_value = "ipsmgw.home1.example")]
    pub diameter_host: String,
    /// Origin-Realm of this node
    #[arg(long, value_name = "R", default_value = "home1.example")]
    pub diameter_realm: String,
    /// Destination-Realm of requests; without it the peer's Origin-Realm
    #[arg(long, value_name = "R")]
    pub diameter_destination_realm: Option<String>,
    /// E.164 number of this IP-SM-GW, given where somebody asks for routing
    #[arg(long, value_name = "NUMBER", default_value = "+441632960960")]
    pub gateway_number: String,
    /// Service centre of users for whom the HSS holds none
    #[arg(long, value_name = "NUMBER")]
    pub sc_address: Option<String>,
    /// How long an MT correlation id stands for a user
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub correlation_seconds: f64,
}

impl Default for SgdArguments {
    fn default() -> Self {
        Self {
            diameter: None,
            diameter_host: "ipsmgw.home1.example".into(),
            diameter_realm: "home1.example".into(),
            diameter_destination_realm: None,
            gateway_number: "+441632960960".into(),
            sc_address: None,
            correlation_seconds: 30.0,
        }
    }
}
