//! Every step can be reached, and leads to an end.

use stepwell::{Emit, Event, StartEvent, StopEvent, workflow};

#[derive(Event)]
struct Page {}

#[derive(Event)]
struct Text {}

struct DeadEnd;

#[workflow]
impl DeadEnd {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn list(_: StartEvent) -> Page {
        Page {}
    }

    #[step]
    async fn read(_: Page) -> Text {
        Text {}
    }

    #[step]
    async fn read_again(_: Text) -> Page {
        Page {}
    }
}

#[derive(Emit)]
enum Next {
    Text(Text),
    Stop(StopEvent),
}

struct Island;

#[workflow]
impl Island {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn read(_: Page) -> Next {
        Next::Stop(StopEvent::default())
    }

    #[step]
    async fn read_again(_: Text) -> Page {
        Page {}
    }
}

struct SkippedEverywhere;

#[workflow(skip(dead_end, reachability))]
impl SkippedEverywhere {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn read(_: Page) -> Text {
        Text {}
    }

    #[step]
    async fn read_again(_: Text) -> Page {
        Page {}
    }
}

fn main() {}
