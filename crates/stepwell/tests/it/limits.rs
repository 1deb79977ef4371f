//! Limits of time: of an attempt, of its silence, of a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{Wait, attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::{
    Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StepError, StepOptions, StopEvent,
    Workflow,
};

use crate::kit::{self, Home, on_each_store, soon, stream_text};
use crate::parts::{end, start, timed};
use crate::paused::{event, life, open, pass, status, until};

const SECOND: Duration = Duration::from_secs(1);

on_each_store! {
    a_run_may_have_all_time_that_there_is,
}

async fn a_run_may_have_all_time_that_there_is(home: Home) {
    let builder = Workflow::builder("Asking").timeout(Duration::MAX).deadline(Duration::MAX);
    let engine = kit::open(&home.store(), &asking(builder, 0)).await;
    engine.start(start()).await.unwrap();
    kit::until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {}\n"), "{text}");
}

/// One step with these options.
fn limited<F, R>(options: StepOptions, body: F) -> Workflow
where
    F: Fn(StartEvent, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("Limited")
        .state::<u64>()
        .additional_event::<HumanResponseEvent>()
        .step_with("step", options, body)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_runs_longer_than_it_may_fails() {
    let workflow = limited(StepOptions::new().timeout(5 * SECOND), |_, _| std::future::pending());
    expect![[r#"WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"the attempt ran longer than 5s","exception_type":"StepTimeout"},"step_name":"step"} after 5s"#]]
        .assert_eq(&timed(&workflow).await);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_its_own_time() {
    let policy = retry().wait(fixed(10 * SECOND)).stop(attempts(3));
    let options = StepOptions::new().timeout(5 * SECOND).retry(policy);
    let workflow = limited(options, |_, ctx| async move {
        if ctx.attempt() < 3 {
            std::future::pending::<()>().await;
        }
        crate::paused::rest(4 * SECOND).await;
        let failures: Vec<_> = ctx.failures().iter().map(|it| it.failure.kind.clone()).collect();
        Ok(StopEvent::new(json!([failures, ctx.elapsed().as_secs()])))
    });
    expect![[r#"StopEvent {"result":[["StepTimeout","StepTimeout"],30]} after 34s"#]]
        .assert_eq(&timed(&workflow).await);
}

#[tokio::test]
async fn an_attempt_that_never_rests_is_stopped_all_the_same() {
    let options = StepOptions::new().timeout(Duration::from_millis(5));
    let workflow = limited(options, |_, _| async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let end = end(&Home::memory(), &workflow).await;
    assert!(end.contains("StepTimeout"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_all_time_is_none() {
    let options = StepOptions::new().timeout(Duration::MAX).heartbeat(Duration::MAX);
    let workflow = limited(options, |_, _| async {
        crate::paused::rest(SECOND).await;
        Ok(StopEvent::default())
    });
    expect!["StopEvent {} after 1s"].assert_eq(&timed(&workflow).await);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_gives_no_sign_of_life_fails_and_one_that_does_goes_on() {
    let workflow = limited(StepOptions::new().heartbeat(5 * SECOND), |_, ctx| async move {
        for _ in 0..4 {
            crate::paused::rest(4 * SECOND).await;
            ctx.heartbeat();
        }
        std::future::pending().await
    });
    expect![[r#"WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"the attempt gave no sign of life for 5s","exception_type":"StepTimeout"},"step_name":"step"} after 21s"#]]
        .assert_eq(&timed(&workflow).await);
}

#[tokio::test(start_paused = true)]
async fn the_time_in_which_an_attempt_only_waits_does_not_count() {
    for options in
        [StepOptions::new().timeout(5 * SECOND), StepOptions::new().heartbeat(5 * SECOND)]
    {
        let workflow = limited(options, |_, ctx| async move {
            for _ in 0..2 {
                ctx.sleep(100 * SECOND).await?;
                crate::paused::rest(2 * SECOND).await;
            }
            ctx.heartbeat();
            std::future::pending().await
        });
        let end = timed(&workflow).await;
        let took = if end.contains("no sign of life") { "after 209s" } else { "after 205s" };
        assert!(end.contains("StepTimeout") && end.ends_with(took), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_that_times_out_is_caught() {
    let policy = retry().wait(Wait::none()).stop(attempts(2));
    let options = StepOptions::new().timeout(SECOND).retry(policy);
    let workflow = Workflow::builder("Caught")
        .step_with("hang", options, |_: StartEvent, _: Context| std::future::pending::<StopEvent>())
        .catch(
            "late",
            ["hang"],
            1,
            |failed: stepwell::StepFailed<StartEvent>, _: Context| async move {
                StopEvent::new(format!(
                    "{} {} {:?}",
                    failed.error.kind(),
                    failed.attempts,
                    failed.elapsed
                ))
            },
        )
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":"StepTimeout 2 2s"} after 2s"#]]
        .assert_eq(&timed(&workflow).await);
}

#[test]
fn time_before_a_crash_does_not_count_against_the_attempt() {
    let lives = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&lives);
    let workflow = limited(StepOptions::new().timeout(5 * SECOND), move |_, ctx| {
        let life = seen.fetch_add(1, Ordering::Relaxed);
        async move {
            crate::paused::rest(4 * SECOND).await;
            if life == 0 {
                std::future::pending::<()>().await;
            }
            Ok(StopEvent::new(ctx.attempt()))
        }
    });
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        crate::paused::rest(4_500 * Duration::from_millis(1)).await;
    });
    life(async {
        let engine = open(&home.store(), &workflow).await;
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":1}\n"), "{text}");
    });
    assert_eq!(lives.load(Ordering::Relaxed), 2);
}

/// Asks, waits, and is busy for so long.
fn asking(builder: stepwell::workflow::Builder, busy: u64) -> Workflow {
    builder
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("hear", move |_: HumanResponseEvent, _: Context| async move {
            pass(busy).await;
            StopEvent::default()
        })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn to_1_time_in_which_a_run_waits_does_not_count_as_busy() {
    let home = Home::memory();
    let workflow = asking(Workflow::builder("Asking").timeout(10 * SECOND), 9);
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1000).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(10).await;
    assert_eq!(status(&engine, "h").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn to_1_a_run_that_is_busy_longer_than_it_may_times_out() {
    let home = Home::memory();
    let workflow = asking(Workflow::builder("Asking").timeout(10 * SECOND), 11);
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1000).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(9).await;
    assert_eq!(status(&engine, "h").await, Status::Running);
    pass(2).await;
    assert_eq!(status(&engine, "h").await, Status::TimedOut);
    let text = stream_text(&engine, "h").await;
    assert!(
        text.ends_with("WorkflowTimedOutEvent {\"active_steps\":[\"hear\"],\"timeout\":10.0}\n"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_counts_the_time_in_which_a_run_waits() {
    let home = Home::memory();
    let workflow = asking(Workflow::builder("Asking").deadline(1000 * SECOND), 0);
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(999).await;
    assert_eq!(status(&engine, "h").await, Status::Running);
    until(async || status(&engine, "h").await == Status::TimedOut).await;
    let text = stream_text(&engine, "h").await;
    assert!(
        text.ends_with("WorkflowTimedOutEvent {\"active_steps\":[],\"timeout\":1000.0}\n"),
        "{text}"
    );
}

#[test]
fn a_deadline_counts_the_time_in_which_no_process_is_there() {
    let home = Home::memory();
    let workflow = asking(Workflow::builder("Asking").deadline(100 * SECOND), 0);
    life(async {
        let engine = open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        pass(1).await;
    });
    life(async {
        let engine = open(&home.store(), &workflow).await;
        // Every life begins at the same moment.
        pass(99).await;
        assert_eq!(status(&engine, "h").await, Status::Running);
        pass(2).await;
        assert_eq!(status(&engine, "h").await, Status::TimedOut);
    });
}
