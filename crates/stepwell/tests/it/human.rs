//! Runs that wait for people: at the cost of a row, through restarts.

use std::sync::Arc;

use expect_test::expect;
use stepwell::engine::Start;
use stepwell::event::EventType;
use stepwell::store::{SqliteOptions, SqliteStore, Status, Store};
use stepwell::{Context, Event, Payload, RawEvent, StartEvent, Workflow};

use crate::kit::{Home, on_each_store, open, open_as, soon, stream_text, until};

#[derive(Event)]
#[event(request)]
struct Ask {
    prompt: String,
}

#[derive(Event)]
#[event(response)]
struct Answer {
    text: String,
}

#[derive(Event)]
#[event(stop)]
struct Done {
    text: String,
}

fn human() -> Workflow {
    Workflow::builder("Human")
        .step("ask", |_: StartEvent, _: Context| async { Ask { prompt: "who?".to_owned() } })
        .step("hear", |answer: Answer, _: Context| async { Done { text: answer.text } })
        .build()
        .unwrap()
}

fn start() -> Start {
    let input = EventType::of::<StartEvent>(None).read(&Payload::object()).unwrap();
    Start { workflow: "it".to_owned(), input, handler: Some("h".to_owned()), state: None }
}

fn answer(text: &str) -> RawEvent {
    let fields = Payload::of(&serde_json::json!({ "text": text }));
    EventType::of::<Answer>(None).read(&fields).unwrap()
}

on_each_store! {
    hi_1_a_request_is_published_and_the_answer_ends_the_run,
    a_waiting_run_goes_on_in_another_engine,
    a_waiting_run_can_be_cancelled,
    id_2_the_run_says_that_it_is_idle_each_time_it_settles,
    a_run_whose_workflow_is_missing_waits_and_goes_on_when_it_is_back,
    a_run_whose_workflow_is_missing_can_be_cancelled,
}

async fn hi_1_a_request_is_published_and_the_answer_ends_the_run(home: Home) {
    let store = home.store();
    let engine = open(&store, &human()).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", answer("me"), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    expect![[r#"
        0 [ask running]
        1 [ask returned Ask]
        2 Ask {"prompt":"who?"}
        3 idle
        4 [hear running]
        5 [hear returned Done]
        6 Done {"text":"me"}
    "#]]
    .assert_eq(&text);
}

async fn a_waiting_run_goes_on_in_another_engine(home: Home) {
    let store = home.store();
    let first = open(&store, &human()).await;
    first.start(start()).await.unwrap();
    until(async || first.handler("h").await.unwrap().unwrap().idle).await;
    drop(first);

    let second = open(&store, &human()).await;
    second.send("h", answer("me"), None).await.unwrap();
    let text = soon(stream_text(&second, "h")).await;
    assert!(text.ends_with("6 Done {\"text\":\"me\"}\n"), "{text}");
}

async fn a_waiting_run_can_be_cancelled(home: Home) {
    let store = home.store();
    let engine = open(&store, &human()).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    let record = soon(engine.cancel("h")).await.unwrap();
    assert_eq!(record.status, Status::Cancelled);
}

async fn id_2_the_run_says_that_it_is_idle_each_time_it_settles(home: Home) {
    let store = home.store();
    let engine = open(&store, &human()).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    let stray = EventType::of::<Ask>(None)
        .read(&Payload::of(&serde_json::json!({ "prompt": "?" })))
        .unwrap();
    let stray = RawEvent { name: "Stray".into(), family: stepwell::Family::Plain, ..stray };
    engine.send("h", stray, None).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().next_sequence == 6).await;
    soon(engine.cancel("h")).await.unwrap();
    let text = stream_text(&engine, "h").await;
    assert!(text.contains("3 idle\n4 unhandled Stray\n5 idle\n"), "{text}");
}

async fn a_run_whose_workflow_is_missing_waits_and_goes_on_when_it_is_back(home: Home) {
    let store = home.store();
    let first = open(&store, &human()).await;
    first.start(start()).await.unwrap();
    until(async || first.handler("h").await.unwrap().unwrap().idle).await;
    drop(first);

    let other = open_as(&store, "other", &human()).await;
    other.send("h", answer("me"), None).await.unwrap();
    until(async || !other.parked().is_empty()).await;
    let reason = other.parked().into_values().next().unwrap();
    expect!["workflow `it@1` is not registered here"].assert_eq(&reason);
    drop(other);

    let back = open(&store, &human()).await;
    let text = soon(stream_text(&back, "h")).await;
    assert!(text.ends_with("6 Done {\"text\":\"me\"}\n"), "{text}");
}

async fn a_run_whose_workflow_is_missing_can_be_cancelled(home: Home) {
    let store = home.store();
    let first = open(&store, &human()).await;
    first.start(start()).await.unwrap();
    until(async || first.handler("h").await.unwrap().unwrap().idle).await;
    drop(first);

    let other = open_as(&store, "other", &human()).await;
    // More of them than one turn takes come before the cancel.
    for _ in 0..100 {
        other.send("h", answer("me"), None).await.unwrap();
    }
    let record = soon(other.cancel("h")).await.unwrap();
    assert_eq!(record.status, Status::Cancelled);
    let text = stream_text(&other, "h").await;
    assert!(text.ends_with("4 WorkflowCancelledEvent {}\n"), "{text}");
}

#[tokio::test]
async fn an_engine_that_shuts_down_leaves_its_runs_to_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runs.db");
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&file, SqliteOptions::default()).unwrap());
    let first = open(&store, &human()).await;
    first.start(start()).await.unwrap();
    soon(first.shutdown()).await.unwrap();
    let refused = first.start(start()).await.unwrap_err();
    assert_eq!(refused.to_string(), "the engine is shutting down");

    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&file, SqliteOptions::default()).unwrap());
    let second = open(&store, &human()).await;
    until(async || second.handler("h").await.unwrap().unwrap().idle).await;
    second.send("h", answer("me"), None).await.unwrap();
    let text = soon(stream_text(&second, "h")).await;
    assert!(text.ends_with("Done {\"text\":\"me\"}\n"), "{text}");
}
