//! What all sessions of a load share.
use super::lateness::Lateness;
use super::places::Places;
use super::tally::Tally;
use crate::capture::Kept;
use crate::runner::catalogue::Case;
use crate::steps::{Facility, Script};
use crate::sut::waivers::Waiver;
use crate::verdict::Register;
use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// A test case that sessions play.
pub struct Scenario {
    pub case: Case,
    pub script: Script,
    pub clause: String,
    pub access: Vec<String>,
}

pub struct Bench {
    pub facility: Arc<Facility>,
    pub register: Register,
    pub waivers: Vec<Waiver>,
    pub scenarios: Vec<Scenario>,
    pub generator: String,
    pub out: PathBuf,
    /// Captures of sessions that did not pass, so many.
    pub keep: usize,
    pub began: Instant,
    pub lateness: Lateness,
    pub places: RefCell<Places>,
    /// The sockets of each place.
    pub wardrobe: RefCell<Vec<Kept>>,
    /// Read by whoever asks for the metrics.
    pub tally: Arc<Mutex<Tally>>,
}

impl Bench {
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sessions take the test cases in turn.
    pub fn scenario(&self, number: u64) -> &Scenario {
        let count = self.scenarios.len().max(1) as u64;
        &self.scenarios[usize::try_from(number % count).unwrap_or(0)]
    }

    pub fn sockets(&self, place: usize) -> Kept {
        let mut wardrobe = self.wardrobe.borrow_mut();
        if wardrobe.len() <= place {
            wardrobe.resize_with(place + 1, Kept::default);
        }
        wardrobe[place].clone()
    }
}
