//! Options of `#[workflow]`.

use stepwell::{StartEvent, StopEvent, workflow};

struct Unknown;

#[workflow(tiemout = "60s", colour = "red", Verbose)]
impl Unknown {
    #[step]
    async fn only(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

struct Durations;

#[workflow(timeout = "60", deadline = "7 days")]
impl Durations {
    #[step(timeout = 10, heartbeat = "1.5s")]
    async fn only(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(timeout = "0s", heartbeat = "999999999999999d")]
    async fn other(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

struct Values;

#[workflow(
    name = "",
    version = 2,
    on_stall = "panic",
    concurrent_runs = 0,
    verbose = true,
    events = StartEvent,
    skip(cycles),
    module = "a",
    module = "b"
)]
impl Values {
    #[step]
    async fn only(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

struct Incomplete;

#[workflow(timeout, name "flow", state = , steps = [1])]
impl Incomplete {
    #[step]
    async fn only(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

fn main() {
    // The workflows are there all the same: one mistake gives one message.
    use stepwell::IntoWorkflow;
    let _ = (Unknown.into_workflow(), Durations.into_workflow(), Values.into_workflow());
}
