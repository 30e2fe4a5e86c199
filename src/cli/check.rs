//! `check`: recordings that somebody else has made, judged by the same features; of a run of the suite, its captures judged again.
use super::arguments::PlaceArguments;
use super::places::Places;
use super::{ExitCode, check_run, complain, report, say};
use crate::report::text;
use crate::runner::RunOptions;
use crate::runner::check::{CheckOptions, check};
use crate::runner::progress::Progress;
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  ims-conformance check lab.pcapng --system ./acme       everything that the recording decides
  ims-conformance check a.pcap b.pcap --system ./acme TC-FUP
                                                         two files, one subject
  ims-conformance check lab.pcapng --system ./acme --keylog keys.log
                                                         with session keys of TLS
  ims-conformance check lab.pcapng --address sip=192.0.2.20:5060 --system ./acme
                                                         the system was elsewhere";

#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArguments {
    /// Captures (pcapng or pcap), or the folder of a run; behind them the selection: ids, folders or files of the features, tag expressions
    #[arg(value_name = "CAPTURE|SELECTION", required = true)]
    pub given: Vec<String>,
    /// System that was recorded: a folder in fixtures/systems, or the path of such a folder
    /// [default: reference; of the folder of a run, the system of that run]
    #[arg(long, short, value_name = "NAME|PATH")]
    pub system: Option<String>,
    /// Session keys of TLS in the recording, as programs write them by SSLKEYLOGFILE
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
    /// Where the system was, in the place of {NAME} in its profile or of sip.address; another NAME is another node of the system
    #[arg(long, value_name = "NAME=HOST:PORT", value_parser = address)]
    pub address: Vec<(String, String)>,
    /// Folder for run.json and reports [default: reports/check/SYSTEM/TIME]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Say nothing but the summary
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub places: PlaceArguments,
}

fn address(given: &str) -> Result<(String, String), String> {
    match given.split_once('=') {
        Some((name, at)) if !name.is_empty() && !at.is_empty() => {
            Ok((name.to_owned(), at.to_owned()))
        }
        _ => Err("write NAME=HOST:PORT, e.g. sip=192.0.2.20:5060".to_owned()),
    }
}

pub(super) fn run(arguments: &CheckArguments) -> Result<ExitCode> {
    if let [only] = arguments.given.as_slice()
        && Path::new(only).join("run.json").is_file()
    {
        let system = arguments.system.as_deref();
        return check_run::check(Path::new(only), &arguments.places, system);
    }
    let (captures, selection) = divided(&arguments.given)?;
    let places = Places::find(&arguments.places)?;
    let mut run = RunOptions::new(places.features.clone(), places.fixtures.clone());
    if let Some(system) = &arguments.system {
        run.system.clone_from(system);
    }
    run.selection = selection;
    let options = CheckOptions {
        captures,
        key_log: arguments.keylog.clone(),
        addresses: arguments
            .address
            .iter()
            .cloned()
            .collect::<BTreeMap<_, _>>(),
        run,
    };
    let progress = Progress::suitable(arguments.quiet);
    let record = check(&options, &|event| progress.show(&event));
    progress.finish();
    let record = record?;
    let out = arguments.out.clone().unwrap_or_else(|| {
        let time = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let folder = places.project.join("reports/check");
        folder.join(&record.system.name).join(time)
    });
    std::fs::create_dir_all(&out)?;
    report::write_all(&record, &out)?;
    say(text::summary(&record, &out.display().to_string()).trim_end());
    if !arguments.quiet {
        complain(&format!("report: {}", out.join("report.html").display()));
    }
    Ok(ExitCode::of(&record))
}

/// Files come first, what is to be judged of them behind; a file of the features is no capture.
fn divided(given: &[String]) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let is_capture = |word: &&String| {
        let path = Path::new(word.as_str());
        path.is_file() && path.extension().is_none_or(|end| end != "feature")
    };
    let captures: Vec<PathBuf> = given
        .iter()
        .take_while(is_capture)
        .map(PathBuf::from)
        .collect();
    if captures.is_empty() {
        let first = given.first().map_or("", String::as_str);
        bail!("{first} is no file; name a capture of tcpdump or Wireshark (pcapng or pcap) first");
    }
    Ok((captures.clone(), given[captures.len()..].to_vec()))
}
