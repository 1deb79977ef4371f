//! What an error handler takes: the failure of another step.

use std::time::Duration;

use stepwell_core::{FailedAttempt, Input as RawInput, Timestamp};

use super::{StepInput, mismatch};
use crate::StepError;
use crate::shape::InputShape;

/// A failure of a step that no further attempt will mend.
///
/// `I` is what the step takes; the compiler checks that for workflows written with
/// `#[workflow]`. A handler of steps that take different things takes a
/// `StepFailed<AnyInput>`.
#[derive(Debug)]
#[non_exhaustive]
pub struct StepFailed<I = AnyInput> {
    /// The step.
    pub step: String,
    /// What it was given.
    pub input: I,
    /// Why its last attempt failed.
    pub error: StepError,
    /// How many attempts there were.
    pub attempts: u32,
    /// How long after the beginning of the first attempt the last one failed.
    pub elapsed: Duration,
    /// When the last attempt failed.
    pub failed_at: Timestamp,
    /// The failures of its attempts, oldest first, the last 20 of them.
    pub history: Vec<FailedAttempt>,
}

/// What any step takes, as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyInput(pub RawInput);

impl AnyInput {
    /// Reads it as what a step takes.
    ///
    /// # Errors
    ///
    /// Returns an error if it is something else.
    pub fn read<I: StepInput>(&self) -> Result<I, StepError> {
        I::read(&self.0)
    }
}

impl StepInput for AnyInput {
    const SHAPE: InputShape = InputShape::Any;

    fn read(input: &RawInput) -> Result<Self, StepError> {
        Ok(Self(input.clone()))
    }
}

impl<I: StepInput> StepInput for StepFailed<I> {
    const SHAPE: InputShape = InputShape::Failed(&I::SHAPE);

    fn read(input: &RawInput) -> Result<Self, StepError> {
        let RawInput::Failed(failed) = input else { return Err(mismatch()) };
        Ok(Self {
            step: failed.step.to_string(),
            input: I::read(&failed.input)?,
            error: StepError::from_failure(&failed.failure),
            attempts: failed.attempts,
            elapsed: failed.elapsed,
            failed_at: failed.failed_at,
            history: failed.history.clone(),
        })
    }
}
