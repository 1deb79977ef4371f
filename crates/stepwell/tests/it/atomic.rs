//! Changing the state: all or nothing, by closure and by step.

use std::time::Duration;

use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::untyped::{PathError, UntypedState};
use stepwell::workflow::State;
use stepwell::{
    Context, ContextError, FanOut, Join, StartEvent, StepError, StepOptions, StopEvent, Workflow,
};

use crate::lives::{Answer, Ask, Note, Scene, scenes, tenfold};

scenes! {
    ss_8_an_update_that_returns_an_error_is_undone,
    ss_8_reads_inside_an_update_see_the_state_before_it,
    ss_8_an_update_that_panics_changes_nothing,
    ss_9_updates_that_take_place_at_once_lose_nothing,
    ss_12_the_updates_of_a_failed_attempt_stay,
    a_failed_attempt_of_an_atomic_step_leaves_nothing,
    an_atomic_step_sees_what_it_has_changed,
    branches_of_an_atomic_step_change_one_state,
    an_atomic_step_that_waits_first_is_atomic,
    an_atomic_step_that_would_keep_the_state_while_it_waits_is_refused,
    atomic_steps_take_turns,
    ss_3_and_4_an_untyped_state_is_read_and_written_by_path,
}

pub(crate) fn one_step<S, F, R>(options: StepOptions, body: F) -> Workflow
where
    S: State,
    F: Fn(StartEvent, Context<S>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("OneStep")
        .state::<S>()
        .step_with("step", options, body)
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

fn tried(times: u32) -> StepOptions {
    StepOptions::new().retry(retry().wait(fixed(Duration::from_millis(1))).stop(attempts(times)))
}

fn ss_8_an_update_that_returns_an_error_is_undone() -> Scene {
    let workflow = one_step(StepOptions::new(), |_, ctx: Context<u64>| async move {
        let withdraw = |amount: u64| {
            move |balance: &mut u64| {
                *balance += 1000;
                *balance = (*balance - 1000).checked_sub(amount).ok_or("not enough".to_owned())?;
                Ok(*balance)
            }
        };
        ctx.update(|balance| *balance = 10).await?;
        let first: Result<u64, String> = ctx.try_update(withdraw(7)).await?;
        let second = ctx.try_update(withdraw(7)).await?;
        // By now the state would allow it; a body that runs again is refused all the same.
        ctx.update(|balance| *balance += 10).await?;
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::of(&json!([first, second, *ctx.state()]))?)
    });
    Scene::new(workflow).results_in(json!([{ "Ok": 3 }, { "Err": "not enough" }, 13]))
}

fn ss_8_reads_inside_an_update_see_the_state_before_it() -> Scene {
    let workflow = one_step(StepOptions::new(), |_, ctx: Context<u64>| async move {
        ctx.update(|sum| *sum = 1).await?;
        let inside = ctx.clone();
        let read = ctx.update(move |sum| {
            *sum = 2;
            *inside.state()
        });
        let read = read.await?;
        Ok(StopEvent::new(vec![read, *ctx.state()]))
    });
    Scene::new(workflow).results_in(vec![1, 2])
}

fn ss_8_an_update_that_panics_changes_nothing() -> Scene {
    let workflow = one_step(tried(2), |_, ctx: Context<u64>| async move {
        let first = ctx.attempt() == 1;
        ctx.update(|sum| {
            *sum += 1;
            assert!(!first, "not in the first attempt");
        })
        .await?;
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::of(&json!([*ctx.state(), ctx.failures()[0].failure.message]))?)
    });
    let message = "the step panicked: not in the first attempt";
    Scene::new(workflow).results_in(json!([1, message]))
}

/// Adds one in twenty bodies at once, each in its own way.
fn ss_9_updates_that_take_place_at_once_lose_nothing() -> Scene {
    let workflow = Workflow::builder("Twenty")
        .state::<u64>()
        .step("split", |_: StartEvent, _: Context<u64>| async {
            (0..20).map(|n| Note { n }).collect::<FanOut<_>>()
        })
        .step_with(
            "add",
            StepOptions::new().workers(20),
            |note: Note, ctx: Context<u64>| async move {
                ctx.update(|sum| *sum += 1).await?;
                Ok::<_, StepError>(Ask { n: note.n })
            },
        )
        .step("end", |asks: Join<Ask>, ctx: Context<u64>| async move {
            StopEvent::new(vec![asks.len() as u64, *ctx.state()])
        })
        .build()
        .unwrap();
    Scene::new(workflow).ends_with(r#"StopEvent {"result":[20,20]}"#)
}

fn ss_12_the_updates_of_a_failed_attempt_stay() -> Scene {
    let workflow = one_step(tried(3), |_, ctx: Context<u64>| async move {
        let sum = ctx.update(|sum| {
            *sum += 1;
            *sum
        });
        let sum = sum.await?;
        if sum < 3 { Err(StepError::new("too little")) } else { Ok(StopEvent::new(sum)) }
    });
    Scene::new(workflow).results_in(3)
}

fn a_failed_attempt_of_an_atomic_step_leaves_nothing() -> Scene {
    let workflow = one_step(tried(3).atomic(), |_, ctx: Context<Vec<u32>>| async move {
        let before = ctx.state().len();
        ctx.update(|seen| seen.push(ctx.attempt())).await?;
        let undone = ctx.try_update(|seen| {
            seen.push(7);
            Err::<(), _>("no".to_owned())
        });
        let undone = undone.await?.is_err();
        ctx.update(|seen| seen.push(ctx.attempt())).await?;
        if ctx.attempt() < 3 {
            return Err(StepError::new("not yet"));
        }
        Ok(StopEvent::of(&json!([before, undone, *ctx.state()]))?)
    });
    Scene::new(workflow).results_in(json!([0, true, [3, 3]]))
}

fn an_atomic_step_sees_what_it_has_changed() -> Scene {
    let workflow = one_step(StepOptions::new().atomic(), |_, ctx: Context<u64>| async move {
        ctx.update(|sum| *sum += 1).await?;
        let one = *ctx.state();
        let inside = ctx.clone();
        let read = ctx.update(move |sum| {
            *sum += 1;
            *inside.state()
        });
        let read = read.await?;
        Ok(StopEvent::new(vec![one, read, *ctx.state()]))
    });
    Scene::new(workflow).results_in(vec![1, 1, 2])
}

/// Two bodies, each of which changes the state in two branches at once: the branches of the second
/// both wait for the first body.
fn branches_of_an_atomic_step_change_one_state() -> Scene {
    let workflow = Workflow::builder("Branches")
        .state::<u64>()
        .step("split", |_: StartEvent, _: Context<u64>| async {
            (0..4).map(|n| Note { n }).collect::<FanOut<_>>()
        })
        .step_with("add", StepOptions::new().atomic(), |note: Note, ctx: Context<u64>| async move {
            let (a, b) = (ctx.branch("a"), ctx.branch("b"));
            tokio::try_join!(a.update(|sum| *sum += 1), b.update(|sum| *sum += 1))?;
            Ok::<_, StepError>(Ask { n: note.n })
        })
        .step("end", |_: Join<Ask>, ctx: Context<u64>| async move { StopEvent::new(*ctx.state()) })
        .build()
        .unwrap();
    Scene::new(workflow).ends_with(r#"StopEvent {"result":8}"#)
}

fn an_atomic_step_that_waits_first_is_atomic() -> Scene {
    let workflow = one_step(tried(2).atomic(), |_, ctx: Context<u64>| async move {
        let value = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
        ctx.sleep(Duration::from_millis(1)).await?;
        ctx.update(|sum| *sum += value).await?;
        if ctx.attempt() == 1 {
            return Err(StepError::new("not yet"));
        }
        Ok(StopEvent::new(*ctx.state()))
    });
    Scene::new(workflow).answering(tenfold).shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":10}"#])
}

fn an_atomic_step_that_would_keep_the_state_while_it_waits_is_refused() -> Scene {
    let workflow = one_step(StepOptions::new().atomic(), |_, ctx: Context<u64>| async move {
        let (a, b) = (ctx.branch("a"), ctx.branch("b"));
        let mut sleep = std::pin::pin!(a.sleep(Duration::from_millis(1)));
        let refused = tokio::select! {
            biased;
            slept = &mut sleep => { slept?; false }
            updated = b.update(|sum| *sum += 1) => matches!(updated, Err(ContextError::Atomic)),
        };
        sleep.await?;
        ctx.update(|sum| *sum += 1).await?;
        let slept = ctx.sleep(Duration::from_millis(1)).await;
        let waited = ctx.wait::<Answer>().await;
        let also = matches!(slept, Err(ContextError::Atomic));
        let and = matches!(waited, Err(ContextError::Atomic));
        Ok(StopEvent::of(&json!([refused, also, and, *ctx.state()]))?)
    });
    Scene::new(workflow).results_in(json!([true, true, true, 1]))
}

/// Each reads, lets others run, and writes: a step that were not alone would lose an addition.
fn atomic_steps_take_turns() -> Scene {
    let workflow = Workflow::builder("Turns")
        .state::<u64>()
        .step("split", |_: StartEvent, _: Context<u64>| async {
            (0..6).map(|n| Note { n }).collect::<FanOut<_>>()
        })
        .step_with("add", StepOptions::new().atomic(), |note: Note, ctx: Context<u64>| async move {
            let sum = ctx.update(|sum| *sum).await?;
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            ctx.update(move |now| *now = sum + 1).await?;
            Ok::<_, StepError>(Ask { n: note.n })
        })
        .step("end", |_: Join<Ask>, ctx: Context<u64>| async move { StopEvent::new(*ctx.state()) })
        .build()
        .unwrap();
    Scene::new(workflow).ends_with(r#"StopEvent {"result":6}"#)
}

fn ss_3_and_4_an_untyped_state_is_read_and_written_by_path() -> Scene {
    let workflow = one_step(StepOptions::new(), |_, ctx: Context<UntypedState>| async move {
        ctx.update(|state| state.set("a.b", [1, 2, 3])).await??;
        ctx.update(|state| state.set("a.c.d", "deep")).await??;
        let item: u64 = ctx.state().get("a.b.1")?;
        let refused = ctx.try_update(|state| {
            state.set("a.b.0", 9)?;
            state.set("a.b.7", 9)
        });
        let refused = refused.await?.unwrap_err();
        ctx.wait::<Answer>().asking(Ask { n: 1 }).await?;
        let missing: Result<u64, PathError> = ctx.state().get("a.x");
        let removed = ctx.update(|state| state.remove("a.c.d")).await??;
        let state = ctx.state();
        let all: serde_json::Value = state.get("")?;
        Ok(StopEvent::of(&json!([item, refused.to_string(), missing.is_err(), removed, all]))?)
    });
    let refused = "path `a.b.7` cannot be set: the list has 3 items and none is `7`";
    let result = json!([2, refused, true, "deep", { "a": { "b": [1, 2, 3], "c": {} } }]);
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, &format!("StopEvent {{\"result\":{result}}}")])
}
