//! What a test can look at.

use std::panic::Location;

use serde::de::DeserializeOwned;
use stepwell_core::{Event as RawEvent, StreamItem, Timestamp};

use super::kit::{At, TestKit, TestRun, fail};
use super::world::World;
use crate::store::Status;

impl TestKit {
    /// Returns the present moment.
    pub async fn now(&self) -> Timestamp {
        self.worker.call(|world| world.now()).await
    }

    /// Returns the public events of a run so far.
    #[track_caller]
    pub fn events(&self, run: &TestRun) -> impl Future<Output = Vec<RawEvent>> {
        self.events_at(run, Location::caller())
    }

    pub(super) async fn events_at(&self, run: &TestRun, at: At) -> Vec<RawEvent> {
        let items = self.ask_about(at, run, World::stream).await;
        let event = |item| match item {
            StreamItem::Event(event) => Some(event),
            _ => None,
        };
        items.into_iter().filter_map(|item| event(item.item)).collect()
    }

    /// Returns the stream of a run so far as text, a line an item, internal ones included.
    #[track_caller]
    pub fn stream_text(&self, run: &TestRun) -> impl Future<Output = String> {
        let at = Location::caller();
        async move { self.ask_about(at, run, |world, run| Ok(world.stream_text(run))).await }
    }

    /// Returns the state of a run.
    ///
    /// # Panics
    ///
    /// Panics if it is no `S`.
    #[track_caller]
    pub fn state<S: DeserializeOwned>(&self, run: &TestRun) -> impl Future<Output = S> {
        let at = Location::caller();
        async move {
            let state = self.ask_about(at, run, World::state).await;
            let text = state.to_string();
            serde_json::from_value(state).unwrap_or_else(|error| {
                fail(&format!("the state {text} is unreadable: {error}"), at)
            })
        }
    }

    /// Returns how a run stands.
    #[track_caller]
    pub fn status(&self, run: &TestRun) -> impl Future<Output = Status> {
        let at = Location::caller();
        async move { self.ask_about(at, run, World::record).await.status }
    }

    /// Returns how many times the body of a step was begun.
    ///
    /// # Panics
    ///
    /// Panics if there is no such step.
    #[must_use]
    #[track_caller]
    pub fn executions(&self, step: &str) -> u64 {
        let counts = &self.counts;
        self.counts.of(step).unwrap_or_else(|| {
            panic!("no workflow has a step `{step}`; bodies begun: {counts}");
        })
    }

    /// Fails the test unless the body of a step was begun so many times.
    ///
    /// # Panics
    ///
    /// Panics if it was not, or if there is no such step.
    #[track_caller]
    pub fn assert_executions(&self, step: &str, times: u64) {
        let begun = self.executions(step);
        let counts = &self.counts;
        assert!(
            begun == times,
            "the body of `{step}` was begun {begun} times, not {times}; bodies begun: {counts}"
        );
    }
}
