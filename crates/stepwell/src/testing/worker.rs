//! The thread that plays the process, so that a test of any kind can wait for it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::builder::Plan;
use super::world::World;

/// How long a test that is over waits for bodies that block the thread.
const LAST_WAIT: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_micros(100);

type Job = Box<dyn FnOnce(&mut World) + Send>;

/// A thread with a [`World`], which does one thing after another.
pub(super) struct Worker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    pub(super) fn new(plan: Plan) -> Self {
        let stop = Arc::clone(&plan.stop);
        let (jobs, queue) = channel();
        // What the test logs, and where, holds for the thread too.
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let work = move || tracing::dispatcher::with_default(&dispatch, || work(&queue, plan));
        let thread = std::thread::Builder::new().name("stepwell-testkit".to_owned()).spawn(work);
        let thread = thread.expect("the system has a thread left");
        Self { jobs: Some(jobs), thread: Some(thread), stop }
    }

    /// Has something done. If the future is dropped, it is given up.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut World) -> T + Send + 'static,
    ) -> T {
        let (answer, answered) = oneshot::channel();
        let stop = Arc::clone(&self.stop);
        let job: Job = Box::new(move |world| {
            if !answer.is_closed() {
                stop.store(false, Ordering::Relaxed);
                // Nobody wants the answer of a call that was dropped.
                let _ = answer.send(catch_unwind(AssertUnwindSafe(|| job(world))));
            }
        });
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(job));
        assert!(matches!(sent, Some(Ok(()))), "the thread of the test kit is there");
        let _given_up = GivenUp(&self.stop);
        let answer = answered.await.expect("the thread of the test kit answers");
        answer.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Stops what the thread does when it is dropped; what it does next is not stopped.
struct GivenUp<'a>(&'a AtomicBool);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn work(queue: &Receiver<Job>, plan: Plan) {
    let mut world = World::new(plan);
    for job in queue {
        job(&mut world);
    }
    world.crash(Duration::ZERO);
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        let Some(thread) = self.thread.take() else { return };
        // What bodies hold is free when the test goes on, unless one of them blocks.
        let until = Instant::now() + LAST_WAIT;
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(PAUSE);
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}
