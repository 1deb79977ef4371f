//! Lists that steps return, and the joins that get what comes of them together.

use std::sync::Arc;

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::{
    Accept, Context, Emit, Event, FanOut, InputRequiredEvent, Join, StartEvent, StepError,
    StepFailed, StepOptions, StopEvent, Take, Workflow,
};
use tokio::sync::Notify;

use crate::kit::{Home, on_each_store, open, soon, stream_text};
use crate::parts::{Done, Log, Part, end, parts, raw, start};

on_each_store! {
    fo_1_and_8_a_join_runs_once_with_what_arrived_in_that_order,
    fo_2_a_step_that_fails_emits_nothing_of_its_list,
    fo_3_an_empty_list_runs_its_join_and_no_list_runs_none,
    fo_4_a_step_returns_a_list_or_an_event_alone,
    fo_6_a_nested_batch_is_joined_within_its_member,
    fo_9_a_take_runs_with_the_first_and_the_others_go_on,
    fo_9_a_take_of_more_than_there_are_runs_with_all,
    fo_10_every_join_gets_the_whole_batch_and_other_steps_its_members,
    fo_10_batches_of_two_producers_are_not_mixed,
    fo_13_an_event_that_is_sent_joins_no_batch,
    fo_13_a_send_to_a_join_is_refused,
    fo_14_attempts_and_handlers_stay_in_the_batch,
    fo_14_a_join_that_fails_is_run_again_with_the_same_batch,
}

fn at_once(most: u32) -> StepOptions {
    StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(most)))
}

fn numbers<'a>(done: impl IntoIterator<Item = &'a Done>) -> Vec<u32> {
    done.into_iter().map(|done| done.n).collect()
}

async fn fo_1_and_8_a_join_runs_once_with_what_arrived_in_that_order(home: Home) {
    // Each part waits for the one after it, and the even ones come to nothing.
    let gates: Arc<Vec<Notify>> = Arc::new((0..6).map(|_| Notify::new()).collect());
    let workflow = Workflow::builder("Fan")
        .step("split", |_: StartEvent, _: Context| async { parts(5) })
        .step_with("work", StepOptions::new().workers(5), move |part: Part, _: Context| {
            let gates = Arc::clone(&gates);
            async move {
                if part.n < 4 {
                    gates[part.n as usize + 1].notified().await;
                }
                gates[part.n as usize].notify_one();
                (part.n % 2 == 1).then_some(Done { n: part.n })
            }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            let arrived = numbers(&done);
            StopEvent::new(json!([arrived, numbers(&done.by_emission())]))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[[3,1],[1,3]]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn fo_2_a_step_that_fails_emits_nothing_of_its_list(home: Home) {
    let workflow = Workflow::builder("Fan")
        .step_with("split", at_once(2), |_: StartEvent, ctx: Context| async move {
            // In the first attempt the second member of the list is an error.
            let second = if ctx.attempt() == 1 { Err(StepError::new("no")) } else { Ok(1) };
            vec![Ok(Part { n: 0 }), second.map(|n| Part { n })]
        })
        .step("merge", |parts: Join<Part>, _: Context| async move {
            StopEvent::new(parts.iter().map(|part| part.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0,1]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn fo_3_an_empty_list_runs_its_join_and_no_list_runs_none(home: Home) {
    for (list, expected) in [
        (Some(0), expect![[r#"StopEvent {"result":"joined 0"}"#]]),
        (None, expect![[r#"StopEvent {"result":"asked"}"#]]),
    ] {
        let workflow = Workflow::builder("Fan")
            .step("split", move |_: StartEvent, ctx: Context| async move {
                if list.is_none() {
                    ctx.send(Done { n: 0 }).await?;
                }
                Ok::<_, StepError>(list.map(parts))
            })
            .step("merge", |parts: Join<Part>, _: Context| async move {
                StopEvent::new(format!("joined {}", parts.len()))
            })
            .step("done", |_: Done, _: Context| async { StopEvent::new("asked") })
            .additional_event::<Done>()
            .build()
            .unwrap();
        expected.assert_eq(&end(&home, &workflow).await);
    }
}

#[derive(Emit)]
enum Split {
    Many(FanOut<Part>),
    One(Part),
    Bare(Done),
}

async fn fo_4_a_step_returns_a_list_or_an_event_alone(home: Home) {
    let workflow = |choice: u32| {
        Workflow::builder("Fan")
            .step("split", move |_: StartEvent, _: Context| async move {
                match choice {
                    0 => Split::Many(parts(2).into()),
                    1 => Split::One(Part { n: 7 }),
                    _ => Split::Bare(Done { n: 8 }),
                }
            })
            .step("work", |part: Part, _: Context| async move { Done { n: part.n } })
            .step("alone", |done: Done, ctx: Context| async move {
                // A member goes to its join, and to this step too.
                Ok::<_, StepError>((done.n > 6).then(|| {
                    StopEvent::new(format!("{} alone, attempt {}", done.n, ctx.attempt()))
                }))
            })
            .step("merge", |done: Join<Done>, _: Context| async move {
                StopEvent::new(format!("{} joined", done.len()))
            })
            .build()
            .unwrap()
    };
    let mut ends = String::new();
    for choice in 0..3 {
        ends += &format!("{}\n", end(&home, &workflow(choice)).await);
    }
    expect![[r#"
        StopEvent {"result":"2 joined"}
        StopEvent {"result":"7 alone, attempt 1"}
        StopEvent {"result":"8 alone, attempt 1"}
    "#]]
    .assert_eq(&ends);
}

#[derive(Event)]
struct Outer {
    o: u32,
}

#[derive(Event)]
struct Sum {
    o: Option<u32>,
    total: u32,
}

async fn fo_6_a_nested_batch_is_joined_within_its_member(home: Home) {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Nested")
        .step("outer", |_: StartEvent, _: Context| async {
            (0..3).map(|o| Outer { o }).collect::<Vec<_>>()
        })
        .step("inner", |outer: Outer, _: Context| async move {
            (0..outer.o).map(|n| Part { n: outer.o * 10 + n }).collect::<FanOut<_>>()
        })
        .step("sum", move |parts: Join<Part>, _: Context| {
            told.add(format!("{:?}", parts.iter().map(|part| part.n).collect::<Vec<_>>()));
            async move {
                let total = parts.iter().map(|part| part.n).sum();
                Sum { o: parts.first().map(|part| part.n / 10), total }
            }
        })
        .step("all", |sums: Join<Sum>, _: Context| async move {
            let mut sums: Vec<_> = sums.into_iter().map(|sum| (sum.o, sum.total)).collect();
            sums.sort_unstable();
            StopEvent::new(json!(sums))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[[null,0],[1,10],[2,41]]}"#]]
        .assert_eq(&end(&home, &workflow).await);
    expect!["[10] [20, 21] []"].assert_eq(&log.sorted());
}

/// Four parts, one at a time; a take of so many of what comes of them.
fn taking(take: u32, log: &Log) -> Workflow {
    let (worked, merged) = (log.clone(), log.clone());
    Workflow::builder("Taking")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .step_with("work", StepOptions::new().workers(1), move |part: Part, _: Context| {
            worked.add(format!("work {}", part.n));
            async move { Done { n: part.n } }
        })
        .step_with("first", StepOptions::new().take(take), move |done: Join<Done>, _: Context| {
            merged.add("first");
            async move { Sum { o: None, total: done.iter().map(|done| 1 << done.n).sum() } }
        })
        .step("rest", |(sum, done): (Sum, AllDone), _: Context| async move {
            StopEvent::new(vec![sum.total, done.count])
        })
        .step("all", |done: Join<Done>, _: Context| async move {
            AllDone { count: u32::try_from(done.len()).unwrap() }
        })
        .build()
        .unwrap()
}

#[derive(Event)]
struct AllDone {
    count: u32,
}

async fn fo_9_a_take_runs_with_the_first_and_the_others_go_on(home: Home) {
    let log = Log::default();
    expect![[r#"StopEvent {"result":[3,4]}"#]].assert_eq(&end(&home, &taking(2, &log)).await);
    if !home.is_faulty() {
        assert_eq!((log.count("first"), log.count("work 3")), (1, 1));
    }
    let before = log.text();
    let before = before.split("first").next().unwrap();
    assert!(!before.contains("work 3"), "{before}");

    // The number can be in the type too.
    let workflow = Workflow::builder("Taking")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .step("first", |first: Take<Part, 1>, _: Context| async move {
            StopEvent::new(first.iter().map(|part| part.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn fo_9_a_take_of_more_than_there_are_runs_with_all(home: Home) {
    let log = Log::default();
    expect![[r#"StopEvent {"result":[15,4]}"#]].assert_eq(&end(&home, &taking(9, &log)).await);
    if !home.is_faulty() {
        assert_eq!(log.count("first"), 1);
    }
}

#[derive(Accept)]
enum Either {
    Part(Part),
    Done(Done),
}

async fn fo_10_every_join_gets_the_whole_batch_and_other_steps_its_members(home: Home) {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Joins")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step("see", move |part: Part, _: Context| {
            told.add(format!("{}", part.n));
            async {}
        })
        .step("left", |parts: Join<Part>, _: Context| async move {
            Sum { o: None, total: u32::try_from(parts.len()).unwrap() }
        })
        .step("right", |parts: Join<Part>, _: Context| async move {
            AllDone { count: u32::try_from(parts.len()).unwrap() }
        })
        .step("both", |(sum, all): (Sum, AllDone), _: Context| async move {
            StopEvent::new(vec![sum.total, all.count])
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[3,3]}"#]].assert_eq(&end(&home, &workflow).await);
    if !home.is_faulty() {
        assert_eq!(log.sorted(), "0 1 2");
    }
}

async fn fo_10_batches_of_two_producers_are_not_mixed(home: Home) {
    let workflow = Workflow::builder("Two")
        .state::<Vec<usize>>()
        .step("few", |_: StartEvent, _: Context<Vec<usize>>| async { parts(2) })
        .step("many", |_: StartEvent, _: Context<Vec<usize>>| async {
            (0..3).map(|n| Done { n }).collect::<Vec<_>>()
        })
        .step("merge", |members: Join<Either>, ctx: Context<Vec<usize>>| async move {
            let kinds = members.iter().map(|member| match member {
                Either::Part(part) => part.n,
                Either::Done(done) => 10 + done.n,
            });
            let sum = kinds.sum::<u32>() as usize;
            let sums = ctx.update(|sums| {
                sums.push(sum);
                sums.sort_unstable();
                sums.clone()
            });
            let sums = sums.await?;
            Ok::<_, StepError>((sums.len() == 2).then(|| StopEvent::new(sums)))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[1,33]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn fo_13_an_event_that_is_sent_joins_no_batch(home: Home) {
    let workflow = Workflow::builder("Sending")
        .step("split", |_: StartEvent, ctx: Context| async move {
            ctx.send(Part { n: 9 }).await?;
            Ok::<_, StepError>(parts(2))
        })
        .step("merge", |parts: Join<Part>, _: Context| async move {
            StopEvent::new(parts.iter().map(|part| part.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.contains("unhandled Part"), "{text}");
    assert!(text.ends_with("StopEvent {\"result\":[0,1]}\n"), "{text}");
}

async fn fo_13_a_send_to_a_join_is_refused(home: Home) {
    let workflow = Workflow::builder("Sending")
        .step("split", |_: StartEvent, ctx: Context| async move {
            let refused = ctx.send_to("merge", Part { n: 9 }).await.unwrap_err();
            ctx.stream(InputRequiredEvent::new()).await?;
            Err::<Vec<Part>, _>(StepError::new(refused))
        })
        .step("merge", |_: Join<Part>, _: Context| async { StopEvent::default() })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start())).await.unwrap();
    let end = record.end.unwrap();
    assert!(
        end.value.text().contains("step `merge` does not exist or does not accept `Part`"),
        "{end:?}"
    );

    engine.start(stepwell::engine::Start { handler: Some("i".into()), ..start() }).await.unwrap();
    let refused = engine.send("i", raw::<Part>(&json!({ "n": 1 })), Some("merge")).await;
    assert!(refused.is_err());
}

async fn fo_14_attempts_and_handlers_stay_in_the_batch(home: Home) {
    let log = Log::default();
    let (worked, caught) = (log.clone(), log.clone());
    let workflow = Workflow::builder("Catching")
        .step("split", |_: StartEvent, _: Context| async { parts(4) })
        .step_with("work", at_once(2), move |part: Part, ctx: Context| {
            worked.add(format!("{}/{}", part.n, ctx.attempt()));
            async move {
                match (part.n, ctx.attempt()) {
                    (1, 1) => Err(StepError::new("flaky")),
                    (2, _) => Err(StepError::new("always")),
                    (n, _) => Ok(Done { n }),
                }
            }
        })
        .catch("mend", ["work"], 1, move |failed: StepFailed<Part>, _: Context| {
            caught.add(format!("mend {} after {}", failed.input.n, failed.attempts));
            async move { Done { n: 100 + failed.input.n } }
        })
        .step("merge", |done: Join<Done>, _: Context| async move {
            StopEvent::new(numbers(&done.by_emission()))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0,1,102,3]}"#]].assert_eq(&end(&home, &workflow).await);
    if !home.is_faulty() {
        expect!["0/1 1/1 1/2 2/1 2/2 3/1 mend 2 after 2"].assert_eq(&log.sorted());
    }
}

async fn fo_14_a_join_that_fails_is_run_again_with_the_same_batch(home: Home) {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Rejoin")
        .step("split", |_: StartEvent, _: Context| async { parts(3) })
        .step_with("merge", at_once(3), move |parts: Join<Part>, ctx: Context| {
            let seen: Vec<u32> = parts.iter().map(|part| part.n).collect();
            told.add(format!("{}:{seen:?}", ctx.attempt()));
            async move {
                let again = ctx.attempt() < 3;
                if again { Err(StepError::new("again")) } else { Ok(StopEvent::new(seen)) }
            }
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[0,1,2]}"#]].assert_eq(&end(&home, &workflow).await);
    for attempt in ["1:[0, 1, 2]", "2:[0, 1, 2]", "3:[0, 1, 2]"] {
        assert!(log.count(attempt) >= 1, "{}", log.text());
    }
}
