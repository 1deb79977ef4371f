//! Counts the bodies that are begun.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_core::{Input as RawInput, Name};

use crate::Workflow;
use crate::context::RawContext;
use crate::workflow::{BodyFuture, ErasedStep};

/// How many bodies were begun, by step.
#[derive(Debug, Default)]
pub(super) struct Counts {
    begun: Mutex<BTreeMap<Name, u64>>,
}

/// A step whose bodies are counted.
struct Counted {
    name: Name,
    step: Arc<dyn ErasedStep>,
    counts: Arc<Counts>,
}

impl Counts {
    /// Returns a workflow that is the same, and whose bodies are counted here.
    pub(super) fn count(self: &Arc<Self>, workflow: &Workflow) -> Workflow {
        workflow.reborn(|step| {
            let name = step.name.clone();
            self.begun.lock().entry(name.clone()).or_default();
            Arc::new(Counted { name, step: Arc::clone(&step.body), counts: Arc::clone(self) })
        })
    }

    /// Returns how many bodies of a step were begun; none if there is no such step.
    pub(super) fn of(&self, step: &str) -> Option<u64> {
        self.begun.lock().iter().find(|(name, _)| ***name == *step).map(|(_, count)| *count)
    }
}

impl ErasedStep for Counted {
    fn call(&self, input: RawInput, context: RawContext) -> BodyFuture {
        let body = self.step.call(input, context);
        let (name, counts) = (self.name.clone(), Arc::clone(&self.counts));
        Box::pin(async move {
            *counts.begun.lock().entry(name).or_default() += 1;
            body.await
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begun = self.begun.lock();
        let counts: Vec<String> =
            begun.iter().map(|(step, count)| format!("{step} {count}")).collect();
        f.write_str(&counts.join(", "))
    }
}
