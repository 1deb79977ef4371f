//! Engines on PostgreSQL: they die, time passes, and others take over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell::engine::Start;
use stepwell::store::{PostgresServer, PostgresStore, Status, Store};
use stepwell::{
    Context, Engine, Family, HumanResponseEvent, Payload, RawEvent, StartEvent, StopEvent, Workflow,
};

use crate::kit::{open, soon, stream_text, until};
use crate::paused::{asking, event, start};

async fn connect(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(url).await.unwrap())
}

/// Waits for a timer, then ends; counts how often it begins.
fn napping(begun: &Arc<AtomicU64>) -> Workflow {
    let begun = Arc::clone(begun);
    Workflow::builder("Napping")
        .step("nap", move |_: StartEvent, ctx: Context| {
            begun.fetch_add(1, Ordering::Relaxed);
            async move {
                ctx.sleep(Duration::from_millis(700)).await?;
                Ok::<_, stepwell::StepError>(StopEvent::new("awake"))
            }
        })
        .build()
        .unwrap()
}

fn started(handler: &str) -> Start {
    let input = RawEvent::builtin("StartEvent", Family::Start, Payload::object());
    Start { workflow: "it".to_owned(), input, handler: Some(handler.to_owned()), state: None }
}

async fn ends_with(engine: &Engine, handler: &str, end: &str) {
    let text = soon(stream_text(engine, handler)).await;
    assert!(text.ends_with(end), "{text}");
}

#[tokio::test]
async fn a_timer_outlives_the_engine_that_set_it() {
    let url = PostgresServer::shared().database();
    let begun = Arc::default();
    let first = open(&connect(&url).await, &napping(&begun)).await;
    first.start(started("h")).await.unwrap();
    until(async || begun.load(Ordering::Relaxed) == 1).await;
    soon(first.shutdown()).await.unwrap();

    let second = open(&connect(&url).await, &napping(&begun)).await;
    ends_with(&second, "h", "StopEvent {\"result\":\"awake\"}\n").await;
}

#[tokio::test]
async fn two_engines_share_the_runs_and_both_show_and_take_everything() {
    let url = PostgresServer::shared().database();
    let engines =
        [open(&connect(&url).await, &asking()).await, open(&connect(&url).await, &asking()).await];
    for number in 0..20 {
        let handler = format!("h{number}");
        let (here, there) = (&engines[number % 2], &engines[(number + 1) % 2]);
        here.start(start(&handler)).await.unwrap();
        let reading = stream_text(there, &handler);
        let answering = async {
            until(async || there.handler(&handler).await.unwrap().unwrap().idle).await;
            there.send(&handler, event::<HumanResponseEvent>(), None).await.unwrap();
        };
        let (text, ()) = tokio::join!(reading, answering);
        assert_eq!(text, stream_text(here, &handler).await);
        assert_eq!(text.matches("StopEvent {").count(), 1, "{text}");
        let sequences = text.lines().map(|line| line.split(' ').next().unwrap());
        assert!(sequences.enumerate().all(|(at, it)| it == at.to_string()), "{text}");
    }
    // A cancel and a purge from elsewhere.
    engines[0].start(start("cancelled")).await.unwrap();
    let record = soon(engines[1].cancel("cancelled")).await.unwrap();
    assert_eq!(record.status, Status::Cancelled);
    soon(engines[1].purge("cancelled")).await.unwrap();
    assert!(engines[0].handler("cancelled").await.unwrap().is_none());
}

#[tokio::test]
async fn runs_of_an_engine_that_shuts_down_go_on_at_the_other_one() {
    let url = PostgresServer::shared().database();
    let begun = Arc::default();
    let first = open(&connect(&url).await, &napping(&begun)).await;
    let second = open(&connect(&url).await, &napping(&begun)).await;
    for number in 0..10 {
        first.start(started(&format!("h{number}"))).await.unwrap();
    }
    until(async || begun.load(Ordering::Relaxed) == 10).await;

    let reading: Vec<String> = (0..10).map(|number| format!("h{number}")).collect();
    let reading = futures::future::join_all(
        reading.iter().map(|handler| ends_with(&second, handler, "\"awake\"}\n")),
    );
    let (closed, _) = tokio::join!(first.shutdown(), reading);
    closed.unwrap();
}
