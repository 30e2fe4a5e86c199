//! The result of a load as one HTML file that needs nothing else: whether it holds, the numbers, the charts, and the evidence.
use super::load_chart::{Chart, Series, number};
use crate::runner::load::{LoadRecord, Second, Times};
use std::fmt::Write as _;

/// More columns than this nobody can point at.
const MOST_COLUMNS: usize = 240;

pub fn html(record: &LoadRecord) -> String {
    let title = format!("Load: {}", record.scenarios.join(", "));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}</style></head><body>\n<header>\n<h1>{}</h1>\n",
        escaped(&title),
        include_str!("load.css"),
        escaped(&title)
    );
    out.push_str(&head(record));
    out.push_str("</header>\n<main>\n");
    out.push_str(&counts(record));
    out.push_str("<div class=\"charts\">\n");
    let columns = Columns::of(record);
    for chart in [
        columns.rates(),
        columns.times(),
        percentiles(record),
        columns.lag(record),
    ] {
        out.push_str(&chart.figure());
    }
    out.push_str("</div>\n");
    out.push_str(&table(record));
    out.push_str(&failed(record));
    out.push_str(&evidence(record));
    out.push_str(&provenance(record));
    out.push_str("</main></body></html>\n");
    out
}

/// What the result says, in one line, and the class of that line.
pub(super) fn headline(record: &LoadRecord) -> (&'static str, String) {
    let verdicts = &record.verdicts;
    if !record.valid {
        let what =
            "Not valid: the generator could not keep up, and nothing is held against the system";
        return ("void", what.to_owned());
    }
    let ended = record.sessions.ended;
    match (verdicts.others(), ended) {
        (0, 0) => ("void", "No session was offered".to_owned()),
        (0, _) => ("good", format!("All {ended} sessions passed")),
        (others, _) => ("bad", format!("{others} of {ended} sessions did not pass")),
    }
}

fn head(record: &LoadRecord) -> String {
    let (class, text) = headline(record);
    let mut out = format!(
        "<p class=\"quiet\">System {}, {} · {} over {} · {}</p>\n<p class=\"headline {class}\">{}</p>\n",
        escaped(&record.system.name),
        escaped(&record.system.description),
        escaped(&record.system.carriage),
        escaped(&record.system.transport),
        escaped(&record.started),
        escaped(&text)
    );
    if !record.invalid_because.is_empty() {
        let causes = record.invalid_because.iter();
        let causes: String = causes
            .map(|why| format!("<li>{}</li>", escaped(why)))
            .collect();
        writeln!(out, "<ul class=\"causes\">{causes}</ul>").ok();
    }
    out
}

fn counts(record: &LoadRecord) -> String {
    let (sessions, verdicts) = (&record.sessions, &record.verdicts);
    let share = match sessions.ended {
        0 => "–".to_owned(),
        ended => format!("{} %", number(verdicts.pass as f64 * 100.0 / ended as f64)),
    };
    let ms = |micros: u64| format!("{} ms", number(micros as f64 / 1000.0));
    let all = [
        ("offered a second", number(record.offered_rate())),
        ("accepted a second", number(record.accepted_rate())),
        ("sessions judged", sessions.ended.to_string()),
        ("passed", share),
        ("response, 99 %", ms(record.response_time.percentile(99.0))),
        ("session, 99 %", ms(record.session_time.percentile(99.0))),
        ("generator lag, most", ms(record.generator_lag.max())),
        ("open at most", sessions.open_at_most.to_string()),
    ];
    let all = all.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>"));
    format!("<dl class=\"counts\">{}</dl>\n", all.concat())
}

/// The seconds of a load, as many together as there are too many of.
struct Columns<'r> {
    together: usize,
    columns: Vec<&'r [Second]>,
}

impl<'r> Columns<'r> {
    fn of(record: &'r LoadRecord) -> Self {
        let together = record.seconds.len().div_ceil(MOST_COLUMNS).max(1);
        Self {
            together,
            columns: record.seconds.chunks(together).collect(),
        }
    }

    fn chart(&self, title: &'static str, unit: &'static str, series: Vec<Series>) -> Chart {
        let at = |column: usize| column * self.together;
        let ticks = (0..self.columns.len()).map(|column| (column, format!("{} s", at(column))));
        let columns = (0..self.columns.len()).map(|column| match self.together {
            1 => format!("second {}", at(column)),
            together => format!("seconds {} to {}", at(column), at(column) + together - 1),
        });
        Chart {
            title,
            unit,
            series,
            ticks: ticks.collect(),
            columns: columns.collect(),
            limit: None,
            decades: false,
        }
    }

    fn series(
        &self,
        name: &'static str,
        class: &'static str,
        value: impl Fn(&[Second]) -> Option<f64>,
    ) -> Series {
        Series {
            name,
            class,
            area: false,
            values: self.columns.iter().map(|seconds| value(seconds)).collect(),
        }
    }

    /// A count of all its seconds, each second.
    fn rate(
        &self,
        name: &'static str,
        class: &'static str,
        count: impl Fn(&Second) -> u64,
    ) -> Series {
        self.series(name, class, |seconds| {
            let sum: u64 = seconds.iter().map(&count).sum();
            Some(sum as f64 / seconds.len().max(1) as f64)
        })
    }

    fn rates(&self) -> Chart {
        let passed = Series {
            area: true,
            ..self.rate("passed", "passed", |second| second.pass)
        };
        let other = Series {
            area: true,
            ..self.rate("did not pass", "other", |second| second.other)
        };
        let offered = self.rate("offered", "offered", |second| second.offered);
        let series = vec![passed, other, offered];
        self.chart("Sessions", "each second, by when they were due", series)
    }

    fn times(&self) -> Chart {
        let at = |percent: f64| {
            move |seconds: &[Second]| {
                let mut times = Times::default();
                seconds.iter().for_each(|one| times.add(&one.session_time));
                (!times.is_empty()).then(|| times.percentile(percent) as f64 / 1000.0)
            }
        };
        let series = vec![
            self.series("longest", "worst", at(100.0)),
            self.series("99 %", "high", at(99.0)),
            self.series("half", "median", at(50.0)),
        ];
        let unit = "milliseconds from when they were due to their last answer";
        self.chart("Time of sessions that passed", unit, series)
    }

    fn lag(&self, record: &LoadRecord) -> Chart {
        let most = |seconds: &[Second]| {
            let lags = seconds.iter().filter(|one| !one.generator_lag.is_empty());
            let most = lags.map(|one| one.generator_lag.max()).max();
            most.map(|micros| micros as f64 / 1000.0)
        };
        let series = vec![self.series("most in the second", "lag", most)];
        let limits = record.generators.iter().map(|one| one.lag_limit_ms).min();
        let limit = limits.map(|ms| (ms as f64, format!("limit, {ms} ms")));
        Chart {
            limit,
            ..self.chart("Lag of the generator", "milliseconds", series)
        }
    }
}

const PERCENTILES: [f64; 13] = [
    0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99,
];

fn percentiles(record: &LoadRecord) -> Chart {
    let series = |name, class, times: &Times| Series {
        name,
        class,
        area: false,
        values: PERCENTILES
            .iter()
            .map(|percent| {
                let micros = times.percentile(*percent);
                (!times.is_empty()).then_some(micros as f64 / 1000.0)
            })
            .collect(),
    };
    let named = [0, 2, 4, 7, 10, 12];
    Chart {
        title: "So many were no longer than",
        unit: "milliseconds",
        series: vec![
            series("sessions", "session", &record.session_time),
            series("responses", "response", &record.response_time),
            series("generator lag", "lag", &record.generator_lag),
        ],
        ticks: named
            .map(|at| (at, format!("{} %", PERCENTILES[at])))
            .into(),
        columns: PERCENTILES
            .iter()
            .map(|percent| format!("{percent} %"))
            .collect(),
        limit: None,
        decades: true,
    }
}

fn table(record: &LoadRecord) -> String {
    let row = |name: &str, times: &Times| {
        let at = [50.0, 90.0, 99.0, 99.9].map(|percent| times.percentile(percent));
        let cells = at.into_iter().chain([times.max()]);
        let cells = cells.map(|micros| {
            format!(
                "<td class=\"number\">{}</td>",
                number(micros as f64 / 1000.0)
            )
        });
        let cells: String = cells.collect();
        format!(
            "<tr><td>{name}</td><td class=\"number\">{}</td>{cells}</tr>\n",
            times.len()
        )
    };
    let heads = ["count", "50 %", "90 %", "99 %", "99.9 %", "longest"];
    let heads = heads.map(|head| format!("<th class=\"number\">{head}</th>"));
    format!(
        "<h2>Times <span class=\"quiet\">milliseconds</span></h2>\n<div class=\"scroll\"><table><thead><tr><th>Of</th>{}</tr></thead><tbody>\n{}{}{}</tbody></table></div>\n",
        heads.concat(),
        row(
            "sessions that passed, from when they were due",
            &record.session_time
        ),
        row(
            "SIP requests, to their final responses",
            &record.response_time
        ),
        row("lag of the generator", &record.generator_lag),
    )
}

fn failed(record: &LoadRecord) -> String {
    let verdicts = &record.verdicts;
    let all = [
        ("passed", verdicts.pass),
        ("failed", verdicts.fail),
        ("inconclusive", verdicts.inconc),
        ("broken by the suite", verdicts.error),
        ("waived", verdicts.waived),
        ("excused: the generator was late", verdicts.excused),
        (
            "never begun: the generator was late",
            record.sessions.unsent_late,
        ),
        (
            "never begun: too many were open",
            record.sessions.unsent_full,
        ),
    ];
    let rows = all.into_iter().filter(|(_, count)| *count > 0);
    let rows = rows.map(|(name, count)| (name.to_owned(), count));
    let failed = record.failed_requirements.iter();
    let failed = failed.map(|(row, count)| (format!("failed {row}"), *count));
    let rows: String = rows
        .chain(failed)
        .map(|(name, count)| {
            format!(
                "<tr><td>{}</td><td class=\"number\">{count}</td></tr>\n",
                escaped(&name)
            )
        })
        .collect();
    format!(
        "<h2>Sessions</h2>\n<div class=\"scroll\"><table><thead><tr><th>What became of them</th><th class=\"number\">count</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn evidence(record: &LoadRecord) -> String {
    if record.evidence.is_empty() {
        return String::new();
    }
    let rows: String = record
        .evidence
        .iter()
        .map(|one| {
            let capture = one.capture.as_ref().map_or(String::new(), |path| {
                format!("<a href=\"{}\"><code>{}</code></a>", escaped(path), escaped(path))
            });
            let excused = if one.excused { ", excused" } else { "" };
            format!(
                "<tr><td class=\"number\">{}</td><td>{}<br><span class=\"quiet\">{}</span></td><td>{}{excused}</td><td class=\"cause\">{}<br>{capture}</td></tr>\n",
                number(one.due_ms as f64 / 1000.0),
                escaped(&one.test_case),
                escaped(&one.requirement),
                one.verdict.name(),
                escaped(&one.cause)
            )
        })
        .collect();
    format!(
        "<h2>Evidence <span class=\"quiet\">the first sessions that did not pass</span></h2>\n<div class=\"scroll\"><table><thead><tr><th class=\"number\">second</th><th>test case</th><th>verdict</th><th>cause and capture</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn provenance(record: &LoadRecord) -> String {
    let pattern = record.pattern.iter();
    let pattern: Vec<String> = pattern
        .map(|phase| {
            format!(
                "{} a second for {} s",
                number(phase.rate),
                number(phase.seconds)
            )
        })
        .collect();
    let generators = record.generators.iter();
    let generators: Vec<String> = generators
        .map(|one| {
            format!(
                "{} (seed {}, {} ms of processor time)",
                one.name, one.seed, one.cpu_ms
            )
        })
        .collect();
    let mut out = format!(
        "<h2>How it was made</h2>\n<p>{}: {}. Generators: {}. {} µs of processor time of the generators for each session.</p>\n",
        escaped(&record.tool),
        escaped(&pattern.join(", then ")),
        escaped(&generators.join(", ")),
        number(record.cpu_per_session_us().round())
    );
    for note in &record.notes {
        writeln!(out, "<p class=\"quiet\">{}</p>", escaped(note)).ok();
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
