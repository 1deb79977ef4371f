//! Streams: many readers, any cursor, one order.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use stepwell::engine::{Cursor, Start};
use stepwell::event::EventType;
use stepwell::{
    Context, Engine, Event, Payload, StartEvent, StepError, StopEvent, StreamItem, Workflow,
};
use tokio::sync::Semaphore;

use crate::kit::{Count, Home, ITEMS, counting, on_each_store, open, read_text, soon, stream_text};

#[derive(Event)]
struct Token {
    number: u64,
}

fn start<E: Event>(fields: serde_json::Value) -> Start {
    let input = EventType::of::<E>(None).read(&Payload::of(&fields)).unwrap();
    Start { workflow: "it".to_owned(), input, handler: Some("h".to_owned()), state: None }
}

on_each_store! {
    a_cursor_past_the_end_of_a_live_run_ends_with_the_run,
    every_reader_sees_the_same_whenever_it_comes,
    a_cursor_leaves_out_what_was_seen_and_nothing_else,
    a_reader_of_a_purged_run_still_gets_its_terminal_event,
}

async fn every_reader_sees_the_same_whenever_it_comes(home: Home) {
    let store = home.store();
    let engine = open(&store, &counting(Arc::new(AtomicU64::new(0)))).await;
    engine.start(start::<Count>(serde_json::json!({ "items": ITEMS }))).await.unwrap();
    let readers = (0..10).map(|_| stream_text(&engine, "h"));
    let texts = soon(futures::future::join_all(readers)).await;
    let late = stream_text(&engine, "h").await;
    assert!(texts.iter().all(|text| *text == late));
    let sequences: Vec<usize> =
        late.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(sequences, (0..sequences.len()).collect::<Vec<_>>());
}

async fn a_cursor_leaves_out_what_was_seen_and_nothing_else(home: Home) {
    let store = home.store();
    let engine = open(&store, &counting(Arc::new(AtomicU64::new(0)))).await;
    let started = start::<Count>(serde_json::json!({ "items": ITEMS }));
    soon(engine.start_and_wait(started)).await.unwrap();
    let all = stream_text(&engine, "h").await;
    let lines: Vec<&str> = all.lines().collect();
    for seen in 0..lines.len() {
        let (_, stream) = engine.events("h", Cursor::After(seen as u64)).await.unwrap();
        let rest = read_text(stream).await;
        assert_eq!(rest.lines().collect::<Vec<_>>(), lines[seen + 1..]);
    }
    let (_, now) = engine.events("h", Cursor::Now).await.unwrap();
    assert_eq!(read_text(now).await, "");
}

#[tokio::test]
async fn sm_2_items_keep_the_order_in_which_a_body_published_them() {
    let workflow = Workflow::builder("Tokens")
        .step("write", |_: StartEvent, ctx: Context| async move {
            for number in 0..5_000 {
                ctx.stream(Token { number }).await?;
            }
            Ok::<_, StepError>(StopEvent::default())
        })
        .build()
        .unwrap();
    let run = workflow.run(StartEvent::new()).await.unwrap();
    let text = read_text(run.events()).await;
    let mut expected = "0 [write running]\n".to_owned();
    for number in 0..5_000 {
        expected += &format!("{} Token {{\"number\":{number}}}\n", number + 1);
    }
    expected += "5001 [write returned StopEvent]\n5002 StopEvent {}\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn items_of_the_stream_do_not_change_the_record() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let tokens = Workflow::builder("Tokens")
        .step("write", move |_: StartEvent, ctx: Context| {
            let gate = Arc::clone(&opened);
            async move {
                let mut number = 0;
                while let Ok(permit) = gate.acquire().await {
                    permit.forget();
                    ctx.stream(Token { number }).await?;
                    number += 1;
                }
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap();
    let engine = Engine::builder().workflow("it", tokens).open().await.unwrap();
    engine.start(start::<StartEvent>(serde_json::json!({}))).await.unwrap();
    let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
    let mut records = Vec::new();
    for _ in 0..3 {
        gate.add_permits(1);
        while !matches!(soon(stream.next()).await.unwrap().unwrap().item, StreamItem::Event(_)) {}
        records.push(engine.handler("h").await.unwrap().unwrap());
    }
    let updates: Vec<_> = records.iter().map(|record| record.updated_at).collect();
    assert_eq!(updates, [updates[0]; 3]);

    gate.close();
    soon(read_text(stream)).await;
    assert!(engine.handler("h").await.unwrap().unwrap().updated_at > updates[0]);
}

async fn a_cursor_past_the_end_of_a_live_run_ends_with_the_run(home: Home) {
    let store = home.store();
    let engine = open(&store, &counting(Arc::new(AtomicU64::new(0)))).await;
    engine.start(start::<Count>(serde_json::json!({ "items": ITEMS }))).await.unwrap();
    let (_, stream) = engine.events("h", Cursor::After(1_000_000)).await.unwrap();
    assert_eq!(read_text(stream).await, "");
}

async fn a_reader_of_a_purged_run_still_gets_its_terminal_event(home: Home) {
    let store = home.store();
    let engine = open(&store, &counting(Arc::new(AtomicU64::new(0)))).await;
    let started = start::<Count>(serde_json::json!({ "items": ITEMS }));
    soon(engine.start_and_wait(started)).await.unwrap();
    let (_, slow) = engine.events("h", Cursor::Start).await.unwrap();
    engine.purge("h").await.unwrap();
    let text = read_text(slow).await;
    assert!(text.ends_with("StopEvent {\"result\":55}\n"), "{text}");
}
