//! Sleeping: as durable as everything else, and at the cost of a row.

use std::time::Duration;

use stepwell_core::{CallKind, Name, Tick, Timestamp};

use super::{Context, ContextError};
use crate::engine::mailbox::Input;
use crate::workflow::State;

impl<S: State> Context<S> {
    /// Sleeps. The step holds no worker meanwhile, the run need not stay in memory, and a crash
    /// does not lengthen it. A timer of the runtime has none of that.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::Ended`], [`ContextError::Concurrent`] and [`ContextError::Atomic`].
    pub async fn sleep(&self, delay: Duration) -> Result<(), ContextError> {
        let inner = &*self.raw.inner;
        self.may_wait()?;
        let begins = |call| Some(Input::new(Tick::SleepBegun { call, delay }));
        let name = Name::empty();
        let made = inner.make(&self.branch, CallKind::Sleep, name, None, begins).await?;
        made.answer().await?;
        Ok(())
    }

    /// Sleeps until a moment. See [`Context::sleep`].
    ///
    /// # Errors
    ///
    /// As [`Context::sleep`].
    pub async fn sleep_until(&self, moment: Timestamp) -> Result<(), ContextError> {
        self.sleep(moment.since(self.raw.inner.clock.now())).await
    }
}
