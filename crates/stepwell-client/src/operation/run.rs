//! Starting runs.

use serde::Serialize;
use serde_json::value::RawValue;
use stepwell_wire::llama::ClientEvent;

use crate::transport::{self, Transport};
use crate::{Call, Client, Error, HandlerRecord, NamedEvent, Operation, ToEvent};

/// What a run is started with. Nobody outside can make or read one.
#[doc(hidden)]
#[derive(Debug)]
pub struct Run {
    workflow: String,
    event: Result<StartForm, Error>,
    handler_id: Option<String>,
    context: Option<Result<Box<RawValue>, Error>>,
}

/// See [`Client::run_workflow`].
#[derive(Debug)]
pub struct RunWorkflow(Run);

/// See [`Client::run_workflow_nowait`].
#[derive(Debug)]
pub struct RunWorkflowNowait(Run);

/// What starts a run: [`RunWorkflow`] and [`RunWorkflowNowait`], and nothing of anybody else's.
pub trait Start {
    #[doc(hidden)]
    fn run(&mut self) -> &mut Run;
}

/// A start event as it is written: its fields alone, or with the name of its class.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum StartForm {
    Bare(Box<RawValue>),
    Named(NamedEvent),
}

#[derive(Serialize)]
struct Body<'a> {
    start_event: &'a StartForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Box<RawValue>>,
}

impl Client {
    /// Runs a workflow and waits for its end.
    ///
    /// A run that failed or was cancelled is no error: see [`status`](HandlerRecord::status). The
    /// call takes as long as the run unless it is given a timeout. Giving it up does not end the
    /// run.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`]: there is no such workflow.
    /// - [`Error::Conflict`]: the handler id belongs to a run that goes on.
    /// - [`Error::Rejected`]: the start event or the context is refused.
    /// - [`Error::Timeout`], [`Error::Broken`], [`Error::Unavailable`]: the run may go on; with a
    ///   handler id of your own you can look for it.
    pub fn run_workflow(&self, workflow: impl AsRef<str>) -> Call<RunWorkflow> {
        Call::new(self, RunWorkflow(Run::new(workflow.as_ref().to_owned())))
    }

    /// Starts a workflow and does not wait for its end.
    ///
    /// # Errors
    ///
    /// As [`run_workflow`](Self::run_workflow).
    pub fn run_workflow_nowait(&self, workflow: impl AsRef<str>) -> Call<RunWorkflowNowait> {
        Call::new(self, RunWorkflowNowait(Run::new(workflow.as_ref().to_owned())))
    }
}

impl<O: Start> Call<O> {
    /// Sets the start event, with the name of its class: a [`TypedEvent`](crate::TypedEvent) or a
    /// [`NamedEvent`]. Works for every event.
    pub fn start_event(mut self, event: &impl ToEvent) -> Self {
        self.operation.run().event = event.to_event().map(StartForm::Named);
        self
    }

    /// Sets the fields of the start event, whatever its class is called: anything that is an
    /// object in JSON. Without it, and without [`start_event`](Self::start_event), all fields have
    /// their defaults.
    ///
    /// Servers take fields for an event with a name if one of them is called `value`, or two are
    /// called `type` and `qualified_name`. Such fields are [`Error::Argument`]; name their class.
    pub fn fields(mut self, fields: impl Serialize) -> Self {
        self.operation.run().event = bare(&fields);
        self
    }

    /// Sets the handler id. Otherwise the server makes one up. An id whose run has ended is used
    /// again, and the new run finds the state of the old one.
    pub fn handler_id(mut self, id: impl AsRef<str>) -> Self {
        self.operation.run().handler_id = Some(id.as_ref().to_owned());
        self
    }

    /// Sets the context that the run begins with, as the Python package writes one. Servers refuse
    /// it unless they are told otherwise.
    pub fn context(mut self, context: impl Serialize) -> Self {
        self.operation.run().context = Some(transport::object("the context", &context));
        self
    }
}

/// Writes fields without the name of their class, unless they would be read as something else.
fn bare(fields: &impl Serialize) -> Result<StartForm, Error> {
    let fields = transport::object("the start event", fields)?;
    match ClientEvent::read_start(&fields) {
        Ok(ClientEvent::Bare(_)) => Ok(StartForm::Bare(fields)),
        _ => Err(Error::Argument(
            "fields called `value`, or `type` and `qualified_name`, need start_event instead, \
             which names their class"
                .to_owned(),
        )),
    }
}

impl Run {
    fn new(workflow: String) -> Self {
        let event = bare(&serde_json::Map::new());
        Self { workflow, event, handler_id: None, context: None }
    }

    async fn perform(self, transport: Transport, path: &str) -> Result<HandlerRecord, Error> {
        let url = transport.url(&["workflows", &self.workflow, path])?;
        let body = Body {
            start_event: &self.event?,
            handler_id: self.handler_id.as_deref(),
            context: self.context.transpose()?,
        };
        let limit = (path == "run-nowait").then_some(transport.settings().timeout);
        transport::decode_record(transport.post(url, Some(&body), limit).await?)
    }
}

impl Start for RunWorkflow {
    fn run(&mut self) -> &mut Run {
        &mut self.0
    }
}

impl Start for RunWorkflowNowait {
    fn run(&mut self) -> &mut Run {
        &mut self.0
    }
}

impl Operation for RunWorkflow {
    type Output = HandlerRecord;

    async fn perform(self, transport: Transport) -> Result<HandlerRecord, Error> {
        self.0.perform(transport, "run").await
    }
}

impl Operation for RunWorkflowNowait {
    type Output = HandlerRecord;

    async fn perform(self, transport: Transport) -> Result<HandlerRecord, Error> {
        self.0.perform(transport, "run-nowait").await
    }
}
