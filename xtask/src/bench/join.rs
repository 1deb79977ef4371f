//! Fan-out and join inside this process, and the reducer by itself.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use stepwell::store::Store;
use stepwell::{BuildError, Context, Engine, Event, Join, StopEvent, Workflow};
use stepwell_core::{
    Command, Definition, Definitions, Entry, Event as RawEvent, Family, ItemId, Output, Payload,
    RunId, RunState, Started, Tick, Timestamp,
};
use tokio::time::Instant;

/// How many steps the reducer is put through.
const REDUCED: u64 = 200_000;

/// Says how much work there is.
#[derive(Event)]
#[event(start)]
struct Order {
    parts: u32,
}

/// A piece of work.
#[derive(Event)]
struct Part {
    number: u32,
}

/// A piece of work that is done.
#[derive(Event)]
struct Done {
    number: u32,
}

/// Hands out work to four workers, and joins what they return.
fn workflow() -> Result<Workflow, BuildError> {
    Workflow::builder("Join")
        .step("split", |order: Order, _: Context| async move {
            (0..order.parts).map(|number| Part { number }).collect::<Vec<_>>()
        })
        .step("work", |part: Part, _: Context| async move { Done { number: part.number } })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| u64::from(done.number)).sum::<u64>())
        })
        .build()
}

/// Returns how long a fan-out and join of so many parts takes, from its start to its result.
pub(super) async fn measure(store: Arc<dyn Store>, parts: u32) -> Result<Duration> {
    let engine = Engine::builder().store(store).workflow("join", workflow()?).open().await?;
    let began = Instant::now();
    let stop: StopEvent = engine.run("join", Order { parts }).await?.result().await?;
    let took = began.elapsed();
    let parts = u64::from(parts);
    ensure!(stop.result == parts * (parts - 1) / 2, "the join is wrong: {}", stop.result);
    engine.shutdown().await?;
    Ok(took)
}

/// Returns how many ticks the reducer applies in a second: each the result of a step that leads
/// to the next step.
pub(super) fn reduce() -> f64 {
    let definition = Definition::new("Loop").step("first", ["Start"]).step("next", ["Next"]);
    let definitions = Definitions::from(definition);
    let start = RawEvent::new("Start", Family::Start, Payload::object());
    let started = Started::new(RunId::new("run"), definitions.newest(), start);
    let mut run = RunState::new(definitions);
    let mut commands: Vec<Command> = Vec::new();
    run.apply(&Entry { at: Timestamp(0), tick: Tick::Started(started) }, &mut commands);
    let next = RawEvent::new("Next", Family::Plain, Payload::object());
    let began = std::time::Instant::now();
    for item in 1..=REDUCED {
        commands.clear();
        let output = Output::Event(next.clone());
        let tick = Tick::Returned { item: ItemId(item), attempt: 1, output };
        run.apply(&Entry { at: Timestamp(item), tick }, &mut commands);
    }
    REDUCED as f64 / began.elapsed().as_secs_f64()
}
