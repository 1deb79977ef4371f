//! Two engines on one store: a run never has two histories.

use std::sync::Arc;

use stepwell::{Context, StartEvent, StopEvent, Workflow};
use tokio::sync::Barrier;

use crate::kit::{Home, stream_text};
use crate::paused::{life, open, start};

/// Ends with `name` once as many runs as the barrier is for have come so far.
fn ending_with(name: &'static str, barrier: &Arc<Barrier>) -> Workflow {
    let barrier = Arc::clone(barrier);
    Workflow::builder("Ending")
        .step("end", move |_: StartEvent, _: Context| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                StopEvent::new(name)
            }
        })
        .build()
        .unwrap()
}

#[test]
fn of_two_engines_that_drive_one_run_only_one_is_told_that_it_ended_it() {
    let home = Home::memory();
    let both = Arc::new(Barrier::new(2));
    life(async {
        let engine = open(&home.store(), &ending_with("neither", &both)).await;
        engine.start(start("h")).await.unwrap();
    });
    life(async {
        // Both take the run up, and neither ends it before the other one has it too.
        let both = Arc::new(Barrier::new(2));
        let a = open(&home.store(), &ending_with("a", &both)).await;
        let b = open(&home.store(), &ending_with("b", &both)).await;
        let (of_a, of_b) = tokio::join!(stream_text(&a, "h"), stream_text(&b, "h"));
        assert_eq!(of_a, of_b);
        let late = open(&home.store(), &ending_with("neither", &both)).await;
        assert_eq!(of_a, stream_text(&late, "h").await);
    });
}
