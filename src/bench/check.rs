//! What `ims-conformance check` of a recording of a million packets costs, from its start to its end, beside tshark and tcpdump on the
//! same file.
//!
//! `cargo bench --bench check -- [sip|shared-port|msrp|smpp] [packets] [wanted]`; all four and 1 000 000 packets unless said otherwise.
//! Every `wanted`th call or chat is one of CPM, which scenarios begin with (0, the default: none, so that every message is glanced at and none is
//! built). All scenarios are looked for, and all reports are written.
//!
//! Processor time, user and system, as Linux counts it (hundredths of a second); the programs take turns, and the medians are compared.
//! Ends with 1 where a goal is missed: 1/25 of tshark for SIP, 1/15 for MSRP and SMPP, 6 times tcpdump, 64 MiB, growth between 9.5 and
//! 10.5 from a tenth of the packets. The command costs something before its first packet, which no growth is told from: the growth that is
//! demanded is of what comes on top, and the growth of the whole is told beside it.
#![allow(clippy::print_stdout, clippy::print_stderr)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recordings;

use recordings::Content;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

const PACKETS: usize = 1_000_000;
const TURNS: usize = 5;
const MOST_MEMORY_KB: u64 = 64 * 1024;
/// What a small file is judged this often for, so that the clock is fine enough.
const REPEATED: usize = 10;
/// So many packets cost nothing beside the start.
const FEW: usize = 10;
/// How often the peak of a process is looked at while it runs.
const LOOK: Duration = Duration::from_millis(5);
const TICKS: f64 = 100.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
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

/// Processor seconds and peak memory of the whole command, and what it said of the recording.
struct Checked {
    seconds: f64,
    peak_kb: u64,
    said: String,
}

fn check(file: &Path, times: usize) -> Checked {
    let out = tempfile::tempdir().unwrap();
    let before = of_children();
    let (mut peak_kb, mut said) = (0, String::new());
    for _ in 0..times {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ims-conformance"));
        command.arg("check").arg(file).arg("--out").arg(out.path());
        command.args(["--system", "reference", "--address", "sip=10.0.0.2:5060"]);
        command.args(["--quiet"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        peak_kb = peak_kb.max(peak_of(&mut child));
        // Nothing is stimulated, so that nothing passes; 3 and above is no verdict.
        let status = child.wait().unwrap();
        assert!(status.code().is_some_and(|code| code < 3), "{status}");
    }
    let seconds = (of_children() - before) / times as f64;
    let record = std::fs::read(out.path().join("run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    if let Some(note) = record["notes"][0].as_str() {
        let (_, counts) = note.split_once(": ").unwrap();
        said = counts.to_owned();
    }
    Checked {
        seconds,
        peak_kb,
        said,
    }
}

/// Runs it to its end. The peak is kept by Linux, so that only what is new in the last moment is missed.
fn peak_of(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let held = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = held.unwrap_or(peak);
        std::thread::sleep(LOOK);
    }
    peak
}

/// One kind of recording; which goals were missed.
fn compare(content: Content, packets: usize, wanted: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let files = ["whole.pcap", "tenth.pcap", "few.pcap"].map(|name| folder.path().join(name));
    let [whole, tenth, few] = &files;
    for (file, count) in [(whole, packets), (tenth, packets / 10), (few, FEW)] {
        recordings::write(file, content, count, wanted).unwrap();
        // Into the page cache, so that nobody pays for the disk.
        std::io::copy(&mut File::open(file).unwrap(), &mut std::io::sink()).unwrap();
    }
    let (mut ours, mut tsharks, mut tcpdumps) = (vec![], vec![], vec![]);
    let (mut starts, mut tenths) = (vec![], vec![]);
    let (mut peak_kb, mut said) = (0, String::new());
    for _ in 0..TURNS {
        let checked = check(whole, 1);
        ours.push(checked.seconds);
        (peak_kb, said) = (checked.peak_kb.max(peak_kb), checked.said);
        tenths.push(check(tenth, REPEATED).seconds);
        starts.push(check(few, REPEATED).seconds);
        tsharks.push(measured(&mut tshark(content, tenth)) * 10.0);
        let mut tcpdump = Command::new("tcpdump");
        let tcpdump = tcpdump.args(["-n", "-r"]).arg(whole);
        tcpdumps.push(measured(tcpdump.args(["-w", "/dev/null"])));
    }
    let [ours, tshark, tcpdump, tenth, start] =
        [ours, tsharks, tcpdumps, tenths, starts].map(median);
    let growth = (ours - start) / (tenth - start);
    let each = |seconds: f64| seconds * 1e6 / packets as f64;
    println!("{} {packets} packets", content.name());
    println!(
        "  check         {ours:.2} s, of which {start:.2} s before the first packet; {:.3} µs a packet",
        each(ours - start)
    );
    println!(
        "  tshark        {:.2} s (measured on a tenth); check takes 1/{:.1}",
        tshark,
        tshark / ours
    );
    println!(
        "  tcpdump       {tcpdump:.2} s; check takes {:.1} times that",
        ours / tcpdump
    );
    println!(
        "  growth        {growth:.2} from a tenth, {:.2} with the start",
        ours / tenth
    );
    println!("  peak memory   {:.1} MiB", peak_kb as f64 / 1024.0);
    println!("  {said}");

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
        (peak_kb <= MOST_MEMORY_KB, "64 MiB".to_owned()),
        (
            (9.5..=10.5).contains(&growth),
            "growth between 9.5 and 10.5".to_owned(),
        ),
    ];
    let missed = goals.into_iter().filter(|(is_met, _)| !is_met);
    missed
        .map(|(_, goal)| format!("{}: {goal}", content.name()))
        .collect()
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

/// Processor seconds of a program.
fn measured(command: &mut Command) -> f64 {
    let before = of_children();
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status();
    let status = status.expect("tshark and tcpdump are installed (Debian: tshark, tcpdump)");
    assert!(status.success(), "{command:?}: {status}");
    of_children() - before
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
