//! Programs of others that the self-tests run beside ours: found by name with their Debian package, ended with the test whatever happens.
#![allow(dead_code)] // Self-tests and a benchmark share it; none needs all of it.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Below the ports that systems give to clients (from 32768 on Linux), one of which may be gone a moment after it was free.
const BELOW_THOSE_OF_CLIENTS: std::ops::Range<u16> = 20_000..32_000;

/// Where a program lies. Fails the test, naming the package, where it is missing.
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian puts daemons where the path of an ordinary user does not lead.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut candidates = folders.map(|folder| folder.join(name));
    candidates
        .find(|candidate| candidate.is_file())
        .unwrap_or_else(|| panic!("{name} is missing; install the Debian package {package}"))
}

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(BELOW_THOSE_OF_CLIENTS);
        let at = (Ipv4Addr::LOCALHOST, port);
        if TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok() {
            return port;
        }
    }
}

/// A process that does not outlive the test, even one that panics.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Asks it to end as an operator would, and kills it if it does not.
    pub fn end(mut self, within: Duration) {
        let pid = self.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if asked.is_ok_and(|status| status.success()) {
            self.ended(within);
        }
    }

    /// Its exit status, if it ends by itself.
    pub fn ended(&mut self, within: Duration) -> Option<std::process::ExitStatus> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > until {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The reference implementation as its own process.
pub struct Reference {
    process: Running,
    pub sip: String,
    pub provisioning: String,
    /// The S-CSCF.
    pub core: String,
    /// Root of XCAP.
    pub ut: String,
    /// Everything that it listens on, by the names of placeholders.
    pub nodes: std::collections::BTreeMap<String, String>,
}

impl Reference {
    /// `arguments` after `reference`; its log goes to `log`.
    pub fn start(arguments: &[&str], log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let mut process = Running::start(
            Command::new(env!("CARGO_BIN_EXE_ims-conformance"))
                .arg("reference")
                .args(arguments)
                .stdout(Stdio::piped())
                .stderr(log),
        );
        let mut line = String::new();
        let out = process.0.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("first line of the reference: {error}: {line:?}"));
        assert_eq!(ready["ready"], true);
        let nodes = ready.as_object().unwrap().iter();
        let nodes = nodes.filter_map(|(name, at)| Some((name.clone(), at.as_str()?.to_owned())));
        Self {
            process,
            nodes: nodes.collect(),
            sip: ready["sip"].as_str().unwrap().to_owned(),
            provisioning: ready["provisioning"].as_str().unwrap().to_owned(),
            core: ready["core"].as_str().unwrap().to_owned(),
            ut: ready["ut"].as_str().unwrap().to_owned(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Demands that it still lives and ends cleanly when asked.
    pub fn end(mut self) {
        assert_eq!(
            self.process.ended(Duration::ZERO),
            None,
            "the reference ended early"
        );
        let pid = self.process.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(asked.success());
        let status = self.process.ended(Duration::from_secs(10));
        let Some(status) = status else {
            panic!("the reference does not end within 10 s of SIGTERM");
        };
        assert!(status.success(), "the reference ended with {status}");
    }
}

/// Python with the packages of `fixtures/selftest/requirements.txt`, in an environment of its own below the target folder. Made when it is
/// first asked for, which takes a network.
pub fn python() -> PathBuf {
    static PYTHON: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    PYTHON.get_or_init(make_python).clone()
}

fn make_python() -> PathBuf {
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = folder.join("bin/python3");
    let made = folder.join("requirements.txt");
    if std::fs::read(&made).ok() == std::fs::read(&wanted).ok() {
        return python;
    }
    let base = program("python3", "python3");
    let asked = |command: &mut Command| {
        let done = command.stdout(Stdio::null()).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "{command:?} failed; it needs the Debian package python3-venv and a way to PyPI"
        );
    };
    asked(
        Command::new(base)
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    );
    let install = ["-m", "pip", "install", "--quiet", "-r"];
    asked(Command::new(&python).args(install).arg(&wanted));
    std::fs::copy(&wanted, &made).unwrap();
    python
}
