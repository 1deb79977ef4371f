//! The workflows that are run, and what must be in the ledger of each when it completes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stepwell::retry::{attempts, fixed, retry};
use stepwell::workflow::GraphCheck;
use stepwell::{
    Context, Emit, Event, Join, StepError, StepFailed, StepOptions, StopEvent, Workflow,
};

use crate::acts::{ATTEMPTS, Script};
use crate::random::Random;
use crate::world::Process;

/// The state of every workflow: how often each mark was made, in all runs of a handler.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ledger(pub(crate) BTreeMap<String, u64>);

impl Ledger {
    pub(crate) fn add(&mut self, mark: &str) {
        *self.0.entry(mark.to_owned()).or_default() += 1;
    }
}

#[derive(Event)]
#[event(start)]
pub(crate) struct Go {
    pub(crate) seed: u64,
    /// Names the attempt of a client to start it.
    pub(crate) start: u64,
}

#[derive(Event)]
pub(crate) struct Part {
    seed: u64,
    n: u64,
}

#[derive(Event)]
pub(crate) struct Done {
    n: u64,
}

#[derive(Event)]
pub(crate) struct Merged {
    seed: u64,
}

#[derive(Event)]
pub(crate) struct Lap {
    seed: u64,
    n: u64,
}

#[derive(Event)]
pub(crate) struct Note {
    pub(crate) mark: String,
}

#[derive(Event)]
pub(crate) struct Shown {
    pub(crate) mark: String,
}

#[derive(Event)]
#[event(request)]
pub(crate) struct Ask {
    pub(crate) n: u64,
}

#[derive(Event)]
#[event(response)]
pub(crate) struct Answer {
    pub(crate) n: u64,
    pub(crate) value: u64,
}

#[derive(Event)]
pub(crate) struct Never {}

/// What a client tells a run that listens.
#[derive(Event)]
pub(crate) struct Tell {
    pub(crate) id: u64,
}

/// Ends a run that listens, once it has heard all this.
#[derive(Event)]
pub(crate) struct Close {
    pub(crate) told: Vec<u64>,
}

#[derive(Emit)]
enum Next {
    Lap(Lap),
    Stop(StopEvent),
}

/// The workflows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fan,
    Talk,
    Hang,
    Laps,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Fan, Self::Talk, Self::Hang, Self::Laps];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fan => "fan",
            Self::Talk => "talk",
            Self::Hang => "hang",
            Self::Laps => "laps",
        }
    }

    pub(crate) fn workflow(self, process: &Arc<Process>) -> Workflow {
        match self {
            Self::Fan => fan(process),
            Self::Talk => talk(process),
            Self::Hang => hang(process),
            Self::Laps => laps(process),
        }
    }

    /// Returns the marks of a run that has completed, but for what clients told it.
    pub(crate) fn marks(self, seed: u64, run: u64) -> BTreeSet<String> {
        let mut marks = BTreeSet::new();
        match self {
            Self::Fan => {
                for n in 0..parts(seed) {
                    let script = Script::new(seed, n);
                    marks.extend(script.marks(&place(run, "work", n)));
                    if script.fails() {
                        marks.insert(place(run, "mend", n));
                    }
                }
                marks.extend([place(run, "merge", 0), place(run, "stamp", 0)]);
            }
            Self::Talk => {
                marks.extend(talking(seed).marks(&place(run, "talk", 0)));
                marks.insert(place(run, "talked", 0));
            }
            Self::Hang => {}
            Self::Laps => marks.extend((0..=rounds(seed)).map(|n| place(run, "lap", n))),
        }
        marks
    }
}

/// Returns the mark of a body's place.
fn place(run: u64, step: &str, n: u64) -> String {
    format!("r{run}/{step}{n}")
}

fn parts(seed: u64) -> u64 {
    seed % 5
}

fn rounds(seed: u64) -> u64 {
    seed % 7
}

/// A script that does not fail for good: nobody mends it.
fn talking(seed: u64) -> Script {
    let mut scripts = (0..).map(|n| Script::new(seed, n));
    scripts.find(|script| !script.fails()).expect("most do not fail")
}

fn tried() -> StepOptions {
    let wait = fixed(Duration::from_millis(50));
    StepOptions::new().retry(retry().wait(wait).stop(attempts(ATTEMPTS)))
}

/// Adds up what a run has to say in the end.
async fn balance(ctx: &Context<Ledger>, run: u64) -> Result<StopEvent, StepError> {
    let (sent, noted) = (format!("r{run}/"), "/noted");
    loop {
        let ledger = ctx.update(|ledger| ledger.clone()).await?;
        let ours = |end: &str| {
            ledger.0.keys().filter(|mark| mark.starts_with(&sent) && mark.ends_with(end)).count()
        };
        if ours("/sent") == ours(noted) {
            return Ok(StopEvent::of(&ledger)?);
        }
        ctx.sleep(Duration::from_millis(5)).await?;
    }
}

async fn note(process: Arc<Process>, note: Note, ctx: Context<Ledger>) -> Result<(), StepError> {
    process.alive().await;
    ctx.update(|ledger| ledger.add(&format!("{}/noted", note.mark))).await?;
    Ok(())
}

/// Makes a step's body of a function that knows its process.
fn on<E, F, R>(
    process: &Arc<Process>,
    body: F,
) -> impl Fn(E, Context<Ledger>) -> R + Clone + Send + Sync + 'static
where
    F: Fn(Arc<Process>, E, Context<Ledger>) -> R + Clone + Send + Sync + 'static,
{
    let process = Arc::clone(process);
    move |event, ctx| body(Arc::clone(&process), event, ctx)
}

/// A list of parts that may fail and be mended, a join, and an atomic step.
fn fan(process: &Arc<Process>) -> Workflow {
    let mut random = Random::new(process.world.plan.seed);
    let workers = 1 + u32::try_from(random.below(3)).expect("it is small");
    let builder = Workflow::builder("Fan").state::<Ledger>();
    let builder = if random.below(4) == 0 { builder.concurrent_runs(2) } else { builder };
    builder
        .step("split", on(process, split))
        .step_with("work", tried().workers(workers), on(process, work))
        .catch("mend", ["work"], 1, on(process, mend))
        .step("merge", on(process, merge))
        .step_with("stamp", tried().atomic(), on(process, stamp))
        .step("end", on(process, end))
        .step("note", on(process, note))
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Note>()
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .additional_event::<Never>()
        .build()
        .unwrap()
}

async fn split(process: Arc<Process>, go: Go, ctx: Context<Ledger>) -> Vec<Part> {
    let run = process.begin(&ctx, "split".to_owned()).await;
    process.world.truth.lock().started(go.start, run);
    (0..parts(go.seed)).map(|n| Part { seed: go.seed, n }).collect()
}

async fn work(process: Arc<Process>, part: Part, ctx: Context<Ledger>) -> Result<Done, StepError> {
    let run = process.begin(&ctx, format!("work{}", part.n)).await;
    let script = Script::new(part.seed, part.n);
    script.perform(&process, &ctx, &place(run, "work", part.n), part.n).await?;
    Ok(Done { n: part.n })
}

async fn mend(
    process: Arc<Process>,
    failed: StepFailed<Part>,
    ctx: Context<Ledger>,
) -> Result<Done, StepError> {
    let n = failed.input.n;
    let run = process.begin(&ctx, format!("mend{n}")).await;
    ctx.update(|ledger| ledger.add(&place(run, "mend", n))).await?;
    Ok(Done { n })
}

async fn merge(
    process: Arc<Process>,
    all: Join<Done>,
    ctx: Context<Ledger>,
) -> Result<Merged, StepError> {
    let run = process.begin(&ctx, "merge".to_owned()).await;
    for done in &all {
        process.world.truth.lock().done(run, format!("work{}", done.n));
    }
    ctx.update(|ledger| ledger.add(&place(run, "merge", 0))).await?;
    Ok(Merged { seed: all.len() as u64 })
}

async fn stamp(
    process: Arc<Process>,
    merged: Merged,
    ctx: Context<Ledger>,
) -> Result<Lap, StepError> {
    let run = process.begin(&ctx, "stamp".to_owned()).await;
    process.world.truth.lock().done(run, "merge".to_owned());
    ctx.update(|ledger| ledger.add(&place(run, "stamp", 0))).await?;
    if u64::from(ctx.attempt()) <= merged.seed % 3 {
        return Err(StepError::new("as planned"));
    }
    Ok(Lap { seed: 0, n: 0 })
}

async fn end(process: Arc<Process>, _: Lap, ctx: Context<Ledger>) -> Result<StopEvent, StepError> {
    let run = process.begin(&ctx, "end".to_owned()).await;
    process.world.truth.lock().done(run, "stamp".to_owned());
    balance(&ctx, run).await
}

/// Talks to clients until one of them says that it is enough.
fn talk(process: &Arc<Process>) -> Workflow {
    Workflow::builder("Talk")
        .state::<Ledger>()
        .step_with("talk", tried(), on(process, say))
        .step("talked", on(process, said))
        .step("listen", on(process, listen))
        .step("close", on(process, close))
        .step("note", on(process, note))
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Note>()
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .additional_event::<Never>()
        .additional_event::<Tell>()
        .additional_event::<Close>()
        .build()
        .unwrap()
}

async fn say(process: Arc<Process>, go: Go, ctx: Context<Ledger>) -> Result<Merged, StepError> {
    let run = process.begin(&ctx, "talk".to_owned()).await;
    process.world.truth.lock().started(go.start, run);
    talking(go.seed).perform(&process, &ctx, &place(run, "talk", 0), 0).await?;
    Ok(Merged { seed: go.seed })
}

async fn said(process: Arc<Process>, _: Merged, ctx: Context<Ledger>) -> Result<(), StepError> {
    let run = process.begin(&ctx, "talked".to_owned()).await;
    process.world.truth.lock().done(run, "talk".to_owned());
    ctx.update(|ledger| ledger.add(&place(run, "talked", 0))).await?;
    Ok(())
}

async fn listen(process: Arc<Process>, tell: Tell, ctx: Context<Ledger>) -> Result<(), StepError> {
    process.alive().await;
    let run = process.run(&ctx);
    ctx.update(|ledger| ledger.add(&format!("r{run}/tell{}", tell.id))).await?;
    Ok(())
}

async fn close(
    process: Arc<Process>,
    close: Close,
    ctx: Context<Ledger>,
) -> Result<StopEvent, StepError> {
    process.alive().await;
    let run = process.run(&ctx);
    loop {
        let ledger = ctx.update(|ledger| ledger.clone()).await?;
        let heard = |id: &u64| ledger.0.contains_key(&format!("r{run}/tell{id}"));
        if ledger.0.contains_key(&place(run, "talked", 0)) && close.told.iter().all(heard) {
            return balance(&ctx, run).await;
        }
        ctx.sleep(Duration::from_millis(200)).await?;
    }
}

/// How long a run that hangs may be busy.
pub(crate) const HANG: Duration = Duration::from_secs(5);

/// Is busy until it has no time left.
fn hang(process: &Arc<Process>) -> Workflow {
    Workflow::builder("Hang")
        .state::<Ledger>()
        .timeout(HANG)
        .step("hang", on(process, stay))
        .build()
        .unwrap()
}

async fn stay(process: Arc<Process>, go: Go, ctx: Context<Ledger>) -> Result<StopEvent, StepError> {
    let run = process.begin(&ctx, "hang".to_owned()).await;
    process.world.truth.lock().started(go.start, run);
    ctx.update(|ledger| ledger.add(&place(run, "hang", 0))).await?;
    std::future::pending().await
}

/// Goes round and round.
fn laps(process: &Arc<Process>) -> Workflow {
    Workflow::builder("Laps")
        .state::<Ledger>()
        .step("begin", on(process, begin))
        .step("lap", on(process, lap))
        .build()
        .unwrap()
}

async fn begin(process: Arc<Process>, go: Go, ctx: Context<Ledger>) -> Lap {
    let run = process.begin(&ctx, "begin".to_owned()).await;
    process.world.truth.lock().started(go.start, run);
    Lap { seed: go.seed, n: 0 }
}

async fn lap(process: Arc<Process>, lap: Lap, ctx: Context<Ledger>) -> Result<Next, StepError> {
    let run = process.begin(&ctx, format!("lap{}", lap.n)).await;
    if let Some(before) = lap.n.checked_sub(1) {
        process.world.truth.lock().done(run, format!("lap{before}"));
    }
    ctx.update(|ledger| ledger.add(&place(run, "lap", lap.n))).await?;
    if lap.n == rounds(lap.seed) {
        return Ok(Next::Stop(balance(&ctx, run).await?));
    }
    Ok(Next::Lap(Lap { seed: lap.seed, n: lap.n + 1 }))
}
