//! What steps return: from Rust types to events.

use stepwell_core::{DEFAULT_MODULE, Event as RawEvent, Output};

use crate::StepError;
use crate::event::{self, Event};
use crate::shape::{EmitShape, TypeRef};

/// Everything a step can return.
///
/// `()` and `None` emit nothing, an event emits itself, and `Err` fails the step. A `Vec` or a
/// [`FanOut`] is a list: its members form a batch, which a step that takes a
/// [`Join`](crate::Join) gets together again. A run in which nothing is left to do waits for an
/// event from outside, so a `None` must not be the last thing that happens.
///
/// A step that returns one of several events returns an enum with `#[derive(Emit)]`, each variant
/// of which holds something a step can return.
///
/// # Examples
///
/// ```
/// use stepwell::{Emit, Event, StopEvent};
///
/// #[derive(Event)]
/// struct Again {}
///
/// #[derive(Emit)]
/// enum Next {
///     Again(Again),
///     Done(StopEvent),
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a step cannot return a `{Self}`",
    note = "a step returns an event (a struct with `#[derive(stepwell::Event)]`), an enum of events \
            with `#[derive(stepwell::Emit)]`, `()`, an `Option` or `Vec` of what it can return, or a \
            `Result` whose error turns into a `StepError`"
)]
pub trait Emit: Send + 'static {
    /// The types of event it may emit.
    const SHAPE: EmitShape;

    /// Writes its events.
    ///
    /// # Errors
    ///
    /// Returns why the step failed, or that an event cannot be written as JSON.
    fn emit(self, to: &mut Emitter) -> Result<(), StepError>;
}

impl<E: Event> Emit for E {
    const SHAPE: EmitShape = EmitShape::Event(TypeRef::of::<E>());

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        to.event(&self)
    }
}

impl Emit for () {
    const SHAPE: EmitShape = EmitShape::Nothing;

    fn emit(self, _: &mut Emitter) -> Result<(), StepError> {
        Ok(())
    }
}

impl<T: Emit> Emit for Option<T> {
    const SHAPE: EmitShape = T::SHAPE;

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.map_or(Ok(()), |value| value.emit(to))
    }
}

impl<T: Emit> Emit for Vec<T> {
    const SHAPE: EmitShape = EmitShape::list(&T::SHAPE);

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        to.list();
        self.into_iter().try_for_each(|value| value.emit(to))
    }
}

impl<T: Emit, E: Into<StepError> + Send + 'static> Emit for Result<T, E> {
    const SHAPE: EmitShape = T::SHAPE;

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.map_err(Into::into)?.emit(to)
    }
}

/// A list of events that a step returns: they are given out one by one, and a
/// [`Join`](crate::Join) gets what comes of them together.
///
/// The same as a `Vec`, under a name that says what happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FanOut<T>(Vec<T>);

impl<T> FanOut<T> {
    /// Returns a list without members: its joins get an empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for FanOut<T> {
    fn from(members: Vec<T>) -> Self {
        Self(members)
    }
}

impl<T> FromIterator<T> for FanOut<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl<T> Extend<T> for FanOut<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        self.0.extend(members);
    }
}

impl<T: Emit> Emit for FanOut<T> {
    const SHAPE: EmitShape = <Vec<T> as Emit>::SHAPE;

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.0.emit(to)
    }
}

/// Collects the events that a step returned.
#[derive(Debug)]
pub struct Emitter {
    module: Option<String>,
    events: Vec<RawEvent>,
    is_list: bool,
}

impl Emitter {
    pub(crate) fn new(module: Option<&str>) -> Self {
        Self { module: module.map(str::to_owned), events: Vec::new(), is_list: false }
    }

    /// Adds an event.
    ///
    /// # Errors
    ///
    /// Returns why the event cannot be written as JSON.
    pub fn event<E: Event>(&mut self, event: &E) -> Result<(), StepError> {
        self.events.push(raw(event, self.module.as_deref())?);
        Ok(())
    }

    /// Says that what is added is a list, even if it is empty or a single event.
    pub fn list(&mut self) {
        self.is_list = true;
    }

    pub(crate) fn into_output(mut self) -> Output {
        match self.events.len() {
            _ if self.is_list => Output::Events(self.events),
            0 => Output::Nothing,
            1 => Output::Event(self.events.remove(0)),
            // Only an implementation by hand adds several without saying that they are a list.
            _ => Output::Events(self.events),
        }
    }
}

/// Writes an event for the journal; `module` is that of the workflow.
pub(crate) fn raw<E: Event>(
    event: &E,
    module: Option<&str>,
) -> Result<RawEvent, serde_json::Error> {
    Ok(RawEvent {
        name: E::NAME.into(),
        module: E::MODULE.or(module).unwrap_or(DEFAULT_MODULE).into(),
        family: E::FAMILY,
        value: event::payload(event)?,
    })
}
