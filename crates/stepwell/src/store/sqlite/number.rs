//! Numbers as SQLite keeps them: signed, and two in one key.

use rusqlite::Row;
use stepwell_core::Timestamp;

use crate::store::RunKey;

/// How many runs there can be, and how many rows of a kind each can have.
const RUNS: u64 = 1 << 31;
const ROWS: u64 = 1 << 32;

/// The number of a run, within the limit.
#[derive(Clone, Copy)]
pub(super) struct RunNumber(pub(super) i64);

impl RunNumber {
    /// Returns the number behind a key; none if no run of this store can have that key.
    pub(super) fn of(key: RunKey) -> Option<Self> {
        (key.0 < RUNS).then(|| Self(key.0.cast_signed()))
    }

    /// Returns the key of one of the run's rows.
    pub(super) fn pack(self, row: u32) -> i64 {
        (self.0 << 32) | i64::from(row)
    }

    /// Returns the least and the greatest key that a row of the run can have.
    pub(super) fn range(self) -> (i64, i64) {
        (self.pack(0), self.pack(u32::MAX))
    }
}

/// Returns the row's number from its key.
pub(super) fn unpack(key: i64) -> u64 {
    key.cast_unsigned() % ROWS
}

/// Returns a moment as it is stored. Those after the year 290,000 become one, which never comes.
pub(super) fn moment(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// Returns a limit as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Reads a number that cannot be negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}
