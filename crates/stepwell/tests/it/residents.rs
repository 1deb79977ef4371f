//! Runs whose bodies wait in memory, and the budget that they share.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;
use stepwell::store::{SqliteOptions, SqliteStore, Status, Store};
use stepwell::{Context, Engine, HumanResponseEvent, StartEvent, StepError, StopEvent, Workflow};

use crate::kit::{self, Home, soon, stream_text};
use crate::parts::{Log, raw};
use crate::paused::{builder, pass, start, status, until};
use crate::spy::Spy;

/// More than two bodies take, and less than three.
const ROOM_FOR_TWO: usize = 20 << 10;

/// Waits for an answer, twice; tells when a body of it begins.
fn waiting(log: &Log) -> Workflow {
    let log = log.clone();
    Workflow::builder("Waiting")
        .additional_event::<HumanResponseEvent>()
        .step("wait", move |_: StartEvent, ctx: Context| {
            log.add(ctx.run_id().as_str());
            async move {
                let mut heard = Vec::new();
                for _ in 0..2 {
                    let answer = ctx.wait::<HumanResponseEvent>().await?;
                    heard.push(answer.get::<u32>("n").unwrap_or_default());
                }
                Ok::<_, StepError>(StopEvent::new(heard))
            }
        })
        .build()
        .unwrap()
}

struct Scene {
    engine: Engine,
    log: Log,
}

impl Scene {
    async fn new(store: &Arc<dyn Store>, room: usize) -> Self {
        let log = Log::default();
        let builder = builder(store).workflow("it", waiting(&log));
        Self { engine: builder.resident_bytes(room).open().await.unwrap(), log }
    }

    /// Starts a run that waits.
    async fn wait(&self, handler: &str) {
        self.engine.start(start(handler)).await.unwrap();
        until(async || self.engine.handler(handler).await.unwrap().unwrap().idle).await;
        pass(1).await;
    }

    async fn answer(&self, handler: &str, n: u32) {
        let answer = raw::<HumanResponseEvent>(&json!({ "n": n }));
        self.engine.send(handler, answer, None).await.unwrap();
        pass(1).await;
    }

    /// How many bodies a run has had.
    async fn bodies(&self, handler: &str) -> usize {
        let run = self.engine.handler(handler).await.unwrap().unwrap().run;
        self.log.count(run.as_str())
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_room_goes_on_where_it_was() {
    let scene = Scene::new(&Home::memory().store(), ROOM_FOR_TWO).await;
    scene.wait("a").await;
    scene.answer("a", 1).await;
    scene.answer("a", 2).await;
    assert_eq!(status(&scene.engine, "a").await, Status::Completed);
    assert_eq!(scene.bodies("a").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_no_room_runs_again_for_each_answer() {
    let scene = Scene::new(&Home::memory().store(), 0).await;
    scene.wait("a").await;
    scene.answer("a", 1).await;
    scene.answer("a", 2).await;
    let text = soon(stream_text(&scene.engine, "a")).await;
    assert!(text.ends_with("StopEvent {\"result\":[1,2]}\n"), "{text}");
    assert_eq!(scene.bodies("a").await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_run_that_has_waited_longest_leaves_first() {
    let scene = Scene::new(&Home::memory().store(), ROOM_FOR_TWO).await;
    for handler in ["a", "b", "c"] {
        scene.wait(handler).await;
    }
    // This one has left; when it is back, the next one has to go.
    scene.answer("a", 1).await;
    assert_eq!(scene.bodies("a").await, 2);
    scene.answer("c", 1).await;
    scene.answer("c", 2).await;
    assert_eq!(scene.bodies("c").await, 1);
    scene.answer("b", 1).await;
    assert_eq!(scene.bodies("b").await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_is_the_last_to_leave() {
    let scene = Scene::new(&Home::memory().store(), ROOM_FOR_TWO).await;
    scene.wait("a").await;
    scene.wait("b").await;
    scene.answer("a", 1).await;
    scene.wait("c").await;
    scene.answer("a", 2).await;
    scene.answer("b", 1).await;
    assert_eq!((scene.bodies("a").await, scene.bodies("b").await), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_over_take_no_room() {
    let scene = Scene::new(&Home::memory().store(), ROOM_FOR_TWO).await;
    for n in 0..50 {
        let handler = format!("h{n}");
        scene.wait(&handler).await;
        if n % 2 == 0 {
            scene.engine.cancel(&handler).await.unwrap();
        } else {
            scene.answer(&handler, 1).await;
            scene.answer(&handler, 2).await;
        }
    }
    for handler in ["a", "b"] {
        scene.wait(handler).await;
    }
    for handler in ["a", "b"] {
        scene.answer(handler, 1).await;
        assert_eq!(scene.bodies(handler).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_the_store_failed_takes_its_room_once() {
    let (spy, store) = Spy::new();
    let scene = Scene::new(&store, ROOM_FOR_TWO).await;
    scene.wait("a").await;
    for n in 1..=2 {
        spy.refuse.store(1, Ordering::Relaxed);
        scene.answer("a", n).await;
    }
    assert_eq!(status(&scene.engine, "a").await, Status::Completed);
    for handler in ["b", "c"] {
        scene.wait(handler).await;
    }
    for handler in ["b", "c"] {
        scene.answer(handler, 1).await;
        assert_eq!(scene.bodies(handler).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_takes_more_than_there_is_leaves_at_once_and_alone() {
    let home = Home::memory();
    let log = Log::default();
    let large = Workflow::builder("Large")
        .additional_event::<HumanResponseEvent>()
        .step("wait", |_: StartEvent, ctx: Context| async move {
            let large = [1_u8; 64 << 10];
            ctx.wait::<HumanResponseEvent>().await?;
            Ok::<_, StepError>(StopEvent::new(large.iter().map(|it| u32::from(*it)).sum::<u32>()))
        })
        .build()
        .unwrap();
    let builder = builder(&home.store()).workflow("it", waiting(&log)).workflow("large", large);
    let engine = builder.resident_bytes(ROOM_FOR_TWO).open().await.unwrap();
    let scene = Scene { engine, log };
    scene.wait("a").await;
    let large = crate::paused::start_of("large", Some("l"));
    scene.engine.start(large).await.unwrap();
    until(async || scene.engine.handler("l").await.unwrap().unwrap().idle).await;
    // The one that waited had to go for it, in vain; whoever comes now has room.
    scene.wait("b").await;
    scene.answer("b", 1).await;
    assert_eq!(scene.bodies("b").await, 1);
    scene.answer("l", 1).await;
    let text = soon(stream_text(&scene.engine, "l")).await;
    assert!(text.ends_with("StopEvent {\"result\":65536}\n"), "{text}");
}

#[tokio::test]
async fn an_engine_that_is_shut_down_while_bodies_wait_leaves_their_runs_to_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::default();
    let open = async || {
        let file = directory.path().join("runs.db");
        let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
        let builder = Engine::builder().store(Arc::new(store)).workflow("it", waiting(&log));
        builder.resident_bytes(ROOM_FOR_TWO).open().await.unwrap()
    };
    let engine = open().await;
    for handler in ["a", "b", "c"] {
        engine.start(start(handler)).await.unwrap();
        kit::until(async || engine.handler(handler).await.unwrap().unwrap().idle).await;
    }
    soon(engine.shutdown()).await.unwrap();
    drop(engine);

    let engine = open().await;
    for handler in ["a", "b", "c"] {
        for n in 1..=2 {
            let answer = raw::<HumanResponseEvent>(&json!({ "n": n }));
            engine.send(handler, answer, None).await.unwrap();
        }
        let text = soon(stream_text(&engine, handler)).await;
        assert!(text.ends_with("StopEvent {\"result\":[1,2]}\n"), "{text}");
    }
}
