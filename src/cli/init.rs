//! `init`: five answers become the commented profile of a system that is running already.
//!
//! The text is that of the template, so that every line that was not asked for stands there with what it means, and is found by its
//! CHANGE-ME.
use super::arguments::{Carriage, InitArguments};
use super::{ExitCode, complain, say};
use crate::sut::Profile;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::Path;

const TEMPLATE: &str = include_str!("../../fixtures/systems/template/profile.yaml");
/// Where the template begins to say something about the system.
const HEAD: &str = "name: template";

pub(super) fn init(arguments: &InitArguments) -> Result<ExitCode> {
    let folder = &arguments.folder;
    let path = folder.join("profile.yaml");
    if path.exists() && !arguments.force {
        bail!("{} is there already; --force replaces it", path.display());
    }
    let name = folder.file_name().and_then(|name| name.to_str());
    let name = name.context("name a folder for the profile, e.g. ./acme")?;
    let text = written(name, arguments, &mut std::io::stdin().lock())?;
    let before = std::fs::read(&path).ok();
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    std::fs::write(&path, &text).with_context(|| path.display().to_string())?;
    if let Err(error) = Profile::load(&folder.display().to_string(), Path::new(".")) {
        match before {
            Some(before) => std::fs::write(&path, before)?,
            None => std::fs::remove_file(&path)?,
        }
        if is_new {
            std::fs::remove_dir(folder)?;
        }
        return Err(error).context("these answers make no profile");
    }
    let system = match folder.parent() {
        Some(parent) if parent.as_os_str().is_empty() => format!("./{name}"),
        _ => folder.display().to_string(),
    };
    say(&format!(
        "{} is written; what is left to change is marked CHANGE-ME\nnext: ims-conformance doctor --system {system}\n      ims-conformance run --only-smoke --system {system}",
        path.display()
    ));
    Ok(ExitCode::Pass)
}

fn written(name: &str, arguments: &InitArguments, input: &mut impl BufRead) -> Result<String> {
    let mut asker = Asker { input, number: 0 };
    let sip: SocketAddr = asker.answer(
        "Where does the system take SIP (address:port)?",
        "--sip",
        arguments.sip.as_deref(),
        None,
    )?;
    let local: IpAddr = asker.answer(
        "Which address of this machine does the system reach?",
        "--local",
        arguments.local.as_deref(),
        towards(sip).map(|ip| ip.to_string()).as_deref(),
    )?;
    let smpp = arguments.carriage == Carriage::Smpp;
    let port = if smpp { 2775 } else { 3868 };
    let listen: SocketAddr = asker.answer(
        "Where shall the suite's message centre listen (address:port)?",
        "--message-centre",
        arguments.message_centre.as_deref(),
        Some(&SocketAddr::new(local, port).to_string()),
    )?;
    let account: String = match smpp {
        true => asker.answer(
            "What does the system bind with (system_id/password)?",
            "--account",
            arguments.account.as_deref(),
            Some("ipsmgw/secret"),
        )?,
        false => asker.answer(
            "What is the Diameter identity of the suite (Origin-Host)?",
            "--account",
            arguments.account.as_deref(),
            Some("sc.ims.example"),
        )?,
    };
    let provisioning: String = asker.answer(
        "Where are users prepared (base URL of the HTTP requests)?",
        "--provisioning",
        arguments.provisioning.as_deref(),
        None,
    )?;
    let mut draft = Draft::new(name, arguments);
    draft.set("sip", "address", &quoted(&sip.to_string()));
    draft.set("sip", "local_ip", &quoted(&local.to_string()));
    draft.carriage(arguments.carriage, listen, &account)?;
    draft.set("http", "base", &provisioning);
    draft.conferences(arguments);
    if let Some(account) = &arguments.registration {
        draft.registration(account)?;
    }
    Ok(draft.text)
}

/// The address of this machine that packets to there leave from; nothing is sent.
fn towards(system: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = match system {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(system).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// YAML takes `::1` and the like for something else.
fn quoted(text: &str) -> String {
    match text.contains("::") || text.starts_with('[') {
        true => format!("\"{text}\""),
        false => text.to_owned(),
    }
}

/// Asks for what the options did not say.
struct Asker<'a, R> {
    input: &'a mut R,
    number: usize,
}

impl<R: BufRead> Asker<'_, R> {
    /// An answer that can be read. On a terminal a wrong one is asked for again.
    fn answer<T: std::str::FromStr>(
        &mut self,
        question: &str,
        option: &str,
        given: Option<&str>,
        default: Option<&str>,
    ) -> Result<T> {
        self.number += 1;
        if let Some(given) = given {
            let wrong = || format!("{option} {given}: cannot be read");
            return given.parse().ok().with_context(wrong);
        }
        loop {
            let shown = default.map_or(String::new(), |default| format!(" [{default}]"));
            let mut out = std::io::stderr();
            write!(out, "{}. {question}{shown} ", self.number)?;
            out.flush()?;
            let mut line = String::new();
            if self.input.read_line(&mut line)? == 0 {
                complain("");
                bail!("nobody answers; say it by {option}");
            }
            let said = match line.trim() {
                "" => default.unwrap_or_default(),
                said => said,
            };
            match said.parse() {
                Ok(answer) if !said.is_empty() => return Ok(answer),
                _ if std::io::stdin().is_terminal() => {
                    complain("   that cannot be read; once more, please");
                }
                _ => bail!("{option}: `{said}` cannot be read"),
            }
        }
    }
}

/// The template on its way to becoming a profile.
struct Draft {
    text: String,
}

impl Draft {
    fn new(name: &str, arguments: &InitArguments) -> Self {
        let (_, rest) = TEMPLATE.split_once(HEAD).unwrap_or(("", ""));
        let head = format!(
            "# The profile of {name}. What each line means: fixtures/systems/README.md of ims-conformance.\n#   ims-conformance doctor --system PATH   whether it fits the system\n#   ims-conformance run --system PATH      everything\n"
        );
        let mut draft = Self {
            text: format!("{head}{HEAD}{rest}"),
        };
        draft.set("", "name", name);
        draft.set("sip", "transport", arguments.transport.name());
        draft.set("sip", "domain", &arguments.domain);
        draft
    }

    /// Replaces the value of a key of a section, which is a line `section:` further up; the comment stays, its CHANGE-ME does not.
    fn set(&mut self, section: &str, key: &str, value: &str) {
        let mut inside = section.is_empty();
        let mut done = false;
        let lines = self.text.lines().map(|line| {
            inside |= line.trim() == format!("{section}:");
            let bare = line.trim_start();
            let indent = &line[..line.len() - bare.len()];
            match bare
                .strip_prefix(key)
                .and_then(|rest| rest.strip_prefix(':'))
            {
                Some(rest) if inside && !done => {
                    done = true;
                    let comment = rest.split_once(" # ").map_or("", |(_, comment)| comment);
                    let comment = comment
                        .trim_start_matches("CHANGE-ME")
                        .trim_start_matches([':', ' ']);
                    match comment {
                        "" => format!("{indent}{key}: {value}"),
                        comment => format!("{indent}{key}: {value}   # {comment}"),
                    }
                }
                _ => line.to_owned(),
            }
        });
        let lines: Vec<String> = lines.collect();
        self.text = lines.join("\n") + "\n";
    }

    /// UEs before a P-CSCF, in place of what the template has as a comment.
    fn registration(&mut self, account: &str) -> Result<()> {
        let (impi, password) = account
            .rsplit_once('/')
            .context("--registration wants IMPI/PASSWORD")?;
        self.set("sip", "reference_point", "gm");
        let comment = "  # registration: ";
        let written = format!(
            "  registration: {{ private_identity: \"{impi}\", password: \"{password}\" }}\n{comment}"
        );
        self.text = self.text.replacen(comment, &written, 1);
        Ok(())
    }

    /// Makes comments of a section and what is indented below it.
    fn leave_out(&mut self, section: &str) {
        let mut depth = None;
        let lines = self.text.lines().map(|line| {
            let bare = line.trim_start();
            let indent = line.len() - bare.len();
            if depth.is_some_and(|depth| indent <= depth && !bare.is_empty()) {
                depth = None;
            }
            if depth.is_none()
                && bare
                    .strip_prefix(section)
                    .is_some_and(|rest| rest.starts_with(':'))
            {
                depth = Some(indent);
            }
            match depth {
                Some(_) if !bare.is_empty() && !bare.starts_with('#') => format!("# {line}"),
                _ => line.to_owned(),
            }
        });
        let lines: Vec<String> = lines.collect();
        self.text = lines.join("\n") + "\n";
    }

    fn carriage(&mut self, carriage: Carriage, listen: SocketAddr, account: &str) -> Result<()> {
        let all = [
            (Carriage::Smpp, "smpp"),
            (Carriage::Sgd, "sgd"),
            (Carriage::SmsOverIp, "sms-over-ip"),
        ];
        for (other, section) in all {
            if other != carriage {
                self.leave_out(section);
                continue;
            }
            self.set("", "carriage", section);
            self.set(section, "listen", &quoted(&listen.to_string()));
            if carriage == Carriage::Smpp {
                let parts = account.split_once('/');
                let (id, password) = parts.context("--account: write system_id/password")?;
                self.set(section, "system_id", &format!("{id:?}"));
                self.set(section, "password", &format!("{password:?}"));
            } else {
                let realm = account.split_once('.').map_or(account, |(_, realm)| realm);
                self.set(section, "origin_host", account);
                self.set(section, "origin_realm", realm);
            }
        }
        Ok(())
    }

    /// Conferences and Ut are there only if both were named.
    fn conferences(&mut self, arguments: &InitArguments) {
        let (Some(core), Some(ut)) = (&arguments.core, &arguments.ut) else {
            self.leave_out("conferencing");
            return;
        };
        self.set("conferencing", "core", &quoted(core));
        self.set("conferencing", "ut", ut);
        match &arguments.ut_account {
            Some(account) => {
                let (user, password) = account.split_once('/').unwrap_or((account, ""));
                self.set("ut_authentication", "username", &format!("{user:?}"));
                self.set("ut_authentication", "password", &format!("{password:?}"));
            }
            None => self.leave_out("ut_authentication"),
        }
    }
}
