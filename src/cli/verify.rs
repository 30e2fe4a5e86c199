//! `verify`: whether a bundle is what somebody made of a run, and whether its captures still say what the run said. No network is used.
//!
//! First what is in it is made sure of: archive, digests, signature, and that statement, run.json, captures, profile and catalogue belong
//! together. Then every verdict is reached again from the captures, by the features and the register in the bundle. Exit code 0 is for
//! a bundle that is intact and of which every verdict was reached again; nothing else is.
use super::bundle::{self, ATTESTATION, PROFILE};
use super::{
    ExitCode, arguments::PlaceArguments, places::Places, reproduced::Outcome, say, scratch::Scratch,
};
use crate::report::attestation::{Envelope, Files, PublicKey, difference, sha256};
use crate::runner::record::{RunRecord, SCHEMA_VERSION};
use crate::runner::rejudge::{self, Inputs, Rejudged};
use crate::runner::{archive, catalogue::Catalogue};
use crate::sut::{secret, waivers::Waivers};
use crate::verdict::Register;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// An archive of this size cannot hold more than it may.
const MOST_PACKED: u64 = archive::MOST_OCTETS;

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The file that `bundle` wrote
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// The public key of who must have signed it: PEM, as `openssl pkey -pubout` makes it
    #[arg(long, value_name = "PUB.pem")]
    pub key: Option<PathBuf>,
    /// A new folder to unpack it into, once it is found intact
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

/// What was looked at: each with a line, and what is wrong.
#[derive(Default)]
struct Findings {
    lines: Vec<(&'static str, String)>,
    broken: Vec<String>,
}

impl Findings {
    fn line(&mut self, what: &'static str, said: String) {
        self.lines.push((what, said));
    }

    fn broken(&mut self, what: &'static str, said: String) {
        self.lines.push((what, format!("BROKEN: {said}")));
        self.broken.push(said);
    }
}

pub(super) fn verify(arguments: &VerifyArguments) -> Result<ExitCode> {
    // The profile in a bundle has none, and those of this machine are none of its business.
    secret::leave_out();
    let key = match &arguments.key {
        Some(path) => Some(public_key(path)?),
        None => None,
    };
    if let Some(into) = &arguments.into
        && into.exists()
    {
        bail!("{} is there already; name a new folder", into.display());
    }
    let path = &arguments.bundle;
    let size = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if size.len() > MOST_PACKED {
        bail!("{} is larger than any bundle", path.display());
    }
    let packed = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut findings = Findings::default();
    findings.line(
        "bundle",
        format!("{} (SHA-256 {})", path.display(), sha256(&packed)),
    );
    let read = match archive::unpack(&packed) {
        Ok((files, modified)) => {
            let (count, octets) = (files.len(), files.values().map(Vec::len).sum::<usize>());
            findings.line(
                "archive",
                format!("{count} files, {octets} octets, safe to unpack"),
            );
            intact(files, modified, key.as_ref(), &mut findings)
        }
        Err(error) => {
            findings.broken("archive", error.to_string());
            None
        }
    };
    let (Some((files, record)), true) = (read, findings.broken.is_empty()) else {
        print(&findings);
        say("not intact: nothing in it was judged again");
        return Ok(ExitCode::Error);
    };
    let scratch = Scratch::new()?;
    let folder = arguments.into.as_deref().unwrap_or(scratch.path());
    unpack(&files, folder)?;
    catalogue(&record, folder, &arguments.places, &mut findings)?;
    if !findings.broken.is_empty() {
        print(&findings);
        say("not intact: nothing in it was judged again");
        return Ok(ExitCode::Error);
    }
    let judged = again(folder)?;
    let outcome = match &judged {
        Some(judged) => Outcome::of(judged),
        None => Outcome::carried_over(&record, "it is redacted"),
    };
    findings.line("verdicts", outcome.summary());
    print(&findings);
    outcome.lines().iter().for_each(|line| say(line));
    Ok(outcome.code())
}

fn print(findings: &Findings) {
    for (what, said) in &findings.lines {
        say(&format!("{what:10} {said}"));
    }
}

fn public_key(path: &Path) -> Result<PublicKey> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    PublicKey::from_pem(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}

fn unpack(files: &Files, folder: &Path) -> Result<()> {
    for (name, octets) in files {
        let path = folder.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&path, octets).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Everything that can be said without judging. The record is that of the bundle.
fn intact(
    mut files: Files,
    modified: u64,
    key: Option<&PublicKey>,
    findings: &mut Findings,
) -> Option<(Files, RunRecord)> {
    let Some(text) = files.remove(ATTESTATION) else {
        findings.broken("statement", format!("{ATTESTATION} is not in it"));
        return None;
    };
    let envelope = match Envelope::read(&text) {
        Ok(envelope) => envelope,
        Err(error) => {
            findings.broken("statement", format!("{ATTESTATION}: {error}"));
            return None;
        }
    };
    signature(&envelope, key, findings);
    let statement = match envelope.statement() {
        Ok(statement) => statement,
        Err(error) => {
            findings.broken("statement", format!("{ATTESTATION}: {error}"));
            return None;
        }
    };
    digests(&statement, &files, findings);
    let record = match record(&files) {
        Ok(record) => record,
        Err(error) => {
            findings.broken("run.json", error);
            return None;
        }
    };
    let follows = bundle::statement_of(&record, &files);
    match difference(&statement, &follows) {
        None => findings.line(
            "statement",
            "follows from run.json and the files".to_owned(),
        ),
        // Digests that differ were named above.
        Some(_) if !findings.broken.is_empty() => {}
        Some(member) => findings.broken(
            "statement",
            format!("{ATTESTATION}: {member} does not follow from run.json"),
        ),
    }
    captures(&record, &files, findings);
    files.insert(ATTESTATION.to_owned(), text);
    if modified != bundle::finished(&record) && findings.broken.is_empty() {
        let said = "its files have another time than the end of the run";
        findings.broken("archive", said.to_owned());
    }
    Some((files, record))
}

fn signature(envelope: &Envelope, key: Option<&PublicKey>, findings: &mut Findings) {
    let names: Vec<&str> = envelope
        .signatures
        .iter()
        .map(|s| s.keyid.as_str())
        .collect();
    let names = names.join(", ");
    match (key, envelope.signatures.as_slice()) {
        (None, []) => findings.line(
            "signature",
            "none: digests show damage, not who made it; whoever sent it could have written all of it".to_owned(),
        ),
        (None, _) => findings.line(
            "signature",
            format!("NOT CHECKED, said to be by key {names}; --key PUB.pem checks it"),
        ),
        (Some(_), []) => findings.broken("signature", "it is not signed, and --key asks for it".to_owned()),
        (Some(key), signatures) => {
            let id = key.id();
            let good = envelope.is_signed_by(key);
            let hinted = signatures.iter().all(|signature| signature.keyid == id);
            match (good, hinted) {
                (true, true) => findings.line("signature", format!("good, by key {id}")),
                (false, false) => findings.broken(
                    "signature",
                    format!("it is not by the key of --key ({id}), but said to be by {names}"),
                ),
                (false, true) => findings.broken(
                    "signature",
                    format!("{ATTESTATION}: the signature by key {id} does not fit its content"),
                ),
                (true, false) => findings.broken(
                    "signature",
                    format!("{ATTESTATION}: keyid is {names}, and the signature is by {id}"),
                ),
            }
        }
    }
}

/// Every file is as the statement says, and there is no other.
fn digests(statement: &serde_json::Value, files: &Files, findings: &mut Findings) {
    let subjects = statement["subject"].as_array().cloned().unwrap_or_default();
    let mut stated = std::collections::BTreeMap::new();
    for subject in &subjects {
        let name = subject["name"].as_str().unwrap_or_default();
        let digest = subject["digest"]["sha256"].as_str().unwrap_or_default();
        stated.insert(name, digest);
    }
    let mut wrong = Vec::new();
    for (name, octets) in files {
        match stated.remove(name.as_str()) {
            Some(digest) if digest == sha256(octets) => {}
            Some(_) => wrong.push(format!("{name} is not as the statement says")),
            None => wrong.push(format!("{name} is not in the statement")),
        }
    }
    wrong.extend(
        stated
            .keys()
            .map(|name| format!("{name} is in the statement only")),
    );
    if wrong.is_empty() {
        let count = files.len();
        findings.line(
            "digests",
            format!("{count} of {count} files as the statement says"),
        );
    }
    for said in wrong {
        findings.broken("digests", said);
    }
}

fn record(files: &Files) -> Result<RunRecord, String> {
    let octets = files
        .get("run/run.json")
        .ok_or("run/run.json is not in it")?;
    let record: RunRecord = serde_json::from_slice(octets)
        .map_err(|error| format!("run/run.json is not the record of a run: {error}"))?;
    match record.schema_version {
        SCHEMA_VERSION => Ok(record),
        other => Err(format!(
            "run/run.json has schema version {other}, this build reads {SCHEMA_VERSION}"
        )),
    }
}

/// The captures are those that run.json speaks of.
fn captures(record: &RunRecord, files: &Files, findings: &mut Findings) {
    for case in &record.cases {
        let Some(capture) = &case.capture else {
            continue;
        };
        let name = format!("run/{}", capture.path);
        match files.get(&name).map(|octets| sha256(octets)) {
            Some(digest) if digest == capture.sha256 => {}
            Some(_) => findings.broken(
                "captures",
                format!("{name} is not the capture run.json speaks of ({})", case.id),
            ),
            None => findings.broken("captures", format!("{name} is not in it ({})", case.id)),
        }
    }
}

/// Features, register, profile and waivers are those of the run; and whether this program has the same.
fn catalogue(
    record: &RunRecord,
    folder: &Path,
    places: &PlaceArguments,
    findings: &mut Findings,
) -> Result<()> {
    let digest = |features: &Path, fixtures: &Path| -> Result<String> {
        let catalogue = Catalogue::load(features)?;
        let register = Register::load(&fixtures.join("requirements"))?;
        Ok(catalogue.sha256(&register))
    };
    let inside = digest(
        &folder.join("suite/features"),
        &folder.join("suite/fixtures"),
    );
    match inside {
        Ok(there) if there == record.catalogue_sha256 => {
            let own = Places::find(places).and_then(|own| digest(&own.features, &own.fixtures));
            let said = match own {
                Ok(own) if own == there => "features and register are those of this program",
                _ => {
                    "features and register are NOT those of this program; judged by those in the bundle"
                }
            };
            findings.line("catalogue", said.to_owned());
        }
        Ok(_) => findings.broken(
            "catalogue",
            "suite/ holds other features or another register than the run was judged by".to_owned(),
        ),
        Err(error) => findings.broken("catalogue", format!("suite/: {error:#}")),
    }
    let profile = folder.join(PROFILE);
    if !profile.is_file() {
        findings.line("profile", "left out: the bundle is redacted".to_owned());
        return Ok(());
    }
    let same = sha256(&fs::read(&profile)?) == record.system.profile_sha256;
    let said = match same {
        true => "that of the run",
        false => "that of the run without its secrets, so that its digest is another",
    };
    findings.line("profile", said.to_owned());
    match Waivers::load(&profile) {
        Ok(waivers) if waivers.sha256() == record.waivers_sha256 => {}
        Ok(_) => findings.broken("waivers", "they are not those of the run".to_owned()),
        Err(error) => findings.broken("waivers", error.to_string()),
    }
    Ok(())
}

/// The run in the folder, judged again by what lies beside it; `None` where it is redacted.
fn again(folder: &Path) -> Result<Option<Rejudged>> {
    if !folder.join(PROFILE).is_file() {
        return Ok(None);
    }
    let inputs = Inputs {
        folder: folder.join("run"),
        features: folder.join("suite/features"),
        fixtures: folder.join("suite/fixtures"),
        system: Some(folder.join("system").display().to_string()),
        // Its secrets are out; what the run saw of it was compared above.
        profile_as_given: true,
    };
    let judged = rejudge::rejudge(&inputs).context("it cannot be judged again")?;
    Ok(Some(judged))
}
