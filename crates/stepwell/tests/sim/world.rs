//! One simulated world: a store, processes that come and go, a clock that jumps, and chance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use stepwell::engine::Clock;
use stepwell::store::Store;
use stepwell::{Context, Engine, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::paused::pause;
use crate::random::Random;
use crate::truth::Truth;
use crate::workflows::{Kind, Ledger};

/// When every world begins.
const BEGIN: i64 = 1_700_000_000_000_000;

/// How bad a world is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How many of a thousand calls of the store go wrong.
    pub(crate) faults: u64,
    /// How many of a thousand writes a process dies at.
    pub(crate) crashes: u64,
    /// Whether a process may still be at work when the next one has begun.
    pub(crate) overlaps: bool,
    /// Whether the clock jumps.
    pub(crate) jumps: bool,
    pub(crate) clients: u64,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        Self {
            seed,
            faults: random.of(&[0, 5, 20, 60]),
            crashes: random.of(&[0, 0, 5, 20]),
            overlaps: random.below(3) == 0,
            jumps: random.below(3) == 0,
            clients: 1 + random.below(3),
        }
    }
}

/// All there is.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) random: Mutex<Random>,
    pub(crate) truth: Mutex<Truth>,
    stormy: AtomicBool,
    origin: Instant,
    /// By how many microseconds the clock is off.
    jumped: AtomicI64,
    processes: Mutex<Vec<Arc<Process>>>,
    newest: Mutex<Option<Arc<Process>>>,
    changed: Notify,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl World {
    pub(crate) fn new(plan: Plan, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            plan,
            store,
            random: Mutex::new(Random::new(plan.seed ^ 0x5EED)),
            truth: Mutex::default(),
            stormy: AtomicBool::new(true),
            origin: Instant::now(),
            jumped: AtomicI64::new(0),
            processes: Mutex::default(),
            newest: Mutex::default(),
            changed: Notify::new(),
        })
    }

    /// Tells whether things go wrong.
    pub(crate) fn is_stormy(&self) -> bool {
        self.stormy.load(Ordering::Relaxed)
    }

    pub(crate) fn calm(&self) {
        self.stormy.store(false, Ordering::Relaxed);
        self.trace("calm");
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.random.lock().below(limit)
    }

    pub(crate) fn of<T: Copy>(&self, some: &[T]) -> T {
        self.random.lock().of(some)
    }

    /// Returns what time the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.origin.elapsed().as_micros()).expect("it is not that late");
        let now = BEGIN + micros + self.jumped.load(Ordering::Relaxed);
        let now = Timestamp(now.unsigned_abs());
        let truth = &mut *self.truth.lock();
        truth.latest = truth.latest.max(now);
        now
    }

    pub(crate) fn trace(&self, what: &str) {
        let millis = self.origin.elapsed().as_millis();
        let truth = &mut *self.truth.lock();
        truth.millis = millis;
        truth.trace(format!("{millis} {what}"));
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.truth.lock().violation.is_some()
    }

    /// Returns the process that clients are sent to, once there is one.
    pub(crate) async fn process(&self) -> (Arc<Process>, Engine) {
        loop {
            let changed = self.changed.notified();
            let process = self.newest.lock().clone();
            if let Some(process) = process.filter(|process| !process.is_dead()) {
                let engine = process.engine.lock().clone();
                if let Some(engine) = engine {
                    return (process, engine);
                }
            }
            changed.await;
        }
    }

    /// Begins a process; dies with it if the store does not let it.
    pub(crate) async fn begin(self: &Arc<Self>) -> Option<Arc<Process>> {
        let number = self.processes.lock().len() as u64 + 1;
        let evicts = self.below(3) == 0;
        let reruns = self.below(6) == 0;
        let process = Arc::new(Process {
            world: Arc::clone(self),
            number,
            reruns: evicts || reruns,
            dead: CancellationToken::new(),
            engine: Mutex::new(None),
        });
        self.processes.lock().push(Arc::clone(&process));
        process.trace(&format!("begins, evicts {evicts}, reruns {reruns}"));
        let store = Arc::new(Gate(Arc::clone(&process)));
        let mut builder = Engine::builder().store(store).clock(WorldClock(Arc::clone(self)));
        for kind in Kind::ALL {
            builder = builder.workflow(kind.name(), kind.workflow(&process));
        }
        if evicts {
            builder = builder.resident_bytes(0);
        }
        if reruns {
            builder = builder.always_rerun();
        }
        let opened = tokio::select! {
            biased;
            () = process.dead.cancelled() => None,
            opened = builder.open() => opened.ok(),
        };
        if opened.is_none() {
            process.die("while it begins");
            return None;
        }
        *process.engine.lock() = opened;
        *self.newest.lock() = Some(Arc::clone(&process));
        self.changed.notify_waiters();
        Some(process)
    }

    fn is_alone(&self, process: &Process) -> bool {
        // What an earlier process has begun may end while the next one reads.
        !self.plan.overlaps
            && self.processes.lock().iter().all(|it| it.number == process.number || it.is_dead())
    }

    pub(crate) fn kill_all(&self, why: &str) {
        for process in self.processes.lock().iter() {
            process.die(why);
        }
    }

    /// Lets processes live, die and take over, until somebody calms the world.
    pub(crate) async fn storm(self: Arc<Self>) {
        loop {
            let Some(process) = self.begin().await else {
                pause(self.of(&[1, 100])).await;
                continue;
            };
            let life = self.of(&[20, 300, 2_000, 10_000, 60_000, 200_000]);
            tokio::select! {
                biased;
                () = process.dead.cancelled() => {}
                () = pause(life) => self.retire(&process).await,
            }
            if self.below(2) == 0 {
                pause(self.of(&[1, 50, 1_000, 40_000])).await;
            }
        }
    }

    async fn retire(&self, process: &Arc<Process>) {
        match self.below(3) {
            0 => process.die("by chance"),
            1 if self.plan.overlaps => {
                let (process, rest) = (Arc::clone(process), self.of(&[10, 500, 5_000, 40_000]));
                process.trace("is replaced");
                tokio::spawn(async move {
                    pause(rest).await;
                    process.die("after it was replaced");
                });
            }
            _ => {
                process.trace("is told to stop");
                let engine = process.engine.lock().clone();
                if let Some(engine) = engine {
                    let patience = Duration::from_secs(5);
                    drop(tokio::time::timeout(patience, engine.shutdown()).await);
                }
                process.die("after it was told to stop");
            }
        }
    }

    /// Lets the clock jump now and then.
    pub(crate) async fn jump(self: Arc<Self>) {
        while self.plan.jumps && self.is_stormy() {
            pause(self.of(&[100, 3_000, 20_000])).await;
            let by = self.of(&[-60_000_000, -1_000_000, -3_000, 3_000, 1_000_000, 120_000_000]);
            self.jumped.fetch_add(by, Ordering::Relaxed);
            self.trace(&format!("the clock jumps by {by}"));
        }
    }

    /// Lets go of everything that holds this world.
    pub(crate) fn end(&self) {
        self.kill_all("at the end");
        self.newest.lock().take();
        for process in self.processes.lock().drain(..) {
            process.engine.lock().take();
        }
    }
}

#[derive(Debug)]
struct WorldClock(Arc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// A process with an engine.
pub(crate) struct Process {
    pub(crate) world: Arc<World>,
    /// Its epoch.
    pub(crate) number: u64,
    /// Whether bodies run again although nothing is wrong.
    reruns: bool,
    pub(crate) dead: CancellationToken,
    engine: Mutex<Option<Engine>>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Process {
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.is_cancelled()
    }

    /// Goes no further once the process is dead.
    pub(crate) async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn die(&self, why: &str) {
        if !self.is_dead() {
            self.trace(&format!("dies {why}"));
            self.world.truth.lock().count("deaths");
            self.dead.cancel();
            self.engine.lock().take();
        }
    }

    pub(crate) fn trace(&self, what: &str) {
        self.world.trace(&format!("p{} {what}", self.number));
    }

    pub(crate) fn require(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.world.truth.lock().violate(what());
        }
    }

    /// Returns the number of the run that a body belongs to.
    pub(crate) fn run(&self, ctx: &Context<Ledger>) -> u64 {
        self.world.truth.lock().number(ctx.run_id())
    }

    /// A body begins that works on something; its name says on what.
    pub(crate) async fn begin(&self, ctx: &Context<Ledger>, name: String) -> u64 {
        self.alive().await;
        let run = self.run(ctx);
        let is_alone = self.world.is_alone(self);
        self.trace(&format!("run {run} {name} attempt {}", ctx.attempt()));
        let may_rerun = self.reruns || ctx.step() == "work";
        let work = (run, name, ctx.attempt());
        self.world.truth.lock().begin(work, self.number, may_rerun, is_alone);
        run
    }
}
