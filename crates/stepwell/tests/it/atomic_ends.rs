//! Atomic steps that keep the state: no longer than they may.

use std::sync::{Arc, Mutex};

use serde_json::json;
use stepwell::store::{SqliteOptions, SqliteStore, Store};
use stepwell::workflow::GraphCheck;
use stepwell::{
    BlockingContext, Context, ContextError, Event, Join, MAX_EVENT_BYTES, StartEvent, StepError,
    StepOptions, StopEvent, Workflow,
};
use tokio_util::sync::CancellationToken;

use crate::atomic::one_step;
use crate::kit::{self, Home, soon};
use crate::lives::{Ask, Note};
use crate::paused::{open, start};

#[tokio::test(start_paused = true)]
async fn a_task_that_outlives_an_atomic_step_keeps_nobody_from_the_state() {
    let [go, done] = [(); 2].map(|()| CancellationToken::new());
    let told = Arc::new(Mutex::new(None));
    let (goes, does, tells) = (go.clone(), done.clone(), Arc::clone(&told));
    let workflow = Workflow::builder("Outliving")
        .state::<u64>()
        .step_with("leave", StepOptions::new().atomic(), move |_: StartEvent, ctx: Context<u64>| {
            let (go, done, told) = (goes.clone(), does.clone(), Arc::clone(&tells));
            async move {
                tokio::spawn(async move {
                    go.cancelled().await;
                    let late = ctx.update(|sum| *sum += 1).await;
                    *told.lock().unwrap() = Some(matches!(late, Err(ContextError::Ended)));
                    done.cancel();
                    // It keeps the context.
                    std::future::pending::<()>().await;
                    drop(ctx);
                });
                Note { n: 1 }
            }
        })
        .step("next", move |_: Note, ctx: Context<u64>| {
            go.cancel();
            let (done, told) = (done.clone(), Arc::clone(&told));
            async move {
                done.cancelled().await;
                let sum = ctx.update(|sum| {
                    *sum += 1;
                    *sum
                });
                Ok::<_, StepError>(StopEvent::of(&json!([sum.await?, *told.lock().unwrap()]))?)
            }
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":[1,true]}"#);
}

#[tokio::test(start_paused = true)]
async fn what_an_atomic_step_changes_has_the_limit_of_one_update() {
    let workflow =
        one_step(StepOptions::new().atomic(), |_, ctx: Context<Vec<String>>| async move {
            let half = || "x".repeat(MAX_EVENT_BYTES * 2 / 3);
            ctx.update(|parts| parts.push(half())).await?;
            let refused = ctx.update(|parts| parts.push(half())).await;
            let refused = matches!(refused, Err(ContextError::TooLarge { .. }));
            Ok(StopEvent::of(&json!([refused, ctx.state().len()]))?)
        });
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":[true,1]}"#);
}

/// An atomic body that keeps the state, and one that wants to change it.
fn kept_waiting(kept: &CancellationToken, first_life: bool) -> Workflow {
    let kept = kept.clone();
    Workflow::builder("Kept")
        .state::<u64>()
        .step("split", |_: StartEvent, _: Context<u64>| async {
            vec![Note { n: 0 }, Note { n: 1 }]
        })
        .step_with("add", StepOptions::new().atomic(), move |note: Note, ctx: Context<u64>| {
            let kept = kept.clone();
            async move {
                if note.n == 1 {
                    kept.cancelled().await;
                }
                ctx.update(|sum| *sum += 1).await?;
                kept.cancel();
                if first_life {
                    std::future::pending::<()>().await;
                }
                Ok::<_, StepError>(Ask { n: note.n })
            }
        })
        .step("end", |_: Join<Ask>, ctx: Context<u64>| async move { StopEvent::new(*ctx.state()) })
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_who_waits_for_an_atomic_step() {
    let directory = tempfile::tempdir().unwrap();
    let store = || -> Arc<dyn Store> {
        let file = directory.path().join("runs.db");
        Arc::new(SqliteStore::open(file, SqliteOptions::default()).unwrap())
    };
    let kept = CancellationToken::new();
    let engine = kit::open(&store(), &kept_waiting(&kept, true)).await;
    engine.start(start("h")).await.unwrap();
    soon(kept.cancelled()).await;
    soon(engine.shutdown()).await.unwrap();

    let kept = CancellationToken::new();
    let engine = kit::open(&store(), &kept_waiting(&kept, false)).await;
    let text = soon(kit::stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":2}\n"), "{text}");
}

#[tokio::test]
async fn a_thread_that_waits_for_an_atomic_step_is_told_of_the_end() {
    #[derive(Event)]
    struct Go {}
    let [kept, told] = [(); 2].map(|()| CancellationToken::new());
    let (keeps, tells) = (kept.clone(), told.clone());
    let options = StepOptions::new().atomic();
    let workflow = Workflow::builder("Threads")
        .state::<u64>()
        .step("split", |_: StartEvent, ctx: Context<u64>| async move {
            ctx.send(Note { n: 1 }).await?;
            ctx.send(Go {}).await?;
            Ok::<(), StepError>(())
        })
        // It keeps its thread, and so the state, when the run has ended.
        .blocking_step("keep", options, move |_: Note, ctx: BlockingContext<u64>| {
            ctx.block_on(ctx.update(|sum| *sum += 1))?;
            keeps.cancel();
            ctx.block_on(tells.cancelled());
            Ok::<_, StepError>(StopEvent::default())
        })
        .blocking_step("want", StepOptions::new(), {
            let (kept, told) = (kept.clone(), told.clone());
            move |_: Go, ctx: BlockingContext<u64>| {
                ctx.block_on(kept.cancelled());
                let ended = ctx.block_on(ctx.update(|sum| *sum += 1));
                assert!(matches!(ended, Err(ContextError::Ended)), "{ended:?}");
                told.cancel();
            }
        })
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Note>()
        .additional_event::<Go>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = kit::open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    kept.cancelled().await;
    soon(engine.cancel("h")).await.unwrap();
    soon(told.cancelled()).await;
}
