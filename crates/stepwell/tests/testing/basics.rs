//! What a test can do with a run.

use std::time::{Duration, Instant};

use expect_test::expect;
use futures::FutureExt;
use stepwell::store::Status;
use stepwell::testing::TestKit;
use stepwell::{Context, RunError, StartEvent, StepError, StopEvent, Workflow};

use crate::flows::{Approve, DAY, Decision, HOUR, Order, Progress, human, linear, order, yes};
use crate::flows::{Bank, buying, sleeping};

#[tokio::test]
async fn a_run_is_started_answered_and_ends() {
    let mut t = TestKit::new(human()).await;
    let run = t.start(Order { id: 7 }).await;
    let asked: Approve = t.expect(&run).await;
    assert_eq!(asked.order, 7);
    t.send(&run, Decision { order: 7, ok: true }).await;
    let stop: StopEvent = t.result(&run).await.unwrap();
    assert_eq!(stop.result, true);
    assert_eq!(t.status(&run).await, Status::Completed);
    t.assert_executions("ask", 1);
    t.assert_executions("act", 1);
    assert_eq!(run.to_string(), "run-1");
}

#[tokio::test]
async fn a_run_is_there_to_be_looked_at() {
    let mut t = TestKit::new(linear()).await;
    let run = t.start(order()).await;
    t.until_idle(&run).await;
    assert_eq!(t.state::<u64>(&run).await, 2);
    let events = t.events(&run).await;
    let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["Progress", "Progress", "StopEvent"]);
    expect![[r#"
        0 [price running]
        1 Progress {"number":1}
        2 [price returned Priced]
        3 [thank running]
        4 Progress {"number":2}
        5 [thank returned StopEvent]
        6 StopEvent {"result":"1 costs 3, 2 steps"}
    "#]]
    .assert_eq(&t.stream_text(&run).await);
    expect![[r#"
        Completed
        Progress {"number":1}
        Progress {"number":2}
        StopEvent {"result":"1 costs 3, 2 steps"}
        state 2"#]]
    .assert_eq(&format!("{:?}", t.outcome(&run).await));
}

#[tokio::test]
async fn nothing_happens_while_nothing_is_asked_for() {
    let mut t = TestKit::new(human()).await;
    let run = t.start(order()).await;
    t.assert_executions("ask", 0);
    assert_eq!(t.stream_text(&run).await, "0 [ask running]\n");
    t.until_idle(&run).await;
    t.assert_executions("ask", 1);
    assert_eq!(t.status(&run).await, Status::Running);
}

#[tokio::test]
async fn each_event_is_expected_once_and_others_are_passed_over() {
    let mut t = TestKit::new(linear()).await;
    let run = t.start(order()).await;
    assert_eq!(t.expect::<Progress>(&run).await.number, 1);
    assert_eq!(t.expect::<Progress>(&run).await.number, 2);
    assert_eq!(t.expect::<StopEvent>(&run).await.result, "1 costs 3, 2 steps");
}

#[tokio::test]
async fn runs_have_cursors_of_their_own() {
    let mut t = TestKit::new(linear()).await;
    let (one, two) = (t.start(order()).await, t.start(Order { id: 2 }).await);
    assert_eq!((one.handler(), two.handler()), ("run-1", "run-2"));
    assert_eq!(t.expect::<Progress>(&two).await.number, 1);
    assert_eq!(t.expect::<Progress>(&two).await.number, 2);
    assert_eq!(t.expect::<Progress>(&one).await.number, 1);
    t.assert_executions("price", 2);
}

#[tokio::test]
async fn a_run_is_cancelled() {
    let mut t = TestKit::new(human()).await;
    let run = t.start(order()).await;
    t.expect::<Approve>(&run).await;
    t.cancel(&run).await;
    let error = t.result::<StopEvent>(&run).await.unwrap_err();
    assert!(matches!(error, RunError::Cancelled));
    t.assert_executions("act", 0);
}

#[tokio::test]
async fn how_a_run_failed_is_returned() {
    let workflow = Workflow::builder("Failing")
        .step("fail", |_: Order, _: Context| async { Err::<StopEvent, _>(StepError::new("no")) })
        .build()
        .unwrap();
    let mut t = TestKit::new(workflow).await;
    let run = t.start(order()).await;
    let error = t.result::<StopEvent>(&run).await.unwrap_err();
    assert_eq!(error.to_string(), "step `fail` failed: no");
}

#[tokio::test]
async fn a_kit_can_have_several_workflows() {
    let quick = Workflow::builder("Quick")
        .step("step", |_: StartEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let kit = TestKit::builder().workflow("a", human()).workflow("b", linear());
    let mut t = kit.workflow("c", quick).open().await;
    let (human, linear) =
        (t.start_workflow("a", order()).await, t.start_workflow("b", order()).await);
    let quick = t.start(StartEvent::new()).await;
    t.result::<StopEvent>(&quick).await.unwrap();
    t.result::<StopEvent>(&linear).await.unwrap();
    t.send(&human, yes()).await;
    t.result::<StopEvent>(&human).await.unwrap();
}

#[tokio::test]
async fn the_counts_include_bodies_that_are_run_again() {
    let bank = Bank::default();
    for (kit, times) in [
        (TestKit::builder(), 1),
        (TestKit::builder().always_rerun(), 2),
        (TestKit::builder().resident_bytes(0), 2),
    ] {
        let mut t = kit.workflow("buying", buying(&bank)).open().await;
        let run = t.start(order()).await;
        t.expect::<Approve>(&run).await;
        t.until_idle(&run).await;
        t.send(&run, yes()).await;
        t.result::<StopEvent>(&run).await.unwrap();
        t.assert_executions("buy", times);
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_test_itself_does_not_matter() {
    let mut t = TestKit::new(sleeping(DAY, HOUR)).await;
    let run = t.start(order()).await;
    t.result::<StopEvent>(&run).await.unwrap();
}

#[tokio::test]
async fn what_is_no_longer_waited_for_is_given_up_at_once() {
    let workflow = Workflow::builder("Hanging")
        .step("hang", |_: Order, _: Context| std::future::pending::<StopEvent>())
        .build()
        .unwrap();
    let begin = Instant::now();
    let mut t = TestKit::new(workflow).await;
    let run = t.start(order()).await;
    assert!(t.until_idle(&run).now_or_never().is_none());
    assert_eq!(t.status(&run).await, Status::Running);
    assert!(t.until_idle(&run).now_or_never().is_none());
    drop(t);
    assert!(begin.elapsed() < Duration::from_secs(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn kits_live_beside_each_other_and_move_between_threads() {
    let kits = (0..4).map(|id| {
        tokio::spawn(async move {
            let mut t = TestKit::new(human()).await;
            let run = t.start(Order { id }).await;
            t.expect::<Approve>(&run).await.order
        })
    });
    for (id, kit) in kits.enumerate() {
        assert_eq!(kit.await.unwrap(), id as u64);
    }
}
