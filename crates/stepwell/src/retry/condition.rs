//! Conditions: which failures are worth another attempt.

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::sync::Arc;

use regex_lite::Regex;

use super::attempted::FailureView;
use super::logic::Logic;

/// Which failures are worth another attempt.
///
/// Conditions are joined with `|`, `&` and `!`. Where one is asked for, the name of a function of
/// a [`FailureView`] does too; to be joined, or if it is a closure, it needs [`when`] around it.
#[derive(Clone)]
pub struct Condition(Logic<Test>);

#[derive(Clone)]
enum Test {
    Always,
    Never,
    Message(String),
    Matching(Regex),
    Type { name: &'static str, holds: fn(&FailureView<'_>) -> bool },
    Cause { name: &'static str, holds: fn(&FailureView<'_>) -> bool },
    Predicate { name: &'static str, holds: Arc<Predicate> },
}

type Predicate = dyn Fn(&FailureView<'_>) -> bool + Send + Sync;

/// Makes a condition of a function.
///
/// # Examples
///
/// ```
/// use std::io;
/// use stepwell::retry::{error_type, retry, when};
///
/// let is_late = when(|failure| {
///     let error = failure.downcast_ref::<io::Error>();
///     error.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
/// });
/// let policy = retry().on(is_late | error_type::<std::fmt::Error>());
/// ```
#[must_use]
pub fn when<F>(predicate: F) -> Condition
where
    F: Fn(&FailureView<'_>) -> bool + Send + Sync + 'static,
{
    Test::Predicate { name: type_name::<F>(), holds: Arc::new(predicate) }.into()
}

/// Makes a condition that the error is an `E`, as [`FailureView::is`] tells.
#[must_use]
pub fn error_type<E: StdError + 'static>() -> Condition {
    Test::Type { name: type_name::<E>(), holds: |failure| failure.is::<E>() }.into()
}

/// Makes a condition that an `E` caused the error, as [`FailureView::is_caused_by`] tells.
#[must_use]
pub fn cause_type<E: StdError + 'static>() -> Condition {
    Test::Cause { name: type_name::<E>(), holds: |failure| failure.is_caused_by::<E>() }.into()
}

/// Makes a condition that the error says exactly this.
#[must_use]
pub fn message_is(message: impl Into<String>) -> Condition {
    Test::Message(message.into()).into()
}

/// Makes a condition that a regular expression is found anywhere in what the error says.
///
/// The syntax is that of the `regex-lite` crate: case is ignored with `(?i)`, and for ASCII only.
///
/// # Panics
///
/// Panics if it is no regular expression. One that comes from outside is better compiled by the
/// caller and asked in [`when`].
#[must_use]
#[track_caller]
pub fn message_matches(pattern: &str) -> Condition {
    match Regex::new(pattern) {
        Ok(regex) => Test::Matching(regex).into(),
        Err(error) => panic!("{pattern:?} is no regular expression: {error}"),
    }
}

impl Condition {
    /// Returns the condition that every failure fulfils; the default.
    #[must_use]
    pub fn always() -> Self {
        Test::Always.into()
    }

    /// Returns the condition that no failure fulfils.
    #[must_use]
    pub fn never() -> Self {
        Test::Never.into()
    }

    /// Tells whether a failure fulfils the condition.
    #[must_use]
    pub fn holds(&self, failure: &FailureView<'_>) -> bool {
        self.0.holds(&|test| test.holds(failure))
    }
}

impl Test {
    fn holds(&self, failure: &FailureView<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Message(message) => failure.message == message,
            Self::Matching(regex) => regex.is_match(failure.message),
            Self::Type { holds, .. } | Self::Cause { holds, .. } => holds(failure),
            Self::Predicate { holds, .. } => holds(failure),
        }
    }
}

impl From<Test> for Condition {
    fn from(test: Test) -> Self {
        Self(Logic::One(test))
    }
}

impl<F> From<F> for Condition
where
    F: Fn(&FailureView<'_>) -> bool + Send + Sync + 'static,
{
    fn from(predicate: F) -> Self {
        when(predicate)
    }
}

impl BitOr for Condition {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl BitAnd for Condition {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0.and(other.0))
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.negated())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("any error"),
            Self::Never => f.write_str("no error"),
            Self::Message(message) => write!(f, "message {message:?}"),
            Self::Matching(regex) => write!(f, "message like /{regex}/"),
            Self::Type { name, .. } => f.write_str(name),
            Self::Cause { name, .. } => write!(f, "caused by {name}"),
            Self::Predicate { name, .. } => write!(f, "when {name}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
