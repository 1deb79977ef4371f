//! Handlers: which steps they are for.

use stepwell::{Event, StartEvent, StepFailed, StopEvent, workflow};

#[derive(Event)]
struct Page {}

struct Flow;

#[workflow(steps = [note])]
impl Flow {
    #[step]
    async fn fetch(_: StartEvent) -> Page {
        Page {}
    }

    #[step]
    async fn parse(_: Page) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [fech, print])]
    async fn unknown(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [parse, fetch, parse])]
    async fn first(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [fetch])]
    async fn second(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [first])]
    async fn of_a_handler(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch]
    async fn rest(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = all)]
    async fn other_rest(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [])]
    async fn of_nothing(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = fetch)]
    async fn no_list(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(max_recoveries = 0, fro = [fetch])]
    async fn options(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [note])]
    async fn takes_an_event(_: Page) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [note])]
    fn not_async(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }

    #[step]
    #[catch]
    async fn both(_: StepFailed) -> StopEvent {
        StopEvent::default()
    }
}

#[stepwell::step]
async fn note(_: StartEvent) {}

fn main() {}
