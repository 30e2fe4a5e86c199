//! Test cases that no recording of others decides, each with the reasons: what they have peers or databases do leaves no trace.
use super::catalogue::Case;
use super::rejudge::at_once;
use crate::capture::RunClock;
use crate::peer::ue::Transport;
use crate::steps::{CaseSetup, Facility, survey};
use crate::sut::access::AccessNetworks;
use crate::sut::provision::Provisioner;
use crate::sut::{Profile, SutError};
use cucumber::gherkin;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

/// Why no recording decides a test case, by its id. As the profile of the reference has it, which describes everything that may be asked for.
pub fn undecidable(
    cases: &[Case],
    system: &str,
    fixtures: &Path,
) -> Result<BTreeMap<String, Vec<String>>, SutError> {
    let (profile, _) = Profile::load(system, fixtures)?;
    let facility = Arc::new(facility(profile, fixtures)?);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for case in cases {
        let steps: Vec<gherkin::Step> = case.steps.iter().map(|one| one.parsed.clone()).collect();
        let setup = CaseSetup {
            id: case.id.clone(),
            requirement: case.requirement.clone(),
            clause: String::new(),
            ordinal: case.ordinal,
            access: Vec::new(),
        };
        let surveyed = at_once(survey(facility.clone(), setup, &steps)).unwrap_or_default();
        let reasons = surveyed.unseen;
        if !reasons.is_empty() {
            found.insert(case.id.clone(), reasons.into_iter().collect());
        }
    }
    for (id, why) in reviewed(fixtures) {
        if cases.iter().any(|case| case.id == id) {
            found.entry(id).or_default().push(why);
        }
    }
    Ok(found)
}

/// What was reviewed: test cases that recordings leave undecided though no step of theirs says so.
fn reviewed(fixtures: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(fixtures.join("undecided.csv")).unwrap_or_default();
    let lines = text.lines().skip(1);
    let line = |line: &str| {
        let (id, why) = line.split_once(',')?;
        Some((id.to_owned(), why.to_owned()))
    };
    lines.filter_map(line).collect()
}

/// What the steps read of a run, without a run.
fn facility(profile: Profile, fixtures: &Path) -> Result<Facility, SutError> {
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Ok(Facility {
        provisioner: Provisioner::new(&profile, None)?,
        exchange: None,
        centre: nowhere,
        clock: RunClock::start(),
        system: nowhere,
        transport: Transport::Udp,
        sip_tls: None,
        seed: 0,
        access_networks: AccessNetworks::load(fixtures)?,
        personality: None,
        profile,
    })
}
