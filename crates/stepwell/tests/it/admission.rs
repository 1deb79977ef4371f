//! Workflows of which only so many runs are in memory at once.

use std::time::Duration;

use expect_test::expect;
use stepwell::engine::{EngineError, Start};
use stepwell::store::Status;
use stepwell::workflow::Builder;
use stepwell::{
    Context, Engine, HumanResponseEvent, InputRequiredEvent, RunId, StartEvent, StepError,
    StopEvent, Workflow,
};
use tokio::time::Instant;

use crate::kit::{Home, soon};
use crate::parts::Log;
use crate::paused::{event, life, open, pass, start, status, until};
use crate::spy::Spy;

const SECOND: Duration = Duration::from_secs(1);

/// Runs of ten seconds, of which `runs` are in memory at once.
fn naps(runs: usize, log: &Log) -> Builder {
    let log = log.clone();
    Workflow::builder("Naps").concurrent_runs(runs).additional_event::<HumanResponseEvent>().step(
        "nap",
        move |_: StartEvent, ctx: Context| {
            log.add(ctx.run_id().as_str());
            async move {
                pass(10).await;
                StopEvent::default()
            }
        },
    )
}

async fn start_all<const N: usize>(engine: &Engine, handlers: [&str; N]) -> [RunId; N] {
    let mut runs = Vec::new();
    for handler in handlers {
        runs.push(engine.start(start(handler)).await.unwrap().run);
        // Each begins to wait for its turn before the next one is there.
        pass(0).await;
        tokio::task::yield_now().await;
    }
    runs.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn rn_8_only_so_many_runs_are_active_and_the_clock_of_the_others_rests() {
    let log = Log::default();
    let workflow = naps(2, &log).timeout(11 * SECOND).build().unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let began = Instant::now();
    let runs = ["a", "b", "c", "d", "e"].map(|handler| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let record = engine.start_and_wait(start(handler)).await.unwrap();
            format!("{handler} {:?} {:?}", record.status, began.elapsed().as_secs())
        })
    });
    let mut told = Vec::new();
    for run in runs {
        told.push(run.await.unwrap());
    }
    expect!["a Completed 10, b Completed 10, c Completed 20, d Completed 20, e Completed 30"]
        .assert_eq(&told.join(", "));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_its_turn_can_be_cancelled_and_purged() {
    let log = Log::default();
    let home = Home::memory();
    let engine = open(&home.store(), &naps(1, &log).build().unwrap()).await;
    let [first, _, _, last] = start_all(&engine, ["a", "b", "c", "d"]).await;
    assert_eq!(soon(engine.cancel("b")).await.unwrap().status, Status::Cancelled);
    soon(engine.purge("c")).await.unwrap();
    assert!(matches!(engine.cancel("c").await, Err(EngineError::UnknownHandler(_))));
    pass(21).await;
    assert_eq!(status(&engine, "a").await, Status::Completed);
    assert_eq!(status(&engine, "d").await, Status::Completed);
    assert_eq!(log.text(), format!("{first} {last}"));
}

#[tokio::test(start_paused = true)]
async fn runs_that_wait_for_their_turn_get_it_in_the_order_in_which_they_came() {
    let log = Log::default();
    let home = Home::memory();
    let engine = open(&home.store(), &naps(1, &log).build().unwrap()).await;
    let [a, b, c, d] = start_all(&engine, ["a", "b", "c", "d"]).await;
    // Whoever writes to a run does not send it to the end of the queue.
    for _ in 0..5 {
        engine.send("b", event::<HumanResponseEvent>(), None).await.unwrap();
        pass(1).await;
    }
    pass(40).await;
    assert_eq!(log.text(), format!("{a} {b} {c} {d}"));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_store_fails_while_it_waits_keeps_its_place() {
    let log = Log::default();
    let (spy, store) = Spy::new();
    let engine = open(&store, &naps(1, &log).build().unwrap()).await;
    let [a, b, c] = start_all(&engine, ["a", "b", "c"]).await;
    spy.spoilt.store(true, std::sync::atomic::Ordering::Relaxed);
    engine.send("b", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(1).await;
    spy.spoilt.store(false, std::sync::atomic::Ordering::Relaxed);
    pass(40).await;
    assert_eq!(log.text(), format!("{a} {b} {c}"));
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_a_run_that_waits_for_its_turn_is_there_when_it_gets_it() {
    let home = Home::memory();
    let workflow = Workflow::builder("Asking")
        .concurrent_runs(1)
        .additional_event::<HumanResponseEvent>()
        .step("ask", |start: StartEvent, ctx: Context| async move {
            if start.get::<bool>("nap").unwrap_or(false) {
                pass(10).await;
                return Ok::<_, StepError>(StopEvent::new("slept"));
            }
            let heard = ctx.wait::<HumanResponseEvent>().within(SECOND).await?;
            Ok(StopEvent::new(heard.get::<String>("said").unwrap_or_default()))
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let nap = crate::parts::raw::<StartEvent>(&serde_json::json!({ "nap": true }));
    engine.start(Start { input: nap, ..start("a") }).await.unwrap();
    pass(1).await;
    engine.start(start("b")).await.unwrap();
    let said = crate::parts::raw::<HumanResponseEvent>(&serde_json::json!({ "said": "hello" }));
    engine.send("b", said, None).await.unwrap();
    pass(10).await;
    let record = engine.handler("b").await.unwrap().unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":"hello"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_holds_for_a_run_that_waits_for_its_turn() {
    let home = Home::memory();
    let workflow = Workflow::builder("Asking")
        .concurrent_runs(1)
        .deadline(10 * SECOND)
        .step("ask", |_: StartEvent, _: Context| async { InputRequiredEvent::new() })
        .step("nap", |_: HumanResponseEvent, _: Context| async {
            pass(9).await;
            StopEvent::default()
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("a")).await.unwrap();
    pass(5).await;
    // This one has the place when the first one wants it again.
    engine.start(start("b")).await.unwrap();
    engine.send("b", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(1).await;
    engine.send("a", event::<HumanResponseEvent>(), None).await.unwrap();
    pass(3).await;
    assert_eq!(status(&engine, "a").await, Status::Running);
    pass(2).await;
    assert_eq!(status(&engine, "a").await, Status::TimedOut);
    pass(4).await;
    assert_eq!(status(&engine, "b").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_shut_down_while_runs_wait_leaves_them_to_the_next() {
    let log = Log::default();
    let workflow = naps(1, &log).build().unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    start_all(&engine, ["a", "b", "c"]).await;
    soon(engine.shutdown()).await.unwrap();
    assert_eq!(log.text().split(' ').count(), 1);
}

#[test]
fn runs_that_wait_for_their_turn_when_the_process_dies_get_it_in_the_next() {
    let log = Log::default();
    let workflow = naps(1, &log).build().unwrap();
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), &workflow).await;
        start_all(&engine, ["a", "b", "c"]).await;
        pass(5).await;
    });
    life(async {
        let engine = open(&home.store(), &workflow).await;
        pass(31).await;
        for handler in ["a", "b", "c"] {
            assert_eq!(status(&engine, handler).await, Status::Completed);
        }
    });
}

#[tokio::test(start_paused = true)]
async fn however_a_run_ends_its_place_is_free() {
    let home = Home::memory();
    let workflow = Workflow::builder("Ways")
        .concurrent_runs(1)
        .timeout(5 * SECOND)
        .step("step", |start: StartEvent, _: Context| async move {
            match start.get::<String>("way").unwrap_or_default().as_str() {
                "fail" => Err(StepError::new("no")),
                "panic" => panic!("no"),
                "hang" => std::future::pending().await,
                "ask" => Ok(None),
                _ => Ok(Some(StopEvent::default())),
            }
        })
        .step("ask", |_: HumanResponseEvent, _: Context| async { InputRequiredEvent::new() })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    for way in ["fail", "panic", "hang", "ask", "cancel", "stop"] {
        let input = crate::parts::raw::<StartEvent>(
            &serde_json::json!({ "way": if way == "cancel" { "hang" } else { way } }),
        );
        engine.start(Start { input, ..start(way) }).await.unwrap();
        if way == "cancel" {
            pass(1).await;
            soon(engine.cancel(way)).await.unwrap();
        }
        until(async || {
            let record = engine.handler(way).await.unwrap().unwrap();
            record.idle || record.status != Status::Running
        })
        .await;
    }
    let ends = ["fail", "panic", "hang", "cancel", "stop"];
    let mut told = Vec::new();
    for way in ends {
        told.push(format!("{way} {:?}", status(&engine, way).await));
    }
    expect!["fail Failed, panic Failed, hang TimedOut, cancel Cancelled, stop Completed"]
        .assert_eq(&told.join(", "));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_rests_gives_up_its_place_and_gets_another_in_turn() {
    let log = Log::default();
    let told = log.clone();
    let home = Home::memory();
    let workflow = Workflow::builder("Sleeping")
        .concurrent_runs(1)
        .step("sleep", move |start: StartEvent, ctx: Context| {
            let log = told.clone();
            async move {
                let name = start.get::<String>("name").unwrap_or_default();
                ctx.sleep(5 * SECOND).await?;
                log.add(format!("{name} woke"));
                pass(10).await;
                log.add(format!("{name} ends"));
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    for name in ["a", "b"] {
        let input = crate::parts::raw::<StartEvent>(&serde_json::json!({ "name": name }));
        engine.start(Start { input, ..start(name) }).await.unwrap();
        pass(1).await;
    }
    pass(40).await;
    assert_eq!(log.text(), "a woke a ends b woke b ends");
}

#[tokio::test(start_paused = true)]
async fn two_workflows_have_places_of_their_own() {
    let log = Log::default();
    let home = Home::memory();
    let naps = || naps(1, &log).build().unwrap();
    let builder = crate::paused::builder(&home.store());
    let builder = builder.workflow("it", naps()).workflow("other", naps());
    let engine = builder.open().await.unwrap();
    start_all(&engine, ["a"]).await;
    engine.start(crate::paused::start_of("other", Some("b"))).await.unwrap();
    pass(11).await;
    assert_eq!(status(&engine, "b").await, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn more_places_than_there_can_be_are_no_limit() {
    let log = Log::default();
    let home = Home::memory();
    let engine = open(&home.store(), &naps(usize::MAX, &log).build().unwrap()).await;
    start_all(&engine, ["a", "b"]).await;
    pass(11).await;
    assert_eq!(status(&engine, "b").await, Status::Completed);
}
