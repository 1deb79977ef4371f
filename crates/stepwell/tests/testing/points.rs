//! Scenarios that come out the same wherever the process crashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell::retry::{attempts, fixed, retry};
use stepwell::testing::TestKit;
use stepwell::{Context, Event, RunError, StepError, StepFailed, StepOptions, StopEvent, Workflow};

use crate::flows::{Approve, Bank, DAY, Decision, HOUR, MINUTE, Order, Priced, Progress};
use crate::flows::{buying, human, linear, order, sleeping, yes};

#[tokio::test]
async fn linear_runs() {
    let report = TestKit::for_every_crash_point(linear, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        let outcome = t.outcome(&run).await;
        assert_eq!(outcome.state, 2);
        outcome
    });
    let report = report.await;
    assert_eq!((report.crashes, report.missed.len()), (2 * report.writes, 0));
}

#[tokio::test]
async fn a_person_answers_in_another_step() {
    let scenario = async |t: &mut TestKit| {
        let run = t.start(order()).await;
        let asked: Approve = t.expect(&run).await;
        t.advance(7 * DAY).await;
        t.send(&run, Decision { order: asked.order, ok: true }).await;
        t.outcome(&run).await
    };
    TestKit::for_every_crash_point(human, scenario).await;
}

#[tokio::test]
async fn a_person_answers_a_step_that_waits() {
    for answers in [true, false] {
        let bank = Bank::default();
        let scenario = async |t: &mut TestKit| {
            let run = t.start(order()).await;
            t.expect::<Approve>(&run).await;
            if answers {
                t.send(&run, yes()).await;
            }
            t.outcome(&run).await
        };
        // Each run has keys of its own, so the bank is a new one each time.
        let make = || buying(&Bank::default());
        TestKit::for_every_crash_point(make, scenario).await;
        let rerun = || TestKit::builder().workflow("it", buying(&bank)).always_rerun();
        TestKit::for_every_crash_point(rerun, async |t: &mut TestKit| scenario(t).await.state)
            .await;
    }
}

#[tokio::test]
async fn what_is_done_once_is_paid_once() {
    let bank = std::cell::RefCell::new(Bank::default());
    let make = || {
        bank.replace(Bank::default());
        buying(&bank.borrow())
    };
    let scenario = async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.expect::<Approve>(&run).await;
        t.send(&run, yes()).await;
        let stop: StopEvent = t.result(&run).await.unwrap();
        (stop.result, bank.borrow().payments())
    };
    let report = TestKit::for_every_crash_point(make, scenario).await;
    assert_eq!(report.outcome, (7.into(), vec![7]));
}

#[tokio::test]
async fn sleeps() {
    let make = || sleeping(7 * DAY, HOUR);
    let report = TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let begin = t.now().await;
        let run = t.start(order()).await;
        (t.outcome(&run).await, t.now().await.since(begin))
    });
    assert_eq!(report.await.outcome.1, 7 * DAY + HOUR);
}

#[tokio::test]
async fn sleeps_beside_each_other_and_the_first_of_two() {
    let make = || {
        Workflow::builder("Racing")
            .step("race", |_: Order, ctx: Context| async move {
                let (left, right) = (ctx.branch("left"), ctx.branch("right"));
                tokio::try_join!(left.sleep(DAY), right.sleep(HOUR))?;
                let first = tokio::select! {
                    slept = left.sleep(MINUTE) => slept.map(|()| "left"),
                    slept = right.sleep(DAY) => slept.map(|()| "right"),
                };
                Ok::<_, StepError>(StopEvent::new(first?))
            })
            .build()
            .unwrap()
    };
    let report = TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let begin = t.now().await;
        let run = t.start(order()).await;
        (t.outcome(&run).await, t.now().await.since(begin))
    });
    assert_eq!(report.await.outcome.1, DAY + MINUTE);
}

/// Fails twice after it has counted, then ends; counts bodies too.
fn flaky(atomic: bool) -> Workflow {
    let options = StepOptions::new().retry(retry().wait(fixed(HOUR)).stop(attempts(3)));
    let options = if atomic { options.atomic() } else { options };
    Workflow::builder("Flaky")
        .state::<u64>()
        .step_with("try", options, |_: Order, ctx: Context<u64>| async move {
            let attempt = u64::from(ctx.attempt());
            ctx.stream(Progress { number: attempt }).await?;
            let count = ctx
                .update(|count| {
                    *count += 1;
                    *count
                })
                .await?;
            let seen = ctx.failures().len() as u64;
            if attempt < 3 {
                Err(StepError::new("no"))
            } else {
                Ok(StopEvent::new(vec![count, seen]))
            }
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn retries() {
    for (atomic, count) in [(false, 3), (true, 1)] {
        let report = TestKit::for_every_crash_point(
            || flaky(atomic),
            async |t: &mut TestKit| {
                let begin = t.now().await;
                let run = t.start(order()).await;
                let outcome = t.outcome(&run).await;
                (outcome.events, outcome.state, t.now().await.since(begin))
            },
        );
        let (events, state, took) = report.await.outcome;
        assert_eq!((events.len(), state, took), (4, count.into(), 2 * HOUR));
    }
}

#[tokio::test]
async fn failures_that_are_caught_and_runs_that_fail() {
    let make = || {
        Workflow::builder("Caught")
            .state::<u64>()
            .step("price", |order: Order, ctx: Context<u64>| async move {
                ctx.update(|count| *count += 1).await?;
                match order.id {
                    0 => Ok(Priced { id: 0, price: 0 }),
                    _ => Err(StepError::new("no price")),
                }
            })
            .catch(
                "free",
                ["price"],
                1,
                |failed: StepFailed<Order>, ctx: Context<u64>| async move {
                    ctx.update(|count| *count += 10).await?;
                    Ok::<_, StepError>(Priced { id: failed.input.id, price: 0 })
                },
            )
            .step("thank", |priced: Priced, _: Context<u64>| async move {
                match priced.id {
                    1 => Ok(StopEvent::new(priced.price)),
                    _ => Err(StepError::new("no thanks")),
                }
            })
            .build()
            .unwrap()
    };
    TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let (one, two) = (t.start(order()).await, t.start(Order { id: 2 }).await);
        let stop: StopEvent = t.result(&one).await.unwrap();
        let error = t.result::<StopEvent>(&two).await.unwrap_err();
        assert_eq!(error.to_string(), "step `thank` failed: no thanks");
        (stop.result, t.outcome(&one).await, t.outcome(&two).await)
    })
    .await;
}

#[tokio::test]
async fn cancels_and_timeouts() {
    let make = || {
        Workflow::builder("Hanging")
            .timeout(HOUR)
            .state::<u64>()
            .step("hang", |_: Order, ctx: Context<u64>| async move {
                ctx.update(|count| *count += 1).await?;
                std::future::pending::<Result<StopEvent, StepError>>().await
            })
            .build()
            .unwrap()
    };
    TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let (one, two) = (t.start(order()).await, t.start(order()).await);
        t.advance(MINUTE).await;
        t.cancel(&one).await;
        let cancelled = t.result::<StopEvent>(&one).await.unwrap_err();
        assert!(matches!(cancelled, RunError::Cancelled));
        let late = t.result::<StopEvent>(&two).await.unwrap_err();
        assert!(matches!(late, RunError::TimedOut { .. }), "{late}");
        (t.outcome(&one).await, t.outcome(&two).await)
    })
    .await;
}

#[tokio::test]
async fn runs_beside_each_other() {
    let make = || TestKit::builder().workflow("human", human()).workflow("slow", slow());
    TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let human = t.start_workflow("human", order()).await;
        let slow = t.start_workflow("slow", order()).await;
        t.expect::<Approve>(&human).await;
        t.advance(HOUR).await;
        t.send(&human, yes()).await;
        (t.outcome(&human).await, t.outcome(&slow).await)
    })
    .await;
}

fn slow() -> Workflow {
    sleeping(Duration::from_millis(1), DAY)
}

#[derive(Event)]
struct Half {
    id: u64,
}

#[tokio::test]
async fn what_is_sent_and_collected() {
    let make = || {
        Workflow::builder("Collecting")
            .state::<u64>()
            .step("split", |_: Order, ctx: Context<u64>| async move {
                for id in 0..3 {
                    ctx.send(Half { id }).await?;
                }
                Ok::<Option<Half>, StepError>(None)
            })
            .step("join", |half: Half, ctx: Context<u64>| async move {
                ctx.update(|sum| *sum += half.id).await?;
                let all = ctx.collect::<Half>("all", half, &["Half", "Half", "Half"]).await?;
                let sum = |all: Vec<Half>| all.iter().map(|half| half.id).sum::<u64>();
                Ok::<_, StepError>(all.map(|all| StopEvent::new(sum(all))))
            })
            .build()
            .unwrap()
    };
    let report = TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.outcome(&run).await
    });
    assert_eq!(report.await.outcome.state, 3);
}

#[tokio::test]
async fn the_make_function_is_called_for_each_crash() {
    let made = Arc::new(AtomicU64::new(0));
    let make = || {
        made.fetch_add(1, Ordering::Relaxed);
        human()
    };
    let report = TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
        let run = t.start(order()).await;
        t.cancel(&run).await;
    });
    let report = report.await;
    assert_eq!(made.load(Ordering::Relaxed) as usize, 1 + report.crashes);
}
