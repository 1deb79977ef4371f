//! Records what SQLite writes to its files and when it syncs them.
//!
//! ```text
//!   SQLite ──▶ shim ──▶ SQLite's own file system ──▶ files
//!                └────▶ Recording: writes, truncations, syncs, creations, removals, in order
//! ```
//!
//! The record says what is on the disk after power loss at any moment: what was synced, and any
//! part of the rest. Files in a recorded directory are not really synced, so that a test can lose
//! power hundreds of times in a minute.
//!
//! # What is deliberately not here
//!
//! - **No disk.** What a disk does with writes that were not synced is decided by whoever reads
//!   the record.
//! - **No shared memory.** The index of the log is not a file to SQLite, and does not outlive the
//!   processes that use it.

mod shim;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Something that was done to a file of a recorded directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The file was created.
    Create {
        /// Its name in the directory.
        file: String,
        /// Whether its first sync syncs the directory as well, as SQLite does for journals and
        /// logs.
        with_directory: bool,
    },
    /// Bytes were written.
    Write {
        /// The file.
        file: String,
        /// Where they begin.
        offset: u64,
        /// What was written.
        bytes: Vec<u8>,
    },
    /// The file was cut off.
    Truncate {
        /// The file.
        file: String,
        /// How long it then was.
        length: u64,
    },
    /// All that was done to the file before is on the disk.
    Sync {
        /// The file.
        file: String,
    },
    /// A sync failed: the system may have given up any part of what was done before, and says of
    /// later syncs that they succeed.
    SyncFailed {
        /// The file.
        file: String,
    },
    /// The file was removed.
    Remove {
        /// The file.
        file: String,
        /// Whether the directory was synced after that.
        with_directory: bool,
    },
}

/// The record of one directory, until it is dropped.
#[derive(Debug)]
pub struct Recording {
    directory: PathBuf,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    operations: Mutex<Vec<Operation>>,
    kind: Disk,
    /// How many writes and syncs there were.
    calls: AtomicU64,
}

/// What a recorded directory lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// It does what it says.
    Honest,
    /// It says that it has synced, and has not.
    Lying,
    /// It fails now and then, and says so: every n-th call that writes or syncs.
    Failing {
        /// How many calls there are to a failure.
        every: u64,
    },
}

/// The directories that are recorded.
static RECORDINGS: Mutex<Vec<(PathBuf, Arc<Inner>)>> = Mutex::new(Vec::new());

impl Recording {
    /// Begins to record what every connection of this process does to files in a directory.
    ///
    /// Connections must be opened after that.
    ///
    /// # Panics
    ///
    /// If the directory does not exist, or SQLite does not take the shim.
    #[must_use]
    pub fn begin(directory: &Path, kind: Disk) -> Self {
        shim::install();
        let directory = directory.canonicalize().expect("the directory exists");
        let (operations, calls) = (Mutex::new(Vec::new()), AtomicU64::new(0));
        let inner = Arc::new(Inner { operations, kind, calls });
        RECORDINGS.lock().push((directory.clone(), Arc::clone(&inner)));
        Self { directory, inner }
    }

    /// Returns how many operations there are so far: a moment in the record.
    #[must_use]
    pub fn position(&self) -> usize {
        self.inner.operations.lock().len()
    }

    /// Returns all operations so far.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.inner.operations.lock().clone()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDINGS.lock().retain(|(directory, _)| *directory != self.directory);
    }
}

impl Inner {
    fn push(&self, operation: Operation) {
        if self.kind != Disk::Lying || !matches!(operation, Operation::Sync { .. }) {
            self.operations.lock().push(operation);
        }
    }

    /// Tells whether the next write or sync fails.
    fn fails(&self) -> bool {
        let Disk::Failing { every } = self.kind else { return false };
        (self.calls.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(every)
    }
}

/// Returns the record that a file belongs to, and its name there.
fn recorded(path: &Path) -> Option<(Arc<Inner>, String)> {
    let recordings = RECORDINGS.lock();
    let (_, inner) = recordings.iter().find(|(directory, _)| path.parent() == Some(directory))?;
    Some((Arc::clone(inner), path.file_name()?.to_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn names(recording: &Recording) -> Vec<String> {
        let name = |operation: &Operation| match operation {
            Operation::Create { file, .. } => format!("create {file}"),
            Operation::Write { file, .. } => format!("write {file}"),
            Operation::Truncate { file, .. } => format!("truncate {file}"),
            Operation::Sync { file } => format!("sync {file}"),
            Operation::SyncFailed { file } => format!("sync failed {file}"),
            Operation::Remove { file, .. } => format!("remove {file}"),
        };
        let mut names: Vec<String> = recording.operations().iter().map(name).collect();
        names.dedup();
        names
    }

    #[test]
    fn a_commit_to_the_log_is_written_and_then_synced() {
        let directory = tempfile::tempdir().unwrap();
        let recording = Recording::begin(directory.path(), Disk::Honest);
        let connection = Connection::open(directory.path().join("a.db")).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let before = recording.position();
        connection.execute("INSERT INTO t VALUES (1)", []).unwrap();

        let names = names(&recording);
        assert_eq!(names[0], "create a.db");
        assert!(names.contains(&"remove a.db-journal".to_owned()), "{names:?}");
        let last = recording.operations().split_off(before);
        assert!(matches!(&last[0], Operation::Write { file, .. } if file == "a.db-wal"));
        assert_eq!(last.last(), Some(&Operation::Sync { file: "a.db-wal".to_owned() }));
    }

    #[test]
    fn a_disk_that_lies_records_no_sync_and_other_directories_nothing() {
        let [lying, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let recording = Recording::begin(lying.path(), Disk::Lying);
        for directory in [&lying, &other] {
            let connection = Connection::open(directory.path().join("a.db")).unwrap();
            connection.execute_batch("CREATE TABLE t (a)").unwrap();
            let written: i64 =
                connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
            assert_eq!(written, 0);
        }
        assert!(recording.position() > 3);
        assert!(!names(&recording).iter().any(|name| name.starts_with("sync")));
        drop(recording);
        assert!(recorded(&lying.path().canonicalize().unwrap().join("a.db")).is_none());
    }

    #[test]
    fn a_disk_that_fails_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let recording = Recording::begin(directory.path(), Disk::Failing { every: 1 });
        let connection = Connection::open(directory.path().join("a.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap_err();
        assert!(!names(&recording).iter().any(|name| name.starts_with("write")));
    }
}
