//! What it takes to go on with a run.

use bytes::Bytes;

use super::RunRow;

/// What the first turns of a run led to.
///
/// It is a cache: without it, or if it cannot be read, the whole journal tells the same.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRow {
    /// How many turns it is made of.
    pub head: u64,
    /// What they led to, packed.
    pub body: Bytes,
}

/// All that it takes to go on with a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    /// The run.
    pub row: RunRow,
    /// The number to write to it under.
    pub epoch: u64,
    /// Its newest snapshot.
    pub snapshot: Option<SnapshotRow>,
    /// Its journal from there on, or from the beginning; perhaps not all of it.
    pub journal: Vec<Bytes>,
    /// Whether messages are in its inbox.
    pub has_messages: bool,
}
