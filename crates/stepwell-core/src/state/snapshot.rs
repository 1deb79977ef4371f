//! A run's state as it is written down, so that a long journal need not be folded again.
//!
//! A snapshot is a cache. One that cannot be used costs a fold of the whole journal, and nothing
//! else: so there is one format, the newest, and no reader of older ones.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::RunState;
use crate::{DefinitionId, Definitions, SEMANTICS};

/// The format of snapshots. It goes up whenever the state of a run is written otherwise, and
/// whenever the reducer makes another state of the same journal: a snapshot of another format is
/// not used.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// A run's state that was read, and whose definition is to be found yet.
#[derive(Clone, Debug)]
pub struct Snapshot {
    definition: DefinitionId,
    state: RunState,
}

/// Why a snapshot cannot be used. The journal has to be folded instead.
#[derive(Debug)]
pub enum Unusable {
    /// It is of another format than [`SNAPSHOT_FORMAT`], or of rules that are not known here.
    Foreign,
    /// It is not what was expected.
    Unreadable(serde_json::Error),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is of another version's format"),
            Self::Unreadable(error) => write!(f, "its content is not what was expected: {error}"),
        }
    }
}

impl std::error::Error for Unusable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Foreign => None,
            Self::Unreadable(error) => Some(error),
        }
    }
}

/// What is looked at first; the state is read only if this is right.
#[derive(Deserialize)]
struct Envelope<'a> {
    format: u32,
    semantics: u32,
    definition: DefinitionId,
    #[serde(borrow)]
    state: &'a RawValue,
}

/// The same, to be written.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    semantics: u32,
    definition: DefinitionId,
    state: &'a RunState,
}

impl RunState {
    /// Writes the state down as JSON; none for a run that has not begun.
    ///
    /// # Panics
    ///
    /// It does not: all that a state holds can be written.
    #[must_use]
    pub fn snapshot(&self) -> Option<Box<RawValue>> {
        let definition = self.definition.as_ref()?.id();
        let written =
            Written { format: SNAPSHOT_FORMAT, semantics: SEMANTICS, definition, state: self };
        Some(serde_json::value::to_raw_value(&written).expect("maps are written as pairs"))
    }
}

impl Snapshot {
    /// Reads what [`RunState::snapshot`] wrote.
    ///
    /// # Errors
    ///
    /// See [`Unusable`].
    pub fn read(text: &str) -> Result<Self, Unusable> {
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(Unusable::Unreadable)?;
        if envelope.format != SNAPSHOT_FORMAT || envelope.semantics > SEMANTICS {
            return Err(Unusable::Foreign);
        }
        let state = serde_json::from_str(envelope.state.get()).map_err(Unusable::Unreadable)?;
        Ok(Self { definition: envelope.definition, state })
    }

    /// Returns the definition that held when it was written.
    #[must_use]
    pub fn definition(&self) -> DefinitionId {
        self.definition
    }

    /// Returns the state, which goes on as the one that was written; none if its definition is not
    /// among these.
    #[must_use]
    pub fn into_state(self, definitions: Definitions) -> Option<RunState> {
        let definition = definitions.get(self.definition)?.clone();
        let steps = self.state.steps.len();
        // An ended run has no steps any more.
        if steps != definition.steps.len() && self.state.end.is_none() {
            return None;
        }
        Some(RunState { definitions, definition: Some(definition), ..self.state })
    }
}

/// Maps whose keys are no texts, as lists of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize};

    use super::Serializer;

    pub(in crate::state) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(in crate::state) fn deserialize<'de, K, V, D>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
