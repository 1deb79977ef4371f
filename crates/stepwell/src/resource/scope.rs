//! The values that were made for a workflow or for one body, and those that are being made.
//!
//! A value is made by a task of its own, not by those who ask: they may be slow, or go away.
//!
//! ```text
//! asker ─┐
//! asker ─┼─ Making ── task: factory ──▶ slot of the scope, then all askers
//! asker ─┘    └ when the last asker drops it, the task is aborted
//! ```

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::error::{FailedMaking, ResourceError};
use super::{Made, Value};
use crate::StepError;

/// Numbers are unique in the process, so that those of a body and of its workflow never meet.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// The values of a workflow or of a body.
#[derive(Default)]
pub(super) struct Scope {
    /// Of a body: the scope of its workflow.
    workflow: Option<Arc<Self>>,
    table: Mutex<Table>,
}

/// What was made, what is being made, and who waits for it.
#[derive(Default)]
struct Table {
    slots: BTreeMap<TypeId, Slot>,
    /// Which factory waits for which other one. They grow no longer than there are calls in
    /// factories that run now.
    waits: Vec<(MakingId, MakingId)>,
}

enum Slot {
    Made(Value),
    /// It is gone when nobody asks any more.
    Making(MakingId, Weak<Making>),
}

/// One try at making a value; those who ask for the value have it together.
struct Making {
    id: MakingId,
    /// None until it has ended.
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
}

type Outcome = Result<Value, FailedMaking>;

/// One try at making a value, for telling them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct MakingId {
    number: u64,
    resource: &'static str,
}

/// A factory that waits for another one.
struct Wait {
    scope: Arc<Scope>,
    pair: (MakingId, MakingId),
}

enum Asked {
    Made(Value),
    Making(Arc<Making>, Option<Wait>),
    /// Types that need each other, in order; the last is the first again.
    Circle(Vec<&'static str>),
}

impl Scope {
    /// Returns the scope of a new body.
    pub(super) fn for_body(self: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { workflow: Some(self.workflow()), table: Mutex::default() })
    }

    /// Returns the scope of the workflow.
    pub(super) fn workflow(self: &Arc<Self>) -> Arc<Self> {
        Arc::clone(self.workflow.as_ref().unwrap_or(self))
    }

    pub(super) fn is_of_body(&self) -> bool {
        self.workflow.is_some()
    }

    /// Returns a value of this scope; makes it if it is not there and nobody is about it.
    pub(super) async fn get(
        self: &Arc<Self>,
        id: TypeId,
        resource: &'static str,
        asker: Option<MakingId>,
        make: impl FnOnce(MakingId) -> Made + Send + 'static,
    ) -> Result<Value, StepError> {
        let (making, _wait) = match self.ask(id, resource, asker, make) {
            Asked::Made(value) => return Ok(value),
            Asked::Circle(resources) => return Err(ResourceError::Circle(resources).fatal()),
            Asked::Making(making, wait) => (making, wait),
        };
        let mut outcome = making.outcome.clone();
        let outcome = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(Ok(value))) => Ok(value),
            Ok(Some(Err(failed))) => Err(failed.error()),
            Ok(None) | Err(_) => Err(StepError::new(ResourceError::Stopped(resource))),
        }
    }

    fn ask(
        self: &Arc<Self>,
        id: TypeId,
        resource: &'static str,
        asker: Option<MakingId>,
        make: impl FnOnce(MakingId) -> Made + Send + 'static,
    ) -> Asked {
        let (making, circle) = {
            let mut table = self.table.lock();
            let running = match table.slots.get(&id) {
                Some(Slot::Made(value)) => return Asked::Made(Arc::clone(value)),
                Some(Slot::Making(_, making)) => making.upgrade(),
                None => None,
            };
            let making = running.unwrap_or_else(|| {
                let making = self.start(id, MakingId::new(resource), make);
                table.slots.insert(id, Slot::Making(making.id, Arc::downgrade(&making)));
                making
            });
            let circle = asker.and_then(|asker| table.circle(making.id, asker));
            if let (Some(asker), None) = (asker, &circle) {
                table.waits.push((asker, making.id));
            }
            (making, circle)
        };
        if let Some(circle) = circle {
            // If the last asker left meanwhile, the making is dropped here, outside of the lock.
            return Asked::Circle(circle);
        }
        let asked = making.id;
        let wait = asker.map(|asker| Wait { scope: Arc::clone(self), pair: (asker, asked) });
        Asked::Making(making, wait)
    }

    fn start(
        self: &Arc<Self>,
        id: TypeId,
        making: MakingId,
        make: impl FnOnce(MakingId) -> Made + Send + 'static,
    ) -> Arc<Making> {
        let (sender, outcome) = watch::channel(None);
        let scope = Arc::clone(self);
        let task = async move {
            // Called inside, so that a panic before the first await is caught too.
            let made = async move { make(making).await };
            let made = AssertUnwindSafe(made).catch_unwind().await;
            let made = made.unwrap_or_else(|panic| Err(panicked(&*panic)));
            let made = made.map_err(|error| FailedMaking::new(making.resource, error));
            scope.finish(id, making, made.as_ref().ok());
            // Nobody may be left to hear of it.
            let _ = sender.send(Some(made));
        };
        let task = tokio::spawn(task.in_current_span()).abort_handle();
        Arc::new(Making { id: making, outcome, task })
    }

    /// Keeps what was made, or makes room for another try.
    fn finish(&self, id: TypeId, making: MakingId, made: Option<&Value>) {
        let mut table = self.table.lock();
        match table.slots.get(&id) {
            Some(Slot::Making(current, _)) if *current == making => {}
            // All who asked are gone, and others have begun anew: theirs counts.
            _ => return,
        }
        match made {
            Some(value) => table.slots.insert(id, Slot::Made(Arc::clone(value))),
            None => table.slots.remove(&id),
        };
    }
}

impl Table {
    /// Returns the circle that would be closed if `to` waited for `from`.
    fn circle(&self, from: MakingId, to: MakingId) -> Option<Vec<&'static str>> {
        let mut paths = vec![vec![from]];
        let mut seen = vec![from];
        while let Some(path) = paths.pop() {
            let last = *path.last()?;
            if last == to {
                return Some(path.iter().chain([&from]).map(|making| making.resource).collect());
            }
            for (_, next) in self.waits.iter().filter(|(asker, _)| *asker == last) {
                if !seen.contains(next) {
                    seen.push(*next);
                    paths.push(path.iter().copied().chain([*next]).collect());
                }
            }
        }
        None
    }
}

impl MakingId {
    fn new(resource: &'static str) -> Self {
        Self { number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed), resource }
    }

    pub(super) fn resource(self) -> &'static str {
        self.resource
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut table = self.scope.table.lock();
        if let Some(at) = table.waits.iter().position(|pair| *pair == self.pair) {
            table.waits.swap_remove(at);
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> StepError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a value that is not a text");
    StepError::new(format!("its factory panicked: {text}")).with_kind("Panic")
}
