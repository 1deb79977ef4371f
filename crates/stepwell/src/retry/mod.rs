//! When a step that failed is tried again.
//!
//! A [`RetryPolicy`] has three parts: a [`Condition`] says which failures are worth another
//! attempt, a [`Wait`] how long to wait before it, a [`Stop`] when to give up. Each is made by a
//! function and joined by operators.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use stepwell::retry::{
//!     FailureView, Jitter, attempts, before_delay, error_type, exponential, retry,
//! };
//!
//! fn is_overloaded(failure: &FailureView<'_>) -> bool {
//!     failure.message.starts_with("503")
//! }
//!
//! const SECOND: Duration = Duration::from_secs(1);
//!
//! let policy = retry()
//!     .on(is_overloaded)
//!     .unless(error_type::<std::num::ParseIntError>())
//!     .wait(exponential(SECOND).max(30 * SECOND).jitter(Jitter::Full))
//!     .stop(attempts(5) | before_delay(60 * SECOND));
//! ```
//!
//! # What is deliberately not here
//!
//! - **No clock, no chance.** Time comes in with the question, and jitter is drawn from a seed, so
//!   the same question always has the same answer.
//! - **No replay.** The engine asks once and keeps the answer in the journal.
//! - **No guard against panics.** Policies run code of users. Whoever asks one catches its panic
//!   and takes it for [`Verdict::Stop`].

mod attempted;
mod condition;
mod growing;
mod jitter;
mod logic;
mod stop;
mod wait;

#[cfg(test)]
mod tests;

use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use attempted::{Attempted, CauseView, FailureView, seed};
pub use condition::{Condition, cause_type, error_type, message_is, message_matches, when};
pub use growing::{Exponential, Incrementing, exponential, incrementing};
pub use jitter::Jitter;
pub use stop::{Stop, after_delay, attempts, before_delay};
pub use wait::{Wait, chain, fixed, random};

const DEFAULT_DELAY: Duration = Duration::from_secs(5);
const DEFAULT_ATTEMPTS: u32 = 3;
const BACKOFF_ATTEMPTS: u32 = 5;

/// What a policy says to a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The step is tried again.
    Retry {
        /// How long to wait before. It can be as long as [`Duration::MAX`], so whoever adds it to
        /// a time must mind the overflow.
        delay: Duration,
    },
    /// The failure is final.
    Stop,
}

/// When a step that failed is tried again. Cheap to clone.
///
/// A step without a policy is not tried again. A [`Stop`] turns into the policy that has it and
/// is otherwise the default.
#[derive(Clone)]
pub struct RetryPolicy {
    parts: Arc<Parts>,
}

#[derive(Clone)]
struct Parts {
    condition: Condition,
    next: Next,
    stop: Stop,
}

#[derive(Clone)]
enum Next {
    Wait(Wait),
    Custom { name: &'static str, verdict: Arc<Decide> },
}

type Decide = dyn Fn(&Attempted<'_>) -> Verdict + Send + Sync;

/// Returns the default policy, as [`RetryPolicy::new`] does.
#[must_use]
pub fn retry() -> RetryPolicy {
    RetryPolicy::new()
}

impl RetryPolicy {
    /// Returns the policy that tries again after any error, waits 5 s, and stops after 3 attempts
    /// in all.
    #[must_use]
    pub fn new() -> Self {
        let (condition, wait) = (Condition::always(), fixed(DEFAULT_DELAY));
        let parts = Parts { condition, next: Next::Wait(wait), stop: attempts(DEFAULT_ATTEMPTS) };
        Self { parts: Arc::new(parts) }
    }

    /// Returns the policy with the same delay every time: 3 attempts, 5 s apart.
    #[must_use]
    pub fn constant_delay() -> Self {
        Self::new().wait(fixed(DEFAULT_DELAY)).stop(attempts(DEFAULT_ATTEMPTS))
    }

    /// Returns the policy with ever longer delays: 5 attempts, with anything up to 1 s between the
    /// first two, up to 2 s between the next two, and so on up to a minute.
    #[must_use]
    pub fn exponential_backoff() -> Self {
        let wait = Exponential::default().jitter(Jitter::Full);
        Self::new().wait(wait).stop(attempts(BACKOFF_ATTEMPTS))
    }

    /// Makes a policy of a function.
    ///
    /// It stands in the place of a wait, with the right to stop: it is asked only about failures
    /// that fulfil the condition, which here is any that is not fatal until [`RetryPolicy::on`]
    /// says otherwise; and [`RetryPolicy::stop`] can stop before the function does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use stepwell::retry::{RetryPolicy, Verdict, attempts};
    ///
    /// let policy = RetryPolicy::custom(|attempted| match attempted.failure.message {
    ///     "busy" => Verdict::Retry { delay: Duration::from_secs(1) },
    ///     _ => Verdict::Stop,
    /// });
    /// let policy = policy.stop(attempts(10));
    /// ```
    #[must_use]
    pub fn custom<F>(verdict: F) -> Self
    where
        F: Fn(&Attempted<'_>) -> Verdict + Send + Sync + 'static,
    {
        let next = Next::Custom { name: type_name::<F>(), verdict: Arc::new(verdict) };
        let parts = Parts { condition: Condition::always(), next, stop: Stop::never() };
        Self { parts: Arc::new(parts) }
    }

    /// Sets which failures are worth another attempt.
    #[must_use]
    pub fn on(self, condition: impl Into<Condition>) -> Self {
        self.with(|parts| parts.condition = condition.into())
    }

    /// Takes failures out of those that the condition set before is for.
    #[must_use]
    pub fn unless(self, condition: impl Into<Condition>) -> Self {
        self.with(|parts| parts.condition = parts.condition.clone() & !condition.into())
    }

    /// Sets how long to wait before the next attempt.
    #[must_use]
    pub fn wait(self, wait: impl Into<Wait>) -> Self {
        self.with(|parts| parts.next = Next::Wait(wait.into()))
    }

    /// Sets when to give up.
    #[must_use]
    pub fn stop(self, stop: Stop) -> Self {
        self.with(|parts| parts.stop = stop)
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.parts));
        self
    }

    /// Says what to do after an attempt that failed.
    ///
    /// # Panics
    ///
    /// Panics where a function that the policy was made of does. That counts as
    /// [`Verdict::Stop`]; the caller sees to it.
    #[must_use]
    pub fn verdict(&self, attempted: &Attempted<'_>) -> Verdict {
        let Parts { condition, next, stop } = &*self.parts;
        if attempted.failure.fatal || !condition.holds(&attempted.failure) {
            return Verdict::Stop;
        }
        let verdict = match next {
            Next::Wait(wait) => Verdict::Retry { delay: wait.delay(attempted) },
            Next::Custom { verdict, .. } => verdict(attempted),
        };
        match verdict {
            Verdict::Retry { delay } if stop.reached(attempted, delay) => Verdict::Stop,
            verdict => verdict,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Stop> for RetryPolicy {
    fn from(stop: Stop) -> Self {
        Self::new().stop(stop)
    }
}

/// As in `any error, wait 1s x 2^n up to 60s, stop after 5 attempts`; n is 0 at the first retry.
impl fmt::Display for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { condition, next, stop } = &*self.parts;
        match next {
            Next::Wait(wait) if wait.is_none() => write!(f, "{condition}, {wait}")?,
            Next::Wait(wait) => write!(f, "{condition}, wait {wait}")?,
            Next::Custom { name, .. } => write!(f, "{condition}, as {name} says")?,
        }
        match next {
            Next::Wait(_) if stop.is_never() => f.write_str(", never stop"),
            // The function itself stops.
            Next::Custom { .. } if stop.is_never() => Ok(()),
            _ => write!(f, ", stop {stop}"),
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
