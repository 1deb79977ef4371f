//! What LlamaIndex Workflows does in the situations of its probes p26 to p42, and what is done
//! here. Each test is called after its probe; where the answer differs, it says why.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use expect_test::expect;
use serde_json::json;
use stepwell::engine::Cursor;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::{
    BlockingContext, Context, Event, HumanResponseEvent, InputRequiredEvent, Join, StartEvent,
    StepError, StepOptions, StopEvent, Workflow,
};

use crate::deaths::{Survived, through_deaths};
use crate::kit::{Home, line, read_text, soon, stream_text};
use crate::parts::{Done, Log, Part, end_on, parts, raw, start, timed};
use crate::paused::{self, life, pass};

async fn ms(millis: u64) {
    crate::paused::rest(Duration::from_millis(millis)).await;
}

#[derive(Event)]
struct Note {
    text: String,
}

fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn p29_what_was_sent_goes_before_what_is_returned() {
    // In the order of the program, however long the step takes.
    for millis in [0, 50] {
        let log = Log::default();
        let told = log.clone();
        let workflow = Workflow::builder("Order")
            .step("s", move |_: StartEvent, ctx: Context| async move {
                for n in 0..3 {
                    ctx.send(note(&format!("sent{n}"))).await?;
                }
                ms(millis).await;
                Ok::<_, StepError>(note("returned"))
            })
            .step_with("t", StepOptions::new().workers(1), move |note: Note, _: Context| {
                let last = note.text == "returned";
                told.add(note.text);
                async move { last.then(StopEvent::default) }
            })
            .build()
            .unwrap();
        timed(&workflow).await;
        assert_eq!(log.text(), "sent0 sent1 sent2 returned");
    }
}

#[tokio::test(start_paused = true)]
async fn p29_a_send_may_have_a_target_that_accepts_it() {
    let log = Log::default();
    let [told, first, second] = [log.clone(), log.clone(), log.clone()];
    let workflow = Workflow::builder("Targets")
        .step("s", move |_: StartEvent, ctx: Context| {
            let log = told.clone();
            async move {
                for step in ["nope", "u"] {
                    log.add(ctx.send_to(step, note("x")).await.unwrap_err().to_string());
                }
                ctx.send_to("t2", note("only t2")).await?;
                ms(50).await;
                Ok::<_, StepError>(note("both"))
            }
        })
        .step("t1", move |note: Note, _: Context| {
            first.add(format!("\nt1: {}", note.text));
            async {}
        })
        .step("t2", move |note: Note, _: Context| {
            second.add(format!("\nt2: {}", note.text));
            async move {
                ms(100).await;
                (note.text == "both").then(StopEvent::default)
            }
        })
        .step("u", |_: HumanResponseEvent, _: Context| async {})
        .build()
        .unwrap();
    timed(&workflow).await;
    expect![[r#"
        step `nope` does not exist or does not accept `Note` step `u` does not exist or does not accept `Note` 
        t2: only t2 
        t1: both 
        t2: both"#]]
    .assert_eq(&log.text());
}

#[tokio::test(start_paused = true)]
async fn p29_what_was_sent_stays_sent_if_its_sender_fails() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Escaped")
        .step("s", |_: StartEvent, ctx: Context| async move {
            ctx.send(note("escaped")).await?;
            ms(50).await;
            Err::<Note, _>(StepError::new("after the send"))
        })
        .step("t", move |note: Note, _: Context| {
            told.add(note.text);
            std::future::pending::<StopEvent>()
        })
        .build()
        .unwrap();
    let end = timed(&workflow).await;
    assert!(end.contains("after the send"), "{end}");
    assert_eq!(log.text(), "escaped");
}

struct Shared(u64);

struct Fresh(u64);

#[tokio::test(start_paused = true)]
async fn p26_a_resource_is_shared_by_the_runs_of_a_workflow_or_made_for_each_body() {
    // Found by its type rather than by the name of its factory, so that two cannot be mistaken.
    let made = Arc::new(AtomicU64::new(0));
    let counts = [Arc::clone(&made), Arc::clone(&made)];
    let [shared, fresh] = counts.map(|made| move || made.fetch_add(1, Ordering::Relaxed));
    let policy = retry().wait(Wait::none()).stop(attempts(2));
    let workflow = Workflow::builder("Resources")
        .resource_with(move |_| {
            let n = shared();
            async move { Ok::<_, StepError>(Shared(n)) }
        })
        .resource_each(move |_| {
            let n = fresh();
            async move { if n == 1 { Err(StepError::new("factory failed")) } else { Ok(Fresh(n)) } }
        })
        .step_with(
            "s",
            StepOptions::new().retry(policy),
            |_: StartEvent, ctx: Context| async move {
                let shared = ctx.resource::<Shared>().await?.0;
                let fresh = ctx.resource::<Fresh>().await?.0;
                let again = ctx.resource::<Fresh>().await?.0;
                Ok::<_, StepError>(StopEvent::new(vec![shared, fresh, again]))
            },
        )
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    // A factory that fails fails the attempt.
    assert_eq!(end_on(&engine).await, r#"StopEvent {"result":[0,2,2]}"#);
    assert_eq!(end_on(&engine).await, r#"StopEvent {"result":[0,3,3]}"#);
}

#[derive(Event)]
#[event(request)]
struct Ask {
    how: String,
}

#[tokio::test(start_paused = true)]
async fn p30_a_request_is_routed_and_if_it_is_returned_published() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Ask")
        .step("s", |_: StartEvent, ctx: Context| async move {
            ctx.send(Ask { how: "sent".to_owned() }).await?;
            Ok::<_, StepError>(Ask { how: "returned".to_owned() })
        })
        .step("also", move |ask: Ask, _: Context| {
            told.add(ask.how);
            async {}
        })
        .step("fin", |_: HumanResponseEvent, _: Context| async { StopEvent::new("ok") })
        .build()
        .unwrap();
    let engine = paused::open(&Home::memory().store(), &workflow).await;
    engine.start(start()).await.unwrap();
    pass(1).await;
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    let (_, mut stream) = engine.events("h", Cursor::Start).await.unwrap();
    let mut seen = Vec::new();
    while let Some(item) = soon(stream.next()).await.unwrap() {
        seen.push(line(&item.item));
    }
    seen.retain(|line| !line.starts_with('['));
    expect![[r#"Ask {"how":"returned"}, idle, StopEvent {"result":"ok"}"#]]
        .assert_eq(&seen.join(", "));
    // Program order, so what was sent comes first.
    assert_eq!(log.text(), "sent returned");
}

#[tokio::test]
async fn p31_a_blocking_step_runs_elsewhere_and_may_send() {
    // How runs wait for their turn is told by `rn_8_…` of admission.rs.
    let main = std::thread::current().id();
    let workflow = Workflow::builder("Sync")
        .additional_event::<Note>()
        .blocking_step("s", StepOptions::new(), move |_: StartEvent, ctx: BlockingContext| {
            ctx.block_on(ctx.send(Note { text: String::new() }))?;
            ctx.block_on(ctx.stream(note("streamed")))?;
            Ok::<_, StepError>(StopEvent::new(std::thread::current().id() != main))
        })
        .step("r", |_: Note, _: Context| async {})
        .build()
        .unwrap();
    let run = workflow.run(StartEvent::new()).await.unwrap();
    let text = soon(read_text(run.events())).await;
    assert!(text.contains("[r running]") && text.contains("streamed"), "{text}");
    let stop: StopEvent = soon(run.result()).await.unwrap();
    assert_eq!(stop.result, json!(true));
}

#[test]
fn p32_a_run_goes_on_from_its_journal_and_the_state_is_part_of_it() {
    let log = Log::default();
    let told = log.clone();
    let workflow = Workflow::builder("Restore")
        .state::<String>()
        .step("s", |_: StartEvent, ctx: Context<String>| async move {
            ctx.update(|state| *state = "v".to_owned()).await?;
            Ok::<_, StepError>(parts(3))
        })
        .step_with("w", StepOptions::new().workers(1), move |part: Part, ctx: Context<String>| {
            told.add(format!("{}", part.n));
            async move {
                ctx.stream(Part { n: part.n }).await?;
                ms(100).await;
                Ok::<_, StepError>(Done { n: part.n })
            }
        })
        .step("j", |done: Join<Done>, ctx: Context<String>| async move {
            let numbers: Vec<_> = done.iter().map(|done| done.n).collect();
            StopEvent::new(json!([numbers, *ctx.state()]))
        })
        .build()
        .unwrap();
    let home = Home::memory();
    life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        engine.start(start()).await.unwrap();
        ms(250).await;
    });
    log.add("| restored:");
    life(async {
        let engine = paused::open(&home.store(), &workflow).await;
        let text = soon(stream_text(&engine, "h")).await;
        assert!(text.ends_with("StopEvent {\"result\":[[0,1,2],\"v\"]}\n"), "{text}");
        assert_eq!(text.matches("Part {").count(), 3, "{text}");
    });
    expect!["0 1 2 | restored: 2"].assert_eq(&log.text());
}

#[test]
fn p42_what_was_sent_before_a_crash_is_delivered_once() {
    let make = || {
        let workflow = Workflow::builder("Sends")
            .state::<Vec<u32>>()
            .additional_event::<Part>()
            .step("s", |_: StartEvent, ctx: Context<Vec<u32>>| async move {
                for part in parts(3) {
                    ctx.send(part).await?;
                }
                ms(50).await;
                Ok::<_, StepError>(note("s returned"))
            })
            .step_with(
                "t",
                StepOptions::new().workers(1),
                |part: Part, ctx: Context<Vec<u32>>| async move {
                    ctx.update(|seen| seen.push(part.n)).await?;
                    Ok::<_, StepError>(())
                },
            )
            .step("end", |_: Note, ctx: Context<Vec<u32>>| async move {
                ms(50).await;
                StopEvent::new(ctx.state().to_vec())
            })
            .build()
            .unwrap();
        (workflow, ())
    };
    let check = |(), survived: Survived| {
        assert_eq!(survived.end, r#"StopEvent {"result":[0,1,2]}"#, "{survived:?}");
    };
    through_deaths(Home::memory, make, check);
}

/// Asks when it begins, and each time it is begun again.
fn asking(log: &Log) -> Workflow {
    let log = log.clone();
    Workflow::builder("Again")
        .step("s", move |start: StartEvent, _: Context| {
            log.add(format!("{}", start.get::<u32>("k").unwrap_or_default()));
            async { InputRequiredEvent::new() }
        })
        .step("f", |_: HumanResponseEvent, _: Context| async { StopEvent::default() })
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn p37_a_start_event_from_outside_begins_again() {
    let log = Log::default();
    let engine = paused::open(&Home::memory().store(), &asking(&log)).await;
    let input = raw::<StartEvent>(&json!({ "k": 1 }));
    engine.start(stepwell::engine::Start { input, ..start() }).await.unwrap();
    pass(1).await;
    engine.send("h", raw::<StartEvent>(&json!({ "k": 2 })), None).await.unwrap();
    pass(1).await;
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    soon(stream_text(&engine, "h")).await;
    assert_eq!(log.text(), "1 2");
}
