//! `doctor`: asks every interface of a system whether it is there, and prints what is wrong and how it is mended.
use super::arguments::{Carriage, PlaceArguments, Transport};
use super::run::Suite;
use super::{ExitCode, say};
use crate::runner::applicable::value_of;
use crate::runner::doctor::{Check, Finding, doctor};
use crate::runner::options::{DEFAULT_SYSTEM, RunOptions};
use crate::sut::Profile;
use crate::sut::applicability::Value;
use anyhow::Result;
use clap::Args;
use std::collections::BTreeSet;
use std::net::IpAddr;

#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// System under test: a folder in fixtures/systems, or the path of such a folder
    #[arg(long, short, value_name = "NAME|PATH", default_value = DEFAULT_SYSTEM)]
    pub system: String,
    /// Transport of SIP [default: that of its profile]
    #[arg(long, value_name = "udp|tcp|tls")]
    pub transport: Option<Transport>,
    /// Address of this machine that the system reaches, ::1 for one [default: sip.local_ip of its profile]
    #[arg(long, value_name = "IP")]
    pub local_ip: Option<IpAddr>,
    /// Carriage of short messages [default: that of its profile]
    #[arg(long, value_name = "smpp|sgd|sms-over-ip")]
    pub carriage: Option<Carriage>,
    #[command(flatten)]
    pub places: PlaceArguments,
}

pub(super) fn examine(arguments: &DoctorArguments) -> Result<ExitCode> {
    let suite = Suite::read(&arguments.places)?;
    let (features, fixtures) = (&suite.places.features, &suite.places.fixtures);
    let (profile, path) = Profile::load(&arguments.system, fixtures)?;
    let profile = profile.over(arguments.carriage.map(Into::into))?;
    say(&format!("profile       ok      {}", path.display()));
    let options = RunOptions {
        system: arguments.system.clone(),
        transport: arguments.transport.map(Into::into),
        local_ip: arguments.local_ip,
        carriage: arguments.carriage.map(Into::into),
        ..RunOptions::new(features.clone(), fixtures.clone())
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let checks = runtime.block_on(doctor(&options))?;
    for check in &checks {
        say(&line(check));
    }
    say(&unset(&suite, &profile));
    let wrong = checks.iter().filter(|check| check.ill().is_some()).count();
    if wrong > 0 {
        say(&format!("{wrong} to mend; no test case would be judged"));
        return Ok(ExitCode::Error);
    }
    say("ready; `run --only-smoke` is a good first run");
    Ok(ExitCode::Pass)
}

fn line(check: &Check) -> String {
    let (how, what) = match &check.finding {
        Finding::Well(what) => ("ok", what),
        Finding::Ill(what) => ("WRONG", what),
        Finding::Absent(what) => ("-", what),
    };
    format!("{:13} {how:7} {what}", check.interface)
}

/// What the ICS leaves open.
fn unset(suite: &Suite, profile: &Profile) -> String {
    let items = profile.items();
    let (mut open, mut cases) = (BTreeSet::new(), 0);
    for case in &suite.catalogue.cases {
        if let Ok((Value::Undecided(unset), _)) = value_of(case, &suite.register, &items) {
            open.extend(unset);
            cases += 1;
        }
    }
    match open.len() {
        0 => "ics           ok      every item is answered".to_owned(),
        many => format!(
            "ics           -       {many} items are unset and decide {cases} test cases, which do not run before that (`list --ics`)"
        ),
    }
}
