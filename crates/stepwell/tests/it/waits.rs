//! Waiting inside a body for an event.

use std::time::Duration;

use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{
    Context, ContextError, Event, StartEvent, StepError, StepOptions, StopEvent, Workflow,
};

use crate::lives::{Answer, Ask, Note, Scene, answer, scenes, tenfold};

scenes! {
    we_2_an_answer_goes_on_with_the_body,
    we_3_a_question_is_asked_once,
    we_5_two_waits_of_one_type_get_an_answer_each,
    we_6_two_named_waits_of_one_type_get_an_answer_each,
    c_3_answers_that_come_at_once_go_to_one_wait_each,
    c_4_a_second_answer_runs_nothing_twice,
    we_8_an_answer_outlives_a_failed_attempt,
    we_9_one_event_answers_every_wait_that_it_matches,
    we_10_an_event_that_does_not_match_answers_nothing,
    we_12_a_wait_ends_in_time,
    c_5_a_wait_that_timed_out_is_made_again_by_the_next_attempt,
    we_14_the_number_of_the_attempt_outlives_a_wait,
    an_answer_that_comes_before_its_wait_is_kept,
    an_answer_for_a_body_that_finds_no_worker_is_not_lost,
}

fn asking<F, R>(body: F) -> Workflow
where
    F: Fn(StartEvent, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    asking_with(StepOptions::new(), body)
}

fn asking_with<F, R>(options: StepOptions, body: F) -> Workflow
where
    F: Fn(StartEvent, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    Workflow::builder("Asking")
        .state::<u64>()
        .step_with("ask", options, body)
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

/// Asks with this number, and returns the value of the answer.
async fn ask(ctx: &Context<u64>, n: u64) -> Result<u64, ContextError> {
    Ok(ctx.wait::<Answer>().matching("n", n).asking(Ask { n }).await?.value)
}

fn retried(times: u32) -> StepOptions {
    StepOptions::new().retry(retry().wait(fixed(Duration::from_millis(1))).stop(attempts(times)))
}

fn we_2_an_answer_goes_on_with_the_body() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let before = ctx.update(|count| std::mem::replace(count, *count + 1)).await?;
        let value = ask(&ctx, 1).await?;
        let after = ctx.update(|count| std::mem::replace(count, *count + 1)).await?;
        Ok(StopEvent::new(vec![before, value, after, *ctx.state()]))
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[0,10,1,2]}"#])
}

fn we_3_a_question_is_asked_once() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let one = ask(&ctx, 1).await?;
        ctx.sleep(Duration::from_millis(5)).await?;
        let two = ask(&ctx, 2).await?;
        Ok(StopEvent::new(vec![one, two]))
    });
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[10,20]}"#,
    ])
}

fn we_5_two_waits_of_one_type_get_an_answer_each() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let first = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
        let second = ctx.wait::<Answer>().asking(Ask { n: 2 }).await?.value;
        Ok(StopEvent::new(vec![first, second]))
    });
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[10,20]}"#,
    ])
}

fn we_6_two_named_waits_of_one_type_get_an_answer_each() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let first = ctx.wait::<Answer>().key("first").asking(Ask { n: 1 }).await?.value;
        let second = ctx.wait::<Answer>().key("second").asking(Ask { n: 2 }).await?.value;
        Ok(StopEvent::new(vec![first, second]))
    });
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"StopEvent {"result":[10,20]}"#,
    ])
}

fn c_3_answers_that_come_at_once_go_to_one_wait_each() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let first = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
        let second = ctx.wait::<Answer>().await?.value;
        Ok(StopEvent::new(vec![first, second]))
    });
    Scene::new(workflow)
        .answering(|_| vec![answer(1, 7), answer(2, 8)])
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[7,8]}"#])
}

fn c_4_a_second_answer_runs_nothing_twice() -> Scene {
    let workflow = Workflow::builder("Twice")
        .state::<u64>()
        .step("ask", |_: StartEvent, ctx: Context<u64>| async move {
            let value = ask(&ctx, 1).await?;
            ctx.send(Note { n: value }).await?;
            Ok::<Option<Note>, StepError>(None)
        })
        .step("note", |note: Note, ctx: Context<u64>| async move {
            let notes = ctx
                .update(|notes| {
                    *notes += 1;
                    *notes
                })
                .await?;
            // Whatever a second run of the suffix would send is here by then.
            ctx.sleep(Duration::from_millis(20)).await?;
            Ok::<_, StepError>(StopEvent::new(vec![note.n, notes, *ctx.state()]))
        })
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    Scene::new(workflow)
        .answering(|asked| match &*asked.name {
            "Ask" => vec![answer(1, 7), answer(1, 8)],
            _ => Vec::new(),
        })
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[7,1,1]}"#])
}

fn we_8_an_answer_outlives_a_failed_attempt() -> Scene {
    let workflow = asking_with(retried(3), |_, ctx| async move {
        let value = ask(&ctx, 1).await?;
        let runs = ctx.update(|runs| {
            *runs += 1;
            *runs
        });
        let runs = runs.await?;
        if ctx.attempt() < 3 {
            return Err(StepError::new("not yet"));
        }
        Ok(StopEvent::new(vec![value, runs]))
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[10,3]}"#])
}

fn we_9_one_event_answers_every_wait_that_it_matches() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let (a, b) = (ctx.branch("a"), ctx.branch("b"));
        let (a, b, c) = tokio::try_join!(
            async { a.wait::<Answer>().asking(Ask { n: 1 }).await },
            async { b.wait::<Answer>().matching("n", 1).await },
            async { ctx.wait::<Answer>().key("c").matching("value", 10).await },
        )?;
        Ok(StopEvent::new(vec![a.value, b.value, c.value]))
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[10,10,10]}"#])
}

fn we_10_an_event_that_does_not_match_answers_nothing() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let value = ask(&ctx, 1).await?;
        Ok(StopEvent::new(value))
    });
    Scene::new(workflow)
        .answering(|_| vec![answer(2, 7), answer(1, 8)])
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":8}"#])
}

fn we_12_a_wait_ends_in_time() -> Scene {
    let workflow = asking(|_, ctx| async move {
        let nothing = ctx.wait::<Answer>().within(Duration::from_millis(10)).await;
        let timed_out = matches!(nothing, Err(ContextError::TimedOut));
        let value = ask(&ctx, 1).await?;
        Ok(StopEvent::of(&json!([timed_out, value]))?)
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[true,10]}"#])
}

fn c_5_a_wait_that_timed_out_is_made_again_by_the_next_attempt() -> Scene {
    let workflow = asking_with(retried(3), |_, ctx| async move {
        let wait = ctx.wait::<Answer>().asking(Ask { n: u64::from(ctx.attempt()) });
        // Only the last one is answered, however long that takes.
        let limit = if ctx.attempt() < 3 { 10 } else { 1_000_000 };
        let value = wait.within(Duration::from_millis(limit)).await?.value;
        Ok(StopEvent::new(vec![value, u64::from(ctx.attempt())]))
    });
    Scene::new(workflow)
        .answering(|asked| {
            let is_third = asked.value.text().contains('3');
            if is_third { tenfold(asked) } else { Vec::new() }
        })
        .shows(&[
            r#"Ask {"n":1}"#,
            r#"Ask {"n":2}"#,
            r#"Ask {"n":3}"#,
            r#"StopEvent {"result":[30,3]}"#,
        ])
}

fn we_14_the_number_of_the_attempt_outlives_a_wait() -> Scene {
    let workflow = asking_with(retried(2), |_, ctx| async move {
        if ctx.attempt() == 1 {
            return Err(StepError::new("not yet"));
        }
        let value = ask(&ctx, 1).await?;
        Ok(StopEvent::of(&json!([value, ctx.attempt(), ctx.failures().len()]))?)
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[10,2,1]}"#])
}

fn an_answer_that_comes_before_its_wait_is_kept() -> Scene {
    let workflow = asking(|_, ctx| async move {
        ctx.sleep(Duration::from_millis(30)).await?;
        let value = ctx.wait::<Answer>().matching("n", 2).await?.value;
        let other = ctx.wait::<Answer>().await?.value;
        Ok(StopEvent::new(vec![value, other]))
    });
    Scene::new(workflow).sending([answer(1, 7), answer(2, 8)]).results_in(vec![8, 7])
}

#[derive(Event)]
struct Job {
    n: u64,
}

/// One worker, two bodies: the first waits, and the second keeps the worker until the answer to
/// the first has come.
fn an_answer_for_a_body_that_finds_no_worker_is_not_lost() -> Scene {
    let workflow = Workflow::builder("Queued")
        .state::<u64>()
        .step("start", |_: StartEvent, ctx: Context<u64>| async move {
            ctx.send(Job { n: 1 }).await?;
            ctx.send(Job { n: 2 }).await?;
            Ok::<Option<Job>, StepError>(None)
        })
        .step_with(
            "work",
            StepOptions::new().workers(1),
            |job: Job, ctx: Context<u64>| async move {
                let value = if job.n == 1 { ask(&ctx, 1).await? } else { 2 };
                for _ in 0..20 {
                    ctx.update(|sum| *sum += value).await?;
                }
                Ok::<_, StepError>(Note { n: value })
            },
        )
        .step("end", |_: Note, ctx: Context<u64>| async move {
            let sum = *ctx.state();
            Ok::<_, StepError>((sum == 240).then(|| StopEvent::new(sum)))
        })
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap();
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":240}"#])
}
