//! Workflows made by chance, with a crash at every point.
//!
//! A workflow opens a batch of parts; what the body of each does is drawn from a seed: publish,
//! count, sleep, wait, fail, send parts of its own. Whatever it was, it counts once.

mod body;

use std::collections::BTreeMap;
use std::time::Duration;

use stepwell::retry::{attempts, fixed, retry};
use stepwell::testing::{TestKit, TestKitBuilder};
use stepwell::workflow::GraphCheck;
use stepwell::{
    Context, Event, FanOut, Join, RawEvent, StartEvent, StepError, StepFailed, StepOptions,
    StopEvent, Workflow,
};

use crate::flows::HOUR;

/// How many workflows are made in each test: enough to have each call in some of them, beside
/// others. Many more are worth their time after a change of the engine.
const SEEDS: u64 = 6;

/// What the bodies count, by part and by what they did.
type Counts = BTreeMap<String, u64>;

#[derive(Event)]
struct Part {
    id: u64,
}

#[derive(Event)]
struct Made {
    id: u64,
}

#[derive(Event)]
struct Polished {
    id: u64,
}

#[derive(Event)]
struct Extra {
    id: u64,
}

#[derive(Event)]
#[event(request)]
struct Ask {
    id: u64,
}

#[derive(Event)]
#[event(response)]
struct Answer {
    id: u64,
}

#[derive(Event)]
struct Note {
    id: u64,
    number: usize,
}

/// Draws a number below `end`. SplitMix64, with what it is drawn for mixed in.
fn draw(seed: u64, what: (&str, u64), end: u64) -> u64 {
    let name = what.0.bytes().fold(seed, |mixed, byte| mixed * 31 + u64::from(byte));
    let mut mixed = (name << 8 ^ what.1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % end
}

async fn count(ctx: &Context<Counts>, what: &str, id: u64) -> Result<u64, StepError> {
    let key = format!("{what} {id}");
    let counted = ctx.update(|counts| {
        let count = counts.entry(key).or_default();
        *count += 1;
        *count
    });
    Ok(counted.await?)
}

fn options(seed: u64, name: &str) -> StepOptions {
    let delay = Duration::from_millis(draw(seed, (name, 0), 90_000));
    let workers = u32::try_from(1 + draw(seed, (name, 1), 4)).unwrap();
    let options = StepOptions::new().workers(workers);
    options.retry(retry().wait(fixed(delay)).stop(attempts(3)))
}

fn workflow(seed: u64) -> Workflow {
    let make = move |part: Part, ctx: Context<Counts>| async move {
        body::run(seed, part.id, &ctx).await?;
        count(&ctx, "made", part.id).await?;
        // Some parts come to nothing.
        Ok::<_, StepError>(
            (draw(seed, ("nothing", part.id), 6) > 0).then_some(Made { id: part.id }),
        )
    };
    let mend = |failed: StepFailed<Part>, ctx: Context<Counts>| async move {
        count(&ctx, "mended", failed.input.id).await?;
        ctx.sleep(Duration::from_secs(9)).await?;
        Ok::<_, StepError>(Made { id: failed.input.id })
    };
    let polish = move |made: Made, ctx: Context<Counts>| async move {
        count(&ctx, "polished", made.id).await?;
        let fails = draw(seed, ("polish", made.id), 4) == 0 && ctx.attempt() == 1;
        if fails { Err(StepError::new("once more")) } else { Ok(Polished { id: made.id }) }
    };
    let join = |parts: Join<Polished>, ctx: Context<Counts>| async move {
        let mut ids: Vec<u64> = parts.iter().map(|part| part.id).collect();
        ids.sort_unstable();
        count(&ctx, "joined", 0).await?;
        Ok::<_, StepError>(StopEvent::new(ids))
    };
    let atomic = draw(seed, ("atomic", 0), 2) == 0;
    let polishing = options(seed, "polish");
    let polishing = if atomic { polishing.atomic() } else { polishing };
    Workflow::builder("Random")
        .skip(GraphCheck::DeadEnd)
        .state::<Counts>()
        .timeout(10 * HOUR)
        .additional_event::<Answer>()
        .additional_event::<Extra>()
        .step("split", move |_: StartEvent, ctx: Context<Counts>| async move {
            count(&ctx, "split", 0).await?;
            Ok::<_, StepError>((0..parts(seed)).map(|id| Part { id }).collect::<FanOut<Part>>())
        })
        .step_with("make", options(seed, "make"), make)
        .catch("mend", ["make"], 9, mend)
        .step_with("polish", polishing, polish)
        .step("hear", |extra: Extra, ctx: Context<Counts>| async move {
            count(&ctx, "heard", extra.id).await.map(drop)
        })
        .step("join", join)
        .build()
        .unwrap()
}

fn parts(seed: u64) -> u64 {
    draw(seed, ("parts", 0), 6)
}

/// Starts a run, answers what it asks, and returns what must not depend on crashes: parts are
/// made in any order.
async fn play(t: &mut TestKit, seed: u64) -> (String, Vec<String>, serde_json::Value) {
    let run = t.start(StartEvent::new()).await;
    if draw(seed, ("advance", 0), 3) == 0 {
        t.advance(Duration::from_secs(30)).await;
    }
    if draw(seed, ("crash", 0), 3) == 0 {
        t.crash_for(Duration::from_secs(draw(seed, ("downtime", 0), 3))).await;
    }
    let asks: usize = (0..parts(seed)).map(|id| body::asks(seed, id)).sum();
    for _ in 0..asks {
        let ask: Ask = t.expect(&run).await;
        t.send(&run, Answer { id: ask.id }).await;
    }
    let outcome = t.outcome(&run).await;
    let event = |event: &RawEvent| format!("{} {}", event.name, event.value.text());
    let mut events: Vec<String> = outcome.events.iter().map(event).collect();
    events.sort_unstable();
    (format!("{:?}", outcome.status), events, outcome.state)
}

async fn check(prepare: fn(TestKitBuilder) -> TestKitBuilder) {
    for seed in 0..SEEDS {
        let make = || prepare(TestKit::builder().workflow("random", workflow(seed)));
        let report =
            TestKit::for_every_crash_point(make, async |t: &mut TestKit| play(t, seed).await);
        let report = report.await;
        assert!(report.missed.is_empty(), "seed {seed} missed {:?}", report.missed);
        assert_eq!(report.outcome.0, "Completed", "seed {seed}");
    }
}

#[tokio::test]
async fn bodies_stay_in_memory_and_go_on() {
    check(|kit| kit).await;
}

#[tokio::test]
async fn bodies_run_again_at_each_answer() {
    check(TestKitBuilder::always_rerun).await;
}

#[tokio::test]
async fn bodies_leave_the_memory_while_they_wait() {
    check(|kit| kit.resident_bytes(0)).await;
}
