//! What calls of a context do, and what they do not.

use std::sync::{Arc, Mutex};

use stepwell::workflow::State;
use stepwell::{Context, Event, StartEvent, StepError, StopEvent, Workflow};
use tokio::sync::Notify;

use crate::kit::{Home, Progress, soon, stream_text};
use crate::paused::{life, open, start, until};

#[derive(Event)]
struct Next {}

/// Leaves a task behind with the context of a step that has returned; when the next step runs,
/// the task makes every call. Returns the workflow, and whether each call was refused.
fn outliving<S: State>(
    late: fn(&mut S),
    next: fn(&mut S) -> StopEvent,
) -> (Workflow, Arc<Mutex<Vec<bool>>>) {
    let refused = Arc::new(Mutex::new(Vec::new()));
    let [go, done] = [(); 2].map(|()| Arc::new(Notify::new()));
    let left = (Arc::clone(&go), Arc::clone(&done), Arc::clone(&refused));
    let workflow = Workflow::builder("Outliving")
        .state::<S>()
        .step("leave", move |_: StartEvent, ctx: Context<S>| {
            let (go, done, refused) = left.clone();
            async move {
                tokio::spawn(async move {
                    go.notified().await;
                    let update = ctx.update(late).await.is_err();
                    let stream = ctx.stream(Progress { number: 1 }).await.is_err();
                    let send = ctx.send(Next {}).await.is_err();
                    *refused.lock().unwrap() = vec![update, stream, send];
                    done.notify_one();
                });
                Next {}
            }
        })
        .step("next", move |_: Next, ctx: Context<S>| {
            go.notify_one();
            let done = Arc::clone(&done);
            async move {
                done.notified().await;
                Ok::<_, StepError>(ctx.update(next).await?)
            }
        })
        .build()
        .unwrap();
    (workflow, refused)
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_context_that_outlives_its_step_are_refused() {
    let (workflow, refused) = outliving::<u64>(|_| (), |_| StopEvent::default());
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    engine.start(start("h")).await.unwrap();
    let text = soon(stream_text(&engine, "h")).await;
    assert_eq!(*refused.lock().unwrap(), [true; 3]);
    assert!(!text.contains("Progress"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_is_not_seen_by_later_steps() {
    type Pair = (u64, u64);
    let next = |pair: &mut Pair| {
        pair.1 = 1;
        StopEvent::new(vec![pair.0, pair.1])
    };
    let (workflow, _) = outliving::<Pair>(|pair| pair.0 = 7, next);
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":[0,1]}"#);
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_does_not_keep_later_ones_from_being_written() {
    let next = |notes: &mut Vec<u64>| {
        notes.push(9);
        StopEvent::new(notes.clone())
    };
    let (workflow, _) = outliving::<Vec<u64>>(|notes| notes.push(7), next);
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    assert_eq!(record.end.unwrap().value.text(), r#"{"result":[9]}"#);
}

/// Numbers of all sizes; about one in a hundred changes if it is read carelessly.
fn floats() -> Vec<f64> {
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        f64::from_bits(random)
    };
    std::iter::repeat_with(&mut next).filter(|number| number.is_finite()).take(2_000).collect()
}

fn bits(floats: &[f64]) -> Vec<u64> {
    floats.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn after_a_crash_an_update_returns_the_same_floats_and_the_state_has_them() {
    type Lives = Arc<Mutex<Vec<[Vec<u64>; 2]>>>;
    let lives = Lives::default();
    let told = Arc::clone(&lives);
    let workflow = Workflow::builder("Floats")
        .state::<Vec<f64>>()
        .step("float", move |_: StartEvent, ctx: Context<Vec<f64>>| {
            let lives = Arc::clone(&told);
            async move {
                let returned = ctx.update(|state| {
                    *state = floats();
                    state.clone()
                });
                let returned = returned.await?;
                lives.lock().unwrap().push([bits(&returned), bits(&ctx.state())]);
                std::future::pending::<()>().await;
                Ok::<_, StepError>(StopEvent::default())
            }
        })
        .build()
        .unwrap();
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), &workflow).await;
        engine.start(start("h")).await.unwrap();
        until(async || lives.lock().unwrap().len() == 1).await;
    });
    life(async {
        let _engine = open(&home.store(), &workflow).await;
        until(async || lives.lock().unwrap().len() == 2).await;
    });
    let expected = bits(&floats());
    for [returned, state] in &*lives.lock().unwrap() {
        assert!(*returned == expected, "update returned other numbers");
        assert!(*state == expected, "the state has other numbers");
    }
}
