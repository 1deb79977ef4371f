//! What a subscriber of `tracing` is told: spans of runs and attempts, and lines of those that
//! are verbose.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use expect_test::expect;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{
    Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StepError, StepOptions, StopEvent,
    Workflow,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as Layered, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::kit::{Home, soon, stream_text};
use crate::parts::{Part, end_on, parts, start};
use crate::paused::{self, event};

/// Keeps what it is told by the code of this crate.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    spans: BTreeMap<u64, Span>,
    events: Vec<(String, String)>,
}

struct Span {
    name: &'static str,
    parent: &'static str,
    fields: Fields,
    is_closed: bool,
}

#[derive(Clone, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Told {
    /// Listens on this thread until the guard is dropped.
    fn listen() -> (Self, DefaultGuard) {
        let told = Self::default();
        let subscriber = tracing_subscriber::registry().with(told.clone());
        (told, tracing::subscriber::set_default(subscriber))
    }

    /// The spans of this name, with those of their fields that are the same in every run.
    fn spans(&self, name: &str) -> String {
        let state = self.0.lock().unwrap();
        let spans = state.spans.values().filter(|span| span.name == name);
        let line = |span: &Span| {
            let Span { name, parent, fields, is_closed } = span;
            let fields = fields.0.iter().filter(|(field, _)| **field != "run");
            let fields: Vec<_> = fields.map(|(field, value)| format!("{field}={value}")).collect();
            let open = if *is_closed { "" } else { ", still open" };
            format!("{name} in {parent}: {}{open}\n", fields.join(" "))
        };
        spans.map(line).collect()
    }

    fn events(&self, target: &str) -> String {
        let state = self.0.lock().unwrap();
        let events = state.events.iter().filter(|(of, _)| of == target);
        events.map(|(_, text)| format!("{text}\n")).collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Told {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Layered<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let name = attributes.metadata().name();
        let parent = context.span(id).and_then(|span| span.parent());
        let parent = parent.map_or("nothing", |parent| parent.name());
        let span = Span { name, parent, fields, is_closed: false };
        self.0.lock().unwrap().spans.insert(id.into_u64(), span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Layered<'_, S>) {
        if let Some(span) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            values.record(&mut span.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Layered<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let text = fields.0.remove("message").unwrap_or_default();
        let target = event.metadata().target().to_owned();
        self.0.lock().unwrap().events.push((target, text));
    }

    fn on_close(&self, id: Id, _: Layered<'_, S>) {
        if let Some(span) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            span.is_closed = true;
        }
    }
}

/// Two steps; the first fails once.
fn two_steps(builder: stepwell::workflow::Builder) -> Workflow {
    let policy = retry().wait(fixed(Duration::from_millis(2500))).stop(attempts(2));
    builder
        .step_with(
            "first",
            StepOptions::new().retry(policy),
            |_: StartEvent, ctx: Context| async move {
                tracing::info!(target: "stepwell::test", "from a body");
                if ctx.attempt() == 1 {
                    return Err(StepError::new("no"));
                }
                ctx.stream(Part { n: 1 }).await?;
                Ok(Part { n: 2 })
            },
        )
        .step("second", |_: Part, _: Context| async { StopEvent::new("done") })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn ob_1_a_run_has_a_span_and_each_attempt_one_inside() {
    let (told, _guard) = Told::listen();
    let home = Home::memory();
    let engine = paused::open(&home.store(), &two_steps(Workflow::builder("Two"))).await;
    end_on(&engine).await;
    paused::pass(1).await;
    expect![[r#"
        run in nothing: handler="h" workflow="it"
        run in nothing: handler="h" workflow="it"
    "#]]
    .assert_eq(&told.spans("run"));
    expect![[r#"
        attempt in run: attempt=1 input=StartEvent item=1 step=first
        attempt in run: attempt=2 input=StartEvent item=1 step=first
        attempt in run: attempt=1 input=Part item=2 step=second
    "#]]
    .assert_eq(&told.spans("attempt"));
}

#[tokio::test(start_paused = true)]
async fn ob_2_what_attempts_and_runs_come_to_is_told() {
    let (told, _guard) = Told::listen();
    let home = Home::memory();
    let engine = paused::open(&home.store(), &two_steps(Workflow::builder("Two"))).await;
    end_on(&engine).await;
    paused::pass(1).await;
    expect![[r#"
        an attempt failed
        an attempt returned
        an attempt returned
    "#]]
    .assert_eq(&told.events("stepwell::engine::body"));
    expect![[r#"
        the run has ended
    "#]]
    .assert_eq(&told.events("stepwell::engine::driver"));
}

#[tokio::test(start_paused = true)]
async fn ob_3_a_body_that_waits_or_is_cancelled_is_no_error() {
    let (told, _guard) = Told::listen();
    let workflow = Workflow::builder("Waiting")
        .additional_event::<HumanResponseEvent>()
        .step("wait", |_: StartEvent, ctx: Context| async move {
            ctx.wait::<HumanResponseEvent>().asking(InputRequiredEvent::new()).await?;
            Ok::<_, StepError>(std::future::pending::<StopEvent>().await)
        })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    paused::pass(1).await;
    engine.cancel("h").await.unwrap();
    paused::pass(1).await;
    let spans = told.spans("attempt");
    assert!(!spans.contains("still open"), "{spans}");
    assert_eq!(told.events("stepwell::engine::body"), "");
}

#[tokio::test(start_paused = true)]
async fn mi_1_a_verbose_workflow_says_line_by_line_what_it_does() {
    let (told, _guard) = Told::listen();
    let home = Home::memory();
    let engine = paused::open(&home.store(), &two_steps(Workflow::builder("Two").verbose())).await;
    end_on(&engine).await;
    expect![[r#"
        [tick] add: StartEvent {}
        [first:0] started from StartEvent
        [tick] failed: StepError: no; again in 2.5s
        [first:0] failed
        [tick] timer 1 is due
        [first:0] started from StartEvent
        [publish] Part {"n":1}
        [first:0] complete with Part
        [second:0] started from Part
        [second:0] complete with StopEvent
        [result] StopEvent {"result":"done"}
    "#]]
    .assert_eq(&told.events("stepwell::verbose"));
}

#[tokio::test(start_paused = true)]
async fn mi_1_a_verbose_workflow_says_who_waits_and_what_nobody_takes() {
    let (told, _guard) = Told::listen();
    let workflow = Workflow::builder("Waiting")
        .verbose()
        .additional_event::<InputRequiredEvent>()
        .step("split", |_: StartEvent, _: Context| async { parts(2) })
        .step_with("wait", StepOptions::new().workers(1), |part: Part, _: Context| async move {
            (part.n == 1).then(InputRequiredEvent::new)
        })
        .step("hear", |_: HumanResponseEvent, ctx: Context| async move {
            ctx.sleep(Duration::from_secs(1)).await?;
            Ok::<_, StepError>(StopEvent::default())
        })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<StartEvent>(), Some("split")).await.unwrap();
    paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<StopEvent>(), None).await.unwrap();
    engine.send("h", event::<HumanResponseEvent>(), Some("hear")).await.unwrap();
    soon(stream_text(&engine, "h")).await;
    expect![[r#"
        [tick] add: StartEvent {}
        [split:0] started from StartEvent
        [split:0] complete with list
        [wait:0] started from Part
        [wait] enqueued (waiting for capacity)
        [wait:0] complete with no result
        [wait:0] started from Part
        [wait:0] complete with InputRequiredEvent
        [publish] InputRequiredEvent {}
        [idle]
        [tick] add: StartEvent {} -> split
        [tick] add: StopEvent {}
        [tick] add: HumanResponseEvent {} -> hear
        [split:0] started from StartEvent
        [unhandled] StopEvent
        [hear:0] started from HumanResponseEvent
        [split:0] complete with list
        [wait:0] started from Part
        [wait] enqueued (waiting for capacity)
        [hear:0] waits
        [wait:0] complete with no result
        [wait:0] started from Part
        [wait:0] complete with InputRequiredEvent
        [publish] InputRequiredEvent {}
        [idle]
        [tick] timer 1 is due
        [hear:0] started from HumanResponseEvent
        [hear:0] complete with StopEvent
        [result] StopEvent {}
    "#]]
    .assert_eq(&told.events("stepwell::verbose"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_nothing_is_warned_of() {
    let (told, _guard) = Told::listen();
    let workflow = Workflow::builder("Dead")
        .step("end", |_: StartEvent, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    expect![[r#"
        the run has nothing left to do and waits for nothing that can come
    "#]]
    .assert_eq(&told.events("stepwell::engine::bodies"));
}
