//! The clock of the kit.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use expect_test::expect;
use stepwell::retry::{Stop, attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::testing::TestKit;
use stepwell::{Context, Event, RunError, StepError, StepOptions, StopEvent, Workflow};

use crate::flows::{Approve, Bank, DAY, HOUR, MINUTE, Order, Progress};
use crate::flows::{buying, human, order, sleeping};

/// Longer than anything here should take.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_wait_of_years_takes_no_time() {
    let begin = Instant::now();
    let mut t = TestKit::new(sleeping(10 * 365 * DAY, 7 * DAY)).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.now().await.since(before), (10 * 365 + 7) * DAY);
    assert!(begin.elapsed() < SOON);
}

#[tokio::test]
async fn time_stands_still_until_something_waits_for_it() {
    let mut t = TestKit::new(sleeping(HOUR, HOUR)).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.expect::<Progress>(&run).await;
    t.until_idle(&run).await;
    assert_eq!(t.now().await, before);
    t.expect::<Progress>(&run).await;
    assert_eq!(t.now().await.since(before), HOUR);
}

#[tokio::test]
async fn a_held_clock_goes_on_only_when_it_is_told_to() {
    let workflow = sleeping(HOUR, HOUR);
    let mut t = TestKit::builder().workflow("it", workflow).hold_clock().open().await;
    let run = t.start(order()).await;
    t.advance(HOUR - Duration::from_millis(1)).await;
    assert_eq!(t.events(&run).await.len(), 1);
    t.advance(Duration::from_millis(1)).await;
    assert_eq!(t.events(&run).await.len(), 2);
    t.advance(HOUR).await;
    assert_eq!(t.status(&run).await, Status::Completed);
}

/// Notes when its bodies run, by the runtime's clock, which steps read too.
fn alarms(notes: &Arc<Mutex<Vec<(u64, u64)>>>) -> Workflow {
    let notes = Arc::clone(notes);
    let begin = Arc::new(Mutex::new(None));
    Workflow::builder("Alarms")
        .step("ring", move |order: Order, ctx: Context| {
            let (notes, begin) = (Arc::clone(&notes), Arc::clone(&begin));
            async move {
                let now = tokio::time::Instant::now();
                let began = *begin.lock().unwrap().get_or_insert(now);
                for _ in 0..3 {
                    ctx.sleep(Duration::from_secs(order.id)).await?;
                    let at = tokio::time::Instant::now() - began;
                    notes.lock().unwrap().push((order.id, at.as_secs()));
                }
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_comes_due_while_time_passes_happens_in_order_and_on_time() {
    let notes = Arc::default();
    let mut t = TestKit::new(alarms(&notes)).await;
    for id in [50, 20] {
        t.start(Order { id }).await;
    }
    t.advance(DAY).await;
    let notes = notes.lock().unwrap().clone();
    assert_eq!(notes, [(20, 20), (20, 40), (50, 50), (20, 60), (50, 100), (50, 150)]);
}

#[tokio::test]
async fn waits_run_out() {
    let mut t = TestKit::new(buying(&Bank::default())).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    // Nobody answers.
    let stop: StopEvent = t.result(&run).await.unwrap();
    assert_eq!(stop.result, "declined");
    assert_eq!(t.now().await.since(before), 2 * DAY);
}

#[tokio::test]
async fn a_timeout_does_not_count_the_time_in_which_a_run_waits_for_a_person() {
    let mut t = TestKit::new(human()).await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    t.advance(30 * DAY).await;
    assert_eq!(t.status(&run).await, Status::Running);
}

#[tokio::test]
async fn a_run_that_is_busy_times_out() {
    let hanging = Workflow::builder("Hanging")
        .timeout(HOUR)
        .step("hang", |_: Order, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap();
    let mut t = TestKit::new(hanging).await;
    let run = t.start(order()).await;
    let error = t.result::<StopEvent>(&run).await.unwrap_err();
    assert!(matches!(error, RunError::TimedOut { seconds: 3600.0, .. }), "{error}");
}

/// Fails twice, then tells how long it took.
fn failing(policy: Stop) -> Workflow {
    let options = StepOptions::new().retry(retry().wait(fixed(HOUR)).stop(policy));
    Workflow::builder("Failing")
        .step_with("try", options, |_: Order, ctx: Context| async move {
            if ctx.attempt() < 3 { Err(StepError::new("no")) } else { Ok(hours(&ctx)) }
        })
        .build()
        .unwrap()
}

fn hours(ctx: &Context) -> StopEvent {
    StopEvent::new(ctx.elapsed().as_secs() / 3600)
}

#[tokio::test]
async fn retries_come_when_they_are_due() {
    let mut t = TestKit::new(failing(attempts(5))).await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    t.assert_executions("try", 1);
    t.advance(HOUR).await;
    t.assert_executions("try", 2);
    let stop: StopEvent = t.result(&run).await.unwrap();
    assert_eq!(stop.result, 2);
    t.assert_executions("try", 3);
}

#[derive(Event)]
struct Tick {}

#[tokio::test]
async fn bodies_that_wait_by_tokios_clock_are_waited_for_step_by_step() {
    let workflow = Workflow::builder("Polling")
        .step_with("poll", StepOptions::new().timeout(HOUR), |_: Order, ctx: Context| async move {
            for _ in 0..10 {
                tokio::time::sleep(MINUTE).await;
                ctx.stream(Tick {}).await?;
            }
            Ok::<_, StepError>(StopEvent::default())
        })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.expect::<Tick>(&run).await;
    assert_eq!(t.now().await.since(before).as_secs(), 60);
    t.advance(MINUTE).await;
    t.expect::<Tick>(&run).await;
    assert_eq!(t.now().await.since(before).as_secs(), 120);
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.now().await.since(before).as_secs(), 600);
}

#[tokio::test]
async fn an_attempt_that_hangs_exceeds_its_limit() {
    let workflow = Workflow::builder("Hanging")
        .step_with("hang", StepOptions::new().timeout(MINUTE), |_: Order, _: Context| {
            std::future::pending::<StopEvent>()
        })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let run = t.start(order()).await;
    let error = t.result::<StopEvent>(&run).await.unwrap_err();
    expect!["step `hang` failed: the attempt ran longer than 60s"].assert_eq(&error.to_string());
}

#[tokio::test]
async fn a_step_that_blocks_its_thread_is_waited_for() {
    let workflow = Workflow::builder("Blocking")
        .timeout(MINUTE)
        .blocking_step("block", StepOptions::new(), |_: Order, ctx| {
            std::thread::sleep(Duration::from_millis(20));
            ctx.block_on(ctx.sleep(DAY))?;
            std::thread::sleep(Duration::from_millis(20));
            Ok::<_, StepError>(StopEvent::new(1))
        })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let before = t.now().await;
    let run = t.start(order()).await;
    t.result::<StopEvent>(&run).await.unwrap();
    assert_eq!(t.now().await.since(before), DAY);
}

#[tokio::test]
async fn with_a_held_clock_other_threads_are_waited_for() {
    let workflow = Workflow::builder("Asking")
        .timeout(MINUTE)
        .step("ask", |_: Order, _: Context| async {
            let (answer, answered) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                answer.send(7)
            });
            Ok::<_, StepError>(StopEvent::new(answered.await?))
        })
        .build()
        .unwrap();
    let mut t = TestKit::builder().workflow("it", workflow).hold_clock().open().await;
    let before = t.now().await;
    let run = t.start(order()).await;
    let stop: StopEvent = t.result(&run).await.unwrap();
    assert_eq!(stop.result, 7);
    assert_eq!(t.now().await, before);
}
