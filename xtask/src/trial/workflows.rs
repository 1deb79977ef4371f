//! What the server under trial runs. Each execution of a body leaves a line in a file outside.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::workflow::StepOptions;
use stepwell::{
    BuildError, Context, ContextError, Emit, Event, FanOut, Join, StepError, StopEvent, Workflow,
};

/// How many attempts `stubborn` takes until it succeeds.
pub(super) const ATTEMPTS: u32 = 3;

/// How many members of a fan-out are at work at once.
pub(super) const WORKERS: u32 = 4;

/// Where side effects go.
pub(super) static EFFECTS: OnceLock<File> = OnceLock::new();

/// Leaves a line. One write to a file that is only appended to comes whole or not at all.
fn effect(line: &str) {
    if let Some(mut file) = EFFECTS.get() {
        file.write_all(format!("{line}\n").as_bytes()).expect("side effects can be written");
    }
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Returns every workflow with the name that it is served under.
pub(super) fn all() -> Result<Vec<(&'static str, Workflow)>, BuildError> {
    Ok(vec![
        ("chain", chain()?),
        ("fan", fan()?),
        ("ask", ask()?),
        ("nap", nap()?),
        ("stubborn", stubborn()?),
        ("tally", tally()?),
        ("trace", trace()?),
    ])
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counted {
    count: u64,
    numbers: Vec<u64>,
}

#[derive(Event)]
#[event(start)]
struct ChainStart {
    label: String,
    steps: u64,
    pause: u64,
}

#[derive(Event)]
struct Link {
    label: String,
    number: u64,
    steps: u64,
    pause: u64,
}

#[derive(Event)]
struct Progress {
    number: u64,
}

#[derive(Emit)]
enum Next {
    Link(Link),
    End(StopEvent),
}

/// One step after another; each counts in the state and publishes one item.
fn chain() -> Result<Workflow, BuildError> {
    async fn begin(start: ChainStart, _: Context<Counted>) -> Link {
        let ChainStart { label, steps, pause } = start;
        effect(&format!("{label} begin"));
        Link { label, number: 0, steps, pause }
    }
    async fn link(link: Link, ctx: Context<Counted>) -> Result<Next, StepError> {
        effect(&format!("{} {}", link.label, link.number));
        ctx.stream(Progress { number: link.number }).await?;
        let count = ctx.update(|counted| {
            counted.count += 1;
            counted.count
        });
        let count = count.await?;
        pause(link.pause).await;
        let number = link.number + 1;
        Ok(if number < link.steps {
            Next::Link(Link { number, ..link })
        } else {
            Next::End(StopEvent::new(count))
        })
    }
    Workflow::builder("Chain").state::<Counted>().step("begin", begin).step("link", link).build()
}

#[derive(Event)]
#[event(start)]
struct FanStart {
    label: String,
    items: u64,
    pause: u64,
}

#[derive(Event)]
struct Piece {
    label: String,
    number: u64,
    pause: u64,
}

#[derive(Event)]
struct Done {
    number: u64,
}

/// Pieces of work on a few workers, each of which changes the state.
fn fan() -> Result<Workflow, BuildError> {
    async fn split(start: FanStart, _: Context<Counted>) -> FanOut<Piece> {
        let FanStart { label, items, pause } = start;
        (0..items).map(|number| Piece { label: label.clone(), number, pause }).collect()
    }
    async fn work(piece: Piece, ctx: Context<Counted>) -> Result<Done, StepError> {
        effect(&format!("{} {}", piece.label, piece.number));
        pause(piece.pause).await;
        ctx.update(|counted| counted.numbers.push(piece.number)).await?;
        Ok(Done { number: piece.number })
    }
    async fn gather(done: Join<Done>, ctx: Context<Counted>) -> Result<StopEvent, StepError> {
        let sum: u64 = done.iter().map(|done| done.number).sum();
        let mut numbers = ctx.update(|counted| counted.numbers.clone()).await?;
        numbers.sort_unstable();
        Ok(StopEvent::new(json!({ "count": done.len(), "sum": sum, "numbers": numbers })))
    }
    Workflow::builder("Fan")
        .state::<Counted>()
        .step("split", split)
        .step_with("work", StepOptions::new().workers(WORKERS), work)
        .step("gather", gather)
        .build()
}

#[derive(Event)]
#[event(start)]
struct AskStart {
    label: String,
    within: u64,
}

/// No step names it: nobody but the wait that asks knows it.
#[derive(Event)]
#[event(request)]
struct Question {
    label: String,
}

#[derive(Event)]
#[event(response)]
struct Answer {
    text: String,
}

/// Waits for an answer inside a body, for so long.
fn ask() -> Result<Workflow, BuildError> {
    async fn ask(start: AskStart, ctx: Context) -> Result<StopEvent, StepError> {
        effect(&format!("{} asks", start.label));
        let wait = ctx.wait::<Answer>().within(Duration::from_millis(start.within));
        Ok(StopEvent::new(match wait.asking(Question { label: start.label.clone() }).await {
            Ok(answer) => answer.text.clone(),
            Err(ContextError::TimedOut) => "nobody answered".to_owned(),
            Err(error) => return Err(error.into()),
        }))
    }
    Workflow::builder("Ask").additional_event::<Answer>().step("ask", ask).build()
}

#[derive(Event)]
#[event(start)]
struct NapStart {
    label: String,
    naps: u64,
    each: u64,
}

#[derive(Event)]
struct Woke {
    number: u64,
}

/// Sleeps, again and again; each timer publishes one item.
fn nap() -> Result<Workflow, BuildError> {
    async fn nap(start: NapStart, ctx: Context) -> Result<StopEvent, StepError> {
        for number in 0..start.naps {
            ctx.sleep(Duration::from_millis(start.each)).await?;
            effect(&format!("{} {number}", start.label));
            ctx.stream(Woke { number }).await?;
        }
        Ok(StopEvent::new(start.naps))
    }
    Workflow::builder("Nap").step("nap", nap).build()
}

#[derive(Event)]
#[event(start)]
struct StubbornStart {
    label: String,
}

/// Fails until its last attempt, with a second between them.
fn stubborn() -> Result<Workflow, BuildError> {
    async fn attempt(start: StubbornStart, ctx: Context) -> Result<StopEvent, StepError> {
        effect(&format!("{} {}", start.label, ctx.attempt()));
        if ctx.failures().len() + 1 < ATTEMPTS as usize {
            return Err(StepError::new("not yet"));
        }
        Ok(StopEvent::new(ctx.failures().len()))
    }
    let policy = retry().wait(fixed(Duration::from_secs(1))).stop(attempts(ATTEMPTS));
    let options = StepOptions::new().retry(policy);
    Workflow::builder("Stubborn").step_with("attempt", options, attempt).build()
}

#[derive(Event)]
#[event(start)]
struct TallyStart {
    label: String,
}

#[derive(Event)]
#[event(request)]
struct Open {
    label: String,
}

#[derive(Event)]
#[event(response)]
struct Post {
    number: u64,
    pause: u64,
}

#[derive(Event)]
struct Counting {
    number: u64,
}

#[derive(Event)]
#[event(response)]
struct Finish {
    reason: String,
}

/// Counts what is posted until it is told to finish.
fn tally() -> Result<Workflow, BuildError> {
    async fn open(start: TallyStart, _: Context<Counted>) -> Open {
        Open { label: start.label }
    }
    async fn count(post: Post, ctx: Context<Counted>) -> Result<Option<StopEvent>, StepError> {
        pause(post.pause).await;
        ctx.update(|counted| counted.numbers.push(post.number)).await?;
        ctx.stream(Counting { number: post.number }).await?;
        Ok(None)
    }
    async fn finish(_: Finish, ctx: Context<Counted>) -> Result<StopEvent, StepError> {
        Ok(StopEvent::new(ctx.update(|counted| counted.numbers.clone()).await?))
    }
    Workflow::builder("Tally")
        .state::<Counted>()
        .step("open", open)
        .step("count", count)
        .step("finish", finish)
        .build()
}

#[derive(Event)]
#[event(start)]
struct TraceStart {
    label: String,
    text: String,
}

#[derive(Event)]
struct Echo {
    text: String,
}

#[derive(Event)]
#[event(request)]
struct More {
    label: String,
    text: String,
}

#[derive(Event)]
#[event(response)]
struct Reply {
    label: String,
    text: String,
}

/// A little of everything, so that every kind of write happens: state, stream, request, event, end.
fn trace() -> Result<Workflow, BuildError> {
    async fn one(start: TraceStart, ctx: Context<Counted>) -> Result<More, StepError> {
        let TraceStart { label, text } = start;
        effect(&format!("{label} one"));
        ctx.stream(Echo { text: text.clone() }).await?;
        ctx.update(|counted| counted.count += 1).await?;
        Ok(More { label, text })
    }
    async fn two(reply: Reply, ctx: Context<Counted>) -> Result<StopEvent, StepError> {
        effect(&format!("{} two", reply.label));
        ctx.stream(Echo { text: reply.text.clone() }).await?;
        let count = ctx.update(|counted| {
            counted.count += 1;
            counted.count
        });
        Ok(StopEvent::new(json!({ "reply": reply.text, "count": count.await? })))
    }
    Workflow::builder("Trace").state::<Counted>().step("one", one).step("two", two).build()
}
