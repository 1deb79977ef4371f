//! What all endpoints share.

use std::time::Duration;

use stepwell::Engine;
use stepwell::engine::EngineError;
use stepwell_wire::llama::Refusal;
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::llama::Catalog;

/// What all endpoints share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) catalog: Catalog,
    pub(crate) heartbeat: Duration,
    pub(crate) body_limit: usize,
    pub(crate) closing: Closing,
}

/// Tells endpoints that the server is about to stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closing {
    /// Streams end.
    pub(crate) begun: CancellationToken,
    /// Requests that still wait for a run are turned away.
    pub(crate) overdue: CancellationToken,
}

impl App {
    /// Waits for the engine, but not beyond the time that the server has left.
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
