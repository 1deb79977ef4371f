//! Steps that take several events: one of each parameter, in sets.

use expect_test::expect;
use serde_json::json;
use stepwell::retry::{Wait, attempts, retry};
use stepwell::{
    Context, Emit, Event, HumanResponseEvent, Join, StartEvent, StepError, StepFailed, StepOptions,
    StopEvent, Workflow,
};

use crate::deaths::{Survived, through_deaths};
use crate::kit::{Home, on_each_store, open, soon, stream_text, until};
use crate::parts::{Done, Log, Part, end, parts, raw, start};

#[derive(Event)]
struct Left {
    n: u32,
}

#[derive(Event)]
struct Right {
    n: u32,
}

#[derive(Event)]
struct Pair {
    left: u32,
    right: u32,
}

on_each_store! {
    mj_1_a_step_runs_once_for_each_set_and_keeps_the_rest,
    mj_1_slots_of_one_type_are_filled_in_the_order_of_arrival,
    mj_1_events_from_outside_fill_slots,
    mj_3_a_set_of_a_batch_stays_in_the_batch,
    mj_3_events_of_a_batch_that_find_no_set_do_not_hold_it_up,
    mj_4_a_set_is_kept_through_attempts_and_waits,
    mj_4_a_handler_is_given_the_whole_set,
    mj_4_what_is_left_over_is_gone_with_its_run,
}

/// Sends lefts and rights, and puts the pairs that it hears of into the state until `pairs` of
/// them are there.
fn pairing(send: &'static [(bool, u32)], pairs: usize) -> Workflow {
    type Pairs = Vec<(u32, u32)>;
    Workflow::builder("Pairing")
        .state::<Pairs>()
        .additional_event::<Left>()
        .additional_event::<Right>()
        .step("send", move |_: StartEvent, ctx: Context<Pairs>| async move {
            for (is_left, n) in send.iter().copied() {
                if is_left {
                    ctx.send(Left { n }).await?;
                } else {
                    ctx.send(Right { n }).await?;
                }
            }
            Ok::<_, StepError>(())
        })
        .step_with(
            "pair",
            StepOptions::new().workers(1),
            |(left, right): (Left, Right), _: Context<Pairs>| async move {
                Pair { left: left.n, right: right.n }
            },
        )
        .step("gather", move |pair: Pair, ctx: Context<Pairs>| async move {
            let all = ctx.update(|all| {
                all.push((pair.left, pair.right));
                all.clone()
            });
            let mut all = all.await?;
            all.sort_unstable();
            Ok::<_, StepError>((all.len() == pairs).then(|| StopEvent::new(json!(all))))
        })
        .build()
        .unwrap()
}

async fn mj_1_a_step_runs_once_for_each_set_and_keeps_the_rest(home: Home) {
    // p44: A1 A2 B1 B2 makes two pairs; a third left waits for a right.
    let events = &[(true, 1), (true, 2), (false, 3), (true, 4), (false, 5)];
    expect![[r#"StopEvent {"result":[[1,3],[2,5]]}"#]]
        .assert_eq(&end(&home, &pairing(events, 2)).await);
}

async fn mj_1_slots_of_one_type_are_filled_in_the_order_of_arrival(home: Home) {
    let workflow = Workflow::builder("Twins")
        .state::<Vec<u32>>()
        .additional_event::<Part>()
        .step("send", |_: StartEvent, ctx: Context<Vec<u32>>| async move {
            for part in parts(5) {
                ctx.send(part).await?;
            }
            Ok::<_, StepError>(())
        })
        .step("pair", |(first, second): (Part, Part), _: Context<Vec<u32>>| async move {
            Done { n: 10 * first.n + second.n }
        })
        .step("gather", |done: Done, ctx: Context<Vec<u32>>| async move {
            let all = ctx.update(|all| {
                all.push(done.n);
                all.sort_unstable();
                all.clone()
            });
            let all = all.await?;
            Ok::<_, StepError>((all.len() == 2).then(|| StopEvent::new(all)))
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[1,23]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn mj_1_events_from_outside_fill_slots(home: Home) {
    let engine = open(&home.store(), &pairing(&[(true, 1)], 1)).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", raw::<Right>(&json!({ "n": 2 })), Some("pair")).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":[[1,2]]}\n"), "{text}");
    assert!(!text.contains("unhandled"), "{text}");
}

#[derive(Emit)]
enum Side {
    Left(Left),
    Right(Right),
}

/// A batch in which sides are paired, and the pairs are joined.
fn paired_batch(sides: &'static [(bool, u32)]) -> Workflow {
    Workflow::builder("Batch")
        .step("split", move |_: StartEvent, _: Context| async move {
            let side = |(is_left, n): &(bool, u32)| match is_left {
                true => Side::Left(Left { n: *n }),
                false => Side::Right(Right { n: *n }),
            };
            sides.iter().map(side).collect::<Vec<_>>()
        })
        .step("pair", |(left, right): (Left, Right), _: Context| async move {
            Pair { left: left.n, right: right.n }
        })
        .step("merge", |pairs: Join<Pair>, _: Context| async move {
            let mut pairs: Vec<_> = pairs.iter().map(|pair| (pair.left, pair.right)).collect();
            pairs.sort_unstable();
            StopEvent::new(json!(pairs))
        })
        .build()
        .unwrap()
}

async fn mj_3_a_set_of_a_batch_stays_in_the_batch(home: Home) {
    let sides = &[(true, 1), (true, 2), (false, 3), (false, 4)];
    expect![[r#"StopEvent {"result":[[1,3],[2,4]]}"#]]
        .assert_eq(&end(&home, &paired_batch(sides)).await);
}

async fn mj_3_events_of_a_batch_that_find_no_set_do_not_hold_it_up(home: Home) {
    let sides = &[(true, 1), (true, 2), (false, 3)];
    let engine = open(&home.store(), &paired_batch(sides)).await;
    engine.start(start()).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":[[1,3]]}\n"), "{text}");
    assert!(text.contains("unhandled Left"), "{text}");
}

fn stubborn<R: Emit>(
    log: &Log,
    waits: bool,
    output: fn(String) -> R,
) -> stepwell::workflow::Builder {
    let log = log.clone();
    let options = StepOptions::new().retry(retry().wait(Wait::none()).stop(attempts(3)));
    Workflow::builder("Stubborn")
        .additional_event::<HumanResponseEvent>()
        .additional_event::<Left>()
        .additional_event::<Right>()
        .step("send", |_: StartEvent, ctx: Context| async move {
            ctx.send(Left { n: 1 }).await?;
            ctx.send(Right { n: 2 }).await?;
            Ok::<_, StepError>(())
        })
        .step_with("pair", options, move |(left, right): (Left, Right), ctx: Context| {
            let seen = format!("{}:{},{}", ctx.attempt(), left.n, right.n);
            log.add(seen.clone());
            async move {
                if waits {
                    ctx.wait::<HumanResponseEvent>().await?;
                }
                if ctx.attempt() < 3 || !waits {
                    return Err(StepError::new("no"));
                }
                Ok(output(seen))
            }
        })
}

async fn mj_4_a_set_is_kept_through_attempts_and_waits(home: Home) {
    let log = Log::default();
    let workflow = stubborn(&log, true, |seen: String| StopEvent::new(seen)).build().unwrap();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start()).await.unwrap();
    until(async || engine.handler("h").await.unwrap().unwrap().idle).await;
    engine.send("h", raw::<HumanResponseEvent>(&json!({})), None).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert!(text.ends_with("StopEvent {\"result\":\"3:1,2\"}\n"), "{text}");
}

async fn mj_4_a_handler_is_given_the_whole_set(home: Home) {
    let log = Log::default();
    let workflow = stubborn(&log, false, |_| StopEvent::default())
        .catch("mend", ["pair"], 1, |failed: StepFailed<(Left, Right)>, _: Context| async move {
            let (left, right) = failed.input;
            StopEvent::new(vec![failed.attempts, left.n, right.n])
        })
        .build()
        .unwrap();
    expect![[r#"StopEvent {"result":[3,1,2]}"#]].assert_eq(&end(&home, &workflow).await);
}

async fn mj_4_what_is_left_over_is_gone_with_its_run(home: Home) {
    // Each run leaves a left over; it does not make a pair with the right of the next run.
    let workflow = Workflow::builder("Leftover")
        .additional_event::<Left>()
        .additional_event::<Right>()
        .step("send", |start: StartEvent, ctx: Context| async move {
            if start.get::<bool>("left").unwrap_or_default() {
                ctx.send(Left { n: 1 }).await?;
            } else {
                ctx.send(Right { n: 2 }).await?;
            }
            Ok::<_, StepError>(Done { n: 0 })
        })
        .step("pair", |_: (Left, Right), _: Context| async { StopEvent::new("paired") })
        .step("end", |_: Done, _: Context| async { StopEvent::new("alone") })
        .build()
        .unwrap();
    let engine = open(&home.store(), &workflow).await;
    for left in [true, false] {
        let input = raw::<StartEvent>(&json!({ "left": left }));
        let start = stepwell::engine::Start { input, ..start() };
        let record = soon(engine.start_and_wait(start)).await.unwrap();
        assert_eq!(record.end.unwrap().value.text(), r#"{"result":"alone"}"#);
    }
}

#[test]
fn sets_survive_deaths_after_any_turn() {
    let make = || {
        let events = &[(true, 1), (false, 2), (true, 3), (true, 4), (false, 5), (false, 6)];
        (pairing(events, 3), ())
    };
    let check = |(), survived: Survived| {
        let expected = r#"StopEvent {"result":[[1,2],[3,5],[4,6]]}"#;
        assert_eq!(survived.end, expected, "{survived:?}");
    };
    through_deaths(Home::memory, make, check);
    through_deaths(Home::sqlite, make, check);
}
