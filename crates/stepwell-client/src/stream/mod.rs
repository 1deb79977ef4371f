//! Event streams that go on when a connection breaks.

mod frames;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt, try_unfold};

use crate::{Error, Event};

pub(crate) use reader::{Reader, View};

/// Where a stream begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// With the first event of the run.
    #[default]
    Start,
    /// With the first event that comes after the request.
    Now,
    /// With the first event that has a higher number.
    After(u64),
}

/// The events of a run, one after another. Made by
/// [`Client::get_workflow_events`](crate::Client::get_workflow_events).
///
/// It is a [`Stream`], and has [`next_event`](Self::next_event) for those who need nothing else of
/// one. It ends after the run's terminal event. Dropping it closes the connection.
///
/// # When the connection breaks
///
/// The stream goes on after the last event that it gave, so that none is lost and none comes twice.
/// It tries at most
/// [`max_reconnect_attempts`](crate::ClientBuilder::max_reconnect_attempts) times in a row, after
/// pauses of 0.2 s, 0.8 s, 3.2 s and then 5 s; every event and every sign of life from the server
/// begins a new row. (The Python client does not pause, and takes a connection for success.) If all
/// fail, the last item is [`Error::StreamLost`].
///
/// - A connection that ends before the terminal event has broken, even if it was closed in order:
///   a server that stops may do that.
/// - A server that has nothing more to tell ends the stream. So one that begins after the terminal
///   event has no items.
/// - Before the first event, one that began with [`Cursor::Now`] can only go on with what comes
///   later. Whoever must not miss anything uses another cursor.
/// - If the handler id is used for another run meanwhile, the stream goes on with that run's
///   events, above the same number.
pub struct EventStream {
    events: BoxStream<'static, Result<Event, Error>>,
    last_sequence: Option<u64>,
}

impl EventStream {
    pub(crate) fn new(reader: Reader) -> Self {
        let last_sequence = reader.last_sequence();
        let events = try_unfold(reader, async |mut reader| {
            let event = reader.next().await?;
            Ok(event.map(|event| (event, reader)))
        });
        Self { events: events.boxed(), last_sequence }
    }

    /// Returns the number of the last event that was given, or where the stream was asked to begin.
    /// None if that was [`Cursor::Start`] or [`Cursor::Now`] and nothing came yet.
    #[must_use]
    pub fn last_sequence(&self) -> Option<u64> {
        self.last_sequence
    }

    /// Waits for the next event; none once the stream has ended. Can be given up and called again
    /// without losing an event.
    ///
    /// # Errors
    ///
    /// - [`Error::StreamLost`]: the connection broke, and was not to be had again.
    /// - [`Error::NotFound`]: it broke, and meanwhile the handler was forgotten.
    /// - [`Error::Unexpected`], [`Error::TooLarge`]: the server sends what cannot be read.
    pub async fn next_event(&mut self) -> Result<Option<Event>, Error> {
        self.next().await.transpose()
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = self.events.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(event))) = &item {
            self.last_sequence = event.sequence();
        }
        item
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("last_sequence", &self.last_sequence)
            .finish_non_exhaustive()
    }
}
