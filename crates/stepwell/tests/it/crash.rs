//! Crashes and stores that fail: nothing is lost, nothing counts twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use expect_test::expect;
use futures::FutureExt;
use stepwell::engine::Start;
use stepwell::event::EventType;
use stepwell::store::{Fault, FaultyStore, HandlerFilter, MemoryStore, Status, Store};
use stepwell::{Context, Event, Payload, StartEvent, StepError, StopEvent, Workflow};
use tokio::runtime::Runtime;

use crate::kit::{Count, Home, ITEMS, Progress, counting, open, soon, stream_text, until};
use crate::paused;

fn start<E: Event>(fields: serde_json::Value, handler: &str) -> Start {
    let input = EventType::of::<E>(None).read(&Payload::of(&fields)).unwrap();
    Start { workflow: "it".to_owned(), input, handler: Some(handler.to_owned()), state: None }
}

fn count(handler: &str) -> Start {
    start::<Count>(serde_json::json!({ "items": ITEMS }), handler)
}

/// Sequences without a gap, each progress once, one terminal event at the end.
fn assert_whole(text: &str) {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(sequence, rest)| (sequence.parse().unwrap(), rest))
        .collect();
    assert!(lines.iter().enumerate().all(|(at, (sequence, _))| at == *sequence), "{text}");
    let mut progress: Vec<&str> =
        lines.iter().map(|line| line.1).filter(|rest| rest.starts_with("Progress")).collect();
    progress.sort_unstable();
    progress.dedup();
    let published = lines.iter().filter(|line| line.1.starts_with("Progress")).count();
    assert_eq!((progress.len(), published), (10, 10), "{text}");
    let stops = lines.iter().filter(|line| line.1.starts_with("StopEvent")).count();
    assert_eq!(stops, 1, "{text}");
    assert!(text.ends_with("StopEvent {\"result\":55}\n"), "{text}");
}

#[tokio::test]
async fn with_a_store_that_fails_every_run_still_counts_right() {
    for seed in 0..30 {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let faulty: Arc<dyn Store> = Arc::new(FaultyStore::new(Arc::clone(&inner), seed, 150));
        let engine = open(&faulty, &counting(Arc::default())).await;
        let mut acknowledged = Vec::new();
        for number in 0..5 {
            let handler = format!("h{number}");
            if engine.start(count(&handler)).await.is_ok() {
                acknowledged.push(handler);
            }
        }
        assert!(!acknowledged.is_empty());
        // Looked at through a store that does not fail, so that only the engine is tested.
        until(async || {
            let mut ended = 0;
            for handler in &acknowledged {
                let row = inner.handler(handler).await.unwrap().unwrap();
                ended += usize::from(row.status.is_ended());
            }
            ended == acknowledged.len()
        })
        .await;
        let engine = open(&inner, &counting(Arc::default())).await;
        for handler in &acknowledged {
            assert_whole(&stream_text(&engine, handler).await);
        }
    }
}

#[test]
fn while_the_store_cannot_write_no_body_runs_again() {
    let executions = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&executions);
    let workflow = Workflow::builder("Careful")
        .step("pay", move |_: StartEvent, _: Context| {
            counted.fetch_add(1, Ordering::Relaxed);
            async { StopEvent::new("paid") }
        })
        .build()
        .unwrap();
    paused::life(async {
        let mut writes = vec![None];
        writes.extend([Some(Fault::ErrorBefore); 50]);
        let inner = Arc::new(MemoryStore::default());
        let store: Arc<dyn Store> = Arc::new(FaultyStore::scripted(inner, writes));
        let engine = paused::open(&store, &workflow).await;
        engine.start(start::<StartEvent>(serde_json::json!({}), "h")).await.unwrap();
        paused::until(async || paused::status(&engine, "h").await == Status::Completed).await;
    });
    // Once, and once more since nobody knew what had become of the first.
    assert_eq!(executions.load(Ordering::Relaxed), 2);
}

#[test]
fn a_process_that_dies_at_any_moment_loses_nothing_and_repeats_nothing() {
    for delay in 0..40 {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let calls = Arc::new(AtomicU64::new(0));
        let doomed = Runtime::new().unwrap();
        let reached = Arc::new(AtomicBool::new(false));
        doomed.block_on(async {
            let engine = open(&store, &counting(Arc::clone(&calls))).await;
            for number in 0..4 {
                engine.start(count(&format!("h{number}"))).await.unwrap();
            }
            // Dies after another number of bodies each time.
            until(async || calls.load(Ordering::Relaxed) >= delay).await;
            reached.store(true, Ordering::Relaxed);
        });
        assert!(reached.load(Ordering::Relaxed));
        // Drops every task where it stands, as a crash would.
        doomed.shutdown_background();

        Runtime::new().unwrap().block_on(async {
            let engine = open(&store, &counting(calls)).await;
            for number in 0..4 {
                let text = soon(stream_text(&engine, &format!("h{number}"))).await;
                assert_whole(&text);
            }
        });
    }
}

/// Makes a run that publishes, sends and updates, and then waits in its first life and returns in
/// its second. `second` decides what the second life publishes as its second item.
fn interrupted(lives: Arc<AtomicU64>, second: u64) -> Workflow {
    Workflow::builder("Interrupted")
        .state::<u64>()
        .step("work", move |_: StartEvent, ctx: Context<u64>| {
            let life = lives.fetch_add(1, Ordering::Relaxed);
            async move {
                ctx.stream(Progress { number: 1 }).await?;
                ctx.stream(Progress { number: if life == 0 { 2 } else { second } }).await?;
                let updated = ctx.update(|count| {
                    *count += 1;
                    *count * 10
                });
                let updated = updated.await?;
                if life == 0 {
                    std::future::pending::<()>().await;
                }
                ctx.stream(Progress { number: 3 }).await?;
                let state = *ctx.state();
                Ok::<_, StepError>(StopEvent::new(format!("{updated} {state} {}", ctx.attempt())))
            }
        })
        .build()
        .unwrap()
}

fn crash_and_resume(second: u64) -> String {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let lives = Arc::new(AtomicU64::new(0));
    let doomed = Runtime::new().unwrap();
    doomed.block_on(async {
        let engine = open(&store, &interrupted(Arc::clone(&lives), second)).await;
        engine.start(start::<StartEvent>(serde_json::json!({}), "h")).await.unwrap();
        // The update is in the turn after the two items, or in the same.
        until(async || {
            let row = engine.store().handler("h").await.unwrap().unwrap();
            let journal = engine.store().journal(row.key, 0, usize::MAX).await.unwrap();
            journal.iter().any(|row| String::from_utf8_lossy(row).contains("updated"))
        })
        .await;
    });
    doomed.shutdown_background();
    Runtime::new().unwrap().block_on(async {
        let engine = open(&store, &interrupted(lives, second)).await;
        soon(stream_text(&engine, "h")).await
    })
}

#[test]
fn sr_3_a_body_that_runs_again_finds_its_effects_made() {
    expect![[r#"
        0 [work running]
        1 Progress {"number":1}
        2 Progress {"number":2}
        3 Progress {"number":3}
        4 [work returned StopEvent]
        5 StopEvent {"result":"10 1 1"}
    "#]]
    .assert_eq(&crash_and_resume(2));
}

#[test]
fn readers_are_told_when_a_body_that_runs_again_publishes_something_else() {
    expect![[r#"
        0 [work running]
        1 Progress {"number":1}
        2 Progress {"number":2}
        3 work restarted from 2
        4 Progress {"number":22}
        5 Progress {"number":3}
        6 [work returned StopEvent]
        7 StopEvent {"result":"10 1 1"}
    "#]]
    .assert_eq(&crash_and_resume(22));
}

#[test]
fn a_body_that_makes_another_call_when_it_runs_again_sets_its_run_aside() {
    #[derive(Event)]
    struct Left {}
    #[derive(Event)]
    struct Right {}
    let lives = Arc::new(AtomicU64::new(0));
    let workflow = Workflow::builder("Fickle")
        .state::<u64>()
        .step("work", move |_: StartEvent, ctx: Context<u64>| {
            let life = lives.fetch_add(1, Ordering::Relaxed);
            async move {
                if life == 0 {
                    ctx.send(Left {}).await?;
                    ctx.update(|count| *count += 1).await?;
                    std::future::pending::<()>().await;
                }
                ctx.send(Right {}).await?;
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .step("left", |_: Left, _: Context<u64>| async {})
        .step("right", |_: Right, _: Context<u64>| async {})
        .additional_event::<Left>()
        .additional_event::<Right>()
        .build()
        .unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let doomed = Runtime::new().unwrap();
    doomed.block_on(async {
        let engine = open(&store, &workflow).await;
        engine.start(start::<StartEvent>(serde_json::json!({}), "h")).await.unwrap();
        until(async || {
            let row = engine.store().handler("h").await.unwrap().unwrap();
            let journal = engine.store().journal(row.key, 0, usize::MAX).await.unwrap();
            journal.iter().any(|row| String::from_utf8_lossy(row).contains("updated"))
        })
        .await;
    });
    doomed.shutdown_background();
    Runtime::new().unwrap().block_on(async {
        let engine = open(&store, &workflow).await;
        until(async || !engine.parked().is_empty()).await;
        let reason = engine.parked().into_values().next().unwrap();
        expect!["step `work` made other calls than before it was interrupted: a send of `Right` instead of a send of `Left`; needs migration"]
            .assert_eq(&reason);
        let row = engine.handler("h").await.unwrap().unwrap();
        assert_eq!(row.status, Status::Running);
    });
}

#[tokio::test]
async fn a_start_that_the_store_did_not_confirm_still_runs() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let unknown = vec![Some(Fault::ErrorAfter); 5];
    let store: Arc<dyn Store> = Arc::new(FaultyStore::scripted(Arc::clone(&inner), unknown));
    let engine = open(&store, &counting(Arc::default())).await;
    assert!(engine.start(count("h")).await.is_err());
    until(async || {
        let row = inner.handler("h").await.unwrap();
        row.is_some_and(|row| row.status == Status::Completed)
    })
    .await;
}

#[tokio::test]
async fn a_start_whose_caller_goes_away_still_runs() {
    let home = Home::sqlite();
    let engine = open(&home.store(), &counting(Arc::default())).await;
    let nameless = Start { handler: None, ..count("") };
    // Polled once: the write is on its way when its caller is gone, as a rule; that the writer is
    // faster than the poll is rare and no harm.
    drop(engine.start(nameless).now_or_never());
    until(async || {
        let records = engine.handlers(&HandlerFilter::default()).await.unwrap();
        records.first().is_some_and(|record| record.status == Status::Completed)
    })
    .await;
}
