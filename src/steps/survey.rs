//! What no recording shows of a scenario: found out by playing it where everything that is looked for is there and every question is
//! answered as it should be, and noting what is ordered that leaves no trace. What is said in it is noted too: a recording without it has
//! no instance of the scenario.
use super::course::{Act, Course, Lack, Reach, Scene, Search, Seeking, Wait};
use super::lab::Lab;
use super::locate::{ON_UT, unseen, unseen_step};
use super::phone::HandsetAct;
use super::play::one;
use super::recording::Recording;
use super::stage::{CaseSetup, Facility, Stage};
use crate::observe::Trace;
use crate::peer::mmtel_ue::MmtelCommand;
use crate::peer::ue::UeCommand;
use crate::peer::xcap_client::XcapRequest;
use crate::sut::provision::Properties;
use crate::wire::http::HttpMessage;
use cucumber::gherkin;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of a scenario from all its steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// Reasons why no recording decides it; none: one may.
    pub unseen: BTreeSet<String>,
    /// Texts that its people write, as they stand in the recording of every instance.
    pub said: BTreeSet<Vec<u8>>,
    /// What calls and requests on Ut are ordered, as `locate::acts` names them, in order.
    pub acts: Vec<String>,
    /// So many of them are all that is ordered until then.
    pub sure: Option<usize>,
}

impl Surveyed {
    /// From here on something may be ordered that is not known.
    fn is_unsure(&mut self) {
        self.sure.get_or_insert(self.acts.len());
    }
}

/// What no recording shows of a scenario, and what every one has.
pub async fn survey(
    facility: Arc<Facility>,
    setup: CaseSetup,
    steps: &[gherkin::Step],
) -> Surveyed {
    let plan = facility.profile.numbers.users.clone();
    let surveyor = Surveyor::default();
    let found = surveyor.found.clone();
    let recording = Recording::new(Arc::new(Trace::default()));
    let course = Course::Search(Box::new(Seeking::new(recording, Box::new(surveyor), 0)));
    let mut lab = Lab::default();
    lab.set(Stage::on(course, facility, setup));
    for step in steps {
        // One that needs what only a recording has (a dialog, a URI of the system) stops short; what comes after it is played all the same.
        if let Some(stop) = one(&mut lab, step).await {
            tracing::debug!(?stop, step = step.value, "a step of a survey");
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.is_unsure();
        }
    }
    if let Some(stage) = lab.take() {
        stage.close().await;
    }
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = std::mem::take(&mut *found);
    // Who is who differs from one instance to another.
    let named = |text: &Vec<u8>| String::from_utf8_lossy(text).contains(&plan);
    found.said.retain(|text| !named(text));
    found
}

/// What an order has a person write, if that stands in a message as it is.
fn written(act: &Act) -> Option<&str> {
    let is_plain = |wrapped: &Option<String>| wrapped.is_none();
    match act {
        Act::Ue(UeCommand::Send { message, .. }) => {
            let whole = !message.bodiless && !message.abort && is_plain(&message.wrapped_type);
            whole.then_some(message.text.as_str())
        }
        Act::Ue(UeCommand::Message(order)) => {
            let whole = order.body.is_none() && is_plain(&order.wrapped_type);
            whole.then_some(order.text.as_str())
        }
        _ => None,
    }
}

/// Requests that terminals send by themselves too.
const NO_ACTS: [&str; 3] = ["NOTIFY", "PRACK", "UPDATE"];

/// What an order comes to among the acts of a recording.
enum Done {
    Nothing,
    This(String),
    /// That depends.
    Something,
}

fn done(act: &Act) -> Done {
    let command = match act {
        Act::Mmtel(command) => command,
        Act::Ue(UeCommand::Behave(_)) | Act::Handset(HandsetAct::Behave(_)) | Act::Hold(_) => {
            return Done::Nothing;
        }
        Act::Ue(_) | Act::Handset(_) => return Done::Something,
    };
    let this = |method: &str| Done::This(format!("a {method}"));
    match command {
        MmtelCommand::Register { .. } => this("REGISTER"),
        MmtelCommand::Call(_) => this("INVITE"),
        MmtelCommand::Refer(_) => this("REFER"),
        MmtelCommand::Subscribe(_) | MmtelCommand::Unsubscribe { .. } => this("SUBSCRIBE"),
        MmtelCommand::Request(order) if !NO_ACTS.contains(&order.method.as_str()) => {
            this(&order.method)
        }
        MmtelCommand::Access(_) | MmtelCommand::Visit(_) | MmtelCommand::Behave(_) => Done::Nothing,
        MmtelCommand::Request(_)
        | MmtelCommand::Cancel { .. }
        | MmtelCommand::Bye { .. }
        | MmtelCommand::Change(_)
        | MmtelCommand::EndAll
        | MmtelCommand::Raw { .. } => Done::Something,
    }
}

#[derive(Debug, Default)]
struct Surveyor {
    found: Arc<Mutex<Surveyed>>,
}

impl Surveyor {
    fn note(&self, change: impl FnOnce(&mut Surveyed)) {
        change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Search for Surveyor {
    fn step(&mut self, _: Scene<'_>, sentence: &str) -> Result<(), Lack> {
        self.note(|found| found.unseen.extend(unseen_step(sentence)));
        Ok(())
    }

    fn prepare(&mut self, _: Scene<'_>, _: &str, _: &Properties) -> Result<(), Lack> {
        Ok(())
    }

    fn act(&mut self, _: Scene<'_>, _: &str, act: &Act) -> Result<(), Lack> {
        self.note(|found| {
            found.unseen.extend(unseen(act));
            let said = written(act).map(|text| text.as_bytes().to_vec());
            found.said.extend(said);
            match done(act) {
                Done::Nothing => {}
                Done::This(what) => found.acts.push(what),
                Done::Something => found.is_unsure(),
            }
        });
        Ok(())
    }

    fn xcap(
        &mut self,
        _: Scene<'_>,
        _: &str,
        _: &XcapRequest,
        _: bool,
    ) -> Result<(Reach, Option<HttpMessage>), Lack> {
        self.note(|found| found.acts.push(ON_UT.to_owned()));
        Ok((START, None))
    }

    fn wait(&mut self, _: Scene<'_>, _: &Wait<'_>) -> Result<Reach, Lack> {
        Ok(START)
    }

    fn presumes(&self) -> bool {
        true
    }

    fn number(&self, _: usize) -> Option<String> {
        None
    }

    fn ends(&self, _: &str) -> Option<[SocketAddr; 2]> {
        None
    }
}

const START: Reach = Reach {
    last_frame: 0,
    now: 0,
};
