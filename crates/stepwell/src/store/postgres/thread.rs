//! The thread in which all that talks to the server runs.

use std::io;
use std::thread::{Builder, JoinHandle};

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::store::StoreError;

/// The thread; it is waited for when this is dropped.
pub(super) struct Thread {
    runtime: Handle,
    /// What has to be done before the thread ends.
    tasks: TaskTracker,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Thread {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let tasks = TaskTracker::new();
        let (end, ended) = oneshot::channel::<()>();
        let to_finish = tasks.clone();
        let thread = Builder::new().name("stepwell-postgres".into()).spawn(move || {
            runtime.block_on(async {
                // Dropped rather than sent to.
                let _ = ended.await;
                to_finish.close();
                to_finish.wait().await;
            });
        })?;
        Ok(Self { runtime: handle, tasks, end: Some(end), thread: Some(thread) })
    }

    /// Runs a task until it ends by itself; the thread waits for it.
    pub(super) fn serve(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// Does something in the thread, and returns what it returns. If this is dropped, it is
    /// given up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let task = AbortOnDrop(self.runtime.spawn(work));
        let mut task = task;
        (&mut task.0).await.map_err(StoreError::unavailable)
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.end.take();
        let thread = self.thread.take().expect("dropped once");
        if thread.join().is_err() {
            tracing::error!("the thread of the store panicked");
        }
    }
}
