//! Concurrent code inside a body.

use super::Context;
use crate::workflow::State;

impl<S: State> Context<S> {
    /// Returns a context for code of this body that runs beside other code of it.
    ///
    /// Calls are recognised, when a body runs again, by their order; where two pieces of code run
    /// at the same time there is no order, so each has a name instead. The name must be the same
    /// when the body runs again, and no two pieces that run at the same time may share one.
    ///
    /// Branches that are polled together, with `join!`, `select!`, `FuturesUnordered` and the like,
    /// get their answers in the same order whenever the body runs again. `select!` looks at its
    /// branches in a random order unless it is told `biased;`: say so where one of them may be ready
    /// without waiting for an answer. What tasks do at the same time, they do in no order at all: a
    /// task makes its calls through a branch of its own, and others do better to publish.
    ///
    /// # Examples
    ///
    /// ```
    /// # use stepwell::{Context, StepError};
    /// # use std::time::Duration;
    /// async fn both(ctx: &Context) -> Result<(), StepError> {
    ///     let (left, right) = (ctx.branch("left"), ctx.branch("right"));
    ///     tokio::try_join!(
    ///         left.sleep(Duration::from_secs(60)),
    ///         right.sleep(Duration::from_secs(90)),
    ///     )?;
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn branch(&self, name: &str) -> Self {
        // So that a name is never taken for two, nor for none.
        let name = name.replace('~', "~0").replace('/', "~1");
        let branch = if self.branch.is_empty() && !name.is_empty() {
            name.into()
        } else {
            format!("{}/{name}", self.branch).into()
        };
        Self { branch, ..self.clone() }
    }
}
