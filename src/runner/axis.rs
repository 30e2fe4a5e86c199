//! The access network as an axis of a run: the same test cases over several networks, and whether the same happened over each.
//!
//! Over the baseline a case keeps its id; over another network it is a case of its own, with users of its own, named after the network. What
//! differs is judged in `verdict::access`; here the cases are multiplied and brought together again.
use super::catalogue::{Case, Catalogue, OVER, access_of, relative};
use super::judge::settle;
use super::record::{CaseRecord, RunRecord};
use super::select::controls_of;
use crate::observe::Trace;
use crate::sut::SutError;
use crate::sut::access::{AccessNetwork, AccessNetworks};
use crate::verdict::{Finding, Verdict, access};
use cucumber::gherkin::{Feature, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Numbers of users have room for so many cases; in a longer run those far apart share them.
const MOST_ORDINALS: usize = 9_000;

/// The access networks of a run.
pub(super) struct Axis {
    pub networks: AccessNetworks,
    asked: Vec<String>,
    /// Ids of everything that is to run.
    pub running: BTreeSet<String>,
}

/// Values of P-Access-Network-Info by the name of the network; `None` is the baseline.
pub struct AccessValues(BTreeMap<Option<String>, Vec<String>>);

impl AccessValues {
    pub fn of(&self, case: &Case) -> Vec<String> {
        self.0.get(&case.access).cloned().unwrap_or_default()
    }
}

impl Axis {
    pub fn new(networks: AccessNetworks, asked: &[String]) -> Result<Self, SutError> {
        networks.named(asked)?;
        Ok(Self {
            networks,
            asked: asked.to_owned(),
            running: BTreeSet::new(),
        })
    }

    pub fn values(&self) -> AccessValues {
        let values = |one: &AccessNetwork| {
            let name = (!one.baseline).then(|| one.name.clone());
            (name, one.values.clone())
        };
        AccessValues(self.networks.iter().map(values).collect())
    }

    /// Adds the cases over the networks that were asked for to the catalogue; from then on it is known what is to run.
    ///
    /// Where nothing was asked for, everything runs over the baseline, and what is tagged so over every network.
    pub fn expand(
        &mut self,
        catalogue: &mut Catalogue,
        selected: BTreeSet<String>,
    ) -> Result<(), SutError> {
        let named: Vec<&str> = self
            .networks
            .named(&self.asked)?
            .into_iter()
            .map(|one| one.name.as_str())
            .collect();
        let everywhere = match self.asked.is_empty() {
            true => everywhere(&catalogue.cases, &selected),
            false => BTreeSet::new(),
        };
        let others = || self.networks.iter().filter(|one| !one.baseline);
        let count = others().count();
        let mut running = BTreeSet::new();
        for (index, network) in others().enumerate() {
            let over = match named.contains(&network.name.as_str()) {
                true => &selected,
                false => &everywhere,
            };
            running.extend(add_over(catalogue, &network.name, (index, count), over));
        }
        let baseline = |one: &AccessNetwork| one.baseline && named.contains(&one.name.as_str());
        if self.networks.iter().any(baseline) {
            running.extend(selected);
        }
        self.running = running;
        Ok(())
    }

    /// Every case that ran over another network beside its run over the baseline.
    pub fn compare(&self, record: &mut RunRecord, out: &Path) {
        let comparable =
            |case: &&CaseRecord| !matches!(case.verdict, Verdict::Error | Verdict::None);
        let baselines: BTreeMap<String, String> = record
            .cases
            .iter()
            .filter(comparable)
            .filter(|case| case.access.is_none())
            .map(|case| (case.id.clone(), case.ladder.clone()))
            .collect();
        let Some(baseline) = self.networks.iter().find(|one| one.baseline) else {
            return;
        };
        for case in &mut record.cases {
            let network = self
                .networks
                .iter()
                .find(|one| Some(&one.name) == case.access.as_ref());
            let (Some(network), Some(ladder)) = (network, baselines.get(case.stated())) else {
                continue;
            };
            if case.capture.is_none() || matches!(case.verdict, Verdict::Error | Verdict::None) {
                continue;
            }
            let question = access::Comparison {
                requirement: &network.row,
                network: &network.what,
                baseline: &baseline.what,
                ladder: &case.ladder,
                baseline_ladder: ladder,
            };
            let finding = question.finding(|| trace(case, out).unwrap_or_default());
            take(case, finding);
        }
    }
}

/// Adds these cases over an access network, the `index`th of so many, with ids and users of their own; gives the ids.
fn add_over(
    catalogue: &mut Catalogue,
    access: &str,
    (index, of): (usize, usize),
    ids: &BTreeSet<String>,
) -> BTreeSet<String> {
    let stated: Vec<&Case> = catalogue
        .cases
        .iter()
        .filter(|c| c.access.is_none())
        .collect();
    let everywhere: Vec<&str> = stated
        .iter()
        .filter(|case| case.every_access)
        .map(|case| case.id.as_str())
        .collect();
    // What every run has, first: whoever prepares users by hand needs few more. The same in every run, so that it can be run again.
    let ordinal = |case: &Case| {
        let rank = everywhere.iter().position(|id| *id == case.id);
        let place = match rank {
            Some(rank) => index * everywhere.len() + rank,
            None => of * everywhere.len() + index * stated.len() + case.ordinal,
        };
        (stated.len() + place) % MOST_ORDINALS
    };
    let asked = stated.iter().filter(|case| ids.contains(&case.id));
    let added: Vec<Case> = asked
        .map(|case| Case {
            id: format!("{}[{access}]", case.id),
            access: Some(access.to_owned()),
            ordinal: ordinal(case),
            ..(*case).clone()
        })
        .collect();
    let places: BTreeSet<(&str, usize)> = added
        .iter()
        .map(|case| (case.file.as_str(), case.line))
        .collect();
    let stated = catalogue.features.iter().filter(|feature| {
        let scenarios = feature.rules.iter().flat_map(|rule| &rule.scenarios);
        let mut scenarios = scenarios.chain(&feature.scenarios);
        scenarios.all(|scenario| access_of(scenario).is_none())
    });
    let mut features: Vec<Feature> = Vec::new();
    for feature in stated {
        let path = feature.path.as_deref().unwrap_or(Path::new(""));
        let file = relative(path, &catalogue.folder);
        if !places.iter().any(|(of, _)| *of == file) {
            continue;
        }
        let mut feature = feature.clone();
        let over = |scenarios: &mut Vec<Scenario>| {
            scenarios.retain(|one| places.contains(&(file.as_str(), one.position.line)));
            for scenario in scenarios {
                scenario.tags.push(format!("{OVER}{access}"));
            }
        };
        over(&mut feature.scenarios);
        for rule in &mut feature.rules {
            over(&mut rule.scenarios);
        }
        features.push(feature);
    }
    let ids = added.iter().map(|case| case.id.clone()).collect();
    catalogue.features.extend(features);
    catalogue.cases.extend(added);
    ids
}

/// What is to run over every network: what is tagged so, with the controls its passes stand on.
fn everywhere(cases: &[Case], selected: &BTreeSet<String>) -> BTreeSet<String> {
    let tagged = cases
        .iter()
        .filter(|case| case.every_access && selected.contains(&case.id));
    tagged
        .flat_map(|case| {
            let controls = controls_of(case, cases).into_iter();
            controls.chain([case.id.clone()])
        })
        .filter(|id| selected.contains(id))
        .collect()
}

/// The finished capture of a case.
fn trace(case: &CaseRecord, out: &Path) -> Option<Trace> {
    let octets = std::fs::read(out.join(&case.capture.as_ref()?.path)).ok()?;
    Trace::read(&octets).ok()
}

fn take(case: &mut CaseRecord, finding: Finding) {
    let cause = format!("{}: {}", finding.expected, finding.observed);
    settle(case, finding.verdict, finding.reason, cause);
    case.findings.push(finding);
}
