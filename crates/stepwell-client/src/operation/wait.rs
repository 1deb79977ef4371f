//! Waiting for the end of a run.

use std::time::Duration;

use tokio::time::sleep;

use crate::transport::{self, Transport};
use crate::{Call, Client, Error, HandlerRecord, Operation};

/// The pause between the first two questions, as in the Python client.
const INTERVAL: Duration = Duration::from_millis(500);

/// The longest pause, as in the Python client.
const MAX_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest pause there is, so that no setting makes a client ask without end.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// By how much [`Backoff::Linear`] makes a pause longer.
const LINEAR_STEP: Duration = Duration::from_secs(1);

/// See [`Client::wait_for_handler`].
#[derive(Debug)]
pub struct WaitForHandler {
    handler: String,
    interval: Duration,
    max_interval: Duration,
    backoff: Backoff,
}

/// How the pauses between questions grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    /// Not at all.
    Constant,
    /// By a second each time.
    #[default]
    Linear,
    /// To the double each time.
    Exponential,
}

impl Client {
    /// Asks for a handler again and again until its run has ended, however it did: also with a
    /// record that says `failed` or `cancelled`.
    ///
    /// It waits without end unless the call is given a timeout. When the server cannot be reached
    /// or is unavailable, it goes on asking, at most
    /// [`max_reconnect_attempts`](crate::ClientBuilder::max_reconnect_attempts) times in a row.
    ///
    /// # Errors
    ///
    /// - [`Error::Timeout`]: the run goes on, and the call's time is over.
    /// - [`Error::NotFound`]: there is no such handler, or no longer.
    pub fn wait_for_handler(&self, handler: impl AsRef<str>) -> Call<WaitForHandler> {
        let operation = WaitForHandler {
            handler: handler.as_ref().to_owned(),
            interval: INTERVAL,
            max_interval: MAX_INTERVAL,
            backoff: Backoff::default(),
        };
        Call::new(self, operation)
    }
}

impl Call<WaitForHandler> {
    /// Sets the pause after the first question; 0.5 s by default, and at least 1 ms.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.operation.interval = interval;
        self
    }

    /// Sets the longest pause; 5 s by default. It is never shorter than the first one.
    pub fn max_poll_interval(mut self, interval: Duration) -> Self {
        self.operation.max_interval = interval;
        self
    }

    /// Sets how the pauses grow.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.operation.backoff = backoff;
        self
    }
}

impl Operation for WaitForHandler {
    type Output = HandlerRecord;

    async fn perform(self, mut transport: Transport) -> Result<HandlerRecord, Error> {
        let url = transport.url(&["handlers", &self.handler])?;
        // The call's timeout is for all questions together.
        let limit = transport.timeout.take();
        let waiting = self.ask_until_ended(&transport, &url);
        let Some(limit) = limit else { return waiting.await };
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| {
            let request = format!("waiting for the handler {:?}", self.handler);
            Err(Error::Timeout { request, limit })
        })
    }
}

impl WaitForHandler {
    async fn ask_until_ended(
        &self,
        transport: &Transport,
        url: &reqwest::Url,
    ) -> Result<HandlerRecord, Error> {
        let mut interval = self.interval.max(MIN_INTERVAL);
        let longest = self.max_interval.max(interval);
        let mut failures = 0;
        loop {
            let answer = transport.get(url.clone()).await;
            match answer.and_then(transport::decode_record) {
                Ok(record) if record.status.is_ended() => return Ok(record),
                Ok(_) => failures = 0,
                Err(error)
                    if error.is_passing()
                        && failures < transport.settings().max_reconnect_attempts =>
                {
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            sleep(interval).await;
            interval = self.backoff.next(interval).min(longest);
        }
    }
}

impl Backoff {
    fn next(self, interval: Duration) -> Duration {
        match self {
            Self::Constant => interval,
            Self::Linear => interval.saturating_add(LINEAR_STEP),
            Self::Exponential => interval.saturating_mul(2),
        }
    }
}
