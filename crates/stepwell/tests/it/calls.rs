//! Calls of bodies: made once, answered again when the body runs again, and over when it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell::store::Status;
use stepwell::workflow::GraphCheck;
use stepwell::{
    BlockingContext, Context, ContextError, Event, MAX_EVENT_BYTES, StartEvent, StepError,
    StepOptions, StopEvent, Workflow,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::kit::{Home, Progress, soon, stream_text};
use crate::lives::{Answer, Ask, Note, Scene, scenes, tenfold};
use crate::paused::{open, pass, start, status, until};
use crate::spy::Spy;

scenes! {
    sd_6_what_was_sent_before_a_wait_is_sent_once,
    an_update_that_is_too_large_is_refused_in_every_life,
    an_update_that_was_given_up_before_its_turn_stays_given_up,
    an_update_returns_in_every_life_what_can_be_read_back,
    what_the_state_leaves_out_of_its_json_is_gone_in_every_life,
}

fn sd_6_what_was_sent_before_a_wait_is_sent_once() -> Scene {
    let workflow = Workflow::builder("Sending")
        .state::<u64>()
        .step("ask", |_: StartEvent, ctx: Context<u64>| async move {
            ctx.send(Note { n: 1 }).await?;
            ctx.send_to("note", Note { n: 2 }).await?;
            ctx.stream(Progress { number: 1 }).await?;
            let one = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
            ctx.send(Note { n: 3 }).await?;
            ctx.stream(Progress { number: 2 }).await?;
            let two = ctx.wait::<Answer>().asking(Ask { n: 2 }).await?.value;
            // By now the notes are counted.
            ctx.sleep(Duration::from_millis(20)).await?;
            Ok::<_, StepError>(StopEvent::new(vec![one, two, *ctx.state()]))
        })
        .step("note", |_: Note, ctx: Context<u64>| async move {
            ctx.update(|notes| *notes += 1).await?;
            Ok::<(), StepError>(())
        })
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Note>()
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Progress {"number":1}"#,
        r#"Ask {"n":1}"#,
        r#"Progress {"number":2}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[10,20,3]}"#,
    ])
}

fn one_step<S: stepwell::workflow::State, F, R>(body: F) -> Workflow
where
    F: Fn(StartEvent, Context<S>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("OneStep")
        .state::<S>()
        .step("step", body)
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

fn an_update_that_is_too_large_is_refused_in_every_life() -> Scene {
    let workflow = one_step(|_, ctx: Context<String>| async move {
        let refused = ctx.update(|text| *text = "x".repeat(MAX_EVENT_BYTES)).await;
        let refused = matches!(refused, Err(ContextError::TooLarge { .. }));
        ctx.sleep(Duration::from_millis(1)).await?;
        ctx.update(|text| text.push('y')).await?;
        let text = ctx.state().to_string();
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::of(&json!([refused, text]))?)
    });
    Scene::new(workflow).results_in(json!([true, "y"]))
}

/// The update waits for an atomic step, longer than its body likes.
fn an_update_that_was_given_up_before_its_turn_stays_given_up() -> Scene {
    let [given_up, holding] = [(); 2].map(|()| CancellationToken::new());
    let (gives_up, is_held) = (given_up.clone(), holding.clone());
    let workflow = Workflow::builder("Turns")
        .state::<u64>()
        .step("start", |_: StartEvent, ctx: Context<u64>| async move {
            ctx.send(Ask { n: 1 }).await?;
            ctx.send(Note { n: 1 }).await?;
            Ok::<Option<Note>, StepError>(None)
        })
        .step_with("hold", StepOptions::new().atomic(), move |_: Ask, ctx: Context<u64>| {
            let (given_up, holding) = (given_up.clone(), holding.clone());
            async move {
                ctx.update(|_| ()).await?;
                holding.cancel();
                given_up.cancelled().await;
                Ok::<(), StepError>(())
            }
        })
        .step("hurry", move |_: Note, ctx: Context<u64>| {
            let (given_up, holding) = (gives_up.clone(), is_held.clone());
            async move {
                holding.cancelled().await;
                let (update, deadline) = (ctx.branch("update"), ctx.branch("deadline"));
                tokio::select! {
                    biased;
                    _ = update.update(|_| ()) => {}
                    slept = deadline.sleep(Duration::from_millis(1)) => slept?,
                }
                given_up.cancel();
                update.sleep(Duration::from_millis(1)).await?;
                update.update(|sum| *sum += 1).await?;
                Ok::<_, StepError>(StopEvent::new(*ctx.state()))
            }
        })
        .skip(GraphCheck::DeadEnd)
        .additional_event::<Ask>()
        .build()
        .unwrap();
    Scene::new(workflow).results_in(1)
}

/// Keeps something that its JSON leaves out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Partial {
    kept: u64,
    #[serde(skip)]
    lost: u64,
}

fn an_update_returns_in_every_life_what_can_be_read_back() -> Scene {
    let workflow = one_step(|_, ctx: Context<u64>| async move {
        let returned = ctx.update(|_| Partial { kept: 1, lost: 2 }).await?;
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::new(vec![returned.kept, returned.lost]))
    });
    Scene::new(workflow).results_in(vec![1, 0])
}

fn what_the_state_leaves_out_of_its_json_is_gone_in_every_life() -> Scene {
    let workflow = one_step(|_, ctx: Context<Partial>| async move {
        ctx.update(|state| *state = Partial { kept: 1, lost: 2 }).await?;
        let _ = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?;
        let state = ctx.state();
        Ok(StopEvent::new(vec![state.kept, state.lost]))
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[1,0]}"#])
}

#[tokio::test(start_paused = true)]
async fn a_task_that_outlives_its_body_is_told_so_by_the_call_it_waits_in() {
    let told = Arc::new(Mutex::new(None));
    let waiting = Arc::new(Notify::new());
    let (teller, waits) = (Arc::clone(&told), Arc::clone(&waiting));
    let workflow = Workflow::builder("Outliving")
        .step("leave", move |_: StartEvent, ctx: Context| {
            let (told, waiting) = (Arc::clone(&teller), Arc::clone(&waits));
            async move {
                let task = ctx.branch("task");
                tokio::spawn(async move {
                    let mut wait = task.wait::<Answer>().into_future();
                    assert!((&mut wait).now_or_never().is_none());
                    waiting.notify_one();
                    *told.lock().unwrap() = Some(wait.await.map(|_| ()));
                });
                waits_for(&ctx).await
            }
        })
        .step("end", |_: Note, ctx: Context| async move {
            ctx.wait::<Answer>().asking(Ask { n: 1 }).await?;
            Ok::<_, StepError>(StopEvent::default())
        })
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    waiting.notified().await;
    until(async || told.lock().unwrap().is_some()).await;
    let told = told.lock().unwrap().take();
    assert!(matches!(told, Some(Err(ContextError::Ended))), "{told:?}");
    assert_eq!(status(&engine, "h").await, Status::Running);
}

/// Gives a task of the body time to make its call.
async fn waits_for(ctx: &Context) -> Result<Note, StepError> {
    ctx.sleep(Duration::from_millis(1)).await?;
    Ok(Note { n: 1 })
}

#[tokio::test]
async fn what_two_threads_of_a_body_publish_is_all_there() {
    let workflow = Workflow::builder("Threads")
        .blocking_step("step", StepOptions::new(), |_: StartEvent, ctx: BlockingContext| {
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let ctx = ctx.clone();
                    scope.spawn(move || {
                        for number in 0..250 {
                            let number = thread * 250 + number;
                            ctx.block_on(ctx.stream(Progress { number })).unwrap();
                        }
                    });
                }
            });
            StopEvent::default()
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = crate::kit::open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    let count = text.lines().filter(|line| line.contains("Progress")).count();
    assert_eq!(count, 1000);
}

#[tokio::test(start_paused = true)]
async fn an_update_may_drop_a_call_that_is_open() {
    let workflow = one_step(|_, ctx: Context<u64>| async move {
        let task = ctx.branch("task");
        let mut sleep = Box::pin(task.sleep(Duration::from_secs(1)));
        assert!((&mut sleep).now_or_never().is_none());
        ctx.update(move |sum| {
            drop(sleep);
            *sum += 1;
        })
        .await?;
        Ok(StopEvent::new(*ctx.state()))
    });
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":1}"#);
}

#[tokio::test(start_paused = true)]
async fn a_body_cannot_cancel_the_token_of_others() {
    let cancelled = Arc::new(Mutex::new(None));
    let told = Arc::clone(&cancelled);
    let workflow = Workflow::builder("Tokens")
        .step("cancel", |_: StartEvent, ctx: Context| async move {
            ctx.cancelled().cancel();
            Note { n: 1 }
        })
        .step("look", move |_: Note, ctx: Context| {
            *told.lock().unwrap() = Some(ctx.cancelled().is_cancelled());
            async { StopEvent::default() }
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(*cancelled.lock().unwrap(), Some(false));
}

/// Panics when it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_when_it_is_dropped_fails_its_attempt() {
    let options = StepOptions::new().timeout(Duration::from_secs(1));
    let workflow = Workflow::builder("Grenade")
        .step_with("step", options, |_: StartEvent, _: Context| async {
            let _grenade = Grenade;
            std::future::pending::<StopEvent>().await
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.status, Status::Failed);
    let end = record.end.unwrap();
    assert!(end.value.text().contains("ran longer than 1s"), "{}", end.value.text());
}

#[derive(Event)]
struct Unused {}

#[tokio::test(start_paused = true)]
async fn time_in_which_a_body_is_parked_before_a_sign_of_life_does_not_lengthen_the_next_limit() {
    let options = StepOptions::new().heartbeat(Duration::from_secs(10));
    let failed_after = Arc::new(Mutex::new(None));
    let told = Arc::clone(&failed_after);
    let workflow = Workflow::builder("Heart")
        .step_with("step", options, |_: StartEvent, ctx: Context| async move {
            ctx.sleep(Duration::from_secs(1000)).await?;
            ctx.heartbeat();
            std::future::pending::<()>().await;
            Ok::<_, StepError>(Unused {})
        })
        .catch("late", ["step"], 1, move |failed: stepwell::StepFailed<StartEvent>, _: Context| {
            *told.lock().unwrap() = Some(failed.elapsed.as_secs());
            async { StopEvent::default() }
        })
        .step("never", |_: Unused, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let waiting =
        tokio::time::timeout(Duration::from_secs(5000), engine.start_and_wait(start("h")));
    waiting.await.unwrap().unwrap();
    assert_eq!(*failed_after.lock().unwrap(), Some(1010));
}

/// A turn of nothing but an item waits for more of them, and a cancel comes meanwhile.
#[tokio::test(start_paused = true)]
async fn what_comes_while_a_turn_waits_for_more_items_is_not_lost() {
    let published = CancellationToken::new();
    let publishes = published.clone();
    let workflow = one_step(move |_, ctx: Context<u64>| {
        let published = publishes.clone();
        async move {
            ctx.update(|sum| *sum += 1).await?;
            ctx.stream(Progress { number: 1 }).await?;
            published.cancel();
            std::future::pending().await
        }
    });
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    published.cancelled().await;
    // The driver has the item, and waits.
    tokio::task::yield_now().await;
    soon(engine.cancel("h")).await.unwrap();
    assert_eq!(status(&engine, "h").await, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_floods_its_run_waits_for_room() {
    let sent = Arc::new(AtomicUsize::new(0));
    let sends = Arc::clone(&sent);
    let workflow = one_step(move |_, ctx: Context<u64>| {
        let sent = Arc::clone(&sends);
        async move {
            for n in 0..10_000 {
                ctx.send(Ask { n }).await?;
                ctx.stream(Progress { number: n }).await?;
                sent.fetch_add(2, Ordering::Relaxed);
            }
            Ok(StopEvent::default())
        }
    });
    let (spy, store) = Spy::new();
    let engine = open(&store, &workflow).await;
    let held = spy.gate.lock().await;
    let starts = engine.clone();
    let starting = tokio::spawn(async move { starts.start(start("h")).await });
    pass(1).await;
    // The start is written, and nothing after it.
    drop(held);
    let held = spy.gate.lock().await;
    starting.await.unwrap().unwrap();
    // What one turn takes, and as many as there is room for.
    pass(60).await;
    let before = sent.load(Ordering::Relaxed);
    assert!((1000..3000).contains(&before), "{before}");
    drop(held);
    until(async || status(&engine, "h").await == Status::Completed).await;
    assert_eq!(sent.load(Ordering::Relaxed), 20_000);
}
