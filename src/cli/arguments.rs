//! The command line: what it accepts, and the help from which a person learns it.
//!
//! More than 400 lines: every argument stands here with its help, so that they read as one.
use super::book::{BookArguments, ExportArguments};
use super::{bundle::BundleArguments, check::CheckArguments, doctor::DoctorArguments};
use super::{kills::KillsArguments, load::LoadArguments, merge::MergeArguments};
use super::{part::PartArguments, probe::ProbeArguments, verify::VerifyArguments};
use crate::{
    reference::{ReferenceArguments, edge::EdgeArguments, faults::Fault},
    report::Format,
    runner::options::{DEFAULT_JOBS, DEFAULT_SYSTEM, SipTransport},
    sut::profile,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ims-conformance                          everything, against the reference build
  ims-conformance POL-01                   the test cases of one requirement
  ims-conformance -s ./my-gateway TC-POL   your gateway, one subject
  ims-conformance '@control and not @derived'
                                           by tag expression
  ims-conformance --fault NAME             the reference build with a fault: fails
  ims-conformance list --requirements      what is required, by which clause
  ims-conformance explain TC-POL-01-01     one test case or requirement in full
  ims-conformance report run.json --as junit
                                           an earlier run in another format
  ims-conformance review                   ladders that differ from accepted ones

Selection words are joined by \"or\"; none selects everything.

Exit codes:
  0  at least one pass and nothing worse    3  the suite broke
  1  the system failed a test case          4  nothing judged, or a word selects nothing
  2  inconclusive, nothing worse            5  a waiver or the ICS needs attention
                                           64  the command line is not understood";

const RUN_EXAMPLES: &str = "\
Examples:
  ims-conformance run                         everything, against the reference
  ims-conformance run TC-POL-01-01 TC-ANS     one test case, and a subject
  ims-conformance run --system acme --jobs 4  fixtures/systems/acme, gently
  ims-conformance run --carriage sgd          short messages by Diameter SGd
  ims-conformance run --local-ip ::1          the same over IPv6
  ims-conformance run TC-CB --access all      the same over every access network
  ims-conformance run --seed 42 TC-M2S-02-01  with identifiers of an earlier run
  ims-conformance run --out /tmp/run          run.json, captures, reports go there
  ims-conformance run --shard 2/4             the second of four parts, for a second machine
  ims-conformance run --rerun-failed run.json what did not pass there
  ims-conformance run --until-fail 50 CB-20   again and again until something fails";

const INIT_EXAMPLES: &str = "\
Examples:
  ims-conformance init ./acme                 asks five questions
  ims-conformance init ./acme --sip 192.0.2.20:5060 --local 192.0.2.10 \\
      --message-centre 192.0.2.10:2775 --account ipsmgw/secret \\
      --provisioning http://192.0.2.20:8080   asks nothing";

/// Open conformance suite for IMS messaging: plays the CPM users and the SMSC around a gateway and judges what it sent.
#[derive(Debug, Parser)]
#[command(name = "ims-conformance", version, after_help = EXAMPLES, max_term_width = 110)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run test cases against a system (the default)
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunArguments>),
    /// Load a system with a scenario, every session judged as in a run
    #[command(after_help = super::load::EXAMPLES)]
    Load(Box<LoadArguments>),
    /// Judge captures that somebody else has recorded
    Check(Box<CheckArguments>),
    /// Write the profile of a system: asks five questions, or takes the answers as options
    #[command(after_help = INIT_EXAMPLES)]
    Init(Box<InitArguments>),
    /// Ask every interface of a system whether it is there, and say what is wrong
    Doctor(DoctorArguments),
    /// See what can be seen of the options of a system (ICS), and hold it beside what its profile declares
    Probe(ProbeArguments),
    /// List test cases, requirements, sentences or coverage
    List(ListArguments),
    /// Explain a test case or a requirement
    Explain(ExplainArguments),
    /// Make a report of an earlier run from its run.json
    Report(ReportArguments),
    /// Put pseudonyms in the place of numbers, IMSIs and messages of a run or of a capture
    Redact(RedactArguments),
    /// Put a run and what it was judged by into one file, signed if asked for, that others can check
    Bundle(BundleArguments),
    /// Check a bundle and judge its captures again, without any network
    Verify(VerifyArguments),
    /// Write the conformance book: requirements, readings, scenarios, ladders and faults as one HTML document
    Book(BookArguments),
    /// Write a part of the register for others: the readings of unclear clauses as a draft for a standards body
    Export(ExportArguments),
    /// Show, accept or reject ladders that differ from the accepted ones
    Review(ReviewArguments),
    /// Check features and register without running anything
    Lint(PlaceArguments),
    /// Run the reference gateway by itself, to try another tool against it
    Reference(Box<ReferenceArguments>),
    /// Print the JSON Schema of run.json or of a profile
    #[command(hide = true)]
    Schema {
        /// What the schema is of
        #[arg(value_name = "WHAT", default_value = "run")]
        of: SchemaOf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The record of a run, run.json
    Run,
    /// The description of a system under test, profile.yaml
    Profile,
    /// The failures of a system that are agreed upon, waivers.yaml
    Waivers,
    /// The result of a load, load.json
    Load,
    /// The list of personalities, personalities.yaml
    Personalities,
}

#[derive(Debug, Clone, Args)]
pub struct RedactArguments {
    /// A run.json beside its captures, or a capture (pcapng or pcap)
    #[arg(value_name = "RUN.json|CAPTURE")]
    pub file: PathBuf,
    /// A new folder for what is redacted
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    /// The system whose texts and keywords stay, and whose secrets are hidden
    #[arg(long, value_name = "NAME|DIR")]
    pub system: Option<String>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// Test case id, requirement id, beginning of either, folder or file of the features, or tag expression; none = everything
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// System under test: a folder in fixtures/systems, or the path of such a folder
    #[arg(long, short, value_name = "NAME|PATH", default_value = DEFAULT_SYSTEM)]
    pub system: String,
    /// Test cases that run at the same time
    #[arg(long, short, value_name = "N", default_value_t = DEFAULT_JOBS, value_parser = jobs)]
    pub jobs: usize,
    /// Seed of identifiers and texts, to reproduce a run [default: random]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Run the test cases in an order that the seed decides
    #[arg(long)]
    pub shuffle: bool,
    /// Folder for run.json, captures and reports [default: reports/SYSTEM/TIME]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Fault to switch on in the reference build (see list --faults)
    #[arg(long, value_name = "NAME", value_parser = fault)]
    pub fault: Option<String>,
    /// Clock of the run: with `virtual` nobody waits, and the reference build runs inside the run (for that system only)
    #[arg(long, value_name = "real|virtual", default_value = "real")]
    pub clock: ClockArgument,
    /// Write which requirements the reference build carried out in each test case (with --clock virtual --jobs 1)
    #[arg(long, value_name = "FILE")]
    pub executed: Option<PathBuf>,
    #[command(flatten)]
    pub edge: EdgeArguments,
    /// Transport of SIP between the peers and the system [default: that of its profile]
    #[arg(long, value_name = "udp|tcp|tls")]
    pub transport: Option<Transport>,
    /// Address of this machine that the system reaches, ::1 for one [default: sip.local_ip of its profile]
    #[arg(long, value_name = "IP")]
    pub local_ip: Option<IpAddr>,
    /// Carriage of short messages [default: that of its profile]
    #[arg(long, value_name = "smpp|sgd|sms-over-ip")]
    pub carriage: Option<Carriage>,
    /// What all peers are like: an entry of fixtures/personalities.yaml (see list --personalities)
    #[arg(long, value_name = "NAME")]
    pub personality: Option<String>,
    /// Run without looking first whether every interface of the system answers
    #[arg(long)]
    pub unchecked: bool,
    /// Only the dozen test cases that prove the plumbing (@smoke); a selection chooses among them
    #[arg(long)]
    pub only_smoke: bool,
    /// Access network of all UEs, or `all` for one run over each, compared with the first (see list --access)
    #[arg(long, value_name = "NAME,...|all", value_delimiter = ',')]
    pub access: Vec<String>,
    /// Put pseudonyms in the place of numbers, IMSIs and messages, in captures and in everything else that is written
    #[arg(long, conflicts_with = "refresh_evidence")]
    pub redact: bool,
    /// Answers of an operator (provisioning.operator) who does not sit at the terminal, one a line
    #[arg(long, value_name = "FILE")]
    pub operator_answers: Option<PathBuf>,
    /// If everything passes, keep captures in captures/SYSTEM and reports in reports/SYSTEM
    #[arg(long, conflicts_with_all = ["selection", "fault", "vary", "mutate", "personality", "access", "shard", "rerun_failed", "until_fail"])]
    pub refresh_evidence: bool,
    /// Say nothing but the summary
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub part: PartArguments,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Args)]
pub struct InitArguments {
    /// Folder the profile is written to; its last part is the name of the system
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Where the system takes SIP
    #[arg(long, value_name = "ADDR:PORT")]
    pub sip: Option<String>,
    /// Address of this machine that the system reaches
    #[arg(long, value_name = "IP")]
    pub local: Option<String>,
    /// Where the suite's message centre listens
    #[arg(long, value_name = "ADDR:PORT")]
    pub message_centre: Option<String>,
    /// What the system binds with (SMPP), or the suite's Diameter identity
    #[arg(long, value_name = "ID/PASSWORD|HOST")]
    pub account: Option<String>,
    /// Base URL of the requests that prepare users
    #[arg(long, value_name = "URL")]
    pub provisioning: Option<String>,
    /// Carriage of short messages
    #[arg(long, value_name = "smpp|sgd|sms-over-ip", default_value = "smpp")]
    pub carriage: Carriage,
    /// Transport of SIP
    #[arg(long, value_name = "udp|tcp|tls", default_value = "udp")]
    pub transport: Transport,
    /// Domain of the users' public user identities
    #[arg(long, value_name = "NAME", default_value = "ims.example")]
    pub domain: String,
    /// Where MMTel users register, if the system serves conferences
    #[arg(long, value_name = "ADDR:PORT", requires = "ut")]
    pub core: Option<String>,
    /// Base URL of the XCAP server on Ut
    #[arg(long, value_name = "URL", requires = "core")]
    pub ut: Option<String>,
    /// Credentials of users on Ut; {number} stands for the user's number
    #[arg(long, value_name = "USER/PASSWORD", requires = "ut")]
    pub ut_account: Option<String>,
    /// UEs register, with this IMPI and password; {digits} stands for the user's number without +
    #[arg(long, value_name = "IMPI/PASSWORD")]
    pub registration: Option<String>,
    /// Replace a profile that is there
    #[arg(long)]
    pub force: bool,
}

/// Where the suite's own files are.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceArguments {
    /// Folder of the feature files [default: ./features, else those inside this program]
    #[arg(long, value_name = "DIR", help_heading = "Places")]
    pub features: Option<PathBuf>,
    /// Folder of requirements and systems [default: ./fixtures, else those inside this program]
    #[arg(long, value_name = "DIR", help_heading = "Places")]
    pub fixtures: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    /// As for run; none = everything
    #[arg(value_name = "SELECTION")]
    pub selection: Vec<String>,
    /// The requirements of the register and where they come from
    #[arg(long, group = "what")]
    pub requirements: bool,
    /// The sentences a scenario can be written with
    #[arg(long, group = "what")]
    pub sentences: bool,
    /// What became of every requirement: judged, profile, untestable, planned
    #[arg(long, group = "what")]
    pub coverage: bool,
    /// The coverage as JSON
    #[arg(long, requires = "coverage", conflicts_with_all = ["requirements", "sentences", "faults", "personalities", "ics", "access", "undecidable"])]
    pub json: bool,
    /// The faults of the reference build: name, requirement it breaks, what it does
    #[arg(long, group = "what")]
    pub faults: bool,
    /// The personalities of peers: name, legality, what they do
    #[arg(long, group = "what")]
    pub personalities: bool,
    /// The items of the ICS and the test cases they decide
    #[arg(long, group = "what")]
    pub ics: bool,
    /// With --ics: what this system claims
    #[arg(long, short, value_name = "NAME|PATH", requires = "ics")]
    pub system: Option<String>,
    /// The access networks of run --access: name, what it is, what UEs say of it
    #[arg(long, group = "what")]
    pub access: bool,
    /// The test cases that no recording of others decides (check), and why
    #[arg(long, group = "what")]
    pub undecidable: bool,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Id of a test case or a requirement
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub places: PlaceArguments,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReportArguments {
    #[command(subcommand)]
    pub action: Option<ReportAction>,
    /// The run.json of a run
    #[arg(value_name = "RUN.JSON", required = true)]
    pub run: Option<PathBuf>,
    /// Format of the report; the terminal summary when absent
    #[arg(long = "as", value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ReportAction {
    /// Put the runs of all parts (run --shard) together; the exit code is that of the whole
    Merge(MergeArguments),
    /// Put two or more runs beside each other: of two, what changed; of more, a matrix. Of two, exit code 1 when something passes no more
    Compare(CompareArguments),
    /// What runs have really judged: every requirement as judged, profile, untestable or not yet
    Coverage(CoverageArguments),
    /// The kill matrix: which test case fails under which fault of the reference build, and for which requirement
    Kills(KillsArguments),
    /// Write SIPp scenarios that send again what was sent in test cases that failed, where that was SIP alone
    Sipp(SippArguments),
}

#[derive(Debug, Args)]
pub struct CoverageArguments {
    /// The run.json of every run that counts, such as those over each carriage
    #[arg(value_name = "RUN.JSON", required = true)]
    pub runs: Vec<PathBuf>,
    /// Format of the table
    #[arg(long = "as", value_name = "FORMAT", default_value = "markdown")]
    pub format: CoverageFormat,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CoverageFormat {
    /// A table for a person
    Markdown,
    /// A table for a spreadsheet
    Csv,
    /// Each requirement with its class and no more, to be kept and compared
    Snapshot,
}

#[derive(Debug, Args)]
pub struct SippArguments {
    /// The run.json of a run, its captures beside it
    #[arg(value_name = "RUN.JSON")]
    pub run: PathBuf,
    /// Ids of test cases; none = all that failed
    #[arg(value_name = "ID")]
    pub cases: Vec<String>,
    /// Folder for the scenarios, one folder in it for each test case
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The run.json of every run; the first is what the second is compared with
    #[arg(value_name = "RUN.JSON", required = true, num_args = 2..)]
    pub runs: Vec<PathBuf>,
    /// Format of the comparison
    #[arg(long = "as", value_name = "FORMAT", default_value = "text")]
    pub format: CompareFormat,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For a terminal; only what is not alike
    Text,
    /// For the summary page of a CI job
    Markdown,
    /// One HTML file with the matrix of all test cases
    Html,
}

#[derive(Debug, Args)]
pub struct ReviewArguments {
    #[command(subcommand)]
    pub action: Option<ReviewAction>,
    /// Folder of the accepted ladders [default: captures/reference]
    #[arg(long, value_name = "DIR", global = true)]
    pub ladders: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ReviewAction {
    /// Print the differences (the default)
    Show(ReviewNames),
    /// Take the new ladders for the accepted ones
    Accept(ReviewNames),
    /// Throw the new ladders away
    Reject(ReviewNames),
}

#[derive(Debug, Clone, Default, Args)]
pub struct ReviewNames {
    /// Test case ids; none = all that wait
    #[arg(value_name = "ID")]
    pub names: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockArgument {
    Real,
    Virtual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Carriage {
    Smpp,
    Sgd,
    SmsOverIp,
}

impl Transport {
    /// As profiles write it.
    pub fn name(self) -> &'static str {
        SipTransport::from(self).name()
    }
}

impl From<Carriage> for profile::Carriage {
    fn from(carriage: Carriage) -> Self {
        match carriage {
            Carriage::Smpp => Self::Smpp,
            Carriage::Sgd => Self::Sgd,
            Carriage::SmsOverIp => Self::SmsOverIp,
        }
    }
}

impl From<Transport> for SipTransport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Udp => Self::Udp,
            Transport::Tcp => Self::Tcp,
            Transport::Tls => Self::Tls,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One HTML file for a person
    Html,
    /// JUnit XML for CI
    Junit,
    /// Common Test Report Format, JSON
    Ctrf,
    /// Markdown for the summary page of a CI job
    Markdown,
    /// Test Anything Protocol, version 14
    Tap,
    /// SARIF 2.1.0 for code scanning: findings at the lines of the features
    Sarif,
    /// GitHub annotations: commands for a job to print
    Github,
    /// What is printed at the end of a run
    Text,
}

impl ReportFormat {
    /// `None` is the terminal summary, which needs to know where run.json lies.
    pub fn document(self) -> Option<Format> {
        match self {
            Self::Html => Some(Format::Html),
            Self::Junit => Some(Format::Junit),
            Self::Ctrf => Some(Format::Ctrf),
            Self::Markdown => Some(Format::Markdown),
            Self::Tap => Some(Format::Tap),
            Self::Sarif => Some(Format::Sarif),
            Self::Github => Some(Format::Github),
            Self::Text => None,
        }
    }
}

/// More test cases at once than this would run out of sockets before it ran out of patience.
const MOST_JOBS: usize = 1024;

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=MOST_JOBS) => Ok(jobs),
        _ => Err(format!("a number from 1 to {MOST_JOBS}")),
    }
}

/// The runner never names the reference build, so the name travels as text once it is known to be one.
pub(super) fn fault(name: &str) -> Result<String, String> {
    match name.parse::<Fault>() {
        Ok(fault) => Ok(fault.name().to_owned()),
        Err(_) => Err("`ims-conformance list --faults` prints the names".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(
            ["ims-conformance"]
                .into_iter()
                .chain(line.split_whitespace()),
        )
    }

    #[test]
    fn the_definition_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn runs_when_no_command_is_named() {
        let arguments =
            parse("TC-POL-01-01 --seed 42 -j 3 --transport tcp --carriage sgd").unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.run.selection, ["TC-POL-01-01"]);
        assert_eq!(arguments.run.seed, Some(42));
        assert_eq!(arguments.run.transport, Some(Transport::Tcp));
        assert_eq!(arguments.run.carriage, Some(Carriage::Sgd));
        assert_eq!(arguments.run.system, "reference");
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        for line in [
            "run --jobs 0",
            "run --transport sctp",
            "list --coverage --sentences",
            "list --faults --json",
            "--fault no-such-fault",
            "report",
            "--nonsense",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn reviews_one_or_all() {
        let Some(Command::Review(review)) = parse("review accept TC-A TC-B --ladders x")
            .unwrap()
            .command
        else {
            panic!("not a review");
        };
        assert_eq!(review.ladders, Some(PathBuf::from("x")));
        let Some(ReviewAction::Accept(names)) = review.action else {
            panic!("not accepted");
        };
        assert_eq!(names.names, ["TC-A", "TC-B"]);
    }
}
