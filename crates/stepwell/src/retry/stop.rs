//! Stops: when to give up.

use std::any::type_name;
use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::sync::Arc;
use std::time::Duration;

use super::attempted::Attempted;
use super::logic::Logic;

/// When to give up.
///
/// Stops are joined with `|`, the sooner of both, and `&`, the later of both.
#[derive(Clone)]
pub struct Stop(Logic<Limit>);

#[derive(Clone)]
enum Limit {
    Never,
    Attempts(u32),
    AfterDelay(Duration),
    BeforeDelay(Duration),
    Custom { name: &'static str, reached: Arc<Reached> },
}

type Reached = dyn Fn(&Attempted<'_>, Duration) -> bool + Send + Sync;

/// Makes a stop after so many attempts in all; with 0 or 1 there is no retry.
#[must_use]
pub fn attempts(most: u32) -> Stop {
    Limit::Attempts(most).into()
}

/// Makes a stop at the first failure so long after the first attempt began.
#[must_use]
pub fn after_delay(limit: Duration) -> Stop {
    Limit::AfterDelay(limit).into()
}

/// Makes a stop at the first failure whose retry would begin so long after the first attempt
/// began. Unlike after [`after_delay`], none begins later.
#[must_use]
pub fn before_delay(limit: Duration) -> Stop {
    Limit::BeforeDelay(limit).into()
}

impl Stop {
    /// Returns the stop that never comes. Something else should end such a step: a condition, or
    /// the timeout of its run.
    #[must_use]
    pub fn never() -> Self {
        Limit::Never.into()
    }

    /// Makes a stop of a function, which is also told the delay before the retry.
    #[must_use]
    pub fn custom<F>(reached: F) -> Self
    where
        F: Fn(&Attempted<'_>, Duration) -> bool + Send + Sync + 'static,
    {
        Limit::Custom { name: type_name::<F>(), reached: Arc::new(reached) }.into()
    }

    /// Tells whether to give up rather than to try again after `delay`.
    #[must_use]
    pub fn reached(&self, attempted: &Attempted<'_>, delay: Duration) -> bool {
        self.0.holds(&|limit| limit.reached(attempted, delay))
    }

    pub(super) fn is_never(&self) -> bool {
        matches!(self.0, Logic::One(Limit::Never))
    }
}

impl Limit {
    fn reached(&self, attempted: &Attempted<'_>, delay: Duration) -> bool {
        match self {
            Self::Never => false,
            Self::Attempts(most) => attempted.failures >= *most,
            Self::AfterDelay(limit) => attempted.elapsed >= *limit,
            Self::BeforeDelay(limit) => attempted.elapsed.saturating_add(delay) >= *limit,
            Self::Custom { reached, .. } => reached(attempted, delay),
        }
    }
}

impl From<Limit> for Stop {
    fn from(limit: Limit) -> Self {
        Self(Logic::One(limit))
    }
}

impl BitOr for Stop {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl BitAnd for Stop {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0.and(other.0))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Attempts(1) => f.write_str("after 1 attempt"),
            Self::Attempts(most) => write!(f, "after {most} attempts"),
            Self::AfterDelay(limit) => write!(f, "after {limit:?}"),
            Self::BeforeDelay(limit) => write!(f, "before {limit:?}"),
            Self::Custom { name, .. } => write!(f, "when {name}"),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
