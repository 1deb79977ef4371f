//! Publishing events on the stream.

use stepwell_core::{Event as RawEvent, Family, Tick};

use super::{Context, ContextError};
use crate::Event;
use crate::engine::mailbox::Input;
use crate::workflow::State;

impl<S: State> Context<S> {
    /// Publishes an event on the run's stream.
    ///
    /// Returns when the event is queued; readers see it when it is durable, at most 20 ms later
    /// under light load. A body that is run again after a crash publishes equal items only once.
    /// From the first one that differs on, readers are told that it was run again.
    ///
    /// A stop event does not compile here: it would tell readers that the run has ended.
    ///
    /// ```compile_fail
    /// # use stepwell::{Context, ContextError, StopEvent};
    /// # use std::pin::Pin;
    /// # type Called<'a> = Pin<Box<dyn Future<Output = Result<(), ContextError>> + 'a>>;
    /// fn step(ctx: &Context) -> Called<'_> {
    ///     Box::pin(async move { ctx.stream(StopEvent::default()).await })
    /// }
    /// # fn main() { let _: fn(&Context) -> Called<'_> = step; }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ContextError`].
    // No async function, so that the compiler names the caller's line if it is a stop event.
    pub fn stream<E: Event>(
        &self,
        event: E,
    ) -> impl Future<Output = Result<(), ContextError>> + Send {
        const {
            assert!(
                !matches!(E::FAMILY, Family::Stop),
                "a stop event on the stream would tell readers that the run has ended; return it"
            );
        }
        self.stream_event(event)
    }

    async fn stream_event<E: Event>(&self, event: E) -> Result<(), ContextError> {
        let inner = &*self.raw.inner;
        let event = inner.raw(&event)?;
        let digest = digest(&event);
        let input = |streamed| Input::new(Tick::Streamed(streamed)).with_stream(event);
        if inner.calls.publish(digest, input)? { Ok(()) } else { inner.calls.room().await }
    }
}

/// FNV-1a, 64 bits, over the name and the fields. It is stored, so it must never change.
fn digest(event: &RawEvent) -> u64 {
    let bytes = event.name.bytes().chain([0]).chain(event.value.text().bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
