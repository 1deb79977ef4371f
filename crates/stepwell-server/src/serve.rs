//! Listens, and stops in order.
//!
//! ```text
//!   told to stop ──▶ accept nothing, end streams ──▶ all answered ───────────────┐
//!                                  │                                             ▼
//!                                  └─ drain ──▶ turn away who waits ─ a moment ──▶ shut down the engine
//! ```

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use stepwell::engine::EngineError;
use tokio::net::{TcpListener, ToSocketAddrs};

use crate::app::Closing;
use crate::capacity::{raise_backlog, raise_open_files};
use crate::guard::{Cors, Known};
use crate::server::Exposure;
use crate::{Server, listen};

/// How long the last answers may take to get out when the patience of
/// [`Server::drain`] is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often a server says that it lets everybody in: a few lines a day in a log that is read.
const REMINDER: Duration = Duration::from_secs(60 * 60);

/// Why a server stopped that was not told to.
///
/// There is one variant for each thing a caller can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be listened on. Choose another one, or end who has it.
    #[error("cannot listen")]
    Listen(#[source] io::Error),

    /// Other machines can reach the address, and there is no token. Listen on a loopback address,
    /// set a token, or accept it with [`Server::insecure_no_auth`].
    #[error(
        "other machines can reach {address}, and there is no token to keep them out: set one, \
         listen on 127.0.0.1, or accept it (insecure_no_auth) if a proxy in front checks who calls"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },

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
        if let Err(error) = raise_open_files().and_then(|_| raise_backlog(&listener)) {
            tracing::warn!(%error, "there may be fewer connections than the system could have");
        }
        let endpoints = self.guarded(self.known_on(address)?);
        let closing = self.closing.clone();
        let drain = self.drain;
        let stop = async move {
            told_to_stop.await;
            tracing::info!(?drain, "stopping; requests that wait for a run may go on for a while");
            closing.begun.cancel();
        };
        let limits = self.limits.clone();
        let serving = listen::run(listener, endpoints, limits, self.closing.clone());
        if self.cors == Cors::Any {
            tracing::warn!("pages of any origin may call this server; this is for development");
        }
        let open = (self.token.is_none() && !is_loopback(address)).then_some(address);
        if let Some(address) = &open {
            warn_of(address);
        }
        if let Some(call) = self.on_listening.take() {
            call(address);
        }
        tracing::info!(%address, "listening");
        tokio::select! {
            ((), ()) = async { tokio::join!(stop, serving) } => {}
            () = remind(open) => {}
            () = patience(self.closing.clone(), self.drain) => {
                tracing::warn!("some connections did not end in time; they are cut");
            }
        }
        self.engine.shutdown().await.map_err(ServeError::Shutdown)
    }
}

impl Server {
    /// Returns which hosts are known to a server on an address, if it may listen there.
    fn known_on(&self, address: SocketAddr) -> Result<Known, ServeError> {
        if is_loopback(address) {
            return Ok(Known::Local);
        }
        match (&self.token, self.exposure) {
            (Some(_), _) => Ok(self.known_anywhere()),
            (None, Exposure::Accepted) => Ok(Known::LocalAndAddresses),
            (None, Exposure::Guarded) => Err(ServeError::Exposed { address }),
        }
    }
}

/// Says from time to time that everybody may do everything at an address.
async fn remind(open: Option<SocketAddr>) {
    while let Some(address) = open {
        tokio::time::sleep(REMINDER).await;
        warn_of(&address);
    }
    std::future::pending().await
}

fn warn_of(open: &SocketAddr) {
    tracing::warn!(address = %open, "there is no token: whoever reaches this server may do all");
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Waits until nobody may wait any longer.
async fn patience(closing: Closing, drain: Duration) {
    closing.begun.cancelled().await;
    tokio::time::sleep(drain).await;
    closing.overdue.cancel();
    tokio::time::sleep(LAST_WORDS).await;
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
