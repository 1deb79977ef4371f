//! Bodies that block their thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::{
    BlockingContext, ContextError, Engine, StartEvent, StepError, StepOptions, StopEvent, Workflow,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::kit::{self, Home, on_each_store, soon, stream_text, until};
use crate::lives::{Answer, Ask, Scene, answer, tenfold};
use crate::paused::start;

on_each_store! {
    a_thread_makes_calls_and_waits,
    what_a_thread_gave_up_eats_no_answer,
    a_deadline_wins_on_a_thread_too,
}

fn blocking<F>(body: F) -> Workflow
where
    F: Fn(&BlockingContext<u64>) -> Result<StopEvent, StepError> + Clone + Send + Sync + 'static,
{
    Workflow::builder("Blocking")
        .state::<u64>()
        .blocking_step(
            "step",
            StepOptions::new(),
            move |_: StartEvent, ctx: BlockingContext<u64>| body(&ctx),
        )
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

async fn run(home: &Home, workflow: &Workflow) -> Engine {
    let engine = kit::open(&home.store(), workflow).await;
    while engine.handler("h").await.unwrap().is_none() {
        let _ = engine.start(start("h")).await;
    }
    engine
}

async fn idle(engine: &Engine) {
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
}

async fn send(engine: &Engine, n: u64) {
    while engine.send("h", answer(n, 10 * n), None).await.is_err() {}
}

async fn play(workflow: Workflow, home: Home, result: Value) {
    let shows = format!("StopEvent {{\"result\":{result}}}");
    Scene::new(workflow).answering(tenfold).ends_with(&shows).play_on(home, 0).await;
}

async fn a_thread_makes_calls_and_waits(home: Home) {
    let workflow = blocking(|ctx| {
        ctx.block_on(ctx.update(|sum| *sum += 1))?;
        let paid: u64 = ctx.block_on(ctx.once("pay", async || Ok::<_, StepError>(5)))?;
        let one = ctx.block_on(ctx.wait::<Answer>().asking(Ask { n: 1 }).into_future())?.value;
        ctx.block_on(ctx.sleep(Duration::from_millis(1)))?;
        let (a, b) = (ctx.branch("a"), ctx.branch("b"));
        let both = ctx.block_on(async {
            tokio::try_join!(
                a.update(|sum| {
                    *sum += 1;
                    *sum
                }),
                b.update(|sum| {
                    *sum += 1;
                    *sum
                })
            )
        })?;
        Ok(StopEvent::of(&json!([paid, one, both, *ctx.state()]))?)
    });
    play(workflow, home, json!([5, 10, [2, 3], 3])).await;
}

async fn what_a_thread_gave_up_eats_no_answer(home: Home) {
    let workflow = blocking(|ctx| {
        // Made on the thread, and dropped there while nothing polls it.
        let mut wait = ctx.wait::<Answer>().into_future();
        let asked = ctx.block_on(async { futures::poll!(&mut wait).is_pending() });
        drop(wait);
        ctx.block_on(ctx.sleep(Duration::from_millis(1)))?;
        let value = ctx.block_on(ctx.wait::<Answer>().asking(Ask { n: 1 }).into_future())?.value;
        Ok(StopEvent::of(&json!([asked, value]))?)
    });
    play(workflow, home, json!([true, 10])).await;
}

async fn a_deadline_wins_on_a_thread_too(home: Home) {
    let workflow = blocking(|ctx| {
        let (answers, deadline) = (ctx.branch("answers"), ctx.branch("deadline"));
        let late = ctx.block_on(async {
            tokio::select! {
                biased;
                answer = answers.wait::<Answer>() => answer.map(|answer| Some(answer.value)),
                slept = deadline.sleep(Duration::from_millis(1)) => slept.map(|()| None),
            }
        })?;
        let value = ctx.block_on(ctx.wait::<Answer>().asking(Ask { n: 2 }).into_future())?.value;
        Ok(StopEvent::of(&json!([late, value]))?)
    });
    play(workflow, home, json!([null, 20])).await;
}

#[tokio::test]
async fn a_thread_that_waits_leaves_if_there_is_no_room() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let workflow = blocking(move |ctx| {
        counted.fetch_add(1, Ordering::Relaxed);
        let value = ctx.block_on(ctx.wait::<Answer>().asking(Ask { n: 1 }).into_future())?.value;
        Ok(StopEvent::new(value))
    });
    let home = Home::memory();
    let builder = Engine::builder().store(home.store()).resident_bytes(0);
    let engine = builder.workflow("it", workflow).open().await.unwrap();
    engine.start(start("h")).await.unwrap();
    idle(&engine).await;
    send(&engine, 1).await;
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":10}\n"), "{text}");
    assert_eq!(begun.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_thread_that_does_more_than_wait_keeps_its_run_busy() {
    let [waiting, go] = [(); 2].map(|()| CancellationToken::new());
    let (waits, goes) = (waiting.clone(), go.clone());
    let workflow = blocking(move |ctx| {
        let value = ctx.block_on(async {
            let wait = ctx.wait::<Answer>().into_future();
            let other = async {
                waits.cancel();
                goes.cancelled().await;
            };
            tokio::select! {
                biased;
                answer = wait => answer.map(|answer| answer.value),
                () = other => Ok(0),
            }
        })?;
        Ok(StopEvent::new(value))
    });
    let home = Home::memory();
    let engine = run(&home, &workflow).await;
    soon(waiting.cancelled()).await;
    // Long enough for the wait to be written, and for the run to say that it is idle.
    until(async || engine.handler("h").await.unwrap().unwrap().next_sequence >= 2).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!engine.handler("h").await.unwrap().unwrap().idle);
    go.cancel();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":0}\n"), "{text}");
}

#[tokio::test]
async fn a_thread_that_waits_is_told_of_the_end() {
    let told = CancellationToken::new();
    let tells = told.clone();
    let workflow = blocking(move |ctx| {
        let ended = ctx.block_on(ctx.wait::<Answer>().into_future());
        assert!(matches!(ended, Err(ContextError::Ended)));
        let again = ctx.block_on(ctx.sleep(Duration::from_secs(1000)));
        assert!(matches!(again, Err(ContextError::Ended)));
        tells.cancel();
        Ok(StopEvent::default())
    });
    let home = Home::memory();
    let engine = run(&home, &workflow).await;
    idle(&engine).await;
    soon(engine.cancel("h")).await.unwrap();
    soon(told.cancelled()).await;
}

#[test]
fn a_thread_goes_on_after_a_crash() {
    let home = Home::memory();
    let workflow = blocking(|ctx| {
        let before = ctx.block_on(ctx.update(|sum| std::mem::replace(sum, *sum + 1)))?;
        let value = ctx.block_on(ctx.wait::<Answer>().asking(Ask { n: 1 }).into_future())?.value;
        let after = ctx.block_on(ctx.update(|sum| std::mem::replace(sum, *sum + 1)))?;
        Ok(StopEvent::new(vec![before, value, after]))
    });
    let doomed = Runtime::new().unwrap();
    doomed.block_on(async {
        let engine = run(&home, &workflow).await;
        idle(&engine).await;
    });
    doomed.shutdown_background();
    Runtime::new().unwrap().block_on(async {
        let engine = kit::open(&home.store(), &workflow).await;
        send(&engine, 1).await;
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":[0,10,1]}\n"), "{text}");
    });
}
