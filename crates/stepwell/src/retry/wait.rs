//! Waits: how long before the next attempt.

use std::any::type_name;
use std::fmt::{self, Display};
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use super::attempted::Attempted;
use super::growing::{Exponential, Incrementing};
use super::jitter;

/// How long to wait before the next attempt.
///
/// Waits are added with `+`. What overflows a [`Duration`] is [`Duration::MAX`].
#[derive(Clone)]
pub struct Wait(Kind);

#[derive(Clone)]
enum Kind {
    Fixed(Duration),
    Random(Duration, Duration),
    Incrementing(Incrementing),
    Exponential(Exponential),
    Chain(Vec<Wait>),
    Sum(Vec<Wait>),
    Custom { name: &'static str, delay: Arc<Delay> },
}

type Delay = dyn Fn(&Attempted<'_>) -> Duration + Send + Sync;

/// Makes a wait that is the same every time.
#[must_use]
pub fn fixed(delay: Duration) -> Wait {
    Wait(Kind::Fixed(delay))
}

/// Makes a wait that is anything between two durations, whichever is the longer one.
#[must_use]
pub fn random(min: Duration, max: Duration) -> Wait {
    Wait(Kind::Random(min, max))
}

/// Makes a wait that is the first of these before the first retry, the second before the second,
/// and so on; when none is left, the last again and again. With none at all there is no wait.
///
/// Each knows how many retries there were before it: an exponential wait that comes third begins
/// with its third delay.
#[must_use]
pub fn chain<W: Into<Wait>>(waits: impl IntoIterator<Item = W>) -> Wait {
    Wait(Kind::Chain(waits.into_iter().map(Into::into).collect()))
}

impl Wait {
    /// Returns the wait that is none.
    #[must_use]
    pub fn none() -> Self {
        fixed(Duration::ZERO)
    }

    /// Makes a wait of a function. Chance belongs there only if it is drawn from
    /// [`Attempted::seed`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stepwell::retry::FailureView;
    /// # fn retry_after(failure: &FailureView<'_>) -> Option<Duration> { None }
    /// use stepwell::retry::{Wait, exponential, retry};
    ///
    /// let usual = Wait::from(exponential(Duration::from_secs(1)));
    /// let policy = retry().wait(Wait::custom(move |attempted| {
    ///     retry_after(&attempted.failure).unwrap_or_else(|| usual.delay(attempted))
    /// }));
    /// ```
    #[must_use]
    pub fn custom<F>(delay: F) -> Self
    where
        F: Fn(&Attempted<'_>) -> Duration + Send + Sync + 'static,
    {
        Self(Kind::Custom { name: type_name::<F>(), delay: Arc::new(delay) })
    }

    /// Returns how long to wait after an attempt that failed.
    #[must_use]
    pub fn delay(&self, attempted: &Attempted<'_>) -> Duration {
        let retries = attempted.retries();
        match &self.0 {
            Kind::Fixed(delay) => *delay,
            Kind::Random(min, max) => jitter::between(*min, *max, attempted.seed),
            Kind::Incrementing(wait) => wait.delay(retries),
            Kind::Exponential(wait) => wait.delay(retries, attempted.seed),
            Kind::Chain(waits) => {
                let wait = waits.get(retries as usize).or(waits.last());
                wait.map_or(Duration::ZERO, |wait| wait.delay(attempted))
            }
            Kind::Sum(waits) => {
                let delays = waits.iter().map(|wait| wait.delay(attempted));
                delays.fold(Duration::ZERO, Duration::saturating_add)
            }
            Kind::Custom { delay, .. } => delay(attempted),
        }
    }

    fn plus(self, other: Self) -> Self {
        let mut waits = match self.0 {
            Kind::Sum(waits) => waits,
            kind => vec![Self(kind)],
        };
        waits.push(other);
        Self(Kind::Sum(waits))
    }

    pub(super) fn is_none(&self) -> bool {
        match &self.0 {
            Kind::Fixed(delay) => delay.is_zero(),
            Kind::Chain(waits) => waits.is_empty(),
            _ => false,
        }
    }
}

impl From<Incrementing> for Wait {
    fn from(wait: Incrementing) -> Self {
        Self(Kind::Incrementing(wait))
    }
}

impl From<Exponential> for Wait {
    fn from(wait: Exponential) -> Self {
        Self(Kind::Exponential(wait))
    }
}

impl<W: Into<Wait>> Add<W> for Wait {
    type Output = Wait;

    fn add(self, other: W) -> Wait {
        self.plus(other.into())
    }
}

impl<W: Into<Wait>> Add<W> for Incrementing {
    type Output = Wait;

    fn add(self, other: W) -> Wait {
        Wait::from(self).plus(other.into())
    }
}

impl<W: Into<Wait>> Add<W> for Exponential {
    type Output = Wait;

    fn add(self, other: W) -> Wait {
        Wait::from(self).plus(other.into())
    }
}

impl Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("no wait");
        }
        match &self.0 {
            Kind::Fixed(delay) => write!(f, "{delay:?}"),
            Kind::Random(min, max) => write!(f, "random {min:?} to {max:?}"),
            Kind::Incrementing(wait) => Display::fmt(wait, f),
            Kind::Exponential(wait) => Display::fmt(wait, f),
            Kind::Chain(waits) => join(f, waits, " then "),
            Kind::Sum(waits) => join(f, waits, " plus "),
            Kind::Custom { name, .. } => write!(f, "as {name} says"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, waits: &[Wait], word: &str) -> fmt::Result {
    for (nth, wait) in waits.iter().enumerate() {
        f.write_str(if nth == 0 { "" } else { word })?;
        match wait.0 {
            Kind::Chain(_) | Kind::Sum(_) => write!(f, "({wait})")?,
            _ => Display::fmt(wait, f)?,
        }
    }
    Ok(())
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}
