//! The builder: what a workflow is, said call by call.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::{DEFAULT_WORKERS, Definition, Name, StepDefinition};

use super::graph::{self, BuildError, Problem};
use super::{ErasedStep, Inner, State, StateType, Step, TypedStep, Workflow};
use crate::engine::state::StateCell;
use crate::{Accept, Context, Emit, Event, TypeSet};

/// What can be set for a step.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions {
    workers: u32,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self { workers: DEFAULT_WORKERS }
    }
}

impl StepOptions {
    /// Returns the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many bodies of the step run at once in one run; 4 by default.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }
}

/// A workflow being described; `S` is the state of its runs.
pub struct Builder<S = ()> {
    name: String,
    version: String,
    module: Option<String>,
    description: Option<String>,
    timeout: Option<Duration>,
    steps: Vec<Described>,
    additional: Vec<fn(&mut TypeSet)>,
    /// The step before which the type of the state should have been said.
    state_after: Option<String>,
    state: PhantomData<fn(S)>,
}

struct Described {
    name: String,
    options: StepOptions,
    accepts: fn(&mut TypeSet),
    emits: fn(&mut TypeSet),
    body: Arc<dyn ErasedStep>,
}

impl Builder<()> {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            version: "1".to_owned(),
            module: None,
            description: None,
            timeout: None,
            steps: Vec::new(),
            additional: Vec::new(),
            state_after: None,
            state: PhantomData,
        }
    }

    /// Gives every run a state of type `S`, at first `S::default()`. Say it before the steps: they
    /// take a `Context<S>`.
    ///
    /// A type of your own derives `Clone`, `Default`, `Serialize` and `Deserialize`.
    #[must_use]
    pub fn state<S: State>(self) -> Builder<S> {
        Builder {
            state_after: self.steps.first().map(|step| step.name.clone()),
            name: self.name,
            version: self.version,
            module: self.module,
            description: self.description,
            timeout: self.timeout,
            steps: self.steps,
            additional: self.additional,
            state: PhantomData,
        }
    }
}

impl<S: State> Builder<S> {
    /// Sets the version. A stored run is taken up only by the version it was started with; `1`
    /// by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the module that Python clients find the workflow's event classes in; `__main__` by
    /// default.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.module = Some(module.into());
        self
    }

    /// Says what the workflow is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets how long a run may be busy. Time in which it only waits for the outside does not
    /// count. No limit by default when served, 45 s when run in the process.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Adds a step: an async function of an event and a [`Context`], whose parameter is the type
    /// given to [`Builder::state`] (or `()`). What it may return, [`Emit`] says.
    #[must_use]
    pub fn step<F, A, R>(self, name: impl Into<String>, body: F) -> Self
    where
        F: Fn(A, Context<S>) -> R + Clone + Send + Sync + 'static,
        A: Accept,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.step_with(name, StepOptions::new(), body)
    }

    /// Adds a step with options.
    #[must_use]
    pub fn step_with<F, A, R>(
        mut self,
        name: impl Into<String>,
        options: StepOptions,
        body: F,
    ) -> Self
    where
        F: Fn(A, Context<S>) -> R + Clone + Send + Sync + 'static,
        A: Accept,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.steps.push(Described {
            name: name.into(),
            options,
            accepts: A::describe,
            emits: <R::Output as Emit>::describe,
            body: Arc::new(TypedStep::<F, A, S>::new(body)),
        });
        self
    }

    /// Makes a type of event known that no step's signature returns: one that bodies only send
    /// with [`Context::send`], or one that only clients send.
    #[must_use]
    pub fn additional_event<E: Event>(mut self) -> Self {
        self.additional.push(TypeSet::add::<E>);
        self
    }

    /// Checks the graph of steps and events.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with it at once.
    pub fn build(self) -> Result<Workflow, BuildError> {
        let described = |describe: fn(&mut TypeSet)| {
            let mut types = TypeSet::new(self.module.clone());
            describe(&mut types);
            types.into_types()
        };
        let steps: Vec<Step> = self
            .steps
            .iter()
            .map(|step| Step {
                name: Name::from(step.name.as_str()),
                accepts: described(step.accepts),
                emits: described(step.emits),
                body: Arc::clone(&step.body),
            })
            .collect();
        let additional = self.additional.iter().flat_map(|add| described(*add)).collect();
        let workers: Vec<u32> = self.steps.iter().map(|step| step.options.workers).collect();
        if let Some(step) = self.state_after {
            let problems = vec![Problem::StateAfterSteps(step)];
            return Err(BuildError { workflow: self.name, problems });
        }
        let graph = graph::check(&self.name, &steps, &workers, additional)?;

        let definition = Definition {
            name: self.name.into(),
            timeout: self.timeout,
            steps: steps
                .iter()
                .zip(workers)
                .map(|(step, workers)| step.definition(workers))
                .collect(),
        };
        let inner = Inner {
            definition,
            version: self.version,
            module: self.module,
            description: self.description,
            steps,
            types: graph.types,
            has_additional: !self.additional.is_empty(),
            start: graph.start,
            stop: graph.stop,
            state: StateType { initial: StateCell::<S>::initial, load: StateCell::<S>::load },
        };
        Ok(Workflow { inner: Arc::new(inner) })
    }
}

impl Step {
    /// An alias is accepted too, so that events stored under it still find their step.
    fn definition(&self, workers: u32) -> StepDefinition {
        let names = self.accepts.iter().flat_map(|accepted| {
            let aliases = accepted.aliases().iter().map(|alias| Name::from(*alias));
            std::iter::once(accepted.name().clone()).chain(aliases)
        });
        StepDefinition { name: self.name.clone(), accepts: names.collect(), workers }
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("steps", &steps)
            .finish_non_exhaustive()
    }
}
