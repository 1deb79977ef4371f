//! What the tests of batches, attempts and handlers share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::{RunRecord, Start};
use stepwell::event::EventType;
use stepwell::{Engine, Event, Payload, RawEvent, StartEvent, Workflow};
use tokio::time::Instant;

use crate::kit::{Home, open, soon};
use crate::paused;

/// A member of a list.
#[derive(Event)]
pub(crate) struct Part {
    pub(crate) n: u32,
}

/// What comes of a [`Part`].
#[derive(Event)]
pub(crate) struct Done {
    pub(crate) n: u32,
}

pub(crate) fn parts(count: u32) -> Vec<Part> {
    (0..count).map(|n| Part { n }).collect()
}

pub(crate) fn raw<E: Event>(fields: &Value) -> RawEvent {
    EventType::of::<E>(None).read(&Payload::of(fields)).unwrap()
}

/// The start of a run without fields, of handler `h`.
pub(crate) fn start() -> Start {
    let input = raw::<StartEvent>(&json!({}));
    Start { workflow: "it".to_owned(), input, handler: Some("h".to_owned()), state: None }
}

/// Runs a workflow to its end, and returns the event that it ended with.
pub(crate) async fn end(home: &Home, workflow: &Workflow) -> String {
    end_on(&open(&home.store(), workflow).await).await
}

pub(crate) async fn end_on(engine: &Engine) -> String {
    end_of(soon(engine.start_and_wait(start())).await.unwrap())
}

/// Runs a workflow in memory to its end, where time is paused. Returns the event that it ended
/// with, and when.
pub(crate) async fn timed(workflow: &Workflow) -> String {
    let home = Home::memory();
    let engine = paused::open(&home.store(), workflow).await;
    let began = Instant::now();
    let days = Duration::from_secs(100 * 24 * 60 * 60);
    let record = tokio::time::timeout(days, engine.start_and_wait(start())).await;
    let record = record.expect("it takes too long").unwrap();
    format!("{} after {:?}", end_of(record), began.elapsed())
}

/// The event that a run ended with; how long a failed step took is left out.
fn end_of(record: RunRecord) -> String {
    let end = record.end.unwrap();
    let mut fields: Value = serde_json::from_str(end.value.text()).unwrap();
    fields.as_object_mut().unwrap().remove("elapsed_seconds");
    format!("{} {fields}", end.name)
}

/// What happened, in order, told by bodies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().join(" ")
    }

    pub(crate) fn sorted(&self) -> String {
        let mut lines = self.0.lock().unwrap().clone();
        lines.sort();
        lines.join(" ")
    }

    /// How often a line was added.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|added| *added == line).count()
    }
}
