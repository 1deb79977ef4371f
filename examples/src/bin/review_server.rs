//! A server with two workflows that want a person's opinion, one for each way to get it, and with
//! one that does sums.
//!
//! - `feedback`: one step asks, another takes the answer. The signatures tell everything, so clients
//!   find the answer's schema in `/workflows/feedback/events`.
//! - `review`: a step waits in the middle of its body. No signature tells what for; such events are
//!   listed in `events = […]`, and can then be found, and sent, like any other.
//!
//! ```sh
//! cargo run -p stepwell-examples --bin review_server
//! curl -s localhost:8080/workflows/review/events
//! ```
//!
//! The first argument is where it listens, unless that is to be `127.0.0.1:8080`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use serde::Serialize;
use stepwell::{Context, Engine, Event, IntoWorkflow, StartEvent, StepError, StopEvent, workflow};
use stepwell_server::Server;

/// A person is asked.
#[derive(Event)]
#[event(request)]
struct FeedbackRequested {
    draft: String,
}

/// What the person thinks.
#[derive(Event)]
#[event(response)]
struct HumanFeedbackEvent {
    feedback: String,
    approved: bool,
}

/// What became of the draft.
#[derive(Event)]
#[event(stop, module = "reviews")] // Where Python programs import their class from.
struct Verdict {
    text: String,
}

impl Verdict {
    fn of(answer: HumanFeedbackEvent) -> Self {
        let verb = if answer.approved { "approved" } else { "rejected" };
        Self { text: format!("{verb}: {}", answer.feedback) }
    }
}

struct FeedbackWorkflow;

#[workflow]
impl FeedbackWorkflow {
    #[step]
    async fn ask(&self, start: StartEvent) -> FeedbackRequested {
        FeedbackRequested { draft: start.get("draft").unwrap_or_default() }
    }

    #[step]
    async fn process_human_feedback(&self, answer: HumanFeedbackEvent) -> Verdict {
        Verdict::of(answer)
    }
}

struct ReviewWorkflow;

#[workflow(events = [FeedbackRequested, HumanFeedbackEvent])]
impl ReviewWorkflow {
    #[step]
    async fn review(&self, start: StartEvent, ctx: &Context) -> Result<Verdict, StepError> {
        let draft = start.get("draft").unwrap_or_default();
        let answer = ctx.wait::<HumanFeedbackEvent>().asking(FeedbackRequested { draft }).await?;
        Ok(Verdict::of(answer))
    }
}

/// Something that was computed.
#[derive(Event)]
struct MathEvent {
    result: f64,
}

/// The result of a run may be anything that serde can write.
#[derive(Serialize)]
struct Results {
    sum: f64,
    subtraction: f64,
    multiplication: f64,
    division: f64,
}

struct MathWorkflow;

#[workflow]
impl MathWorkflow {
    #[step]
    async fn compute(&self, start: StartEvent, ctx: &Context) -> Result<StopEvent, StepError> {
        let number = |name| start.get::<f64>(name).ok_or(StepError::new(format!("no `{name}`")));
        let (a, b) = (number("a")?, number("b")?);
        ctx.stream(MathEvent { result: a }).await?;
        let results =
            Results { sum: a + b, subtraction: a - b, multiplication: a * b, division: a / b };
        Ok(StopEvent::of(&results)?)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:8080".to_owned());
    let engine = Engine::builder()
        .workflow("feedback", FeedbackWorkflow.into_workflow()?)
        .workflow("review", ReviewWorkflow.into_workflow()?)
        .workflow("math_workflow", MathWorkflow.into_workflow()?)
        .open()
        .await?;

    Server::new(engine)
        .on_listening(|address| println!("listening on http://{address}"))
        .serve(listen)
        .await?;
    Ok(())
}
