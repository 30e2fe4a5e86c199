//! Endurance of the reference implementation: many chat sessions, one after the other and many at once, must leave nothing behind.
//!
//! `cargo bench --bench soak -- [sessions]` (100 000 unless said otherwise; any number takes at least 100 s, so that the transactions that
//! RFC 3261 keeps for 64*T1 are at their plateau well before half of the load). SIPp, a program of others, calls as many different SMS
//! users; each invitation is accepted on behalf, and when the caller leaves, a small SMSC in this process gets the closing message. Only
//! loopback is used, rate and sessions at once are bounded, and all ends by itself. SIPp speaks no MSRP, so no chat message is carried.
//!
//! Ends with 1 where memory grows in the second half, sessions are left behind, a call fails or a closing message is missing.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../selftest/third_party.rs"]
mod third_party;

use ims_conformance::wire::smpp::{Body, CommandId, Framer, Pdu};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use third_party::{Reference, Running, free_port, program};

const SESSIONS: u64 = 100_000;
/// Two transactions of each session are kept for 32 s: 600 a second stay below the reference's limit of 50 000.
const MOST_PER_SECOND: u64 = 600;
const MOST_AT_ONCE: u64 = 300;
const SHORTEST_LOAD: u64 = 100;
const MOST_USERS: u64 = 100_000;
/// The pair of number and SMS user is what a session needs for itself, so that many users share few numbers.
const NUMBERS: u64 = 200;
const QUARANTINE: f64 = 2.0;
/// 64*T1, quarantine, and a little.
const DRAIN: Duration = Duration::from_secs(40);
const CALLER: &str = "+447700900001";
/// Growth from 50 % to 100 % of the load that is no leak: 10 % and this.
const NOISE_KB: u64 = 8 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("the soak runs for minutes: start it with `cargo bench --bench soak`");
        return ExitCode::SUCCESS;
    }
    let sessions = arguments.iter().find_map(|argument| argument.parse().ok());
    let complaints = soak(sessions.unwrap_or(SESSIONS).max(1));
    for complaint in &complaints {
        eprintln!("FAILED: {complaint}");
    }
    ExitCode::from(u8::from(!complaints.is_empty()))
}

/// One run from start to end; what was wrong with it.
fn soak(sessions: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("reference.log");
    let closed = Arc::new(AtomicU64::new(0));
    let smsc = smsc(closed.clone());
    let reference = Reference::start(&["--smsc", &smsc, "--max-sessions", "1000"], &log);
    let api = Api::new(&reference.provisioning);
    api.provision();

    let rate = (sessions / SHORTEST_LOAD).clamp(1, MOST_PER_SECOND);
    println!("{sessions} sessions, at most {rate} a second and {MOST_AT_ONCE} at once");
    let mut seen = Seen::new(reference.pid());
    let started = Instant::now();
    let load = start_sipp(&reference.sip, sessions, rate, folder.path());
    let most_time = Duration::from_secs(4 * (sessions / rate) + 120);
    let failed = seen.during(load, most_time, &api, sessions, &closed, folder.path());
    let took = started.elapsed();
    let processor = seen.processor_seconds();
    let after_load = seen.resident();
    let load_average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    std::thread::sleep(DRAIN);
    let after_drain = seen.resident();
    let left = api.sessions();
    reference.end();

    let rate = sessions as f64 / took.as_secs_f64();
    let each = processor * 1e6 / sessions as f64;
    println!("sessions          {sessions} ({failed} failed)");
    println!("rate              {rate:.0} a second, {took:.0?} in all");
    for (index, resident) in seen.tenths.iter().enumerate() {
        println!(
            "memory at {:>2} %    {}",
            (index + 1) * 10,
            megabytes(*resident)
        );
    }
    println!("memory at 100 %   {}", megabytes(after_load));
    println!("memory drained    {}", megabytes(after_drain));
    println!("most ever         {}", megabytes(seen.most));
    println!("processor         {each:.0} µs a session");
    println!("most sessions     {} (with quarantine)", seen.sessions);
    println!("sessions left     {left}");
    println!("load of machine   {}", load_average.trim());

    let mut complaints = Vec::new();
    let mut demand = |holds: bool, what: String| {
        if !holds {
            complaints.push(what);
        }
    };
    demand(failed == 0, format!("{failed} calls failed"));
    demand(left == 0, format!("{left} sessions are left"));
    let closed = closed.load(Ordering::Relaxed);
    demand(
        closed == sessions,
        format!("{closed} closing messages for {sessions} sessions"),
    );
    let half = seen.tenths[4];
    let bound = half + half / 10 + NOISE_KB;
    let grown = format!(
        "memory grew from {} to {} in the second half of the load",
        megabytes(half),
        megabytes(after_load)
    );
    demand(half > 0 && after_load <= bound, grown);
    complaints
}

fn megabytes(kilobytes: u64) -> String {
    format!("{:.1} MB", kilobytes as f64 / 1024.0)
}

// ---- what is seen of the process ----

/// Figures of the reference's process, in kB where they are memory.
#[derive(Default)]
struct Seen {
    pid: u32,
    /// At 10 %, 20 % and so on to 90 % of the load.
    tenths: [u64; 9],
    most: u64,
    sessions: u64,
}

impl Seen {
    fn new(pid: u32) -> Self {
        Self {
            pid,
            ..Self::default()
        }
    }

    fn resident(&mut self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        let kilobytes = kilobytes.expect("no VmRSS in /proc/PID/status");
        self.most = self.most.max(kilobytes);
        kilobytes
    }

    /// User and system time; Linux counts both in hundredths of a second.
    fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let behind_name = stat.rsplit_once(") ").unwrap().1;
        let ticks = behind_name.split(' ').skip(11).take(2);
        ticks.map(|t| t.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }

    /// Looks once a second until SIPp ends. Gives the calls that failed.
    fn during(
        &mut self,
        mut load: Running,
        most_time: Duration,
        api: &Api,
        sessions: u64,
        closed: &AtomicU64,
        folder: &Path,
    ) -> u64 {
        let until = Instant::now() + most_time;
        loop {
            let ended = load.ended(Duration::from_secs(1));
            let (resident, done) = (self.resident(), closed.load(Ordering::Relaxed));
            self.sessions = self.sessions.max(api.sessions());
            for (tenth, at) in self.tenths.iter_mut().zip(1..) {
                if *tenth == 0 && done * 10 >= sessions * at {
                    *tenth = resident;
                }
            }
            if let Some(status) = ended {
                let succeeded = sipp_count(folder, "SuccessfulCall(C)");
                println!("SIPp ended with {status}");
                return sessions.saturating_sub(succeeded);
            }
            assert!(Instant::now() < until, "SIPp does not end");
        }
    }
}

// ---- the provisioning interface ----

struct Api {
    base: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Api {
    fn new(base: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self {
            base: base.to_owned(),
            client: reqwest::Client::new(),
            runtime: runtime.unwrap(),
        }
    }

    fn provision(&self) {
        let numbers: Vec<String> = (0..NUMBERS).map(|n| format!("+44779{n:07}")).collect();
        let pool = serde_json::json!({ "numbers": numbers });
        let caller = serde_json::json!({
            "provider_policy": "auto-accept", "quarantine_seconds": QUARANTINE, "pool": "soak"
        });
        self.put("/v1/pools/soak", &pool);
        let number = CALLER.replace('+', "%2B");
        self.put(&format!("/v1/subscribers/{number}"), &caller);
        let until = Instant::now() + Duration::from_secs(10);
        while self.health()["smsc"] != "bound" {
            assert!(Instant::now() < until, "not bound to the SMSC");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn put(&self, path: &str, body: &serde_json::Value) {
        let put = self.client.put(format!("{}{path}", self.base)).json(body);
        let response = self.runtime.block_on(put.send()).unwrap();
        assert!(response.status().is_success(), "{path}: {response:?}");
    }

    fn health(&self) -> serde_json::Value {
        let get = self.client.get(format!("{}/v1/health", self.base));
        let answered = async { get.send().await?.json().await };
        self.runtime.block_on(answered).unwrap()
    }

    /// Sessions it knows, those in quarantine too.
    fn sessions(&self) -> u64 {
        self.health()["sessions"].as_u64().unwrap()
    }
}

// ---- the load ----

/// The scenario of the self-test, with a different SMS user in every call.
fn start_sipp(target: &str, sessions: u64, rate: u64, folder: &Path) -> Running {
    let sipp = program("sipp", "sip-tester");
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/selftest/cpm_invite_uac.xml");
    let scenario = std::fs::read_to_string(fixture).unwrap();
    let called = "+4477009001[call_number]";
    assert!(scenario.contains(called) && scenario.contains(CALLER));
    let scenario = scenario.replace(called, "[field0]");
    std::fs::write(folder.join("scenario.xml"), scenario).unwrap();
    let mut users = String::from("SEQUENTIAL\n");
    for user in 0..sessions.min(MOST_USERS) {
        writeln!(users, "+4478{user:08};").unwrap();
    }
    std::fs::write(folder.join("users.csv"), users).unwrap();
    let (local, msrp) = (free_port().to_string(), free_port().to_string());
    let (calls, rate, at_once) = (
        sessions.to_string(),
        rate.to_string(),
        MOST_AT_ONCE.to_string(),
    );
    let mut command = Command::new(sipp);
    command.args([target, "-sf", "scenario.xml", "-inf", "users.csv"]);
    command.args(["-t", "u1", "-i", "127.0.0.1", "-p", &local]);
    command.args(["-key", "msrp_port", &msrp, "-buff_size", "1048576"]);
    command.args(["-m", &calls, "-r", &rate, "-l", &at_once]);
    command.args(["-nostdin", "-fd", "1", "-trace_stat", "-stf", "calls.csv"]);
    command.args(["-trace_err", "-error_file", "errors.log"]);
    let command = command.current_dir(folder);
    Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

/// A column of the last line of SIPp's statistics.
fn sipp_count(folder: &Path, name: &str) -> u64 {
    let table = std::fs::read_to_string(folder.join("calls.csv")).unwrap();
    let mut names = table.lines().next().unwrap().split(';');
    let column = names.position(|n| n == name).unwrap();
    let last = table.lines().next_back().unwrap();
    last.split(';').nth(column).unwrap().parse().unwrap()
}

// ---- the SMSC ----

/// Takes one ESME and every short message, and counts them.
fn smsc(count: Arc<AtomicU64>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        if let Err(error) = serve_esme(stream, &count) {
            eprintln!("SMPP connection: {error}");
        }
    });
    address
}

fn serve_esme(mut stream: TcpStream, count: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut framer = Framer::default();
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        framer.push(&buffer[..length]);
        let mut out = Vec::new();
        while let Some(frame) = framer.next_frame() {
            let pdu = Pdu::parse(&frame.unwrap()).unwrap();
            if pdu.command.is_response() {
                continue;
            }
            let body = match pdu.command {
                CommandId::BIND_TRANSCEIVER => Body::BindResp("smsc".into()),
                CommandId::SUBMIT_SM => {
                    let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                    Body::MessageId(Some(number.to_string()))
                }
                _ => Body::Empty,
            };
            out.extend(Pdu::new(pdu.command.response(), 0, pdu.sequence, body).to_octets());
        }
        stream.write_all(&out)?;
    }
}
