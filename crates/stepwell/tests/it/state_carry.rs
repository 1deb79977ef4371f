//! What becomes of the state: in attempts that fail, and from run to run of one handler.

use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::engine::Start;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::store::Status;
use stepwell::{Context, Engine, Join, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::deaths::{Survived, through_deaths};
use crate::kit::{Home, on_each_store, open, soon};
use crate::parts::{Done, Log, Part, end, end_on, parts, raw, start};
use crate::paused;

fn tried(most: u32) -> StepOptions {
    StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(most)))
}

on_each_store! {
    ss_12_updates_of_an_attempt_that_fails_stay,
    ss_12_updates_of_an_atomic_attempt_that_fails_are_undone,
    ss_8_an_atomic_step_keeps_others_from_the_state_until_it_ends,
    an_update_of_an_atomic_step_may_look_at_the_state,
    two_updates_at_once_in_an_atomic_step_both_count,
    rn_7_the_next_run_of_a_handler_has_the_state_and_nothing_else,
    sv_2_a_run_that_failed_leaves_its_state_to_the_next,
}

/// Adds one in each of three attempts, the last of which works, and tells what it has seen.
fn adding(options: StepOptions) -> Workflow {
    Workflow::builder("Adding")
        .state::<Vec<u32>>()
        .step_with("add", options, |_: StartEvent, ctx: Context<Vec<u32>>| async move {
            for _ in 0..2 {
                ctx.update(|adds| adds.push(ctx.attempt())).await?;
            }
            let now = ctx.state().len();
            if ctx.attempt() < 3 {
                return Err(StepError::new("no"));
            }
            Ok(Part { n: u32::try_from(now).unwrap() })
        })
        .step("end", |part: Part, ctx: Context<Vec<u32>>| async move {
            StopEvent::new(json!([part.n, *ctx.state()]))
        })
        .build()
        .unwrap()
}

async fn ss_12_updates_of_an_attempt_that_fails_stay(home: Home) {
    expect![[r#"StopEvent {"result":[6,[1,1,2,2,3,3]]}"#]]
        .assert_eq(&end(&home, &adding(tried(3))).await);
}

async fn ss_12_updates_of_an_atomic_attempt_that_fails_are_undone(home: Home) {
    expect![[r#"StopEvent {"result":[2,[3,3]]}"#]]
        .assert_eq(&end(&home, &adding(tried(3).atomic())).await);
}

async fn ss_8_an_atomic_step_keeps_others_from_the_state_until_it_ends(home: Home) {
    // Each reads the state, lets all others have their turn, and writes what it read plus one.
    let workflow = Workflow::builder("Atomic")
        .state::<u32>()
        .step("split", |_: StartEvent, _: Context<u32>| async { parts(8) })
        .step_with(
            "work",
            StepOptions::new().atomic(),
            |part: Part, ctx: Context<u32>| async move {
                let before = ctx.update(|sum| *sum).await?;
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                ctx.update(|sum| *sum = before + 1).await?;
                Ok::<_, StepError>(Done { n: part.n })
            },
        )
        .step(
            "merge",
            |_: Join<Done>, ctx: Context<u32>| async move { StopEvent::new(*ctx.state()) },
        )
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":8}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn an_update_of_an_atomic_step_may_look_at_the_state(home: Home) {
    let options = StepOptions::new().atomic();
    let workflow = Workflow::builder("Atomic")
        .state::<u32>()
        .step_with("work", options, |_: StartEvent, ctx: Context<u32>| async move {
            for _ in 0..3 {
                ctx.update(|sum| *sum = *ctx.state() + 1).await?;
            }
            Ok::<_, StepError>(StopEvent::new(*ctx.state()))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":3}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn two_updates_at_once_in_an_atomic_step_both_count(home: Home) {
    let options = || StepOptions::new().atomic();
    let workflow = Workflow::builder("Atomic")
        .state::<u32>()
        .step("split", |_: StartEvent, _: Context<u32>| async { parts(3) })
        .step_with("work", options(), |part: Part, ctx: Context<u32>| async move {
            let (left, right) = (ctx.branch("left"), ctx.branch("right"));
            tokio::try_join!(left.update(|sum| *sum += 1), right.update(|sum| *sum += 1))?;
            Ok::<_, StepError>(Done { n: part.n })
        })
        .step(
            "merge",
            |_: Join<Done>, ctx: Context<u32>| async move { StopEvent::new(*ctx.state()) },
        )
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":6}"#]].assert_eq(&end(&home, &workflow).await);
}

/// Six parts on two workers; the start says what becomes of the first two: they do their work,
/// or one of them fails, or both hang.
fn leaving_over(log: &Log) -> Workflow {
    let log = log.clone();
    Workflow::builder("Leaving")
        .state::<u32>()
        .timeout(Duration::from_secs(5))
        .step("split", |start: StartEvent, ctx: Context<u32>| async move {
            ctx.update(|runs| *runs += 1).await?;
            let way = start.get::<u32>("way").unwrap_or_default();
            Ok::<_, StepError>((0..6).map(|n| Part { n: 10 * way + n }).collect::<Vec<_>>())
        })
        .step_with("work", StepOptions::new().workers(2), move |part: Part, ctx: Context<u32>| {
            log.add(format!("{}:{}", *ctx.state(), part.n));
            async move {
                match part.n {
                    11 => Err(StepError::new("way 1: failed")),
                    10 | 20 | 21 => std::future::pending().await,
                    n => Ok(Done { n }),
                }
            }
        })
        .step("merge", |done: Join<Done>, ctx: Context<u32>| async move {
            StopEvent::new(vec![usize::try_from(*ctx.state()).unwrap(), done.len()])
        })
        .build()
        .unwrap()
}

/// Runs it once for each of these ways; the last run must work its own parts and no others.
async fn runs_nothing_left_over(engine: &Engine, log: &Log, ways: &[(u32, Status)]) {
    for (way, status) in ways {
        let input = raw::<StartEvent>(&json!({ "way": way }));
        let record = soon(engine.start_and_wait(Start { input, ..start() })).await.unwrap();
        assert_eq!(record.status, *status);
    }
    let log = log.text();
    let of_last = format!("{}:", ways.len());
    let mut of_last: Vec<&str> = log.split(' ').filter(|it| it.starts_with(&of_last)).collect();
    of_last.sort_unstable();
    of_last.dedup();
    assert_eq!(of_last, [0, 1, 2, 3, 4, 5].map(|n| format!("{}:{n}", ways.len())));
}

async fn rn_7_the_next_run_of_a_handler_has_the_state_and_nothing_else(home: Home) {
    let log = Log::default();
    let engine = open(&home.store(), &leaving_over(&log)).await;
    let ways = [(1, Status::Failed), (1, Status::Failed), (0, Status::Completed)];
    runs_nothing_left_over(&engine, &log, &ways).await;
}

#[tokio::test(start_paused = true)]
async fn rn_7_nor_is_anything_left_of_a_run_that_timed_out() {
    let log = Log::default();
    let engine = paused::open(&Home::memory().store(), &leaving_over(&log)).await;
    let ways = [(2, Status::TimedOut), (1, Status::Failed), (0, Status::Completed)];
    runs_nothing_left_over(&engine, &log, &ways).await;
}

async fn sv_2_a_run_that_failed_leaves_its_state_to_the_next(home: Home) {
    let workflow = Workflow::builder("Counting")
        .state::<u32>()
        .step("count", |_: StartEvent, ctx: Context<u32>| async move {
            let count = ctx.update(|count| {
                *count += 1;
                *count
            });
            let count = count.await?;
            if count < 3 { Err(StepError::new("no")) } else { Ok(StopEvent::new(count)) }
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    for status in [Status::Failed, Status::Failed, Status::Completed] {
        let record = soon(engine.start_and_wait(start())).await.unwrap();
        assert_eq!(record.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn to_7_every_run_of_a_handler_has_its_whole_time() {
    let workflow = Workflow::builder("Napping")
        .timeout(Duration::from_secs(10))
        .step("nap", |_: StartEvent, _: Context| async {
            paused::pass(4).await;
            StopEvent::default()
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = paused::open(&home.store(), &workflow).await;
    for _ in 0..4 {
        assert_eq!(end_on(&engine).await, "StopEvent {}");
    }
}

#[test]
fn a_state_counts_every_attempt_once_through_deaths() {
    for (options, expected) in [
        (tried(3), r#"StopEvent {"result":[6,[1,1,2,2,3,3]]}"#),
        (tried(3).atomic(), r#"StopEvent {"result":[2,[3,3]]}"#),
    ] {
        let check = |(), survived: Survived| assert_eq!(survived.end, expected, "{survived:?}");
        through_deaths(Home::memory, || (adding(options.clone()), ()), check);
        through_deaths(Home::sqlite, || (adding(options.clone()), ()), check);
    }
}
