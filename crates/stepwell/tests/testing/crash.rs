//! Crashes that a test asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stepwell::store::Status;
use stepwell::testing::{CrashPoint, TestKit};
use stepwell::{Context, Event, StepError, StopEvent, Workflow};

use crate::flows::{
    Approve, Bank, DAY, HOUR, Progress, buying, human, linear, order, sleeping, yes,
};

#[tokio::test]
async fn a_run_that_waits_for_a_person_goes_on_after_a_crash() {
    let mut t = TestKit::new(human()).await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.crash_and_recover().await;
    t.send(&run, yes()).await;
    t.result::<StopEvent>(&run).await.unwrap();
    t.assert_executions("ask", 1);
    t.assert_executions("act", 1);
}

#[tokio::test]
async fn a_body_that_waits_runs_again_after_a_crash() {
    let bank = Bank::default();
    let mut t = TestKit::new(buying(&bank)).await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.crash_and_recover().await;
    t.until_idle(&run).await;
    t.crash_and_recover().await;
    t.send(&run, yes()).await;
    t.result::<StopEvent>(&run).await.unwrap();
    // The one that is parked is not run again before it is answered.
    t.assert_executions("buy", 2);
    assert_eq!(bank.payments(), [7]);
    assert_eq!(t.state::<u64>(&run).await, 7);
}

#[tokio::test]
async fn a_crash_takes_no_time_and_downtime_does() {
    let mut t = TestKit::new(sleeping(HOUR, HOUR)).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    t.crash_and_recover().await;
    assert_eq!(t.now().await, before);
    t.crash_for(DAY).await;
    assert_eq!(t.now().await.since(before), DAY);
    // The first sleep is over; the second begins late.
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.now().await.since(before), DAY + HOUR);
}

/// Does three things to the world outside; each is a moment to crash at.
fn acting(acts: &Arc<AtomicU64>) -> Workflow {
    let acts = Arc::clone(acts);
    Workflow::builder("Acting")
        .step("act", move |_: crate::flows::Order, ctx: Context| {
            let acts = Arc::clone(&acts);
            async move {
                for number in 0..3 {
                    acts.fetch_add(1, Ordering::Relaxed);
                    ctx.stream(Progress { number }).await?;
                    ctx.update(|_| ()).await?;
                }
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn nothing_goes_on_in_a_process_that_has_crashed() {
    // The start is write 1; each update is a write.
    for write in 2..5 {
        for point in [CrashPoint::Before(write), CrashPoint::After(write)] {
            let acts = Arc::default();
            let kit = TestKit::builder().workflow("it", acting(&acts)).crash_at(point);
            let mut t = kit.open().await;
            let run = t.start(order()).await;
            t.result::<StopEvent>(&run).await.unwrap();
            t.assert_executions("act", 2);
            let first_life = acts.load(Ordering::Relaxed) - 3;
            assert_eq!(first_life, write as u64 - 1, "{point}");
        }
    }
}

#[tokio::test]
async fn tasks_of_bodies_die_with_the_process() {
    #[derive(Event)]
    struct Left {}
    struct Guard(Arc<AtomicU64>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicU64::new(0));
    let guards = Arc::clone(&dropped);
    let workflow = Workflow::builder("Leaving")
        .additional_event::<Left>()
        .step("leave", move |_: crate::flows::Order, ctx: Context| {
            let (task, body) = (Guard(Arc::clone(&guards)), Guard(Arc::clone(&guards)));
            async move {
                tokio::spawn(async move {
                    let _task = task;
                    std::future::pending::<()>().await;
                });
                let _body = body;
                ctx.wait::<Left>().await?;
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
    t.crash_and_recover().await;
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
    t.send(&run, Left {}).await;
    t.result::<StopEvent>(&run).await.unwrap();
    drop(t);
    assert_eq!(dropped.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn what_was_asked_for_takes_effect_once_whenever_the_process_crashes() {
    for write in 1..=8 {
        for point in [CrashPoint::Before(write), CrashPoint::After(write)] {
            let kit = TestKit::builder().workflow("it", human()).crash_at(point);
            let mut t = kit.open().await;
            let (one, two) = (t.start(order()).await, t.start(order()).await);
            t.send(&one, yes()).await;
            t.cancel(&two).await;
            t.result::<StopEvent>(&one).await.unwrap();
            assert_eq!(t.state::<u64>(&one).await, 1, "{point}");
            assert_eq!(t.status(&two).await, Status::Cancelled, "{point}");
        }
    }
}

#[tokio::test]
async fn resources_are_made_again_after_a_crash() {
    struct Connection(u64);
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let workflow = Workflow::builder("Connected")
        .state::<u64>()
        .resource_with(move |_| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, StepError>(Connection(number)) }
        })
        .step("ask", |order: crate::flows::Order, ctx: Context<u64>| async move {
            ctx.resource::<Connection>().await?;
            Ok::<_, StepError>(Approve { order: order.id })
        })
        .step("act", |_: crate::flows::Decision, ctx: Context<u64>| async move {
            let connection = ctx.resource::<Connection>().await?;
            Ok::<_, StepError>(StopEvent::new(connection.0))
        })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.crash_and_recover().await;
    t.send(&run, yes()).await;
    let stop: StopEvent = t.result(&run).await.unwrap();
    assert_eq!(stop.result, 1);
}

#[tokio::test]
async fn a_crash_between_any_two_calls_changes_nothing() {
    for crash_after in 0..4 {
        let mut t = TestKit::new(linear()).await;
        let run = t.start(order()).await;
        for call in 0..4 {
            if call == crash_after {
                t.crash_and_recover().await;
            }
            if call < 2 {
                assert_eq!(t.expect::<Progress>(&run).await.number, call + 1);
            }
        }
        assert_eq!(t.outcome(&run).await.state, 2);
    }
}
