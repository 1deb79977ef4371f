//! What a step takes and returns are events.

use stepwell::{
    BlockingContext, Context, Event, Join, Res, StartEvent, StepFailed, StopEvent, step, workflow,
};

struct NoEvent {}

#[derive(Event)]
struct Page {}

struct Takes;

#[workflow(events = [NoEvent])]
impl Takes {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn parameter(&self, _: NoEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn join(&self, _: Join<NoEvent>) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn one_of_two(&self, _: Page, _: NoEvent, ctx: &Context) -> StopEvent {
        StopEvent::default()
    }

    #[step(blocking)]
    fn blocking(&self, _: NoEvent, _: &BlockingContext) -> StopEvent {
        StopEvent::default()
    }

    #[catch]
    async fn handler(&self, _: StepFailed<NoEvent>) -> StopEvent {
        StopEvent::default()
    }
}

struct Returns;

#[workflow]
impl Returns {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    async fn returned(&self, _: StartEvent) -> NoEvent {
        NoEvent {}
    }

    #[step]
    async fn text(&self, _: StartEvent) -> Result<StopEvent, String> {
        Err("a text is no error".to_owned())
    }

    #[step]
    async fn with_resource(&self, _: StartEvent, _: Res<u8>) -> Option<NoEvent> {
        None
    }

    #[step(blocking)]
    fn blocking(&self, _: StartEvent) -> Vec<NoEvent> {
        Vec::new()
    }
}

#[step]
async fn function(_: NoEvent) -> u64 {
    3
}

struct OfFunctions;

#[workflow(steps = [function])]
impl OfFunctions {
    #[step]
    async fn begin(_: StartEvent) -> StopEvent {
        StopEvent::default()
    }
}

fn main() {}
