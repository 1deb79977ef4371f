//! A handle on one run, for whoever started it in this process.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use stepwell_core::{Event as RawEvent, RunId};

use super::load;
use super::start::StartedRun;
use super::stream::EventStream;
use super::{Engine, EngineError, RunRecord, Start};
use crate::store::Status;
use crate::workflow::BuildError;
use crate::{Event, emit, event};

/// A handle on a run, from [`Engine::run`] or [`Engine::find`].
///
/// Dropping it changes nothing for the run. Awaiting it waits for the end and returns the stop
/// event as it is stored; [`Run::result`] reads it as a type.
#[derive(Debug)]
pub struct Run {
    pub(super) engine: Engine,
    pub(super) started: StartedRun,
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// It could not be started, or its end could not be awaited.
    #[error(transparent)]
    Engine(#[from] EngineError),

    /// The workflow cannot be built. Correct it.
    #[error(transparent)]
    Build(#[from] BuildError),

    /// The start event cannot be written as JSON, or the stop event is not of the expected type.
    #[error("the event cannot be written or read: {0}")]
    Event(Box<dyn std::error::Error + Send + Sync>),

    /// A step failed for good.
    #[error("step `{step}` failed: {message}")]
    Failed {
        /// The step.
        step: String,
        /// The type of the error.
        kind: String,
        /// What the error said.
        message: String,
    },

    /// It was busy for longer than its workflow allows.
    #[error("the run timed out after {seconds} s; active steps: {}", active_steps.join(", "))]
    TimedOut {
        /// The limit, in seconds.
        seconds: f64,
        /// The steps that were running.
        active_steps: Vec<String>,
    },

    /// It was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
}

impl Engine {
    /// Starts a run of a workflow by the name it is registered under.
    ///
    /// # Errors
    ///
    /// Returns [`RunError::Engine`] if it cannot be started, and [`RunError::Event`] if the start
    /// event cannot be written as JSON.
    pub async fn run<E: Event>(&self, workflow: &str, start: E) -> Result<Run, RunError> {
        let module = self.workflow(workflow).and_then(|known| known.workflow.module());
        let input = emit::raw(&start, module).map_err(|error| RunError::Event(error.into()))?;
        let start = Start { workflow: workflow.to_owned(), input, handler: None, state: None };
        Ok(self.start_run(start).await?)
    }

    /// Returns the newest run of a handler, whoever started it and whether or not it has ended;
    /// none if there is no such handler.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Store`].
    pub async fn find(&self, handler: &str) -> Result<Option<Run>, EngineError> {
        let shared = &self.shared;
        let Some(row) = shared.store.handler(handler).await? else { return Ok(None) };
        let subscription = shared.hub.subscribe(&row.run);
        // Looked at again, now that its end cannot be missed.
        let Some(row) = shared.store.run(&row.run).await? else { return Ok(None) };
        if row.status.is_ended() {
            load::publish_end(shared, row.clone()).await?;
        }
        Ok(Some(Run { engine: self.clone(), started: StartedRun { row, subscription } }))
    }
}

impl Run {
    /// Returns the run's name.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.started.row.run
    }

    /// Returns the handler's name, by which clients know the run.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.started.row.handler
    }

    /// Opens the run's stream from its first item. It can be opened as often as wanted.
    #[must_use]
    pub fn events(&self) -> EventStream {
        let shared = Arc::clone(&self.engine.shared);
        let subscription = shared.hub.subscribe(self.id());
        EventStream::new(shared, &self.started.row, subscription, 0)
    }

    /// Sends an event to the run. If no step accepts it, readers of internal items are told.
    ///
    /// # Errors
    ///
    /// Returns [`RunError::Event`] if it cannot be written as JSON, and [`RunError::Engine`].
    pub async fn send<E: Event>(&self, event: E) -> Result<(), RunError> {
        let workflow = self.engine.workflow(&self.started.row.workflow);
        let module = workflow.and_then(|known| known.workflow.module());
        let event = emit::raw(&event, module).map_err(|error| RunError::Event(error.into()))?;
        Ok(self.engine.send(self.handler(), event, None).await?)
    }

    /// Cancels the run. When it returns, the run has ended.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Ended`] if it had ended before.
    pub async fn cancel(&self) -> Result<RunRecord, EngineError> {
        self.engine.cancel(self.handler()).await
    }

    /// Waits for the end of the run and reads its stop event as an `E`.
    ///
    /// # Errors
    ///
    /// Returns how the run ended instead, or [`RunError::Event`] if the stop event is no `E`.
    pub async fn result<E: Event>(self) -> Result<E, RunError> {
        typed(self.await?)
    }

    /// Waits for the end of the run and returns its record, however it ended.
    ///
    /// # Errors
    ///
    /// Returns [`EngineError::Closing`] if the engine is shut down before.
    pub async fn ended(&mut self) -> Result<RunRecord, EngineError> {
        self.engine.end_of(&mut self.started.subscription).await
    }
}

impl IntoFuture for Run {
    type Output = Result<RawEvent, RunError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { outcome(self.ended().await?) })
    }
}

/// Reads a stop event as an `E`.
pub(crate) fn typed<E: Event>(stop: RawEvent) -> Result<E, RunError> {
    if *stop.name != *E::NAME && !E::ALIASES.contains(&stop.name.as_str()) {
        let message = format!("the run ended with `{}`, not with `{}`", stop.name, E::NAME);
        return Err(RunError::Event(message.into()));
    }
    event::load(&stop.value).map_err(|error| RunError::Event(error.into()))
}

/// Returns the stop event of a run that has ended, or how it ended instead.
pub(crate) fn outcome(record: RunRecord) -> Result<RawEvent, RunError> {
    #[derive(Deserialize)]
    struct Failed {
        step_name: String,
        exception: Exception,
    }
    #[derive(Deserialize)]
    struct Exception {
        exception_type: String,
        exception_message: String,
    }
    #[derive(Deserialize)]
    struct TimedOut {
        timeout: f64,
        active_steps: Vec<String>,
    }

    let unreadable = || RunError::Event("the event that the run ended with is unreadable".into());
    let end = record.end.ok_or_else(unreadable)?;
    let unreadable = |error: serde_json::Error| RunError::Event(error.into());
    match record.status {
        Status::Completed | Status::Running => Ok(end),
        Status::Cancelled => Err(RunError::Cancelled),
        Status::Failed => {
            let Failed { step_name, exception } =
                serde_json::from_str(end.value.text()).map_err(unreadable)?;
            Err(RunError::Failed {
                step: step_name,
                kind: exception.exception_type,
                message: exception.exception_message,
            })
        }
        Status::TimedOut => {
            let TimedOut { timeout, active_steps } =
                serde_json::from_str(end.value.text()).map_err(unreadable)?;
            Err(RunError::TimedOut { seconds: timeout, active_steps })
        }
    }
}
