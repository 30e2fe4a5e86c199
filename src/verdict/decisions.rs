//! The decision table of Communication Barring and CMMC conferences: which barring decides what about which part in a conference.
//!
//! Its cells stand in the register, at the requirements they belong to, as a test case or as an exclusion with its reason. Puts them
//! together and says which cells are empty, filled twice or name no test case; it decides nothing about a capture.
use super::Register;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is barred for the user: a row of the table.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Programme {
    /// No barring at all: the twin that shows permission.
    None,
    /// Outgoing communications.
    Ocb,
    /// Incoming communications.
    Icb,
    /// Both directions.
    OcbAndIcb,
    /// Incoming communications of anonymous callers.
    Acr,
    /// Outgoing communications to the domain of CMMC conferences.
    OcbOfConferences,
    /// Incoming communications from the identity of the conference.
    IcbOfConference,
}

/// What the user, or somebody on his account, does: a column of the table.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Joins,
    Creates,
    IsReferred,
    JoinsLeg,
    ReplacesLeg,
    IsAdded,
    IsListed,
    IsListedInRefer,
    IsReplaced,
    Participates,
    IncludesInConf,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// He becomes, or stays, a participant.
    Allowed,
    /// He does not become one.
    Barred,
    /// Whatever barring says: a CMMC leg is not part of an MMTel CONF conference.
    Excepted,
}

/// Cells of the table: one by a test case, or any number by the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub programmes: Vec<Programme>,
    pub roles: Vec<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Test case, with the row of an outline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Why no test case decides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

impl Programme {
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Ocb,
        Self::Icb,
        Self::OcbAndIcb,
        Self::Acr,
        Self::OcbOfConferences,
        Self::IcbOfConference,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::None => "no barring",
            Self::Ocb => "OCB",
            Self::Icb => "ICB",
            Self::OcbAndIcb => "OCB and ICB",
            Self::Acr => "ACR",
            Self::OcbOfConferences => "OCB of CMMC conferences",
            Self::IcbOfConference => "ICB of the conference",
        }
    }
}

impl Role {
    pub const ALL: [Self; 11] = [
        Self::Joins,
        Self::Creates,
        Self::IsReferred,
        Self::JoinsLeg,
        Self::ReplacesLeg,
        Self::IsAdded,
        Self::IsListed,
        Self::IsListedInRefer,
        Self::IsReplaced,
        Self::Participates,
        Self::IncludesInConf,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Joins => "joins",
            Self::Creates => "creates one",
            Self::IsReferred => "is referred to it",
            Self::JoinsLeg => "joins by Join",
            Self::ReplacesLeg => "joins by Replaces",
            Self::IsAdded => "is added",
            Self::IsListed => "is in the URI list of its creation",
            Self::IsListedInRefer => "is in the URI list of a REFER",
            Self::IsReplaced => "his call is replaced by it",
            Self::Participates => "is a participant already",
            Self::IncludesInConf => "includes his leg in an MMTel CONF",
        }
    }
}

impl Outcome {
    fn words(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Barred => "**barred**",
            Self::Excepted => "**refused**",
        }
    }
}

/// The table, as far as the register fills it.
#[derive(Debug, Default)]
pub struct Table {
    cells: BTreeMap<(Programme, Role), (String, Decision)>,
    pub problems: Vec<String>,
}

impl Table {
    /// `cases` are the test cases there are, with the rows of outlines.
    pub fn of(register: &Register, cases: &BTreeSet<String>) -> Self {
        let mut table = Self::default();
        for (id, entry) in &register.requirements {
            for decision in &entry.decisions {
                table.enter(id, decision, cases);
            }
        }
        let all = Programme::ALL
            .iter()
            .flat_map(|p| Role::ALL.iter().map(move |r| (*p, *r)));
        for (programme, role) in all.filter(|cell| !table.cells.contains_key(cell)) {
            let cell = format!("{} x {}", programme.words(), role.words());
            table.problems.push(format!("{cell}: the cell is empty"));
        }
        table
    }

    fn enter(&mut self, id: &str, decision: &Decision, cases: &BTreeSet<String>) {
        let sound = match (&decision.case, decision.outcome, &decision.excluded) {
            (Some(case), Some(_), None) if cases.contains(case) => None,
            (Some(case), Some(_), None) => Some(format!("there is no test case {case}")),
            (None, None, Some(_)) => None,
            _ => Some("a cell has a test case and its outcome, or a reason why not".to_owned()),
        };
        self.problems
            .extend(sound.map(|why| format!("{id}: {why}")));
        for programme in &decision.programmes {
            for role in &decision.roles {
                let before = self
                    .cells
                    .insert((*programme, *role), (id.to_owned(), decision.clone()));
                if let Some((other, _)) = before {
                    let cell = format!("{} x {}", programme.words(), role.words());
                    self.problems
                        .push(format!("{cell}: filled by {other} and by {id}"));
                }
            }
        }
    }

    /// A head with the barring, one row per part a user can have, and the reasons for cells without a test case, numbered from 1.
    pub fn rows(&self) -> (Vec<Vec<String>>, Vec<String>) {
        let mut reasons: Vec<&str> = Vec::new();
        let head = Programme::ALL.iter().map(|programme| programme.words());
        let head = std::iter::once("for whom is invoked:").chain(head);
        let mut rows: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
        for role in Role::ALL {
            let mut row = vec![role.words().to_owned()];
            for programme in Programme::ALL {
                row.push(match self.cells.get(&(programme, role)) {
                    Some((id, decision)) => cell(id, decision, &mut reasons),
                    None => String::new(),
                });
            }
            rows.push(row);
        }
        let reasons = reasons.iter().map(|reason| reason.trim().to_owned());
        (rows, reasons.collect())
    }

    /// The same as Markdown.
    pub fn markdown(&self) -> String {
        let (rows, reasons) = self.rows();
        let mut out = String::new();
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                out.push('\n');
            }
            write!(out, "| {} |", row.join(" | ")).unwrap_or_default();
            if index == 0 {
                out.push_str("\n|---|");
                out.push_str(&"---|".repeat(Programme::ALL.len()));
            }
        }
        out.push_str("\n\nCells without a test case:\n");
        for (index, reason) in reasons.iter().enumerate() {
            write!(out, "\n{}. {reason}", index + 1).unwrap_or_default();
        }
        out
    }
}

fn cell<'a>(id: &str, decision: &'a Decision, reasons: &mut Vec<&'a str>) -> String {
    if let (Some(outcome), Some(case)) = (decision.outcome, &decision.case) {
        return format!("{}, `{case}`", outcome.words());
    }
    let reason = decision.excluded.as_deref().unwrap_or_default();
    let known = reasons.iter().position(|known| *known == reason);
    let place = known.unwrap_or_else(|| {
        reasons.push(reason);
        reasons.len() - 1
    });
    format!("see {} ({id})", place + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn register(decisions: &str) -> Register {
        let entry = format!(
            "id: CB-20\ndocument: suite profile\nstatement: x\nlevel: must\nbasis: I\nstatus: judged\ndecisions:\n{decisions}"
        );
        let entry: crate::verdict::Requirement = crate::sut::yaml::from_str(&entry).unwrap();
        Register {
            requirements: BTreeMap::from([("CB-20".to_owned(), entry)]),
            catalogues: BTreeMap::new(),
            roles: Vec::new(),
        }
    }

    fn table(decisions: &str) -> Table {
        let cases = BTreeSet::from(["TC-CB-20-01.ocb".to_owned()]);
        Table::of(&register(decisions), &cases)
    }

    const ONE: &str =
        "  - {programmes: [ocb], roles: [joins], outcome: barred, case: TC-CB-20-01.ocb}\n";

    #[test]
    fn finds_every_empty_cell() {
        let found = table(ONE).problems;
        assert_eq!(found.len(), Programme::ALL.len() * Role::ALL.len() - 1);
        assert!(found[0].ends_with("the cell is empty"), "{found:?}");
    }

    #[test]
    fn finds_cells_filled_twice_and_cases_that_are_none() {
        let twice = format!("{ONE}{ONE}");
        let filled = table(&twice)
            .problems
            .into_iter()
            .filter(|p| p.contains("filled by"));
        assert_eq!(filled.count(), 1);
        let wrong = "  - {programmes: [ocb], roles: [joins], outcome: barred, case: TC-CB-20-09}\n";
        assert_eq!(
            table(wrong).problems[0],
            "CB-20: there is no test case TC-CB-20-09"
        );
        let neither = "  - {programmes: [ocb], roles: [joins], outcome: barred}\n";
        assert!(table(neither).problems[0].contains("or a reason why not"));
    }

    #[test]
    fn reasons_stand_below_the_table_once() {
        let text =
            format!("{ONE}  - {{programmes: [icb, acr], roles: [joins], excluded: Because.}}\n");
        let text = table(&text).markdown();
        assert!(
            text.contains("| joins |  | **barred**, `TC-CB-20-01.ocb` | see 1 (CB-20) |"),
            "{text}"
        );
        assert!(text.ends_with("\n1. Because."), "{text}");
    }
}
