//! The result of a load for a terminal.
use super::load_chart::number;
use super::load_page::headline;
use crate::runner::load::{LoadRecord, Times};

/// `folder` is where `load.json` lies.
pub fn summary(record: &LoadRecord, folder: &str) -> String {
    let mut out = String::new();
    for one in &record.evidence {
        let capture = one.capture.as_ref();
        let capture = capture.map_or(String::new(), |path| format!("\n    {folder}/{path}"));
        out.push_str(&format!(
            "{} {} session {} at {} s  {}{capture}\n",
            one.verdict.name(),
            one.test_case,
            one.session,
            number(one.due_ms as f64 / 1000.0),
            one.cause
        ));
    }
    for note in &record.notes {
        out.push_str(&format!("note  {note}\n"));
    }
    for why in &record.invalid_because {
        out.push_str(&format!("not valid  {why}\n"));
    }
    for (requirement, count) in &record.failed_requirements {
        out.push_str(&format!("{requirement}  failed in {count} session(s)\n"));
    }
    let (sessions, verdicts) = (&record.sessions, &record.verdicts);
    out.push_str(&format!(
        "{} pass, {} fail, {} inconc, {} error, {} waived, {} excused\n",
        verdicts.pass,
        verdicts.fail,
        verdicts.inconc,
        verdicts.error,
        verdicts.waived,
        verdicts.excused
    ));
    out.push_str(&format!(
        "{} offered ({}/s), {} accepted ({}/s), {} given up late, {} given up full, at most {} open\n",
        sessions.offered,
        number(record.offered_rate()),
        sessions.started,
        number(record.accepted_rate()),
        sessions.unsent_late,
        sessions.unsent_full,
        sessions.open_at_most
    ));
    out.push_str(&times("session", &record.session_time));
    out.push_str(&times("response", &record.response_time));
    out.push_str(&times("generator lag", &record.generator_lag));
    out.push_str(&format!(
        "{} us of processor time of the generator for each session\n",
        number(record.cpu_per_session_us().round())
    ));
    out.push_str(&format!("{}\n", headline(record).1));
    out
}

fn times(name: &str, times: &Times) -> String {
    let ms = |percent: f64| number(times.percentile(percent) as f64 / 1000.0);
    format!(
        "{name:14} ms  50 % {}  90 % {}  99 % {}  99.9 % {}  longest {}\n",
        ms(50.0),
        ms(90.0),
        ms(99.0),
        ms(99.9),
        number(times.max() as f64 / 1000.0)
    )
}
