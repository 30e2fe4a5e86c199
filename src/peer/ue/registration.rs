//! The third-party REGISTER by which the S-CSCF tells the gateway that this user is registered and what his terminal can do
//! (3GPP TS 24.229 clause 5.4.1.7, 3GPP TS 24.341 clause 5.3.3.2).
//!
//! The terminal's own REGISTER is enclosed as message/sip; its Contact has the feature tags. The S-CSCF's Contact repeats them, because
//! not every gateway reads bodies (RFC 3840 allows them there).
use super::compose::{Identity, icsi_tag};
use super::{Ue, Use};
use crate::peer::Time;
use crate::wire::sip::SipMessage;

/// Services of a CPM terminal (ICSI).
const CPM_SERVICES: [&str; 2] = [
    "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session",
    "urn:urn-7:3gpp-service.ims.icsi.oma.cpm.msg",
];
/// Media feature tag of SMS over IP, 3GPP TS 24.341 clause A.2.
const SMSIP: &str = "+g.3gpp.smsip";
/// The same without MSISDN, clause A.3.
const MSISDN_LESS: &str = "+g.3gpp.smsip-msisdn-less";

/// What the S-CSCF registers of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registration {
    /// The terminal takes short messages over IP.
    pub smsip: bool,
    /// The terminal is a CPM client.
    pub cpm: bool,
    /// The subscription has no MSISDN; from here on the UE goes by a SIP URI without a number.
    pub msisdn_less: bool,
    /// 0 ends the registration.
    pub expires: u32,
}

impl Registration {
    /// Contact parameters, each with its semicolon.
    pub(super) fn feature_tags(self) -> String {
        let smsip = match (self.smsip, self.msisdn_less) {
            (true, true) => format!(";{SMSIP};{MSISDN_LESS}"),
            (true, false) => format!(";{SMSIP}"),
            (false, _) => String::new(),
        };
        let services: Vec<String> = CPM_SERVICES
            .iter()
            .map(|icsi| icsi_tag(icsi))
            .filter(|_| self.cpm)
            .map(|tag| format!(";{tag}"))
            .collect();
        format!("{smsip}{}", services.concat())
    }
}

impl Ue {
    pub(super) fn register(&mut self, now: Time, registration: Registration) {
        self.config.msisdn_less = registration.msisdn_less;
        if self.attachment.is_some() {
            return self.register_at_gm(now, registration);
        }
        let config = &self.config;
        let identity = Identity { config }.public_uri();
        let (domain, sip) = (config.domain.clone(), config.sip);
        let transport = config.transport.parameter();
        let gateway = format!("sip:{};transport={transport}", config.system);
        let tags = registration.feature_tags();
        let expires = registration.expires.to_string();

        let mut own = SipMessage::request("REGISTER", &format!("sip:{domain}"));
        own.push("From", format!("<{identity}>;tag={}", self.ids.tag()));
        own.push("To", format!("<{identity}>"));
        own.push("Call-ID", self.ids.call_id());
        own.push("CSeq", "1 REGISTER");
        own.push("Max-Forwards", "70");
        let via = format!("SIP/2.0/UDP ue.{domain}:5060;branch={}", self.ids.branch());
        own.push("Via", via);
        own.push("Contact", format!("<{identity}>{tags}"));
        own.push("Expires", &expires);
        own.push("Content-Length", "0");

        let mut request = SipMessage::request("REGISTER", &gateway);
        request.push("Max-Forwards", "70");
        let tag = self.ids.tag();
        request.push("From", format!("<sip:scscf.{domain}>;tag={tag}"));
        request.push("To", format!("<{identity}>"));
        request.push("Call-ID", self.ids.call_id());
        request.push("CSeq", "1 REGISTER");
        let contact = format!("<sip:{sip};transport={transport}>{tags}");
        request.push("Contact", contact);
        request.push("Expires", expires);
        request.set_body("message/sip", own.to_octets());
        let hop = self.hop_to_system();
        self.send_request(now, request, hop, Use::Plain("registration".to_owned()));
    }
}
