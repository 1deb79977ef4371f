//! The workflows that the tests serve.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell::{
    Context, ContextError, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StepError,
    StopEvent, Workflow,
};
use tokio::sync::Semaphore;

#[derive(Event)]
#[event(start)]
struct GreetStart {
    #[event(default = "World")]
    name: String,
}

#[derive(Event)]
struct GreetProgress {
    index: u32,
    message: String,
}

/// Publishes what it does and greets.
pub(crate) fn greet() -> Workflow {
    Workflow::builder("GreetWorkflow")
        .module("fixtures")
        .description("Greets <somebody>.")
        .step("greet", |start: GreetStart, context: Context| async move {
            for index in 0..3 {
                let message = format!("step {index}");
                context.stream(GreetProgress { index, message }).await?;
            }
            Ok::<_, ContextError>(StopEvent::new(format!("Hello, {}!", start.name)))
        })
        .build()
        .unwrap()
}

/// Greets whoever the undeclared field `name` says, at once.
pub(crate) fn hello() -> Workflow {
    Workflow::builder("HelloWorkflow")
        .step("hello", |start: StartEvent, _: Context| async move {
            let name: String = start.get("name").unwrap_or_else(|| "World".to_owned());
            StopEvent::new(format!("Hello, {name}!"))
        })
        .build()
        .unwrap()
}

/// Returns no result.
pub(crate) fn quiet() -> Workflow {
    Workflow::builder("QuietWorkflow")
        .step("hush", |_: StartEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

#[derive(Event)]
#[event(request)]
struct RequestEvent {
    prompt: String,
}

#[derive(Event)]
#[event(response, alias = "Answer")]
struct ResponseEvent {
    response: String,
}

#[derive(Event)]
#[event(stop)]
struct OutEvent {
    output: String,
}

/// Asks for a name and waits for it.
pub(crate) fn human() -> Workflow {
    Workflow::builder("HumanWorkflow")
        .module("fixtures")
        .step("prompt_human", |_: StartEvent, _: Context| async {
            RequestEvent { prompt: "What is your name?".to_owned() }
        })
        .step("greet_human", |answer: ResponseEvent, _: Context| async move {
            OutEvent { output: format!("Hello, {}", answer.response) }
        })
        .build()
        .unwrap()
}

/// The same without classes of its own.
pub(crate) fn classic_human() -> Workflow {
    Workflow::builder("ClassicHumanWorkflow")
        .step("ask", |_: StartEvent, _: Context| async {
            InputRequiredEvent::new().with("prefix", "Name? ")
        })
        .step("answer", |answer: HumanResponseEvent, _: Context| async move {
            StopEvent::new(answer.get::<serde_json::Value>("response").unwrap_or_default())
        })
        .build()
        .unwrap()
}

#[derive(Event)]
#[event(start)]
struct FailStart {
    #[event(default = "boom")]
    message: String,
}

/// Fails with the message it is given.
pub(crate) fn fail() -> Workflow {
    Workflow::builder("FailWorkflow")
        .step("explode", |start: FailStart, _: Context| async move {
            Err::<StopEvent, _>(StepError::new(start.message))
        })
        .build()
        .unwrap()
}

/// Takes longer than it may.
pub(crate) fn timeout() -> Workflow {
    Workflow::builder("TimeoutWorkflow")
        .timeout(Duration::from_millis(300))
        .step("nap", |_: StartEvent, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap()
}

#[derive(Event)]
struct Tick {
    n: u32,
}

/// Publishes a tick whenever the gate lets one through, and ends when the gate is closed.
pub(crate) fn gated(gate: Arc<Semaphore>) -> Workflow {
    Workflow::builder("GatedWorkflow")
        .step("wait", move |_: StartEvent, context: Context| {
            let gate = Arc::clone(&gate);
            async move {
                let mut n = 0;
                while let Ok(permit) = gate.acquire().await {
                    permit.forget();
                    context.stream(Tick { n }).await?;
                    n += 1;
                }
                Ok::<_, ContextError>(StopEvent::new(n))
            }
        })
        .build()
        .unwrap()
}

#[derive(Event)]
#[event(start)]
struct BurstStart {
    n: u32,
    pad: String,
}

#[derive(Event)]
struct BurstItem {
    seq: u32,
    pad: String,
}

/// Publishes as fast as it can.
pub(crate) fn burst() -> Workflow {
    Workflow::builder("BurstWorkflow")
        .step("burst", |start: BurstStart, context: Context| async move {
            for seq in 0..start.n {
                context.stream(BurstItem { seq, pad: start.pad.clone() }).await?;
            }
            Ok::<_, ContextError>(StopEvent::new(start.n))
        })
        .build()
        .unwrap()
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Inner {
    id: i64,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Event)]
#[event(start)]
struct EchoStart {
    text: String,
    #[event(default)]
    number: i64,
    #[event(default)]
    ratio: Option<f64>,
    #[event(default)]
    inner: Option<Inner>,
    #[event(default)]
    children: Vec<Inner>,
}

#[derive(Event)]
#[event(stop)]
struct EchoStop {
    text: String,
    number: i64,
    ratio: Option<f64>,
    inner: Option<Inner>,
    children: Vec<Inner>,
}

/// Gives back what it gets.
pub(crate) fn echo() -> Workflow {
    Workflow::builder("EchoWorkflow")
        .module("fixtures")
        .step("echo", |start: EchoStart, _: Context| async move {
            let EchoStart { text, number, ratio, inner, children } = start;
            EchoStop { text, number, ratio, inner, children }
        })
        .build()
        .unwrap()
}

#[derive(Event)]
#[event(request)]
struct TargetReady {}

#[derive(Event)]
#[event(response)]
struct Ping {
    tag: String,
}

#[derive(Event)]
struct Hit {
    step: String,
    tag: String,
}

#[derive(Event)]
#[event(response)]
struct Finish {}

/// Has two steps that accept the same event.
pub(crate) fn target() -> Workflow {
    let hit = |step: &'static str| {
        move |ping: Ping, context: Context| async move {
            context.stream(Hit { step: step.to_owned(), tag: ping.tag }).await
        }
    };
    Workflow::builder("TargetWorkflow")
        .module("fixtures")
        .step("ready", |_: StartEvent, _: Context| async { TargetReady {} })
        .step("left", hit("left"))
        .step("right", hit("right"))
        .step("finish", |_: Finish, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

#[derive(Event)]
struct WorkItem {
    index: u32,
}

#[derive(Event)]
struct WorkDone {
    square: u32,
}

/// Squares three numbers at once and returns the squares.
pub(crate) fn fan_out() -> Workflow {
    const ITEMS: u32 = 3;
    type Squares = BTreeSet<u32>;
    Workflow::builder("FanoutWorkflow")
        .module("fixtures")
        .state::<Squares>()
        .step("dispatch", |_: StartEvent, _: Context<Squares>| async {
            (0..ITEMS).map(|index| WorkItem { index }).collect::<Vec<_>>()
        })
        .step("work", |item: WorkItem, _: Context<Squares>| async move {
            WorkDone { square: item.index * item.index }
        })
        .step("gather", |done: WorkDone, context: Context<Squares>| async move {
            let gather = |squares: &mut Squares| {
                squares.insert(done.square);
                squares.clone()
            };
            let squares = context.update(gather).await?;
            let is_all = squares.len() == ITEMS as usize;
            Ok::<_, StepError>(if is_all { Some(StopEvent::of(&squares)?) } else { None })
        })
        .build()
        .unwrap()
}

#[derive(Debug, Serialize, JsonSchema)]
struct Poison {}

impl<'de> Deserialize<'de> for Poison {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a secret was in the poison")
    }
}

#[derive(Event)]
#[event(start)]
struct PoisonStart {
    poison: Poison,
}

/// Panics while its start event is read.
pub(crate) fn poison() -> Workflow {
    Workflow::builder("PoisonWorkflow")
        .step("drink", |_: PoisonStart, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}
