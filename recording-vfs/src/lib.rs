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
    syncs: bool,
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
    pub fn begin(directory: &Path) -> Self {
        Self::new(directory, true)
    }

    /// Does the same for a disk that lies: it says that it has synced, and has not.
    ///
    /// # Panics
    ///
    /// As [`begin`](Self::begin) does.
    #[must_use]
    pub fn of_a_lying_disk(directory: &Path) -> Self {
        Self::new(directory, false)
    }

    fn new(directory: &Path, syncs: bool) -> Self {
        shim::install();
        let directory = directory.canonicalize().expect("the directory exists");
        let inner = Arc::new(Inner { operations: Mutex::new(Vec::new()), syncs });
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
        if self.syncs || !matches!(operation, Operation::Sync { .. }) {
            self.operations.lock().push(operation);
        }
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
            Operation::Remove { file, .. } => format!("remove {file}"),
        };
        let mut names: Vec<String> = recording.operations().iter().map(name).collect();
        names.dedup();
        names
    }

    #[test]
    fn a_commit_to_the_log_is_written_and_then_synced() {
        let directory = tempfile::tempdir().unwrap();
        let recording = Recording::begin(directory.path());
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
        let recording = Recording::of_a_lying_disk(lying.path());
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
}
