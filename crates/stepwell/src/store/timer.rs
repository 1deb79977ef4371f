//! Timers in the store.

use stepwell_core::{RunId, TimerId, Timestamp};

use super::RunKey;

/// A timer that a turn sets or clears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerChange {
    /// The timer.
    pub timer: TimerId,
    /// When it is due from now on; none clears it.
    pub due: Option<Timestamp>,
}

/// A timer that waits in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerRow {
    /// The store's name for the run.
    pub key: RunKey,
    /// The run.
    pub run: RunId,
    /// The timer.
    pub timer: TimerId,
    /// When it is due.
    pub due: Timestamp,
}
