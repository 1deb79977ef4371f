//! Bodies that make other calls than before they were interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use expect_test::{Expect, expect};
use stepwell::{BlockingContext, Context, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use stepwell::workflow::GraphCheck;

use crate::kit::{self, Home, Progress};
use crate::lives::{Answer, Ask, Note};
use crate::paused::{life, open, pass, start, until};
use tokio::runtime::Runtime;

type Life = Arc<AtomicU64>;

/// Runs a body until it does nothing more, lets the process die, and runs it again: returns what
/// was published last, or why it was set aside.
fn twice<F, R>(body: F) -> String
where
    F: Fn(u64, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    let lives = Life::default();
    let counted = Arc::clone(&lives);
    let workflow = Workflow::builder("Twice")
        .state::<u64>()
        .step("step", move |_: StartEvent, ctx: Context<u64>| {
            body(counted.fetch_add(1, Ordering::Relaxed), ctx)
        })
        .step("note", |_: Note, _: Context<u64>| async {})
        .step("other", |_: Note, _: Context<u64>| async {})
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Note>()
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    crash_between(&workflow)
}

fn crash_between(workflow: &Workflow) -> String {
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), workflow).await;
        engine.start(start("h")).await.unwrap();
        pass(1).await;
    });
    life(async {
        let engine = open(&home.store(), workflow).await;
        let ended = async || engine.handler("h").await.unwrap().unwrap().status.is_ended();
        until(async || !engine.parked().is_empty() || ended().await).await;
        let aside = engine.parked().into_values().next();
        let end = engine.handler("h").await.unwrap().unwrap().end;
        aside.unwrap_or_else(|| end.unwrap().value.text().to_owned())
    })
}

fn check(told: &str, expected: Expect) {
    expected.assert_eq(told);
}

/// What a body does in its first life when it has made its calls.
async fn die() -> Result<StopEvent, StepError> {
    std::future::pending().await
}

#[test]
fn another_call_at_the_same_place_sets_the_run_aside() {
    let told = twice(|life, ctx| async move {
        if life == 0 {
            ctx.update(|sum| *sum += 1).await?;
            return die().await;
        }
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![[
            r#"step `step` made other calls than before it was interrupted: a sleep instead of an update; needs migration"#
        ]],
    );
}

#[test]
fn another_call_in_a_branch_sets_the_run_aside() {
    let told = twice(|life, ctx| async move {
        let branch = ctx.branch("left").branch("inner");
        if life == 0 {
            branch.sleep(Duration::from_millis(1)).await?;
            return die().await;
        }
        branch.wait::<Answer>().await?;
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: a wait for `Answer` in branch `left/inner` instead of a sleep in branch `left/inner`; needs migration"
        ],
    );
}

#[test]
fn a_wait_for_another_event_sets_the_run_aside() {
    let told = twice(|life, ctx| async move {
        if life == 0 {
            // A body that does more than wait is run again after a crash.
            let wait = ctx.wait::<Answer>().into_future();
            let _ = tokio::time::timeout(Duration::from_secs(3600), wait).await;
        }
        let _ = ctx.wait::<Note>().await?;
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: a wait for `Note` instead of a wait for `Answer`; needs migration"
        ],
    );
}

#[test]
fn another_target_sets_the_run_aside() {
    let told = twice(|life, ctx| async move {
        ctx.send_to(if life == 0 { "note" } else { "other" }, Note { n: 1 }).await?;
        if life == 0 { die().await } else { Ok(StopEvent::default()) }
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: a send of `Note` to step `other` instead of a send of `Note` to step `note`; needs migration"
        ],
    );
}

#[test]
fn fewer_calls_set_the_run_aside() {
    let told = twice(|life, ctx| async move {
        ctx.update(|sum| *sum += 1).await?;
        if life == 0 {
            ctx.update(|sum| *sum += 1).await?;
            return die().await;
        }
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: it returned without that call instead of an update; needs migration"
        ],
    );
}

#[test]
fn fewer_named_calls_set_the_run_aside() {
    let told = twice(|life, ctx| async move {
        if life == 0 {
            let _: u64 = ctx.once("pay", async || Ok::<_, StepError>(1)).await?;
            return die().await;
        }
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: it returned without that call instead of a `once` `pay`; needs migration"
        ],
    );
}

#[test]
fn a_body_that_fails_may_have_made_fewer_calls() {
    let told = twice(|life, ctx| async move {
        if life == 0 {
            ctx.update(|sum| *sum += 1).await?;
            return die().await;
        }
        Err(StepError::new("it is late"))
    });
    assert!(told.contains("it is late"), "{told}");
}

#[test]
fn more_calls_do_no_harm() {
    let told = twice(|life, ctx| async move {
        ctx.update(|sum| *sum += 1).await?;
        if life == 0 {
            return die().await;
        }
        ctx.sleep(Duration::from_millis(1)).await?;
        ctx.update(|sum| *sum += 1).await?;
        Ok(StopEvent::new(*ctx.state()))
    });
    check(&told, expect![[r#"{"result":2}"#]]);
}

#[test]
fn named_calls_may_change_places() {
    let told = twice(|life, ctx| async move {
        let pay = || async { Ok::<_, StepError>(1) };
        if life == 0 {
            let _: u64 = ctx.once("pay", pay).await?;
            ctx.sleep(Duration::from_millis(1)).await?;
            return die().await;
        }
        ctx.sleep(Duration::from_millis(1)).await?;
        let paid: u64 = ctx.once("pay", pay).await?;
        Ok(StopEvent::new(paid))
    });
    check(&told, expect![[r#"{"result":1}"#]]);
}

#[test]
fn a_call_that_was_given_up_need_not_be_made_again() {
    let told = twice(|life, ctx| async move {
        let waiting = ctx.branch("waiting");
        if life == 0 {
            let mut wait = waiting.wait::<Answer>().into_future();
            assert!(futures::FutureExt::now_or_never(&mut wait).is_none());
        }
        ctx.update(|sum| *sum += 1).await?;
        if life == 0 { die().await } else { Ok(StopEvent::new(*ctx.state())) }
    });
    check(&told, expect![[r#"{"result":1}"#]]);
}

#[test]
fn a_body_that_waits_for_what_it_gave_up_before_is_set_aside() {
    let told = twice(|life, ctx| async move {
        let waiting = ctx.branch("waiting");
        let mut wait = waiting.wait::<Answer>().into_future();
        if life == 0 {
            assert!(futures::FutureExt::now_or_never(&mut wait).is_none());
            drop(wait);
            ctx.update(|sum| *sum += 1).await?;
            return die().await;
        }
        wait.await?;
        Ok(StopEvent::default())
    });
    check(
        &told,
        expect![[
            r#"step `step` made other calls than before it was interrupted: it waits for the answer instead of giving up a wait for `Answer` in branch `waiting`; needs migration"#
        ]],
    );
}

#[test]
fn items_that_differ_set_nothing_aside() {
    let told = twice(|life, ctx| async move {
        ctx.stream(Progress { number: life }).await?;
        if life == 0 { die().await } else { Ok(StopEvent::new(life)) }
    });
    check(&told, expect![[r#"{"result":1}"#]]);
}

#[test]
fn a_blocking_body_that_makes_another_call_gives_its_thread_back() {
    let lives = Life::default();
    let (counted, returned) = (Arc::clone(&lives), Arc::new(AtomicU64::new(0)));
    let tells = Arc::clone(&returned);
    let workflow = Workflow::builder("Blocking")
        .state::<u64>()
        .blocking_step(
            "step",
            StepOptions::new(),
            move |_: StartEvent, ctx: BlockingContext<u64>| {
                if counted.load(Ordering::Relaxed) == 0 {
                    ctx.block_on(ctx.update(|sum| *sum += 1))?;
                    counted.fetch_add(1, Ordering::Relaxed);
                    // Until the process dies.
                    ctx.block_on(ctx.cancelled().cancelled());
                    return Ok(StopEvent::default());
                }
                let ended = ctx.block_on(ctx.sleep(Duration::from_secs(1)));
                tells.fetch_add(1, Ordering::Relaxed);
                ended?;
                Ok::<_, StepError>(StopEvent::default())
            },
        )
        .build()
        .unwrap();
    let home = Home::memory();
    Runtime::new().unwrap().block_on(async {
        let engine = kit::open(&home.store(), &workflow).await;
        engine.start(start("h")).await.unwrap();
        kit::until(async || lives.load(Ordering::Relaxed) == 1).await;
    });
    let told = Runtime::new().unwrap().block_on(async {
        let engine = kit::open(&home.store(), &workflow).await;
        kit::until(async || !engine.parked().is_empty()).await;
        kit::until(async || returned.load(Ordering::Relaxed) == 1).await;
        engine.parked().into_values().next().unwrap()
    });
    check(
        &told,
        expect![
            "step `step` made other calls than before it was interrupted: a sleep instead of an update; needs migration"
        ],
    );
}
