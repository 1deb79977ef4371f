//! Handlers of failures: when they are entered, how often, and what becomes of what they return.

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::{
    AnyInput, Context, Emit, Event, HumanResponseEvent, InputRequiredEvent, Join, StartEvent,
    StepError, StepFailed, StepOptions, StopEvent, Workflow,
};

use crate::deaths::{Survived, through_deaths};
use crate::kit::{Home, on_each_store, open, soon, stream_text, until};
use crate::parts::{Done, Log, Part, end, parts, raw, start};

/// Asks the first step to do it again.
#[derive(Event)]
struct Again {
    n: u32,
}

on_each_store! {
    ca_2_a_handler_is_entered_only_when_no_attempt_is_left,
    ca_3_a_handler_may_return_nothing,
    ca_3_a_handler_that_fails_fails_the_run_with_its_own_error,
    ca_4_a_handler_learns_all_about_the_failure,
    ca_4_a_handler_of_a_join_is_given_the_batch,
    ca_5_the_budget_counts_along_a_lineage,
    ca_6_what_a_handler_sends_is_of_its_lineage_too,
    ca_6_lineages_do_not_mix,
    ca_6_a_join_has_the_lineages_of_all_its_members,
    ca_6_a_wait_does_not_make_a_lineage_forget,
    ca_1_a_scoped_handler_goes_before_the_one_for_all,
    ca_1_a_handler_covers_no_handler,
    a_handler_runs_one_at_a_time,
}

fn tried(most: u32) -> StepOptions {
    StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(most)))
}

async fn ca_2_a_handler_is_entered_only_when_no_attempt_is_left(home: Home) {
    let log = Log::default();
    let (tries, entered) = (log.clone(), log.clone());
    let workflow = Workflow::builder("Catching")
        .step_with("fail", tried(3), move |_: StartEvent, ctx: Context| {
            tries.add(format!("try {}", ctx.attempt()));
            async { Err::<Done, _>(StepError::new("no")) }
        })
        .catch("mend", ["fail"], 1, move |failed: StepFailed<StartEvent>, _: Context| {
            entered.add("enter");
            async move { Done { n: failed.attempts } }
        })
        .step("end", |done: Done, _: Context| async move { StopEvent::new(done.n) })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":3}"#]].assert_eq(&end(&home, &workflow).await);
    if !home.is_faulty() {
        assert_eq!(log.text(), "try 1 try 2 try 3 enter");
    }
}

async fn ca_3_a_handler_may_return_nothing(home: Home) {
    let workflow = Workflow::builder("Catching")
        .step("fail", |_: StartEvent, _: Context| async { Err::<Done, _>(StepError::new("no")) })
        .catch("shrug", ["fail"], 1, |_: StepFailed<StartEvent>, _: Context| async {})
        .step("end", |_: Done, _: Context| async { StopEvent::default() })
        .step("hear", |_: HumanResponseEvent, _: Context| async { StopEvent::new("heard") })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    expect![[r#"
        0 [fail running]
        1 [fail failed]
        2 [shrug running]
        3 [shrug returned]
        4 idle
        5 [hear running]
        6 [hear returned StopEvent]
        7 StopEvent {"result":"heard"}
    "#]]
    .assert_eq(&text);
}

async fn ca_3_a_handler_that_fails_fails_the_run_with_its_own_error(home: Home) {
    let workflow = Workflow::builder("Catching")
        .step("fail", |_: StartEvent, _: Context| async { Err::<Done, _>(StepError::new("no")) })
        .catch("break", ["fail"], 9, |_: StepFailed<StartEvent>, _: Context| async {
            Err::<Done, _>(StepError::new("handler broke").with_kind("Broken"))
        })
        .step("end", |_: Done, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    expect![[r#"WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"handler broke","exception_type":"Broken"},"step_name":"break"}"#]]
        .assert_eq(&end(&home, &workflow).await);
}

async fn ca_4_a_handler_learns_all_about_the_failure(home: Home) {
    let workflow = Workflow::builder("Catching")
        .step_with("fail", tried(2), |_: StartEvent, ctx: Context| async move {
            let cause = std::io::Error::other("the disk is full");
            let error = std::io::Error::other(cause);
            let error = StepError::new(error).with_kind(format!("Kind{}", ctx.attempt()));
            Err::<Done, _>(error.with_details(json!({ "disk": 7 })))
        })
        .catch("tell", ["fail"], 1, |failed: StepFailed<StartEvent>, _: Context| async move {
            let history = failed.history.iter();
            let history: Vec<_> =
                history.map(|it| format!("{} {}", it.attempt, it.failure.kind)).collect();
            StopEvent::new(json!({
                "step": failed.step,
                "input": failed.input.get::<u32>("n"),
                "kind": failed.error.kind(),
                "message": failed.error.to_string(),
                "details": failed.error.details(),
                "attempts": failed.attempts,
                "history": history,
                "times": failed.failed_at >= failed.history[0].failed_at,
            }))
        })
        .step("end", |_: Done, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let input = raw::<StartEvent>(&json!({ "n": 5 }));
    let record = engine.start_and_wait(stepwell::engine::Start { input, ..start() });
    let record = soon(record).await.unwrap();
    expect![[r#"{"result":{"attempts":2,"details":{"disk":7},"history":["1 Kind1","2 Kind2"],"input":5,"kind":"Kind2","message":"the disk is full","step":"fail","times":true}}"#]]
        .assert_eq(record.end.unwrap().value.text());
}

async fn ca_4_a_handler_of_a_join_is_given_the_batch(home: Home) {
    let workflow = Workflow::builder("Catching")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step("merge", |_: Join<Part>, _: Context| async {
            Err::<StopEvent, _>(StepError::new("no"))
        })
        .catch("mend", ["merge"], 1, |failed: StepFailed<Join<Part>>, _: Context| async move {
            StopEvent::new(failed.input.iter().map(|part| part.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0,1,2]}"#]].assert_eq(&end(&home, &workflow).await);
}

/// Fails with `e1`, and with `e2` when it is asked again, and so on. The handler asks again,
/// `max_recoveries` times at most; `sends` says how.
fn asking_again(max_recoveries: u32, sends: bool) -> Workflow {
    Workflow::builder("Again")
        .additional_event::<Again>()
        .step("begin", |_: StartEvent, _: Context| async { Again { n: 1 } })
        .step("fail", |again: Again, _: Context| async move {
            if again.n > 3 {
                return Ok(StopEvent::new(again.n));
            }
            Err(StepError::new(format!("e{}", again.n)))
        })
        .catch(
            "again",
            ["fail"],
            max_recoveries,
            move |failed: StepFailed<Again>, ctx: Context| async move {
                let again = Again { n: failed.input.n + 1 };
                if sends {
                    ctx.send(again).await?;
                    return Ok::<_, StepError>(None);
                }
                Ok(Some(again))
            },
        )
        .build()
        .unwrap()
}

async fn ca_5_the_budget_counts_along_a_lineage(home: Home) {
    let mut told = String::new();
    for max_recoveries in 1..=3 {
        told += &format!("{}\n", end(&home, &asking_again(max_recoveries, false)).await);
    }
    expect![[r#"
        WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"e2","exception_type":"StepError"},"step_name":"fail"}
        WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"e3","exception_type":"StepError"},"step_name":"fail"}
        StopEvent {"result":4}
    "#]]
    .assert_eq(&told);
}

async fn ca_6_what_a_handler_sends_is_of_its_lineage_too(home: Home) {
    let mut told = String::new();
    for max_recoveries in 1..=3 {
        told += &format!("{}\n", end(&home, &asking_again(max_recoveries, true)).await);
    }
    expect![[r#"
        WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"e2","exception_type":"StepError"},"step_name":"fail"}
        WorkflowFailedEvent {"attempts":1,"exception":{"exception_message":"e3","exception_type":"StepError"},"step_name":"fail"}
        StopEvent {"result":4}
    "#]]
    .assert_eq(&told);
}

async fn ca_6_lineages_do_not_mix(home: Home) {
    // Three members fail once each; each has a budget of its own.
    let workflow = Workflow::builder("Lineages")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step("work", |part: Part, _: Context| async move {
            if part.n < 10 { Err(StepError::new("no")) } else { Ok(Done { n: part.n }) }
        })
        .catch("again", ["work"], 1, |failed: StepFailed<Part>, _: Context| async move {
            Part { n: 10 + failed.input.n }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.by_emission().iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[10,11,12]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn ca_6_a_join_has_the_lineages_of_all_its_members(home: Home) {
    // One member was mended, so the join may not be mended by the same handler.
    let workflow = |mended: bool| {
        Workflow::builder("Lineages")
            .step("split", |_: StartEvent, _: Context| async { parts(2) })
            .step("work", move |part: Part, _: Context| async move {
                let fails = mended && part.n == 0;
                if fails { Err(StepError::new("no")) } else { Ok(Done { n: part.n }) }
            })
            .step("merge", |_: Join<Done>, _: Context| async {
                Err::<StopEvent, _>(StepError::new("the join fails"))
            })
            .catch_all("mend", 1, |failed: StepFailed<AnyInput>, _: Context| async move {
                match failed.input.read::<Part>() {
                    Ok(part) => Mended::Done(Done { n: part.n }),
                    Err(_) => Mended::Stop(StopEvent::new("mended")),
                }
            })
            .build()
            .unwrap()
    };
    expect![[r#"StopEvent {"result":"mended"}"#]].assert_eq(&end(&home, &workflow(false)).await);
    let end = end(&home, &workflow(true)).await;
    assert!(end.contains("the join fails"), "{end}");
}

#[derive(Emit)]
enum Mended {
    Done(Done),
    Stop(StopEvent),
}

async fn ca_6_a_wait_does_not_make_a_lineage_forget(home: Home) {
    let workflow = Workflow::builder("Waiting")
        .additional_event::<HumanResponseEvent>()
        .step("begin", |_: StartEvent, _: Context| async { Again { n: 1 } })
        .step("fail", |again: Again, ctx: Context| async move {
            ctx.wait::<HumanResponseEvent>().asking(InputRequiredEvent::new()).await?;
            Err::<StopEvent, _>(StepError::new(format!("e{}", again.n)))
        })
        .catch("again", ["fail"], 1, |failed: StepFailed<Again>, _: Context| async move {
            Again { n: failed.input.n + 1 }
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    for asked in 1..=2 {
        until(async || {
            let (_, mut stream) =
                engine.events("h", stepwell::engine::Cursor::Start).await.unwrap();
            let mut seen = 0;
            while seen < asked {
                let item = stream.next().await.unwrap().unwrap().item;
                seen += usize::from(crate::kit::line(&item).starts_with("InputRequired"));
            }
            engine.handler("h").await.unwrap().unwrap().idle
        })
        .await;
        engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    }
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.contains(r#""exception_message":"e2""#), "{text}");
}

async fn ca_1_a_scoped_handler_goes_before_the_one_for_all(home: Home) {
    let workflow = |step: &'static str| {
        Workflow::builder("Scopes")
            .step("first", move |_: StartEvent, _: Context| async move {
                if step == "first" { Err(StepError::new("no")) } else { Ok(Done { n: 0 }) }
            })
            .step("second", |_: Done, _: Context| async {
                Err::<StopEvent, _>(StepError::new("no"))
            })
            .catch("scoped", ["first"], 1, |_: StepFailed<StartEvent>, _: Context| async {
                StopEvent::new("scoped")
            })
            .catch_all("all", 1, |failed: StepFailed<AnyInput>, _: Context| async move {
                StopEvent::new(format!("all: {}", failed.step))
            })
            .build()
            .unwrap()
    };
    let ends = [end(&home, &workflow("first")).await, end(&home, &workflow("second")).await];
    expect![[r#"StopEvent {"result":"scoped"} StopEvent {"result":"all: second"}"#]]
        .assert_eq(&ends.join(" "));
}

async fn ca_1_a_handler_covers_no_handler(home: Home) {
    let workflow = Workflow::builder("Scopes")
        .step("fail", |_: StartEvent, _: Context| async { Err::<Done, _>(StepError::new("no")) })
        .step("end", |_: Done, _: Context| async { StopEvent::default() })
        .catch("scoped", ["fail"], 1, |_: StepFailed<StartEvent>, _: Context| async {
            Err::<Done, _>(StepError::new("the handler fails"))
        })
        .catch_all("all", 9, |_: StepFailed<AnyInput>, _: Context| async {
            StopEvent::new("not entered")
        })
        .build()
        .unwrap();
    let end = end(&home, &workflow).await;
    assert!(end.contains("the handler fails"), "{end}");
}

async fn a_handler_runs_one_at_a_time(home: Home) {
    let workflow = Workflow::builder("Queue")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .step("work", |_: Part, _: Context| async { Err::<Done, _>(StepError::new("no")) })
        .catch("mend", ["work"], 1, |failed: StepFailed<Part>, _: Context| async move {
            tokio::task::yield_now().await;
            Done { n: failed.input.n }
        })
        .step("merge", |done: Join<Done>, _: Context| async move { StopEvent::new(done.len()) })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    let mut running = 0;
    for line in text.lines() {
        running += i32::from(line.contains("[mend running"));
        running -= i32::from(line.contains("[mend returned"));
        assert!((0..=1).contains(&running), "{text}");
    }
    assert!(text.ends_with("StopEvent {\"result\":4}\n"), "{text}");
}

#[test]
fn a_handler_is_entered_the_right_number_of_times_through_deaths() {
    for (max_recoveries, sends, expected) in [
        (3, false, r#"StopEvent {"result":4}"#),
        (3, true, r#"StopEvent {"result":4}"#),
        (2, true, r#""exception_message":"e3""#),
    ] {
        let make = || (asking_again(max_recoveries, sends), ());
        let check = |(), survived: Survived| {
            assert!(survived.end.contains(expected), "{survived:?}");
            let entered = survived.stream.matches("[again running]").count();
            assert_eq!(entered, max_recoveries as usize, "{survived:?}");
        };
        through_deaths(Home::memory, make, check);
        through_deaths(Home::sqlite, make, check);
        #[cfg(feature = "postgres")]
        through_deaths(Home::postgres, make, check);
    }
}
