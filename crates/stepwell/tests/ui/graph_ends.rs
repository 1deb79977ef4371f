//! A run begins with one type of event and ends with one.

use stepwell::{Event, StartEvent, StopEvent, workflow};

#[derive(Event)]
struct Page {}

#[derive(Event)]
#[event(start)]
struct OtherStart {}

#[derive(Event)]
#[event(stop)]
struct OtherStop {}

struct NoStart;

#[workflow]
impl NoStart {
    #[step]
    async fn only(_: Page) -> StopEvent {
        StopEvent::default()
    }
}

struct TwoStarts;

#[workflow]
impl TwoStarts {
    #[step]
    async fn one(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn other(_: OtherStart) -> StopEvent {
        StopEvent::default()
    }
}

struct NoStop;

#[workflow]
impl NoStop {
    #[step]
    async fn only(_: StartEvent) {}
}

struct TwoStops;

#[workflow]
impl TwoStops {
    #[step]
    async fn one(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn other(_: StartEvent) -> OtherStop {
        OtherStop {}
    }
}

struct AfterTheEnd;

#[workflow]
impl AfterTheEnd {
    #[step]
    async fn only(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn after(_: StopEvent) {}
}

fn main() {}
