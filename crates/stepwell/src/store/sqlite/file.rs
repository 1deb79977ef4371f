//! Taking a file: the lock that keeps others out, and the settings of its connections.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row};

use super::error::store_error;
use super::number::unsigned;
use super::{Durability, schema};
use crate::store::StoreError;

/// The page size of new files: SQLite's default, written down because it cannot be changed later.
const PAGE_BYTES: i64 = 4_096;

/// Pages after which a commit moves the log into the file. More buys little throughput and costs
/// tail latency.
const CHECKPOINT_PAGES: i64 = 1_000;

/// What the log may keep of the disk once it is empty again.
const LOG_BYTES: i64 = 64 << 20;

/// The page cache of the write connection, in KiB (negative: KiB rather than pages).
const CACHE: i64 = -65_536;

/// How long to wait for other programs that read or write the file, like a backup.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Room for every statement there is, so that none is compiled twice.
const STATEMENTS: usize = 64;

/// A file that is ours until this is dropped.
pub(super) struct Owned {
    pub(super) path: PathBuf,
    /// The number under which its owner writes.
    pub(super) epoch: u64,
    pub(super) connection: Connection,
    /// Dropped last: the connection is closed while the file is still ours.
    pub(super) lock: File,
}

/// Takes the file and makes it ready; creates it and its directory if need be.
///
/// # Errors
///
/// - [`StoreError::InUse`] if another process, or another store in this one, has it.
/// - [`StoreError::Corrupt`] if it is no database, another program's, or a newer version's.
pub(super) fn take(path: &Path, durability: Durability) -> Result<Owned, StoreError> {
    let path = settle(path).map_err(StoreError::unavailable)?;
    let lock = lock(&path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(&path, flags).map_err(store_error)?;
    if is_new(&connection, &path)? {
        // Neither can be changed once there is a table.
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(store_error)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(store_error)?;
    }
    schema::migrate(&mut connection)?;
    let epoch = configure(&connection, durability).map_err(store_error)?;
    Ok(Owned { path, epoch, connection, lock })
}

/// Opens another connection to a file that was taken, for reading only.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(store_error)?;
    connection.pragma_update(None, "query_only", true).map_err(store_error)?;
    Ok(connection)
}

/// Creates the directory, and returns the one name of the file that the lock goes by.
fn settle(path: &Path) -> std::io::Result<PathBuf> {
    if path.exists() {
        return path.canonicalize();
    }
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidFilename)?;
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    make_directory(parent)?;
    Ok(parent.canonicalize()?.join(name))
}

/// Creates a directory and those above it that are not there, so that they survive power loss:
/// SQLite syncs the directory that its files are in, and no other. Returns those that were synced.
pub(super) fn make_directory(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let parents =
        directory.ancestors().map(|it| if it.as_os_str().is_empty() { Path::new(".") } else { it });
    let missing: Vec<_> = parents.clone().take_while(|it| !it.exists()).collect();
    fs::create_dir_all(directory)?;
    let mut synced = Vec::new();
    // The name of each is in the one above it.
    for above in parents.skip(1).take(missing.len()) {
        File::open(above)?.sync_all()?;
        synced.push(above.to_owned());
    }
    Ok(synced)
}

/// Locks a file of its own, beside the database: closing a second handle of the database itself
/// would drop the locks that SQLite holds on it.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::options().create(true).truncate(false).write(true).open(name);
    let lock = lock.map_err(StoreError::unavailable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { what: path.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(StoreError::unavailable(error)),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection stays in one thread.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // One plan for all values: otherwise SQLite compiles a statement again for each new value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Tells whether nothing was ever written to the file.
fn is_new(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let application: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(store_error)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(store_error)?;
    match (application, tables) {
        (schema::APPLICATION_ID, _) => Ok(false),
        (0, 0) => Ok(true),
        _ => {
            let what = format!("{} belongs to another program", path.display());
            Err(StoreError::Corrupt { what })
        }
    }
}

/// Sets the write connection up, and begins a new epoch that survives power loss.
fn configure(connection: &Connection, durability: Durability) -> rusqlite::Result<u64> {
    let keep_mode = |row: &Row<'_>| row.get::<_, String>(0);
    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", keep_mode)?;
    if mode != "wal" {
        // Some network file systems; without a log, readers and the writer would stop each other.
        return Err(rusqlite::Error::InvalidPath("no write-ahead log is possible here".into()));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute("UPDATE owner SET epoch = epoch + 1", [])?;
    let read_epoch = |row: &Row<'_>| unsigned(row, 0);
    let epoch = connection.query_row("SELECT epoch FROM owner", [], read_epoch)?;
    if durability == Durability::Normal {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    Ok(epoch)
}
