//! The workflows that the conformance suite talks to, written as a user would write them.
//!
//! Their names, classes, fields and steps are a contract: the suite in `conformance/llama` knows
//! them, and the same workflows exist for other servers that speak the protocol. So a change here
//! needs the same change there.
//!
//! # What is deliberately not here
//!
//! - **No tests of the protocol.** Those are the suite's; tests in Rust host the same workflows
//!   through [`register`].

mod fixtures;

use stepwell::engine::EngineBuilder;
use stepwell::{BuildError, IntoWorkflow};

use fixtures::{
    BurstWorkflow, ClassicHumanWorkflow, CounterWorkflow, EchoWorkflow, FailWorkflow,
    FanoutWorkflow, GreetWorkflow, HelloWorkflow, HumanWorkflow, QuietWorkflow, RetryWorkflow,
    SlowWorkflow, StepsTargetWorkflow, TimeoutWorkflow, TwoHumanWorkflow, WaitWorkflow,
};

/// Registers all workflows, under the names and in the order that the suite expects.
///
/// # Errors
///
/// Returns a [`BuildError`] if one of them is wrong.
///
/// # Examples
///
/// ```
/// use conformance_server::register;
/// use stepwell::Engine;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = register(Engine::builder())?.open().await?;
/// assert_eq!(engine.workflows().len(), 17);
/// # Ok(())
/// # }
/// ```
pub fn register(builder: EngineBuilder) -> Result<EngineBuilder, BuildError> {
    Ok(builder
        .workflow("greet", GreetWorkflow.into_workflow()?)
        .workflow("hello", HelloWorkflow.into_workflow()?)
        .workflow("human", HumanWorkflow.into_workflow()?)
        .workflow("classic-human", ClassicHumanWorkflow.into_workflow()?)
        .workflow("fail", FailWorkflow.into_workflow()?)
        .workflow("timeout", TimeoutWorkflow.into_workflow()?)
        .workflow("slow", SlowWorkflow.into_workflow()?)
        .workflow("counter", CounterWorkflow.into_workflow()?)
        .workflow("fanout", FanoutWorkflow.into_workflow()?)
        .workflow("retry", RetryWorkflow.into_workflow()?)
        .workflow("wait", WaitWorkflow.into_workflow()?)
        .workflow("burst", BurstWorkflow.into_workflow()?)
        .workflow("echo", EchoWorkflow.into_workflow()?)
        .workflow("two-human", TwoHumanWorkflow.into_workflow()?)
        .workflow("steps-target", StepsTargetWorkflow.into_workflow()?)
        .workflow("quiet", QuietWorkflow.into_workflow()?)
        .workflow("grüße-世界", HelloWorkflow.into_workflow()?))
}
