//! The server: an engine, and how it is served.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use stepwell::Engine;
use stepwell::engine::Cursor;
use tower::Layer;

use crate::Limits;
use crate::app::{App, Closing};
use crate::guard::{Cors, Guard, GuardLayer, Guarded, Host, Hosts, Known, Token};
use crate::request::BodyLimit;
use crate::{llama, page};

/// How long a stream may be silent by default: below the 30 s to 60 s after which proxies take a
/// connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(25);

/// How large a body may be by default: several times the largest event.
pub(crate) const BODY_LIMIT: usize = 4 << 20;

/// How long requests that wait for a run may go on by default once the server is told to stop:
/// below the 10 s after which process managers lose their patience.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves an engine over HTTP.
///
/// [`serve`](Self::serve) does all that a program of its own needs; [`router`](Self::router) is
/// for programs that have an axum server already.
pub struct Server {
    pub(crate) engine: Engine,
    heartbeat: Duration,
    body_limit: usize,
    accepts_contexts: bool,
    default_cursor: Cursor,
    pub(crate) cors: Cors,
    pub(crate) token: Option<Token>,
    pub(crate) exposure: Exposure,
    pub(crate) limits: Limits,
    hosts: Vec<Host>,
    pub(crate) drain: Duration,
    pub(crate) closing: Closing,
    pub(crate) on_listening: Option<Box<dyn FnOnce(SocketAddr) + Send>>,
}

impl Server {
    /// Serves this engine with the default settings.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            heartbeat: HEARTBEAT,
            body_limit: BODY_LIMIT,
            accepts_contexts: false,
            default_cursor: Cursor::Now,
            cors: Cors::default(),
            token: None,
            exposure: Exposure::Guarded,
            limits: Limits::default(),
            hosts: Vec::new(),
            drain: DRAIN,
            closing: Closing::default(),
            on_listening: None,
        }
    }

    /// Sets how long a stream of server-sent events may be silent before it says that it is still
    /// there; 25 s by default, and at least 1 ms.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval.max(Duration::from_millis(1));
        self
    }

    /// Sets how many bytes the body of a request may have; 4 MiB by default.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets whether a start may bring a context, of which the state is taken over; it may not by
    /// default, for then a client sets what only steps should.
    #[must_use]
    pub fn accept_context(mut self, accept: bool) -> Self {
        self.accepts_contexts = accept;
        self
    }

    /// Sets where readers of a stream begin that do not say where: [`Cursor::Now`] by default, as
    /// in the newest servers of the protocol; [`Cursor::Start`] for callers of older ones.
    #[must_use]
    pub fn default_cursor(mut self, cursor: Cursor) -> Self {
        self.default_cursor = cursor;
        self
    }

    /// Sets the limits on connections and slow clients.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the token that callers have to send, as `Authorization: Bearer <token>`. Only
    /// `/health` and the page at `/` are answered without it.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Serves without a token on addresses that other machines can reach too, where
    /// [`serve`](Self::serve) refuses to otherwise. Whoever reaches the server can then do
    /// everything, so let only a proxy reach it that checks who calls.
    #[must_use]
    pub fn insecure_no_auth(mut self) -> Self {
        self.exposure = Exposure::Accepted;
        self
    }

    /// Adds a host that the server is called by, for where that is checked.
    ///
    /// That is on loopback addresses, where `localhost` and loopback addresses are known as well;
    /// on others without a token, where all IP addresses are; and wherever a host was added.
    #[must_use]
    pub fn allow_host(mut self, host: Host) -> Self {
        self.hosts.push(host);
        self
    }

    /// Sets which pages in browsers may call the server and read its answers; by default only those
    /// that it has served itself.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.cors = cors;
        self
    }

    /// Sets how long requests that wait for a run may go on once the server is told to stop; 5 s
    /// by default. Their runs go on when an engine is opened on the store again.
    #[must_use]
    pub fn drain(mut self, patience: Duration) -> Self {
        self.drain = patience;
        self
    }

    /// Sets what is called with the server's address once it listens, and a signal would stop it
    /// in order.
    #[must_use]
    pub fn on_listening(mut self, call: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.on_listening = Some(Box::new(call));
        self
    }

    /// Returns the endpoints, to be merged into another router or nested under a prefix. Under the
    /// prefix `/flows`, the page is at `/flows`; axum does not route `/flows/` to it.
    ///
    /// Token, [`cors`](Self::cors) and the hosts of [`allow_host`](Self::allow_host) are checked
    /// here too. What depends on address and connections is up to the surrounding server: without
    /// a token whoever reaches it can do everything, without hosts any `Host` is answered, and it
    /// has its own time limits and compression.
    ///
    /// Stop in this order: [`close`](Self::close) when the surrounding server is told to stop, so
    /// that it does not wait for streams that never end; [`Engine::shutdown`] when it has stopped.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use axum::{Router, routing::get};
    /// use stepwell::Engine;
    /// use stepwell_server::Server;
    ///
    /// # async fn serve(engine: Engine) -> Result<(), Box<dyn std::error::Error>> {
    /// let flows = Server::new(engine.clone()).allow_host("localhost".parse()?);
    /// let app = Router::new()
    ///     .route("/", get(async || "the rest of the application"))
    ///     .nest("/flows", flows.router());
    ///
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    /// let stopped = async move {
    ///     if tokio::signal::ctrl_c().await.is_ok() {
    ///         flows.close();
    ///     }
    /// };
    /// axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    /// engine.shutdown().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn router(&self) -> Router {
        self.endpoints().layer(self.guard(self.known_anywhere()))
    }

    /// Returns which hosts are known where the address says nothing about it.
    pub(crate) fn known_anywhere(&self) -> Known {
        if self.hosts.is_empty() { Known::All } else { Known::Local }
    }

    /// Returns the endpoints behind the guard of a server that these hosts are known to. It is
    /// put before all of them at once, for a layer costs each request several allocations.
    pub(crate) fn guarded(&self, known: Known) -> Guarded<Router> {
        self.guard(known).layer(self.endpoints())
    }

    fn endpoints(&self) -> Router {
        let app = App {
            catalog: llama::Catalog::new(&self.engine, self.page()),
            engine: self.engine.clone(),
            heartbeat: self.heartbeat,
            accepts_contexts: self.accepts_contexts,
            default_cursor: self.default_cursor,
            body_limit: BodyLimit {
                bytes: self.body_limit,
                timeout: self.limits.body_timeout,
                whole_timeout: self.limits.whole_body_timeout,
            },
            closing: self.closing.clone(),
        };
        llama::router(Arc::new(app))
    }

    fn guard(&self, known: Known) -> GuardLayer {
        GuardLayer::new(Guard {
            hosts: Hosts { known, listed: self.hosts.clone() },
            cors: self.cors.clone(),
            token: self.token.clone(),
            target_bytes: self.limits.target_bytes,
        })
    }

    /// Returns the page, which everybody can see.
    fn page(&self) -> Bytes {
        page::write(self.token.is_none().then_some(&self.engine))
    }

    /// Breaks off all open streams, so that their readers come back, and answers requests that
    /// wait for a run with status 503.
    pub fn close(&self) {
        self.closing.begun.cancel();
        self.closing.overdue.cancel();
    }
}

/// Whether others may reach a server that has no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposure {
    Guarded,
    Accepted,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, heartbeat, body_limit, cors, token, exposure, .. } = self;
        let Self { limits, hosts, drain, accepts_contexts, default_cursor, .. } = self;
        f.debug_struct("Server")
            .field("engine", engine)
            .field("heartbeat", heartbeat)
            .field("body_limit", body_limit)
            .field("accepts_contexts", accepts_contexts)
            .field("default_cursor", default_cursor)
            .field("cors", cors)
            .field("token", token)
            .field("exposure", exposure)
            .field("limits", limits)
            .field("hosts", hosts)
            .field("drain", drain)
            .finish_non_exhaustive()
    }
}
