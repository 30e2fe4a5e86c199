//! The results of several generators that loaded one system at the same time, as one: counts are summed, histograms merge exactly, and one
//! generator that could not keep up spoils all, since its part of the load was missing.
use super::record::{LoadRecord, Second, Sessions, Verdicts};

/// Why results do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    #[error("{name} is of another {what} than {first}; merge the results of one load")]
    Unlike {
        name: String,
        first: String,
        what: &'static str,
    },
    #[error(
        "{name} and {first} have the same generator `{generator}` and seed, so it is one result given twice; name generators apart by --generator"
    )]
    Twice {
        name: String,
        first: String,
        generator: String,
    },
    #[error("no result was given")]
    Nothing,
}

/// Results with what they are called, such as their paths.
pub fn merge(parts: Vec<(String, LoadRecord)>) -> Result<LoadRecord, MergeError> {
    let mut parts = parts.into_iter();
    let (first, mut whole) = parts.next().ok_or(MergeError::Nothing)?;
    name_causes(&mut whole);
    let mut named: Vec<(String, String, u64)> = names(&first, &whole);
    for (name, mut part) in parts {
        if let Some(what) = unlike(&whole, &part) {
            return Err(MergeError::Unlike { name, first, what });
        }
        for (_, generator, seed) in names(&name, &part) {
            let before = named.iter().find(|(_, g, s)| (g, s) == (&generator, &seed));
            if let Some((first, ..)) = before {
                let first = first.clone();
                return Err(MergeError::Twice {
                    name,
                    first,
                    generator,
                });
            }
        }
        named.extend(names(&name, &part));
        name_causes(&mut part);
        add(&mut whole, part);
    }
    if !whole.valid {
        whole.blame_nobody();
    }
    Ok(whole)
}

fn names(name: &str, part: &LoadRecord) -> Vec<(String, String, u64)> {
    let generators = part.generators.iter();
    generators
        .map(|one| (name.to_owned(), one.name.clone(), one.seed))
        .collect()
}

/// Causes say of which generator they are, once there are several.
fn name_causes(part: &mut LoadRecord) {
    if let [generator] = part.generators.as_slice() {
        let name = &generator.name;
        for cause in part.invalid_because.iter_mut().chain(&mut part.notes) {
            *cause = format!("{name}: {cause}");
        }
    }
}

fn unlike(whole: &LoadRecord, part: &LoadRecord) -> Option<&'static str> {
    let seconds = |record: &LoadRecord| -> Vec<u64> {
        let phases = record.pattern.iter();
        phases.map(|phase| phase.seconds.to_bits()).collect()
    };
    [
        (whole.schema_version != part.schema_version, "version"),
        (whole.system != part.system, "system"),
        (whole.catalogue_sha256 != part.catalogue_sha256, "catalogue"),
        (whole.scenarios != part.scenarios, "scenario"),
        (seconds(whole) != seconds(part), "duration"),
    ]
    .into_iter()
    .find_map(|(differs, what)| differs.then_some(what))
}

fn add(whole: &mut LoadRecord, part: LoadRecord) {
    whole.started = whole.started.clone().min(part.started);
    whole.finished = whole.finished.clone().max(part.finished);
    for (phase, other) in whole.pattern.iter_mut().zip(&part.pattern) {
        phase.rate += other.rate;
    }
    whole.generators.extend(part.generators);
    whole.valid &= part.valid;
    whole.invalid_because.extend(part.invalid_because);
    whole.interrupted |= part.interrupted;
    add_sessions(&mut whole.sessions, &part.sessions);
    add_verdicts(&mut whole.verdicts, &part.verdicts);
    for (side, count) in part.blame {
        *whole.blame.entry(side).or_default() += count;
    }
    for (requirement, count) in part.failed_requirements {
        *whole.failed_requirements.entry(requirement).or_default() += count;
    }
    whole.session_time.add(&part.session_time);
    whole.response_time.add(&part.response_time);
    whole.generator_lag.add(&part.generator_lag);
    let length = whole.seconds.len().max(part.seconds.len());
    whole.seconds.resize_with(length, Second::default);
    for (second, other) in whole.seconds.iter_mut().zip(part.seconds) {
        second.offered += other.offered;
        second.started += other.started;
        second.pass += other.pass;
        second.other += other.other;
        second.open += other.open;
        second.session_time.add(&other.session_time);
        second.generator_lag.add(&other.generator_lag);
    }
    whole.evidence.extend(part.evidence);
    whole.notes.extend(part.notes);
}

fn add_sessions(whole: &mut Sessions, part: &Sessions) {
    whole.offered += part.offered;
    whole.started += part.started;
    whole.ended += part.ended;
    whole.unsent_late += part.unsent_late;
    whole.unsent_full += part.unsent_full;
    whole.open_at_most += part.open_at_most;
}

fn add_verdicts(whole: &mut Verdicts, part: &Verdicts) {
    whole.pass += part.pass;
    whole.fail += part.fail;
    whole.inconc += part.inconc;
    whole.error += part.error;
    whole.waived += part.waived;
    whole.excused += part.excused;
}
