//! What steps take: from events to Rust types.

mod failed;
mod join;

use stepwell_core::{Event as RawEvent, Input as RawInput};

pub use failed::{AnyInput, StepFailed};
pub use join::{Join, Take};

use crate::StepError;
use crate::event::{self, Event};
use crate::shape::{InputShape, TypeRef};

/// One event of one of several types: an event, or an enum of events with `#[derive(Accept)]`.
#[diagnostic::on_unimplemented(
    message = "a step cannot take a `{Self}`",
    note = "a step takes an event (a struct with `#[derive(stepwell::Event)]`), an enum of events \
            with `#[derive(stepwell::Accept)]`, a `Join`, a `Take`, or several events"
)]
pub trait Accept: Send + Sized + 'static {
    /// The types.
    const TYPES: &'static [TypeRef];

    /// Reads it from an event of one of these types.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the event's fields. The attempt then fails.
    fn accept(event: &RawEvent) -> Result<Self, StepError>;
}

impl<E: Event> Accept for E {
    const TYPES: &'static [TypeRef] = &[TypeRef::of::<E>()];

    fn accept(event: &RawEvent) -> Result<Self, StepError> {
        Ok(event::load(&event.value)?)
    }
}

/// Everything a step can take as its first argument.
///
/// An event or an enum of events runs the step for each of them; [`Join`] and [`Take`] for the
/// events of a batch together; a tuple for one event of each type together.
#[diagnostic::on_unimplemented(
    message = "a step cannot take a `{Self}`",
    note = "a step takes an event (a struct with `#[derive(stepwell::Event)]`), an enum of events \
            with `#[derive(stepwell::Accept)]`, a `Join`, a `Take`, or several events"
)]
pub trait StepInput: Send + Sized + 'static {
    /// What it is made of.
    const SHAPE: InputShape;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with an event's fields. The attempt then fails.
    fn read(input: &RawInput) -> Result<Self, StepError>;
}

impl<A: Accept> StepInput for A {
    const SHAPE: InputShape = InputShape::Each(A::TYPES);

    fn read(input: &RawInput) -> Result<Self, StepError> {
        match input {
            RawInput::Event(event) => A::accept(event),
            _ => Err(mismatch()),
        }
    }
}

macro_rules! all {
    ($($event:ident)+) => {
        impl<$($event: Event),+> StepInput for ($($event,)+) {
            const SHAPE: InputShape = InputShape::All(&[$(TypeRef::of::<$event>()),+]);

            fn read(input: &RawInput) -> Result<Self, StepError> {
                let RawInput::All(events) = input else { return Err(mismatch()) };
                let mut events = events.iter();
                Ok(($($event::accept(events.next().ok_or_else(mismatch)?)?,)+))
            }
        }
    };
}

all!(A B);
all!(A B C);
all!(A B C D);
all!(A B C D E);
all!(A B C D E F);

/// The definition that the run keeps to gives the step something else than its code takes.
fn mismatch() -> StepError {
    StepError::new("the run gives the step something else than it takes now")
}
