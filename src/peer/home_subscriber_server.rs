//! What the HSS says to an IP-SM-GW: over S6c where a user is served, and that it has taken note of a delivery (3GPP TS 29.338 clause 5,
//! TS 23.204 clause 6); over Sh what it holds of a CPM user (3GPP TS 29.328 clause 7.6).
//!
//! SMS users of the suite are served by an MME (which the suite plays too); everybody else is unknown to S6c, because whoever the system
//! serves itself is asked for at the system. Users without subscriber data are unknown to Sh.
use crate::wire::diameter::{
    Avp, Command, Message, ResultCode, ServingNode, UserIdentifier, decode_tbcd, encode_tbcd, name,
    result, vendor,
};
use std::collections::BTreeMap;

/// Absent users with messages waiting that are remembered.
const MOST_WAITING: usize = 10_000;

/// A user's place, as the HSS knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Served,
    /// Detached: routing queries say absent, with this Absent-User-Diagnostic-SM.
    Absent(u32),
}

/// What the HSS holds of a CPM user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriberData {
    /// E.164 address of his service centre (SMSRegistrationInfo).
    pub service_centre: Option<String>,
    /// He may use the interworking service. What an operator keeps of that is transparent data of no standard form; this is
    /// `<interworking authorised="…"/>` under the service indication `sms-interworking`.
    pub interworking: Option<bool>,
}

impl SubscriberData {
    /// Sh-Data (3GPP TS 29.328 annex C). No field needs escaping.
    fn document(&self) -> String {
        let repository = self.interworking.map_or_else(String::new, |authorised| {
            format!(
                "<RepositoryData><ServiceIndication>sms-interworking</ServiceIndication>\
                 <SequenceNumber>0</SequenceNumber>\
                 <ServiceData><interworking authorised=\"{authorised}\"/></ServiceData></RepositoryData>"
            )
        });
        let centre = self
            .service_centre
            .as_deref()
            .map_or_else(String::new, |number| {
                let digits = number.trim_start_matches('+');
                format!(
                    "<Sh-Data-Extension><SMSRegistrationInfo><SC-Address>{digits}</SC-Address>\
                 </SMSRegistrationInfo></Sh-Data-Extension>"
                )
            });
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Sh-Data>{repository}{centre}</Sh-Data>")
    }
}

#[derive(Debug, Clone)]
pub struct HomeSubscriberServer {
    /// Diameter identity of the serving node, and its realm: the suite's own.
    host: String,
    realm: String,
    /// E.164 number of the serving node, digits.
    node_number: String,
    /// Users by MSISDN digits.
    users: BTreeMap<String, Place>,
    /// Subscriber data by MSISDN digits.
    data: BTreeMap<String, SubscriberData>,
    /// Message waiting data: service centres that wait for the user, by MSISDN digits.
    waiting: BTreeMap<String, Vec<Vec<u8>>>,
}

/// The IMSI of a user: 23415 is a British network code, the rest the end of the number.
pub fn imsi(msisdn: &str) -> String {
    let digits = msisdn.trim_start_matches('+');
    let tail = digits.len().saturating_sub(10);
    format!("23415{:0>10}", digits.get(tail..).unwrap_or(digits))
}

/// The user a request is about, as MSISDN or IMSI.
pub fn user_of(request: &Message) -> (Option<String>, Option<String>) {
    let identified = request.user_identifier().unwrap_or_default();
    let UserIdentifier {
        user_name, msisdn, ..
    } = identified;
    let of_sh = || {
        let members = request.find(name::USER_IDENTITY)?.members().ok()?;
        let msisdn = members.iter().find(|avp| avp.is(name::MSISDN))?;
        decode_tbcd(&msisdn.data).ok()
    };
    let msisdn = msisdn.or_else(of_sh);
    let own_name = request.text(name::USER_NAME).map(str::to_owned);
    (
        request.digits(name::MSISDN).or(msisdn),
        own_name.or(user_name),
    )
}

impl HomeSubscriberServer {
    pub fn new(host: &str, realm: &str, node_number: &str) -> Self {
        Self {
            host: host.to_owned(),
            realm: realm.to_owned(),
            node_number: node_number.trim_start_matches('+').to_owned(),
            users: BTreeMap::new(),
            data: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// What is held of a CPM user from now on.
    pub fn hold(&mut self, msisdn: &str, data: SubscriberData) {
        self.data
            .insert(msisdn.trim_start_matches('+').to_owned(), data);
    }

    /// Sh-Data of a user, with the AVPs of a PNR: his identity and the data.
    pub fn notification(&self, msisdn: &str) -> Option<Vec<Avp>> {
        let digits = msisdn.trim_start_matches('+');
        let data = self.data.get(digits)?;
        let identity = [Avp::new(name::MSISDN, encode_tbcd(digits)?)];
        Some(vec![
            Avp::group(name::USER_IDENTITY, &identity),
            Avp::text(name::SH_USER_DATA, &data.document()),
        ])
    }

    /// From now on the user is known here.
    pub fn place(&mut self, msisdn: &str, place: Place) {
        let digits = msisdn.trim_start_matches('+').to_owned();
        self.users.insert(digits, place);
    }

    pub fn forget(&mut self, msisdn: &str) {
        let digits = msisdn.trim_start_matches('+');
        self.users.remove(digits);
        self.data.remove(digits);
        self.waiting.remove(digits);
    }

    /// The user of an IMSI, MSISDN digits.
    pub fn of_imsi(&self, wanted: &str) -> Option<&str> {
        let found = self.users.keys().find(|msisdn| imsi(msisdn) == wanted);
        found.map(String::as_str)
    }

    fn find(&self, request: &Message) -> Option<(&str, Place)> {
        let (msisdn, user_name) = user_of(request);
        let by_imsi = || self.of_imsi(user_name.as_deref()?);
        let msisdn = msisdn.as_deref().or_else(by_imsi)?;
        let (known, place) = self.users.get_key_value(msisdn)?;
        Some((known, *place))
    }

    /// The answer to a request of S6c: result and what goes with it. `None` for a command that is not the HSS's.
    pub fn answer(&mut self, request: &Message) -> Option<(ResultCode, Vec<Avp>)> {
        match request.command {
            Command::SEND_ROUTING_INFO => Some(self.routing(request)),
            Command::REPORT_DELIVERY => Some(self.delivery(request)),
            Command::ALERT_SERVICE_CENTRE => Some((SUCCESS, Vec::new())),
            Command::USER_DATA => Some(self.user_data(request)),
            Command::PROFILE_UPDATE | Command::SUBSCRIBE_NOTIFICATIONS => {
                Some((SUCCESS, Vec::new()))
            }
            _ => None,
        }
    }

    /// UDR: everything there is, whichever Data-Reference is asked for.
    fn user_data(&self, request: &Message) -> (ResultCode, Vec<Avp>) {
        let (msisdn, _) = user_of(request);
        match msisdn.and_then(|msisdn| self.data.get(&msisdn)) {
            Some(data) => {
                let document = Avp::text(name::SH_USER_DATA, &data.document());
                (SUCCESS, vec![document])
            }
            None => (experimental(result::USER_UNKNOWN), Vec::new()),
        }
    }

    fn routing(&mut self, request: &Message) -> (ResultCode, Vec<Avp>) {
        match self.find(request) {
            None => (experimental(result::USER_UNKNOWN), Vec::new()),
            Some((msisdn, Place::Absent(diagnostic))) => {
                let msisdn = msisdn.to_owned();
                self.wait_for(&msisdn, request);
                let diagnostic = Avp::number(name::MME_ABSENT_USER_DIAGNOSTIC_SM, diagnostic);
                (experimental(result::ABSENT_USER), vec![diagnostic])
            }
            Some((msisdn, Place::Served)) => {
                let node = ServingNode {
                    mme_name: Some(self.host.clone()),
                    mme_realm: Some(self.realm.clone()),
                    mme_number: Some(self.node_number.clone()),
                    ..ServingNode::default()
                };
                let avps = vec![
                    Avp::text(name::USER_NAME, &imsi(msisdn)),
                    node.to_avp(name::SERVING_NODE),
                ];
                (SUCCESS, avps)
            }
        }
    }

    /// A report of what became of a delivery (RDR). Anybody's is taken note of; the system knows users that are not known here.
    fn delivery(&mut self, request: &Message) -> (ResultCode, Vec<Avp>) {
        let identified = request.find(name::USER_IDENTIFIER).cloned();
        let failed = request
            .delivery_outcomes()
            .iter()
            .any(|outcome| outcome.cause != Some(2));
        if let (true, (Some(msisdn), _)) = (failed, user_of(request)) {
            self.wait_for(&msisdn, request);
        }
        (SUCCESS, identified.into_iter().collect())
    }

    fn wait_for(&mut self, msisdn: &str, request: &Message) {
        let Some(centre) = request.find(name::SC_ADDRESS) else {
            return;
        };
        if self.waiting.len() < MOST_WAITING || self.waiting.contains_key(msisdn) {
            let centres = self.waiting.entry(msisdn.to_owned()).or_default();
            if !centres.contains(&centre.data) && centres.len() < MOST_WAITING {
                centres.push(centre.data.clone());
            }
        }
    }

    /// Service centres have messages waiting for that user.
    pub fn has_waiting(&self, msisdn: &str) -> bool {
        self.waiting.contains_key(msisdn.trim_start_matches('+'))
    }
}

const SUCCESS: ResultCode = ResultCode::Base(result::SUCCESS);

fn experimental(code: u32) -> ResultCode {
    ResultCode::Experimental {
        vendor: vendor::TGPP,
        code,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::diameter::{Flags, application};

    fn query(command: Command, msisdn: &str) -> Message {
        let digits = encode_tbcd(msisdn).unwrap();
        Message {
            flags: Flags::REQUEST,
            command,
            application: application::S6C,
            hop_by_hop: 1,
            end_to_end: 1,
            avps: vec![
                Avp::new(name::MSISDN, digits),
                Avp::new(name::SC_ADDRESS, [0x44, 0x77]),
            ],
        }
    }

    #[test]
    fn tells_where_a_user_of_the_suite_is_served_and_knows_nobody_else() {
        let mut hss = HomeSubscriberServer::new("sc.ims.example", "ims.example", "+447700900000");
        hss.place("+447700900222", Place::Served);
        let asked = query(Command::SEND_ROUTING_INFO, "447700900222");
        let (code, avps) = hss.answer(&asked).unwrap();
        assert!(code.is_success());
        let id = avps[0].as_text().unwrap();
        assert_eq!(id, "234157700900222");
        assert_eq!(hss.of_imsi(id), Some("447700900222"));
        let node = ServingNode::read(&avps[1]).unwrap();
        assert_eq!(node.mme_name.as_deref(), Some("sc.ims.example"));
        let stranger = query(Command::SEND_ROUTING_INFO, "447700900333");
        assert_eq!(hss.answer(&stranger).unwrap().0, experimental(5001));
    }

    #[test]
    fn tells_over_sh_what_it_holds_of_a_user() {
        let mut hss = HomeSubscriberServer::new("sc.ims.example", "ims.example", "447700900000");
        let mut asked = query(Command::USER_DATA, "447700900111");
        let identity = Avp::group(name::USER_IDENTITY, &asked.avps[..1]);
        asked.avps = vec![identity];
        assert_eq!(hss.answer(&asked).unwrap().0, experimental(5001));
        let data = SubscriberData {
            service_centre: Some("+447700900777".to_owned()),
            interworking: Some(false),
        };
        hss.hold("+447700900111", data);
        let (code, avps) = hss.answer(&asked).unwrap();
        assert!(code.is_success());
        let told = avps[0].as_text().unwrap();
        assert!(
            told.contains("<SC-Address>447700900777</SC-Address>"),
            "{told}"
        );
        assert!(told.contains("authorised=\"false\""), "{told}");
        assert_eq!(hss.notification("+447700900111").unwrap()[1], avps[0]);
    }

    #[test]
    fn remembers_who_waits_for_an_absent_user() {
        let mut hss = HomeSubscriberServer::new("sc.ims.example", "ims.example", "447700900000");
        hss.place("447700900222", Place::Absent(1));
        let asked = query(Command::SEND_ROUTING_INFO, "447700900222");
        assert_eq!(hss.answer(&asked).unwrap().0, experimental(5550));
        assert!(hss.has_waiting("+447700900222"));
        hss.forget("447700900222");
        assert!(!hss.has_waiting("447700900222"));
    }
}
