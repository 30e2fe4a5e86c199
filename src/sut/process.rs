//! A system that the suite starts itself, as a process of its own or inside the run: its addresses, its log, its end.
use super::secret::{self, Secrets};
use super::{SutError, profile::Start};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

/// How long the last words of a system that has ended may take: a child of its own may hold its standard error open.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A started system.
pub struct Process {
    life: Life,
    /// What its first line said: names and values, `sip`, `provisioning`, ...
    pub addresses: BTreeMap<String, String>,
}

enum Life {
    /// It ends when its standard input closes, and is killed if it does not.
    Apart {
        child: Child,
        /// Copies what it says to its log.
        copying: JoinHandle<()>,
    },
    /// It shares the process and the runtime of the run; here is what ends it.
    Inside(BoxFuture<'static, Result<(), String>>),
}

/// A system that runs inside the run.
pub struct Started {
    pub first_line: String,
    pub stop: BoxFuture<'static, Result<(), String>>,
}

/// How to start the system inside the run, from the words of its command line.
pub type Starter = fn(Vec<String>) -> BoxFuture<'static, Result<Started, String>>;

impl Process {
    /// Starts the system on the runtime of the caller. Its clock is then that of the run.
    pub async fn inside(
        starter: Starter,
        start: &Start,
        values: &BTreeMap<String, String>,
        extra: &[String],
    ) -> Result<Self, SutError> {
        let words = start.command.iter().chain(extra);
        let words = words.map(|word| fill(word, values)).collect();
        let Started { first_line, stop } = starter(words).await.map_err(SutError::Start)?;
        Ok(Self {
            life: Life::Inside(stop),
            addresses: addresses(&first_line)?,
        })
    }

    /// Starts the command and `extra` arguments with their placeholders filled in and waits for its first line. Its log goes to `log`,
    /// free of secrets; those it is to know are in its environment.
    pub async fn start(
        start: &Start,
        values: &BTreeMap<String, String>,
        extra: &[String],
        secrets: &Secrets,
        log: std::fs::File,
    ) -> Result<Self, SutError> {
        let words: Vec<String> = start
            .command
            .iter()
            .chain(extra)
            .map(|word| secret::in_shell(&fill(word, values), secrets))
            .collect();
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| SutError::Start("start.command is empty".into()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(secret::environment(secrets))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C on the terminal is for the run, which ends the system in its own time: a system that dies under a running test
            // case would be blamed for it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| SutError::Start(format!("{program} (start.command): {error}")))?;
        let said = child.stderr.take();
        let copying = tokio::spawn(async move {
            if let Some(said) = said {
                copy(said, log).await;
            }
        });
        match Self::first_line(&mut child, start).await {
            Ok(addresses) => Ok(Self {
                life: Life::Apart { child, copying },
                addresses,
            }),
            Err(error) => {
                drop(child);
                // Whoever reads the log next finds the last words in it.
                tokio::time::timeout(LAST_WORDS, copying).await.ok();
                Err(error)
            }
        }
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
        addresses(&line)
    }

    /// True while the process lives.
    pub fn is_alive(&mut self) -> bool {
        match &mut self.life {
            Life::Apart { child, .. } => matches!(child.try_wait(), Ok(None)),
            Life::Inside(_) => true,
        }
    }

    /// Closes its standard input and waits for its end, at most five seconds.
    pub async fn stop(self) -> Result<(), SutError> {
        let (mut child, copying) = match self.life {
            Life::Apart { child, copying } => (child, copying),
            Life::Inside(stop) => return stop.await.map_err(SutError::Start),
        };
        drop(child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(5), child.wait())
            .await
            .is_err()
        {
            child
                .kill()
                .await
                .map_err(|error| SutError::Start(format!("it could not be ended: {error}")))?;
        }
        tokio::time::timeout(LAST_WORDS, copying).await.ok();
        Ok(())
    }
}

/// What a first line says.
fn addresses(line: &str) -> Result<BTreeMap<String, String>, SutError> {
    let value: serde_json::Value = serde_json::from_str(line).map_err(|error| {
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

/// Line by line, so that no secret is cut in two.
async fn copy(said: ChildStderr, mut log: std::fs::File) {
    let mut said = BufReader::new(said);
    let mut line = Vec::new();
    while said.read_until(b'\n', &mut line).await.is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line);
        let shown = secret::known().text(&text);
        // A log that cannot be written must not stop the system, which would wait for somebody to read.
        log.write_all(shown.as_bytes()).unwrap_or_default();
        line.clear();
    }
}

fn fill(word: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("{{{name}}}"), value)
    })
}
