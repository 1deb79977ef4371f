//! Values of options that are of another type than they should be.

use stepwell::{StartEvent, StepFailed, StopEvent, workflow};

struct Flow {
    limit: u64,
    workers: u32,
}

#[workflow(timeout = 60 + 1)]
impl Flow {
    #[step(retry = 2 + 1)]
    async fn retry(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(workers = -1)]
    async fn workers(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(heartbeat = self.limit, workers = self.workers)]
    async fn of_the_value(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[catch(max_recoveries = self.workers)]
    async fn recoveries(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }
}

#[stepwell::step(workers = self.workers)]
async fn function(_: StartEvent) -> StopEvent {
    StopEvent::default()
}

fn main() {}
