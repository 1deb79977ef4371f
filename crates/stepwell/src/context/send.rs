//! Sending events to steps.

use stepwell_core::{CallKind, Family, Name, Sent, Tick};

use super::{Context, ContextError};
use crate::Event;
use crate::engine::mailbox::Input;
use crate::workflow::State;

const STOP: &str = "a stop event that is sent ends nothing; return it";

impl<S: State> Context<S> {
    /// Sends an event to every step that accepts it.
    ///
    /// Returns when the event is queued; it becomes durable with the step's result at latest. It
    /// stays sent if the step fails afterwards.
    ///
    /// A stop event does not compile here: only one that is returned ends the run.
    ///
    /// ```compile_fail
    /// # use stepwell::{Context, ContextError, StopEvent};
    /// # use std::pin::Pin;
    /// # type Called<'a> = Pin<Box<dyn Future<Output = Result<(), ContextError>> + 'a>>;
    /// fn step(ctx: &Context) -> Called<'_> {
    ///     Box::pin(async move { ctx.send(StopEvent::default()).await })
    /// }
    /// # fn main() { let _: fn(&Context) -> Called<'_> = step; }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ContextError`].
    // No async function, so that the compiler names the caller's line if it is a stop event.
    pub fn send<E: Event>(
        &self,
        event: E,
    ) -> impl Future<Output = Result<(), ContextError>> + Send {
        const { assert!(!matches!(E::FAMILY, Family::Stop), "{}", STOP) };
        self.send_event(event, None)
    }

    /// Sends an event to one step.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::NotAccepted`] if there is no such step or it does not accept single
    /// events of this type, and else as [`ContextError`] says.
    pub fn send_to<E: Event>(
        &self,
        step: &str,
        event: E,
    ) -> impl Future<Output = Result<(), ContextError>> + Send {
        const { assert!(!matches!(E::FAMILY, Family::Stop), "{}", STOP) };
        let takes = self.raw.inner.workflow.takes(step, E::NAME);
        let step = step.to_owned();
        async move {
            if !takes {
                return Err(ContextError::NotAccepted { step, event: E::NAME });
            }
            self.send_event(event, Some(step.into())).await
        }
    }

    async fn send_event<E: Event>(
        &self,
        event: E,
        target: Option<Name>,
    ) -> Result<(), ContextError> {
        let inner = &*self.raw.inner;
        let event = inner.raw(&event)?;
        let (name, to) = (event.name.clone(), target.clone());
        let sends = |call| Some(Input::new(Tick::Sent(Sent { call, event, target })));
        let branch = &self.branch;
        inner.make(branch, CallKind::Send, name, to.as_ref(), sends).await?.room().await
    }
}
