//! Batches, attempts and handlers of processes that die again and again: the same end as without.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use stepwell::retry::{attempts, fixed, retry};
use stepwell::store::{FaultyStore, MemoryStore, Store};
use stepwell::{
    Context, Engine, Event, HumanResponseEvent, Join, StartEvent, StepError, StepFailed,
    StepOptions, StopEvent, Workflow,
};

use crate::deaths::{Survived, through_deaths};
use crate::kit::{Home, stream_text};
use crate::parts::{Done, Log, Part, parts};
use crate::paused::{self, life};

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

/// An engine on a store that fails more often the greater the seed.
async fn on_failing(inner: &Arc<dyn Store>, seed: u64, workflow: &Workflow, room: usize) -> Engine {
    let faulty = FaultyStore::new(Arc::clone(inner), seed, 100 + seed % 4 * 60);
    let faulty: Arc<dyn Store> = Arc::new(faulty);
    loop {
        let builder = paused::builder(&faulty).workflow("it", workflow.clone());
        if let Ok(engine) = builder.resident_bytes(room).open().await {
            return engine;
        }
    }
}

/// Starts a run, however often the store has to be asked.
async fn begin(engine: &Engine, inner: &Arc<dyn Store>, handler: &str) {
    while inner.handler(handler).await.unwrap().is_none() {
        let _ = engine.start(paused::start(handler)).await;
    }
}

/// Waits for the end of a run, and returns its stream.
async fn stream_of(engine: Engine, inner: &Arc<dyn Store>, handler: &str) -> String {
    let ended = async {
        while !inner.handler(handler).await.unwrap().unwrap().status.is_ended() {
            crate::paused::rest(Duration::from_millis(50)).await;
        }
    };
    let day = Duration::from_secs(24 * 60 * 60);
    let ended = tokio::time::timeout(day, ended).await;
    assert!(ended.is_ok(), "the run does not end; parked: {:?}", engine.parked());
    // What the other engine still does comes to nothing.
    let reader = Engine::builder().store(Arc::clone(inner)).open().await.unwrap();
    stream_text(&reader, handler).await
}

#[test]
fn a_run_survives_a_store_that_fails_again_and_again() {
    for seed in 0..40 {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let (workflow, log) = everything(seed % 3);
        let stream = life(async {
            let engine = on_failing(&inner, seed, &workflow, 0).await;
            begin(&engine, &inner, "h").await;
            stream_of(engine, &inner, "h").await
        });
        let end = stream.lines().last().and_then(|line| line.split_once(' '));
        let end = end.unwrap_or_default().1.to_owned();
        check(log, Survived { end, stream, deaths: Vec::new() });
    }
}

/// Counts, sleeps, fails once, waits for an answer, and counts again.
fn all_in_one(runs: usize, delay: Duration) -> Workflow {
    let options = StepOptions::new().retry(retry().wait(fixed(delay)).stop(attempts(3)));
    Workflow::builder("AllInOne")
        .state::<u32>()
        .concurrent_runs(runs)
        .additional_event::<HumanResponseEvent>()
        .step_with("step", options, |_: StartEvent, ctx: Context<u32>| async move {
            ctx.update(|count| *count += 1).await?;
            ctx.sleep(Duration::from_millis(500)).await?;
            if ctx.attempt() == 1 {
                return Err(StepError::new("no"));
            }
            ctx.wait::<HumanResponseEvent>().await?;
            crate::paused::rest(Duration::from_millis(300)).await;
            let count = ctx.update(|count| {
                *count += 10;
                *count
            });
            Ok(StopEvent::new(count.await?))
        })
        .build()
        .unwrap()
}

#[test]
fn runs_that_share_places_survive_a_store_that_fails_again_and_again() {
    for seed in 0..40 {
        let inner: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let places = if seed % 2 == 0 { 1 } else { 2 };
        let delay = Duration::from_millis(700) * u32::try_from(seed % 4).unwrap();
        let workflow = all_in_one(places, delay);
        life(async {
            let room = usize::try_from(seed % 3).unwrap() * 9_000;
            let engine = on_failing(&inner, seed, &workflow, room).await;
            let handlers = ["a", "b", "c", "d", "e"];
            for handler in handlers {
                begin(&engine, &inner, handler).await;
                let answer = || paused::event::<HumanResponseEvent>();
                while engine.send(handler, answer(), None).await.is_err() {}
            }
            for handler in handlers {
                let stream = stream_of(engine.clone(), &inner, handler).await;
                assert!(stream.ends_with("{\"result\":12}\n"), "seed {seed}: {stream}");
            }
        });
    }
}
