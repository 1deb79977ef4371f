//! What LlamaIndex Workflows does in the situations of its probes p38 to p48, and what is
//! done here. Each test is called after its probe; where the answer differs, it says why.

use std::sync::atomic::Ordering;
use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::engine::{Cursor, EngineError};
use stepwell::retry::{Wait, attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::workflow::DEFAULT_RUN_TIMEOUT;
use stepwell::{
    Accept, Context, HumanResponseEvent, InputRequiredEvent, Join, StartEvent, StepError,
    StepOptions, StopEvent, Workflow,
};
use tokio::time::Instant;

use crate::kit::{Home, line, soon, stream_text};
use crate::parts::{Done, Log, Part, end_on, parts, raw, start, timed};
use crate::paused::{self, life, pass, status};
use crate::spy::Spy;

async fn ms(millis: u64) {
    crate::paused::rest(Duration::from_millis(millis)).await;
}

#[tokio::test(start_paused = true)]
async fn p38_a_handler_counts_on_and_has_one_run_at_a_time() {
    // That a stop event on the stream ends nothing is for the compiler: it does not compile.
    let workflow = Workflow::builder("Count")
        .state::<u32>()
        .step("s", |_: StartEvent, ctx: Context<u32>| async move {
            let count = ctx.update(|count| {
                *count += 1;
                *count
            });
            let count = count.await?;
            ms(300).await;
            Ok::<_, StepError>(StopEvent::new(count))
        })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    let mut runs = Vec::new();
    for count in 1..=3 {
        let record = soon(engine.start_and_wait(start())).await.unwrap();
        assert_eq!(record.end.unwrap().value.text(), format!("{{\"result\":{count}}}"));
        assert!(!runs.contains(&record.run));
        runs.push(record.run);
    }
    engine.start(start()).await.unwrap();
    assert!(matches!(engine.start(start()).await, Err(EngineError::Busy(_))));
}

#[tokio::test(start_paused = true)]
async fn p39_a_turn_that_cannot_be_written_is_done_again_and_leaves_no_hole() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Flaky")
        .step("s", |_: StartEvent, _: Context| async { Part { n: 1 } })
        .step("t", move |part: Part, _: Context| {
            told.add(format!("{}", part.n));
            async move {
                if part.n == 3 {
                    Next::Ask(InputRequiredEvent::new())
                } else {
                    Next::Part(Part { n: part.n + 1 })
                }
            }
        })
        .step("f", |_: HumanResponseEvent, _: Context| async { StopEvent::new("ok") })
        .build()
        .unwrap();
    let (spy, store) = Spy::new();
    let engine = paused::open(&store, &workflow).await;
    spy.refuse.store(2, Ordering::Relaxed);
    engine.start(start()).await.unwrap();
    paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    expect![[r#"
        0 [s running]
        1 [s returned Part]
        2 [t running]
        3 [t returned Part]
        4 [t running]
        5 [t returned Part]
        6 [t running]
        7 [t returned InputRequiredEvent]
        8 InputRequiredEvent {}
        9 idle
        10 [f running]
        11 [f returned StopEvent]
        12 StopEvent {"result":"ok"}
    "#]]
    .assert_eq(&text);
}

#[derive(stepwell::Emit)]
enum Next {
    Ask(InputRequiredEvent),
    Part(Part),
}

#[tokio::test(start_paused = true)]
async fn p40_a_run_that_has_ended_keeps_its_result_and_has_no_late_calls() {
    // That a step returns what it does not declare does not compile here.
    assert_eq!(DEFAULT_RUN_TIMEOUT, Duration::from_secs(45));
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Late")
        .additional_event::<Part>()
        .step("s", move |_: StartEvent, ctx: Context| {
            let log = told.clone();
            async move {
                tokio::spawn(async move {
                    ms(200).await;
                    log.add(ctx.send(Part { n: 7 }).await.unwrap_err().to_string());
                });
                InputRequiredEvent::new()
            }
        })
        .step("t", |part: Part, _: Context| async move { StopEvent::new(part.n) })
        .step("u", |_: HumanResponseEvent, _: Context| async { StopEvent::new("u") })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1).await;
    assert_eq!(status(&engine, "h").await, Status::Running);
    assert_eq!(log.text(), "the run has ended");
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    pass(1).await;
    assert!(matches!(engine.cancel("h").await, Err(EngineError::Ended(_))));
    let record = engine.handler("h").await.unwrap().unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":"u"}"#);
}

#[tokio::test(start_paused = true)]
async fn p43_a_run_is_idle_when_only_the_outside_can_bring_something() {
    let policy = retry().wait(fixed(Duration::from_millis(500))).stop(attempts(2));
    let workflow =
        Workflow::builder("Idle")
            .step_with("s", StepOptions::new().retry(policy), |_: StartEvent, ctx: Context| {
                let first = ctx.attempt() == 1;
                async move {
                    if first { Err(StepError::new("no")) } else { Ok(InputRequiredEvent::new()) }
                }
            })
            .step("f", |heard: HumanResponseEvent, _: Context| async move {
                heard.get::<bool>("last").unwrap_or_default().then(StopEvent::default)
            })
            .build()
            .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    let feeder = engine.clone();
    tokio::spawn(async move {
        ms(800).await;
        feeder.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
        ms(200).await;
        let last = raw::<HumanResponseEvent>(&json!({ "last": true }));
        feeder.send("h", last, None).await.unwrap();
    });
    let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
    let (began, mut text) = (Instant::now(), String::new());
    while let Some(item) = soon(stream.next()).await.unwrap() {
        text += &format!("{:.1} {}\n", began.elapsed().as_secs_f64(), line(&item.item));
    }
    expect![[r#"
        0.0 [s running]
        0.0 [s failed]
        0.5 [s running]
        0.5 [s returned InputRequiredEvent]
        0.5 InputRequiredEvent {}
        0.5 idle
        0.8 [f running]
        0.8 [f returned]
        0.8 idle
        1.0 [f running]
        1.0 [f returned StopEvent]
        1.0 StopEvent {}
    "#]]
    .assert_eq(&text);
}

#[derive(Accept)]
enum Side {
    Part(Part),
    Done(Done),
}

#[tokio::test(start_paused = true)]
async fn p44_what_is_collected_is_neither_lost_nor_counted_twice() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Collect")
        .deadline(Duration::from_secs(1))
        .additional_event::<Part>()
        .additional_event::<Done>()
        .step("s", |_: StartEvent, ctx: Context| async move {
            for n in 1..=2 {
                ctx.send(Part { n }).await?;
            }
            for n in 1..=2 {
                ctx.send(Done { n }).await?;
            }
            Ok::<_, StepError>(())
        })
        .step_with("j", StepOptions::new().workers(1), move |side: Side, ctx: Context| {
            let log = told.clone();
            async move {
                let set = match side {
                    Side::Part(part) => ctx.collect::<Side>("b", part, &["Part", "Done"]).await?,
                    Side::Done(done) => ctx.collect::<Side>("b", done, &["Part", "Done"]).await?,
                };
                if let Some([Side::Part(part), Side::Done(done)]) = set.as_deref() {
                    log.add(format!("({},{})", part.n, done.n));
                }
                Ok::<_, StepError>(None::<StopEvent>)
            }
        })
        .build()
        .unwrap();
    timed(&workflow).await;
    assert_eq!(log.text(), "(1,1) (2,2)");

    let workflow = Workflow::builder("Collect")
        .deadline(Duration::from_secs(1))
        .additional_event::<Part>()
        .step("s", |_: StartEvent, ctx: Context| async move {
            for part in parts(2) {
                ctx.send(part).await?;
            }
            Ok::<_, StepError>(())
        })
        .step_with(
            "j",
            StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(2))),
            |part: Part, ctx: Context| async move {
                let n = part.n;
                let set = ctx.collect::<Part>("b", part, &["Part", "Part", "Part"]).await?;
                if set.is_none() && n == 0 && ctx.attempt() == 1 {
                    return Err(StepError::new("after it was put in"));
                }
                Ok(set.map(|_| StopEvent::default()))
            },
        )
        .build()
        .unwrap();
    let end = timed(&workflow).await;
    assert!(end.starts_with("WorkflowTimedOutEvent"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn p45_an_answer_and_the_number_of_the_attempt_outlive_each_other() {
    for fails_before in [false, true] {
        let log = Log::default();
        let told = log.clone();
        let policy = retry().wait(fixed(Duration::from_millis(50))).stop(attempts(3));
        let workflow = Workflow::builder("Wait")
            .additional_event::<HumanResponseEvent>()
            .step_with("s", StepOptions::new().retry(policy), move |_: StartEvent, ctx: Context| {
                let log = told.clone();
                async move {
                    if fails_before && ctx.attempt() == 1 {
                        return Err(StepError::new("before the wait"));
                    }
                    let wait = ctx.wait::<HumanResponseEvent>().asking(InputRequiredEvent::new());
                    let heard = wait.await?;
                    log.add(format!("got/{}", ctx.attempt()));
                    if !fails_before && ctx.attempt() < 3 {
                        return Err(StepError::new("after the wait"));
                    }
                    Ok(StopEvent::new(heard.get::<u32>("n").unwrap_or_default()))
                }
            })
            .build()
            .unwrap();
        let engine = paused::open(&Home::memory().store(), &workflow).await;
        engine.start(start()).await.unwrap();
        paused::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
        engine.send("h", raw::<HumanResponseEvent>(&json!({ "n": 5 })), None).await.unwrap();
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":5}\n"), "{text}");
        assert_eq!(text.matches("InputRequiredEvent {}").count(), 1, "{text}");
        assert_eq!(log.text(), if fails_before { "got/2" } else { "got/1 got/2 got/3" });
    }
}

/// Six parts on three workers, whose step has this name.
fn six(step: &str, log: &Log) -> Workflow {
    let log = log.clone();
    Workflow::builder("Order")
        .step("s", |_: StartEvent, _: Context| async { parts(6) })
        .step_with(step, StepOptions::new().workers(3), move |part: Part, ctx: Context| {
            log.add(format!("{}/{}", part.n, ctx.attempt()));
            async move {
                ms(200).await;
                Done { n: part.n }
            }
        })
        .step("j", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap()
}

#[test]
fn p47_what_was_interrupted_runs_again_in_its_order_and_waits_for_a_step_that_is_gone() {
    let log = Log::default();
    let home = Home::memory();
    life(async {
        let engine = paused::open(&home.store(), &six("w", &log)).await;
        engine.start(start()).await.unwrap();
        ms(100).await;
    });
    life(async {
        let engine = paused::open(&home.store(), &six("renamed", &log)).await;
        pass(10).await;
        let reason = engine.parked().into_values().next().unwrap();
        expect!["it has work for steps that the code lacks: w"].assert_eq(&reason);
    });
    life(async {
        let engine = paused::open(&home.store(), &six("w", &log)).await;
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":[0,1,2,3,4,5]}\n"), "{text}");
    });
    // An interruption is not a failure.
    assert_eq!(log.text(), "0/1 1/1 2/1 0/1 1/1 2/1 3/1 4/1 5/1");
}

#[tokio::test(start_paused = true)]
async fn p48_every_run_has_a_whole_budget() {
    let workflow = Workflow::builder("Budget")
        .timeout(Duration::from_secs(1))
        .step("s", |_: StartEvent, _: Context| async {
            ms(400).await;
            StopEvent::new("ok")
        })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    for _ in 0..4 {
        assert_eq!(end_on(&engine).await, r#"StopEvent {"result":"ok"}"#);
    }
}
