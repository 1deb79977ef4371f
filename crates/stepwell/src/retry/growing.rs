//! Waits that grow with every retry.

use std::fmt;
use std::time::Duration;

use super::jitter::{self, Jitter};

const DEFAULT_BASE: f64 = 2.0;
const DEFAULT_MAX: Duration = Duration::from_secs(60);

/// A wait that grows by the same amount with every retry; made by [`incrementing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incrementing {
    start: Duration,
    increment: Duration,
    max: Duration,
}

/// Makes a wait of `start` before the first retry and of `increment` more before each other one.
#[must_use]
pub fn incrementing(start: Duration, increment: Duration) -> Incrementing {
    Incrementing { start, increment, max: Duration::MAX }
}

impl Incrementing {
    /// Sets the longest delay; without limit by default.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    pub(super) fn delay(&self, retries: u32) -> Duration {
        let more = self.increment.saturating_mul(retries);
        self.start.saturating_add(more).min(self.max)
    }
}

impl fmt::Display for Incrementing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} + {:?} x n", self.start, self.increment)?;
        if self.max == Duration::MAX { Ok(()) } else { write!(f, " up to {:?}", self.max) }
    }
}

/// A wait that grows by the same factor with every retry; made by [`exponential`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    first: Duration,
    /// Not negative, and a number.
    base: f64,
    max: Duration,
    min: Duration,
    jitter: Option<Jitter>,
}

/// Makes a wait of `first` before the first retry and of twice as much before each other one, up
/// to a minute.
#[must_use]
pub fn exponential(first: Duration) -> Exponential {
    let (base, max, min) = (DEFAULT_BASE, DEFAULT_MAX, Duration::ZERO);
    Exponential { first, base, max, min, jitter: None }
}

impl Default for Exponential {
    /// Begins with a second.
    fn default() -> Self {
        exponential(Duration::from_secs(1))
    }
}

impl Exponential {
    /// Sets the factor between a delay and the next one; 2 by default. One that is negative or no
    /// number counts as 1, so that all delays are equal.
    #[must_use]
    pub fn base(mut self, base: f64) -> Self {
        self.base = if base >= 0.0 { base } else { 1.0 };
        self
    }

    /// Sets the longest delay; 60 s by default.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Sets the shortest delay; 0 by default. It holds even where it is above the maximum.
    #[must_use]
    pub fn min(mut self, min: Duration) -> Self {
        self.min = min;
        self
    }

    /// Spreads the delays; they are exact by default.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
        self
    }

    pub(super) fn delay(&self, retries: u32, seed: u32) -> Duration {
        let bound = self.bound(retries);
        match self.jitter {
            None => bound,
            Some(Jitter::Full) => jitter::between(self.min, bound, seed),
            Some(Jitter::UpTo(most)) => {
                let more = jitter::between(Duration::ZERO, most, seed);
                bound.saturating_add(more).min(self.max).max(self.min)
            }
        }
    }

    /// Returns the delay without jitter.
    fn bound(&self, retries: u32) -> Duration {
        // Zero times infinity would be no number.
        if self.first.is_zero() {
            return self.min;
        }
        let seconds = self.first.as_secs_f64() * self.base.powf(f64::from(retries));
        // It fails for what is too much for a duration, and that is more than any maximum.
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        delay.min(self.max).max(self.min)
    }
}

impl fmt::Display for Exponential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} x {}^n", self.first, self.base)?;
        if !self.min.is_zero() {
            write!(f, " from {:?}", self.min)?;
        }
        if self.max != Duration::MAX {
            write!(f, " up to {:?}", self.max)?;
        }
        match self.jitter {
            None => Ok(()),
            Some(Jitter::Full) => f.write_str(" with full jitter"),
            Some(Jitter::UpTo(most)) => write!(f, " with {most:?} of jitter"),
        }
    }
}
