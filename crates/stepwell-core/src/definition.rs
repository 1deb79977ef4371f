//! What the reducer knows about a workflow: data, stored by its content hash.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Name;

/// How many bodies of a step run at once unless the step says otherwise.
///
/// Four, as in LlamaIndex Workflows, so that ported workflows behave alike.
pub const DEFAULT_WORKERS: u32 = 4;

/// Names a definition by what it says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId([u8; 32]);

impl DefinitionId {
    /// Reads the form that [`fmt::Display`] writes: 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DefinitionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DefinitionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = &"64 hexadecimal digits";
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), expected)
        })
    }
}

/// One step of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDefinition {
    /// Its name, unique in the workflow.
    pub name: Name,
    /// The names of the events it accepts.
    pub accepts: Vec<Name>,
    /// How many of its bodies run at once in one run; at least 1.
    pub workers: u32,
    /// What its body is run for.
    #[serde(default, skip_serializing_if = "Trigger::is_each")]
    pub trigger: Trigger,
    /// The joins that take the members of the batches it opens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Name>,
}

/// What the body of a step is run for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// For each event that it accepts.
    #[default]
    Each,
    /// For all accepted events of a batch together, once the batch is complete.
    Join {
        /// For the first so many, as soon as they are there; later ones are ignored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        take: Option<u32>,
    },
    /// For one event of each slot together. A slot is known by the names it accepts; two slots
    /// accept the same names or none in common.
    All {
        /// The slots, in the order of the parameters.
        slots: Vec<Vec<Name>>,
    },
    /// For a failure of other steps that is final otherwise.
    Catch {
        /// The steps; without them, all that no other handler covers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<Vec<Name>>,
        /// How often it is entered in one line of descent.
        max_recoveries: u32,
    },
}

impl Trigger {
    fn is_each(&self) -> bool {
        matches!(self, Self::Each)
    }

    /// Tells whether a body that is run for the one can be given what the other is run for.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All { slots }, Self::All { slots: others }) => slots == others,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// What becomes of a run that waits although nothing it waits for can come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStall {
    /// It waits: perhaps somebody sends it an event all the same.
    #[default]
    Wait,
    /// It fails.
    Fail,
}

/// Everything about a workflow that decides what its runs do.
///
/// It is stored, and a run keeps to the one it was started with until a
/// [`Tick::Redefined`](crate::Tick::Redefined): changed code never changes how an old journal
/// replays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The workflow's own name, that of its type.
    pub name: Name,
    /// How long a run may be busy in all; time spent waiting for the outside does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How long after its start a run must have ended, waiting included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// What becomes of a run that waits for nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_stall: OnStall,
    /// The names of events that bodies may wait for: one that nobody takes is kept for a wait
    /// that has not begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaited: Vec<Name>,
    /// Whether events come from outside without a request for them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signalled: bool,
    /// Its steps in the order of declaration, which is the order of routing.
    pub steps: Vec<StepDefinition>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl StepDefinition {
    /// Makes a step with the default number of workers that takes each of these events.
    pub fn new(name: impl Into<Name>, accepts: Vec<Name>) -> Self {
        Self {
            name: name.into(),
            accepts,
            workers: DEFAULT_WORKERS,
            trigger: Trigger::Each,
            joins: Vec::new(),
        }
    }
}

impl Definition {
    /// Begins a definition without steps.
    pub fn new(name: impl Into<Name>) -> Self {
        Self {
            name: name.into(),
            timeout: None,
            deadline: None,
            on_stall: OnStall::Wait,
            awaited: Vec::new(),
            signalled: false,
            steps: Vec::new(),
        }
    }

    /// Adds a step with the default number of workers.
    #[must_use]
    pub fn step<const N: usize>(mut self, name: &str, accepts: [&str; N]) -> Self {
        let accepts = accepts.into_iter().map(Name::from).collect();
        self.steps.push(StepDefinition::new(name, accepts));
        self
    }

    /// Returns where a step is among the steps.
    pub(crate) fn place(&self, step: &Name) -> Option<usize> {
        self.steps.iter().position(|other| other.name == *step)
    }

    /// Returns where a join is among the steps.
    pub(crate) fn join(&self, step: &Name) -> Option<usize> {
        let is_join = |place: &usize| matches!(self.steps[*place].trigger, Trigger::Join { .. });
        self.place(step).filter(is_join)
    }

    /// Returns where the step is that goes on with the work of one of another definition: it has
    /// the same name, and its body is given the same kind of input.
    pub(crate) fn successor(&self, step: &StepDefinition) -> Option<usize> {
        self.place(&step.name).filter(|place| self.steps[*place].trigger.is_like(&step.trigger))
    }

    /// Returns its content hash.
    #[must_use]
    pub fn id(&self) -> DefinitionId {
        let json = serde_json::to_vec(self).expect("a definition has text keys");
        DefinitionId(Sha256::digest(json).into())
    }
}

/// The definitions that a run's journal names, and the newest of them.
///
/// Cheap to clone: all runs of a workflow share one.
#[derive(Clone, Debug, PartialEq)]
pub struct Definitions {
    known: Arc<BTreeMap<DefinitionId, Arc<Definition>>>,
    newest: DefinitionId,
}

impl From<Definition> for Definitions {
    fn from(definition: Definition) -> Self {
        let newest = definition.id();
        Self { known: Arc::new(BTreeMap::from([(newest, Arc::new(definition))])), newest }
    }
}

impl Definitions {
    /// Returns a stand-in, for a state that is about to be given its own.
    pub(crate) fn none() -> Self {
        Definition::new(Name::empty()).into()
    }

    /// Returns the definition that new runs are started with.
    #[must_use]
    pub fn newest(&self) -> DefinitionId {
        self.newest
    }

    /// Adds an older definition, for runs that were started with it.
    #[must_use]
    pub fn and_older(mut self, definition: Definition) -> Self {
        Arc::make_mut(&mut self.known).insert(definition.id(), Arc::new(definition));
        self
    }

    /// Returns a definition by its name.
    #[must_use]
    pub fn get(&self, id: DefinitionId) -> Option<&Arc<Definition>> {
        self.known.get(&id)
    }
}
