//! Waiting inside a body for an event.

use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use stepwell_core::{CallKind, Event as RawEvent, Name, Outcome, Payload, Tick, Wait as WaitTick};

use super::numbers::WAIT_NAME;
use super::{Context, ContextError, check_size};
use crate::engine::mailbox::Input;
use crate::engine::state::{MAX_DEPTH, depth};
use crate::event;
use crate::workflow::State;
use crate::{Event, TypeRef};

/// A wait for an event of type `E`, which begins when it is awaited.
///
/// Made by [`Context::wait`].
#[must_use = "a wait begins when it is awaited"]
pub struct Wait<'a, S, E> {
    context: &'a Context<S>,
    name: Name,
    matching: BTreeMap<String, Value>,
    within: Option<Duration>,
    request: Option<RawEvent>,
    /// What was wrong with what it was told.
    error: Option<ContextError>,
    event: PhantomData<fn() -> E>,
}

impl<S: State> Context<S> {
    /// Waits for an event from outside or from another step.
    ///
    /// The step holds no worker while it waits, and the run need not stay in memory: when the
    /// event comes, a body that is gone runs again from its beginning, and what it had done is
    /// answered from the journal. The event goes to every wait that it matches, and to every other
    /// step that accepts it; to this step it is not given a second time. One that came before the
    /// wait is kept for it.
    ///
    /// A body that waits for something else at the same time, such as a timer of the runtime, a
    /// task, or more than 30 futures in one set, does more than wait: its run is not idle and stays
    /// in memory, and after a crash it runs again at once.
    ///
    /// The workflow must know the type of event: see
    /// [`Builder::additional_event`](crate::workflow::Builder::additional_event).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use stepwell::{Context, ContextError, Event, StepError};
    /// #[derive(Event)]
    /// #[event(request)]
    /// struct Approve { order: u64 }
    ///
    /// #[derive(Event)]
    /// #[event(response)]
    /// struct Decision { order: u64, ok: bool }
    ///
    /// async fn approved(order: u64, ctx: &Context) -> Result<bool, StepError> {
    ///     let decision = ctx
    ///         .wait::<Decision>()
    ///         .matching("order", order)
    ///         .within(Duration::from_secs(2 * 24 * 60 * 60))
    ///         .asking(Approve { order });
    ///     match decision.await {
    ///         Ok(decision) => Ok(decision.ok),
    ///         Err(ContextError::TimedOut) => Ok(false),
    ///         Err(error) => Err(error.into()),
    ///     }
    /// }
    /// ```
    pub fn wait<E: Event>(&self) -> Wait<'_, S, E> {
        Wait {
            context: self,
            name: E::NAME.into(),
            matching: BTreeMap::new(),
            within: None,
            request: None,
            error: None,
            event: PhantomData,
        }
    }
}

impl<S: State, E: Event> Wait<'_, S, E> {
    /// Names the wait, so that the step can have several at the same time.
    pub fn key(mut self, name: &str) -> Self {
        self.name = format!("{}{WAIT_NAME}{name}", E::NAME).into();
        self
    }

    /// Takes only events in which this field has this value. A field that is missing counts as
    /// null.
    pub fn matching(mut self, field: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) if depth(&value) > MAX_DEPTH => {
                let what = format!("`{field}` is nested over {MAX_DEPTH} deep");
                self.error = Some(ContextError::Json(serde::ser::Error::custom(what)));
            }
            Ok(value) => {
                self.matching.insert(field.to_owned(), value);
            }
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// Waits no longer than this: then it is over with [`ContextError::TimedOut`].
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// Publishes a request when the wait begins, once.
    pub fn asking<R: Event>(mut self, request: R) -> Self {
        match self.context.raw.inner.raw(&request) {
            Ok(request) => self.request = Some(request),
            Err(error) => self.error = Some(error),
        }
        self
    }

    async fn event(self) -> Result<E, ContextError> {
        let inner = &*self.context.raw.inner;
        self.context.may_wait()?;
        if let Some(error) = self.error {
            return Err(error);
        }
        if !inner.workflow.knows(E::NAME) {
            return Err(ContextError::NotDeclared { event: E::NAME });
        }
        check_fields::<E>(&self.matching)?;
        let Self { name, matching, within, request, .. } = self;
        let names = std::iter::once(&E::NAME).chain(E::ALIASES);
        let events = names.map(|name| Name::from(*name)).collect();
        let begins = |call| {
            let wait = WaitTick { call, events, matching, within, request };
            Some(Input::new(Tick::WaitBegun(wait)))
        };
        let branch = &self.context.branch;
        let made = inner.make(branch, CallKind::Wait, name, None, begins).await?;
        match made.answer().await? {
            Outcome::Event(event) => Ok(event::load(&event.value).map_err(unreadable::<E>)?),
            Outcome::TimedOut => Err(ContextError::TimedOut),
            _ => Err(ContextError::Ended),
        }
    }
}

fn unreadable<E: Event>(error: serde_path_to_error::Error<serde_json::Error>) -> serde_json::Error {
    let path = error.path().to_string();
    serde::de::Error::custom(format!("{}.{path}: {}", E::NAME, error.into_inner()))
}

/// A wait for a field that the type does not have would never end.
fn check_fields<E: Event>(matching: &BTreeMap<String, Value>) -> Result<(), ContextError> {
    if matching.is_empty() {
        return Ok(());
    }
    check_size(&Payload::from(serde_json::value::to_raw_value(matching)?))?;
    let schema = (TypeRef::of::<E>().schema)();
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_open = schema.get("additionalProperties").is_some_and(|allowed| *allowed != false)
        || properties.is_some_and(|properties| properties.contains_key("_data"));
    let has = |field: &&String| properties.is_some_and(|known| known.contains_key(field.as_str()));
    match matching.keys().find(|field| !is_open && !has(field)) {
        Some(field) => Err(ContextError::NoSuchField { event: E::NAME, field: field.clone() }),
        None => Ok(()),
    }
}

impl<'a, S: State, E: Event> IntoFuture for Wait<'a, S, E> {
    type Output = Result<E, ContextError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.event())
    }
}

impl<S, E: Event> fmt::Debug for Wait<'_, S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("name", &self.name)
            .field("matching", &self.matching)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}
