//! The process of a system that the suite starts itself: its addresses, its log, its end.
use super::{SutError, profile::Start};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A started system. It ends when its standard input closes, and is killed if it does not.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// What its first line said: names and values, `sip`, `provisioning`, ...
    pub addresses: BTreeMap<String, String>,
}

impl Process {
    /// Starts the command and `extra` arguments with their placeholders filled in and waits for its first line. Its log goes to `log`.
    pub async fn start(
        start: &Start,
        values: &BTreeMap<String, String>,
        extra: &[String],
        log: std::fs::File,
    ) -> Result<Self, SutError> {
        let words: Vec<String> = start
            .command
            .iter()
            .chain(extra)
            .map(|word| fill(word, values))
            .collect();
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| SutError::Start("start.command is empty".into()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            // Ctrl-C on the terminal is for the run, which ends the system in its own time: a system that dies under a running test
            // case would be blamed for it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| SutError::Start(format!("{program} (start.command): {error}")))?;
        let addresses = Self::first_line(&mut child, start).await?;
        Ok(Self { child, addresses })
    }

    async fn first_line(
        child: &mut Child,
        start: &Start,
    ) -> Result<BTreeMap<String, String>, SutError> {
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| SutError::Start("no standard output".into()))?;
        let mut lines = BufReader::new(stdout).lines();
        let limit = Duration::from_secs_f64(start.ready_within_seconds);
        let line = tokio::time::timeout(limit, lines.next_line())
            .await
            .map_err(|_| {
                SutError::Start(format!(
                    "no ready line within {} s (start.ready_within_seconds)",
                    start.ready_within_seconds
                ))
            })?
            .map_err(|error| SutError::Start(error.to_string()))?
            .ok_or_else(|| SutError::Start("it ended before it was ready".into()))?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let value: serde_json::Value = serde_json::from_str(&line).map_err(|error| {
            SutError::Start(format!("its first line is not JSON ({error}): {line}"))
        })?;
        let object = value
            .as_object()
            .ok_or_else(|| SutError::Start(format!("its first line is no JSON object: {line}")))?;
        Ok(object
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect())
    }

    /// True while the process lives.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Closes its standard input and waits for its end, at most five seconds.
    pub async fn stop(mut self) -> Result<(), SutError> {
        drop(self.child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(5), self.child.wait())
            .await
            .is_err()
        {
            self.child
                .kill()
                .await
                .map_err(|error| SutError::Start(format!("it could not be ended: {error}")))?;
        }
        Ok(())
    }
}

fn fill(word: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("{{{name}}}"), value)
    })
}
