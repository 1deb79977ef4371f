//! The tables, and how an older database gets the newest ones.

use tokio_postgres::Error;

use super::connection::Connection;
use super::error::store_error;
use crate::store::StoreError;

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
const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "initial", sql: include_str!("migrations/0001_initial.sql") }];

/// Keeps two processes from migrating at once; held for that transaction only. "Swel".
const LOCK: &str = "SELECT pg_advisory_xact_lock(1400333676)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS stepwell_schema_migrations (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    checksum bigint NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// Brings the schema to the newest version, in one transaction.
///
/// # Errors
///
/// Returns [`StoreError::Corrupt`] if a newer version of Stepwell, or a changed one, made it.
pub(super) async fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute("BEGIN").await.map_err(store_error)?;
    let migrated = migrate_locked(connection).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute(end).await.map_err(store_error);
    migrated.and(ended)
}

async fn migrate_locked(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute(LOCK).await.map_err(store_error)?;
    connection.execute(TABLE).await.map_err(store_error)?;
    let applied = applied(connection).await.map_err(store_error)?;
    check(&applied)?;
    for migration in &MIGRATIONS[applied.len()..] {
        apply(connection, migration).await.map_err(store_error)?;
    }
    Ok(())
}

/// Returns the versions and checksums of what was applied before, oldest first.
async fn applied(connection: &mut Connection) -> Result<Vec<(i64, i64)>, Error> {
    let sql = "SELECT version, checksum FROM stepwell_schema_migrations ORDER BY version";
    let rows = connection.query(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
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

async fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), Error> {
    connection.execute(migration.sql).await?;
    let sql = "INSERT INTO stepwell_schema_migrations (version, name, checksum)
               VALUES ($1, $2, $3)";
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&migration.version, &migration.name, &migration.checksum()];
    connection.query(sql, &values).await?;
    Ok(())
}
