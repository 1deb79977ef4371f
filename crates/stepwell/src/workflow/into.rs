//! From types to workflows: what `#[workflow]` and `#[step]` implement.
//!
//! # What is deliberately not here
//!
//! - **No way to describe a workflow.** [`Builder`] is the only one; the macros call it.

#[cfg(test)]
mod tests;

use super::constant::StepShape;
use super::{BuildError, Builder, State, Workflow};
use crate::{Event, Run, RunError};

/// A type whose methods are the steps of a workflow.
///
/// Implemented by `#[workflow]`. Its value holds what the steps of all runs share, and what is
/// known only when the program runs, such as settings and clients.
///
/// # Examples
///
/// ```
/// use stepwell::{IntoWorkflow, Res, StartEvent, StopEvent, workflow};
///
/// struct Greeting {
///     word: String,
/// }
///
/// #[workflow]
/// impl Greeting {
///     #[step]
///     async fn greet(&self, start: StartEvent, mark: Res<char>) -> StopEvent {
///         let name: String = start.get("name").unwrap_or_default();
///         StopEvent::new(format!("{}, {name}{}", self.word, *mark))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The builder takes what is not a matter of types, such as resources.
/// let greeting = Greeting { word: "Hello".to_owned() }.into_builder().resource('!').build()?;
///
/// let run = greeting.run(StartEvent::new().with("name", "Ada")).await?;
/// let stop: StopEvent = run.result().await?;
/// assert_eq!(stop.result, "Hello, Ada!");
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workflow",
    note = "add `#[workflow]` to the `impl` block of `{Self}` that has its steps"
)]
pub trait IntoWorkflow: Sized + Send + Sync + 'static {
    /// The state of its runs.
    type State: State;

    /// Describes the workflow.
    fn into_builder(self) -> Builder<Self::State>;

    /// Describes the workflow and checks its graph.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with the graph and could not be found when the program was
    /// compiled, such as a resource that nobody provides.
    fn into_workflow(self) -> Result<Workflow, BuildError> {
        self.into_builder().build()
    }

    /// Starts a run in this process, in memory. See [`Workflow::run`].
    ///
    /// # Errors
    ///
    /// Returns [`RunError::Build`] where [`IntoWorkflow::into_workflow`] fails, and otherwise what
    /// [`Workflow::run`] does.
    fn run<E: Event>(self, start: E) -> impl Future<Output = Result<Run, RunError>> + Send {
        let workflow = self.into_workflow();
        async move { workflow?.run(start).await }
    }
}

/// A function that is a step of workflows whose state is `S`.
///
/// `#[step]` implements it for a type that has the name of the function, so that
/// `#[workflow(steps = [function])]` finds it.
///
/// # Examples
///
/// ```
/// use stepwell::{Context, StartEvent, StopEvent, Workflow, step};
/// use stepwell::workflow::StepFunction;
///
/// #[step(workers = 2)]
/// async fn greet(_: StartEvent, ctx: &Context) -> StopEvent {
///     StopEvent::new(ctx.attempt())
/// }
///
/// // For people who call the builder themselves.
/// let workflow = greet::add_to(Workflow::builder("Greeting")).build()?;
/// assert_eq!(workflow.steps()[0].name(), "greet");
/// # Ok::<_, stepwell::workflow::BuildError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a step of workflows whose state is `{S}`",
    note = "mark the function with `#[step]`; if it takes a `Context`, let that be of the same \
            state"
)]
pub trait StepFunction<S: State> {
    /// The name of the step.
    const NAME: &'static str;

    /// What it takes and returns.
    #[doc(hidden)]
    const SHAPE: StepShape;

    /// Whether its types are what they should be, so that the shape means something.
    #[doc(hidden)]
    const IS_KNOWN: bool;

    /// Adds the step to a workflow.
    #[must_use]
    fn add_to(builder: Builder<S>) -> Builder<S>;
}
