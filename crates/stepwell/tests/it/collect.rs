//! Collecting events into sets, call by call.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{Accept, Context, Event, StartEvent, StepError, StepOptions, StopEvent, Workflow};

use crate::lives::{Scene, scenes};

scenes! {
    ce_1_nothing_expected_is_complete_at_once,
    ce_2_buffers_belong_to_a_step_and_have_names,
    ce_3_a_set_comes_in_the_order_expected,
    ce_4_what_is_left_over_stays_for_the_next_set,
    ce_7_a_body_runs_once_for_each_event,
    ce_8_a_set_stays_for_the_next_attempt,
    ce_9_an_event_counts_once_though_its_attempt_fails,
}

#[derive(Event)]
struct A {
    n: u64,
}

#[derive(Event)]
struct B {
    n: u64,
}

#[derive(Event)]
struct C {
    n: u64,
}

#[derive(Accept)]
enum Letter {
    A(A),
    B(B),
    C(C),
}

impl Letter {
    fn n(&self) -> u64 {
        match self {
            Self::A(A { n }) | Self::B(B { n }) | Self::C(C { n }) => *n,
        }
    }

    /// Collects it, and returns the numbers of the set.
    async fn collect(
        self,
        ctx: &Context<Seen>,
        buffer: &str,
        expected: &[&str],
    ) -> Result<Option<Vec<u64>>, StepError> {
        let set = match self {
            Self::A(a) => ctx.collect::<Self>(buffer, a, expected).await?,
            Self::B(b) => ctx.collect::<Self>(buffer, b, expected).await?,
            Self::C(c) => ctx.collect::<Self>(buffer, c, expected).await?,
        };
        Ok(set.map(|set| set.iter().map(Self::n).collect()))
    }
}

/// What the calls returned, and how many bodies began.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Seen {
    sets: Vec<(u64, Option<Vec<u64>>)>,
    done: u64,
}

/// Sends letters one by one, numbered from 0, collects each with `expected`, and returns what came
/// of each.
fn collecting(letters: &'static str, expected: &'static [&'static str]) -> Workflow {
    collecting_with(StepOptions::new().workers(1), letters, move |letter, ctx| async move {
        let n = letter.n();
        let set = letter.collect(&ctx, "default", expected).await?;
        ctx.update(|seen| seen.sets.push((n, set))).await?;
        Ok(())
    })
}

fn collecting_with<F, R>(options: StepOptions, letters: &'static str, body: F) -> Workflow
where
    F: Fn(Letter, Context<Seen>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<(), StepError>> + Send + 'static,
{
    let count = letters.len() as u64;
    Workflow::builder("Collecting")
        .state::<Seen>()
        .step("send", move |_: StartEvent, ctx: Context<Seen>| async move {
            for (n, letter) in (0..).zip(letters.chars()) {
                match letter {
                    'A' => ctx.send(A { n }).await?,
                    'B' => ctx.send(B { n }).await?,
                    _ => ctx.send(C { n }).await?,
                }
            }
            Ok::<_, StepError>(())
        })
        .step_with("collect", options, move |letter: Letter, ctx: Context<Seen>| {
            let body = body(letter, ctx.clone());
            async move {
                body.await?;
                let done = ctx.update(|seen| {
                    seen.done += 1;
                    seen.done
                });
                let done = done.await?;
                let sets = json!(ctx.state().sets);
                Ok::<_, StepError>((done == count).then(|| StopEvent::new(sets)))
            }
        })
        .additional_event::<A>()
        .additional_event::<B>()
        .additional_event::<C>()
        .skip(stepwell::workflow::GraphCheck::DeadEnd)
        .build()
        .unwrap()
}

fn ce_1_nothing_expected_is_complete_at_once() -> Scene {
    Scene::new(collecting("AB", &[])).results_in(json!([[0, []], [1, []]]))
}

fn ce_2_buffers_belong_to_a_step_and_have_names() -> Scene {
    let options = StepOptions::new().workers(1);
    let workflow = collecting_with(options, "AAAA", |letter, ctx| async move {
        let n = letter.n();
        let buffer = if n % 2 == 0 { "even" } else { "odd" };
        let set = letter.collect(&ctx, buffer, &["A", "A"]).await?;
        ctx.update(|seen| seen.sets.push((n, set))).await?;
        Ok(())
    });
    let none = Value::Null;
    Scene::new(workflow).results_in(json!([[0, none], [1, none], [2, [0, 2]], [3, [1, 3]]]))
}

fn ce_3_a_set_comes_in_the_order_expected() -> Scene {
    let workflow = collecting("CBAAABAB", &["A", "B", "A"]);
    Scene::new(workflow).results_in(json!([
        [0, null],
        [1, null],
        [2, null],
        [3, [2, 1, 3]],
        [4, null],
        [5, null],
        [6, [4, 5, 6]],
        [7, null],
    ]))
}

fn ce_4_what_is_left_over_stays_for_the_next_set() -> Scene {
    let workflow = collecting("AABB", &["A", "B"]);
    Scene::new(workflow).results_in(json!([[0, null], [1, null], [2, [0, 2]], [3, [1, 3]]]))
}

/// Three bodies at once, one set, and nothing is done again for it.
fn ce_7_a_body_runs_once_for_each_event() -> Scene {
    let workflow = collecting_with(StepOptions::new(), "AAA", |letter, ctx| async move {
        let set = letter.collect(&ctx, "default", &["A", "A", "A"]).await?;
        let sets = u64::from(set.is_some());
        ctx.update(|seen| seen.sets.push((sets, None))).await?;
        Ok(())
    });
    // In whatever order they come to it, one of them has the set.
    Scene::new(workflow).result_has(|result| {
        let mut sets: Vec<u64> =
            result.as_array().unwrap().iter().map(|set| set[0].as_u64().unwrap()).collect();
        sets.sort_unstable();
        sets == [0, 0, 1]
    })
}

fn tried() -> StepOptions {
    let policy = retry().wait(fixed(Duration::from_millis(1))).stop(attempts(3));
    StepOptions::new().workers(1).retry(policy)
}

fn ce_8_a_set_stays_for_the_next_attempt() -> Scene {
    let workflow = collecting_with(tried(), "AA", |letter, ctx| async move {
        let n = letter.n();
        let set = letter.collect(&ctx, "default", &["A", "A"]).await?;
        ctx.update(|seen| seen.sets.push((n, set))).await?;
        if n == 1 && ctx.attempt() < 3 { Err(StepError::new("not yet")) } else { Ok(()) }
    });
    let (none, set) = (Value::Null, [0, 1]);
    Scene::new(workflow).results_in(json!([[0, none], [1, set], [1, set], [1, set]]))
}

fn ce_9_an_event_counts_once_though_its_attempt_fails() -> Scene {
    let workflow = collecting_with(tried(), "AAA", |letter, ctx| async move {
        let n = letter.n();
        let set = letter.collect(&ctx, "default", &["A", "A", "A"]).await?;
        if n == 0 && ctx.attempt() == 1 {
            return Err(StepError::new("not yet"));
        }
        ctx.update(|seen| seen.sets.push((n, set))).await?;
        Ok(())
    });
    Scene::new(workflow).result_has(|result| {
        let sets: Vec<&Value> = result.as_array().unwrap().iter().map(|set| &set[1]).collect();
        let whole: Vec<&&Value> = sets.iter().filter(|set| !set.is_null()).collect();
        sets.len() == 3 && whole == [&&json!([0, 1, 2])]
    })
}
