//! What a test does with the process that is played.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use stepwell_core::Event as RawEvent;

use super::builder::{Plan, TestKitBuilder};
use super::count::Counts;
use super::outcome::Outcome;
use super::points::{self, CrashReport};
use super::text;
use super::worker::Worker;
use super::world::{Trouble, World};
use crate::engine::{Start, handle};
use crate::{Event, RunError, Workflow, emit, event};

/// A process that runs workflows, in a test. See the [module](super).
#[derive(Debug)]
pub struct TestKit {
    pub(super) worker: Worker,
    pub(super) counts: Arc<Counts>,
    workflows: Vec<(String, Workflow)>,
    /// The runs that were started, in order.
    pub(super) started: Vec<TestRun>,
    /// Where in the stream of a run the last event was that was expected.
    cursors: BTreeMap<String, u64>,
}

/// A run that was started by a [`TestKit`]. It stays good through crashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRun {
    handler: String,
    workflow: String,
}

impl TestRun {
    /// Returns the name of its handler: `run-1` for the first run that the kit started.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }
}

impl fmt::Display for TestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.handler)
    }
}

impl TestKit {
    /// Opens a kit with one workflow, in memory.
    pub async fn new(workflow: Workflow) -> Self {
        TestKitBuilder::from(workflow).open().await
    }

    /// Begins a kit of which more is to be said.
    #[must_use]
    pub fn builder() -> TestKitBuilder {
        TestKitBuilder::default()
    }

    pub(super) async fn begin(plan: Plan) -> Self {
        let (workflows, counts) = (plan.workflows.clone(), Arc::clone(&plan.counts));
        let worker = Worker::new(plan);
        let opened = worker.call(World::open).await;
        opened.unwrap_or_else(|Trouble(why)| panic!("{why}"));
        Self { worker, counts, workflows, started: Vec::new(), cursors: BTreeMap::new() }
    }

    /// Starts a run of the workflow that begins with this type of event. When it returns, the run
    /// is durable, and nothing of it has run.
    ///
    /// # Panics
    ///
    /// Panics if no workflow begins with it, or several do.
    #[track_caller]
    pub fn start<E: Event>(&mut self, event: E) -> impl Future<Output = TestRun> {
        let at = Location::caller();
        let begins = |(_, workflow): &&(String, Workflow)| workflow.start_type().is_called(E::NAME);
        let names: Vec<&str> =
            self.workflows.iter().filter(begins).map(|(name, _)| name.as_str()).collect();
        let name = match names.as_slice() {
            [name] => (*name).to_owned(),
            [] => fail(&format!("no workflow begins with `{}`", E::NAME), at),
            several => {
                let (several, name) = (several.join(", "), E::NAME);
                let what = format!("`{name}` begins several workflows ({several})");
                fail(&format!("{what}: name one with `start_workflow`"), at)
            }
        };
        self.start_at(name, event, at)
    }

    /// Starts a run of a workflow by the name it is registered under.
    ///
    /// # Panics
    ///
    /// Panics if there is none, or if it begins with another type of event.
    #[track_caller]
    pub fn start_workflow<E: Event>(
        &mut self,
        workflow: &str,
        event: E,
    ) -> impl Future<Output = TestRun> {
        self.start_at(workflow.to_owned(), event, Location::caller())
    }

    async fn start_at<E: Event>(&mut self, workflow: String, event: E, at: At) -> TestRun {
        let input = self.raw(&workflow, &event, at);
        let handler = format!("run-{}", self.started.len() + 1);
        let run = TestRun { handler: handler.clone(), workflow: workflow.clone() };
        let start = Start { workflow, input, handler: Some(handler), state: None };
        self.ask(at, None, move |world| world.start(&start)).await;
        self.started.push(run.clone());
        run
    }

    /// Sends an event to a run. When it returns, the event is durable, and nobody has taken it.
    ///
    /// # Panics
    ///
    /// Panics if the run has ended.
    #[track_caller]
    pub fn send<E: Event>(&mut self, run: &TestRun, event: E) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let event = self.raw(&run.workflow, &event, at);
            self.ask_about(at, run, move |world, run| world.send(run, &event)).await;
        }
    }

    /// Cancels a run. When it returns, the run has ended.
    ///
    /// # Panics
    ///
    /// Panics if the run had ended before.
    #[track_caller]
    pub fn cancel(&mut self, run: &TestRun) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move { self.ask_about(at, run, World::cancel).await }
    }

    /// Waits for the next public event of this type on the stream of a run, after the one that was
    /// expected last; others in between are passed over. Time goes on meanwhile.
    ///
    /// # Panics
    ///
    /// Panics if none will come: the run has ended, waits for an event, or was set aside. The
    /// message has the stream so far.
    #[track_caller]
    pub fn expect<E: Event>(&mut self, run: &TestRun) -> impl Future<Output = E> {
        let at = Location::caller();
        async move {
            let after = self.cursors.get(&run.handler).copied();
            let next = self.ask_about(at, run, move |world, run| {
                let names: Vec<&str> =
                    std::iter::once(E::NAME).chain(E::ALIASES.iter().copied()).collect();
                let next = world.next_event(run, after, &names);
                let none = |why: String| Trouble(format!("no `{}` came: {why}", E::NAME));
                match next {
                    Ok(Some(next)) => Ok(next),
                    Ok(None) => Err(none(format!("{run} has ended"))),
                    Err(Trouble(why)) => Err(none(why)),
                }
            });
            let (sequence, event) = next.await;
            self.cursors.insert(run.handler.clone(), sequence);
            event::load(&event.value)
                .unwrap_or_else(|error| fail(&format!("`{}` is unreadable: {error}", E::NAME), at))
        }
    }

    /// Waits for the end of a run and reads its stop event. Time goes on meanwhile.
    ///
    /// # Errors
    ///
    /// Returns how the run ended instead.
    ///
    /// # Panics
    ///
    /// Panics if it will not end: it waits for an event, or was set aside.
    #[track_caller]
    pub fn result<E: Event>(&mut self, run: &TestRun) -> impl Future<Output = Result<E, RunError>> {
        let at = Location::caller();
        async move {
            let record = self.ask_about(at, run, World::ended).await;
            handle::typed(handle::outcome(record)?)
        }
    }

    /// Waits for the end of a run and returns all that came of it. Time goes on meanwhile.
    ///
    /// # Panics
    ///
    /// As [`TestKit::result`].
    #[track_caller]
    pub fn outcome(&mut self, run: &TestRun) -> impl Future<Output = Outcome> {
        let at = Location::caller();
        async move {
            let status = self.ask_about(at, run, World::ended).await.status;
            let events = self.events_at(run, at).await;
            let state = self.ask_about(at, run, World::state).await;
            Outcome { status, events, state }
        }
    }

    /// Waits until a run does nothing but wait, or has ended. Time goes on only while a body waits
    /// for something that is not recorded, such as `tokio::time::sleep`.
    ///
    /// # Panics
    ///
    /// Panics if the run was set aside, or stays busy.
    #[track_caller]
    pub fn until_idle(&mut self, run: &TestRun) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move { self.ask_about(at, run, World::idle).await }
    }

    /// Lets time pass, in whole milliseconds. What comes due meanwhile happens when it is due.
    #[track_caller]
    pub fn advance(&mut self, by: Duration) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move { self.ask(at, None, move |world| world.advance(by)).await }
    }

    /// Lets the process die where it stands, and another one go on with what is in the store, at
    /// the same moment.
    #[track_caller]
    pub fn crash_and_recover(&mut self) -> impl Future<Output = ()> {
        self.crash_for(Duration::ZERO)
    }

    /// Lets the process die where it stands, and another one go on so much later.
    #[track_caller]
    pub fn crash_for(&mut self, downtime: Duration) -> impl Future<Output = ()> {
        let at = Location::caller();
        let crash = move |world: &mut World| {
            world.crash(downtime);
            world.open()
        };
        async move { self.ask(at, None, crash).await }
    }

    /// Runs a scenario without a crash, then again with a crash before and after each write that it
    /// made, and requires that it returns the same each time. It is called with a kit that `make`
    /// has made; that is the place to make what bodies and scenario share, too.
    ///
    /// Return what must not depend on crashes, such as [`TestKit::outcome`]. Where bodies run
    /// beside each other, the order of their events depends on crashes: return what has no order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use stepwell::testing::TestKit;
    /// # use stepwell::{Context, StartEvent, StopEvent, Workflow};
    /// fn greet() -> Workflow {
    ///     Workflow::builder("Greet")
    ///         .step("greet", |_: StartEvent, _: Context| async { StopEvent::new("hello") })
    ///         .build()
    ///         .expect("the graph is whole")
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let report = TestKit::for_every_crash_point(greet, async |t: &mut TestKit| {
    ///     let run = t.start(StartEvent::new()).await;
    ///     t.outcome(&run).await
    /// });
    /// assert_eq!(report.await.outcome.events.len(), 1);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if it returns something else after a crash, if it panics, or if a run is set aside.
    /// The message says at which writes; [`TestKitBuilder::crash_at`] crashes at one of them alone.
    #[track_caller]
    pub fn for_every_crash_point<B, T>(
        make: impl Fn() -> B,
        scenario: impl AsyncFn(&mut Self) -> T,
    ) -> impl Future<Output = CrashReport<T>>
    where
        B: Into<TestKitBuilder>,
        T: PartialEq + Debug,
    {
        points::for_every_crash_point(make, scenario, Location::caller())
    }

    fn raw<E: Event>(&self, workflow: &str, event: &E, at: At) -> RawEvent {
        let known = self.workflows.iter().find(|(name, _)| name == workflow);
        let module = known.and_then(|(_, workflow)| workflow.module());
        emit::raw(event, module)
            .unwrap_or_else(|error| fail(&format!("`{}` is no JSON: {error}", E::NAME), at))
    }

    /// Has something done; fails the test if that does not work.
    async fn ask<T: Send + 'static>(
        &self,
        at: At,
        run: Option<&TestRun>,
        job: impl FnOnce(&mut World) -> Result<T, Trouble> + Send + 'static,
    ) -> T {
        let run = run.cloned();
        let answer = self.worker.call(move |world| {
            job(world).map_err(|Trouble(why)| match run {
                // Its stream would be as long, and the store no longer answers.
                Some(_) if world.log.is_flooded() => why,
                Some(run) => {
                    let stream = text::indented(&world.stream_text(&run.handler));
                    format!("{why}\nthe stream of {run}:\n{stream}")
                }
                None => why,
            })
        });
        answer.await.unwrap_or_else(|why| fail(&why, at))
    }

    pub(super) async fn ask_about<T: Send + 'static>(
        &self,
        at: At,
        run: &TestRun,
        job: impl FnOnce(&mut World, &str) -> Result<T, Trouble> + Send + 'static,
    ) -> T {
        let handler = run.handler.clone();
        self.ask(at, Some(run), move |world| job(world, &handler)).await
    }
}

/// Where in the test something was asked for.
pub(super) type At = &'static Location<'static>;

/// Fails the test.
pub(super) fn fail(what: &str, at: At) -> ! {
    panic!("{}\ncalled at {at}", what.trim_end())
}
