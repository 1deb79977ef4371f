//! Options of `#[step]`.

use stepwell::{Join, StartEvent, StopEvent, workflow};

struct Flow;

#[workflow]
impl Flow {
    #[step(wokers = 2, retries = 3)]
    async fn unknown(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(workers = 0, workers = 2)]
    async fn workers(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(workers = "two", name = 3, retry)]
    async fn values(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(state = "shared", skip(loops), skip)]
    async fn words(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(atomic, retry = 3)]
    async fn shorthand(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(take = 2)]
    async fn take(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(take = 0)]
    async fn take_none(_: Join<StartEvent>) -> StopEvent {
        StopEvent::default()
    }

    #[step = "first"]
    async fn no_parentheses(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    #[step]
    async fn twice(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(name = "first")]
    async fn one(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(name = "first")]
    async fn two(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

fn main() {}
