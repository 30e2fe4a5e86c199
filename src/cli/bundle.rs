//! `bundle`: a run and what it was judged by become one file that somebody else can check.
//!
//! In it lie the run (`run/`: run.json, captures, every document), what the system was said to be (`system/`: profile with the ICS,
//! waivers; without secrets), the features and the register (`suite/`), and a statement with the digest of each (`attestation.json`). The
//! same run gives the same octets, unless it is redacted: pseudonyms are new every time.
use super::{
    ExitCode, arguments::PlaceArguments, places::Places, redact, report, say, scratch::Scratch,
};
use crate::report::attestation::{Envelope, Files, SigningKey, sha256, statement};
use crate::runner::{archive, catalogue::Catalogue, record::RunRecord, redact::Redacting};
use crate::sut::waivers::Waivers;
use crate::sut::{Profile, secret, waivers};
use crate::verdict::Register;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Name of the statement in the archive.
pub(super) const ATTESTATION: &str = "attestation.json";
/// Name of the profile in the archive.
pub(super) const PROFILE: &str = "system/profile.yaml";
/// What of the fixtures decides how a run is judged, beside the register.
const FIXTURES: [&str; 4] = [
    "access_networks.yaml",
    "observations.yaml",
    "personalities.yaml",
    "roles.yaml",
];

const README: &str = "\
This is the evidence of one run of ims-conformance against one system.

  run/              run.json, the captures, and the same as report.html and other documents
  system/           what the system was said to be: profile with its options (ICS), waivers; without secrets
  suite/            the features and the register of requirements that it was judged by
  attestation.json  digests of all files and the result: an in-toto statement in a DSSE envelope

To check everything, and judge the captures again, without any network:

  ims-conformance verify FILE.tar.gz [--key PUB.pem]

To see the statement with common tools:

  tar -xzf FILE.tar.gz attestation.json && jq -r .payload attestation.json | base64 -d
";

#[derive(Debug, Args)]
pub struct BundleArguments {
    /// The run.json of a run, or its folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// File to write [default: SYSTEM-TIME.bundle.tar.gz]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Sign it with this Ed25519 key: PKCS#8 PEM, as `openssl genpkey -algorithm ed25519` makes it
    #[arg(long, value_name = "KEY.pem")]
    pub sign: Option<PathBuf>,
    /// Put pseudonyms in the place of numbers, IMSIs and messages; the profile stays out
    #[arg(long)]
    pub redact: bool,
    /// The system, where its folder has moved since the run [default: as the run named it]
    #[arg(long, short, value_name = "NAME|PATH")]
    pub system: Option<String>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

pub(super) fn bundle(arguments: &BundleArguments) -> Result<ExitCode> {
    let key = match &arguments.sign {
        Some(path) => Some(signing_key(path)?),
        None => None,
    };
    let run = match arguments.run.is_dir() {
        true => arguments.run.join("run.json"),
        false => arguments.run.clone(),
    };
    let record = report::read(&run)?;
    if record.interrupted {
        bail!(
            "{} was stopped before its end; a bundle is of a whole run",
            run.display()
        );
    }
    let places = Places::find(&arguments.places)?;
    let mut files = suite(&record, &places)?;
    let system = match (&arguments.system, record.system.given.as_str()) {
        (Some(told), _) => told.as_str(),
        (None, "") => record.system.name.as_str(),
        (None, given) => given,
    };
    let (profile, path) = Profile::load(system, &places.fixtures)
        .context("the profile of the run; --system says where it is now")?;
    as_of_the_run(&record, &path)?;
    let record = match arguments.redact {
        true => {
            let scratch = Scratch::new()?;
            let redacting = Redacting::new(Some(&profile)).map_err(|error| anyhow!(error))?;
            redact::of_run(&run, scratch.path(), &redacting)?;
            of_run(&scratch.path().join("run.json"), &mut files)?
        }
        false => {
            system_files(&path, &places.fixtures, &mut files)?;
            of_run(&run, &mut files)?
        }
    };
    files.insert("README.txt".to_owned(), README.as_bytes().to_vec());
    let said = statement_of(&record, &files);
    let envelope = Envelope::seal(&said, key.as_ref());
    files.insert(ATTESTATION.to_owned(), envelope.text().into_bytes());
    let packed = archive::pack(&files, finished(&record))?;
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(default_name(&record)));
    fs::write(&output, &packed).with_context(|| format!("cannot write {}", output.display()))?;
    say(&told(
        &output,
        &packed,
        &files,
        key.as_ref(),
        arguments.redact,
    ));
    Ok(ExitCode::Pass)
}

fn told(
    output: &Path,
    packed: &[u8],
    files: &Files,
    key: Option<&SigningKey>,
    redacted: bool,
) -> String {
    let signed = match key {
        Some(key) => format!("signed, key {}", key.public().id()),
        None => "not signed; --sign KEY.pem signs it".to_owned(),
    };
    let open = match redacted {
        true => "redacted: no longer judged again from its captures, its profile is left out",
        false => {
            "with numbers, messages and passwords as captures and run.json have them; --redact takes them out"
        }
    };
    format!(
        "bundle: {}\n  {} files, {} octets, SHA-256 {}\n  {signed}\n  {open}",
        output.display(),
        files.len(),
        packed.len(),
        sha256(packed)
    )
}

pub(super) fn signing_key(path: &Path) -> Result<SigningKey> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    SigningKey::from_pem(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// The statement that follows from a record and the files beside it, which are all but the statement itself.
pub(super) fn statement_of(record: &RunRecord, files: &Files) -> Value {
    let profile = match files.get(PROFILE).map(|octets| sha256(octets)) {
        None => "left out",
        Some(digest) if digest == record.system.profile_sha256 => "as it was",
        Some(_) => "without its secrets",
    };
    let beside = json!({ "redacted": !files.contains_key(PROFILE), "profile": profile });
    let clean = ExitCode::of(record) == ExitCode::Pass;
    statement(record, files, clean, &beside)
}

/// The time all files of the archive have, in seconds.
pub(super) fn finished(record: &RunRecord) -> u64 {
    let time = record.finished.parse::<jiff::Timestamp>();
    time.map_or(0, |time| time.as_second().try_into().unwrap_or(0))
}

fn default_name(record: &RunRecord) -> String {
    let time = record.started.parse::<jiff::Timestamp>();
    let time = time.map(|time| time.strftime("%Y%m%dT%H%M%SZ").to_string());
    let plain = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
        true => c,
        false => '-',
    };
    let name: String = record.system.name.chars().map(plain).collect();
    format!("{name}-{}.bundle.tar.gz", time.unwrap_or_default())
}

/// Features and register, which must be those of the run.
fn suite(record: &RunRecord, places: &Places) -> Result<Files> {
    let catalogue = Catalogue::load(&places.features)?;
    let register = Register::load(&places.fixtures.join("requirements"))?;
    if catalogue.sha256(&register) != record.catalogue_sha256 {
        bail!(
            "the run was judged by other features or another register ({}) than these in {} and {}; name those of the run by --features and --fixtures, or run again",
            record.tool,
            places.features.display(),
            places.fixtures.display()
        );
    }
    let mut files = Files::new();
    folder(&places.features, "suite/features", "feature", &mut files)?;
    let requirements = places.fixtures.join("requirements");
    folder(
        &requirements,
        "suite/fixtures/requirements",
        "yaml",
        &mut files,
    )?;
    for name in FIXTURES {
        let path = places.fixtures.join(name);
        files.insert(format!("suite/fixtures/{name}"), octets(&path)?);
    }
    Ok(files)
}

fn octets(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Every file of a kind in a folder and below.
fn folder(from: &Path, to: &str, kind: &str, files: &mut Files) -> Result<()> {
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let inner = format!("{to}/{name}");
        if path.is_dir() {
            folder(&path, &inner, kind, files)?;
        } else if path.extension().is_some_and(|there| there == kind) {
            files.insert(inner, octets(&path)?);
        }
    }
    Ok(())
}

/// Profile and waivers must not have changed since.
fn as_of_the_run(record: &RunRecord, path: &Path) -> Result<()> {
    let digest = sha256(&octets(path)?);
    if digest != record.system.profile_sha256 {
        bail!(
            "{} is not the profile of the run (SHA-256 {digest}, not {}); name it by --system, or run again",
            path.display(),
            record.system.profile_sha256
        );
    }
    let digest = Waivers::load(path)?.sha256();
    if digest != record.waivers_sha256 {
        bail!(
            "{} are not the waivers of the run; put those of the run there, or run again",
            path.with_file_name(waivers::FILE).display()
        );
    }
    Ok(())
}

/// Profile, waivers, and the profile it is based on; secrets are hidden, and never were in what was judged.
fn system_files(path: &Path, fixtures: &Path, files: &mut Files) -> Result<()> {
    let known = secret::known();
    let hidden = |path: &Path| -> Result<Vec<u8>> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(known.text(&text).into_bytes())
    };
    if let Some(base) = Profile::based_on(path) {
        let name = format!("systems/{base}/profile.yaml");
        let text = hidden(&fixtures.join(&name))?;
        files.insert(format!("suite/fixtures/{name}"), text);
    }
    files.insert(PROFILE.to_owned(), hidden(path)?);
    let waivers = path.with_file_name(waivers::FILE);
    if waivers.is_file() {
        files.insert(format!("system/{}", waivers::FILE), hidden(&waivers)?);
    }
    Ok(())
}

/// run.json as it is, the captures it names, each the very one that was judged, and every document made of them.
fn of_run(run: &Path, files: &mut Files) -> Result<RunRecord> {
    let record = report::read(run)?;
    let folder = report::folder(run);
    files.insert("run/run.json".to_owned(), octets(run)?);
    for capture in record.cases.iter().filter_map(|case| case.capture.as_ref()) {
        let plain = |part| matches!(part, Component::Normal(_));
        if !Path::new(&capture.path).components().all(plain) {
            bail!(
                "{}: its capture {} lies outside the run",
                run.display(),
                capture.path
            );
        }
        let path = folder.join(&capture.path);
        let octets = octets(&path)?;
        let digest = sha256(&octets);
        if digest != capture.sha256 {
            bail!(
                "{} is not the capture that was judged (SHA-256 {digest}, not {}); run again",
                path.display(),
                capture.sha256
            );
        }
        files.insert(format!("run/{}", capture.path), octets);
    }
    for name in ["captures/run.pcapng", "system.log"] {
        let path = folder.join(name);
        if path.is_file() {
            let mut octets = octets(&path)?;
            if name == "system.log" {
                let text = String::from_utf8_lossy(&octets).into_owned();
                octets = secret::known().text(&text).into_bytes();
            }
            files.insert(format!("run/{name}"), octets);
        }
    }
    for (name, text) in report::documents(&record, folder)? {
        files.insert(format!("run/{name}"), text.into_bytes());
    }
    Ok(record)
}
