//! Which process may write to a run.

use stepwell_core::{InboxId, RunId};

use super::RunRow;

/// What came of a [`Store::take`](super::Store::take).
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// The run can be written to, if it has not ended.
    Ours {
        /// The run.
        row: RunRow,
        /// The number to write to it under.
        epoch: u64,
    },
    /// Somebody else drives the run.
    Elsewhere,
    /// There is no such run.
    Gone,
}

/// What a process is told of runs that other processes have to do with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// The runs that were asked for, in any order; those that are missing are gone.
    pub rows: Vec<RunRow>,
    /// Runs that are owned here, and the newest message in the inbox of each.
    pub called: Vec<(RunId, InboxId)>,
}
