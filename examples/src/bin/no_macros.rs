//! The same without `#[workflow]`: the macro writes nothing but what stands here.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use serde::{Deserialize, Serialize};
use stepwell::retry::attempts;
use stepwell::{Context, Event, Join, StepError, StepOptions, StopEvent, Workflow};

/// The numbers to add.
#[derive(Event)]
#[event(start)]
struct Numbers {
    numbers: Vec<u64>,
}

/// One of them.
#[derive(Event)]
struct Number {
    value: u64,
}

/// Its square.
#[derive(Event)]
struct Square {
    value: u64,
}

/// What the steps of a run share.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Ledger {
    squared: u64,
}

async fn square(number: Number, ctx: Context<Ledger>) -> Result<Square, StepError> {
    ctx.update(|ledger| ledger.squared += 1).await?;
    Ok(Square { value: number.value * number.value })
}

fn squares() -> Result<Workflow, stepwell::BuildError> {
    Workflow::builder("Squares")
        .state::<Ledger>()
        .step("split", |start: Numbers, _: Context<Ledger>| async move {
            start.numbers.into_iter().map(|value| Number { value }).collect::<Vec<_>>()
        })
        .step_with("square", StepOptions::new().workers(8).retry(attempts(3)), square)
        .step("add", |squares: Join<Square>, ctx: Context<Ledger>| async move {
            let sum: u64 = squares.iter().map(|square| square.value).sum();
            StopEvent::new(format!("{sum}, from {} squares", ctx.state().squared))
        })
        .build()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let run = squares()?.run(Numbers { numbers: vec![1, 2, 3, 4] }).await?;
    let stop: StopEvent = run.result().await?;
    println!("{}", stop.result);
    Ok(())
}
