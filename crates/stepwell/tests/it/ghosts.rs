//! Updates of attempts that run out of time: in the journal and in memory, or in neither.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stepwell::retry::{attempts, fixed, retry};
use stepwell::{
    Context, Event, StartEvent, StepError, StepFailed, StepOptions, StopEvent, Workflow,
};
use tokio::runtime::Runtime;

use crate::kit::{self, Home, soon, stream_text};
use crate::paused::start;

#[derive(Event)]
struct Unused {}

/// Four tasks of each attempt change the state as fast as they can until the attempt is over.
fn racing(acknowledged: &Arc<AtomicU64>) -> Workflow {
    let policy = retry().wait(fixed(Duration::ZERO)).stop(attempts(20));
    let options = StepOptions::new().timeout(Duration::from_millis(2)).retry(policy);
    let acknowledged = Arc::clone(acknowledged);
    Workflow::builder("Racing")
        .state::<u64>()
        .step_with("race", options, move |_: StartEvent, ctx: Context<u64>| {
            for task in 0..4 {
                let (ctx, acknowledged) =
                    (ctx.branch(&task.to_string()), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    while ctx.update(|count| *count += 1).await.is_ok() {
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            async {
                std::future::pending::<()>().await;
                Ok::<_, StepError>(Unused {})
            }
        })
        .catch("late", ["race"], 1, |_: StepFailed<StartEvent>, ctx: Context<u64>| async move {
            let count = ctx.update(|count| *count).await?;
            Ok::<_, StepError>(StopEvent::new(count))
        })
        .step("never", |_: Unused, _: Context<u64>| async { StopEvent::default() })
        .build()
        .unwrap()
}

#[test]
fn a_timeout_leaves_no_update_that_the_journal_lacks() {
    Runtime::new().unwrap().block_on(async {
        for _ in 0..5 {
            let acknowledged = Arc::default();
            let home = Home::memory();
            let engine = kit::open(&home.store(), &racing(&acknowledged)).await;
            engine.start(start("h")).await.unwrap();
            let text = soon(stream_text(&engine, "h")).await;
            let row = home.store().handler("h").await.unwrap().unwrap();
            let journal = home.store().journal(row.key, 0, usize::MAX).await.unwrap();
            let made: usize = journal
                .iter()
                .map(|turn| String::from_utf8_lossy(turn).matches("\"patch\":[{").count())
                .sum();
            assert!(made > 20, "{made}");
            assert!(
                text.ends_with(&format!("StopEvent {{\"result\":{made}}}\n")),
                "{made}: {text}"
            );
            let acknowledged = acknowledged.load(Ordering::Relaxed) as usize;
            assert!(acknowledged <= made, "{acknowledged} of {made}");
        }
    });
}
