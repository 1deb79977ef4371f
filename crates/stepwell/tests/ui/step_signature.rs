//! What a step is: an async function of an event.

use stepwell::{BlockingContext, Context, Event, Join, StartEvent, StepFailed, StopEvent, workflow};

#[derive(Event)]
struct Page {}

struct Flow;

#[workflow]
impl Flow {
    #[step]
    async fn no_event(&self, ctx: &Context) -> StopEvent {
        StopEvent::new(ctx.attempt())
    }

    #[step]
    fn not_async(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step(blocking)]
    async fn blocking_and_async(&self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn generic<E: Event>(&self, _: E) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn changes_itself(&mut self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn consumes_itself(self, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn borrows(&self, _: &StartEvent, _: &mut Context) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn some_event(&self, _: impl Event) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn something(&self, _: StartEvent) -> Option<impl Event> {
        Some(StopEvent::default())
    }

    #[step]
    async fn two_contexts(&self, _: StartEvent, _: &Context, _: &Context) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn wrong_context(&self, _: StartEvent, _: &BlockingContext) -> StopEvent {
        StopEvent::default()
    }

    #[step(blocking)]
    fn other_wrong_context(&self, _: StartEvent, _: &Context) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn list_and_event(&self, _: Join<Page>, _: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn failure(&self, _: StepFailed<Page>) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn too_many(_: Page, _: Page, _: Page, _: Page, _: Page, _: Page, _: Page) -> Page {
        Page {}
    }
}

fn main() {}
