//! Collecting events into sets, call by call.

use stepwell_core::{CallKind, Collected, Name, Outcome, Tick};

use super::Context;
use super::once::unexpected;
use crate::engine::mailbox::Input;
use crate::workflow::State;
use crate::{Accept, Event, StepError};

impl<S: State> Context<S> {
    /// Puts an event into a buffer of this step, and returns a set as soon as one is complete:
    /// one event for each of the `expected` names, in their order. Events of one name come in the
    /// order in which they were collected. What is left over stays for the next set.
    ///
    /// All bodies of the step in a run share its buffers. An event counts once, also if the body
    /// fails afterwards and is tried again; then it gets the same answer again.
    ///
    /// For events that come from one list, a [`Join`](crate::Join) is simpler; for one event of
    /// each type, a step that takes several events.
    ///
    /// # Errors
    ///
    /// Returns what [`ContextError`](crate::ContextError) says, or that an event of the set is no `A`.
    pub async fn collect<A: Accept>(
        &self,
        buffer: &str,
        event: impl Event,
        expected: &[&str],
    ) -> Result<Option<Vec<A>>, StepError> {
        let inner = &*self.raw.inner;
        if expected.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let event = inner.raw(&event)?;
        let expected = expected.iter().map(|name| Name::from(*name)).collect();
        let name = Name::from(buffer);
        let collects = |call| {
            let buffer = name.clone();
            let collected = Collected { call, buffer, event, expected };
            Some(Input::new(Tick::Collected(collected)))
        };
        let name = name.clone();
        let made = inner.make(&self.branch, CallKind::Collect, name, None, collects).await?;
        match made.answer().await? {
            Outcome::Collected(None) => Ok(None),
            Outcome::Collected(Some(events)) => {
                events.iter().map(A::accept).collect::<Result<_, _>>().map(Some)
            }
            other => Err(unexpected(&other)),
        }
    }
}
