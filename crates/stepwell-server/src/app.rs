//! What all endpoints share.

use std::time::Duration;

use stepwell::Engine;
use stepwell::engine::{Cursor, EngineError};
use stepwell_wire::llama::Refusal;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::llama::Catalog;
use crate::request::BodyLimit;

/// What all endpoints share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) catalog: Catalog,
    pub(crate) heartbeat: Duration,
    pub(crate) body_limit: BodyLimit,
    pub(crate) accepts_contexts: bool,
    pub(crate) default_cursor: Cursor,
    pub(crate) closing: Closing,
}

/// Tells endpoints that the server is about to stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closing {
    /// Streams end.
    pub(crate) begun: CancellationToken,
    /// Requests that still wait for the engine are turned away.
    pub(crate) overdue: CancellationToken,
}

impl App {
    /// Lets the engine do something to its end: a client that hangs up takes its endpoint with it,
    /// but not what was begun. Only when the time that the server has left is over, it is given
    /// up.
    pub(crate) async fn finish<T, W>(&self, work: impl FnOnce(Engine) -> W) -> Result<T, ApiError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, EngineError>> + Send + 'static,
    {
        let mut task = tokio::spawn(work(self.engine.clone()));
        tokio::select! {
            biased;
            done = &mut task => match done {
                Ok(done) => Ok(done?),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(Refusal::Closing.into()),
                },
            },
            () = self.closing.overdue.cancelled() => {
                task.abort();
                Err(Refusal::Closing.into())
            }
        }
    }

    /// Waits for something of the engine, unless the time that the server has left is over.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            done = work => Ok(done?),
            () = self.closing.overdue.cancelled() => Err(Refusal::Closing.into()),
        }
    }
}
