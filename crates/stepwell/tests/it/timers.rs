//! Timers: they come in time, through crashes and beside thousands of others, and cost nothing
//! once they are no longer needed.

use std::sync::atomic::Ordering;

use stepwell::engine::Engine;
use stepwell::store::{HandlerFilter, Status};
use stepwell::{Context, HumanResponseEvent, StartEvent, StopEvent, Workflow};

use crate::kit::Home;
use crate::paused::{
    asking, builder, event, hanging, life, open, pass, start, start_of, status, until,
};
use crate::spy::Spy;

async fn running(engine: &Engine) -> usize {
    let running = HandlerFilter { statuses: vec![Status::Running], ..HandlerFilter::default() };
    engine.handlers(&running).await.unwrap().len()
}

#[test]
fn a_timeout_outlives_a_crash() {
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), &hanging(200)).await;
        engine.start(start("h")).await.unwrap();
        pass(1).await;
    });
    life(async {
        let engine = open(&home.store(), &hanging(200)).await;
        pass(205).await;
        assert_eq!(status(&engine, "h").await, Status::TimedOut);
    });
}

#[tokio::test(start_paused = true)]
async fn timers_of_runs_that_wait_for_people_are_forgotten() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &asking()).await;
    for number in 0..100 {
        engine.start(start(&format!("h{number}"))).await.unwrap();
    }
    until(async || {
        engine.handlers(&HandlerFilter::default()).await.unwrap().iter().all(|it| it.idle)
    })
    .await;
    let before = spy.reads.load(Ordering::Relaxed);
    pass(100).await;
    assert_eq!(spy.reads.load(Ordering::Relaxed) - before, 0);
}

#[tokio::test(start_paused = true)]
async fn timers_of_runs_that_have_ended_are_forgotten() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &asking()).await;
    for number in 0..100 {
        let handler = format!("h{number}");
        engine.start(start(&handler)).await.unwrap();
        engine.send(&handler, event::<HumanResponseEvent>(), None).await.unwrap();
    }
    until(async || running(&engine).await == 0).await;
    let before = spy.reads.load(Ordering::Relaxed);
    pass(100).await;
    assert_eq!(spy.reads.load(Ordering::Relaxed) - before, 0);
}

#[tokio::test(start_paused = true)]
async fn timeouts_come_in_time_beside_thousands_of_others() {
    let home = Home::memory();
    let engine = builder(&home.store())
        .workflow("long", hanging(90))
        .workflow("short", hanging(35))
        .open()
        .await
        .unwrap();
    for _ in 0..2_500 {
        engine.start(start_of("long", None)).await.unwrap();
    }
    pass(60).await;
    engine.start(start_of("short", None)).await.unwrap();
    pass(29).await;
    assert_eq!(running(&engine).await, 2_501);
    pass(4).await;
    assert_eq!(running(&engine).await, 1);
    pass(5).await;
    assert_eq!(running(&engine).await, 0);
}

#[test]
fn a_timeout_comes_in_time_beside_runs_that_are_set_aside() {
    let home = Home::memory();
    life(async {
        let engine = builder(&home.store()).workflow("old", hanging(50)).open().await.unwrap();
        for _ in 0..1_000 {
            engine.start(start_of("old", None)).await.unwrap();
        }
    });
    // The step has another name now, so the timers of these runs come due and change nothing.
    let renamed = Workflow::builder("Hanging")
        .step("renamed", |_: StartEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    life(async {
        let engine = builder(&home.store())
            .workflow("old", renamed)
            .workflow("it", hanging(70))
            .open()
            .await
            .unwrap();
        pass(100).await;
        assert_eq!(engine.parked().len(), 1_000);
        engine.start(start("h")).await.unwrap();
        pass(75).await;
        assert_eq!(status(&engine, "h").await, Status::TimedOut);
    });
}
