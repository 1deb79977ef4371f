//! The client and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;

use crate::Error;
use crate::base::Base;

/// How long a call may take by default: longer than any answer that does not wait for a run.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take to reach a server, for a client that is made here.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long a silent connection is tried, and how often before it is taken for dead. Streams
/// and runs may be silent for long, and nothing else would tell.
const KEEPALIVE: (Duration, u32) = (Duration::from_secs(20), 3);

/// How long a connection is kept for the next call: less than the 5 s after which uvicorn, under
/// LlamaIndex's server, closes it. A call that meets the closing would fail, and most calls cannot
/// be made twice.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// How often a stream may be taken up again by default, as in the Python client.
const RECONNECT_ATTEMPTS: u32 = 3;

/// How long an answer may be by default: dozens of the largest events.
const ANSWER_LIMIT: usize = 64 << 20;

/// Talks to a workflow server. Cheap to clone; its methods are in [`Call`](crate::Call)'s manner.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use stepwell_client::{Client, Status};
///
/// # async fn run() -> Result<(), stepwell_client::Error> {
/// let client = Client::builder("https://flows.example.com/v1")
///     .token("secret")
///     .header("x-team", "search")
///     .timeout(Duration::from_secs(5))
///     .build()?;
///
/// let failed = client
///     .get_handlers()
///     .status(Status::Failed)
///     .header("x-request-id", "17")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    settings: Arc<Settings>,
}

pub(crate) struct Settings {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Base,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) max_reconnect_attempts: u32,
    pub(crate) answer_limit: usize,
}

/// Makes a [`Client`]. Made by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    http: Option<reqwest::Client>,
    headers: Result<HeaderMap, Error>,
    timeout: Duration,
    max_reconnect_attempts: u32,
    answer_limit: usize,
}

impl Client {
    /// Makes a client of the server at an address, such as `http://localhost:8080`.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(base_url: impl AsRef<str>) -> Result<Self, Error> {
        Self::builder(base_url).build()
    }

    /// Begins a client with settings. A path in the address comes before every other.
    pub fn builder(base_url: impl AsRef<str>) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.as_ref().to_owned(),
            http: None,
            headers: Ok(HeaderMap::new()),
            timeout: TIMEOUT,
            max_reconnect_attempts: RECONNECT_ATTEMPTS,
            answer_limit: ANSWER_LIMIT,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl ClientBuilder {
    /// Sends a header with each request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.headers, name, value);
        self
    }

    /// Sends a token with each request, as `Authorization: Bearer`.
    pub fn token(mut self, token: &str) -> Self {
        insert(&mut self.headers, AUTHORIZATION.as_str(), &format!("Bearer {token}"));
        self
    }

    /// Sets how long a call may take; 30 s by default. Calls that wait for a run
    /// ([`run_workflow`](Client::run_workflow), [`wait_for_handler`](Client::wait_for_handler))
    /// take as long as it does, and streams have to begin within this time.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how often in a row a stream is taken up again when it breaks, and how often
    /// [`wait_for_handler`](Client::wait_for_handler) asks again; 3 by default.
    pub fn max_reconnect_attempts(mut self, attempts: u32) -> Self {
        self.max_reconnect_attempts = attempts;
        self
    }

    /// Sets how many bytes an answer may have, or one event of a stream; 64 MiB by default.
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// Takes a client that is there already, with its own connections, proxies and TLS. Its own
    /// time limits hold as well, so one on whole requests cuts streams.
    ///
    /// The client that is made otherwise follows no redirects, for the protocol has none, and
    /// finds connections whose other end is gone.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Makes the client. It does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Argument`] if the address is none of HTTP, or a header is none; and, for an
    /// address with `https`, if the feature `tls` is off or the system has no certificates.
    pub fn build(self) -> Result<Client, Error> {
        let base = Base::parse(&self.base_url)?;
        let http = match self.http {
            Some(http) => http,
            None => connections(&base)?,
        };
        let settings = Settings {
            http,
            base,
            headers: self.headers?,
            timeout: self.timeout,
            max_reconnect_attempts: self.max_reconnect_attempts,
            answer_limit: self.answer_limit,
        };
        Ok(Client { settings: Arc::new(settings) })
    }
}

fn connections(base: &Base) -> Result<reqwest::Client, Error> {
    let (idle, probes) = KEEPALIVE;
    let builder = reqwest::Client::builder()
        .user_agent(concat!("stepwell-client/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tcp_nodelay(true)
        .tcp_keepalive(idle)
        .tcp_keepalive_interval(idle)
        .tcp_keepalive_retries(probes);
    let builder = if base.is_secure() { secure(builder)? } else { insecure(builder) };
    builder.build().map_err(|error| {
        Error::Argument(format!("a client of {base} cannot be made: {}", causes(&error)))
    })
}

#[cfg(feature = "tls")]
fn secure(builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
    Ok(builder)
}

#[cfg(not(feature = "tls"))]
fn secure(_: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, Error> {
    let problem = "an address with https needs the feature `tls`, or a client of your own";
    Err(Error::Argument(problem.to_owned()))
}

/// Loads no certificates: a system without any is no reason not to talk in the clear.
#[cfg(feature = "tls")]
fn insecure(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tls_certs_only([])
}

#[cfg(not(feature = "tls"))]
fn insecure(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

fn causes(error: &dyn std::error::Error) -> String {
    let source = error.source();
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {}", causes(source)))
}

/// Adds a header, unless it or an earlier one is none.
pub(crate) fn insert(headers: &mut Result<HeaderMap, Error>, name: &str, value: &str) {
    let Ok(map) = headers else { return };
    match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        (Ok(name), Ok(mut value)) => {
            value.set_sensitive(name == AUTHORIZATION);
            map.insert(name, value);
        }
        // The value may be a secret.
        _ => {
            let problem = format!("the header {name:?} has a name or a value that none can have");
            *headers = Err(Error::Argument(problem));
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.settings.base.to_string())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password, and headers may be secret.
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}
