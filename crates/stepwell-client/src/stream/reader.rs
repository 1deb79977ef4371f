//! Reads a stream over as many connections as it takes.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{sleep, timeout};

use super::Cursor;
use super::frames::{Frame, FrameError, Frames, Part};
use crate::transport::{Target, Transport};
use crate::{Answer, Error, Event};

/// The pause before the first attempt to go on; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause: a server that is back is soon noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a stream shows.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) url: Url,
    pub(crate) internal: bool,
    pub(crate) qualified_names: bool,
}

/// Gives the events of a stream.
pub(crate) struct Reader {
    transport: Transport,
    view: View,
    cursor: Cursor,
    max_attempts: u32,
    silence_limit: Option<Duration>,
    /// How often in a row the connection was lost or not to be had.
    failures: u32,
    state: State,
}

enum State {
    /// There is no connection now.
    Apart,
    Open(Box<Connection>),
    /// Nothing more will come.
    Ended,
}

struct Connection {
    target: Target,
    response: Response,
    frames: Frames,
}

impl Reader {
    pub(crate) fn new(
        transport: Transport,
        view: View,
        cursor: Cursor,
        max_attempts: u32,
        silence_limit: Option<Duration>,
    ) -> Self {
        let state = State::Apart;
        Self { transport, view, cursor, max_attempts, silence_limit, failures: 0, state }
    }

    pub(crate) fn last_sequence(&self) -> Option<u64> {
        match self.cursor {
            Cursor::After(sequence) => Some(sequence),
            Cursor::Start | Cursor::Now => None,
        }
    }

    /// Connects for the first time. What prevents it is not a stream that was lost.
    pub(crate) async fn open(&mut self) -> Result<(), Error> {
        let opened = self.connect().await;
        opened.map_err(|error| match error {
            Error::StreamLost { source, .. } => *source,
            error => error,
        })
    }

    /// Returns the next event; none if the stream has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let connection = match &mut self.state {
                State::Ended => return Ok(None),
                State::Apart => {
                    self.connect().await?;
                    continue;
                }
                State::Open(connection) => connection,
            };
            let limit = self.transport.settings().answer_limit;
            match connection.frames.next().map_err(|error| connection.unreadable(error, limit))? {
                Some(Part::Comment) => self.failures = 0,
                Some(Part::Frame(frame)) => {
                    if let Some(event) = self.take(frame)? {
                        return Ok(Some(event));
                    }
                }
                None => match connection.more(self.silence_limit).await {
                    Ok(bytes) => connection.frames.push(&bytes),
                    Err(error) => self.lose(error).await?,
                },
            }
        }
    }

    /// Reads an event, unless it came before.
    fn take(&mut self, frame: Frame) -> Result<Option<Event>, Error> {
        let State::Open(connection) = &self.state else { return Ok(None) };
        let sequence = frame.id.as_deref().and_then(|id| id.trim().parse().ok());
        let Some(sequence) = sequence else {
            return Err(connection.unexpected("an event of the stream has no number", frame.data));
        };
        if self.last_sequence().is_some_and(|last| sequence <= last) {
            return Ok(None);
        }
        let mut event: Event = serde_json::from_str(&frame.data).map_err(|error| {
            let problem = format!("an event of the stream cannot be read ({error})");
            connection.unexpected(&problem, frame.data)
        })?;
        event.sequence = Some(sequence);
        self.cursor = Cursor::After(sequence);
        self.failures = 0;
        if event.is_terminal() {
            self.state = State::Ended;
        }
        Ok(Some(event))
    }

    /// Connects, if need be after some attempts.
    async fn connect(&mut self) -> Result<(), Error> {
        loop {
            match self.request().await {
                Ok(state) => {
                    self.state = state;
                    return Ok(());
                }
                Err(error) if error.is_passing() => self.lose(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Notes that there is no connection. Pauses, or gives up if that happened too often.
    async fn lose(&mut self, error: Error) -> Result<(), Error> {
        self.state = State::Apart;
        if self.failures >= self.max_attempts {
            let attempts = self.failures;
            return Err(Error::StreamLost { attempts, source: Box::new(error) });
        }
        let longer = 4_u32.saturating_pow(self.failures);
        self.failures += 1;
        sleep(FIRST_PAUSE.saturating_mul(longer).min(LONGEST_PAUSE)).await;
        Ok(())
    }

    async fn request(&self) -> Result<State, Error> {
        let mut url = self.view.url.clone();
        let after = match self.cursor {
            Cursor::Start => "-1".to_owned(),
            Cursor::Now => "now".to_owned(),
            Cursor::After(sequence) => sequence.to_string(),
        };
        let word = |yes: bool| if yes { "true" } else { "false" };
        url.query_pairs_mut()
            .append_pair("sse", "true")
            .append_pair("include_internal", word(self.view.internal))
            .append_pair("include_qualified_name", word(self.view.qualified_names))
            .append_pair("after_sequence", &after);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        // There are servers that drop a connection after status 204 without saying so; the next
        // request on it would fail.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let (target, response) = self.transport.open(url, headers, &[200, 204]).await?;

        if response.status() == StatusCode::NO_CONTENT {
            return Ok(State::Ended);
        }
        if !is_event_stream(&response) {
            let answer = Answer::head(&target, &response);
            return Err(Error::unexpected("the answer is not an event stream", answer));
        }
        let frames = Frames::new(self.transport.settings().answer_limit);
        Ok(State::Open(Box::new(Connection { target, response, frames })))
    }
}

fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

impl Connection {
    /// Waits for more bytes.
    async fn more(&mut self, silence_limit: Option<Duration>) -> Result<Bytes, Error> {
        let limit = silence_limit.unwrap_or(Duration::MAX);
        match timeout(limit, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => Ok(bytes),
            Ok(Ok(None)) => Err(Error::broken(&self.target, "it ended before the run did")),
            Ok(Err(error)) => Err(Error::from_transport(&self.target, error)),
            Err(_) => {
                let request = format!("a sign of life from {}", self.target);
                Err(Error::Timeout { request, limit })
            }
        }
    }

    fn unreadable(&self, error: FrameError, limit: usize) -> Error {
        match error {
            FrameError::TooLarge => Error::TooLarge { request: self.target.to_string(), limit },
            FrameError::NotUtf8(line) => self.unexpected("a line of the stream is not UTF-8", line),
        }
    }

    fn unexpected(&self, problem: &str, part: impl Into<Bytes>) -> Error {
        let mut answer = Answer::head(&self.target, &self.response);
        answer.body = part.into();
        Error::unexpected(problem, answer)
    }
}
