//! Code of a body that runs concurrently.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{Context, ContextError, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::lives::{Answer, Ask, Note, Scene, answer, scenes, tenfold};

scenes! {
    branches_wait_at_the_same_time,
    a_deadline_that_comes_first_wins_in_every_life,
    an_answer_that_comes_before_the_deadline_wins_in_every_life,
    a_wait_that_was_dropped_eats_no_answer,
    a_collect_that_was_dropped_eats_no_set,
    answers_of_earlier_attempts_come_in_their_order,
    forty_waits_in_a_set_of_futures,
    a_task_of_the_body_waits,
    a_deadline_of_the_runtime_is_kept_after_a_crash,
    concurrent_calls_without_branches_are_refused,
    the_name_of_a_branch_may_be_any_text,
    a_sleep_may_be_longer_than_all_time,
}

fn flow<F, R>(body: F) -> Workflow
where
    F: Fn(StartEvent, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("Branches")
        .state::<u64>()
        .step("body", body)
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

async fn ask(ctx: &Context<u64>, n: u64) -> Result<u64, ContextError> {
    Ok(ctx.wait::<Answer>().matching("n", n).asking(Ask { n }).await?.value)
}

fn branches_wait_at_the_same_time() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let (a, b) = (ctx.branch("a"), ctx.branch("b"));
        let order = Mutex::new(Vec::new());
        let part = async |ctx: &Context<u64>, n| {
            let value = ask(ctx, n).await?;
            ctx.update(|sum| *sum += value).await?;
            order.lock().unwrap().push(value);
            Ok::<_, StepError>(())
        };
        tokio::try_join!(part(&a, 1), part(&b, 2))?;
        let sum = *ctx.state();
        order.lock().unwrap().push(sum);
        Ok(StopEvent::new(order.into_inner().unwrap()))
    });
    // Both are asked before one is answered.
    let outside = |asked: &stepwell::RawEvent| match asked.value.text() {
        r#"{"n":2}"# => vec![answer(2, 20), answer(1, 10)],
        _ => Vec::new(),
    };
    Scene::new(workflow).answering(outside).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[20,10,30]}"#,
    ])
}

fn a_deadline_that_comes_first_wins_in_every_life() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let (answers, deadline) = (ctx.branch("answers"), ctx.branch("deadline"));
        let late = tokio::select! {
            biased;
            value = ask(&answers, 1) => value?,
            slept = deadline.sleep(Duration::from_millis(20)) => { slept?; 0 }
        };
        ctx.update(|sum| *sum += 1).await?;
        ctx.send(Ask { n: 2 }).await?;
        let next = ask(&ctx, 3).await?;
        Ok(StopEvent::new(vec![late, next, *ctx.state()]))
    });
    let outside = |asked: &stepwell::RawEvent| match asked.value.text() {
        r#"{"n":3}"# => vec![answer(1, 10), answer(3, 30)],
        _ => Vec::new(),
    };
    Scene::new(workflow).answering(outside).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":3}"#,
        r#"StopEvent {"result":[0,30,1]}"#,
    ])
}

fn an_answer_that_comes_before_the_deadline_wins_in_every_life() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let (answers, deadline) = (ctx.branch("answers"), ctx.branch("deadline"));
        let first = tokio::select! {
            biased;
            slept = deadline.sleep(Duration::from_secs(3600)) => { slept?; 0 }
            value = ask(&answers, 1) => value?,
        };
        ctx.update(|sum| *sum += 1).await?;
        let next = ask(&ctx, 2).await?;
        Ok(StopEvent::new(vec![first, next, *ctx.state()]))
    });
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[10,20,1]}"#,
    ])
}

fn a_wait_that_was_dropped_eats_no_answer() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let deadline = ctx.branch("deadline");
        let given_up = tokio::select! {
            biased;
            answer = ctx.wait::<Answer>() => Some(answer?.value),
            slept = deadline.sleep(Duration::from_millis(20)) => { slept?; None }
        };
        let value = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
        Ok(StopEvent::of(&json!([given_up, value]))?)
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[null,10]}"#])
}

/// The sleep is over at once and is answered before the event is collected, so the set comes for
/// a call that nobody waits for any more.
fn a_collect_that_was_dropped_eats_no_set() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let collecting = ctx.branch("collecting");
        let collect = collecting.collect::<Note>("notes", Note { n: 1 }, &["Note"]);
        // Polled once, which makes the call, and dropped before its answer.
        let dropped = futures::FutureExt::now_or_never(collect).is_none();
        let set = ctx.collect::<Note>("notes", Note { n: 2 }, &["Note", "Note"]).await?;
        let numbers = set.map(|set| set.iter().map(|note| note.n).collect::<Vec<_>>());
        Ok(StopEvent::of(&json!([dropped, numbers]))?)
    });
    Scene::new(workflow).results_in(json!([true, [1, 2]]))
}

fn answers_of_earlier_attempts_come_in_their_order() -> Scene {
    let policy = retry().wait(fixed(Duration::from_millis(1))).stop(attempts(2));
    let workflow = Workflow::builder("Branches")
        .state::<u64>()
        .step_with(
            "body",
            StepOptions::new().retry(policy),
            |_: StartEvent, ctx: Context<u64>| async move {
                let (a, b) = (ctx.branch("a"), ctx.branch("b"));
                let (a, b) = (ask(&a, 1), ask(&b, 2));
                tokio::pin!(a, b);
                let mut order = Vec::new();
                let (mut a_is_open, mut b_is_open) = (true, true);
                while a_is_open || b_is_open {
                    // In an order that is drawn anew each time.
                    let value = tokio::select! {
                        value = &mut a, if a_is_open => { a_is_open = false; value? }
                        value = &mut b, if b_is_open => { b_is_open = false; value? }
                    };
                    order.push(value);
                    if order.len() == 1 {
                        ctx.update(|sum| *sum += value).await?;
                    } else {
                        ctx.sleep(Duration::from_millis(1)).await?;
                    }
                }
                if ctx.attempt() == 1 {
                    return Err(StepError::new("not yet"));
                }
                Ok(StopEvent::new(order))
            },
        )
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let outside = |asked: &stepwell::RawEvent| match asked.value.text() {
        r#"{"n":2}"# => vec![answer(2, 20), answer(1, 10)],
        _ => Vec::new(),
    };
    Scene::new(workflow).answering(outside).ends_with(r#"StopEvent {"result":[20,10]}"#)
}

fn forty_waits_in_a_set_of_futures() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let mut waits: FuturesUnordered<_> = (0..40)
            .map(|n| {
                let ctx = ctx.branch(&n.to_string());
                async move { ask(&ctx, n).await }
            })
            .collect();
        let mut sum = 0;
        while let Some(value) = waits.next().await {
            let value = value?;
            sum += value;
            ctx.update(|state| *state += value).await?;
        }
        Ok(StopEvent::new(vec![sum, *ctx.state()]))
    });
    Scene::new(workflow).answering(tenfold).ends_with(r#"StopEvent {"result":[7800,7800]}"#)
}

fn a_task_of_the_body_waits() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let part = |n: u64| {
            let ctx = ctx.branch(&n.to_string());
            tokio::spawn(async move {
                let value = ask(&ctx, n).await?;
                ctx.update(|sum| *sum += value).await?;
                Ok::<_, ContextError>(value)
            })
        };
        let (one, two) = (part(1), part(2));
        let (one, two) = (one.await??, two.await??);
        Ok(StopEvent::new(vec![one, two, *ctx.state()]))
    });
    Scene::new(workflow).answering(tenfold).ends_with(r#"StopEvent {"result":[10,20,30]}"#)
}

fn a_deadline_of_the_runtime_is_kept_after_a_crash() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let wait = ctx.wait::<Answer>();
        let waited = tokio::time::timeout(Duration::from_millis(30), wait.into_future()).await;
        let is_late = waited.is_err();
        let value = ask(&ctx, 1).await?;
        Ok(StopEvent::of(&json!([is_late, value]))?)
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[true,10]}"#])
}

fn concurrent_calls_without_branches_are_refused() -> Scene {
    let seen = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&seen);
    let workflow = flow(move |_, ctx| {
        let told = Arc::clone(&told);
        async move {
            let (slept, updated) =
                tokio::join!(ctx.sleep(Duration::from_millis(1)), ctx.update(|sum| *sum += 1),);
            slept?;
            let error = updated.unwrap_err();
            *told.lock().unwrap() = error.to_string();
            let is_concurrent = matches!(error, ContextError::Concurrent { .. });
            Ok(StopEvent::of(&json!([is_concurrent, *ctx.state()]))?)
        }
    });
    Scene::new(workflow).results_in(json!([true, 0])).then(move |_| {
        let expected = "an update was begun while a sleep is not over; make calls that run at \
                        the same time through `ctx.branch(name)`";
        assert_eq!(*seen.lock().unwrap(), expected);
    })
}

fn the_name_of_a_branch_may_be_any_text() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let names = ["a/b", "a~1b", "a~b", "ab", "", "/", "//"];
        let mut all: Vec<Context<u64>> = names.iter().map(|name| ctx.branch(name)).collect();
        all.push(ctx.branch("a").branch("b"));
        all.push(ctx.branch("").branch(""));
        let calls = all.iter().map(|branch| branch.sleep(Duration::from_millis(1)));
        futures::future::try_join_all(calls).await?;
        let calls = all.iter().map(|branch| branch.update(|count| *count += 1));
        futures::future::try_join_all(calls).await?;
        Ok(StopEvent::new(*ctx.state()))
    });
    Scene::new(workflow).results_in(9)
}

fn a_sleep_may_be_longer_than_all_time() -> Scene {
    let workflow = flow(|_, ctx| async move {
        let (long, short) = (ctx.branch("long"), ctx.branch("short"));
        let answers = ctx.branch("answers");
        let first = tokio::select! {
            biased;
            slept = long.sleep(Duration::MAX) => { slept?; "long" }
            waited = answers.wait::<Answer>().within(Duration::MAX) => { waited?; "answer" }
            slept = short.sleep(Duration::from_millis(30)) => { slept?; "short" }
        };
        Ok(StopEvent::new(first))
    });
    Scene::new(workflow).results_in("short")
}
