//! A run's stream as chunks of a body.

use std::error::Error as StdError;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures::stream;
use serde::Serialize;
use stepwell::StreamItem;
use stepwell::engine::{EngineError, EventStream, Sequenced};
use stepwell_wire::llama::{
    self, Envelope, StepRestarted, StepStateChanged, UnhandledEvent, WorkflowIdle,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::convert::{self, QualifiedNames};

/// How large a chunk grows before it is sent: many frames share one, and a reader that has much
/// to catch up with still gets it piece by piece.
const CHUNK: usize = 64 << 10;

/// How a reader wants a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) format: Format,
    pub(super) internal: bool,
    pub(super) qualified_names: QualifiedNames,
}

/// What a stream is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Frames of server-sent events.
    Sse,
    /// Lines of JSON.
    Ndjson,
}

/// A stream being sent to one reader.
#[derive(Debug)]
pub(super) struct Frames {
    events: EventStream,
    view: View,
    /// What was read from the run and is not sent yet.
    ready: std::vec::IntoIter<Sequenced>,
    heartbeat: Duration,
    last_sent: Instant,
    closing: CancellationToken,
}

impl Frames {
    pub(super) fn new(
        events: EventStream,
        view: View,
        heartbeat: Duration,
        closing: CancellationToken,
    ) -> Self {
        let ready = Vec::new().into_iter();
        Self { events, view, ready, heartbeat, last_sent: Instant::now(), closing }
    }

    /// Returns the body that they make.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut frames| async {
            let chunk = frames.next_chunk().await?;
            Some((chunk, frames))
        }))
    }

    /// Returns the next chunk, or none after the terminal event.
    ///
    /// After an error, or once the server stops, the connection breaks: a clean end would be
    /// taken for the end of the run, while a reader whose connection breaks comes back.
    async fn next_chunk(&mut self) -> Option<Result<Bytes, EngineError>> {
        loop {
            if let Some(chunk) = self.write_ready() {
                self.last_sent = Instant::now();
                return Some(Ok(chunk));
            }
            let silent_until = self.last_sent + self.heartbeat;
            tokio::select! {
                biased;
                () = self.closing.cancelled() => return Some(Err(EngineError::Closing)),
                batch = self.events.next_batch() => match batch {
                    Ok(batch) if batch.is_empty() => return None,
                    Ok(batch) => self.ready = batch.into_iter(),
                    Err(error) => {
                        let run = self.events.run_id();
                        tracing::error!(%run, error = &error as &dyn StdError, "a stream breaks");
                        return Some(Err(error));
                    }
                },
                () = tokio::time::sleep_until(silent_until), if self.view.format == Format::Sse => {
                    self.last_sent = Instant::now();
                    return Some(Ok(Bytes::from_static(llama::HEARTBEAT)));
                }
            }
        }
    }

    /// Writes what is ready into one chunk; none if the reader is to see nothing of it.
    fn write_ready(&mut self) -> Option<Bytes> {
        let mut chunk = Vec::new();
        for item in self.ready.by_ref() {
            self.view.push(&mut chunk, &item);
            if chunk.len() >= CHUNK {
                break;
            }
        }
        (!chunk.is_empty()).then(|| chunk.into())
    }
}

impl View {
    fn push(self, chunk: &mut Vec<u8>, item: &Sequenced) {
        if item.item.is_internal() && !self.internal {
            return;
        }
        let names = self.qualified_names;
        let sequence = item.sequence;
        match &item.item {
            StreamItem::Event(event) => {
                self.push_envelope(chunk, sequence, &convert::envelope(event, names));
            }
            StreamItem::Step(change) => {
                let value = convert::step_state(change);
                let envelope = convert::internal(StepStateChanged::TYPE, value, names);
                self.push_envelope(chunk, sequence, &envelope);
            }
            StreamItem::Idle => {
                let envelope = convert::internal(WorkflowIdle::TYPE, WorkflowIdle {}, names);
                self.push_envelope(chunk, sequence, &envelope);
            }
            StreamItem::Unhandled(unhandled) => {
                let value = convert::unhandled(unhandled);
                let envelope = convert::internal(UnhandledEvent::TYPE, value, names);
                self.push_envelope(chunk, sequence, &envelope);
            }
            StreamItem::Restarted { step, from_sequence } => {
                let value = StepRestarted {
                    step_name: step.as_str().into(),
                    from_sequence: *from_sequence,
                };
                let envelope = convert::internal(StepRestarted::TYPE, value, names);
                self.push_envelope(chunk, sequence, &envelope);
            }
        }
    }

    fn push_envelope<V: Serialize>(
        self,
        chunk: &mut Vec<u8>,
        sequence: u64,
        envelope: &Envelope<'_, V>,
    ) {
        let pushed = match self.format {
            Format::Sse => llama::push_sse_frame(chunk, sequence, envelope),
            Format::Ndjson => llama::push_line(chunk, envelope),
        };
        pushed.expect("what the engine publishes is JSON");
    }
}

#[cfg(test)]
mod tests;
