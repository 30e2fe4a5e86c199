//! Preparing users by programs of the tester's: one call for each, all properties as JSON on its standard input.
use super::{Properties, template};
use crate::sut::secret::{self, Secrets};
use crate::sut::{SutError, profile::CommandProvisioning};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// Characters of what a program has complained that are shown.
const SHOWN: usize = 300;

#[derive(Debug, Clone)]
pub struct Programs {
    pub settings: CommandProvisioning,
    pub secrets: Secrets,
}

impl Programs {
    /// Runs a program to its end. Anything but exit code 0 within the limit is an error that says what the program has complained.
    pub async fn run(
        &self,
        key: &str,
        words: &[String],
        properties: &Properties,
    ) -> Result<(), SutError> {
        let json = serde_json::json!(properties).to_string();
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                let word = secret::in_shell(word, &self.secrets);
                template::fill_word(&word.replace("{properties}", &json), properties)
            })
            .collect();
        let fail = |message: String| SutError::Provisioning {
            what: format!("users (provisioning.command.{key})"),
            message,
        };
        let Some((program, arguments)) = words.split_first() else {
            return Err(fail(
                "it is empty; write a program and its arguments".into(),
            ));
        };
        let child = Command::new(program)
            .args(arguments)
            .envs(secret::environment(&self.secrets))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| fail(format!("{program} cannot be started: {error}")))?;
        let seconds = self.settings.limit_seconds;
        let limit = Duration::from_secs_f64(seconds);
        let output = tokio::time::timeout(limit, ended(child, &json))
            .await
            .map_err(|_| {
                fail(format!(
                    "{program} has not ended within {seconds} s (limit_seconds) and was killed"
                ))
            })?
            .map_err(|error| fail(format!("{program}: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said.trim().chars().take(SHOWN).collect();
        Err(fail(format!(
            "{program} ended with {}: {said}",
            output.status
        )))
    }
}

async fn ended(mut child: Child, json: &str) -> std::io::Result<std::process::Output> {
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read what it is given has its arguments.
        stdin.write_all(json.as_bytes()).await.ok();
    }
    child.wait_with_output().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn run(script: &str) -> Result<(), SutError> {
        let programs = Programs {
            settings: CommandProvisioning {
                user: Vec::new(),
                pool: Vec::new(),
                forget_user: None,
                limit_seconds: 0.5,
            },
            secrets: Secrets::from([("own-key".to_owned(), "k3y".into())]),
        };
        let properties = Properties::from([
            ("number".to_owned(), "+4477".into()),
            ("cpm".to_owned(), true.into()),
        ]);
        let words = ["sh", "-c", script, "sh", "{number}", "{pool}"].map(str::to_owned);
        programs.run("user", &words, &properties).await
    }

    #[tokio::test]
    async fn gives_programs_properties_and_takes_their_exit_code() {
        run("test \"$1\" = +4477 && test -z \"$2\" && grep -q '\"cpm\":true'")
            .await
            .unwrap();
        run("test \"$SECRET_OWN_KEY\" = k3y && test \"{secret.own-key}\" = k3y")
            .await
            .unwrap();
        let error = run("echo no such user >&2; exit 4").await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("exit status: 4: no such user"), "{said}");
        let error = run("sleep 30").await.unwrap_err();
        assert!(error.to_string().contains("within 0.5 s"), "{error}");
    }
}
