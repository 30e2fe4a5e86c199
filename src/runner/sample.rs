//! Run records for tests of what is made of them: made up, but shaped like real ones.
#![allow(clippy::unwrap_used)]
use crate::{
    runner::record::{
        CaptureRecord, CaseRecord, LadderState, RunRecord, SCHEMA_VERSION, StepOutcome, StepRecord,
        SystemRecord, Totals,
    },
    verdict::{
        Finding, Reason, Verdict,
        register::{Basis, Level, Requirement, Status},
    },
};

const LADDER: &str = "\
[2] Alice invites Bob to a chat session
  isc
    alice -> gateway  INVITE tel:«bob» «call-1» «tag-1»
        P-Asserted-Identity: \"Alice\" <tel:«alice»>
    gateway -> alice  200 OK to INVITE «call-1» «tag-1» «tag-2»
    alice -> gateway  ACK sip:«bob»@«gateway-sip» «call-1» «tag-1» «tag-2»
  smpp
    gateway -> smsc  submit_sm «bob» -> «alice» => ok
        gsm7 \"hello\"
";

const DIFFERENCE: &str = "\
--- TC-POL-01-01 accepted
+++ TC-POL-01-01 observed
@@ -3,4 +3,4 @@
   |<-- 100 Trying ------------|               |                    |
-  |<-- 603 Decline -----------|               |                    |
+  |<-- 200 OK ----------------|               |                    |
";

fn requirement(id: &str, clause: &str, basis: Basis) -> Requirement {
    let profile = matches!(basis, Basis::I);
    Requirement {
        id: id.to_owned(),
        document: if profile { "suite profile" } else { "3GPP TS 29.311" }.to_owned(),
        clause: if profile { "" } else { clause }.to_owned(),
        statement: "An invitation that the provider's policy forbids is rejected and no short message is sent."
            .to_owned(),
        level: Level::Must,
        basis,
        reading: profile.then(|| "The clause is silent; we expect what OMA CPM says.".to_owned()),
        status: Status::Judged,
        why: None,
        applies_if: None,
        otherwise: None,
        cases: Default::default(),
        decisions: Vec::new(),
    }
}

fn step(keyword: &str, text: &str, outcome: StepOutcome, duration_ms: u64) -> StepRecord {
    StepRecord {
        keyword: keyword.to_owned(),
        text: text.to_owned(),
        outcome,
        duration_ms,
    }
}

fn reason(verdict: Verdict) -> (Option<Reason>, &'static str, &'static str) {
    match verdict {
        Verdict::Fail => (
            Some(Reason::WrongValue),
            "the invitation was answered 200 OK",
            "system",
        ),
        Verdict::Inconc => (
            Some(Reason::NotStimulated),
            "Bob could not be reached by SMS",
            "network",
        ),
        Verdict::Error => (
            Some(Reason::Provisioning),
            "the SMSC never saw a bind",
            "suite",
        ),
        _ => (None, "", ""),
    }
}

pub(crate) fn case(number: usize, verdict: Verdict) -> CaseRecord {
    let id = format!("TC-POL-{number:02}-01");
    let (reason, cause, blame) = reason(verdict);
    let judged = !matches!(verdict, Verdict::NotApplicable | Verdict::None);
    let stopped = matches!(verdict, Verdict::Inconc | Verdict::Error);
    let finding = Finding {
        requirement: format!("POL-{number:02}"),
        sentence: "Alice's invitation is rejected".to_owned(),
        verdict,
        reason,
        expected: "Alice's invitation is rejected".to_owned(),
        observed: match verdict {
            Verdict::Pass => "603 Decline".to_owned(),
            _ => cause.to_owned(),
        },
        frames: if stopped { Vec::new() } else { vec![9, 14] },
    };
    let last = if stopped {
        StepOutcome::NotRun
    } else {
        StepOutcome::Done
    };
    CaseRecord {
        title: format!("Alice invites Bob, whom policy {number} protects"),
        feature: "Policies for a CPM Session Invitation".to_owned(),
        file: "cpm-sms-interworking/policy.feature".to_owned(),
        line: 10 + 8 * number,
        rule: "A forbidden invitation is rejected".to_owned(),
        requirement: format!("POL-{number:02}"),
        tags: vec!["control".to_owned()],
        control: number.is_multiple_of(2),
        derived: false,
        access: None,
        profile: number.is_multiple_of(3),
        verdict,
        reason,
        cause: cause.to_owned(),
        blame: blame.to_owned(),
        blame_why: String::new(),
        operator: Vec::new(),
        instances: Vec::new(),
        started: "2026-11-21T05:40:00.250Z".to_owned(),
        duration_ms: 1250,
        steps: vec![
            step("Given", "Alice is a CPM user", StepOutcome::Done, 3),
            step(
                "When",
                "Alice invites Bob to a chat session",
                if stopped {
                    StepOutcome::Stopped
                } else {
                    StepOutcome::Done
                },
                1210,
            ),
            step("Then", "Alice's invitation is rejected", last, 37),
        ],
        findings: if judged { vec![finding] } else { Vec::new() },
        capture: judged.then(|| CaptureRecord {
            path: format!("captures/{id}.pcapng"),
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            frames: 22,
            ends: Default::default(),
        }),
        closure: None,
        tape: None,
        ladder: if judged { LADDER } else { "" }.to_owned(),
        ladder_state: match verdict {
            Verdict::Fail => LadderState::Changed,
            Verdict::Pass => LadderState::Same,
            _ => LadderState::NotCompared,
        },
        ladder_difference: if verdict == Verdict::Fail {
            DIFFERENCE
        } else {
            ""
        }
        .to_owned(),
        not_applicable: (verdict == Verdict::NotApplicable)
            .then(|| "carriage.sc_address: SMPP carries no SC address".to_owned()),
        waiver: None,
        seed: None,
        id,
    }
}

fn totals(cases: &[CaseRecord]) -> Totals {
    let mut totals = Totals {
        catalogue: cases.len() + 2,
        filtered: 2,
        selected: cases.len(),
        ..Totals::default()
    };
    totals.count(cases);
    totals
}

pub(crate) fn of(cases: Vec<CaseRecord>) -> RunRecord {
    let basis = |number: usize| {
        if number.is_multiple_of(3) {
            Basis::I
        } else {
            Basis::R
        }
    };
    let mut requirements: Vec<Requirement> = (1..=cases.len().min(40))
        .map(|n| requirement(&format!("POL-{n:02}"), "6.1.2", basis(n)))
        .collect();
    let mut planned = requirement("GRP-09", "6.1.4", Basis::RCut);
    planned.status = Status::Untestable;
    planned.why = Some("Charging is not visible on any interface the suite stands on.".to_owned());
    requirements.push(planned);
    RunRecord {
        schema_version: SCHEMA_VERSION,
        tool: "ims-conformance 0.1.0".to_owned(),
        started: "2026-11-21T05:40:00Z".to_owned(),
        finished: "2026-11-21T05:40:03.2Z".to_owned(),
        duration_ms: 3200,
        seed: 42,
        jobs: 16,
        system: SystemRecord {
            name: "acme-gw".to_owned(),
            description: "ACME messaging gateway 7.2, interworking by SMPP".to_owned(),
            profile_sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
                .to_owned(),
            fault: None,
            edge: Vec::new(),
            personality: None,
            carriage: "smpp".to_owned(),
            transport: "udp".to_owned(),
            given: String::new(),
            local_ip: None,
            addresses: Default::default(),
            assumed: Default::default(),
        },
        selection: vec!["POL".to_owned()],
        only_smoke: false,
        waivers_sha256: String::new(),
        catalogue_sha256: "4b825dc642cb6eb9a060e54bf8d69288fbee4904a1f1c2f1b8d5d34e0d9f0c11"
            .to_owned(),
        shard: None,
        access: Vec::new(),
        interrupted: false,
        totals: totals(&cases),
        requirements,
        cases,
        waiver_problems: Vec::new(),
        notes: Vec::new(),
    }
}

/// A run of one case that failed as a waiver says.
pub(crate) fn waived() -> RunRecord {
    let mut case = case(1, Verdict::Fail);
    case.waiver = Some(crate::sut::waivers::Waiver {
        test_case: case.id.clone(),
        requirement: case.requirement.clone(),
        owner: "Jane Doe".to_owned(),
        reason: "Mended in release 7.3.".to_owned(),
        link: "https://tickets.acme.example/123".to_owned(),
        expires: "2027-03-31".to_owned(),
        carriage: None,
        expected: crate::sut::waivers::Expected {
            verdict: Default::default(),
            reason: Reason::WrongValue,
            observed: "answered 200".to_owned(),
        },
    });
    of(vec![case])
}

/// A run of one case.
pub(crate) fn one(verdict: Verdict) -> RunRecord {
    of(vec![case(1, verdict)])
}

/// Every verdict, most of them passes.
pub(crate) fn mixed() -> RunRecord {
    use Verdict::{Error, Fail, Inconc, NotApplicable, Pass};
    let verdicts = [
        Pass,
        Fail,
        Pass,
        Inconc,
        Pass,
        NotApplicable,
        Pass,
        Error,
        Pass,
        Pass,
    ];
    let cases = verdicts.iter().enumerate();
    let mut record = of(cases.map(|(n, v)| case(n + 1, *v)).collect());
    record.notes = vec!["7 PDUs belonged to no test case".to_owned()];
    record
}

/// As large as a run gets.
pub(crate) fn thousand() -> RunRecord {
    let verdict = |n: usize| match n % 50 {
        7 => Verdict::Fail,
        19 => Verdict::Inconc,
        31 => Verdict::NotApplicable,
        _ => Verdict::Pass,
    };
    let mut cases: Vec<CaseRecord> = (1..=1000).map(|n| case(n, verdict(n))).collect();
    for (n, case) in cases.iter_mut().enumerate() {
        case.requirement = format!("POL-{:02}", n % 40 + 1);
        case.file = format!("cpm-sms-interworking/part-{:02}.feature", n / 50);
        case.feature = format!("Policies, part {}", n / 50);
    }
    of(cases)
}
