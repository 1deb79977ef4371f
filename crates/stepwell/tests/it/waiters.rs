//! Several bodies that wait at the same time, and what they send.

use std::time::Duration;

use stepwell::retry::{attempts, fixed, retry};
use stepwell::store::Status;
use stepwell::{
    Context, ContextError, Event, FanOut, Join, MAX_EVENT_BYTES, RawEvent, StartEvent, StepError,
    StepOptions, StopEvent, Workflow,
};

use crate::kit::{Home, soon};
use crate::lives::{Answer, Ask, Note, Scene, answer, scenes, tenfold};
use crate::paused::{life, open, pass, start, status, until};

scenes! {
    we_4_parallel_bodies_have_waits_of_their_own,
    we_9_one_answer_goes_to_all_bodies_that_wait_for_it,
    we_11_an_event_that_answers_no_wait_goes_to_the_steps,
    rt_6_an_event_goes_to_who_waits_for_it_and_to_the_other_steps,
    sd_2_what_was_sent_takes_effect_at_once_and_stays_sent,
}

#[derive(Event)]
struct Done {
    n: u64,
}

/// Three bodies, each of which waits, and a step for their sum.
fn three<F, R>(body: F) -> Workflow
where
    F: Fn(Note, Context<u64>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Done, StepError>> + Send + 'static,
{
    Workflow::builder("Three")
        .state::<u64>()
        .step("split", |_: StartEvent, _: Context<u64>| async {
            (1..4).map(|n| Note { n }).collect::<FanOut<_>>()
        })
        .step("wait", body)
        .step("end", |done: Join<Done>, _: Context<u64>| async move {
            StopEvent::new(done.by_emission().iter().map(|done| done.n).collect::<Vec<_>>())
        })
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

fn we_4_parallel_bodies_have_waits_of_their_own() -> Scene {
    let workflow = three(|note, ctx| async move {
        let n = note.n;
        let value = ctx.wait::<Answer>().matching("n", n).asking(Ask { n }).await?.value;
        Ok(Done { n: value })
    });
    Scene::new(workflow).answering(tenfold).shows(&[
        r#"Ask {"n":1}"#,
        r#"Ask {"n":2}"#,
        r#"Ask {"n":3}"#,
        r#"StopEvent {"result":[10,20,30]}"#,
    ])
}

fn we_9_one_answer_goes_to_all_bodies_that_wait_for_it() -> Scene {
    let workflow = three(|note, ctx| async move {
        let answer = ctx.wait::<Answer>().asking(Ask { n: note.n }).await?;
        Ok(Done { n: answer.value + note.n })
    });
    // When all have asked.
    let outside = |asked: &RawEvent| match asked.value.text() {
        r#"{"n":3}"# => vec![answer(0, 100)],
        _ => Vec::new(),
    };
    Scene::new(workflow).answering(outside).ends_with(r#"StopEvent {"result":[101,102,103]}"#)
}

/// A step waits for answers, and another one takes those that are left.
fn waiting_and_taking() -> Workflow {
    Workflow::builder("Taking")
        .state::<u64>()
        .step("ask", |_: StartEvent, ctx: Context<u64>| async move {
            let value = ctx.wait::<Answer>().matching("n", 1).asking(Ask { n: 1 }).await?.value;
            Ok::<_, StepError>(Done { n: value })
        })
        .step("take", |answer: Answer, ctx: Context<u64>| async move {
            ctx.update(|sum| *sum += answer.value).await?;
            Ok::<Option<Done>, StepError>(None)
        })
        .step("end", |done: Done, ctx: Context<u64>| async move {
            // By now the other answers are taken.
            ctx.sleep(Duration::from_millis(20)).await?;
            Ok::<_, StepError>(StopEvent::new(vec![done.n, *ctx.state()]))
        })
        .additional_event::<Ask>()
        .build()
        .unwrap()
}

fn we_11_an_event_that_answers_no_wait_goes_to_the_steps() -> Scene {
    Scene::new(waiting_and_taking())
        .answering(|asked| match &*asked.name {
            "Ask" => vec![answer(2, 7), answer(1, 8), answer(1, 9)],
            _ => Vec::new(),
        })
        // The second answer to the question comes when nobody waits any more.
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[8,24]}"#])
}

fn rt_6_an_event_goes_to_who_waits_for_it_and_to_the_other_steps() -> Scene {
    Scene::new(waiting_and_taking())
        .answering(|asked| if &*asked.name == "Ask" { vec![answer(1, 8)] } else { Vec::new() })
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":[8,8]}"#])
}

/// The note is noted while its sender still runs; and once more for each attempt.
fn sd_2_what_was_sent_takes_effect_at_once_and_stays_sent() -> Scene {
    let policy = retry().wait(fixed(Duration::from_millis(1))).stop(attempts(2));
    let workflow = Workflow::builder("Sending")
        .state::<u64>()
        .step_with(
            "send",
            StepOptions::new().retry(policy),
            |_: StartEvent, ctx: Context<u64>| async move {
                let attempt = u64::from(ctx.attempt());
                ctx.send(Note { n: attempt }).await?;
                while ctx.update(|noted| *noted).await? < attempt {
                    ctx.sleep(Duration::from_millis(1)).await?;
                }
                if attempt == 1 {
                    return Err(StepError::new("not yet"));
                }
                Ok(StopEvent::new(*ctx.state()))
            },
        )
        .step("note", |_: Note, ctx: Context<u64>| async move {
            ctx.update(|noted| *noted += 1).await?;
            Ok::<Option<StopEvent>, StepError>(None)
        })
        .additional_event::<Note>()
        .build()
        .unwrap();
    Scene::new(workflow).results_in(2)
}

/// The clock of each life begins at the same moment, so a limit that began anew would be over
/// sooner.
#[test]
fn we_16_a_limit_holds_in_the_next_life() {
    let workflow = Workflow::builder("Limit")
        .step("wait", |_: StartEvent, ctx: Context| async move {
            ctx.sleep(Duration::from_secs(60)).await?;
            match ctx.wait::<Answer>().within(Duration::from_secs(100)).await {
                Err(ContextError::TimedOut) => Ok(StopEvent::new("late")),
                other => Err(StepError::new(format!("{other:?}", other = other.map(|_| ())))),
            }
        })
        .additional_event::<Answer>()
        .build()
        .unwrap();
    let home = Home::memory();
    life(async {
        let engine = open(&home.store(), &workflow).await;
        engine.start(start("h")).await.unwrap();
        pass(70).await;
    });
    life(async {
        let engine = open(&home.store(), &workflow).await;
        pass(159).await;
        assert_eq!(status(&engine, "h").await, Status::Running);
        pass(2).await;
        until(async || status(&engine, "h").await == Status::Completed).await;
    });
}

#[derive(Event)]
#[event(request)]
struct Large {
    text: String,
}

impl Large {
    fn new() -> Self {
        Self { text: "x".repeat(MAX_EVENT_BYTES) }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_and_counts_as_no_call() {
    let workflow = Workflow::builder("Large")
        .step("step", |_: StartEvent, ctx: Context| async move {
            let sent = ctx.send(Large::new()).await;
            let published = ctx.stream(Large::new()).await;
            let asked = ctx.wait::<Answer>().asking(Large::new()).await.map(|_| ());
            let text = Large::new().text;
            let matched = ctx.wait::<Answer>().matching("value", text).await.map(|_| ());
            let refused = [sent, published, asked, matched].map(|refused| {
                matches!(refused, Err(ContextError::TooLarge { bytes }) if bytes > MAX_EVENT_BYTES)
            });
            let collected = ctx.collect::<Large>("large", Large::new(), &["Large"]).await;
            let message = collected.map(|_| ()).unwrap_err().to_string();
            Ok::<_, StepError>(StopEvent::of(&(refused, message.contains("limit of 1048576")))?)
        })
        .additional_event::<Answer>()
        .additional_event::<Large>()
        .build()
        .unwrap();
    let home = Home::memory();
    let engine = open(&home.store(), &workflow).await;
    let record = soon(engine.start_and_wait(start("h"))).await.unwrap();
    let end = record.end.unwrap();
    assert_eq!(end.value.text(), r#"{"result":[[true,true,true,true],true]}"#);
    let row = home.store().handler("h").await.unwrap().unwrap();
    let journal = home.store().journal(row.key, 0, usize::MAX).await.unwrap();
    assert_eq!(journal.len(), 2, "the start and the end");
}
