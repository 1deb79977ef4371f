//! What a test is told when a crash makes a difference.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use expect_test::expect;
use stepwell::testing::TestKit;
use stepwell::{Context, StepError, StopEvent, Workflow};

use crate::failures::{builder, check, fickle};
use crate::flows::{Approve, Order, human, order, yes};

async fn answered(t: &mut TestKit) {
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.send(&run, yes()).await;
    let _ = t.result::<StopEvent>(&run).await;
}

#[tokio::test]
async fn a_body_that_makes_other_calls_after_a_crash() {
    let expected = expect![[r#"
        6 of 10 crashes make a difference

        a crash after write 2 (run-1: sent, wait_begun, parked):
          the scenario panicked: run-1 was set aside: step `work` made other calls than before it was interrupted: a send of `Order` instead of a send of `Priced`; needs migration
          the stream of run-1:
            0 [work running]
            1 [hear running]
            2 [work waiting]
            3 Approve {"order":1}
            4 [work running]

        a crash before write 3 (run-1: a message into its inbox):
          the scenario panicked: run-1 was set aside: step `work` made other calls than before it was interrupted: a send of `Order` instead of a send of `Priced`; needs migration
          the stream of run-1:
            0 [work running]
            1 [hear running]
            2 [work waiting]
            3 Approve {"order":1}
            4 [work running]

        a crash after write 3 (run-1: a message into its inbox):
          the scenario panicked: run-1 was set aside: step `work` made other calls than before it was interrupted: a send of `Order` instead of a send of `Priced`; needs migration
          the stream of run-1:
            0 [work running]
            1 [hear running]
            2 [work waiting]
            3 Approve {"order":1}
            4 [work running]

        and 3 more
    "#]];
    check(expected, async {
        TestKit::for_every_crash_point(fickle, answered).await;
    })
    .await;
}

#[tokio::test]
async fn a_scenario_that_fails_without_a_crash() {
    let expected = expect![[r#"
        run-1 was set aside: step `work` made other calls than before it was interrupted: a send of `Order` instead of a send of `Priced`; needs migration
        the stream of run-1:
          0 [work running]
          1 [hear running]
          2 [work waiting]
          3 Approve {"order":1}
          4 [hear returned]
          5 [work running]
    "#]];
    check(expected, async {
        let make = || builder(fickle()).always_rerun();
        TestKit::for_every_crash_point(make, answered).await;
    })
    .await;
}

#[tokio::test]
async fn an_outcome_that_differs_after_a_crash() {
    let expected = expect![[r#"
        3 of 6 crashes make a difference

        a crash before write 2 (run-1: updated):
          the outcome was
            14
          instead of
            7
          the stream of run-1:
            0 [pay running]
            1 [pay returned StopEvent]
            2 StopEvent {}

        a crash after write 2 (run-1: updated):
          the outcome was
            14
          instead of
            7
          the stream of run-1:
            0 [pay running]
            1 [pay returned StopEvent]
            2 StopEvent {}

        a crash before write 3 (run-1: returned):
          the outcome was
            14
          instead of
            7
          the stream of run-1:
            0 [pay running]
            1 [pay returned StopEvent]
            2 StopEvent {}
    "#]];
    check(expected, async {
        let paid = Arc::new(AtomicU64::new(0));
        let make = || {
            paid.store(0, Ordering::Relaxed);
            let paid = Arc::clone(&paid);
            Workflow::builder("Paying")
                .step("pay", move |_: Order, ctx: Context| {
                    let paid = Arc::clone(&paid);
                    async move {
                        // Paid again by each body.
                        paid.fetch_add(7, Ordering::Relaxed);
                        ctx.update(|_| ()).await?;
                        Ok::<_, StepError>(StopEvent::default())
                    }
                })
                .build()
                .unwrap()
        };
        TestKit::for_every_crash_point(make, async |t: &mut TestKit| {
            let run = t.start(order()).await;
            t.result::<StopEvent>(&run).await.unwrap();
            paid.load(Ordering::Relaxed)
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_assertion_that_fails_after_a_crash() {
    let expected = expect![[r#"
        1 of 4 crashes make a difference

        a crash before write 2 (run-1: returned, settled):
          the scenario panicked: the body of `ask` was begun 2 times, not 1; bodies begun: act 0, ask 2
          the stream of run-1:
            0 [ask running]
            1 [ask returned Approve]
            2 Approve {"order":1}
            3 [idle]
    "#]];
    check(expected, async {
        TestKit::for_every_crash_point(human, async |t: &mut TestKit| {
            let run = t.start(order()).await;
            t.expect::<Approve>(&run).await;
            t.assert_executions("ask", 1);
        })
        .await;
    })
    .await;
}
