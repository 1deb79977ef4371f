//! A handler's `StepFailed` holds what the steps take that it is for.

use stepwell::{Accept, Event, StartEvent, StepFailed, StopEvent, step, workflow};

#[derive(Event)]
struct Page {}

#[derive(Accept)]
enum PageOrStart {
    Page(Page),
    Start(StartEvent),
}

struct Right;

#[workflow]
impl Right {
    #[step]
    async fn fetch(_: StartEvent) -> Page {
        Page {}
    }

    #[step]
    async fn parse(_: Page) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [fetch, parse])]
    async fn right(_: StepFailed<PageOrStart>) {}
}

struct Wrong;

#[workflow]
impl Wrong {
    #[step]
    async fn fetch(_: StartEvent) -> Page {
        Page {}
    }

    #[step]
    async fn parse(_: Page) -> StopEvent {
        StopEvent::default()
    }

    #[catch(for = [fetch])]
    async fn of_another_step(_: StepFailed<Page>) {}
}

struct WrongForTheRest;

#[workflow(steps = [parse])]
impl WrongForTheRest {
    #[step]
    async fn fetch(_: StartEvent) -> Page {
        Page {}
    }

    #[catch]
    async fn of_another_step(_: StepFailed<StartEvent>) {}
}

#[step]
async fn parse(_: Page) -> StopEvent {
    StopEvent::default()
}

fn main() {}
