//! `run --clock virtual`: the reference build inside the run, both on one single-threaded runtime whose clock is paused, so that it jumps
//! to the next timer as soon as nobody has anything to do.
use super::{Arguments, Command};
use crate::capture::calendar;
use crate::reference::{self, Reference};
use crate::sut::process::Started;
use clap::Parser;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};

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
    Ok(runtime)
}

/// Starts the reference build from its command line, on the runtime of the caller.
pub(super) fn inside(words: Vec<String>) -> BoxFuture<'static, Result<Started, String>> {
    async move {
        let said = words.join(" ");
        let Some(Command::Reference(arguments)) = Arguments::try_parse_from(words)
            .map_err(|error| error.to_string())?
            .command
        else {
            return Err(format!(
                "`--clock virtual` is for the reference build, whose start.command is `{{self}} reference ...`; this one is `{said}`"
            ));
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
