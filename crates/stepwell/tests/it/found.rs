//! Runs that were started by somebody else are found by the names of their handlers.

use std::future::IntoFuture;

use stepwell::{
    Context, Event, HumanResponseEvent, InputRequiredEvent, StartEvent, StopEvent, Workflow,
};

use crate::kit::{Home, on_each_store, open, open_as, soon, until};
use crate::parts::start;

#[derive(Event)]
#[event(stop)]
struct Heard {
    word: String,
}

fn asking() -> Workflow {
    Workflow::builder("Asking")
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("hear", |answer: HumanResponseEvent, _: Context| async move {
            Heard { word: answer.get("word").unwrap_or_default() }
        })
        .build()
        .unwrap()
}

on_each_store! {
    hn_1_a_run_is_found_and_answered_in_another_engine,
    a_run_that_has_ended_is_found_with_its_result,
    a_run_that_was_set_aside_says_so,
}

async fn hn_1_a_run_is_found_and_answered_in_another_engine(home: Home) {
    let first = open(&home.store(), &asking()).await;
    first.start(start()).await.unwrap();
    until(async || first.handler("h").await.unwrap().unwrap().idle).await;
    drop(first);

    let second = open(&home.store(), &asking()).await;
    assert!(second.find("nobody").await.unwrap().is_none());
    let run = second.find("h").await.unwrap().unwrap();
    run.send(HumanResponseEvent::new().with("word", "me")).await.unwrap();
    let heard: Heard = soon(run.result()).await.unwrap();
    assert_eq!(heard.word, "me");
}

async fn a_run_that_has_ended_is_found_with_its_result(home: Home) {
    let engine = open(&home.store(), &asking()).await;
    engine.start(start()).await.unwrap();
    soon(engine.cancel("h")).await.unwrap();
    let run = engine.find("h").await.unwrap().unwrap();
    let ended = soon(run.into_future()).await.unwrap_err();
    assert_eq!(ended.to_string(), "the run was cancelled");

    let engine = open_as(&home.store(), "again", &asking()).await;
    let run = engine.find("h").await.unwrap().unwrap();
    let ended = soon(run.result::<StopEvent>()).await.unwrap_err();
    assert_eq!(ended.to_string(), "the run was cancelled");
}

async fn a_run_that_was_set_aside_says_so(home: Home) {
    let first = open(&home.store(), &asking()).await;
    first.start(start()).await.unwrap();
    until(async || first.handler("h").await.unwrap().unwrap().idle).await;
    drop(first);

    let other = open_as(&home.store(), "other", &asking()).await;
    let run = other.find("h").await.unwrap().unwrap();
    run.send(HumanResponseEvent::new()).await.unwrap();
    let why = async || other.handler("h").await.unwrap().unwrap().set_aside;
    until(async || why().await.is_some()).await;
    assert_eq!(why().await.unwrap(), "workflow `it@1` is not registered here");
}
