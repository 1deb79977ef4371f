//! The one form of all calls.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::header::HeaderMap;

use crate::Error;
use crate::client::{self, Client};
use crate::transport::Transport;

/// A call that is made when it is awaited.
///
/// Until then, what can be left out is set on it: [`header`](Self::header) and
/// [`timeout`](Self::timeout) for every call, and the arguments of its [`Operation`].
#[must_use = "a call is made when it is awaited"]
pub struct Call<O> {
    client: Client,
    headers: Result<HeaderMap, Error>,
    timeout: Option<Duration>,
    pub(crate) operation: O,
}

/// What a [`Call`] does. One type for each method of [`Client`], and for nobody else.
pub trait Operation: Send + 'static {
    /// What it brings.
    type Output;

    /// Does it.
    #[doc(hidden)]
    fn perform(
        self,
        transport: Transport,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

impl<O> Call<O> {
    pub(crate) fn new(client: &Client, operation: O) -> Self {
        Self { client: client.clone(), headers: Ok(HeaderMap::new()), timeout: None, operation }
    }

    /// Sends a header with this call; one that the client sends as well is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        client::insert(&mut self.headers, name, value);
        self
    }

    /// Sets how long this call may take, instead of what holds for the client.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }
}

impl<O: Operation> IntoFuture for Call<O> {
    type Output = Result<O::Output, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, headers, timeout, operation } = self;
        Box::pin(async move {
            let mut transport = Transport::new(client);
            transport.headers = headers?;
            transport.timeout = timeout;
            operation.perform(transport).await
        })
    }
}

impl<O> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("client", &self.client).finish_non_exhaustive()
    }
}
