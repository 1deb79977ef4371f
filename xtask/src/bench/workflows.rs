//! The workflows that are measured.

use serde::{Deserialize, Serialize};
use stepwell::{BuildError, Context, Event, StartEvent, StepError, StopEvent, Workflow};

/// What [`one`] is served under.
pub(super) const ONE: &str = "one";
/// What [`three`] is served under.
pub(super) const THREE: &str = "three";
/// What [`flood`] is served under.
pub(super) const FLOOD: &str = "flood";
/// What [`fan_out`] is served under.
pub(super) const FAN_OUT: &str = "fan-out";

/// The shortest run there is: one step that does nothing.
pub(super) fn one() -> Result<Workflow, BuildError> {
    Workflow::builder("One")
        .step("answer", |_: StartEvent, _: Context| async { StopEvent::new("done") })
        .build()
}

/// Goes from the first step to the second.
#[derive(Event)]
struct First {
    number: u64,
}

/// Goes from the second step to the third.
#[derive(Event)]
struct Second {
    number: u64,
}

/// Three steps in a row.
pub(super) fn three() -> Result<Workflow, BuildError> {
    Workflow::builder("Three")
        .step("first", |_: StartEvent, _: Context| async { First { number: 1 } })
        .step(
            "second",
            |event: First, _: Context| async move { Second { number: event.number + 1 } },
        )
        .step("third", |event: Second, _: Context| async move { StopEvent::new(event.number) })
        .build()
}

/// Says how much to stream.
#[derive(Event)]
#[event(start)]
struct FloodStart {
    events: u64,
}

/// A small item, such as a token of a language model.
#[derive(Event)]
struct Token {
    number: u64,
}

/// Streams events as fast as it can.
pub(super) fn flood() -> Result<Workflow, BuildError> {
    async fn stream(start: FloodStart, context: Context) -> Result<StopEvent, StepError> {
        for number in 0..start.events {
            context.stream(Token { number }).await?;
        }
        Ok(StopEvent::new("done"))
    }
    Workflow::builder("Flood").step("stream", stream).build()
}

/// Says how much work there is.
#[derive(Event)]
#[event(start)]
struct FanOutStart {
    items: u64,
}

/// A piece of work.
#[derive(Event)]
struct Work {
    number: u64,
}

/// A piece of work that is done.
#[derive(Event)]
struct Done {
    number: u64,
}

/// What has been done so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Gathered {
    expected: u64,
    items: u64,
    sum: u64,
}

/// Hands out work to four workers, and adds up what they return in the state of the run.
pub(super) fn fan_out() -> Result<Workflow, BuildError> {
    async fn split(start: FanOutStart, context: Context<Gathered>) -> Result<Vec<Work>, StepError> {
        context.update(|gathered| gathered.expected = start.items).await?;
        Ok((0..start.items).map(|number| Work { number }).collect())
    }
    async fn gather(
        done: Done,
        context: Context<Gathered>,
    ) -> Result<Option<StopEvent>, StepError> {
        let gathered = context.update(|gathered| {
            gathered.items += 1;
            gathered.sum += done.number;
            gathered.clone()
        });
        let gathered = gathered.await?;
        Ok((gathered.items == gathered.expected).then(|| StopEvent::new(gathered.sum)))
    }
    Workflow::builder("FanOut")
        .state::<Gathered>()
        .step("split", split)
        .step(
            "work",
            |work: Work, _: Context<Gathered>| async move { Done { number: work.number } },
        )
        .step("gather", gather)
        .build()
}
