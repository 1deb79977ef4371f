//! All steps of a workflow share one state.

use stepwell::{Context, StartEvent, StopEvent, step, workflow};

struct TwoStates;

#[workflow]
impl TwoStates {
    #[step]
    async fn begin(_: StartEvent, ctx: &Context<u64>) -> StopEvent {
        StopEvent::new(*ctx.state())
    }

    #[step]
    async fn other(_: StartEvent, ctx: &Context<String>) -> StopEvent {
        StopEvent::new(ctx.state().as_str())
    }

    #[step]
    async fn none(_: StartEvent, ctx: &Context) -> StopEvent {
        StopEvent::new(ctx.attempt())
    }
}

struct AnotherState;

#[workflow(state = u64)]
impl AnotherState {
    #[step]
    async fn begin(_: StartEvent, ctx: Context<Vec<u64>>) -> StopEvent {
        StopEvent::new(ctx.state().len())
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct NoDefault(u64);

struct WithoutDefault;

#[workflow]
impl WithoutDefault {
    #[step]
    async fn begin(_: StartEvent, ctx: &Context<NoDefault>) -> StopEvent {
        StopEvent::new(ctx.attempt())
    }
}

struct OfAFunction;

#[workflow(steps = [count])]
impl OfAFunction {
    #[step]
    async fn begin(_: StartEvent, ctx: &Context<u64>) -> StopEvent {
        StopEvent::new(*ctx.state())
    }
}

#[step]
async fn count(_: StartEvent, ctx: &Context<Vec<u64>>) -> StopEvent {
    StopEvent::new(ctx.state().len())
}

fn main() {}
