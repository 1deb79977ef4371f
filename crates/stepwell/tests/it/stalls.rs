//! Runs in which nothing is left to do although they have not ended.

use std::time::Duration;

use expect_test::expect;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::workflow::{Builder, GraphCheck};
use stepwell::{
    Context, HumanResponseEvent, InputRequiredEvent, OnStall, StartEvent, StepError, StepOptions,
    StopEvent, Workflow,
};

use crate::kit::{Home, on_each_store, open, soon, stream_text};
use crate::parts::{Part, end, parts, start, timed};
use crate::paused::{self, event, pass, status};

on_each_store! {
    a_run_that_waits_for_nothing_fails_if_its_workflow_says_so,
    a_run_with_an_event_that_nobody_takes_fails_as_well,
}

fn failing() -> Builder {
    Workflow::builder("Dead").on_stall(OnStall::Fail)
}

async fn a_run_that_waits_for_nothing_fails_if_its_workflow_says_so(home: Home) {
    let workflow = failing()
        .step("end", |_: StartEvent, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    expect![[r#"WorkflowFailedEvent {"attempts":null,"exception":{"exception_message":"nothing is left to do, no stop event was returned, and nothing that the run waits for can come","exception_type":"Stalled"},"step_name":""}"#]]
        .assert_eq(&end(&home, &workflow).await);
}

async fn a_run_with_an_event_that_nobody_takes_fails_as_well(home: Home) {
    let workflow = failing()
        .additional_event::<Part>()
        .step("send", |_: StartEvent, ctx: Context| async move {
            for part in parts(2) {
                ctx.send(part).await?;
            }
            Ok::<_, StepError>(None::<StopEvent>)
        })
        .step(
            "never",
            |pair: (Part, Part, Part), _: Context| async move { StopEvent::new(pair.0.n) },
        )
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.contains(r#""exception_type":"Stalled""#), "{text}");
}

#[tokio::test(start_paused = true)]
async fn ex_6_by_default_a_run_that_waits_for_nothing_waits() {
    let workflow = Workflow::builder("Dead")
        .timeout(Duration::from_secs(5))
        .step("end", |_: StartEvent, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(100).await;
    let record = engine.handler("h").await.unwrap().unwrap();
    assert!(record.idle && record.status == Status::Running, "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_attempt_or_a_moment_is_not_stalled() {
    let policy = retry().wait(fixed(Duration::from_secs(9))).stop(attempts(2));
    let workflow = failing()
        .step_with(
            "end",
            StepOptions::new().retry(policy),
            |_: StartEvent, ctx: Context| async move {
                if ctx.attempt() == 1 {
                    return Err(StepError::new("no"));
                }
                ctx.sleep(Duration::from_secs(9)).await?;
                Ok(StopEvent::default())
            },
        )
        .build()
        .unwrap();
    expect!["StopEvent {} after 18s"].assert_eq(&timed(&workflow).await);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_an_answer_is_not_stalled() {
    // It has asked; a body waits; its workflow hears what nobody asked for.
    let asking = failing()
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let waiting = failing()
        .additional_event::<HumanResponseEvent>()
        .step("wait", |_: StartEvent, ctx: Context| async move {
            ctx.wait::<HumanResponseEvent>().await?;
            Ok::<_, StepError>(StopEvent::default())
        })
        .build()
        .unwrap();
    let hearing = failing()
        .skip(GraphCheck::DeadEnd)
        .step("begin", |_: StartEvent, _: Context| async { None::<Part> })
        .step("part", |_: Part, _: Context| async {})
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    for workflow in [asking, waiting, hearing] {
        let engine = paused::open(&Home::memory().store(), &workflow).await;
        engine.start(start()).await.unwrap();
        pass(100).await;
        assert_eq!(status(&engine, "h").await, Status::Running);
        engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
        pass(1).await;
        assert_eq!(status(&engine, "h").await, Status::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_to_nothing_stalls_the_run() {
    let workflow = failing()
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("hear", |_: HumanResponseEvent, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(1).await;
    assert_eq!(status(&engine, "h").await, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_only_its_deadline_could_end_is_stalled() {
    let workflow = failing()
        .deadline(Duration::from_secs(100))
        .step("end", |_: StartEvent, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    let end = timed(&workflow).await;
    assert!(end.contains("Stalled") && end.ends_with("after 0ns"), "{end}");
}
