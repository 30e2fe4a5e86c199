//! `probe`: what can be seen of the ICS of a system, as a table, as JSON, or into its profile.
use super::arguments::{Carriage, PlaceArguments, Transport, fault};
use super::run::{Suite, reports_folder};
use super::{ExitCode, complain, report, say};

use crate::runner::options::{DEFAULT_SYSTEM, RunOptions};
use crate::runner::probe::{Evidence, ItemRecord, Mark, Probe, probe};
use crate::runner::progress::Progress;
use crate::sut::profile::Claim;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct ProbeArguments {
    /// System under test: a folder in fixtures/systems, or the path of such a folder
    #[arg(long, short, value_name = "NAME|PATH", default_value = DEFAULT_SYSTEM)]
    pub system: String,
    /// Transport of SIP [default: that of its profile]
    #[arg(long, value_name = "udp|tcp|tls")]
    pub transport: Option<Transport>,
    /// Carriage of short messages [default: that of its profile]
    #[arg(long, value_name = "smpp|sgd|sms-over-ip")]
    pub carriage: Option<Carriage>,
    /// Fault to switch on in the reference build (see list --faults)
    #[arg(long, value_name = "NAME", value_parser = fault)]
    pub fault: Option<String>,
    /// Folder for run.json, captures and reports [default: reports/SYSTEM/TIME]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How what was seen is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ProbeFormat,
    /// Write what was observed of unset items into the profile; nothing else of it changes
    #[arg(long)]
    pub write: bool,
    /// Say nothing but the table
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProbeFormat {
    /// A table for a person
    Text,
    /// For a program
    Json,
}

pub(super) fn look(arguments: &ProbeArguments) -> Result<ExitCode> {
    let suite = Suite::read(&arguments.places)?;
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => reports_folder(&suite.places, &arguments.system),
    };
    let options = RunOptions {
        system: arguments.system.clone(),
        transport: arguments.transport.map(Into::into),
        carriage: arguments.carriage.map(Into::into),
        fault: arguments.fault.clone(),
        out: Some(out.clone()),
        ..RunOptions::new(suite.places.features.clone(), suite.places.fixtures.clone())
    };
    let progress = Progress::suitable(arguments.quiet || arguments.format == ProbeFormat::Json);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let shown = progress.clone();
    let probed = runtime.block_on(probe(options, move |event| shown.show(&event)));
    progress.finish();
    let probed = probed?;
    if let Some(record) = &probed.record {
        report::write_all(record, &out)?;
    }
    match arguments.format {
        ProbeFormat::Text => say(table(&probed).trim_end()),
        ProbeFormat::Json => say(&serde_json::to_string_pretty(&probed)?),
    }
    if arguments.write {
        write(&probed)?;
    }
    if probed
        .record
        .as_ref()
        .is_some_and(|record| record.interrupted)
    {
        return Ok(ExitCode::Error);
    }
    Ok(match probed.contradicted() {
        true => ExitCode::Hygiene,
        false => ExitCode::Pass,
    })
}

fn table(probe: &Probe) -> String {
    let mut text = format!("{} announces\n", probe.system);
    for one in &probe.announced {
        let at = place(&one.evidence);
        text.push_str(&format!("  {:5} {} ({at})\n", one.interface, one.what));
    }
    text.push_str(&format!(
        "\n{:38} {:9} {:9} {:13} what was seen\n",
        "item", "declared", "observed", "mark"
    ));
    for item in &probe.items {
        text.push_str(&line(item));
    }
    let count = |mark: Mark| probe.items.iter().filter(|item| item.mark == mark).count();
    text.push_str(&format!(
        "\n{} observed, {} declared only, {} contradicted, {} unset; captures: {}\n",
        count(Mark::Observed),
        count(Mark::Declared),
        count(Mark::Contradicted),
        count(Mark::Unset),
        probe.folder.join("captures").display()
    ));
    text
}

fn line(item: &ItemRecord) -> String {
    let declared = match (item.declared, item.decided) {
        (claim, true) => format!("({})", claim.name()),
        (claim, false) => claim.name().to_owned(),
    };
    let observed = match item.observed {
        Claim::Unset => "-",
        claim => claim.name(),
    };
    let places: Vec<String> = item.evidence.iter().map(place).collect();
    let places = match places.as_slice() {
        [] => String::new(),
        places => format!(" ({})", places.join("; ")),
    };
    format!(
        "{:38} {declared:9} {observed:9} {:13} {}{places}\n",
        item.item,
        item.mark.name(),
        item.what
    )
}

fn place(evidence: &Evidence) -> String {
    let frames: Vec<String> = evidence.frames.iter().map(u32::to_string).collect();
    let capture = evidence.capture.trim_start_matches("captures/");
    format!("{capture}, frames {}", frames.join(" "))
}

/// Fills what is unset into the profile.
fn write(probe: &Probe) -> Result<()> {
    let path = &probe.profile;
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let found: Vec<(&str, Claim)> = probe
        .items
        .iter()
        .filter(|item| item.declared == Claim::Unset && item.observed != Claim::Unset)
        .map(|item| (item.item.as_str(), item.observed))
        .collect();
    if found.is_empty() {
        complain("nothing that is unset was observed; the profile stays as it is");
        return Ok(());
    }
    replace(path, &filled(&text, &found))
        .with_context(|| format!("cannot write {}", path.display()))?;
    complain(&format!(
        "{} items written into {}",
        found.len(),
        path.display()
    ));
    Ok(())
}

/// Beside and into place, so that nobody ever reads half a profile.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension(format!("yaml.{}.tmp", std::process::id()));
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// The text of a profile with items that were unset; everything else, comments too, stays as it is.
fn filled(text: &str, found: &[(&str, Claim)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let section = lines.iter().position(|line| line.starts_with("ics:"));
    let Some(start) = section else {
        lines.push("ics:".to_owned());
        lines.extend(found.iter().map(|(item, claim)| entry("  ", item, *claim)));
        return lines.join("\n") + "\n";
    };
    // `ics: {}` becomes a section.
    if let Some(line) = lines.get_mut(start)
        && line.contains('{')
        && line.contains('}')
    {
        let inside = line.split_once('{').map_or("", |(_, rest)| rest).to_owned();
        let inside = inside
            .split('}')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        *line = "ics:".to_owned();
        let old = inside.split(',').filter(|one| !one.trim().is_empty());
        let old: Vec<String> = old.map(|one| format!("  {}", one.trim())).collect();
        lines.splice(start + 1..start + 1, old);
    }
    let of_section = |line: &String| {
        line.is_empty() || line.starts_with(' ') || line.trim_start().starts_with('#')
    };
    let mut end = lines
        .iter()
        .skip(start + 1)
        .position(|line| !of_section(line))
        .map_or(lines.len(), |count| start + 1 + count);
    let is_entry = |line: &String| {
        line.starts_with(' ') && !line.trim_start().starts_with('#') && !line.trim().is_empty()
    };
    // What stands behind the last entry belongs to what follows.
    while end > start + 1 && !lines.get(end - 1).is_some_and(is_entry) {
        end -= 1;
    }
    let indentation: String = lines
        .get(start + 1..end)
        .unwrap_or_default()
        .iter()
        .find(|line| is_entry(line))
        .map_or_else(
            || "  ".to_owned(),
            |line| line.chars().take_while(|c| *c == ' ').collect(),
        );
    for (item, claim) in found {
        let own = format!("{item}:");
        let quoted = format!("\"{item}\":");
        let at = (start + 1..end).find(|index| {
            lines.get(*index).is_some_and(|line| {
                let line = line.trim_start();
                line.starts_with(&own) || line.starts_with(&quoted)
            })
        });
        match at.and_then(|index| lines.get_mut(index)) {
            Some(line) => *line = line.replacen("unset", claim.name(), 1),
            None => {
                lines.insert(end, entry(&indentation, item, *claim));
                end += 1;
            }
        }
    }
    lines.join("\n") + "\n"
}

fn entry(indentation: &str, item: &str, claim: Claim) -> String {
    format!(
        "{indentation}{item}: {}   # observed by probe",
        claim.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_what_is_unset_and_leaves_everything_else() {
        let text = "name: a\nics:   # ours\n  b: yes # sure\n  c: unset   # ask Jim\n\n# 6. more\nixit: {}\n";
        let found = [("c", Claim::No), ("d", Claim::Yes)];
        assert_eq!(
            filled(text, &found),
            "name: a\nics:   # ours\n  b: yes # sure\n  c: no   # ask Jim\n  d: yes   # observed by probe\n\n# 6. more\nixit: {}\n"
        );
        let none = "name: a\nixit: {}\n";
        let one = [("d", Claim::Yes)];
        assert_eq!(
            filled(none, &one),
            "name: a\nixit: {}\nics:\n  d: yes   # observed by probe\n"
        );
        assert_eq!(
            filled("ics: { b: no }\nixit: {}\n", &one),
            "ics:\n  b: no\n  d: yes   # observed by probe\nixit: {}\n"
        );
    }
}
