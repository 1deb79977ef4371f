//! Sending events to runs.

use serde::Serialize;

use crate::transport::{self, Transport};
use crate::{Call, Client, Error, NamedEvent, Operation, ToEvent};

/// See [`Client::send_event`].
#[derive(Debug)]
pub struct SendEvent {
    handler: String,
    event: Result<NamedEvent, Error>,
    step: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    event: &'a NamedEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
}

impl Client {
    /// Sends an event to a run: a [`TypedEvent`](crate::TypedEvent) or a [`NamedEvent`]. It goes to
    /// every step that accepts it and every wait that it matches, or to one
    /// [`step`](Call::step).
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`]: there is no such handler.
    /// - [`Error::Conflict`]: its run has ended.
    /// - [`Error::Rejected`]: the workflow does not know the event, or a field is wrong.
    /// - [`Error::Server`]: there is no such step, or it does not accept the event.
    pub fn send_event(&self, handler: impl AsRef<str>, event: &impl ToEvent) -> Call<SendEvent> {
        let operation =
            SendEvent { handler: handler.as_ref().to_owned(), event: event.to_event(), step: None };
        Call::new(self, operation)
    }
}

impl Call<SendEvent> {
    /// Sends it to this step alone.
    pub fn step(mut self, name: impl AsRef<str>) -> Self {
        self.operation.step = Some(name.as_ref().to_owned());
        self
    }
}

impl Operation for SendEvent {
    type Output = ();

    async fn perform(self, transport: Transport) -> Result<(), Error> {
        let url = transport.url(&["events", &self.handler])?;
        let body = Body { event: &self.event?, step: self.step.as_deref() };
        let limit = transport.settings().timeout;
        transport::acknowledged(transport.post(url, Some(&body), Some(limit)).await?)
    }
}
