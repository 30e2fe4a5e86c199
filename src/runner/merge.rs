//! The records of the parts of a run become the record of the whole: pure, no files.
//!
//! Nothing is guessed: runs that did not ask the same questions of the same system the same way are refused, and so are wholes with a
//! part missing or a test case counted twice.
use super::record::{CaseRecord, RunRecord};
use std::collections::{BTreeMap, BTreeSet};

/// Why records are not those of one whole. Each names the files it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("name the run.json of every part")]
    Nothing,
    #[error(
        "{what} differs: {one} has `{one_has}`, {other} has `{other_has}`; merge only parts of one run"
    )]
    Different {
        what: &'static str,
        one: String,
        one_has: String,
        other: String,
        other_has: String,
    },
    #[error("{whole} is a whole run and {part} is part {shard}; merge parts with parts")]
    PartAndWhole {
        whole: String,
        part: String,
        shard: String,
    },
    #[error("part {shard} is there twice: {one} and {other}; leave one out")]
    PartTwice {
        shard: String,
        one: String,
        other: String,
    },
    #[error("part {missing} of {of} is missing; run it with --shard, or find its run.json")]
    Missing { missing: String, of: usize },
    #[error("{id} is in both {one} and {other}; a test case counts once")]
    CaseTwice {
        id: String,
        one: String,
        other: String,
    },
}

/// A record and what it is called in messages: the path of its file.
pub type Named = (String, RunRecord);

/// The record of the whole.
pub fn merge(parts: Vec<Named>) -> Result<RunRecord, MergeError> {
    let (first, others) = parts.split_first().ok_or(MergeError::Nothing)?;
    for other in others {
        alike(first, other)?;
    }
    complete(&parts)?;
    once(&parts)?;
    let mut records = parts.into_iter().map(|(_, record)| record);
    let first = records.next().ok_or(MergeError::Nothing)?;
    Ok(whole(first, records))
}

/// What has to be the same in two parts of one run, in words.
fn questions(record: &RunRecord) -> [(&'static str, String); 12] {
    let system = &record.system;
    [
        ("the system", system.name.clone()),
        ("the profile (SHA-256)", system.profile_sha256.clone()),
        ("the version of the suite", record.tool.clone()),
        ("the catalogue (SHA-256)", record.catalogue_sha256.clone()),
        ("the carriage of short messages", system.carriage.clone()),
        ("the SIP transport", system.transport.clone()),
        (
            "the personality",
            system.personality.clone().unwrap_or_default(),
        ),
        ("the access networks", record.access.join(",")),
        ("the fault", system.fault.clone().unwrap_or_default()),
        ("the number of parts", parts_of(record)),
        (
            "--only-smoke",
            if record.only_smoke { "yes" } else { "no" }.to_owned(),
        ),
        ("the waivers (SHA-256)", record.waivers_sha256.clone()),
    ]
}

fn parts_of(record: &RunRecord) -> String {
    record
        .shard
        .map_or(String::new(), |shard| shard.of.to_string())
}

fn alike((one, first): &Named, (other, second): &Named) -> Result<(), MergeError> {
    if let (Some(shard), None) | (None, Some(shard)) = (first.shard, second.shard) {
        let (whole, part) = match first.shard {
            None => (one, other),
            Some(_) => (other, one),
        };
        return Err(MergeError::PartAndWhole {
            whole: whole.clone(),
            part: part.clone(),
            shard: shard.to_string(),
        });
    }
    let mut pairs: Vec<_> = questions(first)
        .into_iter()
        .zip(questions(second))
        .collect();
    if first.shard.is_some() {
        // Whole runs of different selections may be put together; parts are parts of one selection.
        let selection = |record: &RunRecord| ("the selection", record.selection.join(" "));
        pairs.push((selection(first), selection(second)));
    }
    match pairs.into_iter().find(|(a, b)| a.1 != b.1) {
        None => Ok(()),
        Some(((what, one_has), (_, other_has))) => Err(MergeError::Different {
            what,
            one: one.clone(),
            one_has,
            other: other.clone(),
            other_has,
        }),
    }
}

/// Every part is there, and once.
fn complete(parts: &[Named]) -> Result<(), MergeError> {
    let mut there: BTreeMap<usize, &str> = BTreeMap::new();
    let mut number = 0;
    for (name, record) in parts {
        let Some(shard) = record.shard else { continue };
        number = shard.of;
        if let Some(before) = there.insert(shard.index, name) {
            return Err(MergeError::PartTwice {
                shard: shard.to_string(),
                one: before.to_owned(),
                other: name.clone(),
            });
        }
    }
    let missing = (1..=number).filter(|index| !there.contains_key(index));
    let missing: Vec<String> = missing.map(|index| index.to_string()).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(MergeError::Missing {
            missing: missing.join(", "),
            of: number,
        }),
    }
}

fn once(parts: &[Named]) -> Result<(), MergeError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, record) in parts {
        for case in &record.cases {
            if let Some(before) = seen.insert(&case.id, name) {
                return Err(MergeError::CaseTwice {
                    id: case.id.clone(),
                    one: before.to_owned(),
                    other: name.clone(),
                });
            }
        }
    }
    Ok(())
}

/// One record of parts that belong together.
fn whole(mut whole: RunRecord, others: impl Iterator<Item = RunRecord>) -> RunRecord {
    let named = |record: &RunRecord| match record.shard {
        Some(shard) => format!("part {shard}: "),
        None => String::new(),
    };
    seeded(&mut whole);
    let said = named(&whole);
    whole
        .notes
        .iter_mut()
        .for_each(|note| note.insert_str(0, &said));
    let mut repeated = repeated_over(&whole);
    let stated = whole.totals.catalogue.saturating_sub(repeated);
    for mut record in others {
        repeated += repeated_over(&record);
        seeded(&mut record);
        let said = named(&record);
        let notes = record.notes.iter().map(|note| format!("{said}{note}"));
        whole.notes.extend(notes);
        whole.started = earlier(&whole.started, &record.started);
        whole.finished = later(&whole.finished, &record.finished);
        whole.jobs = whole.jobs.max(record.jobs);
        whole.interrupted |= record.interrupted;
        whole.totals.selected += record.totals.selected;
        if whole.shard.is_none() && !whole.selection.is_empty() {
            whole.selection.extend(record.selection);
        }
        whole.waiver_problems.extend(record.waiver_problems);
        whole.cases.append(&mut record.cases);
    }
    whole.shard = None;
    whole.totals.catalogue = stated + repeated;
    let problems: BTreeSet<String> = whole.waiver_problems.drain(..).collect();
    whole.waiver_problems.extend(problems);
    whole.cases.sort_by(|a, b| a.id.cmp(&b.id));
    whole.totals.filtered = whole.totals.catalogue.saturating_sub(whole.totals.selected);
    whole.totals.count(&whole.cases);
    whole.duration_ms = between(&whole.started, &whole.finished);
    one_seed(&mut whole);
    whole
}

/// How many cases ran over one more access network: each counts once more.
fn repeated_over(record: &RunRecord) -> usize {
    let stated: BTreeSet<&str> = record.cases.iter().map(CaseRecord::stated).collect();
    record.cases.len() - stated.len()
}

/// Each case keeps the seed it ran with.
fn seeded(record: &mut RunRecord) {
    for case in &mut record.cases {
        case.seed.get_or_insert(record.seed);
    }
}

/// Where all cases ran with the seed of the record, it is said once.
fn one_seed(record: &mut RunRecord) {
    let seed = record.seed;
    for case in &mut record.cases {
        case.seed = case.seed.filter(|own| *own != seed);
    }
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

fn earlier(one: &str, other: &str) -> String {
    match time(other) < time(one) {
        true => other.to_owned(),
        false => one.to_owned(),
    }
}

fn later(one: &str, other: &str) -> String {
    match time(other) > time(one) {
        true => other.to_owned(),
        false => one.to_owned(),
    }
}

fn between(started: &str, finished: &str) -> u64 {
    let took = time(started).zip(time(finished));
    took.and_then(|(from, to)| u64::try_from(to.duration_since(from).as_millis()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::runner::sample;
    use crate::runner::shard::Shard;
    use crate::verdict::Verdict;

    /// Part `index` of three, with two cases of its own.
    fn part(index: usize) -> Named {
        let cases = vec![
            sample::case(index, Verdict::Pass),
            sample::case(index + 10, Verdict::Fail),
        ];
        let mut record = sample::of(cases);
        record.shard = Some(Shard { index, of: 3 });
        record.seed = index as u64;
        record.totals.catalogue = 10;
        record.totals.filtered = 8;
        record.started = format!("2026-11-21T05:4{index}:00Z");
        record.finished = format!("2026-11-21T05:4{index}:30Z");
        (format!("{index}.json"), record)
    }

    #[test]
    fn parts_become_the_whole_in_whatever_order() {
        let mut parts = vec![part(3), part(1), part(2)];
        parts[0].1.notes.push("late".to_owned());
        let whole = merge(parts).unwrap();
        assert_eq!(whole.shard, None);
        let totals = &whole.totals;
        assert_eq!((totals.selected, totals.filtered), (6, 4));
        assert_eq!((totals.pass, totals.fail), (3, 3));
        assert_eq!(whole.started, "2026-11-21T05:41:00Z");
        assert_eq!(whole.duration_ms, 150_000);
        assert_eq!(whole.notes, ["part 3/3: late"]);
        let seeds = whole
            .cases
            .iter()
            .map(|case| case.seed.unwrap_or(whole.seed));
        assert_eq!(seeds.collect::<Vec<_>>(), [1, 2, 3, 1, 2, 3]);
        assert!(whole.cases.is_sorted_by_key(|case| &case.id));
    }

    #[test]
    fn refuses_what_is_not_one_run() {
        let changed = |change: fn(&mut RunRecord)| {
            let mut other = part(2);
            change(&mut other.1);
            merge(vec![part(1), other, part(3)])
                .unwrap_err()
                .to_string()
        };
        for (change, said) in [
            (
                (|r| r.system.name = "other".to_owned()) as fn(&mut RunRecord),
                "the system differs: 1.json has `acme-gw`, 2.json has `other`",
            ),
            (|r| r.system.profile_sha256 = String::new(), "the profile"),
            (|r| r.catalogue_sha256 = "f00".to_owned(), "the catalogue"),
            (|r| r.tool = "older".to_owned(), "the version of the suite"),
            (|r| r.system.carriage = "sgd".to_owned(), "the carriage"),
            (|r| r.selection = vec!["CB".to_owned()], "the selection"),
            (
                |r| r.only_smoke = true,
                "--only-smoke differs: 1.json has `no`, 2.json has `yes`",
            ),
            (
                |r| r.waivers_sha256 = "f00".to_owned(),
                "the waivers (SHA-256)",
            ),
            (
                |r| r.shard = Some(Shard { index: 2, of: 4 }),
                "the number of parts",
            ),
            (
                |r| r.shard = Some(Shard { index: 3, of: 3 }),
                "part 3/3 is there twice: 2.json and 3.json",
            ),
            (
                |r| r.shard = None,
                "2.json is a whole run and 1.json is part 1/3",
            ),
            (
                |r| r.cases[0].id = "TC-POL-01-01".to_owned(),
                "TC-POL-01-01 is in both 1.json and 2.json",
            ),
        ] {
            let error = changed(change);
            assert!(error.contains(said), "{error}");
        }
        let error = merge(vec![part(2)]).unwrap_err().to_string();
        assert!(error.starts_with("part 1, 3 of 3 is missing"), "{error}");
        assert_eq!(merge(Vec::new()).unwrap_err(), MergeError::Nothing);
    }
}
