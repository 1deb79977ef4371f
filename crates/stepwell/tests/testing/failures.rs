//! What a test is told when something is not as it should be.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use expect_test::{Expect, expect};
use futures::FutureExt;
use stepwell::testing::{TestKit, TestKitBuilder};
use stepwell::{Context, Event, StartEvent, StepError, StopEvent, Workflow};

use crate::flows::{Approve, Bank, HOUR, Order, Priced, Progress};
use crate::flows::{buying, human, linear, order, sleeping, yes};

/// Runs a test that fails, and compares what it says, but for where it was called.
pub(crate) async fn check(expected: Expect, test: impl Future<Output = ()>) {
    let panic = AssertUnwindSafe(test).catch_unwind().await.unwrap_err();
    let message = text(&*panic);
    let (places, lines): (Vec<&str>, Vec<&str>) =
        message.lines().partition(|line| line.trim().starts_with("called at "));
    assert!(places.iter().all(|place| place.contains("testing/failures")), "{places:?}");
    expected.assert_eq(&format!("{}\n", lines.join("\n")));
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap()
}

async fn kit(workflow: Workflow) -> TestKit {
    TestKit::new(workflow).await
}

pub(crate) fn builder(workflow: Workflow) -> TestKitBuilder {
    TestKit::builder().workflow("it", workflow)
}

#[tokio::test]
async fn an_event_that_does_not_come() {
    let expected = expect![[r#"
        no `Approve` came: run-1 has ended
        the stream of run-1:
          0 [price running]
          1 Progress {"number":1}
          2 [price returned Priced]
          3 [thank running]
          4 Progress {"number":2}
          5 [thank returned StopEvent]
          6 StopEvent {"result":"1 costs 3, 2 steps"}
    "#]];
    check(expected, async {
        let mut t = kit(linear()).await;
        let run = t.start(order()).await;
        t.expect::<Approve>(&run).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_came_before_the_one_that_was_expected() {
    let expected = expect![[r#"
        no `Progress` came: run-1 has ended
        the stream of run-1:
          0 [price running]
          1 Progress {"number":1}
          2 [price returned Priced]
          3 [thank running]
          4 Progress {"number":2}
          5 [thank returned StopEvent]
          6 StopEvent {"result":"1 costs 3, 2 steps"}
    "#]];
    check(expected, async {
        let mut t = kit(linear()).await;
        let run = t.start(order()).await;
        t.expect::<StopEvent>(&run).await;
        t.expect::<Progress>(&run).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_nobody_answers() {
    let expected = expect![[r#"
        run-1 waits for an event that nobody sends
        the stream of run-1:
          0 [ask running]
          1 [ask returned Approve]
          2 Approve {"order":1}
          3 [idle]
    "#]];
    check(expected, async {
        let mut t = kit(human()).await;
        let run = t.start(order()).await;
        let _ = t.result::<StopEvent>(&run).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_in_which_nothing_is_left_to_do() {
    let workflow = Workflow::builder("Stalling")
        .step("lose", |_: Order, _: Context| async { None::<StopEvent> })
        .build()
        .unwrap();
    let expected = expect![[r#"
        run-1 has nothing left to do, has returned no stop event, and waits for nothing that can come
        the stream of run-1:
          0 [lose running]
          1 [lose returned]
          2 [idle]
    "#]];
    check(expected, async {
        let mut t = kit(workflow).await;
        let run = t.start(order()).await;
        let _ = t.result::<StopEvent>(&run).await;
    })
    .await;
}

#[tokio::test]
async fn time_that_does_not_pass() {
    let expected = expect![[r#"
        run-1 waits, and the clock is held: advance it by 3600s
        the stream of run-1:
          0 [sleep running]
          1 Progress {"number":0}
          2 [sleep waiting]
          3 [idle]
    "#]];
    check(expected, async {
        let mut t = builder(sleeping(HOUR, HOUR)).hold_clock().open().await;
        let run = t.start(order()).await;
        let _ = t.result::<StopEvent>(&run).await;
    })
    .await;
}

fn hanging() -> Workflow {
    Workflow::builder("Hanging")
        .step("hang", |_: Order, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_body_of_which_nothing_comes() {
    for builder in [builder(hanging()), builder(hanging()).hold_clock()] {
        let expected = expect![[r#"
            run-1 is busy, and nothing came of it in 10ms
            the stream of run-1:
              0 [hang running]
        "#]];
        check(expected, async {
            let mut t = builder.patience(Duration::from_millis(10)).open().await;
            let run = t.start(order()).await;
            t.until_idle(&run).await;
        })
        .await;
    }
}

/// Publishes and sends something else each time its body runs.
pub(crate) fn fickle() -> Workflow {
    let bodies = Arc::new(AtomicU64::new(0));
    Workflow::builder("Fickle")
        .additional_event::<crate::flows::Decision>()
        .step("work", move |order: Order, ctx: Context| {
            let body = bodies.fetch_add(1, Ordering::Relaxed);
            async move {
                if body == 0 {
                    ctx.send(Priced { id: order.id, price: 1 }).await?;
                } else {
                    ctx.send(order).await?;
                }
                ctx.wait::<crate::flows::Decision>().asking(Approve { order: 1 }).await?;
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .step("hear", |_: Priced, _: Context| async {})
        .additional_event::<Priced>()
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_body_that_makes_other_calls_when_it_runs_again() {
    for kit in [builder(fickle()).always_rerun(), builder(fickle()).resident_bytes(0)] {
        let expected = expect![[r#"
            run-1 was set aside: step `work` made other calls than before it was interrupted: a send of `Order` instead of a send of `Priced`; needs migration
            the stream of run-1:
              0 [work running]
              1 [hear running]
              2 [work waiting]
              3 Approve {"order":1}
              4 [hear returned]
              5 [idle]
              6 [work running]
        "#]];
        check(expected, async {
            let mut t = kit.open().await;
            let run = t.start(order()).await;
            t.expect::<Approve>(&run).await;
            t.until_idle(&run).await;
            t.send(&run, yes()).await;
            let _ = t.result::<StopEvent>(&run).await;
        })
        .await;
    }
}

#[tokio::test]
async fn an_event_for_a_run_that_has_ended() {
    let expected = expect![[r#"
        the run of handler `run-1` has ended
        the stream of run-1:
          0 [ask running]
          1 WorkflowCancelledEvent {}
    "#]];
    check(expected, async {
        let mut t = kit(human()).await;
        let run = t.start(order()).await;
        t.cancel(&run).await;
        t.send(&run, yes()).await;
    })
    .await;
}

#[tokio::test]
async fn a_cancel_of_a_run_that_has_ended() {
    let expected = expect![[r#"
        the run of handler `run-1` has ended
        the stream of run-1:
          0 [buy running]
          1 WorkflowCancelledEvent {}
    "#]];
    check(expected, async {
        let mut t = kit(buying(&Bank::default())).await;
        let run = t.start(order()).await;
        t.cancel(&run).await;
        t.cancel(&run).await;
    })
    .await;
}

#[tokio::test]
async fn bodies_that_were_begun_more_often() {
    let expected = expect![[r#"
        the body of `ask` was begun 0 times, not 1; bodies begun: act 0, ask 0
    "#]];
    check(expected, async {
        let mut t = kit(human()).await;
        t.start(order()).await;
        t.assert_executions("ask", 1);
    })
    .await;
}

#[tokio::test]
async fn a_step_that_is_not_there() {
    let expected = expect![[r#"
        no workflow has a step `aks`; bodies begun: act 0, ask 0
    "#]];
    check(expected, async {
        kit(human()).await.assert_executions("aks", 1);
    })
    .await;
}

#[tokio::test]
async fn a_state_of_another_type() {
    let expected = expect![[r#"
        the state 0 is unreadable: invalid type: integer `0`, expected a string
    "#]];
    check(expected, async {
        let mut t = kit(human()).await;
        let run = t.start(order()).await;
        t.state::<String>(&run).await;
    })
    .await;
}

#[derive(Event)]
struct Other {}

#[tokio::test]
async fn a_start_event_of_no_workflow() {
    let expected = expect![[r#"
        no workflow begins with `Other`
    "#]];
    check(expected, async {
        kit(human()).await.start(Other {}).await;
    })
    .await;
}

#[tokio::test]
async fn a_start_event_of_several_workflows() {
    let expected = expect![[r#"
        `Order` begins several workflows (a, b): name one with `start_workflow`
    "#]];
    check(expected, async {
        let builder = TestKit::builder().workflow("a", human()).workflow("b", linear());
        builder.open().await.start(order()).await;
    })
    .await;
}

#[tokio::test]
async fn a_workflow_that_is_not_there() {
    let expected = expect![[r#"
        there is no workflow `else`
    "#]];
    check(expected, async {
        kit(human()).await.start_workflow("else", order()).await;
    })
    .await;
}

#[derive(Event)]
struct Ping {
    n: u64,
}

#[tokio::test]
async fn steps_that_give_each_other_work_for_ever() {
    let workflow = || {
        Workflow::builder("Loop")
            .step("begin", |_: StartEvent, _: Context| async { Ping { n: 0 } })
            .step("ping", |ping: Ping, ctx: Context| async move {
                // Never zero, but the graph has an end.
                let again = ping.n + 1;
                ctx.send(Ping { n: again }).await?;
                Ok::<_, StepError>((again == 0).then(StopEvent::default))
            })
            .build()
            .unwrap()
    };
    let expected = expect![[r#"
        over 100 writes and no end: perhaps steps give each other work for ever (if not, see `TestKitBuilder::max_writes`); the last ones:
          94: run-1: sent, returned
          95: run-1: sent, returned
          96: run-1: sent, returned
          97: run-1: sent, returned
          98: run-1: sent, returned
          99: run-1: sent, returned
          100: run-1: sent, returned
          101: run-1: sent, returned
    "#]];
    check(expected, async {
        let mut t = builder(workflow()).max_writes(100).open().await;
        let run = t.start(StartEvent::new()).await;
        drop(t.result::<StopEvent>(&run).await);
    })
    .await;
    check(expect![[r#"
        over 20000 writes and no end: perhaps steps give each other work for ever (if not, see `TestKitBuilder::max_writes`); the last ones:
          19994: run-1: sent, returned
          19995: run-1: sent, returned
          19996: run-1: sent, returned
          19997: run-1: sent, returned
          19998: run-1: sent, returned
          19999: run-1: sent, returned
          20000: run-1: sent, returned
          20001: run-1: sent, returned
    "#]], async {
        let mut t = kit(workflow()).await;
        t.start(StartEvent::new()).await;
        t.advance(Duration::from_secs(1)).await;
    })
    .await;
}
