//! What cannot be in a list.

use stepwell::{Event, FanOut, Join, StartEvent, StopEvent, workflow};

#[derive(Event)]
struct Page {}

struct ListOfLists;

#[workflow]
impl ListOfLists {
    #[step]
    async fn split(_: StartEvent) -> Vec<Option<FanOut<Page>>> {
        Vec::new()
    }

    #[step]
    async fn join(_: Join<Page>) -> StopEvent {
        StopEvent::default()
    }
}

struct StopInList;

#[workflow]
impl StopInList {
    #[step]
    async fn split(_: StartEvent) -> FanOut<StopEvent> {
        FanOut::new()
    }
}

fn main() {}
