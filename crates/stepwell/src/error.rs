//! Why a step failed.

use std::any::type_name;
use std::error::Error as StdError;
use std::fmt;

use stepwell_core::Failure;

/// Why a step failed.
///
/// Any type that implements [`std::error::Error`] turns into a `StepError` through `?`.
/// [`StepError::new`] makes one from a text, a boxed error, or whatever else turns into one, such
/// as `anyhow::Error`.
///
/// # Examples
///
/// ```
/// # use stepwell::StepError;
/// fn parse(age: &str) -> Result<u8, StepError> {
///     let age = age.parse()?;
///     if age < 18 { Err(StepError::new("too young")) } else { Ok(age) }
/// }
///
/// assert_eq!(parse("7").unwrap_err().to_string(), "too young");
/// ```
pub struct StepError {
    kind: &'static str,
    source: Box<dyn StdError + Send + Sync>,
}

impl StepError {
    /// Makes an error from a text or a boxed error.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind: "StepError", source: error.into() }
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure { kind: self.kind.to_owned(), message: self.to_string() }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for StepError {
    fn from(error: E) -> Self {
        Self { kind: type_name::<E>(), source: Box::new(error) }
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
