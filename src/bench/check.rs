//! What it costs to take in a recording of a million packets, beside tshark and tcpdump on the same file.
//!
//! `cargo bench --bench check -- [sip|shared-port|msrp|smpp] [packets] [wanted]`; all four and 1 000 000 packets unless said otherwise. Every
//! `wanted`th call or chat is one that the predicate takes for a stimulus (0, the default: none, so that every message is glanced at and
//! none is built). What is measured is the intake: reading, screening, conversations. Judging comes on top, for what is kept.
//!
//! Processor time, user and system, as Linux counts it (hundredths of a second); the programs take turns, and the medians are compared.
//! Ends with 1 where a goal is missed: 1/25 of tshark for SIP, 1/15 for MSRP and SMPP, 6 times tcpdump, 64 MiB, growth between 9.5 and
//! 10.5 from a tenth of the packets (only told where a tenth takes less than a second, which the clock is too coarse for).
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recordings;

use ims_conformance::observe::{Ends, Glimpse, Recording};
use recordings::Content;
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const PACKETS: usize = 1_000_000;
const TURNS: usize = 5;
const MOST_MEMORY_KB: u64 = 64 * 1024;
/// What a small file is read this often for, so that the clock is fine enough.
const REPEATED: usize = 10;
const TICKS: f64 = 100.0;
const CPM: &[u8] = b"oma.cpm";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, file, times] = arguments.as_slice()
        && mode == "--take-in"
    {
        take_in(Path::new(file), times.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("the bench runs for minutes: start it with `cargo bench --bench check`");
        return ExitCode::SUCCESS;
    }
    let asked = |content: &Content| arguments.iter().any(|argument| argument == content.name());
    let mut contents: Vec<Content> = Content::ALL.into_iter().filter(asked).collect();
    if contents.is_empty() {
        contents = Content::ALL.to_vec();
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok());
    let packets = numbers.next().unwrap_or(PACKETS);
    let wanted = numbers.next().unwrap_or(0);
    let missed: Vec<String> = contents
        .into_iter()
        .flat_map(|content| compare(content, packets, wanted))
        .collect();
    for goal in &missed {
        eprintln!("MISSED: {goal}");
    }
    ExitCode::from(u8::from(!missed.is_empty()))
}

/// In a process of its own: reads the file and tells its peak memory.
fn take_in(file: &Path, times: usize) {
    let mut last = None;
    for _ in 0..times {
        let ends = Ends {
            sip: vec![("10.0.0.2:5060".parse().unwrap(), "isc".to_owned())],
            ..Ends::default()
        };
        let is_cpm = |glimpse: &Glimpse<'_>| memchr::memmem::find(glimpse.octets, CPM).is_some();
        let recording = Recording::new(ends).interested_in(is_cpm);
        let mut facts = 0;
        let summary = recording.read(File::open(file).unwrap(), &mut |conversation| {
            facts += conversation.trace.facts.len();
        });
        let summary = summary.unwrap();
        assert_eq!(facts as u64, summary.kept);
        last = Some(summary);
    }
    let summary = last.unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let peak = peak.split_whitespace().nth(1).unwrap();
    println!(
        "{peak} {} {} {}",
        summary.screened, summary.kept, summary.conversations
    );
}

/// One kind of recording; which goals were missed.
fn compare(content: Content, packets: usize, wanted: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (whole, tenth) = (
        folder.path().join("whole.pcap"),
        folder.path().join("tenth.pcap"),
    );
    recordings::write(&whole, content, packets, wanted).unwrap();
    recordings::write(&tenth, content, packets / 10, wanted).unwrap();
    for file in [&whole, &tenth] {
        // Into the page cache, so that nobody pays for the disk.
        std::io::copy(&mut File::open(file).unwrap(), &mut std::io::sink()).unwrap();
    }
    let (mut ours, mut tsharks, mut tcpdumps, mut growths) = (vec![], vec![], vec![], vec![]);
    let mut told = String::new();
    for _ in 0..TURNS {
        let (seconds, output) = measured(&mut intake(&whole, 1));
        told = output;
        let (of_tenth, _) = measured(&mut intake(&tenth, REPEATED));
        growths.push(seconds * REPEATED as f64 / of_tenth);
        ours.push(seconds);
        tsharks.push(measured(&mut tshark(content, &tenth)).0 * 10.0);
        let mut tcpdump = Command::new("tcpdump");
        let tcpdump = tcpdump
            .arg("-n")
            .arg("-r")
            .arg(&whole)
            .args(["-w", "/dev/null"]);
        tcpdumps.push(measured(tcpdump).0);
    }
    let [ours, tshark, tcpdump, growth] = [ours, tsharks, tcpdumps, growths].map(median);
    let mut counts = told
        .split_whitespace()
        .map(|word| word.parse::<u64>().unwrap());
    let mut count = || counts.next().unwrap();
    let (peak, screened, kept, conversations) = (count(), count(), count(), count());
    println!("{} {packets} packets", content.name());
    println!(
        "  intake        {:.3} µs a packet",
        ours * 1e6 / packets as f64
    );
    println!(
        "  tshark        {:.2} µs a packet (measured on a tenth; 1/{:.0})",
        tshark * 1e6 / packets as f64,
        tshark / ours
    );
    println!(
        "  tcpdump       {:.3} µs a packet ({:.1} times)",
        tcpdump * 1e6 / packets as f64,
        ours / tcpdump
    );
    println!("  growth        {growth:.2} from a tenth");
    println!("  peak memory   {:.1} MiB", peak as f64 / 1024.0);
    println!("  messages      {screened} glanced at, {kept} kept in {conversations} conversations");

    let of_tshark = if matches!(content, Content::Sip | Content::SharedPort) {
        25.0
    } else {
        15.0
    };
    let goals = [
        (
            ours * of_tshark <= tshark,
            format!("1/{of_tshark} of tshark"),
        ),
        (ours <= 6.0 * tcpdump, "6 times tcpdump".to_owned()),
        (peak <= MOST_MEMORY_KB, "64 MiB".to_owned()),
        (
            ours < 1.0 || (9.5..=10.5).contains(&growth),
            "growth between 9.5 and 10.5".to_owned(),
        ),
    ];
    let missed = goals.into_iter().filter(|(is_met, _)| !is_met);
    missed
        .map(|(_, goal)| format!("{}: {goal}", content.name()))
        .collect()
}

fn intake(file: &Path, times: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--take-in").arg(file).arg(times.to_string());
    command
}

/// Ten fields, without the conversations that make it quadratic.
fn tshark(content: Content, file: &Path) -> Command {
    let (filter, fields) = match content {
        Content::Sip | Content::SharedPort => (
            "sip",
            [
                "sip.Method",
                "sip.Status-Code",
                "sip.Call-ID",
                "sip.CSeq",
                "sip.from.tag",
                "sip.to.tag",
            ],
        ),
        Content::Msrp => (
            "msrp",
            [
                "msrp.method",
                "msrp.status.code",
                "msrp.transaction.id",
                "msrp.to.path",
                "msrp.from.path",
                "msrp.messageid",
            ],
        ),
        Content::Smpp => (
            "smpp",
            [
                "smpp.command_id",
                "smpp.command_status",
                "smpp.sequence_number",
                "smpp.source_addr",
                "smpp.destination_addr",
                "smpp.message_id",
            ],
        ),
    };
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-o", "sdp.establish_conversation:FALSE", "-r"])
        .arg(file);
    command.args(["-Y", filter, "-T", "fields"]);
    for field in ["frame.number", "frame.time_epoch", "ip.src", "ip.dst"]
        .into_iter()
        .chain(fields)
    {
        command.args(["-e", field]);
    }
    command
}

/// Processor seconds of a program, and what it printed if that is short.
fn measured(command: &mut Command) -> (f64, String) {
    let before = of_children();
    let is_ours = command.get_args().any(|argument| argument == "--take-in");
    command.stderr(Stdio::null());
    let output = match is_ours {
        true => command.output().expect("the bench itself"),
        false => {
            let status = command.stdout(Stdio::null()).status();
            let status =
                status.expect("tshark and tcpdump are installed (Debian: tshark, tcpdump)");
            std::process::Output {
                status,
                stdout: Vec::new(),
                stderr: Vec::new(),
            }
        }
    };
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (of_children() - before, text)
}

/// User and system time of all children that have ended.
fn of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit_once(") ").unwrap().1;
    let ticks = behind_name.split(' ').skip(13).take(2);
    ticks
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum::<f64>()
        / TICKS
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
