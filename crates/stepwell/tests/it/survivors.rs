//! Batches, attempts and handlers of processes that die again and again: the same end as without.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::{
    Context, Event, Join, StartEvent, StepError, StepFailed, StepOptions, StopEvent, Workflow,
};

use crate::deaths::{Survived, through_deaths};
use crate::kit::Home;
use crate::parts::{Done, Log, Part, parts};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    worked: u32,
    mended: u32,
    merged: u32,
}

#[derive(Event)]
struct Working {
    part: u32,
    attempt: u32,
}

fn tried(most: u32, seconds: u64) -> StepOptions {
    let policy = retry().wait(fixed(Duration::from_secs(seconds))).stop(attempts(most));
    StepOptions::new().workers(2).retry(policy)
}

/// Four parts on two workers: one works at once the second time, one never does and is mended;
/// the join works the second time. All of them count what they do in the state.
fn everything(delay: u64) -> (Workflow, Log) {
    let log = Log::default();
    let told = [log.clone(), log.clone(), log.clone()];
    let [worked, mended, merged] = told;
    let workflow = Workflow::builder("Everything")
        .state::<Counts>()
        .step("split", |_: StartEvent, _: Context<Counts>| async { parts(4) })
        .step_with("work", tried(2, delay), move |part: Part, ctx: Context<Counts>| {
            worked.add(format!("{}/{}", part.n, ctx.attempt()));
            async move {
                ctx.stream(Working { part: part.n, attempt: ctx.attempt() }).await?;
                ctx.update(|counts| counts.worked += 1).await?;
                match (part.n, ctx.attempt()) {
                    (1, 1) => Err(StepError::new("flaky")),
                    (2, _) => Err(StepError::new("always")),
                    (n, _) => Ok(Done { n }),
                }
            }
        })
        .catch("mend", ["work"], 1, move |failed: StepFailed<Part>, ctx: Context<Counts>| {
            mended.add(format!("mend {}", failed.attempts));
            async move {
                ctx.update(|counts| counts.mended += 1).await?;
                Ok::<_, StepError>(Done { n: 100 + failed.input.n })
            }
        })
        .step_with("merge", tried(2, delay), move |done: Join<Done>, ctx: Context<Counts>| {
            merged.add(format!("merge/{}", ctx.attempt()));
            async move {
                let counts = ctx.update(|counts| {
                    counts.merged += 1;
                    counts.clone()
                });
                let counts = counts.await?;
                if ctx.attempt() == 1 {
                    return Err(StepError::new("again"));
                }
                let done: Vec<u32> = done.by_emission().iter().map(|done| done.n).collect();
                let Counts { worked, mended, merged } = counts;
                Ok(StopEvent::new(json!({ "done": done, "counts": [worked, mended, merged] })))
            }
        })
        .build()
        .unwrap();
    (workflow, log)
}

fn check(log: Log, survived: Survived) {
    let Survived { end, stream, deaths } = survived;
    let wrong = |what: &str| format!("{what} after {deaths:?}: {}\n{stream}", log.text());
    let expected = r#"StopEvent {"result":{"counts":[6,1,2],"done":[0,1,102,3]}}"#;
    assert_eq!(end, expected, "{}", wrong("another end"));
    // Bodies may run more often than there are attempts, but no attempt is invented or left out.
    let mut seen: Vec<&str> = log.text().leak().split(' ').collect();
    seen.sort_unstable();
    seen.dedup();
    let known = ["0/1", "1/1", "1/2", "2", "2/1", "2/2", "3/1", "mend", "merge/1", "merge/2"];
    assert_eq!(seen, known, "{}", wrong("other attempts"));
    for (part, attempt) in [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1)] {
        let item = format!(r#"Working {{"part":{part},"attempt":{attempt}}}"#);
        let published = stream.lines().filter(|line| line.ends_with(&item)).count();
        assert_eq!(published, 1, "{}", wrong(&item));
    }
    let numbered = stream.lines().enumerate().all(|(at, line)| line.starts_with(&format!("{at} ")));
    assert!(numbered && !stream.contains("restarted"), "{}", wrong("another stream"));
    let phases = |what: &str| stream.lines().filter(|line| line.contains(what)).count();
    let told = [phases("work running"), phases("work failed"), phases("mend running")];
    assert_eq!(told, [6, 3, 1], "{}", wrong("other phases"));
}

#[test]
fn a_run_in_memory_survives_deaths_after_any_turn() {
    through_deaths(Home::memory, || everything(5), check);
}

#[test]
fn a_run_on_sqlite_survives_deaths_after_any_turn() {
    through_deaths(Home::sqlite, || everything(0), check);
}
