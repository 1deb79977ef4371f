//! The builder: what a workflow is, said call by call.

#[cfg(test)]
pub(super) mod sketch;

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::OnStall;

use super::describe::{self, Described};
use super::graph::{self, BuildError, Problem};
use super::options::StepOptions;
use super::{BlockingStep, Inner, State, StateType, Step, TypedStep, Workflow};
use crate::engine::state::StateCell;
use crate::event::EventType;
use crate::resource::Resources;
use crate::shape::TypeRef;
use crate::{BlockingContext, Context, Emit, Event, StepFailed, StepInput};

/// A workflow being described; `S` is the state of its runs.
pub struct Builder<S = ()> {
    settings: Settings,
    steps: Vec<Described>,
    additional: Vec<TypeRef>,
    resources: Resources,
    /// The step before which the type of the state should have been said.
    state_after: Option<String>,
    state: PhantomData<fn(S)>,
}

/// What is said of a workflow besides its steps.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) module: Option<String>,
    pub(super) description: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) on_stall: OnStall,
    pub(super) concurrent_runs: Option<usize>,
    pub(super) verbose: bool,
    pub(super) skips: BTreeSet<super::GraphCheck>,
}

impl Builder<()> {
    pub(super) fn new(name: String) -> Self {
        Self {
            settings: Settings {
                name,
                version: "1".to_owned(),
                module: None,
                description: None,
                timeout: None,
                deadline: None,
                on_stall: OnStall::Wait,
                concurrent_runs: None,
                verbose: false,
                skips: BTreeSet::new(),
            },
            steps: Vec::new(),
            additional: Vec::new(),
            resources: Resources::default(),
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
            settings: self.settings,
            steps: self.steps,
            additional: self.additional,
            resources: self.resources,
            state: PhantomData,
        }
    }
}

impl<S: State> Builder<S> {
    /// Sets the version. A stored run is taken up only by the version it was started with; `1`
    /// by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// Sets the module that Python clients find the workflow's event classes in; `__main__` by
    /// default.
    #[must_use]
    pub fn module(mut self, module: impl Into<String>) -> Self {
        self.settings.module = Some(module.into());
        self
    }

    /// Says what the workflow is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.settings.description = Some(description.into());
        self
    }

    /// Sets how long a run may be busy. Time in which it only waits for the outside does not
    /// count. No limit by default when served, 45 s when run in the process.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Sets how long after its start a run must have ended, waiting included.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Says what becomes of a run in which nothing is left to do although it has not ended, and
    /// nothing that it waits for can come. It waits by default.
    #[must_use]
    pub fn on_stall(mut self, on_stall: OnStall) -> Self {
        self.settings.on_stall = on_stall;
        self
    }

    /// Sets how many runs of the workflow are in this process's memory at once; others wait for
    /// their turn, and the clocks of their timeouts do not run meanwhile. No limit by default.
    #[must_use]
    pub fn concurrent_runs(mut self, runs: usize) -> Self {
        self.settings.concurrent_runs = Some(runs);
        self
    }

    /// Logs what the runs of the workflow do, line by line, at level `INFO` under the target
    /// `stepwell::verbose`.
    #[must_use]
    pub fn verbose(mut self) -> Self {
        self.settings.verbose = true;
        self
    }

    /// Leaves out one check of the graph, for a workflow that knows better.
    #[must_use]
    pub fn skip(mut self, check: super::GraphCheck) -> Self {
        self.settings.skips.insert(check);
        self
    }

    /// Adds a step: an async function of what it takes ([`StepInput`]) and a [`Context`], whose
    /// parameter is the type given to [`Builder::state`] (or `()`). What it may return, [`Emit`]
    /// says.
    #[must_use]
    pub fn step<F, I, R>(self, name: impl Into<String>, body: F) -> Self
    where
        F: Fn(I, Context<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.step_with(name, StepOptions::new(), body)
    }

    /// Adds a step with options.
    #[must_use]
    pub fn step_with<F, I, R>(self, name: impl Into<String>, options: StepOptions, body: F) -> Self
    where
        F: Fn(I, Context<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.add(Described {
            name: name.into(),
            options,
            input: I::SHAPE,
            output: <R::Output as Emit>::SHAPE,
            catch: None,
            body: Arc::new(TypedStep::<F, I, S>::new(body)),
        })
    }

    /// Adds a step that blocks its thread: it runs on one of those that tokio keeps for that.
    /// A body that has been started cannot be stopped, and keeps the process from ending: one that
    /// takes long should look at [`Context::cancelled`]. What it returns after the end of its run
    /// is ignored.
    #[must_use]
    pub fn blocking_step<F, I, R>(
        self,
        name: impl Into<String>,
        options: StepOptions,
        body: F,
    ) -> Self
    where
        F: Fn(I, BlockingContext<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Emit,
    {
        self.add(Described {
            name: name.into(),
            options,
            input: I::SHAPE,
            output: R::SHAPE,
            catch: None,
            body: Arc::new(BlockingStep::<F, I, S>::new(body)),
        })
    }

    /// Adds a handler for failures of these steps that are final otherwise: after their last
    /// attempt. What it returns takes the place of what the step would have returned. A failure
    /// that comes of what it returned enters it again, up to `max_recoveries` times in all; the
    /// next one fails the run.
    #[must_use]
    pub fn catch<F, I, R, const N: usize>(
        self,
        name: impl Into<String>,
        steps: [&str; N],
        max_recoveries: u32,
        body: F,
    ) -> Self
    where
        F: Fn(StepFailed<I>, Context<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.catch_with(name, Some(&steps), max_recoveries, StepOptions::new(), body)
    }

    /// Adds a handler for failures of all steps that no other handler covers. See
    /// [`Builder::catch`].
    #[must_use]
    pub fn catch_all<F, I, R>(self, name: impl Into<String>, max_recoveries: u32, body: F) -> Self
    where
        F: Fn(StepFailed<I>, Context<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Future<Output: Emit> + Send + 'static,
    {
        self.catch_with(name, None, max_recoveries, StepOptions::new(), body)
    }

    /// Adds a handler with options: for these steps, or for all that no other handler covers. It
    /// has one worker, whatever the options say.
    #[must_use]
    pub fn catch_with<F, I, R>(
        self,
        name: impl Into<String>,
        steps: Option<&[&str]>,
        max_recoveries: u32,
        options: StepOptions,
        body: F,
    ) -> Self
    where
        F: Fn(StepFailed<I>, Context<S>) -> R + Clone + Send + Sync + 'static,
        I: StepInput,
        R: Future<Output: Emit> + Send + 'static,
    {
        let steps = steps.map(|steps| steps.iter().map(|step| (*step).to_owned()).collect());
        self.add(Described {
            name: name.into(),
            options: options.workers(1),
            input: <StepFailed<I> as StepInput>::SHAPE,
            output: <R::Output as Emit>::SHAPE,
            catch: Some((steps, max_recoveries)),
            body: Arc::new(TypedStep::<F, StepFailed<I>, S>::new(body)),
        })
    }

    fn add(mut self, step: Described) -> Self {
        self.steps.push(step);
        self
    }

    /// Makes a type of event known that no step's signature names: one that bodies only send with
    /// [`Context::send`] or wait for with [`Context::wait`], or one that only clients send. One
    /// that comes before a body waits for it is kept for it.
    #[must_use]
    pub fn additional_event<E: Event>(mut self) -> Self {
        self.additional.push(TypeRef::of::<E>());
        self
    }

    /// Provides a value that steps take as a [`Res`](crate::Res).
    #[must_use]
    pub fn resource<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.resources.provide(value);
        self
    }

    /// Provides a value that is made when a step first needs it, and then shared by all runs of
    /// this workflow in this process.
    #[must_use]
    pub fn resource_with<T, F, R, E>(mut self, make: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(Resources) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<crate::StepError> + Send + 'static,
    {
        self.resources.provide_with(true, make);
        self
    }

    /// Provides a value that is made anew for each body of a step.
    #[must_use]
    pub fn resource_each<T, F, R, E>(mut self, make: F) -> Self
    where
        T: Send + Sync + 'static,
        F: Fn(Resources) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<crate::StepError> + Send + 'static,
    {
        self.resources.provide_with(false, make);
        self
    }

    /// Checks the graph of steps and events.
    ///
    /// # Errors
    ///
    /// Returns everything that is wrong with it at once.
    pub fn build(self) -> Result<Workflow, BuildError> {
        let Self { settings, steps, additional, resources, state_after, .. } = self;
        let module = settings.module.as_deref();
        let steps: Vec<Step> = steps.into_iter().map(|step| step.describe(module)).collect();
        let additional: Vec<EventType> =
            additional.into_iter().map(|event| EventType::new(event, module)).collect();
        if let Some(step) = state_after {
            let problems = vec![Problem::StateAfterSteps(step)];
            return Err(BuildError { workflow: settings.name, problems });
        }
        let graph = graph::check(&settings, &steps, &additional, &resources)?;
        let definition = describe::definition(&settings, &steps, &additional);
        let inner = Inner {
            definition,
            version: settings.version,
            module: settings.module,
            description: settings.description,
            concurrent_runs: settings.concurrent_runs,
            verbose: settings.verbose,
            steps,
            types: graph.types,
            start: graph.start,
            stop: graph.stop,
            resources,
            state: StateType { initial: StateCell::<S>::initial, load: StateCell::<S>::load },
        };
        Ok(Workflow { inner: Arc::new(inner) })
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("steps", &steps)
            .finish_non_exhaustive()
    }
}
