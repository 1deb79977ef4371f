//! Sending events to steps.

use stepwell_core::{CallKind, Family, Name, Sent, Tick};

use super::{Context, ContextError};
use crate::Event;
use crate::engine::mailbox::Input;
use crate::workflow::State;

impl<S: State> Context<S> {
    /// Sends an event to every step that accepts it.
    ///
    /// Returns when the event is queued; it becomes durable with the step's result at latest. It
    /// stays sent if the step fails afterwards.
    ///
    /// A stop event does not compile here: only one that is returned ends the run.
    ///
    /// # Errors
    ///
    /// See [`ContextError`].
    pub async fn send<E: Event>(&self, event: E) -> Result<(), ContextError> {
        self.send_event(event, None).await
    }

    /// Sends an event to one step.
    ///
    /// # Errors
    ///
    /// Returns [`ContextError::NotAccepted`] if there is no such step or it does not accept single
    /// events of this type, and else as [`ContextError`] says.
    pub async fn send_to<E: Event>(&self, step: &str, event: E) -> Result<(), ContextError> {
        if !self.raw.inner.workflow.takes(step, E::NAME) {
            return Err(ContextError::NotAccepted { step: step.to_owned(), event: E::NAME });
        }
        self.send_event(event, Some(step.into())).await
    }

    async fn send_event<E: Event>(
        &self,
        event: E,
        target: Option<Name>,
    ) -> Result<(), ContextError> {
        const {
            assert!(
                !matches!(E::FAMILY, Family::Stop),
                "a stop event that is sent ends nothing; return it"
            );
        }
        let inner = &*self.raw.inner;
        let event = inner.raw(&event)?;
        let (name, to) = (event.name.clone(), target.clone());
        let sends = |call| Some(Input::new(Tick::Sent(Sent { call, event, target })));
        let branch = &self.branch;
        inner.make(branch, CallKind::Send, name, to.as_ref(), sends).await?.room().await
    }
}
