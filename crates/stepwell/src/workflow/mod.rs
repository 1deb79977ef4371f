//! A workflow: its steps as code, and its [`Definition`] as data.
//!
//! [`Workflow::builder`] is the whole API; macros write nothing that it cannot say.

mod builder;
pub(crate) mod constant;
mod describe;
pub mod drawing;
mod graph;
mod into;
pub(crate) mod known;
mod levels;
mod options;
mod step;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_core::{Definition, Name};

pub use builder::Builder;
pub use graph::{BuildError, GraphCheck, Problem};
pub use into::{IntoWorkflow, StepFunction};
pub use options::{ResourceUse, StepOptions};
pub(crate) use step::{BlockingStep, BodyFuture, ErasedStep, TypedStep};

use crate::engine::state::ErasedState;
use crate::event::EventType;
use crate::resource::Resources;
use crate::shape::InputShape;
use crate::{Engine, Event, Run, RunError};

/// How long a run started by [`Workflow::run`] may be busy unless the workflow says otherwise.
///
/// 45 s as in LlamaIndex Workflows. Served workflows have no such default. A run that only waits
/// for an event is not busy: if none ever comes, it waits for ever.
pub const DEFAULT_RUN_TIMEOUT: Duration = Duration::from_secs(45);

/// What the state of a run must be able to do.
///
/// Implemented for every type that can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the state of a workflow",
    note = "a state derives `Clone`, `Default`, `serde::Serialize` and `serde::Deserialize`, and \
            holds nothing that cannot be sent between threads"
)]
pub trait State: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static> State for T {}

/// A set of steps, checked, ready to run. Cheap to clone.
#[derive(Clone)]
pub struct Workflow {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    definition: Definition,
    version: String,
    module: Option<String>,
    description: Option<String>,
    steps: Vec<Step>,
    /// Every type that a step accepts or returns, or that was added; each name once.
    types: Vec<EventType>,
    start: EventType,
    stop: EventType,
    resources: Resources,
    concurrent_runs: Option<usize>,
    verbose: bool,
    state: StateType,
}

/// A step: its name, the types of its signature, and its code.
#[derive(Clone)]
pub struct Step {
    pub(crate) name: Name,
    pub(crate) options: StepOptions,
    pub(crate) input: InputShape,
    pub(crate) accepts: Vec<EventType>,
    pub(crate) emits: Vec<EventType>,
    /// The names of the events that it returns alone.
    pub(crate) bare: Vec<Name>,
    /// The names of the events that it returns in a list.
    pub(crate) listed: Vec<Name>,
    pub(crate) has_list: bool,
    /// Of an error handler: the steps it covers, or all others, and how often it is entered.
    pub(crate) catch: Option<(Option<Vec<String>>, u32)>,
    pub(crate) body: Arc<dyn ErasedStep>,
}

/// How to make the state of a run from JSON.
#[derive(Clone, Copy)]
pub(crate) struct StateType {
    pub(crate) initial: fn() -> Result<serde_json::Value, serde_json::Error>,
    pub(crate) load: fn(serde_json::Value) -> Result<Arc<dyn ErasedState>, serde_json::Error>,
}

impl Workflow {
    /// Begins a workflow called `name`.
    pub fn builder(name: impl Into<String>) -> Builder<()> {
        Builder::new(name.into())
    }

    /// Returns its own name. A server may register it under another.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.definition.name
    }

    /// Returns its version: stored runs are taken up only by the version they were started with.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// Returns what it is for, in the words of whoever wrote it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.inner.description.as_deref()
    }

    /// Returns every type of event that can be sent to it, its start and stop events among them.
    #[must_use]
    pub fn event_types(&self) -> &[EventType] {
        &self.inner.types
    }

    /// Returns the type of event that starts it.
    #[must_use]
    pub fn start_type(&self) -> &EventType {
        &self.inner.start
    }

    /// Returns the type of event that ends it.
    #[must_use]
    pub fn stop_type(&self) -> &EventType {
        &self.inner.stop
    }

    /// Returns its steps, in the order in which they were added.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.inner.steps
    }

    /// Tells whether a step takes single events of this name.
    pub(crate) fn takes(&self, step: &str, event: &str) -> bool {
        self.step(step).is_some_and(|step| {
            !matches!(step.input, InputShape::Join { .. })
                && step.accepts.iter().any(|accepted| accepted.is_called(event))
        })
    }

    /// Tells whether events of this name can be sent to its runs.
    pub(crate) fn knows(&self, event: &str) -> bool {
        self.inner.types.iter().any(|known| known.is_called(event))
    }

    /// Returns its graph, to look at.
    #[must_use]
    pub fn graph(&self) -> drawing::Graph {
        drawing::Graph::of(self)
    }

    /// Starts a run in this process, in memory.
    ///
    /// The run goes on if the handle is dropped, but not beyond the process. To keep runs, open
    /// an [`Engine`] on a store.
    ///
    /// # Errors
    ///
    /// Returns [`RunError::Engine`] if the start event is not of this workflow's start type, and
    /// [`RunError::Event`] if it cannot be written as JSON.
    pub async fn run<E: Event>(&self, start: E) -> Result<Run, RunError> {
        let workflow = self.with_default_timeout();
        let name = self.name().to_owned();
        let engine = Engine::builder().workflow(&name, workflow).open().await?;
        engine.run(&name, start).await
    }

    /// Tells whether its runs are to be logged line by line.
    pub(crate) fn is_verbose(&self) -> bool {
        self.inner.verbose
    }

    /// Returns how many of its runs may be in memory at once.
    pub(crate) fn concurrent_runs(&self) -> Option<usize> {
        self.inner.concurrent_runs
    }

    pub(crate) fn resources(&self) -> &Resources {
        &self.inner.resources
    }

    pub(crate) fn definition(&self) -> &Definition {
        &self.inner.definition
    }

    pub(crate) fn module(&self) -> Option<&str> {
        self.inner.module.as_deref()
    }

    pub(crate) fn state_type(&self) -> StateType {
        self.inner.state
    }

    pub(crate) fn step(&self, name: &str) -> Option<&Step> {
        self.inner.steps.iter().find(|step| &step.name == name)
    }

    /// Returns the workflow as another process has it, with other bodies.
    #[cfg(feature = "testing")]
    pub(crate) fn reborn(&self, body: impl Fn(&Step) -> Arc<dyn ErasedStep>) -> Self {
        let mut inner = Inner::clone(&self.inner);
        inner.steps.iter_mut().for_each(|step| step.body = body(step));
        inner.resources = inner.resources.unmade();
        Self { inner: Arc::new(inner) }
    }

    fn with_default_timeout(&self) -> Self {
        let mut inner = Inner::clone(&self.inner);
        inner.definition.timeout.get_or_insert(DEFAULT_RUN_TIMEOUT);
        Self { inner: Arc::new(inner) }
    }
}

impl Step {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it is for, in the words of whoever wrote it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.options.description.as_deref()
    }

    /// Returns the resources that it takes.
    #[must_use]
    pub fn resources(&self) -> &[ResourceUse] {
        &self.options.resources
    }

    /// Returns the types of event that it accepts.
    #[must_use]
    pub fn accepts(&self) -> &[EventType] {
        &self.accepts
    }

    /// Returns the types of event that it may return.
    #[must_use]
    pub fn emits(&self) -> &[EventType] {
        &self.emits
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflow")
            .field("definition", &self.inner.definition)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("name", &self.name)
            .field("accepts", &self.accepts)
            .field("emits", &self.emits)
            .finish_non_exhaustive()
    }
}
