//! What steps accept and return: from Rust types to events and back.

use stepwell_core::{DEFAULT_MODULE, Event as RawEvent, Output};

use crate::StepError;
use crate::event::{self, Event, EventType};

/// Everything a step can take as its first argument.
#[diagnostic::on_unimplemented(
    message = "a step cannot take a `{Self}`",
    note = "a step takes an event: a struct with `#[derive(stepwell::Event)]`"
)]
pub trait Accept: Send + Sized + 'static {
    /// Adds the types of event it stands for.
    fn describe(types: &mut TypeSet);

    /// Reads it from an event of one of these types.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the event's fields. The attempt then fails.
    fn accept(event: &RawEvent) -> Result<Self, StepError>;
}

/// Everything a step can return.
///
/// `()` and `None` emit nothing, an event emits itself, `Vec` emits all its members in order, and
/// `Err` fails the step. A run in which nothing is left to do waits for an event from outside, so
/// a `None` or an empty `Vec` must not be the last thing that happens.
///
/// # Examples
///
/// A step that returns one of several events returns an enum:
///
/// ```
/// use stepwell::{Emit, Emitter, Event, StepError, StopEvent, TypeSet};
///
/// #[derive(Event)]
/// struct Again {}
///
/// enum Next {
///     Again(Again),
///     Done(StopEvent),
/// }
///
/// impl Emit for Next {
///     fn describe(types: &mut TypeSet) {
///         types.add::<Again>();
///         types.add::<StopEvent>();
///     }
///
///     fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
///         match self {
///             Next::Again(event) => event.emit(to),
///             Next::Done(event) => event.emit(to),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a step cannot return a `{Self}`",
    note = "a step returns an event (a struct with `#[derive(stepwell::Event)]`), `()`, an `Option` or \
            `Vec` of what it can return, or a `Result` whose error turns into a `StepError`"
)]
pub trait Emit: Send + 'static {
    /// Adds the types of event it may emit.
    fn describe(types: &mut TypeSet);

    /// Writes its events.
    ///
    /// # Errors
    ///
    /// Returns why the step failed, or that an event cannot be written as JSON.
    fn emit(self, to: &mut Emitter) -> Result<(), StepError>;
}

impl<E: Event> Accept for E {
    fn describe(types: &mut TypeSet) {
        types.add::<E>();
    }

    fn accept(event: &RawEvent) -> Result<Self, StepError> {
        Ok(event::load(&event.value)?)
    }
}

impl<E: Event> Emit for E {
    fn describe(types: &mut TypeSet) {
        types.add::<E>();
    }

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        to.event(&self)
    }
}

impl Emit for () {
    fn describe(_: &mut TypeSet) {}

    fn emit(self, _: &mut Emitter) -> Result<(), StepError> {
        Ok(())
    }
}

impl<T: Emit> Emit for Option<T> {
    fn describe(types: &mut TypeSet) {
        T::describe(types);
    }

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.map_or(Ok(()), |value| value.emit(to))
    }
}

impl<T: Emit> Emit for Vec<T> {
    fn describe(types: &mut TypeSet) {
        T::describe(types);
    }

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.into_iter().try_for_each(|value| value.emit(to))
    }
}

impl<T: Emit, E: Into<StepError> + Send + 'static> Emit for Result<T, E> {
    fn describe(types: &mut TypeSet) {
        T::describe(types);
    }

    fn emit(self, to: &mut Emitter) -> Result<(), StepError> {
        self.map_err(Into::into)?.emit(to)
    }
}

/// Collects the types of event that a signature names.
#[derive(Debug)]
pub struct TypeSet {
    module: Option<String>,
    types: Vec<EventType>,
}

impl TypeSet {
    pub(crate) fn new(module: Option<String>) -> Self {
        Self { module, types: Vec::new() }
    }

    /// Adds a type.
    pub fn add<E: Event>(&mut self) {
        self.types.push(EventType::of::<E>(self.module.as_deref()));
    }

    pub(crate) fn into_types(self) -> Vec<EventType> {
        self.types
    }
}

/// Collects the events that a step returned.
#[derive(Debug)]
pub struct Emitter {
    module: Option<String>,
    events: Vec<RawEvent>,
}

impl Emitter {
    pub(crate) fn new(module: Option<&str>) -> Self {
        Self { module: module.map(str::to_owned), events: Vec::new() }
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

    pub(crate) fn into_output(mut self) -> Output {
        match self.events.len() {
            0 => Output::Nothing,
            1 => Output::Event(self.events.remove(0)),
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
