//! Fan-outs that come out the same wherever the process crashes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stepwell::testing::{Outcome, TestKit};
use stepwell::{Context, Event, FanOut, Join, StepError, StepOptions, StopEvent, Take, Workflow};

use crate::flows::{Order, Progress, order};

const PARTS: u64 = 6;

#[derive(Event)]
struct Part {
    number: u64,
}

#[derive(Event)]
struct Made {
    number: u64,
}

/// What must be counted once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    parts: u64,
    sum: u64,
}

/// Makes parts on some workers; each counts and publishes.
fn fan_out(workers: u32) -> Workflow {
    Workflow::builder("FanOut")
        .state::<Tally>()
        .step("split", |_: Order, _: Context<Tally>| async {
            (1..=PARTS).map(|number| Part { number }).collect::<FanOut<Part>>()
        })
        .step_with(
            "make",
            StepOptions::new().workers(workers),
            |part: Part, ctx: Context<Tally>| async move {
                let Part { number } = part;
                ctx.stream(Progress { number }).await?;
                let count = move |tally: &mut Tally| {
                    tally.parts += 1;
                    tally.sum += number;
                };
                ctx.update(count).await?;
                let made = ctx.once("make", async || Ok::<_, StepError>(number * 10)).await?;
                Ok::<_, StepError>(Made { number: made })
            },
        )
        .step("gather", |made: Made, ctx: Context<Tally>| async move {
            let tally = ctx
                .update(|tally| {
                    tally.sum += made.number;
                    tally.clone()
                })
                .await?;
            let all = tally.sum == (1..=PARTS).sum::<u64>() * 11;
            Ok::<_, StepError>(all.then(|| StopEvent::new(tally.sum)))
        })
        .build()
        .unwrap()
}

/// Joins what comes of parts.
fn joining() -> Workflow {
    Workflow::builder("Joining")
        .state::<Tally>()
        .step("split", |_: Order, _: Context<Tally>| async {
            (1..=PARTS).map(|number| Part { number }).collect::<FanOut<Part>>()
        })
        .step("join", |parts: Join<Part>, ctx: Context<Tally>| async move {
            let numbers: Vec<u64> =
                parts.by_emission().into_iter().map(|part| part.number).collect();
            ctx.update(|tally| tally.sum += numbers.iter().sum::<u64>()).await?;
            Ok::<_, StepError>(StopEvent::new(numbers))
        })
        .build()
        .unwrap()
}

/// Goes on with the first two of many.
fn taking() -> Workflow {
    Workflow::builder("Taking")
        .step("split", |_: Order, _: Context| async {
            (1..=PARTS).map(|number| Part { number }).collect::<FanOut<Part>>()
        })
        .step("take", |parts: Take<Part, 2>, _: Context| async move {
            StopEvent::new(parts.into_iter().map(|part| part.number).collect::<Vec<_>>())
        })
        .build()
        .unwrap()
}

/// Parts are made in any order, so what is published has none.
fn without_order(outcome: Outcome) -> (BTreeSet<String>, usize, serde_json::Value) {
    let texts = outcome.events.iter().map(|event| event.value.text().to_owned());
    (texts.collect(), outcome.events.len(), outcome.state)
}

#[tokio::test]
async fn one_worker_after_another() {
    TestKit::for_every_crash_point(
        || fan_out(1),
        async |t: &mut TestKit| {
            let run = t.start(order()).await;
            t.outcome(&run).await
        },
    )
    .await;
}

#[tokio::test]
async fn workers_beside_each_other_count_once() {
    let report = TestKit::for_every_crash_point(
        || fan_out(4),
        async |t: &mut TestKit| {
            let run = t.start(order()).await;
            without_order(t.outcome(&run).await)
        },
    );
    let (texts, events, state) = report.await.outcome;
    assert_eq!((texts.len(), events), (7, 7));
    let tally: Tally = serde_json::from_value(state).unwrap();
    assert_eq!(tally, Tally { parts: PARTS, sum: 21 * 11 });
}

#[tokio::test]
async fn joins_get_all_of_their_batch() {
    let report = TestKit::for_every_crash_point(joining, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.outcome(&run).await
    });
    assert_eq!(report.await.outcome.state["sum"], 21);
}

#[tokio::test]
async fn the_first_of_a_batch_are_taken() {
    TestKit::for_every_crash_point(taking, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.outcome(&run).await
    })
    .await;
}
