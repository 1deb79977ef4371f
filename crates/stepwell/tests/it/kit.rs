//! What the tests share: a counting workflow, engines on a store, and streams as text.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell::engine::{Cursor, EventStream};
use stepwell::store::{FaultyStore, MemoryStore, SqliteOptions, SqliteStore, Store};
use stepwell::{Context, Engine, Event, StepError, StepPhase, StopEvent, StreamItem, Workflow};
use tempfile::TempDir;

/// The longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Event)]
#[event(start)]
pub(crate) struct Count {
    /// How many numbers to add.
    pub(crate) items: u64,
}

#[derive(Event)]
pub(crate) struct Add {
    pub(crate) number: u64,
}

#[derive(Event)]
pub(crate) struct Added {
    pub(crate) number: u64,
}

#[derive(Event)]
pub(crate) struct Progress {
    pub(crate) number: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) items: u64,
    pub(crate) sum: u64,
}

/// Sends `items` numbers one by one, streams and adds each, and returns how many and their sum.
/// Something lost or counted twice anywhere shows in the result. `calls` counts bodies.
pub(crate) fn counting(calls: Arc<AtomicU64>) -> Workflow {
    Workflow::builder("Counting")
        .state::<Tally>()
        .step("split", |start: Count, ctx: Context<Tally>| async move {
            for number in 1..=start.items {
                ctx.send(Add { number }).await?;
            }
            // Declared, so that the graph is whole; what is returned is nothing.
            Ok::<Option<Add>, StepError>(None)
        })
        .step("add", move |add: Add, ctx: Context<Tally>| {
            calls.fetch_add(1, Ordering::Relaxed);
            async move {
                ctx.stream(Progress { number: add.number }).await?;
                ctx.update(|tally| tally.sum += add.number).await?;
                Ok::<_, StepError>(Added { number: add.number })
            }
        })
        .step("gather", |_: Added, ctx: Context<Tally>| async move {
            let tally = ctx
                .update(|tally| {
                    tally.items += 1;
                    tally.clone()
                })
                .await?;
            let done = tally.items == ITEMS;
            Ok::<_, StepError>(done.then(|| StopEvent::new(tally.sum)))
        })
        .build()
        .unwrap()
}

/// How many numbers [`counting`] adds.
pub(crate) const ITEMS: u64 = 10;

pub(crate) async fn open(store: &Arc<dyn Store>, workflow: &Workflow) -> Engine {
    open_as(store, "it", workflow).await
}

pub(crate) async fn open_as(store: &Arc<dyn Store>, name: &str, workflow: &Workflow) -> Engine {
    let builder = || Engine::builder().store(Arc::clone(store)).workflow(name, workflow.clone());
    // A faulty store may refuse a few times.
    for _ in 0..100 {
        if let Ok(engine) = builder().open().await {
            return engine;
        }
    }
    panic!("the engine does not open");
}

/// Fails the test if something takes too long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long")
}

/// Reads the whole stream of a handler, a line an item.
pub(crate) async fn stream_text(engine: &Engine, handler: &str) -> String {
    let (_, stream) = engine.events(handler, Cursor::Start).await.unwrap();
    let reading = tokio::time::timeout(PATIENCE, read_text(stream)).await;
    reading.unwrap_or_else(|_| panic!("the run does not end; parked: {:?}", engine.parked()))
}

pub(crate) async fn read_text(mut stream: EventStream) -> String {
    let mut text = String::new();
    while let Some(item) = stream.next().await.unwrap() {
        text += &format!("{} {}\n", item.sequence, line(&item.item));
    }
    text
}

pub(crate) fn line(item: &StreamItem) -> String {
    match item {
        StreamItem::Event(event) => format!("{} {}", event.name, event.value.text()),
        StreamItem::Idle => "idle".to_owned(),
        StreamItem::Unhandled(unhandled) => format!("unhandled {}", unhandled.event),
        StreamItem::Restarted { step, from_sequence } => {
            format!("{step} restarted from {from_sequence}")
        }
        StreamItem::Step(change) => {
            let phase = match change.phase {
                StepPhase::Queued => "queued",
                StepPhase::Running => "running",
                StepPhase::Returned => "returned",
                StepPhase::Waiting => "waiting",
                StepPhase::Failed => "failed",
            };
            let output = change.output.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            format!("[{} {phase}{output}]", change.step)
        }
    }
}

/// Waits until a condition holds, looking again whenever the runtime has nothing else to do.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    soon(async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Where the runs of one test live.
pub(crate) struct Home {
    store: Arc<dyn Store>,
    is_faulty: bool,
    is_memory: bool,
    /// Removed when the test is over.
    _directory: Option<TempDir>,
}

impl Home {
    pub(crate) fn memory() -> Self {
        let store = Arc::new(MemoryStore::default());
        Self { store, is_faulty: false, is_memory: true, _directory: None }
    }

    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("runs.db");
        let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
        let store = Arc::new(store);
        Self { store, is_faulty: false, is_memory: false, _directory: Some(directory) }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn postgres() -> Self {
        let store = stepwell::store::PostgresServer::shared().store();
        Self { store: Arc::new(store), is_faulty: false, is_memory: false, _directory: None }
    }

    /// A store in memory that fails one write in ten, before or after the fact, or makes it twice.
    pub(crate) fn faulty(seed: u64) -> Self {
        let store = FaultyStore::new(Self::memory().store, seed, 100).with_reads(Vec::new());
        Self { store: Arc::new(store), is_faulty: true, is_memory: true, _directory: None }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Whether bodies may run more than once because the store fails.
    pub(crate) fn is_faulty(&self) -> bool {
        self.is_faulty
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.is_memory
    }
}

/// Runs each test in memory, on SQLite, on PostgreSQL, and on stores that fail.
macro_rules! on_each_store {
    ($($test:ident,)*) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::kit::Home::memory()).await;
            })*
        }
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::kit::Home::sqlite()).await;
            })*
        }
        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::kit::Home::postgres()).await;
            })*
        }
        mod on_a_faulty_store {
            $(#[tokio::test]
            async fn $test() {
                for seed in 0..10 {
                    super::$test($crate::kit::Home::faulty(seed)).await;
                }
            })*
        }
    };
}
pub(crate) use on_each_store;
