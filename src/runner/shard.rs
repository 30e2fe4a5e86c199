//! `--shard i/n`: one of n parts of a selection, for several machines at once.
//!
//! Which part a test case is in follows from its requirement alone, so no machine needs to know what the others run, and a new test case
//! moves no other one. The cases of a requirement stay together: a prohibition passes only beside its control.
use super::catalogue::Case;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::str::FromStr;

/// More parts than this have nothing to run.
pub const MOST: usize = 1000;

/// Part `index` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    pub index: usize,
    pub of: usize,
}

impl Shard {
    fn holds(self, case: &Case) -> bool {
        part(&case.requirement, self.of) + 1 == self.index
    }

    /// What of a selection is in this part.
    pub fn of_selection(self, cases: &[Case], selected: &BTreeSet<String>) -> BTreeSet<String> {
        let mine = cases.iter().filter(|case| self.holds(case));
        mine.map(|case| case.id.clone())
            .filter(|id| selected.contains(id))
            .collect()
    }
}

fn part(key: &str, of: usize) -> usize {
    let digest = Sha256::digest(key.as_bytes());
    let number = digest.iter().take(8);
    let number = number.fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    usize::try_from(number % of.max(1) as u64).unwrap_or(0)
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, of)| {
            let (index, of) = (index.parse().ok()?, of.parse().ok()?);
            (1..=MOST).contains(&of).then_some(Self { index, of })
        });
        match parsed {
            Some(shard) if (1..=shard.of).contains(&shard.index) => Ok(shard),
            _ => Err(format!(
                "part and number of parts, from 1/1 to {MOST}/{MOST}, such as 2/4"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_part_of_a_whole() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, of: 4 }));
        for wrong in [
            "", "2", "0/4", "5/4", "1/0", "a/4", "1/4/2", "1/1001", "-1/4",
        ] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    /// Written down so that a change of the hash, which would tear runs of different versions apart, is seen.
    #[test]
    fn where_a_requirement_lies_never_changes() {
        let parts = ["POL-01", "CB-20", "ANS-02", "UT-10"].map(|id| part(id, 4));
        assert_eq!(parts, [2, 3, 1, 3]);
    }

    #[test]
    fn every_requirement_lies_in_exactly_one_part_and_parts_are_alike() {
        let mut sizes = [0; 8];
        for n in 0..800 {
            sizes[part(&format!("ROW-{n}"), 8)] += 1;
        }
        assert_eq!(sizes.iter().sum::<i32>(), 800);
        assert!(
            sizes.iter().all(|size| (70..130).contains(size)),
            "{sizes:?}"
        );
    }
}
