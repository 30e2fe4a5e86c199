//! The numbers of a load that goes on, in the text format of Prometheus.
use super::histogram::Times;
use super::tally::Tally;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

const PREFIX: &str = "ims_conformance_load";
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `/metrics` until the runtime ends, and says where.
pub async fn serve(at: SocketAddr, tally: Arc<Mutex<Tally>>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    let page = move || {
        let text = text(&tally.lock().unwrap_or_else(PoisonError::into_inner));
        async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], text) }
    };
    let router = Router::new().route("/metrics", get(page));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "the metrics are served no more");
        }
    });
    Ok(address)
}

fn text(tally: &Tally) -> String {
    let mut out = String::new();
    let (sessions, verdicts) = (&tally.sessions, &tally.verdicts);
    let single = [
        (
            "sessions_offered_total",
            "counter",
            "Sessions that were due",
            sessions.offered,
        ),
        (
            "sessions_started_total",
            "counter",
            "Sessions that were started",
            sessions.started,
        ),
        (
            "sessions_ended_total",
            "counter",
            "Sessions that have their verdict",
            sessions.ended,
        ),
        ("open_sessions", "gauge", "Sessions that go on", tally.open),
    ];
    for (name, kind, help, value) in single {
        head(&mut out, name, kind, help);
        line(&mut out, name, &[], value);
    }
    head(
        &mut out,
        "sessions_unsent_total",
        "counter",
        "Sessions that the generator gave up",
    );
    line(
        &mut out,
        "sessions_unsent_total",
        &[("why", "late")],
        sessions.unsent_late,
    );
    line(
        &mut out,
        "sessions_unsent_total",
        &[("why", "full")],
        sessions.unsent_full,
    );
    head(&mut out, "verdicts_total", "counter", "Sessions by verdict");
    for (verdict, count) in [
        ("pass", verdicts.pass),
        ("fail", verdicts.fail),
        ("inconc", verdicts.inconc),
        ("error", verdicts.error),
        ("waived", verdicts.waived),
        ("excused", verdicts.excused),
    ] {
        line(&mut out, "verdicts_total", &[("verdict", verdict)], count);
    }
    head(
        &mut out,
        "failed_total",
        "counter",
        "Sessions that failed, by requirement",
    );
    for (requirement, count) in &tally.failed_requirements {
        line(
            &mut out,
            "failed_total",
            &[("requirement", requirement)],
            *count,
        );
    }
    let session = "From when a session was due to its last answer";
    summary(&mut out, "session_seconds", session, &tally.session_time);
    let response = "From a SIP request to its final response";
    summary(&mut out, "response_seconds", response, &tally.response_time);
    let lag = "How late the generator was";
    summary(&mut out, "generator_lag_seconds", lag, &tally.generator_lag);
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    writeln!(
        out,
        "# HELP {PREFIX}_{name} {help}.\n# TYPE {PREFIX}_{name} {kind}"
    )
    .ok();
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    let labels = match labels.as_slice() {
        [] => String::new(),
        labels => format!("{{{}}}", labels.join(",")),
    };
    writeln!(out, "{PREFIX}_{name}{labels} {value}").ok();
}

fn summary(out: &mut String, name: &str, help: &str, times: &Times) {
    head(out, name, "summary", help);
    let seconds = |micros: u64| micros as f64 / 1e6;
    for (quantile, percent) in [
        ("0.5", 50.0),
        ("0.9", 90.0),
        ("0.99", 99.0),
        ("0.999", 99.9),
    ] {
        let value = seconds(times.percentile(percent));
        line(out, name, &[("quantile", quantile)], value);
    }
    line(out, &format!("{name}_sum"), &[], seconds(times.sum()));
    line(out, &format!("{name}_count"), &[], times.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_line_is_one_that_prometheus_reads() {
        let mut tally = Tally::default();
        tally.offered(Duration::ZERO);
        tally.lag(Duration::ZERO, Duration::from_millis(3));
        tally.failed_requirements.insert("PG-01".to_owned(), 2);
        let text = text(&tally);
        assert!(text.contains("ims_conformance_load_sessions_offered_total 1\n"));
        assert!(text.contains("ims_conformance_load_failed_total{requirement=\"PG-01\"} 2\n"));
        assert!(
            text.contains("ims_conformance_load_generator_lag_seconds{quantile=\"0.5\"} 0.003")
        );
        let is_sample = |line: &&str| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_default();
            name.starts_with(PREFIX) && value.parse::<f64>().is_ok()
        };
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        assert!(samples.clone().all(|line| is_sample(&line)), "{text}");
        assert!(samples.count() > 20);
    }
}
