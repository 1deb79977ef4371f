//! Why a step failed.

use std::any::type_name;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde_json::Value;
use stepwell_core::{Cause, Failure};

use crate::MAX_EVENT_BYTES;
use crate::engine::state::{MAX_DEPTH, depth};

/// How many causes of an error are kept: chains are short, unless they go in a circle.
const MAX_CAUSES: usize = 16;

/// Why a step failed.
///
/// Any type that implements [`std::error::Error`] turns into a `StepError` through `?`.
/// [`StepError::new`] makes one from a text, a boxed error, or whatever else turns into one, such
/// as `anyhow::Error`. The error's type, its message and its causes are kept in the journal.
///
/// # Examples
///
/// ```
/// # use stepwell::StepError;
/// fn parse(age: &str) -> Result<u8, StepError> {
///     let age = age.parse()?;
///     if age < 18 { Err(StepError::fatal("too young")) } else { Ok(age) }
/// }
///
/// assert_eq!(parse("7").unwrap_err().to_string(), "too young");
/// assert_eq!(parse("?").unwrap_err().kind(), "core::num::error::ParseIntError");
/// ```
pub struct StepError {
    kind: Cow<'static, str>,
    source: Box<dyn StdError + Send + Sync>,
    fatal: bool,
    details: Option<Value>,
    /// The causes as they were stored, of an error that comes from the journal.
    stored: Option<Vec<Cause>>,
}

impl StepError {
    /// Makes an error from a text or a boxed error.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind: Cow::Borrowed("StepError"),
            source: error.into(),
            fatal: false,
            details: None,
            stored: None,
        }
    }

    /// Makes an error that no further attempt will mend, whatever the step's retry policy says.
    pub fn fatal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fatal: true, ..Self::new(error) }
    }

    /// Names the kind of error, by which retry policies and people tell it from others.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<Cow<'static, str>>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Adds whatever else is worth telling; it is kept with the error.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Returns the name of the error's type, or the kind it was given.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns what else was told.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    /// Tells whether no further attempt will mend it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Returns the errors it was caused by, the nearest first.
    #[must_use]
    pub fn causes(&self) -> Vec<Cause> {
        if let Some(stored) = &self.stored {
            return stored.clone();
        }
        let chain =
            std::iter::successors(self.source.source(), |error: &&dyn StdError| (*error).source());
        let cause =
            |error: &dyn StdError| Cause { kind: String::new(), message: error.to_string() };
        chain.take(MAX_CAUSES).map(cause).collect()
    }

    /// Returns the error itself, for a retry policy to look at.
    pub(crate) fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.source
    }

    pub(crate) fn failure(&self) -> Failure {
        let failure = Failure {
            kind: self.kind.clone().into_owned(),
            message: self.to_string(),
            causes: self.causes(),
            details: self.details.as_ref().map(kept),
            is_fatal: self.fatal,
        };
        failure.shortened()
    }

    /// Makes an error again from what the journal keeps of it.
    pub(crate) fn from_failure(failure: &Failure) -> Self {
        let Failure { kind, message, causes, details, is_fatal } = failure.clone();
        let stored = Some(causes);
        Self { details, stored, fatal: is_fatal, ..Self::new(message).with_kind(kind) }
    }
}

/// Details are kept if they can be read back from the journal, and are not too long to carry.
fn kept(details: &Value) -> Value {
    if depth(details) > MAX_DEPTH {
        return format!("left out: nested over {MAX_DEPTH} deep").into();
    }
    let bytes = details.to_string().len();
    if bytes > MAX_EVENT_BYTES {
        return format!("left out: {bytes} bytes long, over {MAX_EVENT_BYTES}").into();
    }
    details.clone()
}

impl<E: StdError + Send + Sync + 'static> From<E> for StepError {
    fn from(error: E) -> Self {
        Self { kind: Cow::Borrowed(type_name::<E>()), ..Self::new(Box::new(error) as Box<_>) }
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}
