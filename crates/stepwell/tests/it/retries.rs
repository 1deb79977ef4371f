//! Attempts: how many, when, and what each knows of the ones before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use expect_test::expect;
use serde_json::{Value, json};
use stepwell::retry::{
    Attempted, FailureView, Jitter, RetryPolicy, Verdict, Wait, after_delay, attempts,
    before_delay, chain, exponential, fixed, message_is, retry, seed,
};
use stepwell::store::Status;
use stepwell::{
    Context, InputRequiredEvent, Join, StartEvent, StepError, StepOptions, StopEvent, Workflow,
};

use crate::kit::{Home, on_each_store, open, soon, stream_text, until};
use crate::parts::{Done, Log, Part, end, end_on, parts, start, timed};
use crate::paused;
use crate::spy::Spy;

const SECOND: Duration = Duration::from_secs(1);

/// One step that fails `failures` times and then tells what it knows.
fn flaky(options: StepOptions, failures: u32) -> Workflow {
    Workflow::builder("Flaky")
        .step_with("step", options, move |_: StartEvent, ctx: Context| async move {
            if ctx.attempt() <= failures {
                return Err(StepError::new(format!("e{}", ctx.attempt())));
            }
            let before = ctx.failures().iter();
            let before: Vec<_> =
                before.map(|it| format!("{} {}", it.attempt, it.failure.message)).collect();
            Ok(StopEvent::new(json!([ctx.attempt(), before, ctx.elapsed().as_secs_f64()])))
        })
        .build()
        .unwrap()
}

fn policy(policy: impl Into<RetryPolicy>) -> StepOptions {
    StepOptions::new().retry(policy)
}

on_each_store! {
    ry_1_without_a_policy_the_first_failure_is_final,
    ry_3_a_stop_counts_attempts_in_all,
    ry_8_an_item_that_is_tried_again_goes_before_those_that_were_never_begun,
    a_fatal_error_is_final_whatever_the_policy_says,
    a_delay_beyond_all_time_never_ends_and_the_run_can_be_cancelled,
}

async fn ry_1_without_a_policy_the_first_failure_is_final(home: Home) {
    expect![[r#"WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"e1","exception_type":"StepError"},"step_name":"step"}"#]]
        .assert_eq(&end(&home, &flaky(StepOptions::new(), 1)).await);
}

async fn ry_3_a_stop_counts_attempts_in_all(home: Home) {
    let three = || policy(retry().wait(Wait::none()).stop(attempts(3)));
    let engine = open(&home.store(), &flaky(three(), 3)).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    let text = text.split("\"elapsed_seconds\"").next().unwrap();
    expect![[r#"
        0 [step running]
        1 [step failed]
        2 [step running]
        3 [step failed]
        4 [step running]
        5 [step failed]
        6 WorkflowFailedEvent {"attempts":3,"#]]
    .assert_eq(text);
    let engine = open(&home.store(), &flaky(three(), 2)).await;
    let end = end_on(&engine).await;
    assert!(end.contains(r#"[3,["1 e1","2 e2"],"#), "{end}");
}

async fn ry_8_an_item_that_is_tried_again_goes_before_those_that_were_never_begun(home: Home) {
    let log = Log::default();
    let told = log.clone();
    let options = policy(retry().wait(Wait::none()).stop(attempts(2))).workers(1);
    let workflow = Workflow::builder("Queue")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step_with("work", options, move |part: Part, ctx: Context| {
            told.add(format!("{}/{}", part.n, ctx.attempt()));
            async move {
                let fails = part.n == 0 && ctx.attempt() == 1;
                if fails { Err(StepError::new("no")) } else { Ok(Done { n: part.n }) }
            }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0,1,2]}"#]].assert_eq(&end(&home, &workflow).await);
    if !home.is_faulty() {
        assert_eq!(log.text(), "0/1 0/2 1/1 2/1");
    }
}

async fn a_fatal_error_is_final_whatever_the_policy_says(home: Home) {
    let workflow = Workflow::builder("Fatal")
        .step_with("step", policy(attempts(9)), |_: StartEvent, _: Context| async {
            Err::<StopEvent, _>(StepError::fatal("too young"))
        })
        .build()
        .unwrap();
    let end = end(&home, &workflow).await;
    assert!(end.starts_with(r#"WorkflowFailedEvent {"attempts":1,"#), "{end}");
}

#[tokio::test(start_paused = true)]
async fn ry_5_and_6_delays_come_and_end_as_the_policy_says() {
    let tenths = |n: u32| n * Duration::from_millis(100);
    let chained = chain([fixed(tenths(1)), fixed(tenths(3)), fixed(tenths(5))]);
    let mut told = String::new();
    for (name, policy) in [
        ("defaults", retry()),
        ("chain", retry().wait(chained).stop(attempts(4))),
        ("exponential", retry().wait(exponential(SECOND).max(10 * SECOND)).stop(attempts(7))),
        ("before", retry().wait(fixed(tenths(3))).stop(before_delay(tenths(5)))),
        ("after", retry().wait(fixed(tenths(3))).stop(after_delay(tenths(5)))),
        ("other", retry().on(message_is("not this one"))),
    ] {
        let end = timed(&flaky(StepOptions::new().retry(policy), 99)).await;
        let attempts = end.split("\"attempts\":").nth(1).unwrap().split(',').next().unwrap();
        told += &format!("{name}: {attempts} attempts{}\n", &end[end.rfind(" after").unwrap()..]);
    }
    expect![[r#"
        defaults: 3 attempts after 10s
        chain: 4 attempts after 900ms
        exponential: 7 attempts after 35s
        before: 2 attempts after 300ms
        after: 3 attempts after 600ms
        other: 1 attempts after 0ns
    "#]]
    .assert_eq(&told);
}

#[tokio::test(start_paused = true)]
async fn ry_7_a_failure_always_has_the_same_delay() {
    let jittered = || retry().wait(exponential(SECOND).jitter(Jitter::Full)).stop(attempts(3));
    let home = Home::memory();
    let engine = paused::open(&home.store(), &flaky(policy(jittered()), 2)).await;
    let record = soon(engine.start_and_wait(start())).await.unwrap();
    let end: Value = serde_json::from_str(record.end.unwrap().value.text()).unwrap();
    let expected = [1, 2].map(|failures| {
        let verdict = jittered().verdict(&Attempted {
            elapsed: Duration::ZERO,
            failures,
            failure: FailureView::new("StepError", "e"),
            seed: seed(record.run.as_str(), "step", failures),
        });
        let Verdict::Retry { delay } = verdict else { panic!("{verdict:?}") };
        delay
    });
    let elapsed = Duration::from_secs_f64(end["result"][2].as_f64().unwrap());
    let expected = expected[0] + expected[1];
    let off = elapsed.abs_diff(expected);
    assert!(off < Duration::from_millis(5), "{elapsed:?} instead of {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn ry_8_a_delayed_attempt_holds_no_worker() {
    let log = Log::default();
    let told = log.clone();
    let options = policy(retry().wait(fixed(SECOND * 3 / 2)).stop(attempts(2))).workers(1);
    let workflow = Workflow::builder("Queue")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .step_with("work", options, move |part: Part, ctx: Context| {
            told.add(format!("{}/{}", part.n, ctx.attempt()));
            async move {
                crate::paused::rest(SECOND).await;
                let fails = part.n == 0 && ctx.attempt() == 1;
                if fails { Err(StepError::new("no")) } else { Ok(Done { n: part.n }) }
            }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[1,2,0,3]} after 5s"#]].assert_eq(&timed(&workflow).await);
    assert_eq!(log.text(), "0/1 1/1 2/1 0/2 3/1");
}

#[tokio::test(start_paused = true)]
async fn ry_12_a_run_is_not_idle_while_an_attempt_is_to_come() {
    let home = Home::memory();
    let workflow = Workflow::builder("Later")
        .step_with("step", policy(attempts(2)), |_: StartEvent, ctx: Context| async move {
            let first = ctx.attempt() == 1;
            if first { Err(StepError::new("no")) } else { Ok(InputRequiredEvent::new()) }
        })
        .step("end", |_: stepwell::HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let engine = paused::open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    paused::pass(4).await;
    assert!(!engine.handler("h").await.unwrap().unwrap().idle);
    paused::pass(2).await;
    assert!(engine.handler("h").await.unwrap().unwrap().idle);
}

#[test]
fn ry_9_the_verdict_is_kept_and_the_delay_goes_on_through_a_crash() {
    let asked = Arc::new(AtomicU64::new(0));
    let asking = Arc::clone(&asked);
    let policy = RetryPolicy::custom(move |_| {
        asking.fetch_add(1, Ordering::Relaxed);
        Verdict::Retry { delay: 10 * SECOND }
    });
    let workflow = flaky(StepOptions::new().retry(policy), 1);
    let home = Home::memory();
    paused::life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        paused::pass(5).await;
    });
    paused::life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        // Every life begins at the same moment.
        paused::pass(9).await;
        assert_eq!(paused::status(&engine, "h").await, Status::Running);
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":[2,[\"1 e1\"],10.0]}\n"), "{text}");
    });
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits a day between two attempts.
fn daily() -> StepOptions {
    policy(retry().wait(fixed(DAY)).stop(attempts(3)))
}

async fn out_of_memory_for_two_days(workflow: &Workflow) {
    let (spy, store) = Spy::new();
    let engine = paused::open(&store, workflow).await;
    engine.start(start()).await.unwrap();
    let mut reads = Vec::new();
    for _ in 0..2 {
        paused::pass(DAY.as_secs() - 1).await;
        reads.push(spy.reads.load(Ordering::Relaxed));
        paused::pass(2).await;
        reads.push(spy.reads.load(Ordering::Relaxed));
    }
    let record = engine.handler("h").await.unwrap().unwrap();
    assert_eq!(record.status, Status::Completed, "{record:?}");
    // It was read when its time came, and not before.
    assert!(reads[0] == 0 && reads[1] > 0 && reads[2] == reads[1], "{reads:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_next_attempt_is_tomorrow_leaves_the_memory_and_goes_on_in_time() {
    out_of_memory_for_two_days(&flaky(daily(), 2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_next_attempt_is_tomorrow_leaves_the_memory_though_its_timeout_counts() {
    let workflow = |timeout| {
        Workflow::builder("Daily")
            .timeout(timeout)
            .step_with("step", daily(), move |_: StartEvent, ctx: Context| async move {
                let done = ctx.attempt() == 3;
                if done { Ok(StopEvent::default()) } else { Err(StepError::new("no")) }
            })
            .build()
            .unwrap()
    };
    out_of_memory_for_two_days(&workflow(3 * DAY)).await;

    // And the time that it was out counts.
    let (_, store) = Spy::new();
    let engine = paused::open(&store, &workflow(DAY + 10 * SECOND)).await;
    engine.start(start()).await.unwrap();
    paused::pass(DAY.as_secs() + 9).await;
    assert_eq!(paused::status(&engine, "h").await, Status::Running);
    paused::pass(2).await;
    assert_eq!(paused::status(&engine, "h").await, Status::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_next_attempt_is_near_stays_in_memory() {
    let (spy, store) = Spy::new();
    let near = retry().wait(fixed(SECOND / 2)).stop(attempts(3));
    let engine = paused::open(&store, &flaky(policy(near), 2)).await;
    end_on(&engine).await;
    assert_eq!(spy.reads.load(Ordering::Relaxed), 0);
}

async fn a_delay_beyond_all_time_never_ends_and_the_run_can_be_cancelled(home: Home) {
    let engine = open(&home.store(), &flaky(policy(retry().wait(fixed(Duration::MAX))), 9)).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().next_sequence == 2).await;
    soon(engine.cancel("h")).await.unwrap();
    expect![[r#"
        0 [step running]
        1 [step failed]
        2 WorkflowCancelledEvent {}
    "#]]
    .assert_eq(&stream_text(&engine, "h").await);
}
