//! What LlamaIndex Workflows does in the situations of its probes p02 to p19, and what is done
//! here. Each test is called after its probe; where the answer differs, it says why.

use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::engine::Cursor;
use stepwell::{
    Accept, Context, Emit, Engine, Event, FanOut, HumanResponseEvent, Join, StartEvent, StepError,
    StepOptions, StopEvent, StreamItem, Workflow,
};
use tokio::time::Instant;

use crate::kit::{Home, line, read_text, soon, stream_text};
use crate::parts::{Done, Log, Part, parts, raw, start, timed};
use crate::paused::{self, pass};

/// Lets so many milliseconds pass.
async fn ms(millis: u64) {
    crate::paused::rest(Duration::from_millis(millis)).await;
}

/// Starts a run in memory.
async fn begin(workflow: &Workflow) -> Engine {
    let engine = paused::open(&Home::memory().store(), workflow).await;
    engine.start(start()).await.unwrap();
    engine
}

#[derive(Event)]
struct Other {
    n: u32,
}

#[derive(Accept)]
enum PartOrOther {
    Part(Part),
    Other(Other),
}

#[tokio::test(start_paused = true)]
async fn p02_an_event_goes_to_every_step_that_accepts_its_exact_type() {
    // The order of routing is that of declaration, not that of the alphabet, and what was sent is
    // routed before what is returned.
    let log = Log::default();
    let [zeta, alpha, sub] = [log.clone(), log.clone(), log.clone()];
    let workflow = Workflow::builder("Exact")
        .additional_event::<Other>()
        .step("s0", |_: StartEvent, ctx: Context| async move {
            ctx.send(Other { n: 1 }).await?;
            Ok::<_, StepError>(Part { n: 2 })
        })
        .step("zeta", move |_: Part, _: Context| {
            zeta.add("zeta(P)");
            async {
                ms(50).await;
                StopEvent::new("z")
            }
        })
        .step("alpha", move |_: Part, _: Context| {
            alpha.add("alpha(P)");
            async {}
        })
        .step("sub", move |event: PartOrOther, _: Context| {
            sub.add(match event {
                PartOrOther::Part(part) => format!("sub(P {})", part.n),
                PartOrOther::Other(other) => format!("sub(C {})", other.n),
            });
            async {}
        })
        .build()
        .unwrap();
    assert_eq!(timed(&workflow).await, r#"StopEvent {"result":"z"} after 50ms"#);
    expect!["sub(C 1) zeta(P) alpha(P) sub(P 2)"].assert_eq(&log.text());
}

/// The stream as it comes, with the time.
async fn timed_stream(engine: &Engine, leave_out: &str) -> String {
    let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
    let (began, mut text) = (Instant::now(), String::new());
    while let Some(item) = soon(stream.next()).await.unwrap() {
        let line = line(&item.item);
        if leave_out.is_empty() || !line.starts_with(leave_out) {
            text += &format!("{:.1} {line}\n", began.elapsed().as_secs_f64());
        }
    }
    text
}

#[tokio::test(start_paused = true)]
async fn p03_a_step_that_returns_nothing_ends_nothing() {
    // Waiting does not count as busy here, so only a deadline ends the run.
    let workflow = Workflow::builder("Nothing")
        .deadline(Duration::from_secs(1))
        .step("s", |_: StartEvent, _: Context| async { None::<Part> })
        .step("t", |_: Part, _: Context| async { StopEvent::new("t") })
        .build()
        .unwrap();
    let engine = begin(&workflow).await;
    let feeder = engine.clone();
    tokio::spawn(async move {
        ms(300).await;
        feeder.send("h", raw::<Other>(&json!({ "n": 1 })), None).await.unwrap();
    });
    let text = timed_stream(&engine, "[").await;
    expect![[r#"
        0.0 idle
        0.3 unhandled Other
        0.3 idle
        1.0 WorkflowTimedOutEvent {"active_steps":[],"timeout":1.0}
    "#]]
    .assert_eq(&text);
}

#[tokio::test(start_paused = true)]
async fn p04_four_workers_take_work_in_the_order_in_which_it_came() {
    let log = Log::default();
    let started = log.clone();
    let workflow = Workflow::builder("Workers")
        .step("s", |_: StartEvent, _: Context| async { parts(10) })
        .step("w", move |part: Part, _: Context| {
            started.add(format!("{}", part.n));
            async move {
                ms(if part.n % 2 == 1 { 50 } else { 120 } + u64::from(part.n)).await;
                Done { n: part.n }
            }
        })
        .step("j", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    let engine = begin(&workflow).await;
    let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
    let (mut workers, mut text) = (std::collections::BTreeSet::new(), String::new());
    while let Some(item) = soon(stream.next()).await.unwrap() {
        if let StreamItem::Step(change) = &item.item
            && &*change.step == "w"
        {
            workers.extend(change.worker);
        }
        text += &format!("{}\n", line(&item.item));
    }
    assert_eq!(log.text(), "0 1 2 3 4 5 6 7 8 9");
    let count = |what: &str| text.matches(what).count();
    assert_eq!(
        [count("[w queued]"), count("[w running]"), count("[w returned Done]")],
        [6, 10, 10]
    );
    assert_eq!(workers.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    expect!["StopEvent {\"result\":[1,3,5,0,2,4,7,6,9,8]}"].assert_eq(text.lines().last().unwrap());
}

#[tokio::test(start_paused = true)]
async fn p05_a_stop_drops_the_other_bodies_after_half_a_second_of_grace() {
    // That a stop event is sent, streamed or in a list does not compile here. And the end does not
    // wait for the bodies that it drops.
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Cancel")
        .step("slow", move |_: StartEvent, ctx: Context| {
            let log = told.clone();
            async move {
                let stubborn = log.clone();
                tokio::select! {
                    () = ms(5_000) => log.add("finished"),
                    () = async {
                        ctx.cancelled().cancelled().await;
                        log.add("cancelled");
                        ms(200).await;
                        log.add("clean");
                        ms(400).await;
                        stubborn.add("after 0.6 s");
                    } => {}
                }
            }
        })
        .step("fast", |_: StartEvent, _: Context| async {
            ms(50).await;
            StopEvent::new("fast")
        })
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = paused::open(&home.store(), &workflow).await;
    let began = Instant::now();
    let record = engine.start_and_wait(start()).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":"fast"}"#);
    assert_eq!(began.elapsed(), Duration::from_millis(50));
    pass(2).await;
    assert_eq!(log.text(), "cancelled clean");
}

#[derive(Event)]
#[event(stop)]
struct Out {
    v: u32,
}

#[tokio::test(start_paused = true)]
async fn p06_what_a_run_comes_to() {
    fn one<R, F>(body: fn(StartEvent, Context) -> F) -> Workflow
    where
        F: Future<Output = R> + Send + 'static,
        R: Emit,
    {
        let builder = Workflow::builder("One").timeout(Duration::from_millis(200));
        builder.step("s", body).build().unwrap()
    }
    let done = one(|_, _| async { StopEvent::new(json!({ "a": 1 })) });
    let stop: StopEvent = done.run(StartEvent::new()).await.unwrap().result().await.unwrap();
    assert_eq!(stop.result, json!({ "a": 1 }));
    let own = one(|_, _| async { Out { v: 2 } });
    let out: Out = own.run(StartEvent::new()).await.unwrap().result().await.unwrap();
    assert_eq!(out.v, 2);

    let mut errors = String::new();
    let failing = one(|_, _| async { Err::<StopEvent, _>(StepError::new("boom")) });
    let run = failing.run(StartEvent::new()).await.unwrap();
    errors += &format!("{}\n", run.into_future().await.unwrap_err());
    let hanging = one(|_, _| std::future::pending::<StopEvent>());
    let run = hanging.run(StartEvent::new()).await.unwrap();
    errors += &format!("{}\n", run.into_future().await.unwrap_err());
    let run = hanging.run(StartEvent::new()).await.unwrap();
    let text = read_text(run.events());
    run.cancel().await.unwrap();
    errors += &format!("{}\n", run.into_future().await.unwrap_err());
    expect![[r#"
        step `s` failed: boom
        the run timed out after 0.2 s; active steps: s
        the run was cancelled
    "#]]
    .assert_eq(&errors);
    let last = soon(text).await;
    assert!(last.ends_with("WorkflowCancelledEvent {}\n"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn p07_a_stream_can_be_read_late_and_again() {
    let workflow = Workflow::builder("Streaming")
        .step("s", |_: StartEvent, ctx: Context| async move {
            for part in parts(3) {
                ctx.stream(part).await?;
            }
            Ok::<_, StepError>(Done { n: 0 })
        })
        .step("t", |_: Done, ctx: Context| async move {
            ctx.stream(Part { n: 9 }).await?;
            Ok::<_, StepError>(StopEvent::new("r"))
        })
        .build()
        .unwrap();
    let engine = begin(&workflow).await;
    let first = soon(stream_text(&engine, "h")).await;
    expect![[r#"
        0 [s running]
        1 Part {"n":0}
        2 Part {"n":1}
        3 Part {"n":2}
        4 [s returned Done]
        5 [t running]
        6 Part {"n":9}
        7 [t returned StopEvent]
        8 StopEvent {"result":"r"}
    "#]]
    .assert_eq(&first);
    assert_eq!(soon(stream_text(&engine, "h")).await, first);
    // Who reads a part of it takes nothing from others.
    let (_, mut partly) = engine.events("h", Cursor::Start).await.unwrap();
    partly.next().await.unwrap();
    drop(partly);
    let (_, rest) = engine.events("h", Cursor::After(5)).await.unwrap();
    let rest = soon(read_text(rest)).await;
    assert!(rest.starts_with("6 Part"), "{rest}");
}

#[derive(Emit)]
enum Split {
    Many(FanOut<Part>),
    Bare(Other),
    Nothing(()),
}

/// Parts work the faster the later they come, and those with an even number come to nothing.
fn fanning(list: Option<&'static [u32]>, is_bare: bool) -> Workflow {
    Workflow::builder("Fan")
        .deadline(Duration::from_millis(800))
        .step("s", move |_: StartEvent, _: Context| async move {
            match list {
                _ if is_bare => Split::Bare(Other { n: 0 }),
                Some(list) => Split::Many(list.iter().map(|n| Part { n: *n }).collect()),
                None => Split::Nothing(()),
            }
        })
        .step("w", |part: Part, _: Context| async move {
            ms(50 * (5 - u64::from(part.n))).await;
            (part.n % 2 == 1).then_some(Done { n: part.n })
        })
        .step("j", |done: Join<Done>, _: Context| async move {
            StopEvent::new(done.iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .step("o", |_: Other, _: Context| async { StopEvent::new("bare branch") })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn p15_a_list_is_joined_in_the_order_of_arrival() {
    // What a step declares not to return does not compile here.
    let mut told = String::new();
    for (name, list, is_bare) in [
        ("five, evens dropped", Some(&[0, 1, 2, 3, 4][..]), false),
        ("[]", Some(&[][..]), false),
        ("none", None, false),
        ("bare", None, true),
        ("all dropped", Some(&[0, 2][..]), false),
    ] {
        told += &format!("{name}: {}\n", timed(&fanning(list, is_bare)).await);
    }
    expect![[r#"
        five, evens dropped: StopEvent {"result":[3,1]} after 250ms
        []: StopEvent {"result":[]} after 0ns
        none: WorkflowTimedOutEvent {"active_steps":[],"timeout":0.8} after 800ms
        bare: StopEvent {"result":"bare branch"} after 0ns
        all dropped: StopEvent {"result":[]} after 250ms
    "#]]
    .assert_eq(&told);
}

#[tokio::test(start_paused = true)]
async fn p16_a_take_fires_with_the_first_and_the_others_go_on() {
    for (take, total, expected) in [
        (2, 4, expect!["done 0 done 1 fired [0, 1] done 2 done 3"]),
        (9, 3, expect!["done 0 done 1 done 2 fired [0, 1, 2]"]),
    ] {
        let log = Log::default();
        let (worked, fired) = (log.clone(), log.clone());
        let workflow = Workflow::builder("Take")
            .step("s", move |_: StartEvent, _: Context| async move { parts(total) })
            .step_with("w", StepOptions::new().workers(5), move |part: Part, _: Context| {
                let log = worked.clone();
                async move {
                    ms(50 * (u64::from(part.n) + 1)).await;
                    log.add(format!("done {}", part.n));
                    Done { n: part.n }
                }
            })
            .step_with("j", StepOptions::new().take(take), move |done: Join<Done>, _: Context| {
                fired.add(format!("fired {:?}", done.iter().map(|it| it.n).collect::<Vec<_>>()));
                async { Other { n: 0 } }
            })
            .step("f", |_: Other, _: Context| async {
                ms(400).await;
                StopEvent::default()
            })
            .build()
            .unwrap();
        timed(&workflow).await;
        expected.assert_eq(&log.text());
    }
}

#[tokio::test(start_paused = true)]
async fn p19_a_send_to_a_join_is_refused_and_one_to_all_is_not_taken() {
    let workflow = Workflow::builder("Sending")
        .additional_event::<HumanResponseEvent>()
        .step("s", |_: StartEvent, ctx: Context| async move {
            ctx.send(Part { n: 99 }).await?;
            let refused = ctx.send_to("j", Part { n: 99 }).await;
            ctx.stream(Other { n: u32::from(refused.is_err()) }).await?;
            ms(100).await;
            Ok::<_, StepError>(parts(2))
        })
        .step("j", |parts: Join<Part>, _: Context| async move {
            StopEvent::new(parts.iter().map(|part| part.n).collect::<Vec<_>>())
        })
        .build()
        .unwrap();
    let engine = begin(&workflow).await;
    let text = timed_stream(&engine, "[").await;
    expect![[r#"
        0.0 unhandled Part
        0.0 Other {"n":1}
        0.1 StopEvent {"result":[0,1]}
    "#]]
    .assert_eq(&text);
}
