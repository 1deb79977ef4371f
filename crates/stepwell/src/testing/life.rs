//! One life of the process that is played: a tokio runtime of its own, in which nothing happens
//! and no time passes unless somebody asks for something.
//!
//! ```text
//!   ask ──▶ everything that can run, runs ──▶ is it answered? ──yes──▶ stands still again
//!                       ▲                          │no
//!                       └──── time goes on to ◀────┘
//!                             the next moment
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell_core::Timestamp;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::builder::Plan;
use super::gate::Gate;
use super::log::Log;
use crate::Engine;
use crate::engine::Clock;

/// How long the thread rests while it waits for another one: a store's, or one that blocks.
const PAUSE: Duration = Duration::from_micros(100);

/// A runtime that can be stopped between any two polls, and all that lives in it.
#[derive(Debug)]
pub(super) struct Life {
    runtime: Runtime,
    parks: Arc<Parks>,
    gate: Arc<Gate>,
    log: Arc<Log>,
    clock: KitClock,
    patience: Duration,
    /// Whether nobody waits for an answer any more.
    stop: Arc<AtomicBool>,
}

/// What came of asking for something.
pub(super) enum Driven<T, B> {
    /// The answer.
    Done(T),
    /// There will be none, for this reason.
    Broken(B),
    /// The process has crashed meanwhile.
    Crashed,
    /// More was written than a test needs.
    Flooded,
    /// Nobody waits for it any more.
    Stopped,
}

/// What to do when nothing can run.
pub(super) enum Verdict<B> {
    /// Let time go on to the next moment at which tokio or the engine has something to do.
    Step,
    /// Let so much time pass at once: nothing happens in it.
    Jump(Duration),
    /// Wait for other threads and other processes.
    Pause,
    /// Give up.
    Break(B),
}

/// The clock of a life: it goes on where that of the life before stopped.
#[derive(Clone, Copy, Debug)]
pub(super) struct KitClock {
    begin: Timestamp,
    origin: Instant,
}

impl Clock for KitClock {
    fn now(&self) -> Timestamp {
        self.begin.after(self.origin.elapsed())
    }
}

/// Sees the thread of the runtime come to rest.
#[derive(Debug, Default)]
struct Parks {
    state: Mutex<Park>,
    under_way: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Park {
    /// Whom to wake rather than let the thread rest.
    waker: Option<Waker>,
    was_quiet: bool,
    /// Whether the thread may rest once: then time goes on.
    may_rest: bool,
}

impl Parks {
    /// Called when nothing can run.
    fn about_to_rest(&self) {
        let is_under_way = self.under_way.load(Ordering::Relaxed) > 0;
        let mut state = self.state.lock();
        if std::mem::take(&mut state.may_rest) && !is_under_way {
            return;
        }
        state.was_quiet = true;
        let waker = state.waker.clone();
        drop(state);
        if is_under_way {
            std::thread::sleep(PAUSE);
        }
        waker.iter().for_each(Waker::wake_by_ref);
    }

    /// Waits until nothing can run.
    async fn quiet(&self) {
        self.state.lock().was_quiet = false;
        std::future::poll_fn(|task| {
            let mut state = self.state.lock();
            if state.was_quiet {
                return Poll::Ready(());
            }
            state.waker = Some(task.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Life {
    /// Begins a life at this moment. There is no engine in it yet.
    pub(super) fn begin(plan: &Plan, log: &Arc<Log>, at: Timestamp) -> std::io::Result<Self> {
        let parks = Arc::<Parks>::default();
        let hook = Arc::clone(&parks);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            // Whoever cuts the gate is the last one who runs.
            .event_interval(1)
            .on_thread_park(move || hook.about_to_rest())
            .build()?;
        let origin = runtime.block_on(async { Instant::now() });
        let gate =
            Gate::new(Arc::clone(&plan.store), Arc::clone(log), Arc::clone(&parks.under_way));
        Ok(Self {
            runtime,
            parks,
            gate,
            log: Arc::clone(log),
            clock: KitClock { begin: at, origin },
            patience: plan.patience,
            stop: Arc::clone(&plan.stop),
        })
    }

    /// Opens the engine.
    pub(super) fn open(&self, plan: &Plan) -> Driven<Result<Engine, String>, ()> {
        let mut builder = Engine::builder().store(Arc::clone(&self.gate) as _).clock(self.clock);
        for (name, workflow) in &plan.workflows {
            builder = builder.workflow(name, plan.counts.count(workflow));
        }
        if let Some(bytes) = plan.resident_bytes {
            builder = builder.resident_bytes(bytes);
        }
        if plan.reruns {
            builder = builder.always_rerun();
        }
        let open = async { builder.open().await.map_err(|error| error.to_string()) };
        self.drive(open, async |_| Verdict::Step)
    }

    /// Returns the present moment.
    pub(super) fn now(&self) -> Timestamp {
        let _inside = self.runtime.enter();
        self.clock.now()
    }

    /// Ends it where it stands.
    pub(super) fn crash(self) {
        self.gate.cut();
        self.runtime.shutdown_background();
    }

    /// Lets everything run until there is an answer. Whenever nothing can run, `verdict` says what
    /// to do; it is told for how long nothing was written.
    pub(super) fn drive<T, B>(
        &self,
        answer: impl Future<Output = T>,
        verdict: impl AsyncFnMut(Duration) -> Verdict<B>,
    ) -> Driven<T, B> {
        let driven = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.gate.is_cut() => {
                    if self.log.is_flooded() { Driven::Flooded } else { Driven::Crashed }
                }
                answer = answer => Driven::Done(answer),
                broken = self.pump(verdict) => broken.map_or(Driven::Stopped, Driven::Broken),
            }
        });
        // It keeps the runtime, which keeps the hook, which keeps it.
        self.parks.state.lock().waker = None;
        driven
    }

    async fn pump<B>(&self, mut verdict: impl AsyncFnMut(Duration) -> Verdict<B>) -> Option<B> {
        let mut since = std::time::Instant::now();
        let mut writes = self.log.len();
        loop {
            self.parks.quiet().await;
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if self.log.len() > writes {
                writes = self.log.len();
                since = std::time::Instant::now();
            }
            let waited = since.elapsed();
            if self.parks.under_way.load(Ordering::Relaxed) > 0 && waited < self.patience {
                continue;
            }
            match verdict(waited).await {
                Verdict::Step => self.parks.state.lock().may_rest = true,
                Verdict::Jump(gap) => tokio::time::advance(gap).await,
                Verdict::Pause => std::thread::sleep(PAUSE),
                Verdict::Break(broken) => return Some(broken),
            }
        }
    }
}
