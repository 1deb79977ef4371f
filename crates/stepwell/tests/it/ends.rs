//! Ends: every run has one, and everybody who waits for it learns of it.

use std::fmt;
use std::sync::Arc;

use stepwell::engine::{Cursor, EventStream};
use stepwell::store::Status;
use stepwell::{
    Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StepError, StopEvent, Workflow,
};
use tokio::sync::Notify;

use crate::kit::{Home, read_text, soon};
use crate::paused::{event, hanging, open, quick, start, start_of, until};

/// Runs a step that fails with this error, and returns how the run ended.
async fn failing<E>(error: fn() -> E) -> Status
where
    StepError: From<E>,
    E: Send + 'static,
{
    let workflow = Workflow::builder("Failing")
        .step("fail", move |_: StartEvent, _: Context| async move {
            Err::<StopEvent, StepError>(error().into())
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    soon(engine.start_and_wait(start("h"))).await.unwrap().status
}

#[tokio::test(start_paused = true)]
async fn an_error_that_cannot_be_displayed_fails_the_step() {
    #[derive(Debug)]
    struct Unspeakable;
    impl fmt::Display for Unspeakable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    impl std::error::Error for Unspeakable {}
    assert_eq!(failing(|| Unspeakable).await, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_when_it_is_dropped_fails_the_step() {
    #[derive(Debug)]
    struct Clingy;
    impl fmt::Display for Clingy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("do not drop me")
        }
    }
    impl std::error::Error for Clingy {}
    impl Drop for Clingy {
        fn drop(&mut self) {
            panic!("it was dropped");
        }
    }
    assert_eq!(failing(|| Clingy).await, Status::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_a_step_left_behind_is_told_of_the_end() {
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    let workflow = Workflow::builder("Leaving")
        .step("leave", move |_: StartEvent, ctx: Context| {
            let tell = Arc::clone(&tell);
            async move {
                tokio::spawn(async move {
                    ctx.cancelled().cancelled().await;
                    tell.notify_one();
                });
                InputRequiredEvent::new()
            }
        })
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    soon(told.notified()).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_whose_run_the_memory_store_forgets_still_gets_its_terminal_event() {
    let home = Home::memory();
    let engine = open(&home.store(), &quick()).await;
    engine.start(start("h")).await.unwrap();
    let (_, slow) = engine.events("h", Cursor::Start).await.unwrap();
    for _ in 0..1_001 {
        engine.start_and_wait(start_of("it", None)).await.unwrap();
    }
    assert!(engine.handler("h").await.unwrap().is_none());
    let text = soon(read_text(slow)).await;
    assert!(text.ends_with("StopEvent {}\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_an_older_run_whose_handler_is_purged_is_not_left_waiting() {
    let home = Home::memory();
    let engine = open(&home.store(), &quick()).await;
    soon(engine.start_and_wait(start("h"))).await.unwrap();
    let (_, mut slow) = engine.events("h", Cursor::Start).await.unwrap();
    soon(engine.start_and_wait(start("h"))).await.unwrap();
    engine.purge("h").await.unwrap();
    // Its rows are gone: whether that is an end or an error makes no difference here.
    soon(async { while let Ok(Some(_)) = slow.next().await {} }).await;
}

/// Reads until the stream fails, and returns why.
async fn failure(mut stream: EventStream) -> String {
    loop {
        match stream.next().await {
            Ok(item) => assert!(item.is_some(), "the stream ends as if the run had ended"),
            Err(error) => return error.to_string(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_an_end_is_told_when_the_engine_shuts_down() {
    let home = Home::memory();
    let engine = open(&home.store(), &hanging(1_000)).await;
    let run = engine.run("it", StartEvent::new()).await.unwrap();
    let waiting = engine.clone();
    let waiting = tokio::spawn(async move { waiting.start_and_wait(start("h")).await });
    until(async || engine.handler("h").await.unwrap().is_some()).await;
    engine.shutdown().await.unwrap();
    let expected = "the engine is shutting down";
    let error = soon(run.into_future()).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    let error = soon(waiting).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_told_when_the_engine_shuts_down() {
    let home = Home::memory();
    let engine = open(&home.store(), &hanging(1_000)).await;
    engine.start(start("h")).await.unwrap();
    let (_, stream) = engine.events("h", Cursor::Start).await.unwrap();
    engine.shutdown().await.unwrap();
    assert_eq!(soon(failure(stream)).await, "the engine is shutting down");
}
