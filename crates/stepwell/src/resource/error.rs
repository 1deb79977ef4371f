//! Why a resource cannot be had.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::StepError;

/// Why there is no resource, whatever its factory says.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResourceError {
    /// Provide it.
    #[error("no resource of type `{0}`: add `.resource(...)` to the builder")]
    Missing(&'static str),

    /// Let one of them do without the next.
    #[error("resources need each other: {}", .0.join(" -> "))]
    Circle(Vec<&'static str>),

    /// Make the first one for each body too, or share the second one.
    #[error("resource `{shared}` is shared and cannot need `{needs}`, which is made for each body")]
    NeedsBody { shared: &'static str, needs: &'static str },

    /// Ask while the body runs, or while the workflow is there.
    #[error("resource `{0}` is asked for after the end of its body or workflow")]
    Ended(&'static str),

    /// Ask again; as a rule the process ends.
    #[error("the making of resource `{0}` was stopped")]
    Stopped(&'static str),
}

impl ResourceError {
    /// Returns it as an error that no further attempt will mend: the code must change.
    pub(super) fn fatal(self) -> StepError {
        StepError::fatal(self).with_kind("ResourceError")
    }
}

/// How the making of a resource failed, for each of those who asked.
#[derive(Clone)]
pub(super) struct FailedMaking(Arc<Inner>);

struct Inner {
    resource: &'static str,
    error: StepError,
}

impl FailedMaking {
    pub(super) fn new(resource: &'static str, error: StepError) -> Self {
        Self(Arc::new(Inner { resource, error }))
    }

    /// Returns the factory's error, with the name of the resource before its message.
    pub(super) fn error(&self) -> StepError {
        let error = &self.0.error;
        let again = Box::new(self.clone());
        let again = if error.is_fatal() { StepError::fatal(again) } else { StepError::new(again) };
        let again = again.with_kind(error.kind().to_owned());
        match error.details() {
            Some(details) => again.with_details(details.clone()),
            None => again,
        }
    }
}

impl StdError for FailedMaking {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Not the error itself: its message is part of this one's.
        self.0.error.error().source()
    }
}

impl fmt::Display for FailedMaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { resource, error } = &*self.0;
        write!(f, "cannot make resource `{resource}`: {error}")
    }
}

impl fmt::Debug for FailedMaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
