//! Preparing users by hand: the operator is told on the terminal what a user has to be like, and says when it is so.
//!
//! One question at a time. What he says, and how long it took, is evidence; what he cannot do, or does not do in time, makes a test case
//! inconclusive.
use super::{Occasion, Properties};
use crate::sut::SutError;
use crate::sut::profile::OperatorProvisioning;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

/// What an operator was asked and what he said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperatorAct {
    /// What was to be done.
    pub asked: String,
    /// `done`, `cannot`, `abort`, or `no answer`.
    pub answer: String,
    /// What he added.
    pub note: String,
    /// How long it took.
    pub seconds: u64,
}

/// The operator and the terminal he sits at. Clones mean the same one.
#[derive(Clone)]
pub struct Operator {
    limit: Duration,
    desk: Arc<Mutex<Desk>>,
    /// By test case.
    acts: Arc<Lock<BTreeMap<String, Vec<OperatorAct>>>>,
}

struct Desk {
    answers: mpsc::UnboundedReceiver<String>,
    /// He has ended the run.
    aborted: bool,
    /// What users were last made to be like.
    told: BTreeMap<String, Properties>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator")
            .field("limit", &self.limit)
            .finish()
    }
}

impl Operator {
    /// At the terminal, or with the answers of a file, one a line.
    pub fn new(settings: &OperatorProvisioning, answers: Option<&Path>) -> Result<Self, SutError> {
        let fail = |message: String| SutError::Provisioning {
            what: "users (provisioning.operator)".to_owned(),
            message,
        };
        let source: Box<dyn Read + Send> = match answers {
            Some(path) => {
                let file = std::fs::File::open(path);
                Box::new(file.map_err(|error| {
                    fail(format!("--operator-answers {}: {error}", path.display()))
                })?)
            }
            None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
                Box::new(std::io::stdin())
            }
            None => {
                return Err(fail("there is no terminal to ask an operator on; run it on one, name answers by --operator-answers FILE, or write another way to prepare users".to_owned()));
            }
        };
        Ok(Self {
            limit: Duration::from_secs_f64(settings.limit_seconds),
            desk: Arc::new(Mutex::new(Desk {
                answers: lines(source),
                aborted: false,
                told: BTreeMap::new(),
            })),
            acts: Arc::default(),
        })
    }

    /// What he did for a test case.
    pub fn take_acts(&self, case: &str) -> Vec<OperatorAct> {
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.remove(case).unwrap_or_default()
    }

    /// Has a user made to be as the properties say, unless he is so already.
    pub async fn prepare_user(
        &self,
        properties: &Properties,
        occasion: &Occasion,
    ) -> Result<(), SutError> {
        let mut desk = self.desk.lock().await;
        let number = properties.get("number").and_then(serde_json::Value::as_str);
        let number = number.unwrap_or_default().to_owned();
        let old = desk.told.get(&number).cloned().unwrap_or_default();
        let news: Vec<String> = properties
            .iter()
            .filter(|(name, value)| *name != "number" && old.get(*name) != Some(*value))
            .map(|(name, value)| format!("  {name}: {value}"))
            .collect();
        if news.is_empty() && desk.told.contains_key(&number) {
            return Ok(());
        }
        let asked = match old.is_empty() {
            true => format!("make {number} a user with"),
            false => format!("change of the user {number}"),
        };
        let asked = format!("{asked}\n{}", news.join("\n"));
        self.ask(&mut desk, &asked, occasion).await?;
        desk.told.insert(number, properties.clone());
        Ok(())
    }

    pub async fn prepare_pool(&self, pool: &str, numbers: &[String]) -> Result<(), SutError> {
        let mut desk = self.desk.lock().await;
        let (first, last) = (numbers.first(), numbers.last());
        let asked = format!(
            "fill the pool {pool} with the {} session numbers {} to {}",
            numbers.len(),
            first.map_or("", String::as_str),
            last.map_or("", String::as_str)
        );
        self.ask(&mut desk, &asked, &Occasion::default()).await
    }

    async fn ask(&self, desk: &mut Desk, asked: &str, occasion: &Occasion) -> Result<(), SutError> {
        if desk.aborted {
            return Err(SutError::Unmet("the operator has ended the run".to_owned()));
        }
        let seconds = self.limit.as_secs();
        show(&format!(
            "\n{}{asked}\nthen write done, cannot or abort, and a note if you like ({seconds} s left)",
            occasion.heading()
        ));
        let began = Instant::now();
        let (answer, note) = loop {
            let left = self.limit.saturating_sub(began.elapsed());
            // He is told once more when half of the time is over.
            let wait = match left > self.limit / 2 {
                true => left - self.limit / 2,
                false => left,
            };
            match timeout(wait, desk.answers.recv()).await {
                Ok(Some(line)) => match understood(&line) {
                    Some(answer) => break answer,
                    None => show("that is none of done, cannot, abort"),
                },
                Ok(None) => break ("no answer", "there are no more answers".to_owned()),
                Err(_) if began.elapsed() >= self.limit => {
                    break (
                        "no answer",
                        format!("nothing within {seconds} s (provisioning.operator.limit_seconds)"),
                    );
                }
                Err(_) => show(&format!(
                    "{} s left",
                    (self.limit - began.elapsed().min(self.limit)).as_secs()
                )),
            }
        };
        let act = OperatorAct {
            asked: asked.to_owned(),
            answer: answer.to_owned(),
            note: note.clone(),
            seconds: began.elapsed().as_secs(),
        };
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.entry(occasion.case.clone()).or_default().push(act);
        drop(acts);
        match answer {
            "done" => Ok(()),
            "abort" => {
                desk.aborted = true;
                Err(SutError::Unmet(format!(
                    "the operator has ended the run: {note}"
                )))
            }
            "cannot" => Err(SutError::Unmet(format!(
                "the operator cannot do it: {note}"
            ))),
            _ => Err(SutError::Unmet(format!(
                "the operator gave no answer: {note}"
            ))),
        }
    }
}

/// Lines as they come. Read by a thread of its own that nobody waits for: a read from a terminal cannot be called off.
fn lines(source: Box<dyn Read + Send>) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(source).lines();
        while let Some(Ok(line)) = lines.next()
            && sender.send(line).is_ok()
        {}
    });
    receiver
}

/// An answer and what was added to it.
fn understood(line: &str) -> Option<(&'static str, String)> {
    let line = line.trim();
    let (word, note) = line.split_once([' ', ':', ',']).unwrap_or((line, ""));
    let answer = ["done", "cannot", "abort"]
        .into_iter()
        .find(|answer| answer.eq_ignore_ascii_case(word))?;
    Some((answer, note.trim().to_owned()))
}

/// A line for the operator; if that fails there is nowhere left to say so, and he will not answer.
fn show(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn operator(answers: &str, limit_seconds: f64) -> (Operator, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers");
        std::fs::write(&file, answers).unwrap();
        let settings = OperatorProvisioning { limit_seconds };
        (Operator::new(&settings, Some(&file)).unwrap(), folder)
    }

    fn user(cpm: bool) -> Properties {
        Properties::from([
            ("number".to_owned(), "+4477".into()),
            ("cpm".to_owned(), cpm.into()),
        ])
    }

    #[tokio::test]
    async fn what_the_operator_says_is_kept() {
        let (operator, _folder) = operator("what?\ndone in the portal\ncannot: no licence\n", 5.0);
        let occasion = Occasion {
            case: "TC-X".to_owned(),
            ..Occasion::default()
        };
        operator.prepare_user(&user(true), &occasion).await.unwrap();
        // Nothing has changed, so nobody is asked.
        operator.prepare_user(&user(true), &occasion).await.unwrap();
        let refused = operator.prepare_user(&user(false), &occasion).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("cannot do it: no licence"), "{refused}");
        let acts = operator.take_acts("TC-X");
        assert_eq!(acts.len(), 2);
        assert_eq!(
            (acts[0].answer.as_str(), acts[0].note.as_str()),
            ("done", "in the portal")
        );
        assert!(
            acts[1]
                .asked
                .contains("change of the user +4477\n  cpm: false")
        );
    }

    #[tokio::test]
    async fn after_abort_nobody_is_asked() {
        let (operator, _folder) = operator("abort\ndone\n", 5.0);
        for _ in 0..2 {
            let ended = operator.prepare_pool("p", &["+1".to_owned()]).await;
            assert!(ended.unwrap_err().to_string().contains("has ended the run"));
        }
    }
}
