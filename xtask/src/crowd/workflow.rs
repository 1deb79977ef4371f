//! What every run of the crowd does: it publishes, asks, publishes while others do too, asks, ends.
//!
//! ```text
//!   items, Ask 1 ──▶ (all runs are alive) ──▶ items, paced, Ask 2 ──▶ (still) ──▶ items, end
//! ```

use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stepwell::{BuildError, Context, Emit, Event, IntoWorkflow, StepError, StopEvent, Workflow};

/// What [`crowd`] is served under.
pub(crate) const CROWD: &str = "crowd";

/// How many items come before the first question, and after the second.
pub(super) const EDGE: u64 = 2;

/// The pause between two items, as between the tokens of a language model.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// One run in so many is heavy: its stream is more than the buffers of a connection take, so that
/// a reader who stands still holds up the server.
const HEAVY: u64 = 500;

/// How large the items of a heavy run are.
const HEAVY_BYTES: usize = 192 << 10;

/// How large other items are.
const BYTES: usize = 120;

/// Begins a run.
#[derive(Event)]
#[event(start)]
struct CrowdStart {
    run: u64,
}

/// Something to read.
#[derive(Event)]
struct Item {
    run: u64,
    number: u64,
    text: String,
    /// When it was published: microseconds since 1970.
    at: u64,
}

/// Waits for the rest of the crowd.
#[derive(Event)]
#[event(request)]
struct Ask {
    number: u64,
}

/// Lets the run go on.
#[derive(Event)]
#[event(response)]
struct Go {
    run: u64,
    first: u64,
    end: u64,
    ends: bool,
}

#[derive(Emit)]
enum Next {
    Ask(Ask),
    End(StopEvent),
}

struct Crowd;

#[stepwell::workflow]
impl Crowd {
    #[step]
    async fn begin(&self, start: CrowdStart, ctx: &Context) -> Result<Ask, StepError> {
        publish(ctx, start.run, 0..EDGE).await?;
        Ok(Ask { number: 1 })
    }

    #[step]
    async fn go_on(&self, go: Go, ctx: &Context) -> Result<Next, StepError> {
        publish(ctx, go.run, go.first..go.end).await?;
        Ok(if go.ends { Next::End(StopEvent::new(go.end)) } else { Next::Ask(Ask { number: 2 }) })
    }
}

async fn publish(ctx: &Context, run: u64, numbers: Range<u64>) -> Result<(), StepError> {
    for number in numbers {
        ctx.stream(Item { run, number, text: text(run, number), at: now() }).await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Returns what the item of a run says. No other item says the same, and it has what breaks lines.
pub(super) fn text(run: u64, number: u64) -> String {
    let bytes = if run.is_multiple_of(HEAVY) { HEAVY_BYTES } else { BYTES };
    let mut text = format!("run {run}, item {number}: \u{2028}\u{85}\n\r\"");
    while text.len() < bytes {
        text.push_str("water is drawn from a stepwell; ");
    }
    text
}

/// Returns the time: microseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Returns the workflow.
pub(crate) fn crowd() -> Result<Workflow, BuildError> {
    Crowd.into_workflow()
}
