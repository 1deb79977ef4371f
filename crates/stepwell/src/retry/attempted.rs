//! What a policy is told about an attempt that failed.

use std::any::type_name;
use std::error::Error as StdError;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How far a chain of causes is followed. Real ones are shorter than ten; an error that names
/// itself as its source would never end.
const MAX_CAUSES: usize = 64;

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempted<'a> {
    /// How long ago the first attempt began.
    pub elapsed: Duration,
    /// How often the work item has failed by now, this time included; so the first time it is 1.
    pub failures: u32,
    /// Why it failed.
    pub failure: FailureView<'a>,
    /// What jitter is drawn from, as [`seed`] makes it.
    pub seed: u32,
}

impl Attempted<'_> {
    /// Counts the retries before the one that is asked for.
    pub(super) fn retries(&self) -> u32 {
        self.failures.saturating_sub(1)
    }
}

/// Why an attempt failed, as conditions see it.
///
/// [`FailureView::new`] knows a type and a text; the rest is filled in field by field.
///
/// # Examples
///
/// ```
/// use stepwell::retry::FailureView;
///
/// let failure = FailureView { fatal: true, ..FailureView::new("CardDeclined", "no money") };
/// assert_eq!(failure.message, "no money");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FailureView<'a> {
    /// The name of the error's type, as [`type_name`] writes it.
    pub kind: &'a str,
    /// What the error says.
    pub message: &'a str,
    /// What caused it, and what caused that, and so on.
    pub causes: &'a [CauseView<'a>],
    /// Whether trying again cannot help. Then no policy is asked.
    pub fatal: bool,
    /// The error itself, where the step has just returned it. A body that panicked has none.
    pub error: Option<&'a (dyn StdError + Send + Sync + 'static)>,
}

/// A cause of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseView<'a> {
    /// The name of its type; empty where only its text is known.
    pub kind: &'a str,
    /// What it says.
    pub message: &'a str,
}

impl<'a> FailureView<'a> {
    /// Describes a failure that is not fatal and has no known cause.
    #[must_use]
    pub fn new(kind: &'a str, message: &'a str) -> Self {
        Self { kind, message, causes: &[], fatal: false, error: None }
    }

    /// Tells whether the error is an `E`.
    ///
    /// It is one if its type has the same name, or if [`FailureView::error`] says so.
    #[must_use]
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.kind == type_name::<E>() || self.downcast_ref::<E>().is_some()
    }

    /// Returns the error, if it is there and an `E`.
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&'a E> {
        self.error?.downcast_ref()
    }

    /// Tells whether an `E` is among the causes. The error itself is not one of them.
    #[must_use]
    pub fn is_caused_by<E: StdError + 'static>(&self) -> bool {
        let first = self.error.and_then(|error| error.source());
        let mut sources = std::iter::successors(first, |&error| error.source()).take(MAX_CAUSES);
        let name = type_name::<E>();
        self.causes.iter().any(|cause| cause.kind == name) || sources.any(|error| error.is::<E>())
    }
}

/// Returns the number that jitter is drawn from when a step of a run failed for the n-th time.
///
/// It is the low 32 bits of the SHA-256 of `run:step:failures`, so the same failure always gets
/// the same delay, and LlamaIndex Workflows computes the same number.
#[must_use]
pub fn seed(run: &str, step: &str, failures: u32) -> u32 {
    let hash = Sha256::digest(format!("{run}:{step}:{failures}"));
    let last = hash.last_chunk().expect("a SHA-256 has 32 bytes");
    u32::from_be_bytes(*last)
}
