//! Bodies that wait: in memory while there is room, and at the cost of a row otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stepwell::engine::EngineBuilder;
use stepwell::store::{SqliteOptions, SqliteStore, Status, Store};
use stepwell::{Context, Engine, StartEvent, StepError, StopEvent, Workflow};

use crate::kit::{self, Home, soon};
use crate::lives::{Answer, Ask, answer};
use crate::paused::{builder, open, pass, start, start_of, status, until};

/// Asks twice, and says how often its body began.
fn asking_twice(begun: &Arc<AtomicUsize>) -> Workflow {
    let begun = Arc::clone(begun);
    Workflow::builder("Twice")
        .step("ask", move |_: StartEvent, ctx: Context| {
            begun.fetch_add(1, Ordering::Relaxed);
            async move {
                let one = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
                let two = ctx.wait::<Answer>().asking(Ask { n: 2 }).await?.value;
                Ok::<_, StepError>(StopEvent::new(one + two))
            }
        })
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

async fn is_idle(engine: &Engine, handler: &str) -> bool {
    engine.handler(handler).await.unwrap().unwrap().idle
}

/// Answers twice, and returns how often the body began.
async fn begun_in(engine: fn(EngineBuilder) -> EngineBuilder) -> usize {
    let begun = Arc::default();
    let home = Home::memory();
    let builder = engine(builder(&home.store()));
    let engine = builder.workflow("it", asking_twice(&begun)).open().await.unwrap();
    engine.start(start("h")).await.unwrap();
    for n in 1..=2 {
        // It has asked again, and is idle again.
        let asked = async || engine.handler("h").await.unwrap().unwrap().next_sequence >= 4 * n;
        until(async || is_idle(&engine, "h").await && asked().await).await;
        engine.send("h", answer(n, n), None).await.unwrap();
    }
    until(async || status(&engine, "h").await == Status::Completed).await;
    begun.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_stays_in_memory() {
    assert_eq!(begun_in(|engine| engine).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_leaves_if_there_is_no_room() {
    assert_eq!(begun_in(|engine| engine.resident_bytes(0)).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_to_run_again_does_so_at_every_answer() {
    assert_eq!(begun_in(EngineBuilder::always_rerun).await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_longest_waiting_leave_first() {
    let begun = Arc::default();
    let home = Home::memory();
    // Room for two: a body takes 8 KiB and its future.
    let builder = builder(&home.store()).resident_bytes(24 << 10);
    let engine = builder.workflow("it", asking_twice(&begun)).open().await.unwrap();
    for handler in ["a", "b", "c", "d"] {
        engine.start(start(handler)).await.unwrap();
        until(async || is_idle(&engine, handler).await).await;
    }
    assert_eq!(begun.load(Ordering::Relaxed), 4);
    for (handler, begun_then) in [("d", 4), ("c", 4), ("b", 5), ("a", 6)] {
        engine.send(handler, answer(1, 1), None).await.unwrap();
        until(async || engine.handler(handler).await.unwrap().unwrap().next_sequence >= 8).await;
        assert_eq!(begun.load(Ordering::Relaxed), begun_then, "{handler}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_more_than_wait_does_not_leave() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let workflow = Workflow::builder("Busy")
        .step("ask", move |_: StartEvent, ctx: Context| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                let wait = ctx.wait::<Answer>().into_future();
                let late = tokio::time::timeout(Duration::from_secs(60), wait).await.is_err();
                Ok::<_, StepError>(StopEvent::new(late))
            }
        })
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    let builder = builder(&home.store()).resident_bytes(0);
    let engine = builder.workflow("it", workflow).open().await.unwrap();
    engine.start(start("h")).await.unwrap();
    pass(50).await;
    assert!(!is_idle(&engine, "h").await);
    pass(20).await;
    assert_eq!(status(&engine, "h").await, Status::Completed);
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

/// A task of the body's sends something while the body waits, without an answer in between.
#[tokio::test(start_paused = true)]
async fn a_run_is_idle_again_when_a_task_of_its_body_has_nothing_more_to_do() {
    let workflow = Workflow::builder("Again")
        .step("ask", |_: StartEvent, ctx: Context| async move {
            let task = ctx.branch("task");
            tokio::spawn(async move {
                pass(10).await;
                task.stream(Ask { n: 7 }).await
            });
            let value = ctx.wait::<Answer>().await?.value;
            Ok::<_, StepError>(StopEvent::new(value))
        })
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    pass(5).await;
    assert!(is_idle(&engine, "h").await);
    let sequence = async || engine.handler("h").await.unwrap().unwrap().next_sequence;
    let before = sequence().await;
    pass(10).await;
    // The item, and that it is idle again.
    assert!(sequence().await > before);
    assert!(is_idle(&engine, "h").await);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_sleeps_leaves_and_comes_back_in_time() {
    let workflow = Workflow::builder("Sleeping")
        .state::<u64>()
        .step("sleep", |_: StartEvent, ctx: Context<u64>| async move {
            for _ in 0..3 {
                ctx.sleep(Duration::from_secs(100)).await?;
                ctx.update(|count| *count += 1).await?;
            }
            Ok::<_, StepError>(StopEvent::new(*ctx.state()))
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let builder = builder(&home.store()).resident_bytes(0);
    let engine = builder.workflow("it", workflow).open().await.unwrap();
    engine.start(start("h")).await.unwrap();
    pass(299).await;
    assert_eq!(status(&engine, "h").await, Status::Running);
    pass(2).await;
    let record = engine.handler("h").await.unwrap().unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":3}"#);
}

#[tokio::test]
async fn bodies_that_wait_survive_a_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let begun = Arc::default();
    let workflow = asking_twice(&begun);
    let mut handlers: Vec<String> = (0..5).map(|n| format!("h{n}")).collect();
    for life in 0..3 {
        let file = directory.path().join("runs.db");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(file, SqliteOptions::default()).unwrap());
        let engine = kit::open(&store, &workflow).await;
        for handler in &handlers {
            if life == 0 {
                engine.start(start_of("it", Some(handler))).await.unwrap();
            } else {
                engine.send(handler, answer(life, life), None).await.unwrap();
            }
        }
        for handler in &handlers {
            kit::until(async || {
                let record = engine.handler(handler).await.unwrap().unwrap();
                // All have asked, and what came of the last answer is known.
                record.status.is_ended() || (record.idle && record.next_sequence >= 4 * (life + 1))
            })
            .await;
        }
        if life == 2 {
            for handler in handlers.drain(..) {
                let text = soon(kit::stream_text(&engine, &handler)).await;
                assert!(text.ends_with("StopEvent {\"result\":3}\n"), "{text}");
            }
        }
        soon(engine.shutdown()).await.unwrap();
    }
    assert_eq!(begun.load(Ordering::Relaxed), 15);
}
