//! Callers that go away: what they began goes on, and what they used is given back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt;
use stepwell::store::Status;
use stepwell::{Context, HumanResponseEvent, StartEvent, StopEvent, Workflow};
use tokio::runtime::Runtime;

use crate::kit;
use crate::paused::{asking, event, open, pass, quick, start, start_of, status, until};
use crate::spy::Spy;

#[test]
fn a_start_can_be_dropped_outside_a_runtime() {
    let (spy, store) = Spy::new();
    let runtime = Runtime::new().unwrap();
    let engine = runtime.block_on(kit::open(&store, &quick()));
    let _held = spy.gate.try_lock().unwrap();
    let mut starting = Box::pin(engine.start(start_of("it", None)));
    // Polled once: the write is on its way when its caller is gone.
    runtime.block_on(async { assert!((&mut starting).now_or_never().is_none()) });
    drop(starting);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_sender_goes_away_before_the_answer_is_taken_at_once() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &asking()).await;
    engine.start(start("h")).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    spy.mute.store(true, Ordering::Relaxed);
    let sending = engine.send("h", event::<HumanResponseEvent>(), None);
    tokio::time::timeout(Duration::from_millis(5), sending).await.unwrap_err();
    // Far sooner than the engine looks for forgotten runs.
    pass(1).await;
    assert_eq!(status(&engine, "h").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn runs_of_a_workflow_in_the_process_leave_nothing_behind() {
    let probe = Arc::new(());
    let held = Arc::clone(&probe);
    let workflow = Workflow::builder("Probed")
        .step("step", move |_: StartEvent, _: Context| {
            let _held = &held;
            async { StopEvent::default() }
        })
        .build()
        .unwrap();
    for _ in 0..20 {
        workflow.run(StartEvent::new()).await.unwrap().await.unwrap();
    }
    drop(workflow);
    // Far sooner than an engine looks for forgotten runs.
    pass(1).await;
    assert_eq!(Arc::strong_count(&probe), 1);
}
