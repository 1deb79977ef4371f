//! What became of runs, and cancelling them.

use stepwell_wire::llama::HandlerList;

use crate::transport::{self, Transport};
use crate::{Call, Client, Error, Event, HandlerRecord, Operation, Status};

/// See [`Client::get_handler`].
#[derive(Debug)]
pub struct GetHandler {
    handler: String,
}

/// See [`Client::get_handlers`].
#[derive(Debug)]
pub struct GetHandlers {
    statuses: Vec<Status>,
    workflows: Vec<String>,
}

/// See [`Client::cancel_handler`].
#[derive(Debug)]
pub struct CancelHandler {
    handler: String,
    purge: bool,
}

impl Client {
    /// Asks how a run stands, whether it goes on or ended in any way.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such handler.
    pub fn get_handler(&self, handler: impl AsRef<str>) -> Call<GetHandler> {
        Call::new(self, GetHandler { handler: handler.as_ref().to_owned() })
    }

    /// Asks for all handlers, or for those that [`status`](Call::status) and
    /// [`workflow_name`](Call::workflow_name) leave.
    ///
    /// # Errors
    ///
    /// Returns [`Error::TooLarge`] if there are more than fit into an answer.
    pub fn get_handlers(&self) -> Call<GetHandlers> {
        Call::new(self, GetHandlers { statuses: Vec::new(), workflows: Vec::new() })
    }

    /// Cancels a run. Once this is done, its record is final and its streams end.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NotFound`] if there is no such handler, or its run has ended; with
    /// [`purge`](Call::purge) only the first.
    pub fn cancel_handler(&self, handler: impl AsRef<str>) -> Call<CancelHandler> {
        Call::new(self, CancelHandler { handler: handler.as_ref().to_owned(), purge: false })
    }
}

impl Call<GetHandlers> {
    /// Asks for handlers with this status; called again, also for those with the other one.
    pub fn status(mut self, status: Status) -> Self {
        self.operation.statuses.push(status);
        self
    }

    /// Asks for handlers of this workflow; called again, also for those of the other one.
    pub fn workflow_name(mut self, name: impl AsRef<str>) -> Self {
        self.operation.workflows.push(name.as_ref().to_owned());
        self
    }
}

impl Call<CancelHandler> {
    /// Also forgets the handler: its record, its events and its state.
    pub fn purge(mut self) -> Self {
        self.operation.purge = true;
        self
    }
}

impl Operation for GetHandler {
    type Output = HandlerRecord;

    async fn perform(self, transport: Transport) -> Result<HandlerRecord, Error> {
        let url = transport.url(&["handlers", &self.handler])?;
        transport::decode_record(transport.get(url).await?)
    }
}

impl Operation for GetHandlers {
    type Output = Vec<HandlerRecord>;

    async fn perform(self, transport: Transport) -> Result<Vec<HandlerRecord>, Error> {
        let mut url = transport.url(&["handlers"])?;
        // Servers drop blank names, and one that is nothing else would leave every handler.
        if self.workflows.iter().any(|name| name.trim().is_empty()) {
            let problem = "the name of a workflow cannot be blank".to_owned();
            return Err(Error::Argument(problem));
        }
        if !self.statuses.is_empty() || !self.workflows.is_empty() {
            let mut query = url.query_pairs_mut();
            query.extend_pairs(self.statuses.iter().map(|status| ("status", status.name())));
            query.extend_pairs(self.workflows.iter().map(|name| ("workflow_name", name)));
        }
        let list: HandlerList<'_, Event> = transport::decode(transport.get(url).await?)?;
        Ok(list.handlers)
    }
}

impl Operation for CancelHandler {
    type Output = ();

    async fn perform(self, transport: Transport) -> Result<(), Error> {
        let mut url = transport.url(&["handlers", &self.handler, "cancel"])?;
        url.set_query(Some(if self.purge { "purge=true" } else { "purge=false" }));
        let limit = transport.settings().timeout;
        transport::acknowledged(transport.post(url, None::<&()>, Some(limit)).await?)
    }
}
