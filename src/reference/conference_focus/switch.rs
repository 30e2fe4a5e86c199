//! The MSRP switch of a conference (RFC 7701): what a participant sends is distributed to the others as message/cpim, or to the one
//! participant it names. Participants without a message session get the text as a SIP MESSAGE.
use super::super::user_agent::Body;
use super::super::user_agent::msrp::{MsrpControl, MsrpEvent, MsrpIncoming, MsrpOutgoing};
use super::conference::{Conference, Leg};
use super::engine::{Engine, locked};
use super::offer::Messages;
use super::policy::bare;
use crate::wire::cpim::CpimMessage;
use crate::wire::sip::NameAddr;
use std::sync::Arc;
use tokio::sync::mpsc;

const CPIM: &str = "message/cpim";

/// Code and comment of an MSRP response.
type Refused = (u16, &'static str);

/// What becomes of a message that is taken.
struct Copies {
    octets: Vec<u8>,
    sessions: Vec<MsrpControl>,
    /// Identities of those without a message session, and the text for them.
    others: Vec<String>,
    text: Option<Body>,
    sender: String,
}

impl Engine {
    /// Opens, moves or closes the message session of a leg, as its offer has it.
    pub(super) fn converse(self: &Arc<Self>, uri: &str, leg: &mut Leg, offered: Option<&Messages>) {
        let Some(offered) = offered else {
            leg.messages = None;
            return;
        };
        if leg.messages.is_none() {
            match self.agent.msrp().open() {
                Ok(session) => {
                    let task = serve(Arc::clone(self), uri.to_owned(), leg.id, session.events);
                    self.spawn(task);
                    leg.messages = Some(session.control);
                }
                Err(error) => tracing::warn!(%error, "no message session"),
            }
        }
        if let Some(session) = &leg.messages {
            session.set_remote_path(offered.path.clone());
            if offered.we_connect() && !session.is_connected() {
                self.spawn(connect(session.clone()));
            }
        }
    }

    /// Who is to get what of a message of this leg.
    fn copies(&self, uri: &str, id: u64, message: &MsrpIncoming) -> Result<Copies, Refused> {
        let kind = message.content_type.as_deref().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let parsed = CpimMessage::parse(&message.body).ok();
        let Some(mut cpim) = parsed.filter(|_| kind.eq_ignore_ascii_case(CPIM)) else {
            return Err((415, "Message/CPIM Wanted"));
        };
        let address = |name: &str| {
            let value = cpim.header(name)?;
            Some(bare(NameAddr::parse(value).ok()?.uri.as_str()))
        };
        let (Some(from), Some(to)) = (address("From"), address("To")) else {
            return Err((400, "From And To Wanted"));
        };
        let mut state = locked(&self.state);
        let conference = state.live(uri).ok_or((481, "No Such Conference"))?;
        let sender = conference.leg(id).filter(|leg| leg.is_connected());
        let Some(sender) = sender else {
            return Err((403, "Not A Participant"));
        };
        // Nobody writes in the name of another.
        if !names(sender, &from) {
            return Err((403, "From Is Not The Participant"));
        }
        let shown = sender.shown.clone();
        if !shown.eq_ignore_ascii_case(&from) {
            for (name, value) in &mut cpim.headers {
                if name.eq_ignore_ascii_case("From") {
                    *value = format!("<{shown}>");
                }
            }
        }
        let (sessions, others) = recipients(conference, id, &to)?;
        Ok(Copies {
            octets: cpim.to_octets(),
            sessions,
            others,
            text: text_of(&cpim),
            sender: shown,
        })
    }

    async fn distribute_message(&self, uri: &str, id: u64, message: MsrpIncoming) {
        // Without a body it only binds the connection to the session (RFC 4975 section 7.1).
        if message.content_type.is_none() {
            return;
        }
        let copies = match self.copies(uri, id, &message) {
            Ok(copies) => copies,
            Err((code, comment)) => {
                message.respond(code, comment);
                return;
            }
        };
        // What the switch has taken on is delivered as far as its sender needs to know (RFC 7701 section 6.4).
        message.respond(200, "OK").report(200, "OK");
        for session in copies.sessions {
            let copy = MsrpOutgoing {
                content_type: Some(CPIM.to_owned()),
                body: copies.octets.clone(),
                failure_report: Some("no".to_owned()),
                ..MsrpOutgoing::default()
            };
            if let Err(error) = session.send(copy).await {
                tracing::debug!(%error, "message not distributed");
            }
        }
        if let Some(text) = copies.text {
            for other in copies.others {
                self.copy_to(uri, &other, None, &copies.sender, text.clone());
            }
        }
    }
}

/// Whether an identity is the participant's, or the one under which the others know him.
fn names(leg: &Leg, identity: &str) -> bool {
    leg.is_of(identity) || leg.shown.eq_ignore_ascii_case(identity)
}

/// Everybody else, or the one who is named.
fn recipients(
    conference: &Conference,
    sender: u64,
    to: &str,
) -> Result<(Vec<MsrpControl>, Vec<String>), Refused> {
    let everybody = to.eq_ignore_ascii_case(&bare(&conference.uri));
    let meant =
        |leg: &&Leg| leg.id != sender && leg.is_connected() && (everybody || names(leg, to));
    let legs: Vec<&Leg> = conference.legs.iter().filter(meant).collect();
    if legs.is_empty() && !everybody {
        return Err((404, "No Such Participant"));
    }
    let sessions = legs.iter().filter_map(|leg| leg.messages.clone()).collect();
    let mut others: Vec<String> = legs
        .iter()
        .filter(|leg| leg.messages.is_none())
        .map(|leg| leg.identity.clone())
        .collect();
    others.sort();
    others.dedup();
    Ok((sessions, others))
}

/// What a SIP MESSAGE can carry of it.
fn text_of(cpim: &CpimMessage) -> Option<Body> {
    let kind = cpim.content_type()?;
    kind.starts_with("text/").then(|| Body {
        content_type: cpim
            .content_header("Content-Type")
            .unwrap_or(&kind)
            .to_owned(),
        octets: cpim.content.clone(),
    })
}

/// Distributes what comes in a session until it is closed.
async fn serve(engine: Arc<Engine>, uri: String, id: u64, mut events: mpsc::Receiver<MsrpEvent>) {
    while let Some(event) = events.recv().await {
        if let MsrpEvent::Message(message) = event {
            engine.distribute_message(&uri, id, message).await;
        }
    }
}

/// Opens the connection to a passive peer and binds it by an empty SEND.
async fn connect(session: MsrpControl) {
    let opened = match session.connect().await {
        Ok(()) => session.send(MsrpOutgoing::default()).await.map(|_| ()),
        Err(error) => Err(error),
    };
    if let Err(error) = opened {
        tracing::debug!(%error, "no message session");
    }
}
