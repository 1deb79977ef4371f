//! The demo workflows, written as a user would write them.

use std::time::Duration;

use serde_json::json;
use stepwell::{Context, Event, FanOut, Join, StartEvent, StepError, StopEvent, workflow};

/// The pause between the items that `greet` streams, so that a person can watch them come.
const GREET_PAUSE: Duration = Duration::from_millis(300);

/// The most items that `fan-out` takes: enough to look at, too little to fill a disk.
const FAN_OUT_MAX: i64 = 10_000;

/// Tells how far a greeting has come.
#[derive(Event)]
pub(super) struct StreamEvent {
    /// Counted from 0.
    sequence: u64,
}

/// Streams three items, 0.3 s apart, and says hello to the name it is given.
pub(super) struct GreetingWorkflow;

#[workflow(
    description = "Streams three items, 0.3 s apart, and says hello to the name it is given."
)]
impl GreetingWorkflow {
    #[step]
    async fn greet(&self, start: StartEvent, ctx: &Context) -> Result<StopEvent, StepError> {
        for sequence in 0..3 {
            ctx.stream(StreamEvent { sequence }).await?;
            tokio::time::sleep(GREET_PAUSE).await;
        }
        let name = start.get("name").unwrap_or("World".to_owned());
        Ok(StopEvent::new(format!("Hello, {name}!")))
    }
}

/// Asks a person something.
#[derive(Event)]
#[event(request)]
pub(super) struct RequestEvent {
    /// What the person is asked.
    prompt: String,
}

/// What the person answered.
#[derive(Event)]
#[event(response)]
pub(super) struct ResponseEvent {
    /// The answer.
    response: String,
}

/// What came of it.
#[derive(Event)]
#[event(stop)]
pub(super) struct OutEvent {
    /// A greeting.
    output: String,
}

/// Asks for a name, waits as long as it takes, and says hello.
pub(super) struct HumanInTheLoopWorkflow;

#[workflow(
    description = "Asks a person for a name and waits for the answer, however long it takes."
)]
impl HumanInTheLoopWorkflow {
    #[step]
    async fn prompt_human(&self, _: StartEvent) -> RequestEvent {
        RequestEvent { prompt: "What is your name?".to_owned() }
    }

    #[step]
    async fn greet_human(&self, answer: ResponseEvent) -> OutEvent {
        OutEvent { output: format!("Hello, {}", answer.response) }
    }
}

/// Says how much work there is.
#[derive(Event)]
#[event(start)]
pub(super) struct FanOutStart {
    /// How many numbers to square.
    #[event(default = 8)]
    count: i64,
}

/// A number to square.
#[derive(Event)]
pub(super) struct WorkItem {
    /// The number.
    number: i64,
}

/// A number that was squared.
#[derive(Event)]
pub(super) struct WorkDone {
    /// The square.
    square: i64,
}

/// Squares numbers, four at a time, and adds them up.
pub(super) struct FanOutWorkflow;

#[workflow(
    description = "Squares as many numbers as it is told, four at a time, and adds them up."
)]
impl FanOutWorkflow {
    #[step]
    async fn split(&self, start: FanOutStart) -> Result<FanOut<WorkItem>, StepError> {
        let FanOutStart { count } = start;
        if !(0..=FAN_OUT_MAX).contains(&count) {
            let problem = format!("count must be between 0 and {FAN_OUT_MAX}, and is {count}");
            return Err(StepError::new(problem));
        }
        Ok((0..count).map(|number| WorkItem { number }).collect())
    }

    #[step]
    async fn square(&self, item: WorkItem) -> WorkDone {
        WorkDone { square: item.number * item.number }
    }

    #[step]
    async fn gather(&self, done: Join<WorkDone>) -> StopEvent {
        let sum: i64 = done.iter().map(|done| done.square).sum();
        StopEvent::new(json!({ "count": done.len(), "sum": sum }))
    }
}
