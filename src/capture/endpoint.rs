//! A running peer: a sans-IO machine and its sockets in one task, ordered about and listened to through channels.
use super::driver::Driver;
use super::{CaptureError, RunClock, Sockets, Tap};
use crate::peer::Machine;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// After this long `stop` gives a peer up.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running peer. Dropping it stops the task without waiting; `stop` waits and reports.
#[derive(Debug)]
pub struct Endpoint<C, E> {
    pub commands: mpsc::UnboundedSender<C>,
    pub events: mpsc::UnboundedReceiver<E>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl<C: Send + 'static, E: Send + 'static> Endpoint<C, E> {
    pub fn start<M>(machine: M, sockets: Sockets, tap: Tap) -> Self
    where
        M: Machine<Command = C, Event = E> + Send + 'static,
    {
        Self::start_at(machine, sockets, tap, RunClock::start())
    }

    /// As `start`, with a clock that several peers share.
    pub fn start_at<M>(machine: M, sockets: Sockets, tap: Tap, clock: RunClock) -> Self
    where
        M: Machine<Command = C, Event = E> + Send + 'static,
    {
        let (commands, command_queue) = mpsc::unbounded_channel();
        let (event_queue, events) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let driver = Driver::new(machine, sockets, tap, clock, event_queue);
        let task = tokio::spawn(driver.run(command_queue, stopped));
        Self {
            commands,
            events,
            stop,
            task,
        }
    }

    /// Closes the sockets after the commands given so far, joins the task and reports a panic of the machine.
    pub async fn stop(self) -> Result<(), CaptureError> {
        // A peer that has panicked takes no stop any more; the task's end below says so.
        if self.stop.send(()).is_err() {
            tracing::debug!("peer had already ended");
        }
        let abort = self.task.abort_handle();
        match timeout(STOP_LIMIT, self.task).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(CaptureError::PeerPanicked(panic_text(error))),
            Err(_) => {
                abort.abort();
                Err(CaptureError::PeerHangs(STOP_LIMIT.as_secs()))
            }
        }
    }
}

/// The words of a task's panic.
pub(super) fn panic_text(error: tokio::task::JoinError) -> String {
    match error.try_into_panic() {
        Ok(payload) => match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload
                .downcast::<&'static str>()
                .map_or_else(|_| "no panic message".to_owned(), |text| (*text).to_owned()),
        },
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
