//! The demo workflows, written as a user would write them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell::{
    BuildError, Context, Emit, Emitter, Event, StartEvent, StepError, StopEvent, TypeSet, Workflow,
};

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

/// Streams three items and says hello.
pub(super) fn greet() -> Result<Workflow, BuildError> {
    async fn greet(start: StartEvent, ctx: Context) -> Result<StopEvent, StepError> {
        for sequence in 0..3 {
            ctx.stream(StreamEvent { sequence }).await?;
            tokio::time::sleep(GREET_PAUSE).await;
        }
        let name = start.get("name").unwrap_or("World".to_owned());
        Ok(StopEvent::new(format!("Hello, {name}!")))
    }
    Workflow::builder("GreetingWorkflow")
        .description("Streams three items, 0.3 s apart, and says hello to the name it is given.")
        .step("greet", greet)
        .build()
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
pub(super) fn human() -> Result<Workflow, BuildError> {
    Workflow::builder("HumanInTheLoopWorkflow")
        .description("Asks a person for a name and waits for the answer, however long it takes.")
        .step("prompt_human", |_: StartEvent, _: Context| async {
            RequestEvent { prompt: "What is your name?".to_owned() }
        })
        .step("greet_human", |answer: ResponseEvent, _: Context| async move {
            OutEvent { output: format!("Hello, {}", answer.response) }
        })
        .build()
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

/// What has been gathered so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Gathered {
    expected: i64,
    count: i64,
    sum: i64,
}

/// What `split` returns: work, or the result if there is none to do.
enum Split {
    Work(Vec<WorkItem>),
    Nothing(StopEvent),
}

impl Emit for Split {
    fn describe(types: &mut TypeSet) {
        types.add::<WorkItem>();
        types.add::<StopEvent>();
    }

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        match self {
            Self::Work(items) => items.emit(to),
            Self::Nothing(stop) => stop.emit(to),
        }
    }
}

/// Squares numbers, four at a time, and adds them up.
pub(super) fn fan_out() -> Result<Workflow, BuildError> {
    async fn split(start: FanOutStart, ctx: Context<Gathered>) -> Result<Split, StepError> {
        let FanOutStart { count } = start;
        if !(0..=FAN_OUT_MAX).contains(&count) {
            let problem = format!("count must be between 0 and {FAN_OUT_MAX}, and is {count}");
            return Err(StepError::new(problem));
        }
        ctx.update(|gathered| gathered.expected = count).await?;
        if count == 0 {
            return Ok(Split::Nothing(result(&Gathered::default())));
        }
        Ok(Split::Work((0..count).map(|number| WorkItem { number }).collect()))
    }
    async fn gather(
        done: WorkDone,
        ctx: Context<Gathered>,
    ) -> Result<Option<StopEvent>, StepError> {
        let gathered = ctx
            .update(|gathered| {
                gathered.count += 1;
                gathered.sum += done.square;
                gathered.clone()
            })
            .await?;
        Ok((gathered.count == gathered.expected).then(|| result(&gathered)))
    }
    Workflow::builder("FanOutWorkflow")
        .description("Squares as many numbers as it is told, four at a time, and adds them up.")
        .state::<Gathered>()
        .step("split", split)
        .step("square", |item: WorkItem, _: Context<Gathered>| async move {
            WorkDone { square: item.number * item.number }
        })
        .step("gather", gather)
        .build()
}

fn result(gathered: &Gathered) -> StopEvent {
    StopEvent::new(json!({ "count": gathered.count, "sum": gathered.sum }))
}
