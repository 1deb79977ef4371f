//! What is done to the file when nobody is waiting for it.

use std::time::Duration;

use rusqlite::Connection;

use super::file::BUSY_TIMEOUT;

/// Free pages that are given back to the disk at a time: 4 MiB, a few milliseconds.
const PAGES_MAX: i64 = 1_024;

/// Gives back free pages and empties the log. Returns whether nothing is left to do.
pub(super) fn tidy_up(connection: &Connection) -> rusqlite::Result<bool> {
    connection.pragma(None, "incremental_vacuum", PAGES_MAX, |_| Ok(()))?;
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    // A reader in the way is not waited for: meanwhile nothing could be written.
    connection.busy_timeout(Duration::ZERO)?;
    let emptied = empty_log(connection);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(emptied? && free == 0)
}

/// Makes sure that everything written is on disk, and empties the log if it can.
pub(super) fn finish(connection: &Connection) -> rusqlite::Result<()> {
    // A commit that is synced syncs the whole log, with what was written before it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute("UPDATE owner SET epoch = epoch", [])?;
    if let Err(error) = empty_log(connection) {
        // The next owner can do it as well.
        tracing::warn!(error = &error as &dyn std::error::Error, "could not empty the log");
    }
    Ok(())
}

/// Moves the log into the file. Returns whether the log is empty now.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(busy == 0)
}
