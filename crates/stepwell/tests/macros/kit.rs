//! What the tests share: a run from its start to its end.

use std::time::Duration;

use stepwell::{Event, IntoWorkflow, Run, RunError, StopEvent};

/// The longest that a run in these tests may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a workflow and returns its result as JSON, or how else it ended.
pub(crate) async fn result_of<E: Event>(flow: impl IntoWorkflow, start: E) -> String {
    end_of(flow.run(start).await).await
}

/// Waits for the end of a run.
pub(crate) async fn end_of(run: Result<Run, RunError>) -> String {
    let ended = async { run?.result::<StopEvent>().await };
    match tokio::time::timeout(PATIENCE, ended).await {
        Ok(Ok(stop)) => stop.result.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => panic!("the run does not end"),
    }
}
