//! What the macros stand on.

use stepwell::{IntoWorkflow, StartEvent, StepFailed, StopEvent, catch, step, workflow};

#[workflow]
struct OnAStruct;

struct NoSteps;

#[workflow]
impl NoSteps {
    async fn not_marked(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

#[workflow]
impl Default for NoSteps {
    fn default() -> Self {
        Self
    }
}

struct NotMarked;

impl NotMarked {
    #[step]
    async fn begin(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[catch]
    async fn rescue(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }
}

#[step]
struct Step;

#[catch]
async fn free_handler(_: StepFailed) -> StopEvent {
    StopEvent::default()
}

struct NoWorkflow;

fn main() {
    fn run(_: impl IntoWorkflow) {}
    run(NoWorkflow);
}
