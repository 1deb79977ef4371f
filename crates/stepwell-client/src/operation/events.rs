//! Opening event streams.

use std::time::Duration;

use crate::stream::{Cursor, EventStream, Reader, View};
use crate::transport::Transport;
use crate::{Call, Client, Error, Operation};

/// See [`Client::get_workflow_events`].
#[derive(Debug)]
pub struct GetWorkflowEvents {
    handler: String,
    cursor: Cursor,
    internal: bool,
    qualified_names: bool,
    max_reconnect_attempts: Option<u32>,
    silence_limit: Option<Duration>,
}

impl Client {
    /// Opens the stream of a handler's newest run: from the beginning, unless
    /// [`after`](Call::after) says otherwise.
    ///
    /// When this is done, the server has taken the request: what is asked of it from then on comes
    /// after [`Cursor::Now`]. See [`EventStream`] for what happens when the connection breaks.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such handler.
    pub fn get_workflow_events(&self, handler: impl AsRef<str>) -> Call<GetWorkflowEvents> {
        let operation = GetWorkflowEvents {
            handler: handler.as_ref().to_owned(),
            cursor: Cursor::Start,
            internal: false,
            qualified_names: true,
            max_reconnect_attempts: None,
            silence_limit: None,
        };
        Call::new(self, operation)
    }
}

impl Call<GetWorkflowEvents> {
    /// Sets where the stream begins.
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.operation.cursor = cursor;
        self
    }

    /// Asks also for the events that the server makes itself: which steps ran, and when the run was
    /// idle.
    pub fn include_internal_events(mut self) -> Self {
        self.operation.internal = true;
        self
    }

    /// Asks for events without [`qualified_name`](crate::Event::qualified_name).
    pub fn without_qualified_names(mut self) -> Self {
        self.operation.qualified_names = false;
        self
    }

    /// Sets how often in a row the stream is taken up again, instead of what holds for the client.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.operation.max_reconnect_attempts = Some(attempts);
        self
    }

    /// Takes the connection for broken when not even a sign of life came for this long. Without it
    /// only the system tells. Servers give a sign every 25 s unless they are told otherwise, so a
    /// minute is a good limit.
    pub fn silence_limit(mut self, limit: Duration) -> Self {
        self.operation.silence_limit = Some(limit);
        self
    }
}

impl Operation for GetWorkflowEvents {
    type Output = EventStream;

    async fn perform(self, transport: Transport) -> Result<EventStream, Error> {
        let view = View {
            url: transport.url(&["events", &self.handler])?,
            internal: self.internal,
            qualified_names: self.qualified_names,
        };
        let attempts = self.max_reconnect_attempts;
        let attempts = attempts.unwrap_or(transport.settings().max_reconnect_attempts);
        let mut reader = Reader::new(transport, view, self.cursor, attempts, self.silence_limit);
        reader.open().await?;
        Ok(EventStream::new(reader))
    }
}
