//! How a scenario begins: what its users are like and what is done first, found out without a recording.
use super::super::course::{Act, Course, Lack, Reach, Scene, Search, Seeking, Wait};
use super::super::lab::Stop;
use super::super::locate::unseen;
use super::super::play::play;
use super::super::stage::{CaseSetup, Facility, Stage};
use super::super::{HandsetAct, Recording};
use crate::observe::Trace;
use crate::peer::mmtel_ue::MmtelCommand;
use crate::peer::ue::UeCommand;
use crate::peer::xcap_client::XcapRequest;
use crate::sut::provision::Properties;
use crate::wire::http::HttpMessage;
use cucumber::gherkin;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of a scenario before it is looked for.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// What the system is told of each person before the first stimulus.
    pub people: Vec<(String, Properties)>,
    /// Who does what first.
    pub first: Option<(String, Act)>,
    /// Why no recording can decide it.
    pub undecidable: Option<String>,
    /// It begins with a call or a request on Ut.
    pub calls: bool,
    /// Who is introduced and never spoken of again.
    pub idle: Vec<String>,
    /// What keeps it from beginning anywhere, as an address that the profile does not have.
    pub unplayable: Option<String>,
    /// Whose request on Ut is the first that is done.
    pub on_ut: Option<String>,
}

#[derive(Debug, Default)]
struct Collector {
    found: Arc<Mutex<Beginning>>,
}

impl Collector {
    fn note(&self, change: impl FnOnce(&mut Beginning)) {
        change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Plays a scenario up to its first stimulus.
pub async fn beginning(
    facility: Arc<Facility>,
    setup: CaseSetup,
    steps: &[gherkin::Step],
) -> Beginning {
    let collector = Collector::default();
    let found = collector.found.clone();
    let recording = Recording::new(Arc::new(Trace::default()));
    let course = Course::Search(Box::new(Seeking::new(recording, Box::new(collector), 0)));
    let stage = Stage::on(course, facility, setup);
    let played = play(stage, steps).await;
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = found.clone();
    match played {
        Ok(played) => {
            if let Some(Stop::Suite { cause, .. }) = played.stop {
                found.unplayable = Some(cause);
            }
        }
        Err(error) => tracing::debug!(error, "a scenario that is only begun"),
    }
    found
}

fn over() -> Lack {
    Lack::Undecidable(String::new())
}

impl Search for Collector {
    fn step(&mut self, _: Scene<'_>, _: &str) -> Result<(), Lack> {
        Ok(())
    }

    fn prepare(&mut self, _: Scene<'_>, name: &str, properties: &Properties) -> Result<(), Lack> {
        self.note(|found| found.people.push((name.to_owned(), properties.clone())));
        Ok(())
    }

    fn act(&mut self, _: Scene<'_>, name: &str, act: &Act) -> Result<(), Lack> {
        match (unseen(act), act) {
            (Some(why), _) => self.note(|found| found.undecidable = Some(why)),
            // What a peer is like is no stimulus.
            (None, Act::Ue(UeCommand::Behave(_)) | Act::Handset(HandsetAct::Behave(_))) => {}
            (
                None,
                Act::Mmtel(
                    MmtelCommand::Behave(_) | MmtelCommand::Access(_) | MmtelCommand::Visit(_),
                ),
            ) => self.note(|found| found.calls = true),
            (None, _) => {
                self.note(|found| {
                    found.calls |= matches!(act, Act::Mmtel(_));
                    found.first = Some((name.to_owned(), act.clone()));
                });
                return Err(over());
            }
        }
        Ok(())
    }

    fn xcap(
        &mut self,
        _: Scene<'_>,
        name: &str,
        _: &XcapRequest,
        _: bool,
    ) -> Result<(Reach, Option<HttpMessage>), Lack> {
        self.note(|found| {
            found.calls = true;
            found.on_ut = Some(name.to_owned());
        });
        Err(over())
    }

    fn wait(&mut self, _: Scene<'_>, _: &Wait<'_>) -> Result<Reach, Lack> {
        Ok(Reach {
            last_frame: 0,
            now: 0,
        })
    }

    fn number(&self, _: usize) -> Option<String> {
        None
    }

    fn ends(&self, _: &str) -> Option<[SocketAddr; 2]> {
        None
    }
}
