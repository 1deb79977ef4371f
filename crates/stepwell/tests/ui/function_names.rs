//! Functions that are named as steps.

use stepwell::{StartEvent, StopEvent, workflow};

struct Flow;

#[workflow(steps = [not_marked, missing])]
impl Flow {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

async fn not_marked(_: StartEvent) {}

fn main() {}
