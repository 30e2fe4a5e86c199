//! `run --clock virtual`: the reference build inside the run, both on one single-threaded runtime whose clock is paused, so that it jumps
//! to the next timer as soon as nobody has anything to do.
//!
//! That is sound as long as the kernel has delivered what one side has sent before the runtime looks for work: on the loopback interface
//! it does so while it sends, but nobody promises that. So every SIP datagram is followed: one that arrives later, by the clock, than it
//! was sent has been overtaken by a timer, and the whole run is an error.
use super::{Arguments, Command};
use crate::capture::{self, calendar};
use crate::reference::{self, Reference};
use crate::sut::process::Started;
use clap::Parser;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// When the datagrams were sent that are under way, by where from and where to.
type UnderWay = HashMap<(SocketAddr, SocketAddr), VecDeque<Instant>>;

static UNDER_WAY: LazyLock<Mutex<UnderWay>> = LazyLock::new(Mutex::default);
static OVERTAKEN: AtomicUsize = AtomicUsize::new(0);

/// How many datagrams a timer has overtaken.
pub(super) fn overtaken() -> usize {
    OVERTAKEN.load(Ordering::Relaxed)
}

fn opened(at: SocketAddr) {
    // What went to an earlier socket of this port will not arrive any more.
    let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    under_way.retain(|(_, to), _| *to != at);
}

fn sent(from: SocketAddr, to: SocketAddr) {
    let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    let times = under_way.entry((from, to)).or_default();
    times.push_back(Instant::now());
}

fn received(from: SocketAddr, to: SocketAddr) {
    let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = under_way.get_mut(&(from, to)).and_then(VecDeque::pop_front);
    if sent.is_some_and(|sent| sent < Instant::now()) {
        OVERTAKEN.fetch_add(1, Ordering::Relaxed);
    }
}

fn watch_peers(traffic: capture::traffic::Traffic) {
    use capture::traffic::Traffic;
    match traffic {
        Traffic::Opened(at) => opened(at),
        Traffic::Sent { from, to } => sent(from, to),
        Traffic::Received { from, to } => received(from, to),
    }
}

fn watch_reference(traffic: reference::traffic::Traffic) {
    use reference::traffic::Traffic;
    match traffic {
        Traffic::Opened(at) => opened(at),
        Traffic::Sent { from, to } => sent(from, to),
        Traffic::Received { from, to } => received(from, to),
    }
}

/// A runtime whose clock jumps. The calendars of harness and reference go with it.
pub(super) fn runtime() -> std::io::Result<Runtime> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()?;
    runtime.block_on(async {
        calendar::follow_runtime();
        reference::calendar::follow_runtime();
    });
    capture::traffic::tell(watch_peers);
    reference::traffic::tell(watch_reference);
    Ok(runtime)
}

/// Starts the reference build from its command line, on the runtime of the caller.
pub(super) fn inside(words: Vec<String>) -> BoxFuture<'static, Result<Started, String>> {
    async move {
        let me = std::env::current_exe().map_err(|error| error.to_string())?;
        let is_reference = words.first().is_some_and(|program| me == Path::new(program))
            && words.get(1).is_some_and(|command| command == "reference");
        if !is_reference {
            return Err(format!(
                "`--clock virtual` is for the reference build, whose start.command is `{{self}} reference ...`; that of this system is `{}`",
                words.join(" ")
            ));
        }
        let parsed = Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
        let Some(Command::Reference(arguments)) = parsed.command else {
            return Err("its start.command does not start the reference build".to_owned());
        };
        let started = Reference::start(*arguments).await;
        let reference = started.map_err(|error| error.to_string())?;
        Ok(Started {
            first_line: reference.ready_line(),
            stop: async move { reference.stop().await.map_err(|error| error.to_string()) }.boxed(),
        })
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Duration, advance};

    #[tokio::test(start_paused = true)]
    async fn a_datagram_that_a_timer_overtakes_is_counted_and_one_to_a_port_that_was_closed_is_not()
    {
        let (from, to) = (
            SocketAddr::from(([127, 0, 0, 9], 1)),
            SocketAddr::from(([127, 0, 0, 9], 2)),
        );
        let before = overtaken();
        sent(from, to);
        received(from, to);
        received(from, to);
        assert_eq!(overtaken(), before);
        sent(from, to);
        advance(Duration::from_millis(1)).await;
        received(from, to);
        assert_eq!(overtaken(), before + 1);
        sent(from, to);
        advance(Duration::from_millis(1)).await;
        opened(to);
        received(from, to);
        assert_eq!(overtaken(), before + 1);
    }
}
