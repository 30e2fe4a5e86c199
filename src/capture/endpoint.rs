//! Drives one sans-IO machine with its sockets in one task.
use super::{CaptureError, RunClock, Sockets, Tap};
use crate::peer::Machine;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A running peer. Dropping it stops the task without waiting; `stop` waits and reports.
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
        let _ = (machine, sockets, tap, clock);
        todo!()
    }

    /// Closes the sockets, joins the task and reports a panic of the machine.
    pub async fn stop(self) -> Result<(), CaptureError> {
        let _ = (self.stop, self.task);
        todo!()
    }
}
