//! Listens, and stops in order.
//!
//! ```text
//!   told to stop ──▶ accept nothing, end streams ──▶ all answered ───────────────┐
//!                                  │                                             ▼
//!                                  └─ drain ──▶ turn away who waits ─ a moment ──▶ shut down the engine
//! ```

use std::future::{Future, IntoFuture};
use std::io;
use std::time::Duration;

use axum::serve::ListenerExt;
use stepwell::engine::EngineError;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

use crate::Server;
use crate::app::Closing;

/// How long the last answers may take to get out when the patience of
/// [`Server::drain`] is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a server stopped that was not told to.
///
/// There is one variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on. Choose another one, or end who has it.
    #[error("cannot listen")]
    Listen(#[source] io::Error),

    /// The process cannot be told to stop in order. Do not run it like that.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),

    /// The engine could not be shut down in order. What was acknowledged is kept all the same.
    #[error("cannot shut down the engine")]
    Shutdown(#[source] EngineError),
}

impl Server {
    /// Listens on an address and serves until SIGINT or SIGTERM comes, then stops in order and
    /// shuts down the engine.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve(self, address: impl ToSocketAddrs) -> Result<(), ServeError> {
        let listener = TcpListener::bind(address).await.map_err(ServeError::Listen)?;
        self.serve_listener(listener).await
    }

    /// Serves on a listener as [`serve`](Self::serve) does.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve_listener(self, listener: TcpListener) -> Result<(), ServeError> {
        let signal = signal().map_err(ServeError::Signals)?;
        self.serve_until(listener, signal).await
    }

    /// Serves on a listener until a future is done, then stops in order and shuts down the engine.
    ///
    /// # Errors
    ///
    /// See [`ServeError`].
    pub async fn serve_until(
        mut self,
        listener: TcpListener,
        told_to_stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Listen)?;
        let router = self.router();
        let closing = self.closing.clone();
        let drain = self.drain;
        let stop = async move {
            told_to_stop.await;
            tracing::info!(?drain, "stopping; requests that wait for a run may go on for a while");
            closing.begun.cancel();
        };
        let serving =
            axum::serve(listener.tap_io(send_at_once), router).with_graceful_shutdown(stop);
        if let Some(call) = self.on_listening.take() {
            call(address);
        }
        tracing::info!(%address, "listening");
        tokio::select! {
            served = serving.into_future() => served.map_err(ServeError::Listen)?,
            () = patience(self.closing.clone(), self.drain) => {
                tracing::warn!("some connections did not end in time; they are cut");
            }
        }
        self.engine.shutdown().await.map_err(ServeError::Shutdown)
    }
}

/// Waits until nobody may wait any longer.
async fn patience(closing: Closing, drain: Duration) {
    closing.begun.cancelled().await;
    tokio::time::sleep(drain).await;
    closing.overdue.cancel();
    tokio::time::sleep(LAST_WORDS).await;
}

/// Frames of a stream are small, and none may wait for the next one.
fn send_at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
    }
}

/// Returns a future that is done when the process is told to stop. From here on signals do not
/// end the process by themselves.
#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Returns a future that is done when the process is told to stop.
#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
