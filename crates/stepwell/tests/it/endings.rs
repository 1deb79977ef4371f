//! Ends that come while other things are under way, and cancels that come at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::engine::EngineError;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::{
    Context, Engine, HumanResponseEvent, InputRequiredEvent, Join, StartEvent, StepError,
    StepFailed, StepOptions, StopEvent, Workflow,
};
use tokio::sync::Notify;

use crate::kit::{Home, on_each_store, open, soon, stream_text, until};
use crate::parts::{Done, Log, Part, parts, raw, start};
use crate::paused::{self, event, life, pass, status};

on_each_store! {
    fl_1_a_failure_ends_what_else_is_under_way,
    fo_17_a_wait_that_takes_a_member_does_not_hold_up_its_batch,
    cn_1_a_run_is_cancelled_whatever_it_does,
    cn_3_a_run_that_has_ended_cannot_be_cancelled,
    hn_2_a_run_goes_on_without_whoever_started_it,
}

/// Four parts on two workers, of which the third fails; a handler if it is caught.
fn breaking(log: &Log, is_caught: bool) -> Workflow {
    let log = log.clone();
    let builder = Workflow::builder("Breaking")
        .step("split", |_: StartEvent, _: Context| async { parts(6) })
        .step_with("work", StepOptions::new().workers(3), move |part: Part, ctx: Context| {
            log.add(format!("{}", part.n));
            async move {
                match part.n {
                    2 => Err(StepError::new("the third")),
                    0 | 1 => {
                        ctx.cancelled().cancelled().await;
                        ctx.stream(Part { n: 99 }).await?;
                        Ok(Done { n: 99 })
                    }
                    n => Ok(Done { n }),
                }
            }
        })
        .step("merge", |done: Join<Done>, _: Context| async move { StopEvent::new(done.len()) });
    let builder = if is_caught {
        builder.catch("end", ["work"], 1, |_: StepFailed<Part>, _: Context| async {
            StopEvent::new("caught")
        })
    } else {
        builder
    };
    builder.build().unwrap()
}

async fn fl_1_a_failure_ends_what_else_is_under_way(home: Home) {
    for (is_caught, last) in [(false, "WorkflowFailedEvent"), (true, "StopEvent")] {
        let log = Log::default();
        let engine = open(&home.store(), &breaking(&log, is_caught)).await;
        engine.start(start()).await.unwrap();
        let text = soon(stream_text(&engine, "h")).await;
        let end = text.lines().last().unwrap();
        assert!(end.contains(last), "{text}");
        assert!(!text.contains(":99}") && !text.contains("[merge"), "{text}");
    }
}

async fn fo_17_a_wait_that_takes_a_member_does_not_hold_up_its_batch(home: Home) {
    // A body of `work` waits for a part; the first member of the list answers it, so the step gets
    // it only once, and the batch is complete without it.
    let workflow = Workflow::builder("Taking")
        .additional_event::<Part>()
        .additional_event::<HumanResponseEvent>()
        .step("split", |_: StartEvent, ctx: Context| async move {
            ctx.send(Part { n: 100 }).await?;
            ctx.wait::<HumanResponseEvent>().await?;
            Ok::<_, StepError>(parts(3))
        })
        .step("work", |part: Part, ctx: Context| async move {
            if part.n == 100 {
                let taken = ctx.wait::<Part>().await?;
                return Ok::<_, StepError>(Done { n: 100 + taken.n });
            }
            Ok(Done { n: part.n })
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":[1,2]}\n"), "{text}");
    // What the wait came to is of no batch, so no join takes it.
    assert!(text.contains("unhandled Done"), "{text}");
}

/// What it does is said by its start.
fn busy() -> Workflow {
    let policy = retry().wait(fixed(Duration::from_secs(1000))).stop(attempts(2));
    Workflow::builder("Busy")
        .additional_event::<HumanResponseEvent>()
        .step_with(
            "work",
            StepOptions::new().retry(policy),
            |start: StartEvent, ctx: Context| async move {
                match start.get::<String>("what").unwrap_or_default().as_str() {
                    "waits" => drop(ctx.wait::<HumanResponseEvent>().await?),
                    "sleeps" => ctx.sleep(Duration::from_secs(1000)).await?,
                    "asks" => return Ok(Some(InputRequiredEvent::new())),
                    "fails" => return Err(StepError::new("no")),
                    "hangs" => std::future::pending().await,
                    _ => {}
                }
                Ok(None)
            },
        )
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

const ALL: [&str; 6] = ["waits", "sleeps", "asks", "fails", "hangs", "stalls"];

async fn begin(engine: &Engine, what: &str) {
    let input = raw::<StartEvent>(&json!({ "what": what }));
    let handler = Some(what.to_owned());
    engine.start(stepwell::engine::Start { input, handler, ..start() }).await.unwrap();
}

async fn cn_1_a_run_is_cancelled_whatever_it_does(home: Home) {
    let engine = open(&home.store(), &busy()).await;
    for what in ALL {
        begin(&engine, what).await;
        until(async || {
            let record = engine.handler(what).await.unwrap().unwrap();
            record.idle || (record.next_sequence > 1 && what == "fails") || what == "hangs"
        })
        .await;
        let record = soon(engine.cancel(what)).await.unwrap();
        assert_eq!(record.status, Status::Cancelled);
        let text = soon(stream_text(&engine, what)).await;
        assert!(text.ends_with("WorkflowCancelledEvent {}\n"), "{text}");
    }
}

async fn cn_3_a_run_that_has_ended_cannot_be_cancelled(home: Home) {
    let workflow = Workflow::builder("Quick")
        .step("step", |_: StartEvent, _: Context| async { StopEvent::new(7) })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start())).await.unwrap();
    assert!(matches!(engine.cancel("h").await, Err(EngineError::Ended(_))));
    let after = engine.handler("h").await.unwrap().unwrap();
    assert_eq!((after.status, after.end), (Status::Completed, record.end));
}

async fn hn_2_a_run_goes_on_without_whoever_started_it(home: Home) {
    let gate = Arc::new(Notify::new());
    let gated = Arc::clone(&gate);
    let workflow = Workflow::builder("Gated")
        .step("step", move |_: StartEvent, _: Context| {
            let gate = Arc::clone(&gated);
            async move {
                gate.notified().await;
                gate.notify_one();
                StopEvent::default()
            }
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let run = engine.run("it", StartEvent::new()).await.unwrap();
    let handler = run.handler().to_owned();
    drop(run);
    gate.notify_one();
    let text = soon(stream_text(&engine, &handler)).await;
    assert!(text.ends_with("StopEvent {}\n"), "{text}");
}

#[test]
fn c_14_a_run_that_was_cancelled_stays_so_in_the_next_life() {
    let home = Home::memory();
    life(async {
        let engine = paused::open(&home.store(), &busy()).await;
        for what in ALL {
            begin(&engine, what).await;
        }
        pass(1).await;
    });
    life(async {
        // Not one of them has gone on yet, or has any need to.
        let engine = paused::open(&home.store(), &busy()).await;
        for what in ALL {
            soon(engine.cancel(what)).await.unwrap();
        }
    });
    life(async {
        let engine = paused::open(&home.store(), &busy()).await;
        pass(10_000).await;
        for what in ALL {
            assert_eq!(status(&engine, what).await, Status::Cancelled);
            assert!(engine.send(what, event::<HumanResponseEvent>(), None).await.is_err());
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_yields_holds_up_neither_cancel_nor_others() {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let workflow = Workflow::builder("Spinning")
        .step("step", move |start: StartEvent, _: Context| {
            let stop = Arc::clone(&stopped);
            async move {
                while start.get::<bool>("spin").unwrap_or_default() && !stop.load(Relaxed) {
                    std::hint::spin_loop();
                }
                StopEvent::default()
            }
        })
        .build()
        .unwrap();
    let engine = open(&Home::memory().store(), &workflow).await;
    let input = raw::<StartEvent>(&json!({ "spin": true }));
    engine.start(stepwell::engine::Start { input, ..start() }).await.unwrap();
    soon(engine.cancel("h")).await.unwrap();
    let other = stepwell::engine::Start { handler: None, ..start() };
    soon(engine.start_and_wait(other)).await.unwrap();
    soon(engine.shutdown()).await.unwrap();
    stop.store(true, Relaxed);
}

#[tokio::test(start_paused = true)]
async fn ex_10_bodies_have_half_a_second_to_clean_up_after_the_end() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Cleaning")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step("work", move |part: Part, ctx: Context| {
            let log = told.clone();
            async move {
                ctx.cancelled().cancelled().await;
                crate::paused::rest(Duration::from_millis(200) * (part.n + 1)).await;
                log.add(format!("{}", part.n));
                Done { n: part.n }
            }
        })
        .step("merge", |_: Join<Done>, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1).await;
    let before = tokio::time::Instant::now();
    engine.cancel("h").await.unwrap();
    // The canceller does not wait for them.
    assert_eq!(before.elapsed(), Duration::ZERO);
    pass(2).await;
    expect!["0 1"].assert_eq(&log.text());
}
