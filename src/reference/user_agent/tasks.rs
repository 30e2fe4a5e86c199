//! The tasks of the user agent: all of them known, finished ones forgotten, all joined at the end.
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;

#[derive(Default)]
pub(in crate::reference) struct Tasks {
    running: Mutex<Option<JoinSet<()>>>,
    closed: std::sync::atomic::AtomicBool,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a task; does nothing once `stop` was called.
    pub(in crate::reference) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.lock();
        if self.closed.load(std::sync::atomic::Ordering::Acquire) {
            return;
        }
        let set = running.get_or_insert_default();
        while let Some(ended) = set.try_join_next() {
            report(ended);
        }
        set.spawn(task);
    }

    /// Aborts and joins every task.
    pub(in crate::reference) async fn stop(&self) {
        let taken = {
            let mut running = self.lock();
            self.closed
                .store(true, std::sync::atomic::Ordering::Release);
            running.take()
        };
        let Some(mut set) = taken else { return };
        set.abort_all();
        while let Some(ended) = set.join_next().await {
            report(ended);
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a task of the user agent panicked");
    }
}
