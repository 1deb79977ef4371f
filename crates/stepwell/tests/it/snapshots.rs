//! Runs that are read from a snapshot: no other than those that are read from the beginning.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stepwell::engine::EngineError;
use stepwell::store::{INBOX_MESSAGES, Message, RunRow, SqliteOptions, SqliteStore, Status, Store};
use stepwell::{
    BuildError, Context, Emit, Engine, Event, HumanResponseEvent, InputRequiredEvent, StartEvent,
    StepError, StopEvent, Workflow,
};

use crate::kit::{self, soon};
use crate::paused::{event, life, open, start, until};
use crate::spy::Spy;

/// How many turns there are at least, each with a few kilobytes of journal.
const ROUNDS: u64 = 60;

#[derive(Event)]
struct Round {
    number: u64,
    ballast: String,
}

#[derive(Emit)]
enum Then {
    Round(Round),
    Ask(InputRequiredEvent),
}

/// Counts rounds in its state, waits for an answer, and tells how many there were.
fn rounds() -> Result<Workflow, BuildError> {
    async fn round(round: Round, ctx: Context<Vec<u64>>) -> Result<Then, StepError> {
        ctx.update(|seen| seen.push(round.number)).await?;
        let next = Round { number: round.number + 1, ballast: round.ballast };
        let is_last = next.number == ROUNDS;
        Ok(if is_last { Then::Ask(InputRequiredEvent::new()) } else { Then::Round(next) })
    }
    async fn answer(_: HumanResponseEvent, ctx: Context<Vec<u64>>) -> Result<StopEvent, StepError> {
        let seen = ctx.update(std::mem::take).await?;
        assert!(seen.iter().copied().eq(0..ROUNDS), "{seen:?}");
        Ok(StopEvent::new(seen.len()))
    }
    Workflow::builder("Rounds")
        .state::<Vec<u64>>()
        .step("begin", |_: StartEvent, _: Context<Vec<u64>>| async {
            Round { number: 0, ballast: "x".repeat(4_000) }
        })
        .step("round", round)
        .step("answer", answer)
        .build()
}

async fn row(store: &Arc<dyn Store>) -> RunRow {
    store.handler("h").await.unwrap().unwrap()
}

/// Starts a run, and lets it get to where it waits.
async fn begin(store: &Arc<dyn Store>) -> Engine {
    let engine = open(store, &rounds().unwrap()).await;
    engine.start(start("h")).await.unwrap();
    until(async || row(store).await.idle).await;
    engine
}

/// Answers the run in another life, which it must survive.
async fn finish(store: &Arc<dyn Store>) {
    let engine = open(store, &rounds().unwrap()).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    until(async || row(store).await.status.is_ended()).await;
    let record = engine.handler("h").await.unwrap().unwrap();
    assert_eq!(record.status, Status::Completed);
    assert_eq!(record.end.unwrap().value.text(), format!("{{\"result\":{ROUNDS}}}"));
    engine.shutdown().await.unwrap();
}

#[test]
fn a_long_run_is_read_from_its_snapshot() {
    let (spy, store) = Spy::new();
    life(begin(&store));
    let head = life(async {
        let key = row(&store).await.key;
        store.snapshot(key).await.unwrap().expect("there is a snapshot").head
    });
    assert!(head > ROUNDS / 2, "{head}");
    let before = spy.whole.load(Ordering::Relaxed);
    life(finish(&store));
    assert_eq!(spy.whole.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_long_run_goes_on_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = || -> Arc<dyn Store> {
        let path = directory.path().join("runs.db");
        Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap())
    };
    let (store, workflow) = (file(), rounds().unwrap());
    let engine = kit::open(&store, &workflow).await;
    engine.start(start("h")).await.unwrap();
    kit::until(async || row(&store).await.idle).await;
    engine.shutdown().await.unwrap();
    drop((engine, store));

    let store = file();
    assert!(store.snapshot(row(&store).await.key).await.unwrap().is_some());
    let engine = kit::open(&store, &workflow).await;
    engine.send("h", event::<HumanResponseEvent>(), None).await.unwrap();
    kit::until(async || row(&store).await.status == Status::Completed).await;
    engine.shutdown().await.unwrap();
}

/// With another checksum, another format of rows, another format of snapshots, another content,
/// and nothing at all.
#[test]
fn a_snapshot_that_cannot_be_used_costs_a_fold_of_the_journal() {
    let packed = |text: &str| {
        let mut row = vec![1];
        row.extend(crc32fast::hash(text.as_bytes()).to_le_bytes());
        row.extend(text.as_bytes());
        Bytes::from(row)
    };
    let definition = "0".repeat(64);
    let newer = format!(r#"[{{"format":99,"semantics":1,"definition":"{definition}","state":0}}]"#);
    let unknown = newer.replace("99", "1");
    let mut torn = packed("[{}]").to_vec();
    torn[7] ^= 1;
    for body in [
        torn.into(),
        Bytes::from_static(&[9; 20]),
        packed(&newer),
        packed(&unknown),
        packed("[]"),
        packed("nonsense"),
        Bytes::new(),
    ] {
        let (spy, store) = Spy::new();
        life(begin(&store));
        *spy.snapshot.lock().unwrap() = Some(body);
        let before = spy.whole.load(Ordering::Relaxed);
        life(finish(&store));
        assert!(spy.whole.load(Ordering::Relaxed) > before);
    }
}

/// One of another run reads well, but does not fit.
#[test]
fn a_snapshot_of_another_moment_is_not_used() {
    let (spy, store) = Spy::new();
    life(begin(&store));
    let (key, row) = life(async {
        let row = row(&store).await;
        (row.key, row)
    });
    let kept = life(store.snapshot(key)).unwrap().unwrap();
    assert!(kept.head < row.head);
    let text = String::from_utf8(kept.body[5..].to_vec()).unwrap();
    let at = text.find("\"next_sequence\":").unwrap() + "\"next_sequence\":".len();
    let other = format!("{}1{}", &text[..at], &text[at..]);
    let mut body = vec![1];
    body.extend(crc32fast::hash(other.as_bytes()).to_le_bytes());
    body.extend(other.as_bytes());
    *spy.snapshot.lock().unwrap() = Some(body.into());
    life(finish(&store));
}

#[tokio::test(start_paused = true)]
async fn a_run_with_a_full_inbox_takes_no_events_and_can_be_cancelled() {
    let (_spy, store) = Spy::new();
    let engine = begin(&store).await;
    let run = row(&store).await.key;
    for number in 0..INBOX_MESSAGES {
        let idempotency_key = number.to_string();
        let message = Message { run, idempotency_key, body: "".into(), is_urgent: false };
        store.deliver(message).await.unwrap();
    }
    let refused = engine.send("h", event::<HumanResponseEvent>(), None).await;
    assert!(matches!(refused, Err(EngineError::InboxFull(_))), "{refused:?}");
    soon(engine.cancel("h")).await.unwrap();
}
