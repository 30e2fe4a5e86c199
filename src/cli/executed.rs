//! `run --executed FILE`: which requirements the reference build carried out in each test case, by the marks in its sources.
//!
//! The marks are one count for the process, so the reference has to run inside the run, and the test cases one after the other.
use super::arguments::{ClockArgument, RunArguments};
use crate::reference::marks;
use crate::runner::options::ProgressEvent;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes the counts test case by test case, if somebody wants them.
#[derive(Debug, Clone, Default)]
pub(super) struct Collector {
    file: Option<PathBuf>,
    cases: Arc<Mutex<BTreeMap<String, marks::Executed>>>,
}

impl Collector {
    /// Or why it cannot be.
    pub(super) fn of(arguments: &RunArguments) -> Result<Self, &'static str> {
        let fits = arguments.clock == ClockArgument::Virtual && arguments.jobs == 1;
        match &arguments.executed {
            Some(_) if !fits => Err(
                "--executed needs `--clock virtual --jobs 1`: the reference build counts for its whole process",
            ),
            file => Ok(Self {
                file: file.clone(),
                cases: Arc::default(),
            }),
        }
    }

    pub(super) fn see(&self, event: &ProgressEvent) {
        if self.file.is_none() {
            return;
        }
        let executed = match event {
            ProgressEvent::CaseStarted { .. } => return drop(marks::take()),
            ProgressEvent::CaseFinished { id, .. } => (id.clone(), marks::take()),
            ProgressEvent::Started { .. } | ProgressEvent::Note(_) => return,
        };
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        cases.extend([executed]);
    }

    /// A JSON object: test case to requirement to how often.
    pub(super) fn write(&self) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_string_pretty(&*cases)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}
