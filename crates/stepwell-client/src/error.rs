//! What can go wrong.

use std::error::Error as StdError;
use std::time::Duration;

use crate::Answer;
use crate::transport::Target;

/// Why a call did not do what it was asked.
///
/// There is one variant for each thing a caller can do about it. All that hold an [`Answer`] keep
/// the server's status and its whole body; their text shows the first 200 characters of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program asks for what cannot be sent. Change the program; nothing was sent.
    #[error("{0}")]
    Argument(String),

    /// The server cannot be reached. Check its address, or try again; nothing was sent.
    #[error("cannot connect for {request}")]
    Connect {
        /// What was asked.
        request: String,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// The time of the call is over. What was asked may be done all the same.
    #[error("{request} was not answered within {limit:?}")]
    Timeout {
        /// What was asked.
        request: String,
        /// How long that may take.
        limit: Duration,
    },

    /// The connection broke before the answer was complete. What was asked may be done all the
    /// same.
    #[error("the connection broke during {request}")]
    Broken {
        /// What was asked.
        request: String,
        /// Why it broke.
        source: Box<dyn StdError + Send + Sync>,
    },

    /// There is no such workflow or handler, or no longer, or its run has ended: statuses 404 and
    /// 410.
    #[error("{0}")]
    NotFound(Box<Answer>),

    /// The handler's run does not allow it now: it goes on, or has ended; status 409.
    #[error("{0}")]
    Conflict(Box<Answer>),

    /// The server wants another token: statuses 401, 403 and 407.
    #[error("{0}")]
    Denied(Box<Answer>),

    /// The server cannot do it now: statuses 408, 425, 429, 502, 503 and 504. Try again later. A
    /// run that was started may go on all the same.
    #[error("{0}")]
    Unavailable(Box<Answer>),

    /// The server does not take the request: any other status from 400 to 499. Change it.
    #[error("{0}")]
    Rejected(Box<Answer>),

    /// The server failed: any other status from 500. Also what the protocol answers when an event
    /// is for a step that does not exist, or does not accept it.
    #[error("{0}")]
    Server(Box<Answer>),

    /// The answer is not one of the protocol, such as a redirect or a page for people. Check that
    /// the base URL is that of a workflow server.
    #[error("{problem}: {answer}")]
    Unexpected {
        /// What is wrong with it.
        problem: String,
        /// The answer.
        answer: Box<Answer>,
    },

    /// The answer, or one event of a stream, is longer than
    /// [`ClientBuilder::answer_limit`](crate::ClientBuilder::answer_limit). Raise it, or ask for
    /// less.
    #[error("the answer to {request} is longer than {limit} bytes")]
    TooLarge {
        /// What was asked.
        request: String,
        /// How many bytes it may have.
        limit: usize,
    },

    /// A stream broke, and could not be taken up again. Open another one after
    /// [`EventStream::last_sequence`](crate::EventStream::last_sequence) later.
    #[error("the event stream broke, and {attempts} attempts to take it up again failed")]
    StreamLost {
        /// How often it was tried.
        attempts: u32,
        /// Why it failed the last time.
        source: Box<Self>,
    },
}

impl Error {
    /// Returns what the server answered, if it did.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::NotFound(answer)
            | Self::Conflict(answer)
            | Self::Denied(answer)
            | Self::Unavailable(answer)
            | Self::Rejected(answer)
            | Self::Server(answer)
            | Self::Unexpected { answer, .. } => Some(answer),
            Self::StreamLost { source, .. } => source.answer(),
            Self::Argument(_)
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. } => None,
        }
    }

    /// Returns the HTTP status of what the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer().map(Answer::status)
    }

    /// Returns what the server says is wrong.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        self.answer()?.detail()
    }

    /// Tells whether a request that changes nothing may as well be made again in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Timeout { .. }
                | Self::Broken { .. }
                | Self::Unavailable(_)
        )
    }

    /// Sorts an answer by its status that is not the one hoped for.
    pub(crate) fn refused(answer: Answer) -> Self {
        let answer = Box::new(answer);
        match answer.status {
            404 | 410 => Self::NotFound(answer),
            409 => Self::Conflict(answer),
            401 | 403 | 407 => Self::Denied(answer),
            408 | 425 | 429 | 502 | 503 | 504 => Self::Unavailable(answer),
            400..=499 => Self::Rejected(answer),
            500.. => Self::Server(answer),
            300..=399 => {
                let problem = "the server sends elsewhere, which is not followed".to_owned();
                Self::Unexpected { problem, answer }
            }
            _ => Self::unexpected("the status is not one of the protocol", *answer),
        }
    }

    pub(crate) fn unexpected(problem: impl ToString, answer: Answer) -> Self {
        Self::Unexpected { problem: problem.to_string(), answer: Box::new(answer) }
    }

    pub(crate) fn broken(
        target: &Target,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Broken { request: target.to_string(), source: source.into() }
    }

    /// Sorts what the HTTP client says.
    pub(crate) fn from_transport(target: &Target, error: reqwest::Error) -> Self {
        let request = target.to_string();
        // The address is told already, and only ours is free of passwords.
        let error = error.without_url();
        if error.is_builder() {
            return Self::Argument(format!("cannot ask {request}: {error}"));
        }
        let source = Box::new(error);
        if source.is_connect() {
            Self::Connect { request, source }
        } else {
            Self::Broken { request, source }
        }
    }
}
