//! Doing something once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{Context, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::lives::{Answer, Ask, Scene, scenes, tenfold};

scenes! {
    what_was_done_once_is_not_done_again,
    what_was_done_once_outlives_a_failed_attempt,
    an_error_is_remembered_within_its_attempt,
    an_error_is_forgotten_by_the_next_attempt,
    an_error_keeps_what_it_is,
    things_done_at_the_same_time_have_names,
    a_value_that_cannot_be_kept_is_an_error,
    what_was_given_up_is_not_begun_again,
}

/// Counts how often something was done outside of the run.
#[derive(Clone, Default)]
struct Deeds(Arc<AtomicUsize>);

impl Deeds {
    fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) as u64
    }

    /// What is done may be done again only if the process died before that was remembered.
    fn were(&self, most: usize, crashes: usize) {
        let done = self.0.load(Ordering::Relaxed);
        assert!(done >= most && done <= most + crashes, "{done} times, with {crashes} crashes");
    }
}

fn flow<F, R>(tries: u32, body: F) -> Workflow
where
    F: Fn(StartEvent, Context) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<StopEvent, StepError>> + Send + 'static,
{
    let policy = retry().wait(fixed(Duration::from_millis(1))).stop(attempts(tries));
    Workflow::builder("Once")
        .step_with("step", StepOptions::new().retry(policy), body)
        .additional_event::<Ask>()
        .additional_event::<Answer>()
        .build()
        .unwrap()
}

fn what_was_done_once_is_not_done_again() -> Scene {
    let deeds = Deeds::default();
    let done = deeds.clone();
    let workflow = flow(1, move |_, ctx| {
        let deeds = done.clone();
        async move {
            let first: String = ctx
                .once("pay", async || {
                    deeds.add();
                    Ok::<_, StepError>("paid".to_owned())
                })
                .await?;
            let answer = ctx.wait::<Answer>().asking(Ask { n: 1 }).await?.value;
            ctx.sleep(Duration::from_millis(1)).await?;
            Ok(StopEvent::of(&json!([first, answer]))?)
        }
    });
    Scene::new(workflow)
        .answering(tenfold)
        .shows(&[r#"Ask {"n":1}"#, r#"StopEvent {"result":["paid",10]}"#])
        .then(move |crashes| deeds.were(1, crashes))
}

fn what_was_done_once_outlives_a_failed_attempt() -> Scene {
    let deeds = Deeds::default();
    let done = deeds.clone();
    let workflow = flow(3, move |_, ctx| {
        let deeds = done.clone();
        async move {
            let branch = ctx.branch("branch");
            let pay = async || {
                deeds.add();
                Ok::<_, StepError>(7)
            };
            let paid: u64 = branch.once("pay", pay).await?;
            ctx.sleep(Duration::from_millis(1)).await?;
            if ctx.attempt() < 3 {
                return Err(StepError::new("not yet"));
            }
            Ok(StopEvent::new(paid))
        }
    });
    Scene::new(workflow).results_in(7).then(move |crashes| deeds.were(1, crashes))
}

/// The second call of a name is another one.
fn an_error_is_remembered_within_its_attempt() -> Scene {
    let deeds = Deeds::default();
    let done = deeds.clone();
    let workflow = flow(1, move |_, ctx| {
        let deeds = done.clone();
        async move {
            let mut errors = Vec::new();
            for n in 0..3 {
                let act = async || {
                    deeds.add();
                    if n < 2 { Err(StepError::new(format!("no {n}"))) } else { Ok(n) }
                };
                match ctx.once::<u64, _, _>("try", act).await {
                    Ok(value) => return Ok(StopEvent::of(&json!([value, errors]))?),
                    Err(error) => errors.push(error.to_string()),
                }
                ctx.sleep(Duration::from_millis(1)).await?;
            }
            Err(StepError::new("in vain"))
        }
    });
    let result = json!([2, ["no 0", "no 1"]]);
    Scene::new(workflow).results_in(result).then(move |crashes| deeds.were(3, crashes))
}

fn an_error_is_forgotten_by_the_next_attempt() -> Scene {
    let workflow = flow(3, |_, ctx| async move {
        let attempt = ctx.attempt();
        let act = async || {
            if attempt < 3 { Err(StepError::new("not yet")) } else { Ok(attempt) }
        };
        let value: u32 = ctx.once("try", act).await?;
        ctx.sleep(Duration::from_millis(1)).await?;
        Ok(StopEvent::new(value))
    });
    Scene::new(workflow).results_in(3)
}

/// One that no attempt will mend stays one, though it went through the journal.
fn an_error_keeps_what_it_is() -> Scene {
    let workflow = flow(3, |_, ctx| async move {
        if ctx.attempt() > 1 {
            return Ok(StopEvent::new("it was tried again"));
        }
        let act = async || {
            let cause = std::io::Error::other("no funds");
            Err::<u64, _>(StepError::fatal(cause).with_kind("Payment").with_details(json!([1])))
        };
        let error = ctx.once("pay", act).await.unwrap_err();
        assert_eq!((error.kind(), error.details()), ("Payment", Some(&json!([1]))));
        ctx.sleep(Duration::from_millis(1)).await?;
        Err(error)
    });
    Scene::new(workflow).fails_with("no funds")
}

fn things_done_at_the_same_time_have_names() -> Scene {
    let deeds = Deeds::default();
    let done = deeds.clone();
    let workflow = flow(1, move |_, ctx| {
        let deeds = done.clone();
        async move {
            let act = |n: u64| {
                let deeds = deeds.clone();
                move || async move {
                    deeds.add();
                    tokio::task::yield_now().await;
                    Ok::<_, StepError>(n)
                }
            };
            let (a, b, c): (u64, u64, u64) = tokio::try_join!(
                ctx.once("a", act(1)),
                ctx.once("b", act(2)),
                ctx.once("a", act(3))
            )?;
            ctx.sleep(Duration::from_millis(1)).await?;
            Ok(StopEvent::new(vec![a, b, c]))
        }
    });
    // All three are done when one of them is remembered, and none of them may be.
    Scene::new(workflow).results_in(vec![1, 2, 3]).then(move |crashes| deeds.were(3, 3 * crashes))
}

fn a_value_that_cannot_be_kept_is_an_error() -> Scene {
    let deeds = Deeds::default();
    let done = deeds.clone();
    let workflow = flow(1, move |_, ctx| {
        let deeds = done.clone();
        async move {
            let act = async || {
                deeds.add();
                Ok::<_, StepError>(f64::NAN)
            };
            let unwritable = ctx.once("nan", act).await.is_err();
            ctx.sleep(Duration::from_millis(1)).await?;
            let act = async || {
                deeds.add();
                Ok::<_, StepError>("x".repeat(stepwell::MAX_EVENT_BYTES))
            };
            let error = ctx.once("large", act).await.unwrap_err().to_string();
            ctx.sleep(Duration::from_millis(1)).await?;
            Ok(StopEvent::of(&json!([unwritable, error.contains("1048578 bytes")]))?)
        }
    });
    Scene::new(workflow).results_in(json!([true, true])).then(move |crashes| deeds.were(2, crashes))
}

fn what_was_given_up_is_not_begun_again() -> Scene {
    let begun = Deeds::default();
    let begins = begun.clone();
    let workflow = flow(1, move |_, ctx| {
        let begun = begins.clone();
        async move {
            let act = async || {
                begun.add();
                std::future::pending::<()>().await;
                Ok::<u64, StepError>(1)
            };
            let deadline = ctx.branch("deadline");
            let slow = tokio::select! {
                biased;
                done = ctx.once("slow", act) => Some(done?),
                slept = deadline.sleep(Duration::from_millis(5)) => { slept?; None }
            };
            for _ in 0..5 {
                ctx.sleep(Duration::from_millis(1)).await?;
            }
            Ok(StopEvent::of(&slow.is_none())?)
        }
    });
    Scene::new(workflow).results_in(true).then(move |crashes| {
        // At most once before the sleep was over, and once when it was and that was not known.
        begun.were(1, crashes.min(3));
    })
}
