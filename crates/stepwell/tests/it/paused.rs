//! Tests in which time is paused: it goes on only when there is nothing else to do, and then at
//! once to the next moment that something waits for.

use std::sync::Arc;
use std::time::Duration;

use stepwell::engine::{Clock, EngineBuilder, Start};
use stepwell::event::EventType;
use stepwell::store::{Status, Store};
use stepwell::{
    Context, Engine, Event, HumanResponseEvent, InputRequiredEvent, Payload, RawEvent, StartEvent,
    StopEvent, Timestamp, Workflow,
};
use tokio::time::Instant;

use crate::kit::soon;

/// The time of a paused runtime. Every life begins at the same moment.
#[derive(Debug)]
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000_000_000_000).after(self.0.elapsed())
    }
}

pub(crate) fn builder(store: &Arc<dyn Store>) -> EngineBuilder {
    Engine::builder().store(Arc::clone(store)).clock(PausedClock(Instant::now()))
}

pub(crate) async fn open(store: &Arc<dyn Store>, workflow: &Workflow) -> Engine {
    builder(store).workflow("it", workflow.clone()).open().await.unwrap()
}

/// One life of a process: it ends with a crash, every task dropped where it stands.
pub(crate) fn life<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// Lets time pass.
pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// Waits until a condition holds, letting time pass.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    soon(async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

pub(crate) async fn status(engine: &Engine, handler: &str) -> Status {
    engine.handler(handler).await.unwrap().unwrap().status
}

/// Returns an event without fields.
pub(crate) fn event<E: Event>() -> RawEvent {
    EventType::of::<E>(None).read(&Payload::object()).unwrap()
}

pub(crate) fn start(handler: &str) -> Start {
    start_of("it", Some(handler))
}

pub(crate) fn start_of(workflow: &str, handler: Option<&str>) -> Start {
    let handler = handler.map(str::to_owned);
    Start { workflow: workflow.to_owned(), input: event::<StartEvent>(), handler, state: None }
}

/// A workflow that is busy without end.
pub(crate) fn hanging(timeout: u64) -> Workflow {
    Workflow::builder("Hanging")
        .timeout(Duration::from_secs(timeout))
        .step("hang", |_: StartEvent, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap()
}

/// A workflow that asks a person, and ends with the answer.
pub(crate) fn asking() -> Workflow {
    Workflow::builder("Asking")
        .timeout(Duration::from_secs(50))
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

/// A workflow that ends at once.
pub(crate) fn quick() -> Workflow {
    Workflow::builder("Quick")
        .step("step", |_: StartEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

/// Lets so much time pass, in a test in which it stands still otherwise.
pub(crate) async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
