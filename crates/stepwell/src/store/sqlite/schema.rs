//! The tables, and how an older file gets the newest ones.

use rusqlite::{Connection, TransactionBehavior};

use super::error::store_error;
use crate::store::StoreError;

/// Says that a file is ours: "Swel".
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"Swel");

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    /// Tells this text from any other, however its lines end.
    fn checksum(&self) -> i64 {
        let mut hasher = crc32fast::Hasher::new();
        self.sql.lines().for_each(|line| hasher.update(line.as_bytes()));
        hasher.finalize().into()
    }
}

/// Every migration ever released, oldest first. Released ones do not change.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "initial", sql: include_str!("migrations/0001_initial.sql") },
    Migration { version: 2, name: "snapshots", sql: include_str!("migrations/0002_snapshots.sql") },
];

/// Brings the schema to the newest version, in one transaction.
///
/// # Errors
///
/// Returns [`StoreError::Corrupt`] if a newer version of Stepwell, or a changed one, made it.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .map_err(store_error)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(store_error)?;
    let applied = applied(&transaction).map_err(store_error)?;
    check(&applied)?;
    for migration in &MIGRATIONS[applied.len()..] {
        apply(&transaction, migration).map_err(store_error)?;
    }
    transaction.commit().map_err(store_error)
}

/// Returns the versions and checksums of what was applied before, oldest first.
fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, i64)>> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            applied_at INTEGER NOT NULL
        ) STRICT",
    )?;
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn check(applied: &[(i64, i64)]) -> Result<(), StoreError> {
    for (index, (version, checksum)) in applied.iter().enumerate() {
        let what = match MIGRATIONS.get(index) {
            Some(known) if known.version != *version => {
                format!("its schema lacks version {version}")
            }
            Some(known) if known.checksum() != *checksum => {
                format!("version {version} of its schema is another one than is known here")
            }
            Some(_) => continue,
            None => format!(
                "its schema has version {version}, made by a newer Stepwell; this one knows {}",
                MIGRATIONS.len()
            ),
        };
        return Err(StoreError::Corrupt { what });
    }
    Ok(())
}

fn apply(connection: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    connection.execute_batch(migration.sql)?;
    connection.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at)
         VALUES (?1, ?2, ?3, unixepoch() * 1000000)",
        (migration.version, migration.name, migration.checksum()),
    )?;
    Ok(())
}
