//! What one step returns another one takes.

use stepwell::{Event, Join, StartEvent, StopEvent, step, workflow};

#[derive(Event)]
struct Page {}

#[derive(Event)]
struct Text {}

struct NeverTaken;

#[workflow]
impl NeverTaken {
    #[step]
    async fn begin(&self, _: StartEvent) -> Result<StopEvent, stepwell::StepError> {
        Ok(StopEvent::default())
    }

    #[step]
    async fn polish(&self, _: StartEvent) -> Option<Page> {
        None
    }
}

struct NeverReturned;

#[workflow]
impl NeverReturned {
    #[step]
    async fn begin(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(name = "the other")]
    async fn other(&self, _: Page) {}
}

struct OfAFunction;

#[workflow(steps = [function])]
impl OfAFunction {
    #[step]
    async fn begin(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

#[step]
async fn function(_: Page) {}

struct JoinWithoutList;

#[workflow]
impl JoinWithoutList {
    #[step]
    async fn begin(&self, _: StartEvent) -> Page {
        Page {}
    }

    #[step]
    async fn join(&self, _: Join<Page>) -> StopEvent {
        StopEvent::default()
    }
}

struct NeverTogether;

#[workflow]
impl NeverTogether {
    #[step]
    async fn list(&self, _: StartEvent) -> Vec<Page> {
        Vec::new()
    }

    #[step]
    async fn single(&self, _: StartEvent) -> Text {
        Text {}
    }

    #[step]
    async fn both(&self, _: Page, _: Text) -> StopEvent {
        StopEvent::default()
    }
}

struct Skipped;

#[workflow(skip(reachability))]
impl Skipped {
    #[step]
    async fn begin(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[cfg(any())]
    #[step]
    async fn not_compiled(&self, _: Nothing) {}

    // Steps that are not compiled do not count: the place is that of this one.
    #[step]
    async fn after_it(&self, _: Page) {}
}

fn main() {}
