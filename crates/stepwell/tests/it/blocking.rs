//! Steps that block their thread.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::{
    BlockingContext, Context, Engine, HumanResponseEvent, Join, StartEvent, StepError, StepOptions,
    StopEvent, Workflow,
};

use crate::kit::{Home, on_each_store, open, soon, stream_text, until};
use crate::parts::{Done, Log, Part, end, parts, raw, start};
use crate::paused::event;

/// A way to hold a thread from outside, and to let it go.
#[derive(Clone)]
struct Gate(Arc<Mutex<mpsc::Receiver<()>>>);

impl Gate {
    fn new() -> (mpsc::Sender<()>, Self) {
        let (open, gate) = mpsc::channel();
        (open, Self(Arc::new(Mutex::new(gate))))
    }

    /// Blocks until the gate is opened, or whoever could open it is gone.
    fn pass(&self) {
        let _ = self.0.lock().unwrap().recv();
    }
}

on_each_store! {
    sg_6_blocking_steps_run_beside_each_other_and_beside_the_runtime,
    sg_7_a_blocking_step_can_do_all_that_others_can,
    a_blocking_step_that_waits_leaves_its_run_idle,
    a_blocking_step_that_panics_or_fails_is_tried_again,
}

async fn sg_6_blocking_steps_run_beside_each_other_and_beside_the_runtime(home: Home) {
    // All four must be there before one of them goes on, on a runtime of one thread.
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let workflow = Workflow::builder("Blocking")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .blocking_step("work", StepOptions::new(), move |part: Part, _: BlockingContext| {
            barrier.wait();
            Done { n: part.n }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.by_emission().iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    if home.is_faulty() {
        // A body that runs again would be the fifth.
        return;
    }
    expect![[r#"StopEvent {"result":[0,1,2,3]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn sg_7_a_blocking_step_can_do_all_that_others_can(home: Home) {
    let workflow = Workflow::builder("Blocking")
        .state::<u32>()
        .additional_event::<Part>()
        .blocking_step("work", StepOptions::new(), |_: StartEvent, ctx: BlockingContext<u32>| {
            ctx.block_on(ctx.stream(Part { n: 1 }))?;
            ctx.block_on(ctx.send(Part { n: 2 }))?;
            let sum = ctx.block_on(ctx.update(|sum| {
                *sum += 3;
                *sum
            }))?;
            let once = ctx.block_on(ctx.once("once", || async { Ok::<_, StepError>(4) }))?;
            ctx.block_on(ctx.sleep(Duration::from_millis(1)))?;
            Ok::<_, StepError>(Done { n: sum + once + *ctx.state() })
        })
        .step("sent", |_: Part, _: Context<u32>| async {})
        .step("end", |done: Done, _: Context<u32>| async move { StopEvent::new(done.n) })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert_eq!(text.lines().filter(|line| line.ends_with("Part {\"n\":1}")).count(), 1, "{text}");
    assert!(text.contains("[sent running]"), "{text}");
    assert!(text.ends_with("StopEvent {\"result\":10}\n"), "{text}");
}

async fn a_blocking_step_that_waits_leaves_its_run_idle(home: Home) {
    let workflow = Workflow::builder("Blocking")
        .additional_event::<HumanResponseEvent>()
        .blocking_step("work", StepOptions::new(), |_: StartEvent, ctx: BlockingContext| {
            let mut heard = Vec::new();
            for _ in 0..3 {
                let answer = ctx.block_on(ctx.wait::<HumanResponseEvent>().into_future())?;
                heard.push(answer.get::<u32>("n").unwrap_or_default());
            }
            Ok::<_, StepError>(StopEvent::new(heard))
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    for n in 0..3 {
        until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
        let before = engine.handler("h").await.unwrap().unwrap().next_sequence;
        let answer = raw::<HumanResponseEvent>(&json!({ "n": n }));
        engine.send("h", answer, None).await.unwrap();
        // It goes on, and the next look is at how it waits after that.
        until(async || engine.handler("h").await.unwrap().unwrap().next_sequence > before).await;
    }
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":[0,1,2]}\n"), "{text}");
}

async fn a_blocking_step_that_panics_or_fails_is_tried_again(home: Home) {
    let options = StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(3)));
    let workflow = Workflow::builder("Blocking")
        .blocking_step("work", options, |_: StartEvent, ctx: BlockingContext| match ctx.attempt() {
            1 => panic!("at the disco"),
            2 => Err(StepError::new("no")),
            _ => {
                let before = ctx.failures().iter().map(|it| it.failure.message.clone());
                Ok(StopEvent::new(before.collect::<Vec<_>>()))
            }
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":["the step panicked: at the disco","no"]}"#]]
        .assert_eq(&end(&home, &workflow).await);
}

/// In its first attempt it blocks until its time is over and the gate opens, and then does all it
/// can; the second attempt says what has counted.
fn overdue(gate: Gate, log: &Log, options: StepOptions) -> Workflow {
    let log = log.clone();
    let policy = retry().wait(Wait::none()).stop(attempts(2));
    let options = options.timeout(Duration::from_millis(200)).retry(policy);
    Workflow::builder("Overdue")
        .state::<u32>()
        .additional_event::<HumanResponseEvent>()
        .blocking_step("work", options, move |_: StartEvent, ctx: BlockingContext<u32>| {
            if ctx.attempt() == 1 {
                gate.pass();
                let late = [
                    ctx.block_on(ctx.update(|sum| *sum += 1)).is_err(),
                    ctx.block_on(ctx.send(Part { n: 1 })).is_err(),
                    ctx.block_on(ctx.stream(Part { n: 1 })).is_err(),
                    ctx.block_on(ctx.once("once", || async { Ok::<_, StepError>(4) })).is_err(),
                    ctx.block_on(ctx.sleep(Duration::from_millis(1))).is_err(),
                    ctx.block_on(ctx.wait::<HumanResponseEvent>().into_future()).is_err(),
                ];
                log.add(format!("{late:?}"));
                // The context still lives.
                gate.pass();
                return Ok(Part { n: 9 });
            }
            Ok::<_, StepError>(Part { n: 2 })
        })
        .step("next", |part: Part, ctx: Context<u32>| async move {
            // Goes on when it is told.
            ctx.wait::<HumanResponseEvent>().await?;
            let sum = ctx.update(|sum| {
                *sum += 10;
                *sum
            });
            Ok::<_, StepError>(StopEvent::new(vec![part.n, sum.await?]))
        })
        .build()
        .unwrap()
}

async fn after_time(engine: &Engine, open: &mpsc::Sender<()>, log: &Log) -> String {
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    open.send(()).unwrap();
    until(async || !log.text().is_empty()).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    soon(stream_text(engine, "h")).await
}

#[tokio::test]
async fn what_a_blocking_body_does_when_its_time_is_over_does_not_count() {
    let log = Log::default();
    let (open_gate, gate) = Gate::new();
    let engine = open(&Home::memory().store(), &overdue(gate, &log, StepOptions::new())).await;
    let text = after_time(&engine, &open_gate, &log).await;
    assert!(text.ends_with("StopEvent {\"result\":[2,10]}\n"), "{text}");
    assert!(!text.contains("Part {"), "{text}");
    assert_eq!(log.text(), "[true, true, true, true, true, true]");
}

#[tokio::test]
async fn a_blocking_body_whose_time_is_over_does_not_keep_others_from_the_state() {
    let log = Log::default();
    let (open_gate, gate) = Gate::new();
    let engine =
        open(&Home::memory().store(), &overdue(gate, &log, StepOptions::new().atomic())).await;
    let text = after_time(&engine, &open_gate, &log).await;
    assert!(text.ends_with("StopEvent {\"result\":[2,10]}\n"), "{text}");
}

#[tokio::test]
async fn a_blocking_body_is_told_that_its_time_is_over() {
    let (open_gate, gate) = Gate::new();
    let policy = retry().wait(Wait::none()).stop(attempts(2));
    let options = StepOptions::new().timeout(Duration::from_millis(200)).retry(policy);
    let workflow = Workflow::builder("Overdue")
        .blocking_step("work", options, move |_: StartEvent, ctx: BlockingContext| {
            if ctx.attempt() == 1 {
                ctx.block_on(ctx.cancelled().cancelled_owned());
                open_gate.send(()).unwrap();
            } else {
                gate.pass();
            }
            StopEvent::new(ctx.cancelled().is_cancelled())
        })
        .build()
        .unwrap();
    let end = end(&Home::memory(), &workflow).await;
    assert_eq!(end, r#"StopEvent {"result":false}"#);
}

#[tokio::test]
async fn a_blocking_body_is_told_of_the_end_of_its_run_and_nothing_more_counts() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Blocking")
        .blocking_step("work", StepOptions::new(), move |_: StartEvent, ctx: BlockingContext| {
            let token = ctx.cancelled();
            ctx.block_on(token.cancelled());
            let late = ctx.block_on(ctx.stream(Part { n: 1 })).unwrap_err();
            told.add(late.to_string());
            StopEvent::new("too late")
        })
        .build()
        .unwrap();
    let engine = open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    soon(engine.cancel("h")).await.unwrap();
    until(async || !log.text().is_empty()).await;
    assert_eq!(log.text(), "the run has ended");
    expect![[r#"
        0 [work running]
        1 WorkflowCancelledEvent {}
    "#]]
    .assert_eq(&stream_text(&engine, "h").await);
}

#[tokio::test]
async fn a_blocking_body_that_never_returns_holds_up_neither_cancel_nor_shutdown() {
    let (open_gate, gate) = Gate::new();
    let workflow = Workflow::builder("Blocking")
        .blocking_step("work", StepOptions::new(), move |start: StartEvent, _: BlockingContext| {
            if start.get::<bool>("block").unwrap_or(true) {
                gate.pass();
            }
            StopEvent::default()
        })
        .build()
        .unwrap();
    let engine = open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    soon(engine.cancel("h")).await.unwrap();
    let input = raw::<StartEvent>(&json!({ "block": false }));
    let other = stepwell::engine::Start { input, handler: None, ..start() };
    soon(engine.start_and_wait(other)).await.unwrap();
    engine.start(start()).await.unwrap();
    soon(engine.shutdown()).await.unwrap();
    // The runtime of the test waits for its threads.
    drop(open_gate);
}

#[tokio::test]
async fn a_blocking_body_that_waits_goes_when_its_run_leaves_the_memory() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Blocking")
        .additional_event::<HumanResponseEvent>()
        .blocking_step("work", StepOptions::new(), move |_: StartEvent, ctx: BlockingContext| {
            let heard = ctx.block_on(ctx.wait::<HumanResponseEvent>().into_future());
            told.add(if heard.is_ok() { "heard" } else { "left" });
            heard.map(|_| StopEvent::default()).map_err(StepError::from)
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let builder = Engine::builder().store(home.store()).workflow("it", workflow);
    let engine = builder.resident_bytes(0).open().await.unwrap();
    engine.start(start()).await.unwrap();
    until(async || log.text() == "left").await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {}\n"), "{text}");
    assert_eq!(log.text(), "left heard");
}
