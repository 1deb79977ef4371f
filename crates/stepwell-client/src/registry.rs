//! Sorting events by their classes.

use std::fmt;

use crate::{Event, LoadError, TypedEvent};

type Load<T> = Box<dyn Fn(&Event) -> Result<T, LoadError> + Send + Sync>;

/// Turns events of several classes into one type, such as an enum of the caller's.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use stepwell_client::{Event, EventRegistry, LoadError, TypedEvent};
///
/// #[derive(Serialize, Deserialize)]
/// struct Progress {
///     percent: u8,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Question {
///     text: String,
/// }
///
/// impl TypedEvent for Progress {
///     const NAME: &'static str = "Progress";
/// }
///
/// impl TypedEvent for Question {
///     const NAME: &'static str = "Question";
/// }
///
/// enum News {
///     Progress(Progress),
///     Question(Question),
/// }
///
/// fn show(event: &Event) -> Result<(), LoadError> {
///     let registry = EventRegistry::new().with(News::Progress).with(News::Question);
///     match registry.load(event)? {
///         Some(News::Progress(progress)) => println!("{} %", progress.percent),
///         Some(News::Question(question)) => println!("{}?", question.text),
///         None => println!("something else: {}", event.name()),
///     }
///     Ok(())
/// }
/// ```
pub struct EventRegistry<T> {
    classes: Vec<Class<T>>,
}

struct Class<T> {
    is_of: fn(&Event) -> bool,
    load: Load<T>,
}

impl<T> EventRegistry<T> {
    /// Makes one that knows no class.
    #[must_use]
    pub fn new() -> Self {
        Self { classes: Vec::new() }
    }

    /// Also knows the class `E`, and what becomes of its events. Of several that an event fits, the
    /// first one counts.
    #[must_use]
    pub fn with<E: TypedEvent>(mut self, into: impl Fn(E) -> T + Send + Sync + 'static) -> Self {
        let load = move |event: &Event| event.value_as().map(&into);
        self.classes.push(Class { is_of: Event::is_of::<E>, load: Box::new(load) });
        self
    }

    /// Reads an event by the type or the qualified name of its class; none if it is of no class
    /// that is known.
    ///
    /// # Errors
    ///
    /// Returns which field does not fit, although the class is known.
    pub fn load(&self, event: &Event) -> Result<Option<T>, LoadError> {
        let found = self.classes.iter().find(|class| (class.is_of)(event));
        found.map(|class| (class.load)(event)).transpose()
    }
}

impl<T> Default for EventRegistry<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for EventRegistry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRegistry").field("classes", &self.classes.len()).finish()
    }
}
