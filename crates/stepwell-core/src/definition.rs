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
    /// Its steps in the order of declaration, which is the order of routing.
    pub steps: Vec<StepDefinition>,
}

impl Definition {
    /// Begins a definition without steps.
    pub fn new(name: impl Into<Name>) -> Self {
        Self { name: name.into(), timeout: None, steps: Vec::new() }
    }

    /// Adds a step with the default number of workers.
    #[must_use]
    pub fn step<const N: usize>(mut self, name: &str, accepts: [&str; N]) -> Self {
        self.steps.push(StepDefinition {
            name: name.into(),
            accepts: accepts.into_iter().map(Name::from).collect(),
            workers: DEFAULT_WORKERS,
        });
        self
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
