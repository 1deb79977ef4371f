//! Runs that are set aside: they stay aside, and still obey whoever ends them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell::store::{Message, Status};
use stepwell::{
    Context, HumanResponseEvent, InputRequiredEvent, StartEvent, StepError, StopEvent, Workflow,
};

use crate::kit::{Home, soon};
use crate::paused::{asking, event, life, open, pass, start, status, until};
use crate::spy::Spy;

/// Sends an event in its first life and another one in its second, so it is set aside then.
fn fickle(lives: Arc<AtomicU64>) -> Workflow {
    Workflow::builder("Fickle")
        .timeout(Duration::from_secs(100))
        .step("work", move |_: StartEvent, ctx: Context| {
            let life = lives.fetch_add(1, Ordering::Relaxed);
            async move {
                if life == 0 {
                    ctx.send(HumanResponseEvent::new()).await?;
                    std::future::pending::<()>().await;
                }
                ctx.send(InputRequiredEvent::new()).await?;
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .step("hear", |_: HumanResponseEvent, _: Context| async {})
        .build()
        .unwrap()
}

#[test]
fn a_run_that_is_set_aside_stays_aside() {
    let home = Home::memory();
    let lives = Arc::new(AtomicU64::new(0));
    let workflow = fickle(Arc::clone(&lives));
    life(async {
        let engine = open(&home.store(), &workflow).await;
        engine.start(start("h")).await.unwrap();
        pass(1).await;
    });
    life(async {
        let engine = open(&home.store(), &workflow).await;
        // Its timer comes due meanwhile.
        pass(600).await;
        assert_eq!(engine.parked().len(), 1);
    });
    assert_eq!(lives.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_while_a_run_is_being_set_aside_is_not_lost() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &fickle(Arc::default())).await;
    engine.start(start("h")).await.unwrap();
    pass(1).await;
    // One turn is refused, so the run is read again and its body makes another call. The next
    // turn is held until there is a cancel too.
    let before = spy.commits.load(Ordering::Relaxed);
    spy.refuse.store(1, Ordering::Relaxed);
    let held = spy.gate.lock().await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    until(async || spy.commits.load(Ordering::Relaxed) == before + 2).await;
    let canceller = engine.clone();
    let cancel = tokio::spawn(async move { canceller.cancel("h").await });
    let row = store.handler("h").await.unwrap().unwrap();
    until(async || store.inbox(row.key, 9).await.unwrap().len() == 2).await;
    drop(held);
    let record = soon(cancel).await.unwrap().unwrap();
    assert_eq!(record.status, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_read_can_be_cancelled() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &asking()).await;
    engine.start(start("h")).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    spy.spoilt.store(true, Ordering::Relaxed);
    soon(engine.cancel("h")).await.unwrap();
    assert_eq!(status(&engine, "h").await, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_cannot_be_read_can_be_purged() {
    let (spy, store) = Spy::new();
    let engine = open(&store, &asking()).await;
    engine.start(start("h")).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    spy.spoilt.store(true, Ordering::Relaxed);
    soon(engine.purge("h")).await.unwrap();
    assert!(engine.handler("h").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_message_sets_its_run_aside_and_leaves_it_open_to_a_cancel() {
    let (_spy, store) = Spy::new();
    let lives = Arc::new(AtomicU64::new(0));
    let engine = open(&store, &fickle(Arc::clone(&lives))).await;
    engine.start(start("h")).await.unwrap();
    pass(1).await;
    let run = store.handler("h").await.unwrap().unwrap().key;
    let garbage = Message {
        run,
        idempotency_key: "x".to_owned(),
        body: vec![9; 20].into(),
        is_urgent: false,
    };
    store.deliver(garbage).await.unwrap();
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(10).await;
    assert_eq!((lives.load(Ordering::Relaxed), engine.parked().len()), (1, 1));

    soon(engine.cancel("h")).await.unwrap();
    assert_eq!(status(&engine, "h").await, Status::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_moment_does_not_bring_a_run_back_that_is_set_aside() {
    let (spy, store) = Spy::new();
    let lives = Arc::new(AtomicU64::new(0));
    let engine = open(&store, &fickle(Arc::clone(&lives))).await;
    engine.start(start("h")).await.unwrap();
    pass(1).await;
    // The refused turn makes the run's body run again, and diverge.
    spy.refuse.store(1, Ordering::Relaxed);
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    until(async || !engine.parked().is_empty()).await;

    spy.refuse.store(1, Ordering::Relaxed);
    soon(engine.cancel("h")).await.unwrap();
    assert_eq!(status(&engine, "h").await, Status::Cancelled);
    assert_eq!(lives.load(Ordering::Relaxed), 2);
}
