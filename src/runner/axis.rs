//! The access network as an axis of a run: the same test cases over several networks, and whether the same happened over each.
//!
//! Over the baseline a case keeps its id; over another network it is a case of its own, with users of its own, named after the network. What
//! differs is judged in `verdict::access`; here the cases are multiplied and brought together again.
use super::catalogue::{Case, Catalogue, EVERY_ACCESS, OVER, access_of, relative};
use super::judge::settle;
use super::record::{CaseRecord, RunRecord};
use super::select::controls_of;
use crate::observe::Trace;
use crate::sut::SutError;
use crate::sut::access::{AccessNetwork, AccessNetworks};
use crate::verdict::{Finding, Reason, Verdict, access};
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
        let everywhere = everywhere(&catalogue.cases, &selected);
        let others = || self.networks.iter().filter(|one| !one.baseline);
        let count = others().count();
        let mut running = BTreeSet::new();
        for (index, network) in others().enumerate() {
            let over = match named.contains(&network.name.as_str()) {
                true => &selected,
                false if self.asked.is_empty() => &everywhere,
                false => continue,
            };
            running.extend(add_over(catalogue, &network.name, (index, count), over));
        }
        let baseline = |one: &AccessNetwork| one.baseline && named.contains(&one.name.as_str());
        if self.networks.iter().any(baseline) {
            running.extend(selected);
        } else {
            // What is judged by comparison alone needs the baseline beside it.
            running.extend(everywhere);
        }
        self.running = running;
        Ok(())
    }

    /// Every case that ran over another network beside its run over the baseline.
    ///
    /// What is judged by the comparison alone, tagged so, proves nothing where nothing was compared; others then stand for themselves.
    pub fn compare(&self, record: &mut RunRecord, out: &Path) {
        let Some(baseline) = self.networks.baseline() else {
            return;
        };
        let baselines: BTreeMap<String, (Verdict, String)> = record
            .cases
            .iter()
            .filter(|case| case.access.is_none())
            .map(|case| (case.id.clone(), (case.verdict, case.ladder.clone())))
            .collect();
        let compared: BTreeSet<String> = record
            .cases
            .iter()
            .filter(|case| case.access.is_some())
            .map(|case| case.stated().to_owned())
            .collect();
        for case in record.cases.iter_mut().filter(|case| was_judged(case)) {
            let network = self
                .networks
                .iter()
                .find(|one| Some(&one.name) == case.access.as_ref());
            let finding = match (network, baselines.get(case.stated())) {
                (None, _) if is_everywhere(case) && !compared.contains(&case.id) => {
                    access::not_compared(
                        &case.requirement,
                        "every access network",
                        &baseline.what,
                        &format!("it ran over that alone; run {} --access all", case.id),
                    )
                }
                (None, _) => continue,
                (Some(network), Some((Verdict::Pass | Verdict::Fail, ladder))) => {
                    let question = access::Comparison {
                        requirement: &network.row,
                        network: &network.what,
                        baseline: &baseline.what,
                        ladder: &case.ladder,
                        baseline_ladder: ladder,
                        to_the_end: came_to_its_end(case),
                    };
                    question.finding(|| trace(case, out).unwrap_or_default())
                }
                (Some(network), Some((verdict, _))) => access::not_compared(
                    &network.row,
                    &network.what,
                    &baseline.what,
                    &format!(
                        "over that it came to {}; see to {} first",
                        verdict.name(),
                        case.stated()
                    ),
                ),
                (Some(network), None) if is_everywhere(case) => access::not_compared(
                    &network.row,
                    &network.what,
                    &baseline.what,
                    &format!(
                        "it did not run over that; run {} --access {},{}",
                        case.stated(),
                        baseline.name,
                        network.name
                    ),
                ),
                (Some(_), None) => continue,
            };
            take(case, finding);
        }
    }
}

fn was_judged(case: &CaseRecord) -> bool {
    case.capture.is_some() && !matches!(case.verdict, Verdict::Error | Verdict::None)
}

fn is_everywhere(case: &CaseRecord) -> bool {
    case.tags.iter().any(|tag| tag == EVERY_ACCESS)
}

/// A case that a refused `Given` has ended did what its system let it do; what is missing then is the system's doing. So it is with a
/// control that the system has contradicted, which has the frames to show for it.
fn came_to_its_end(case: &CaseRecord) -> bool {
    let contradicts = |one: &Finding| one.verdict == Verdict::Inconc && !one.frames.is_empty();
    case.verdict != Verdict::Inconc
        || case.reason == Some(Reason::PreconditionUnmet)
        || (case.control && case.findings.iter().any(contradicts))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::runner::sample;

    const LADDER: &str = "[1] Alice asks\n  gm\n    alice -> core  INVITE «call-1»\n    core -> alice  603 Decline to INVITE «call-1»\n";

    fn axis() -> Axis {
        let list = "- {name: lte, what: LTE, baseline: true, values: []}\n- {name: wlan, what: WLAN, values: []}\n";
        Axis::new(AccessNetworks::parse(list).unwrap(), &[]).unwrap()
    }

    /// A case with the ladder, over the baseline or over the WLAN.
    fn case(over: Option<&str>, verdict: Verdict, ladder: &str) -> CaseRecord {
        let mut case = sample::case(1, verdict);
        if let Some(over) = over {
            case.id = format!("{}[{over}]", case.id);
            case.access = Some(over.to_owned());
        }
        case.tags = vec![EVERY_ACCESS.to_owned()];
        case.ladder = ladder.to_owned();
        case
    }

    /// The verdict and the last observation of the last case.
    fn compared(cases: Vec<CaseRecord>) -> (Verdict, String) {
        let mut record = sample::of(cases);
        axis().compare(&mut record, Path::new("nowhere"));
        let case = record.cases.pop().unwrap();
        let said = case.findings.last().unwrap().observed.clone();
        (case.verdict, said)
    }

    #[test]
    fn a_baseline_that_proves_nothing_is_none() {
        let here = || case(Some("wlan"), Verdict::Pass, LADDER);
        for verdict in [Verdict::Inconc, Verdict::Error] {
            let cut_off = case(None, verdict, "[1] Alice asks\n");
            let (verdict, said) = compared(vec![cut_off, here()]);
            assert_eq!(verdict, Verdict::Inconc, "{said}");
            assert!(said.contains("see to TC-POL-01-01 first"), "{said}");
        }
        let other = LADDER.replace("603 Decline", "200 OK");
        let (verdict, said) = compared(vec![case(None, Verdict::Pass, &other), here()]);
        assert_eq!(verdict, Verdict::Fail, "{said}");
        let (verdict, _) = compared(vec![case(None, Verdict::Fail, LADDER), here()]);
        assert_eq!(verdict, Verdict::Pass);
    }

    #[test]
    fn a_refused_preparation_counts_and_whatever_else_cuts_a_case_off_does_not() {
        let baseline = || case(None, Verdict::Pass, LADDER);
        let mut here = case(Some("wlan"), Verdict::Inconc, "[1] Alice asks\n");
        here.reason = Some(Reason::NotStimulated);
        assert_eq!(compared(vec![baseline(), here.clone()]).0, Verdict::Inconc);
        here.reason = Some(Reason::PreconditionUnmet);
        assert_eq!(compared(vec![baseline(), here.clone()]).0, Verdict::Fail);
        here.reason = Some(Reason::InsufficientEvidence);
        assert_eq!(compared(vec![baseline(), here.clone()]).0, Verdict::Inconc);
        (here.control, here.findings[0].frames) = (true, vec![7]);
        assert_eq!(compared(vec![baseline(), here]).0, Verdict::Fail);
    }

    #[test]
    fn what_is_judged_by_comparison_does_not_pass_without_one() {
        let (verdict, said) = compared(vec![case(None, Verdict::Pass, LADDER)]);
        assert_eq!(verdict, Verdict::Inconc);
        assert!(said.contains("run TC-POL-01-01 --access all"), "{said}");
        let (verdict, said) = compared(vec![case(Some("wlan"), Verdict::Pass, LADDER)]);
        assert_eq!(verdict, Verdict::Inconc);
        assert!(
            said.contains("run TC-POL-01-01 --access lte,wlan"),
            "{said}"
        );
    }
}
