//! The generator: begins sessions when they are due, watches its own clock, and waits for the last verdict.
use super::LoadEvent;
use super::arrivals::Arrivals;
use super::bench::Bench;
use super::record::Phase;
use super::session::{Arrival, session};
use super::tally::Unsent;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Offers the pattern until its end or Ctrl-C. Whether it was stopped.
pub async fn offer(
    bench: Rc<Bench>,
    pattern: Vec<Phase>,
    said: impl Fn(LoadEvent) + 'static,
) -> bool {
    let mut watching = JoinSet::new();
    watching.spawn_local(watch(bench.clone()));
    watching.spawn_local(tell(bench.clone(), said));
    let interrupted = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => true,
        () = generate(bench.clone(), pattern) => false,
    };
    watching.shutdown().await;
    interrupted
}

/// Begins every session when it is due, and waits for those that are open at the end.
async fn generate(bench: Rc<Bench>, pattern: Vec<Phase>) {
    let mut open = JoinSet::new();
    for (number, due) in (0..).zip(Arrivals::of(&pattern)) {
        sleep_until(bench.began + due).await;
        while open.try_join_next().is_some() {}
        let now = Instant::now();
        let lag = now.saturating_duration_since(bench.began + due);
        bench.lateness.late_by(lag, now);
        let is_late = bench.lateness.is_too_late(lag) || bench.lateness.is_behind(now);
        count(&bench, due, lag, is_late);
        if is_late {
            // Those that are open are not kept waiting by those that will never begin.
            tokio::task::yield_now().await;
            continue;
        }
        let Some(place) = bench.places.borrow_mut().take(now) else {
            bench.tally().unsent(Unsent::Full);
            continue;
        };
        let arrival = Arrival { number, due, place };
        open.spawn_local(session(bench.clone(), arrival));
    }
    sleep_until(bench.began + Arrivals::length(&pattern)).await;
    while open.join_next().await.is_some() {}
}

fn count(bench: &Bench, due: Duration, lag: Duration, is_late: bool) {
    let mut tally = bench.tally();
    tally.offered(due);
    tally.lag(due, lag);
    if is_late {
        tally.unsent(Unsent::Late);
    }
}

async fn watch(bench: Rc<Bench>) {
    loop {
        sleep_until(bench.lateness.due()).await;
        let now = Instant::now();
        let lag = bench.lateness.beat(now);
        bench.tally().lag(now - bench.began, lag);
    }
}

async fn tell(bench: Rc<Bench>, said: impl Fn(LoadEvent)) {
    for second in 1.. {
        sleep_until(bench.began + Duration::from_secs(second)).await;
        let (sessions, verdicts, open) = {
            let tally = bench.tally();
            let (sessions, verdicts) = (tally.sessions.clone(), tally.verdicts.clone());
            (sessions, verdicts, tally.open)
        };
        said(LoadEvent::Second {
            second,
            sessions,
            verdicts,
            open,
        });
    }
}

/// The ticks of `/proc/PID/stat` in a second, on every Linux there is.
const TICKS_A_SECOND: u64 = 100;

/// Processor time of this process so far; nothing where nobody says.
pub fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks; user and system time are the 12th and 13th after it.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS_A_SECOND)
}
