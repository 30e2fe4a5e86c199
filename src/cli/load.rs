//! `load`: a scenario as a load on a system, and `load merge`: the results of several generators as one.
use super::arguments::{Carriage, PlaceArguments, Transport, fault};
use super::places::Places;
use super::{ExitCode, complain, run, say};
use crate::report::{load_page, load_text};
use crate::runner::load::{
    self, LoadError, LoadEvent, LoadOptions, LoadRecord, MOST_PLACES, Phase, SCHEMA_VERSION,
};
use crate::runner::options::{DEFAULT_SYSTEM, RunOptions};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const EXAMPLES: &str = "\
Examples:
  ims-conformance load --rate 50 --duration 60 TC-PG-01-01
  ims-conformance load --rate 20,200,20 --duration 30 TC-PG-01-01 --system ./my-gateway
                                              three parts of 30 s each
  ims-conformance load --rate 50 --duration 600 --metrics 127.0.0.1:9464 TC-PG-01-01
  ims-conformance load merge a/load.json b/load.json --out whole

Exit codes: as of a run; 3 also when the generator could not keep up, so that nothing is held against the system.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct LoadArguments {
    #[command(subcommand)]
    pub action: Option<LoadAction>,
    /// Test cases as for run; sessions take them in turn. None may say that something does not happen
    #[arg(value_name = "SCENARIO", required = true)]
    pub selection: Vec<String>,
    /// Sessions a second; several make a pattern, each for the duration
    #[arg(long, short, value_name = "R[,R...]", value_delimiter = ',', required = true, value_parser = rate)]
    pub rate: Vec<f64>,
    /// Seconds that each rate lasts
    #[arg(long, short, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub duration: f64,
    /// System under test: a folder in fixtures/systems, or the path of such a folder
    #[arg(long, short, value_name = "NAME|PATH", default_value = DEFAULT_SYSTEM)]
    pub system: String,
    /// Sessions open at the same time
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = most_open)]
    pub most_open: usize,
    /// A generator that is later than so many milliseconds is too late
    #[arg(long, value_name = "MS", default_value_t = 100)]
    pub lag_limit: u64,
    /// Users of a session that has ended are left alone for so many seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub rest: f64,
    /// Keep the captures of so many sessions that did not pass
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub keep: usize,
    /// Name of this generator, for when results are merged
    #[arg(long, value_name = "NAME", default_value = "generator")]
    pub generator: String,
    /// Serve the numbers to Prometheus: http://ADDR:PORT/metrics
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics: Option<SocketAddr>,
    /// Folder for load.json, load.html and captures [default: reports/SYSTEM/TIME]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of identifiers [default: random]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Fault to switch on in the reference build (see list --faults)
    #[arg(long, value_name = "NAME", value_parser = fault)]
    pub fault: Option<String>,
    /// Transport of SIP [default: that of the profile]
    #[arg(long, value_name = "udp|tcp|tls")]
    pub transport: Option<Transport>,
    /// Address of this machine that the system reaches [default: sip.local_ip of its profile]
    #[arg(long, value_name = "IP")]
    pub local_ip: Option<IpAddr>,
    /// Carriage of short messages [default: that of the profile]
    #[arg(long, value_name = "smpp|sgd|sms-over-ip")]
    pub carriage: Option<Carriage>,
    /// Say nothing but the summary
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Subcommand)]
pub enum LoadAction {
    /// Put the results of several generators together that loaded one system at the same time
    Merge(LoadMergeArguments),
}

#[derive(Debug, Args)]
pub struct LoadMergeArguments {
    /// The load.json of every generator
    #[arg(value_name = "LOAD.JSON", required = true, num_args = 1..)]
    pub results: Vec<PathBuf>,
    /// Folder for load.json and load.html of the whole
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
}

fn positive(text: &str, what: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err(format!("{what}, more than 0")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    positive(text, "sessions a second")
}

fn seconds(text: &str) -> Result<f64, String> {
    positive(text.trim_end_matches('s'), "a number of seconds")
}

fn most_open(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST_PLACES) => Ok(count),
        _ => Err(format!("a number from 1 to {MOST_PLACES}")),
    }
}

pub(super) fn load(arguments: LoadArguments) -> Result<ExitCode> {
    if let Some(LoadAction::Merge(merge)) = &arguments.action {
        return merged(merge);
    }
    if arguments.fault.is_some() && arguments.system != DEFAULT_SYSTEM {
        complain("--fault is for the reference build, not for a system of your own");
        return Ok(ExitCode::Usage);
    }
    let quiet = arguments.quiet;
    let (options, out) = options(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let said = move |event| match event {
        LoadEvent::Metrics(at) => complain(&format!("metrics: http://{at}/metrics")),
        event if !quiet => complain(&line(&event)),
        LoadEvent::Second { .. } => {}
    };
    let record = runtime.block_on(load::load(options, said));
    let record = record.map_err(|error| match error {
        LoadError::Run(error) => anyhow::Error::from(error),
        error => error.into(),
    })?;
    deliver(&record, &out, quiet)
}

fn line(event: &LoadEvent) -> String {
    let LoadEvent::Second {
        second,
        sessions,
        verdicts,
        open,
    } = event
    else {
        return String::new();
    };
    let unsent = sessions.unsent_late + sessions.unsent_full;
    format!(
        "{second:5} s  {} offered, {} passed, {} did not, {unsent} given up, {open} open",
        sessions.offered,
        verdicts.pass,
        verdicts.others()
    )
}

fn options(arguments: LoadArguments) -> Result<(LoadOptions, PathBuf)> {
    let places = Places::find(&arguments.places)?;
    let out = match arguments.out {
        Some(out) => out,
        None => run::own_folder(&run::reports_folder(&places, &arguments.system))?,
    };
    let pattern = arguments.rate.iter().map(|rate| Phase {
        rate: *rate,
        seconds: arguments.duration,
    });
    let options = LoadOptions {
        pattern: pattern.collect(),
        most_open: arguments.most_open,
        lag_limit: Duration::from_millis(arguments.lag_limit),
        rest: Duration::from_secs_f64(arguments.rest),
        keep: arguments.keep,
        generator: arguments.generator,
        metrics: arguments.metrics,
        run: RunOptions {
            system: arguments.system,
            selection: arguments.selection,
            seed: arguments.seed,
            out: Some(out.clone()),
            fault: arguments.fault,
            transport: arguments.transport.map(Into::into),
            local_ip: arguments.local_ip,
            carriage: arguments.carriage.map(Into::into),
            ..RunOptions::new(places.features, places.fixtures)
        },
    };
    Ok((options, out))
}

/// Writes the documents, says the summary, and gives the exit code.
fn deliver(record: &LoadRecord, out: &Path, quiet: bool) -> Result<ExitCode> {
    let write = |name: &str, text: String| {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    write("load.json", serde_json::to_string_pretty(record)? + "\n")?;
    write("load.html", load_page::html(record))?;
    let folder = out.display().to_string();
    say(load_text::summary(record, &folder).trim_end());
    if !quiet {
        complain(&format!("report: {}", out.join("load.html").display()));
    }
    Ok(ExitCode::of_load(record))
}

fn merged(arguments: &LoadMergeArguments) -> Result<ExitCode> {
    let mut parts = Vec::new();
    for path in &arguments.results {
        let mut record = read(path)?;
        // Captures stay where they are.
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        for one in &mut record.evidence {
            let capture = one.capture.as_ref();
            one.capture = capture.map(|at| folder.join(at).display().to_string());
        }
        parts.push((path.display().to_string(), record));
    }
    let whole = load::merge(parts)?;
    deliver(&whole, &arguments.out, true)
}

fn read(path: &Path) -> Result<LoadRecord> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let record: LoadRecord = serde_json::from_str(&text)
        .with_context(|| format!("{} is no result of a load", path.display()))?;
    if record.schema_version != SCHEMA_VERSION {
        bail!(
            "{} has schema version {}, this build reads {SCHEMA_VERSION}",
            path.display(),
            record.schema_version
        );
    }
    Ok(record)
}
