//! What the waivers of a system make of a finished run: verdicts that are waived, and everything about the waivers that is not as agreed.
use super::record::{CaseRecord, RunRecord};
use crate::sut::access::AccessNetworks;
use crate::sut::waivers::{Waiver, Waivers};
use crate::verdict::{Finding, Reason, Verdict};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Marks the cases whose verdict is exactly the one a sound waiver expects, and records what is wrong with the others.
pub fn apply(
    record: &mut RunRecord,
    waivers: &Waivers,
    cases: &BTreeMap<String, String>,
    networks: &AccessNetworks,
    today: Date,
) {
    let (sound, mut found) = sound(waivers, &record.system.carriage, cases, networks, today);
    for waiver in &sound {
        let case = record.cases.iter_mut().find(|c| c.id == waiver.test_case);
        found.extend(case.and_then(|case| compare(case, waiver)));
    }
    record.waiver_problems = found;
}

/// The waivers that are in order and are for runs over this carriage, and what is wrong with the others.
pub fn sound(
    waivers: &Waivers,
    carriage: &str,
    cases: &BTreeMap<String, String>,
    networks: &AccessNetworks,
    today: Date,
) -> (Vec<Waiver>, Vec<String>) {
    let (mut sound, mut found) = (Vec::new(), Vec::new());
    for waiver in &waivers.0 {
        let problems = waivers.problems(waiver, today, cases, networks);
        if problems.is_empty() && waiver.is_over(carriage) {
            sound.push(waiver.clone());
        }
        found.extend(problems);
    }
    (sound, found)
}

/// Whether the case has come out as one of them says; passes and what is not applicable have not.
pub fn covers(sound: &[Waiver], case: &CaseRecord) -> bool {
    let of_case = sound.iter().find(|waiver| waiver.test_case == case.id);
    let judged = matches!(case.verdict, Verdict::Fail | Verdict::Inconc);
    judged && of_case.is_some_and(|waiver| is_as_expected(case, waiver))
}

/// Marks the case if it came out as the waiver says; else says how it came out.
fn compare(case: &mut CaseRecord, waiver: &Waiver) -> Option<String> {
    match case.verdict {
        // What is not applicable over this carriage, or what the suite broke, says nothing about the waiver.
        Verdict::None | Verdict::NotApplicable | Verdict::Error => None,
        Verdict::Pass => Some(waiver.said("it passes; take the waiver out")),
        Verdict::Fail | Verdict::Inconc => match is_as_expected(case, waiver) {
            true => {
                case.waiver = Some(waiver.clone());
                None
            }
            false => Some(waiver.said(&difference(case, waiver))),
        },
    }
}

/// The findings that made the verdict; all of them have to be the one the waiver is for.
fn deciding(case: &CaseRecord) -> Vec<&Finding> {
    let findings = case.findings.iter();
    findings.filter(|f| f.verdict == case.verdict).collect()
}

fn is_as_expected(case: &CaseRecord, waiver: &Waiver) -> bool {
    let expected = &waiver.expected;
    let fits = |finding: &&Finding| {
        finding.reason == Some(expected.reason) && finding.observed.contains(&expected.observed)
    };
    let findings = deciding(case);
    let observed = match findings.as_slice() {
        [] => case.cause.contains(&expected.observed),
        all => all.iter().all(fits),
    };
    let no_worse = !case.findings.iter().any(|f| f.verdict > case.verdict);
    case.verdict == Verdict::from(expected.verdict)
        && case.reason == Some(expected.reason)
        && observed
        && no_worse
}

fn difference(case: &CaseRecord, waiver: &Waiver) -> String {
    let expected = &waiver.expected;
    let findings = deciding(case);
    let fits = |f: &&&Finding| !f.observed.contains(&expected.observed);
    let odd = findings.iter().find(fits).or(findings.first());
    let observed = odd.map_or(case.cause.as_str(), |finding| finding.observed.as_str());
    format!(
        "it comes out otherwise than the waiver says: expected {}, \"{}\"; it is {}, \"{observed}\"",
        kind(expected.verdict.into(), Some(expected.reason)),
        expected.observed,
        kind(case.verdict, case.reason),
    )
}

fn kind(verdict: Verdict, reason: Option<Reason>) -> String {
    match reason {
        Some(reason) => format!("{}/{}", verdict.name(), reason.code()),
        None => verdict.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::runner::sample;
    use crate::sut::profile::Carriage;
    use jiff::civil::date;

    /// The case with its waiver, and what applying the waiver comes to after both were changed.
    fn applied(
        change: impl Fn(&mut CaseRecord, &mut Waiver),
        today: Date,
    ) -> (RunRecord, Vec<String>) {
        let mut record = sample::waived();
        let mut waiver = record.cases[0].waiver.take().unwrap();
        change(&mut record.cases[0], &mut waiver);
        let known = [("TC-POL-01-01".to_owned(), "POL-01".to_owned())].into();
        let networks = "- {name: lte, what: LTE, baseline: true, values: []}";
        let networks = AccessNetworks::parse(networks).unwrap();
        apply(
            &mut record,
            &Waivers(vec![waiver]),
            &known,
            &networks,
            today,
        );
        record.totals.count(&record.cases);
        let problems = record.waiver_problems.clone();
        (record, problems)
    }

    const TODAY: Date = date(2026, 11, 21);

    #[test]
    fn the_expected_failure_is_waived_and_is_no_fail_and_no_pass() {
        let (record, problems) = applied(|_, _| {}, TODAY);
        assert_eq!(problems, [""; 0]);
        assert!(record.cases[0].waiver.is_some());
        assert_eq!(record.cases[0].verdict, Verdict::Fail);
        let totals = record.totals;
        assert_eq!((totals.pass, totals.fail, totals.waived), (0, 0, 1));
    }

    #[test]
    fn whatever_is_not_as_agreed_is_a_problem() {
        type Change = fn(&mut CaseRecord, &mut Waiver);
        let changes: [(Change, &str); 6] = [
            (|case, _| case.verdict = Verdict::Pass, "it passes; take"),
            (
                |_, waiver| waiver.expected.reason = Reason::Missing,
                "expected fail/missing, \"answered 200\"; it is fail/wrong-value, \"the invitation was",
            ),
            (
                |_, waiver| waiver.expected.observed = "603".to_owned(),
                "otherwise than the waiver says",
            ),
            (
                |case, _| {
                    let mut second = case.findings[0].clone();
                    second.observed = "no BYE".to_owned();
                    case.findings.push(second);
                },
                "it is fail/wrong-value, \"no BYE\"",
            ),
            (|case, _| case.verdict = Verdict::Inconc, "it is inconc/"),
            (
                |_, waiver| waiver.expires = "2026-11-20".to_owned(),
                "expired on 2026-11-20",
            ),
        ];
        for (change, said) in changes {
            let (record, problems) = applied(change, TODAY);
            assert_eq!(problems.len(), 1, "{said}: {problems:?}");
            assert!(problems[0].contains(said), "{said}: {problems:?}");
            assert_eq!(
                (record.cases[0].waiver.as_ref(), record.totals.waived),
                (None, 0)
            );
        }
    }

    #[test]
    fn a_waiver_says_nothing_of_another_carriage_or_of_what_did_not_run() {
        let (record, problems) = applied(|_, w| w.carriage = Some(Carriage::Sgd), TODAY);
        assert_eq!((problems, record.totals.fail), (vec![], 1));
        let (_, problems) = applied(|case, _| case.verdict = Verdict::NotApplicable, TODAY);
        assert!(problems.is_empty());
        let (_, problems) = applied(|case, _| case.id = "TC-OTHER-01".to_owned(), TODAY);
        assert!(problems.is_empty());
    }
}
